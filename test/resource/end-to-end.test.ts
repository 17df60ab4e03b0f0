// The resource layer as a program uses it, against the server in memory.
import { afterAll, beforeEach, describe, expect, it } from "vitest";
import { S3Client } from "../../src/client/client.js";
import { WaiterError } from "../../src/errors/layers.js";
import { S3Resource } from "../../src/resource/index.js";
import { S3Server } from "../../src/testing/index.js";

const server = await S3Server.start({ region: "eu-central-1" });
const s3 = new S3Client({ endpoint: server.url, region: server.region, credentials: server.credentials });
const resource = new S3Resource(s3);
afterAll(async () => {
  await s3.close();
  await server.stop();
});
beforeEach(() => server.reset());

const words = ["alpha", "beta", "gamma/1", "gamma/2", "gamma/3", "ω"];

describe("the resource layer", () => {
  it("creates buckets, lists them and knows their dates", async () => {
    await resource.createBucket({ Bucket: "one" });
    const two = resource.bucket("two");
    expect(await two.exists()).toBe(false);
    await two.create();
    await two.waitUntilExists();
    expect((await resource.buckets.toArray()).map(({ name }) => name)).toEqual(["one", "two"]);
    expect((await two.load()).creationDate).toBeInstanceOf(Date);
    await two.delete();
    await two.waitUntilNotExists();
    await expect(two.waitUntilExists({ delay: 0, maxAttempts: 2 })).rejects.toThrow(WaiterError);
    expect(await resource.buckets.count()).toBe(1);
  });

  it("walks a bucket without a request an object", async () => {
    const bucket = await resource.createBucket({ Bucket: "river" });
    for (const word of words) await bucket.putObject({ Key: word, Body: word });
    server.requests.length = 0;
    const sizes: [string, number | undefined][] = [];
    for await (const object of bucket.objects.filter({ Prefix: "gamma/" }).limit(2))
      sizes.push([object.key, object.size]);
    expect(sizes).toEqual([
      ["gamma/1", 7],
      ["gamma/2", 7],
    ]);
    expect(server.requests).toHaveLength(1);
    const pages: string[][] = [];
    for await (const page of bucket.objects.pageSize(4).pages()) pages.push(page.map(({ key }) => key));
    expect(pages).toEqual([words.slice(0, 4), words.slice(4)]);
  });

  it("pages through everything that lists, and resumes", async () => {
    const bucket = await resource.createBucket({ Bucket: "river" });
    await bucket.versioning().enable();
    for (const word of words) for (const text of ["1", "2"]) await bucket.object(word).put(text);
    await bucket.object("alpha").delete();

    for (const method of ["listObjects", "listObjectsV2", "listObjectVersions"] as const) {
      const whole: unknown[] = [];
      for await (const item of s3.paginate(method, { Bucket: "river" }).items()) whole.push(item.Key);
      const bites: unknown[] = [];
      let token: string | undefined;
      do {
        const pages = s3.paginate(
          method,
          { Bucket: "river" },
          { pageSize: 3, maxItems: 2, startingToken: token, prefetch: true },
        );
        for await (const item of pages.items()) bites.push(item.Key);
        token = pages.resumeToken;
      } while (token !== undefined);
      expect(bites, method).toEqual(whole);
    }
    expect((await bucket.objectVersions.toArray()).filter(({ isLatest }) => isLatest)).toHaveLength(words.length);
  });

  it("pages through prefixes, in the old listing too", async () => {
    const bucket = await resource.createBucket({ Bucket: "river" });
    for (const letter of "abcde") for (const n of "123") await bucket.object(`${letter}/${n}`).put("");
    for (const method of ["listObjects", "listObjectsV2"] as const) {
      const { CommonPrefixes } = await s3
        .paginate(method, { Bucket: "river", Delimiter: "/" }, { pageSize: 2 })
        .fullResult();
      expect(CommonPrefixes.map(({ Prefix }) => Prefix)).toEqual(["a/", "b/", "c/", "d/", "e/"]);
    }
  });

  it("empties a bucket, versions, markers, odd keys and all", async () => {
    const bucket = await resource.createBucket({ Bucket: "river" });
    await bucket.versioning().enable();
    const odd = ["bell\u0007", "nul\u0000", "\uffff", "../x", "a//b", "cr\r\n", "&<>\"'", " ", "+%2B"];
    for (const key of odd) await bucket.object(key).put("x");
    await bucket.objects.delete();
    expect(await bucket.objects.count()).toBe(0);
    expect(await bucket.objectVersions.count()).toBe(2 * odd.length);
    const answers = await bucket.objectVersions.delete();
    expect(answers.flatMap(({ Deleted }) => Deleted)).toHaveLength(2 * odd.length);
    expect(await bucket.objectVersions.count()).toBe(0);
    await bucket.delete();
  });

  it("reports what a lock keeps from being deleted", async () => {
    const bucket = await resource.createBucket({ Bucket: "vault", ObjectLockEnabledForBucket: true });
    await bucket.object("held").put("x", { ObjectLockLegalHoldStatus: "ON" });
    await bucket.object("free").put("x");
    await expect(bucket.objectVersions.delete()).rejects.toMatchObject({
      code: "BatchError",
      errors: [{ Key: "held", Code: "AccessDenied" }],
      deleted: [{ Key: "free" }],
    });
    expect((await bucket.objectVersions.toArray()).map(({ objectKey }) => objectKey)).toEqual(["held"]);
  });

  it("uploads in parts, by hand", async () => {
    const bucket = await resource.createBucket({ Bucket: "river" });
    const upload = await bucket.object("large").initiateMultipartUpload({ ContentType: "text/plain" });
    const { ETag } = await upload.part(1).upload({ Body: "x".repeat(5 << 20) });
    await bucket.object("source").put("and the end");
    await upload.part(2).copyFrom({ CopySource: { Bucket: "river", Key: "source" } });
    const parts = await upload.parts.toArray();
    expect(parts.map(({ partNumber, size }) => [partNumber, size])).toEqual([
      [1, 5 << 20],
      [2, 11],
    ]);
    expect(parts[0]?.eTag).toBe(ETag);
    const [listed] = await bucket.multipartUploads.toArray();
    expect(listed?.equals(upload)).toBe(true);
    expect(listed?.initiated).toBeInstanceOf(Date);
    const object = await upload.complete({
      MultipartUpload: { Parts: parts.map(({ partNumber, eTag }) => ({ PartNumber: partNumber, ETag: eTag })) },
    });
    expect((await object.load()).contentLength).toBe((5 << 20) + 11);
    const other = await bucket.object("given up").initiateMultipartUpload();
    await other.abort();
    expect(await bucket.multipartUploads.count()).toBe(0);
  });

  it("reads versions", async () => {
    const bucket = await resource.createBucket({ Bucket: "river" });
    await bucket.versioning().enable();
    expect((await bucket.versioning().load()).status).toBe("Enabled");
    const object = bucket.object("k");
    await object.put("old");
    await object.put("new");
    const versions = await bucket.objectVersions.filter({ Prefix: "k" }).toArray();
    const old = versions.find(({ isLatest }) => !isLatest);
    expect(await old?.text()).toBe("old");
    expect((await old?.head())?.ContentLength).toBe(3);
    await object.copyFrom({ CopySource: { Bucket: "river", Key: "k", VersionId: old?.id } });
    expect(await object.text()).toBe("old");
    await old?.delete();
    expect(
      await object
        .version(old?.id ?? "")
        .get()
        .catch((error: { code: string }) => error.code),
    ).toBe("NoSuchVersion");
  });

  it("keeps a bucket's configurations", async () => {
    const bucket = await resource.createBucket({ Bucket: "river" });
    const tagging = bucket.tagging();
    await tagging.put({ Tagging: { TagSet: [{ Key: "a", Value: "b" }] } });
    expect((await tagging.load()).tagSet).toEqual([{ Key: "a", Value: "b" }]);
    await tagging.delete();
    await expect(tagging.reload()).rejects.toMatchObject({ code: "NoSuchTagSet" });
    const cors = bucket.cors();
    await cors.put({ CORSConfiguration: { CORSRules: [{ AllowedMethods: ["GET"], AllowedOrigins: ["*"] }] } });
    expect((await cors.load()).corsRules).toEqual([{ AllowedMethods: ["GET"], AllowedOrigins: ["*"] }]);
    const acl = await bucket.acl().load();
    expect(acl.grants).toHaveLength(1);
    const policy = bucket.policy();
    const statement = { Effect: "Allow", Principal: "*", Action: "s3:GetObject", Resource: "arn:aws:s3:::river/*" };
    await policy.put({ Policy: JSON.stringify({ Version: "2012-10-17", Statement: [statement] }) });
    expect(JSON.parse((await policy.load()).policy ?? "")).toMatchObject({ Statement: [statement] });
    const { payer } = await bucket.requestPayment().load();
    expect(payer).toBe("BucketOwner");
  });
});

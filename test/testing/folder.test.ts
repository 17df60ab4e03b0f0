// A server that keeps what it holds in a folder, and others after it on the same folder.
import { createHash } from "node:crypto";
import { appendFileSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { S3Client, type S3ClientOptions } from "tucuxi";
import { S3Server, type S3ServerOptions } from "tucuxi/testing";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { call, fault, put } from "./raw.js";

let folder: string;
let server: S3Server;
let s3: S3Client;
const options = (): S3ServerOptions => ({ folder, buckets: ["river"], minPartSize: 1 });
const clientOf = (to: S3Server, more: S3ClientOptions = {}): S3Client =>
  new S3Client({ endpoint: to.url, region: to.region, credentials: to.credentials, ...more });

beforeEach(async () => {
  folder = join(mkdtempSync(join(tmpdir(), "tucuxi-folder-")), "box");
  server = await S3Server.start(options());
  s3 = clientOf(server);
});
afterEach(async () => {
  await s3.close();
  await server.stop();
  rmSync(join(folder, ".."), { recursive: true, force: true });
});

/** Another server on the same folder. */
async function restart(): Promise<void> {
  await s3.close();
  await server.stop();
  server = await S3Server.start(options());
  s3 = clientOf(server);
}

const files = (): string[] => readdirSync(join(folder, "bytes"));
const text = async (Key: string, VersionId?: string): Promise<string> =>
  (await s3.getObject({ Bucket: "river", Key, ...(VersionId === undefined ? {} : { VersionId }) })).Body.text();

describe("a folder", () => {
  it("has all of an object after a restart", async () => {
    const Body = "dolphin".repeat(1000);
    await s3.putObject({
      Bucket: "river",
      Key: "a/ç/\u{1f42c}",
      Body,
      ContentType: "text/plain",
      CacheControl: "no-cache",
      Metadata: { colour: "pink & grey", $date: "no date", $map: "no map" },
      Tagging: "a=1",
      ChecksumAlgorithm: "SHA256",
      StorageClass: "STANDARD_IA",
    });
    const ask = { Bucket: "river", Key: "a/ç/\u{1f42c}" };
    const { ResponseMetadata: _, ...before } = await s3.headObject({ ...ask, ChecksumMode: "ENABLED" });
    await s3.putObjectTagging({ ...ask, Tagging: { TagSet: [{ Key: "b", Value: "2" }] } });
    await restart();
    const { ResponseMetadata: __, ...after } = await s3.headObject({ ...ask, ChecksumMode: "ENABLED" });
    expect(after).toEqual(before);
    expect((await s3.getObjectTagging(ask)).TagSet).toEqual([{ Key: "b", Value: "2" }]);
    expect(await text(ask.Key)).toBe(Body);
    const range = await s3.getObject({ Bucket: "river", Key: ask.Key, Range: "bytes=7-13" });
    expect(await range.Body.text()).toBe("dolphin");
  });

  it("has buckets, their settings and their owner", async () => {
    await s3.createBucket({ Bucket: "locked", ObjectLockEnabledForBucket: true });
    const cors = { CORSRules: [{ AllowedMethods: ["GET"], AllowedOrigins: ["*"] }] };
    await s3.putBucketCors({ Bucket: "river", CORSConfiguration: cors });
    const Policy = `{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Principal":"*","Action":"s3:GetObject","Resource":"arn:aws:s3:::river/secret"}]}`;
    await s3.putBucketPolicy({ Bucket: "river", Policy });
    await s3.putBucketTagging({ Bucket: "locked", Tagging: { TagSet: [{ Key: "a", Value: "b" }] } });
    await s3.deleteBucketTagging({ Bucket: "locked" });
    await s3.createBucket({ Bucket: "gone" });
    await s3.deleteBucket({ Bucket: "gone" });
    const created = (await s3.listBuckets({})).Buckets;
    await restart();
    expect((await s3.listBuckets({})).Buckets).toEqual(created);
    expect((await s3.getBucketCors({ Bucket: "river" })).CORSRules).toEqual(cors.CORSRules);
    expect((await s3.getBucketPolicy({ Bucket: "river" })).Policy).toBe(Policy);
    expect((await s3.getBucketVersioning({ Bucket: "locked" })).Status).toBe("Enabled");
    await expect(s3.getBucketTagging({ Bucket: "locked" })).rejects.toMatchObject({ code: "NoSuchTagSet" });
    const held = { Bucket: "locked", Key: "k" };
    await s3.putObject({ ...held, Body: "x" });
    await s3.putObjectLegalHold({ ...held, LegalHold: { Status: "ON" } });
    await restart();
    expect((await s3.getObjectLegalHold(held)).LegalHold).toEqual({ Status: "ON" });
  });

  it("has versions and delete markers, in their order", async () => {
    await s3.putObject({ Bucket: "river", Key: "k", Body: "null" });
    await s3.putBucketVersioning({ Bucket: "river", VersioningConfiguration: { Status: "Enabled" } });
    const ids: (string | undefined)[] = [];
    for (const Body of ["1", "2", "3"]) ids.push((await s3.putObject({ Bucket: "river", Key: "k", Body })).VersionId);
    await s3.deleteObject({ Bucket: "river", Key: "k", VersionId: ids[1]! });
    await s3.deleteObject({ Bucket: "river", Key: "k" });
    await s3.putBucketVersioning({ Bucket: "river", VersioningConfiguration: { Status: "Suspended" } });
    await s3.putObject({ Bucket: "river", Key: "k", Body: "null again" });
    const list = async () => {
      const { Versions, DeleteMarkers } = await s3.listObjectVersions({ Bucket: "river" });
      return { Versions, DeleteMarkers };
    };
    const before = await list();
    expect(before.Versions.map(({ VersionId }) => VersionId)).toEqual(["null", ids[2], ids[0]]);
    for (let round = 0; round < 2; round++) {
      await restart();
      expect(await list()).toEqual(before);
      expect([await text("k"), await text("k", ids[0])]).toEqual(["null again", "1"]);
    }
  });

  it("goes on with uploads that were under way", async () => {
    const target = { Bucket: "river", Key: "parts" };
    const { UploadId } = await s3.createMultipartUpload({
      ...target,
      ContentType: "text/x",
      ChecksumAlgorithm: "CRC32",
    });
    const Parts = [];
    for (const [PartNumber, Body] of [
      [2, "two"],
      [1, "old"],
      [1, "one "],
    ] as const) {
      const { ETag, ChecksumCRC32 } = await s3.uploadPart({
        ...target,
        UploadId,
        PartNumber,
        Body,
        ChecksumAlgorithm: "CRC32",
      });
      Parts[PartNumber - 1] = { PartNumber, ETag, ChecksumCRC32 };
    }
    const { UploadId: dropped } = await s3.createMultipartUpload(target);
    await s3.uploadPart({ ...target, UploadId: dropped, PartNumber: 1, Body: "dropped" });
    await s3.abortMultipartUpload({ ...target, UploadId: dropped });
    expect(files()).toHaveLength(2);
    await restart();
    expect((await s3.listMultipartUploads({ Bucket: "river" })).Uploads.map((upload) => upload.UploadId)).toEqual([
      UploadId,
    ]);
    expect((await s3.listParts({ ...target, UploadId })).Parts).toMatchObject(Parts);
    await s3.completeMultipartUpload({ ...target, UploadId, MultipartUpload: { Parts } });
    await restart();
    const whole = await s3.getObject(target);
    expect([whole.ContentType, await whole.Body.text()]).toEqual(["text/x", "one two"]);
    const second = await s3.getObject({ ...target, PartNumber: 2 });
    expect([second.PartsCount, await second.Body.text()]).toEqual([2, "two"]);
    expect((await s3.listMultipartUploads({ Bucket: "river" })).Uploads).toEqual([]);
  });

  it("keeps what copies share until the last is gone", async () => {
    await s3.putObject({ Bucket: "river", Key: "a", Body: "0123456789" });
    await s3.copyObject({ Bucket: "river", Key: "b", CopySource: "river/a" });
    const target = { Bucket: "river", Key: "c" };
    const { UploadId } = await s3.createMultipartUpload(target);
    const { CopyPartResult } = await s3.uploadPartCopy({
      ...target,
      UploadId,
      PartNumber: 1,
      CopySource: "river/a",
      CopySourceRange: "bytes=2-5",
    });
    await s3.completeMultipartUpload({
      ...target,
      UploadId,
      MultipartUpload: { Parts: [{ PartNumber: 1, ETag: CopyPartResult!.ETag! }] },
    });
    expect(files()).toHaveLength(1);
    await s3.deleteObject({ Bucket: "river", Key: "a" });
    await restart();
    expect([await text("b"), await text("c")]).toEqual(["0123456789", "2345"]);
    await s3.putObject({ Bucket: "river", Key: "b", Body: "other" });
    expect(files()).toHaveLength(2);
    expect(await text("c")).toBe("2345");
    await s3.deleteObjects({ Bucket: "river", Delete: { Objects: [{ Key: "b" }, { Key: "c" }] } });
    expect(files()).toEqual([]);
  });

  it("names files after nothing that came from outside", async () => {
    for (const Key of ["../../escape", "/etc/passwd", "..", "a\0b", "nul", "x".repeat(1024)]) {
      await put(server, `/river/${encodeURIComponent(Key)}`, Key);
    }
    expect(files()).toHaveLength(6);
    for (const name of files()) expect(name).toMatch(/^[0-9a-f]{32}$/);
    expect(readdirSync(folder).sort()).toEqual(["bytes", "index.jsonl", "lock"]);
    expect(readdirSync(join(folder, ".."))).toEqual(["box"]);
    await restart();
    expect((await s3.listObjectsV2({ Bucket: "river" })).Contents).toHaveLength(6);
  });

  it("writes no secret down", async () => {
    const key = Buffer.from("0123456789abcdef0123456789abcdef");
    await put(server, "/river/k", "x", {
      "x-amz-server-side-encryption-customer-algorithm": "AES256",
      "x-amz-server-side-encryption-customer-key": key.toString("base64"),
      "x-amz-server-side-encryption-customer-key-md5": createHash("md5").update(key).digest("base64"),
    });
    await s3.createMultipartUpload({ Bucket: "river", Key: "k" });
    const written = readFileSync(join(folder, "index.jsonl"), "utf8");
    expect(written).toContain("customerKeyMD5");
    expect(written).not.toContain(server.credentials.secretAccessKey);
    expect(written).not.toContain(key.toString("base64"));
  });

  it("throws away bodies that were refused, and files of a process that was killed", async () => {
    const refused = await call(server, {
      method: "PUT",
      path: "/river/k",
      body: "x",
      headers: { "Content-MD5": "AAAAAAAAAAAAAAAAAAAAAA==" },
    });
    expect(fault(refused)).toBe("400 BadDigest");
    expect(files()).toEqual([]);
    await s3.putObject({ Bucket: "river", Key: "k", Body: "good" });
    await server.stop();
    writeFileSync(join(folder, "bytes", "0".repeat(32)), "half a body");
    appendFileSync(join(folder, "index.jsonl"), `{"op":"added","bucket":"river","vers`);
    await restart();
    expect(files()).toHaveLength(1);
    expect(await text("k")).toBe("good");
    expect(readFileSync(join(folder, "index.jsonl"), "utf8")).toMatch(/\n$/);
  });

  it("goes on sending what is deleted meanwhile", async () => {
    const body = "x".repeat(4_000_000);
    await s3.putObject({ Bucket: "river", Key: "k", Body: body });
    const { Body } = await s3.getObject({ Bucket: "river", Key: "k" });
    const reader = Body.stream().getReader();
    let size = (await reader.read()).value!.length;
    await s3.deleteObject({ Bucket: "river", Key: "k" });
    for (let next = await reader.read(); !next.done; next = await reader.read()) size += next.value.length;
    expect(size).toBe(body.length);
    expect(files()).toEqual([]);
  });

  it("is forgotten by reset()", async () => {
    await s3.putObject({ Bucket: "river", Key: "k", Body: "x" });
    await s3.createBucket({ Bucket: "more" });
    server.reset();
    expect(files()).toEqual([]);
    await restart();
    expect((await s3.listBuckets({})).Buckets.map(({ Name }) => Name)).toEqual(["river"]);
    expect((await s3.listObjectsV2({ Bucket: "river" })).Contents).toEqual([]);
  });

  it("belongs to one server at a time, and to nobody whose start failed", async () => {
    await expect(S3Server.start(options())).rejects.toThrow(/in use by another server/);
    const other = join(folder, "..", "other");
    await expect(S3Server.start({ folder: other, port: server.port })).rejects.toThrow(/EADDRINUSE/);
    const free = await S3Server.start({ folder: other });
    await free.stop();
    expect(existsSync(join(other, "lock"))).toBe(false);
  });

  it("refuses an index that it did not write, and changes nothing", async () => {
    await server.stop();
    writeFileSync(join(folder, "index.jsonl"), '{"tucuxi":"S3 in the box","format":99}\n');
    await expect(S3Server.start(options())).rejects.toThrow(/line 1 of .*index\.jsonl can't be read/);
    expect(readFileSync(join(folder, "index.jsonl"), "utf8")).toContain("99");
    rmSync(join(folder, "index.jsonl"));
    server = await S3Server.start(options());
  });

  it("may be bounded, like memory", async () => {
    const small = await S3Server.start({ folder: join(folder, "..", "small"), buckets: ["river"], maxBytes: 10 });
    const refused = await call(small, { method: "PUT", path: "/river/k", body: "more than ten" });
    expect(fault(refused)).toBe("507 InsufficientStorage");
    await put(small, "/river/k", "ten bytes!");
    await put(small, "/river/k", "", {});
    await put(small, "/river/l", "ten bytes!");
    await small.stop();
  });

  it("is spoiled by faults as memory is", async () => {
    await s3.putObject({ Bucket: "river", Key: "k", Body: "0123456789" });
    server.fault({ operation: "GetObject", corruptAt: 2, times: 1 });
    expect((await call(server, { path: "/river/k" })).text).toBe("0133456789");
    expect((await call(server, { path: "/river/k" })).text).toBe("0123456789");
  });
});

// Every row of the README's table for those who come from boto3 is run, and what it does is looked at.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { S3Client } from "../../src/client/client.js";
import { NoSuchKey } from "../../src/errors/service.js";
import {
  type Bucket,
  MultipartUpload,
  type ObjectSummary,
  type S3Object,
  S3Resource,
} from "../../src/resource/index.js";
import { Session } from "../../src/session.js";
import { S3Server } from "../../src/testing/index.js";

const readme = readFileSync(fileURLToPath(new URL("../../README.md", import.meta.url)), "utf8");
const section = readme.split(/^(?=## )/m).find((part) => part.startsWith("## Coming from boto3")) ?? "";
const rows = [...section.matchAll(/^\| (`.+`) \| `([^`]+)` \|$/gm)].map(([, python = "", code = ""]) => ({
  python,
  code,
}));

const folder = mkdtempSync(join(tmpdir(), "tucuxi-readme-"));
const file = (name: string): string => readFileSync(join(folder, name), "utf8");
const env = { AWS_CONFIG_FILE: join(folder, "config"), AWS_SHARED_CREDENTIALS_FILE: join(folder, "credentials") };

const server = await S3Server.start({ buckets: ["river"], region: "eu-central-1" });
const s3 = new S3Client({ endpoint: server.url, region: server.region, credentials: server.credentials });
const res = new S3Resource(s3);
const bucket = res.bucket("river");
const object = bucket.object("k");

const home = process.cwd();
beforeAll(() => {
  writeFileSync(join(folder, "config"), "[profile work]\nregion = eu-central-1\n");
  writeFileSync(join(folder, "credentials"), "[work]\naws_access_key_id = AKIDWORK\naws_secret_access_key = secret\n");
  writeFileSync(join(folder, "report.txt"), "the report");
  process.chdir(folder);
});
afterAll(async () => {
  process.chdir(home);
  rmSync(folder, { recursive: true });
  await s3.close();
  await server.stop();
});

let printed: unknown[][] = [];
let world: Record<string, unknown> = {};
beforeEach(async () => {
  server.reset();
  for (const [key, body] of [
    ["a/1", '{"n":1}'],
    ["a/2", "22"],
    ["k", "text"],
  ] as const)
    await bucket.object(key).put(body);
  await bucket.tagging().put({ Tagging: { TagSet: [{ Key: "t", Value: "1" }] } });
  await object.load();
  printed = [];
  world = {
    ...{ S3Client, Session, S3Resource, NoSuchKey, s3, res, bucket, object },
    url: server.url,
    token: undefined,
    session: new Session({ profile: "work", env }),
    pages: s3.paginate("listObjectsV2", { Bucket: "river" }),
    upload: await bucket.object("parts").initiateMultipartUpload(),
    f: Readable.from([Buffer.from("the report")]),
    print: (...values: unknown[]) => void printed.push(values),
  };
});

/** Runs a row as the body of an async function, and gives the value of its last expression, or of what it declares. */
function run(code: string): Promise<unknown> {
  const parts = code.split("; ");
  const last = parts.pop() ?? "";
  const declared = /^const (\w+) = /.exec(last)?.[1];
  const statements = /^(for|try) /.test(last) ? [last] : declared ? [last, `return ${declared}`] : [`return ${last}`];
  // A block of its own: what a row declares may have the name of something around it.
  const body = `{ ${[...parts, ...statements].join(";\n")} }`;
  const AsyncFunction = (async () => {}).constructor as new (
    ...parts: string[]
  ) => (...values: unknown[]) => Promise<unknown>;
  return new AsyncFunction(...Object.keys(world), body)(...Object.values(world));
}

/** What to see of each row, by its right side. */
const checks: Record<string, (value: unknown) => unknown> = {
  "const s3 = new S3Client()": (value) => expect(value).toBeInstanceOf(S3Client),
  'new S3Client({ region: "eu-west-1", endpoint: url })': (value) =>
    expect((value as S3Client).region).toBe("eu-west-1"),
  'new S3Client({ credentials: "anonymous" })': (value) => expect(value).toBeInstanceOf(S3Client),
  'const session = new Session({ profile: "work" })': (value) => expect((value as Session).profile).toBe("work"),
  "session.client(); session.resource()": (value) =>
    expect((value as S3Resource).meta.client.region).toBe("eu-central-1"),
  "session.availableProfiles; session.region": (value) => expect(value).toBe("eu-central-1"),
  "session.availableRegions()": (value) => expect(value).toContain("eu-central-1"),
  "await session.credentials()": (value) => expect(value).toMatchObject({ accessKeyId: "AKIDWORK" }),
  'await s3.putObject({ Bucket: "river", Key: "k", Body: "new" })': async () => expect(await object.text()).toBe("new"),
  'await (await s3.getObject({ Bucket: "river", Key: "k" })).Body.bytes()': (value) =>
    expect(Buffer.from(value as Uint8Array).toString()).toBe("text"),
  '(await s3.headObject({ Bucket: "river", Key: "k" })).ResponseMetadata.RequestId': (value) =>
    expect(value).toMatch(/^\w+$/),
  'try { await s3.getObject({ Bucket: "river", Key: "none" }) } catch (e) { return e instanceof NoSuchKey }': (value) =>
    expect(value).toBe(true),
  'try { await s3.getBucketCors({ Bucket: "river" }) } catch (e) { return e.code }': (value) =>
    expect(value).toBe("NoSuchCORSConfiguration"),
  'await s3.presign("getObject", { Bucket: "river", Key: "k" }, { expiresIn: 60 })': async (value) =>
    expect(await (await fetch(value as string)).text()).toBe("text"),
  'await s3.presignPost({ Bucket: "river", Key: "k" })': (value) =>
    expect(value).toMatchObject({ url: expect.any(String), fields: { key: "k" } }),
  's3.paginate("listObjectsV2", { Bucket: "river" })': async (value) => {
    for await (const page of value as ReturnType<typeof s3.paginate<"listObjectsV2">>)
      expect(page.Contents).toHaveLength(3);
  },
  "for await (const page of pages) print(page.Contents)": () =>
    expect(printed).toMatchObject([[[{ Key: "a/1" }, { Key: "a/2" }, { Key: "k" }]]]),
  's3.paginate("listObjectsV2", { Bucket: "river" }, { maxItems: 3, pageSize: 2, startingToken: token })': async (
    value,
  ) => {
    const sizes: number[] = [];
    for await (const page of value as ReturnType<typeof s3.paginate<"listObjectsV2">>) sizes.push(page.Contents.length);
    expect(sizes).toEqual([2, 1]);
  },
  "await pages.fullResult(); pages.resumeToken": (value) => expect(value).toBeUndefined(),
  'await s3.waitUntil("objectExists", { Bucket: "river", Key: "k" }, { delay: 1, maxAttempts: 5 })': (value) =>
    expect(value).toMatchObject({ ContentLength: 4 }),
  'await s3.uploadFile("report.txt", { Bucket: "river", Key: "k", ContentType: "text/plain" })': async () =>
    expect([await object.text(), (await object.load()).contentType]).toEqual(["the report", "text/plain"]),
  'await s3.upload({ Bucket: "river", Key: "k", Body: f })': async () => expect(await object.text()).toBe("the report"),
  'await s3.downloadFile({ Bucket: "river", Key: "k" }, "copy.txt")': () => expect(file("copy.txt")).toBe("text"),
  'await s3.copy({ CopySource: { Bucket: "river", Key: "k" }, Bucket: "river", Key: "k2" })': async () =>
    expect(await bucket.object("k2").text()).toBe("text"),
  'await s3.uploadFile("report.txt", { Bucket: "river", Key: "k" }, { concurrency: 4, onProgress: print })': () =>
    expect(printed.at(-1)).toMatchObject([{ bytes: 10, total: 10 }]),
  "const res = new S3Resource()": (value) => expect(value).toBeInstanceOf(S3Resource),
  "res.meta.client": (value) => expect(value).toBe(s3),
  "(await res.buckets.toArray()).map((b) => b.name)": (value) => expect(value).toEqual(["river"]),
  'await res.createBucket({ Bucket: "lake" })': async (value) => expect(await (value as Bucket).exists()).toBe(true),
  'const bucket = res.bucket("river")': (value) => expect((value as Bucket).equals(bucket)).toBe(true),
  'for await (const o of bucket.objects.filter({ Prefix: "a/" })) print(o.key, o.size)': () =>
    expect(printed).toEqual([
      ["a/1", 7],
      ["a/2", 2],
    ]),
  "await bucket.objects.limit(2).toArray()": (value) =>
    expect((value as ObjectSummary[]).map(({ key }) => key)).toEqual(["a/1", "a/2"]),
  "for await (const page of bucket.objects.pageSize(2).pages()) print(page.length)": () =>
    expect(printed).toEqual([[2], [1]]),
  "await bucket.objects.count()": (value) => expect(value).toBe(3),
  'await bucket.objects.filter({ Prefix: "a/" }).delete()': async () => expect(await bucket.objects.count()).toBe(1),
  "await bucket.objectVersions.delete()": async () => expect(await bucket.objectVersions.count()).toBe(0),
  "await bucket.versioning().enable()": async () => expect((await bucket.versioning().load()).status).toBe("Enabled"),
  "(await bucket.tagging().load()).tagSet": (value) => expect(value).toEqual([{ Key: "t", Value: "1" }]),
  "await bucket.waitUntilExists()": (value) => expect(value).toBeUndefined(),
  'const object = bucket.object("k"); res.object("river", "k")': (value) =>
    expect((value as S3Object).equals(object)).toBe(true),
  "await object.load(); [object.contentLength, object.eTag]": (value) =>
    expect(value).toEqual([4, expect.stringMatching(/^"\w+"$/)]),
  "await object.reload()": (value) => expect(value).toBe(object),
  "await object.text()": (value) => expect(value).toBe("text"),
  'await bucket.object("a/1").json()': (value) => expect(value).toEqual({ n: 1 }),
  'await object.put("new", { ContentType: "text/plain" })': async () =>
    expect((await object.load()).contentType).toBe("text/plain"),
  "await object.delete()": async () => expect(await object.exists()).toBe(false),
  'await object.copyFrom({ CopySource: { Bucket: "river", Key: "a/1" } })': async () =>
    expect(await object.text()).toBe('{"n":1}'),
  'await object.uploadFile("report.txt"); await object.downloadFile("copy.txt")': () =>
    expect(file("copy.txt")).toBe("the report"),
  'await object.acl().put({ ACL: "private" })': async () => expect((await object.acl().load()).grants).toHaveLength(1),
  'await object.version("null").get()': (value) => expect(value).toMatchObject({ ContentLength: 4 }),
  "const upload = await object.initiateMultipartUpload()": (value) => expect(value).toBeInstanceOf(MultipartUpload),
  'await upload.part(1).upload({ Body: "x" })': async () =>
    expect(await (world["upload"] as MultipartUpload).parts.count()).toBe(1),
  'object.equals(res.object("river", "k"))': (value) => expect(value).toBe(true),
  "[object.bucketName, object.key, object.bucket().name]": (value) => expect(value).toEqual(["river", "k", "river"]),
};

describe("coming from boto3", () => {
  it("has a table, and every row is looked at", () => {
    expect(rows.length).toBeGreaterThan(40);
    expect(rows.map(({ code }) => code).filter((code) => checks[code] === undefined)).toEqual([]);
    expect(section.match(/^\| `/gm)).toHaveLength(rows.length);
  });

  it.each(rows)("$python", async ({ code }) => {
    await checks[code]?.(await run(code));
    expect(checks[code]).toBeTypeOf("function");
  });
});

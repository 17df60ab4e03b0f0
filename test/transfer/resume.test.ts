import { mkdir, readFile, writeFile } from "node:fs/promises";
import { Readable } from "node:stream";
import { describe, expect, it } from "vitest";
import { failing, Lab, leftovers, MIB, noise } from "./support.js";

const lab = await Lab.open();
const { s3, server } = lab;
const Bucket = "river";
const large = noise(17 * MIB + 5);
const ranges = { partSize: 5 * MIB, multipartThreshold: 5 * MIB, concurrency: 1 };

/** A client that fails before its nth request of a kind. */
function failingAt(operation: string, number: number) {
  let count = 0;
  const beforeSend = (seen: { readonly operation: string }): void => {
    if (seen.operation === operation && ++count === number) throw new Error("gone");
  };
  return lab.client({ maxAttempts: 1, hooks: { beforeSend } });
}

describe("a download that goes on", () => {
  it("mixes nothing into an object that the caller's own condition lets through", async () => {
    const path = lab.path("replaced");
    const other = noise(large.length);
    const { ETag: before } = await s3.putObject({ Bucket, Key: "replaced", Body: large });
    const broken = failingAt("GetObject", 3);
    const options = { ...ranges, resume: true };
    await failing(broken.downloadFile({ Bucket, Key: "replaced", IfMatch: before! }, path, options));
    expect(await leftovers(lab.folder)).toHaveLength(2);
    const { ETag: now } = await s3.putObject({ Bucket, Key: "replaced", Body: other });
    await s3.downloadFile({ Bucket, Key: "replaced", IfMatch: now! }, path, options);
    expect(Buffer.compare(await readFile(path), other)).toBe(0);
    expect(await leftovers(lab.folder)).toEqual([]);
  });

  it("takes the object that is there now, not the version that it began with", async () => {
    await s3.createBucket({ Bucket: "versions" });
    await s3.putBucketVersioning({ Bucket: "versions", VersioningConfiguration: { Status: "Enabled" } });
    const input = { Bucket: "versions", Key: "k" };
    const path = lab.path("versioned");
    const other = noise(large.length);
    await s3.putObject({ ...input, Body: large });
    await failing(failingAt("GetObject", 3).downloadFile(input, path, { ...ranges, resume: true }));
    await s3.putObject({ ...input, Body: other });
    await s3.downloadFile(input, path, { ...ranges, resume: true });
    expect(Buffer.compare(await readFile(path), other)).toBe(0);
  });
});

describe("an upload that goes on", () => {
  it("of a stream of unknown length sends what is missing", async () => {
    const input = { Bucket, Key: "streamed" };
    const Body = (): Readable => Readable.from([large.subarray(0, 7 * MIB), large.subarray(7 * MIB)]);
    const options = { ...ranges, resume: true };
    await failing(failingAt("UploadPart", 3).upload({ ...input, Body: Body() }, options));
    const from = server.requests.length;
    await s3.upload({ ...input, Body: Body() }, options);
    expect(lab.asked(from).filter((operation) => operation === "UploadPart")).toHaveLength(2);
    expect(Buffer.compare(await lab.stored("streamed"), large)).toBe(0);
  });

  it("sends again what changed in the source meanwhile, and leaves parts beyond its end", async () => {
    const path = lab.path("source");
    const input = { Bucket, Key: "source" };
    for (const [name, change] of [
      ["changed", (bytes: Buffer) => Buffer.concat([Buffer.alloc(10, 1), bytes.subarray(10)])],
      ["shorter", (bytes: Buffer) => bytes.subarray(0, 6 * MIB)],
      ["longer", (bytes: Buffer) => Buffer.concat([bytes, bytes])],
    ] as const) {
      await writeFile(path, large);
      const options = { ...ranges, resume: true };
      await failing(failingAt("CompleteMultipartUpload", 1).uploadFile(path, input, options));
      const expected = change(large);
      await writeFile(path, expected);
      await s3.uploadFile(path, input, options);
      expect([name, Buffer.compare(await lab.stored("source"), expected)]).toEqual([name, 0]);
    }
    expect(await lab.unfinished()).toEqual([]);
  });

  it("of what has grown does not stay with parts that would be too small", async () => {
    const path = lab.path("grown");
    const input = { Bucket, Key: "grown" };
    const options = { ...ranges, multipartThreshold: MIB, resume: true };
    await writeFile(path, large.subarray(0, 4 * MIB));
    await failing(failingAt("CompleteMultipartUpload", 1).uploadFile(path, input, options));
    await writeFile(path, large);
    await s3.uploadFile(path, input, options);
    expect(Buffer.compare(await lab.stored("grown"), large)).toBe(0);
    expect(await lab.unfinished()).toEqual([]);
  });

  it("begins anew where the upload is gone, whatever the service calls that", async () => {
    const input = { Bucket, Key: "gone", Body: large };
    const broken = await failing(failingAt("UploadPart", 2).upload(input, { ...ranges, resume: true }));
    const { UploadId, resumeToken } = broken["upload"] as { UploadId: string; resumeToken: string };
    await s3.abortMultipartUpload({ Bucket, Key: "gone", UploadId });
    for (const code of ["NoSuchUpload", "NoSuchKey"]) {
      server.fault({ operation: "ListParts", key: "gone", times: 1, code });
      await s3.upload(input, { ...ranges, resume: resumeToken });
      expect(Buffer.compare(await lab.stored("gone"), large)).toBe(0);
    }
    server.fault({ operation: "UploadPart", key: "gone", times: 1, code: "InvalidPart" });
    server.fault({ operation: "AbortMultipartUpload", key: "gone", times: 1, code: "NoSuchKey", afterwards: true });
    const failed = await failing(s3.upload(input, ranges));
    expect(failed).toMatchObject({ code: "InvalidPart", upload: { aborted: true } });
    server.clearFaults();
  });
});

describe("a tree that goes on", () => {
  const options = { ...ranges, resume: true };

  it("sends of a large file only what is missing", async () => {
    const root = lab.path("sent");
    await mkdir(root);
    await writeFile(`${root}/large`, large);
    const input = { Bucket, Prefix: "sent" };
    const first = await failingAt("UploadPart", 3).uploadDirectory(root, input, options);
    expect(first.failures).toMatchObject([{ path: "large" }]);
    const from = server.requests.length;
    expect(await s3.uploadDirectory(root, input, options)).toMatchObject({ transferred: 1, failures: [] });
    expect(lab.asked(from).filter((operation) => operation === "UploadPart")).toHaveLength(2);
    expect(Buffer.compare(await lab.stored("sent/large"), large)).toBe(0);
  });

  it("fetches of a large object only what is missing", async () => {
    const input = { Bucket, Prefix: "tree" };
    await s3.putObject({ Bucket, Key: "tree/large", Body: large });
    const root = lab.path("tree");
    const first = await failingAt("GetObject", 3).downloadDirectory(input, root, options);
    expect(first.failures).toMatchObject([{ path: "large" }]);
    const from = server.requests.length;
    expect(await s3.sync(input, root, options)).toMatchObject({ transferred: 1, failures: [] });
    expect(lab.asked(from).filter((operation) => operation === "GetObject")).toHaveLength(2);
    expect(Buffer.compare(await readFile(`${root}/large`), large)).toBe(0);
    expect(await leftovers(root)).toEqual([]);
  });
});

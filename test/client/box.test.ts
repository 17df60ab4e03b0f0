import type { S3Client } from "tucuxi";
import { S3Server } from "tucuxi/testing";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { failureOf, onService } from "./support.js";

// The same cures as against played services, held to a server that checks every signature.
describe("against the server in the box", () => {
  let server: S3Server;
  let clock: number;
  const bucket = "river--euc1-az1--x-s3";
  const client = (options: object = {}): S3Client =>
    onService(server, { region: server.region, credentials: server.credentials, ...options });
  const count = (operation: string): number => server.requests.filter((one) => one.operation === operation).length;

  beforeEach(async () => {
    clock = 0;
    server = await S3Server.start({
      region: "eu-central-1",
      regions: ["us-west-2"],
      buckets: ["river"],
      clock: () => new Date(Date.now() + clock),
    });
  });
  afterEach(() => server.stop());

  it("a bucket of another region is found, and remembered", async () => {
    await using there = client({ region: "us-west-2" });
    await there.createBucket({ Bucket: "far" });
    await there.putObject({ Bucket: "far", Key: "k", Body: "found" });
    await using s3 = client();
    const { Body, ResponseMetadata } = await s3.getObject({ Bucket: "far", Key: "k" });
    expect(await Body.text()).toBe("found");
    expect(ResponseMetadata.RetryAttempts).toBe(1);
    expect((await s3.headObject({ Bucket: "far", Key: "k" })).ResponseMetadata.RetryAttempts).toBe(0);
    expect(await s3.bucketRegion("far")).toBe("us-west-2");
    const answer = await fetch(await s3.presign("getObject", { Bucket: "far", Key: "k" }));
    expect(await answer.text()).toBe("found");
  });

  it("and told of, where redirects are not followed", async () => {
    await using there = client({ region: "us-west-2" });
    await there.createBucket({ Bucket: "far" });
    await using s3 = client({ followRegionRedirects: false });
    const error = await failureOf(s3.getObject({ Bucket: "far", Key: "k" }));
    expect(error.hint).toContain("us-west-2");
    expect(await s3.bucketRegion("far")).toBe("us-west-2");
  });

  it("headers beyond ASCII come back as they were given", async () => {
    await using s3 = client();
    const object = { Bucket: "river", Key: "k" };
    const ContentDisposition = 'attachment; filename="río 海豚.txt"';
    await s3.putObject({ ...object, Body: "x", ContentDisposition, CacheControl: "é" });
    expect(await s3.headObject(object)).toMatchObject({ ContentDisposition, CacheControl: "é" });
  });

  it("a clock that is an hour off is set right, for presigned URLs too", async () => {
    clock = 3_600_000;
    await using s3 = client();
    await s3.putObject({ Bucket: "river", Key: "k", Body: () => [Buffer.from("tick")], ContentLength: 4 });
    const answer = await fetch(await s3.presign("getObject", { Bucket: "river", Key: "k" }, { expiresIn: 60 }));
    expect(await answer.text()).toBe("tick");
    expect(count("PutObject")).toBe(2);
  });

  it("a token that has expired is fetched anew", async () => {
    server.fault({ operation: "PutObject", times: 1, code: "ExpiredToken" });
    let asked = 0;
    const credentials = async () => {
      asked++;
      return { ...server.credentials };
    };
    await using s3 = client({ credentials });
    await s3.putObject({ Bucket: "river", Key: "k", Body: "x" });
    expect(asked).toBe(2);
    expect(count("PutObject")).toBe(2);
  });

  it("a directory bucket is reached with a session, for signed chunks and presigned URLs alike", async () => {
    await using s3 = client();
    await s3.createBucket({
      Bucket: bucket,
      CreateBucketConfiguration: {
        Location: { Type: "AvailabilityZone", Name: "euc1-az1" },
        Bucket: { Type: "Directory", DataRedundancy: "SingleAvailabilityZone" },
      },
    });
    const object = { Bucket: bucket, Key: "k" };
    await Promise.all([
      s3.putObject({ ...object, Body: "x" }),
      s3.putObject({ ...object, Key: "stream", Body: () => [Buffer.alloc(100_000)], ContentLength: 100_000 }),
    ]);
    expect((await s3.headObject({ ...object, Key: "stream" })).ContentLength).toBe(100_000);
    const answer = await fetch(await s3.presign("getObject", object));
    expect(await answer.text()).toBe("x");
    expect(count("CreateSession")).toBe(1);
    // Sessions last five minutes.
    clock = 400_000;
    await s3.deleteObject(object);
    expect(count("CreateSession")).toBe(2);
  });

  it("a download that breaks comes whole", async () => {
    await using s3 = client();
    const Body = Buffer.alloc(300_000, "tucuxi");
    await s3.putObject({ Bucket: "river", Key: "big", Body });
    server.fault({ operation: "GetObject", resetAfter: 100_000, times: 1 });
    server.fault({ operation: "GetObject", truncateAfter: 50_000, times: 1 });
    const got = await (await s3.getObject({ Bucket: "river", Key: "big" })).Body.bytes();
    expect(Buffer.from(got).equals(Body)).toBe(true);
    expect(count("GetObject")).toBe(3);
  });

  it("a download whose object is replaced half-way says so", async () => {
    await using s3 = client();
    await s3.putObject({ Bucket: "river", Key: "big", Body: Buffer.alloc(300_000, "a") });
    server.fault({ operation: "GetObject", truncateAfter: 100_000, times: 1 });
    const { Body } = await s3.getObject({ Bucket: "river", Key: "big" });
    await s3.putObject({ Bucket: "river", Key: "big", Body: Buffer.alloc(300_000, "b") });
    expect((await failureOf(Body.bytes())).code).toBe("ObjectChanged");
  });

  it("bytes that were damaged are noticed", async () => {
    await using s3 = client({
      responseChecksumValidation: "WHEN_SUPPORTED",
      requestChecksumCalculation: "WHEN_SUPPORTED",
    });
    await s3.putObject({ Bucket: "river", Key: "k", Body: "the right bytes" });
    server.fault({ operation: "GetObject", corruptAt: 3, times: 1 });
    const error = await failureOf((await s3.getObject({ Bucket: "river", Key: "k" })).Body.text());
    expect(error.name).toBe("ChecksumMismatchError");
  });

  it("a write whose answer was lost may be the reason of the next refusal", async () => {
    await using s3 = client();
    server.fault({ operation: "PutObject", times: 1, status: 500, afterwards: true });
    const error = await failureOf(s3.putObject({ Bucket: "river", Key: "lock", Body: "me", IfNoneMatch: "*" }));
    expect(error).toMatchObject({ code: "PreconditionFailed", attempts: 2 });
    expect(error.hint).toMatch(/lost/);
  });
});

import { inspect } from "node:util";
import { describe, expect, it } from "vitest";
import { S3Client } from "../../src/client/client.js";
import { ParamValidationError, TucuxiError } from "../../src/errors/base.js";
import {
  Bucket,
  MultipartUploadPart,
  ObjectSummary,
  ObjectVersion,
  S3Object,
  S3Resource,
} from "../../src/resource/index.js";
import { Session } from "../../src/session.js";
import { inTurn, serviceError } from "../support/scripted-client.js";

const client = inTurn({}).asClient;

describe("a resource", () => {
  it("is equal to another of the same name, whatever its client", () => {
    const one = new S3Object("b", "k", client);
    expect(one.equals(one)).toBe(true);
    expect(one.equals(new S3Object("b", "k", inTurn({}).asClient))).toBe(true);
    expect(one.equals(new S3Object("b", "K", client))).toBe(false);
    expect(one.equals(new ObjectSummary("b", "k", client))).toBe(false);
    expect(one.equals({ bucketName: "b", key: "k" })).toBe(false);
    expect(one.equals(undefined)).toBe(false);
    expect(
      new MultipartUploadPart("b", "k", "u", 1, client).equals(new MultipartUploadPart("b", "k", "u", 2, client)),
    ).toBe(false);
  });

  it("prints as what it is, and shows no client", () => {
    const object = new S3Object("river", "it's\n.jpg", client);
    expect(inspect(object)).toBe(`S3Object(bucketName: 'river', key: "it's\\n.jpg")`);
    expect(String(object)).toBe(inspect(object));
    expect(inspect([new MultipartUploadPart("b", "k", "u", 1, client)])).toContain("partNumber: 1");
    expect(inspect(new S3Resource(client))).toBe("S3Resource()");
    expect(JSON.stringify(object)).toBe(JSON.stringify({ bucketName: "river", key: "it's\n.jpg" }));
  });

  it.each([
    ["an empty key", () => new S3Object("b", "", client), "S3Object: key: expected a string that is not empty, got ''"],
    ["no bucket", () => new S3Object(undefined as unknown as string, "k", client), "bucketName: expected a string"],
    [
      "a bucket that is a number",
      () => new Bucket(1 as unknown as string, client),
      "Bucket: name: expected a string that is not empty, got 1",
    ],
    [
      "a part that is a string",
      () => new MultipartUploadPart("b", "k", "u", "1" as unknown as number, client),
      "partNumber: expected a whole number",
    ],
    [
      "part 0",
      () => new MultipartUploadPart("b", "k", "u", 0, client),
      "partNumber: expected a whole number above 0, got 0",
    ],
    [
      "no client",
      () => new Bucket("b", undefined as unknown as S3Client),
      "client: expected an S3Client, got undefined",
    ],
  ])("refuses %s", (_, make, message) => {
    expect(make).toThrow(ParamValidationError);
    expect(make).toThrow(message);
  });

  it("has attributes once it is loaded", async () => {
    const scripted = inTurn({ ContentLength: 5, ETag: '"1"', Metadata: { a: "b" } }, { ContentLength: 6 });
    const object = new S3Object("b", "k", scripted.asClient);
    expect(() => object.contentLength).toThrow(TucuxiError);
    expect(() => object.contentLength).toThrow(/S3Object\(.*\) has no ContentLength yet/);
    expect(() => object.eTag).toThrow(
      expect.objectContaining({ code: "NotLoaded", hint: expect.stringContaining("await x.load()") }) as Error,
    );
    expect((await object.load()).contentLength).toBe(5);
    expect([object.eTag, object.metadata, object.contentType]).toEqual(['"1"', { a: "b" }, undefined]);
    expect(object.meta.data).toMatchObject({ ContentLength: 5 });
    await object.reload({ VersionId: "v" }, { timeout: 3 });
    expect([object.contentLength, object.eTag]).toEqual([6, undefined]);
    expect(scripted.calls[1]).toMatchObject({
      input: { Bucket: "b", Key: "k", VersionId: "v" },
      options: { timeout: 3 },
    });
  });

  it("keeps its attributes when loading fails", async () => {
    const object = new S3Object("b", "k", inTurn({ ContentLength: 5 }, serviceError(404, "NotFound")).asClient);
    await object.load();
    await expect(object.reload()).rejects.toMatchObject({ statusCode: 404 });
    expect(object.contentLength).toBe(5);
  });

  it("that cannot be loaded says where its attributes come from", () => {
    const version = new ObjectVersion("b", "k", "v", client);
    expect(() => version.isLatest).toThrow(
      expect.objectContaining({ code: "NotLoaded", hint: expect.stringContaining("listing") }) as Error,
    );
    expect("load" in version).toBe(false);
  });

  it("has a client in its meta, for everything else", () => {
    const { meta } = new S3Object("b", "k", client);
    expect(meta).toMatchObject({ serviceName: "s3", identifiers: ["bucketName", "key"], data: undefined });
    expect(meta.client).toBe(client);
  });

  it("lets who gives a member override its own", async () => {
    const scripted = inTurn({});
    await new S3Object("b", "k", scripted.asClient).get({ Bucket: "other", Range: "bytes=0-1" });
    expect(scripted.inputs("GetObject")).toEqual([{ Bucket: "other", Key: "k", Range: "bytes=0-1" }]);
  });

  it("names what can be reached from it", () => {
    expect(new S3Object("b", "k", client).availableSubresources()).toEqual([
      "acl",
      "bucket",
      "multipartUpload",
      "version",
    ]);
  });
});

describe("S3Resource", () => {
  const options = { region: "eu-central-1", credentials: { accessKeyId: "AKIDEXAMPLE", secretAccessKey: "secret" } };

  it("is made from a client, a session, options or nothing", () => {
    const s3 = new S3Client(options);
    expect(new S3Resource(s3).meta.client).toBe(s3);
    expect(new S3Resource(new Session({ region: "eu-west-2" })).meta.client.region).toBe("eu-west-2");
    expect(new S3Resource(options).meta.client.region).toBe("eu-central-1");
    expect(new S3Resource().meta.client).toBeInstanceOf(S3Client);
  });

  it("comes from a session", () => {
    const session = new Session({ region: "eu-west-2" });
    expect(session.resource()).toBeInstanceOf(S3Resource);
    expect(session.resource().meta.client.region).toBe("eu-west-2");
    expect(session.resource({ region: "eu-west-1" }).meta.client.region).toBe("eu-west-1");
  });

  it("is equal to any other", () => {
    expect(new S3Resource(client).equals(new S3Resource(inTurn({}).asClient))).toBe(true);
  });

  it("hands its client down", async () => {
    const scripted = inTurn({});
    const resource = new S3Resource(scripted.asClient);
    const bucket = await resource.createBucket({ Bucket: "b" });
    const object = await bucket.putObject({ Key: "k", Body: "x" });
    const upload = object.multipartUpload("u");
    expect(upload.part(3).multipartUpload().object().bucket().equals(bucket)).toBe(true);
    expect([bucket, object, upload, upload.part(1)].map(({ meta }) => meta.client)).toEqual(
      Array(4).fill(scripted.asClient),
    );
    expect(scripted.calls.map(({ operation, input }) => [operation, input])).toEqual([
      ["CreateBucket", { Bucket: "b" }],
      ["PutObject", { Bucket: "b", Key: "k", Body: "x" }],
    ]);
  });
});

describe("a bucket", () => {
  it("is looked for in the list of all buckets", async () => {
    const created = new Date(0);
    const scripted = inTurn(
      { Buckets: [{ Name: "b0" }], ContinuationToken: "1" },
      {
        Buckets: [{ Name: "b", CreationDate: created, BucketRegion: "eu-west-1" }, { Name: "c" }],
        ContinuationToken: "2",
      },
    );
    const bucket = await new Bucket("b", scripted.asClient).load();
    expect([bucket.creationDate, bucket.bucketRegion, bucket.bucketArn]).toEqual([created, "eu-west-1", undefined]);
    expect(scripted.inputs("ListBuckets")).toEqual([{ Prefix: "b" }, { Prefix: "b", ContinuationToken: "1" }]);
  });

  it.each([
    ["is not there", inTurn({ Buckets: [{ Name: "bb" }] })],
    ["may not be listed", inTurn(serviceError(403, "AccessDenied"))],
  ])("that %s has no attributes", async (_, scripted) => {
    const bucket = await new Bucket("b", scripted.asClient).reload();
    expect([bucket.creationDate, bucket.bucketRegion]).toEqual([undefined, undefined]);
  });

  it("does not swallow other errors", async () => {
    const bucket = new Bucket("b", inTurn(serviceError(503, "SlowDown")).asClient);
    await expect(bucket.load()).rejects.toMatchObject({ code: "SlowDown" });
    expect(() => bucket.creationDate).toThrow(/not loaded/);
  });

  it.each([
    [{}, true],
    [serviceError(404, "NotFound"), false],
    [serviceError(403, "AccessDenied"), true],
    [serviceError(301, "PermanentRedirect"), true],
  ])("exists or not: %s", async (answer, expected) => {
    expect(await new Bucket("b", inTurn(answer).asClient).exists()).toBe(expected);
  });

  it("existence is not told by a broken service", async () => {
    await expect(new Bucket("b", inTurn(serviceError(500, "InternalError")).asClient).exists()).rejects.toMatchObject({
      statusCode: 500,
    });
  });

  it("versioning is switched by word", async () => {
    const scripted = inTurn({});
    const versioning = new Bucket("b", scripted.asClient).versioning();
    await versioning.enable();
    await versioning.suspend({ MFA: "1 2" });
    expect(scripted.inputs("PutBucketVersioning")).toEqual([
      { Bucket: "b", VersioningConfiguration: { Status: "Enabled" } },
      { Bucket: "b", VersioningConfiguration: { Status: "Suspended" }, MFA: "1 2" },
    ]);
  });
});

import { NoSuchKey, S3Client, type S3ServiceError } from "tucuxi";
import { Stub, StubError } from "tucuxi/testing";
import { afterEach, beforeEach, describe, expect, it } from "vitest";

const credentials = { accessKeyId: "AKIASTUB", secretAccessKey: "stub" };
let stub: Stub;
let s3: S3Client;
beforeEach(() => {
  stub = new Stub();
  s3 = new S3Client({ dispatcher: stub, region: "us-east-1", credentials });
});
afterEach(() => s3.close());

describe("a stub", () => {
  it("answers in the order that answers were queued, for each method apart", async () => {
    stub
      .answer("getObject", { Body: "one", ContentType: "text/plain", Metadata: { a: "b" } })
      .answer("getObject", { Body: new Uint8Array([1, 2, 3]) })
      .answer("headObject", { ContentLength: 5, ETag: '"e"' });
    const head = await s3.headObject({ Bucket: "b", Key: "k" });
    expect([head.ContentLength, head.ETag]).toEqual([5, '"e"']);
    const one = await s3.getObject({ Bucket: "b", Key: "k" });
    expect([await one.Body.text(), one.ContentType, { ...one.Metadata }]).toEqual(["one", "text/plain", { a: "b" }]);
    const two = await s3.getObject({ Bucket: "b", Key: "k" });
    expect([...(await two.Body.bytes())]).toEqual([1, 2, 3]);
    expect(one.ResponseMetadata.RequestId).not.toBe(two.ResponseMetadata.RequestId);
    stub.assertDone();
  });

  it("answers lists, documents and nothing", async () => {
    stub.answer("listObjectsV2", {
      Contents: [{ Key: "a&b", Size: 3, LastModified: new Date(1e12) }],
      IsTruncated: false,
      KeyCount: 1,
    });
    stub.answer("getBucketPolicy", { Policy: '{"a":1}' });
    stub.answer("getBucketLocation", { LocationConstraint: "eu-west-1" });
    stub.answer("deleteObject", { VersionId: "v", DeleteMarker: true });
    const list = await s3.listObjectsV2({ Bucket: "b" });
    expect([list.Contents[0]!.Key, list.Contents[0]!.LastModified, list.KeyCount]).toEqual(["a&b", new Date(1e12), 1]);
    expect((await s3.getBucketPolicy({ Bucket: "b" })).Policy).toBe('{"a":1}');
    expect((await s3.getBucketLocation({ Bucket: "b" })).LocationConstraint).toBe("eu-west-1");
    const deleted = await s3.deleteObject({ Bucket: "b", Key: "k" });
    expect([deleted.VersionId, deleted.DeleteMarker, deleted.ResponseMetadata.HTTPStatusCode]).toEqual([
      "v",
      true,
      204,
    ]);
  });

  it("makes an answer from the input, with a status and headers of its own", async () => {
    stub.answer("getObject", (input) => ({
      Body: `you asked for ${String(input["Key"])}`,
      ResponseMetadata: { HTTPStatusCode: 206, HTTPHeaders: { "X-Custom": "1" } },
    }));
    const found = await s3.getObject({ Bucket: "b", Key: "a/../b" });
    expect(await found.Body.text()).toBe("you asked for a/../b");
    expect([found.ResponseMetadata.HTTPStatusCode, found.ResponseMetadata.HTTPHeaders["x-custom"]]).toEqual([206, "1"]);
  });

  it("streams events", async () => {
    stub.answer("selectObjectContent", {
      Payload: [
        { Records: { Payload: Buffer.from("a,b\n") } },
        { Stats: { Details: { BytesScanned: 4, BytesProcessed: 4, BytesReturned: 4 } } },
        { End: {} },
      ],
    });
    const output = await s3.selectObjectContent({
      Bucket: "b",
      Key: "k",
      Expression: "SELECT * FROM s3object",
      ExpressionType: "SQL",
      InputSerialization: { CSV: {} },
      OutputSerialization: { CSV: {} },
    });
    const events: string[] = [];
    for await (const event of output.Payload) {
      events.push(
        event.Records ? `records ${Buffer.from(event.Records.Payload!).toString()}` : Object.keys(event).join(),
      );
      if (event.Stats) expect(event.Stats.Details?.BytesReturned).toBe(4);
    }
    expect(events).toEqual(["records a,b\n", "Stats", "End"]);
  });

  it("fails as S3 fails", async () => {
    stub.fail("getObject", { code: "NoSuchKey", message: "gone", details: { Key: "k" } });
    const error = await s3.getObject({ Bucket: "b", Key: "k" }).catch((thrown: unknown) => thrown as S3ServiceError);
    expect(error).toBeInstanceOf(NoSuchKey);
    expect(error).toMatchObject({
      code: "NoSuchKey",
      statusCode: 404,
      message: expect.stringContaining("gone") as string,
    });
    stub.fail("headObject", { code: "NotFound", status: 404 });
    await expect(s3.headObject({ Bucket: "b", Key: "k" })).rejects.toMatchObject({ statusCode: 404 });
    stub.assertDone();
  });

  it("fails as connections fail, and the client tries again", async () => {
    stub.fail("getObject", Object.assign(new Error("read ECONNRESET"), { code: "ECONNRESET" }));
    stub.fail("getObject", { code: "SlowDown" });
    stub.answer("getObject", { Body: "at last" });
    const found = await s3.getObject({ Bucket: "b", Key: "k" });
    expect([await found.Body.text(), found.ResponseMetadata.RetryAttempts]).toEqual(["at last", 2]);
    expect(stub.calls.map(({ method }) => method)).toEqual(["getObject", "getObject", "getObject"]);
  });

  it("holds calls to what is expected of them", async () => {
    const expected = {
      Bucket: "b",
      Key: /^k\d$/,
      Body: "hello",
      Metadata: { a: Stub.ANY },
      ContentType: Stub.ANY,
      Expires: new Date("2031-01-01T00:00:00Z"),
    };
    const input = {
      Bucket: "b",
      Key: "k1",
      Body: Buffer.from("hello"),
      Metadata: { a: "1" },
      ContentType: "a/b",
      Expires: new Date("2031-01-01T00:00:00Z"),
    };
    stub.answer("putObject", { ETag: '"e"' }, expected);
    expect((await s3.putObject(input)).ETag).toBe('"e"');
    stub.answer("putObject", {}, expected);
    const wrong = s3.putObject({ ...input, Key: "key", Body: "other", Metadata: {} });
    await expect(wrong).rejects.toThrow(
      'putObject was not called as expected: Key: expected /^k\\d$/, got "key"; Body: expected "hello", got "other"; Metadata.a: expected any value, got nothing.',
    );
    expect(() => stub.assertDone()).toThrow(/not called as expected.*\n.*nobody asked for: putObject \(1\)/);
  });

  it("knows copies, batches, parts and streams", async () => {
    const bytes = Buffer.alloc(200_000, "x");
    stub.answer(
      "copyObject",
      { CopyObjectResult: { ETag: '"e"' } },
      { CopySource: { Bucket: "from", Key: "a b/ü", VersionId: "v" } },
    );
    stub.answer("deleteObjects", { Deleted: [{ Key: "a" }] }, { Delete: { Objects: [{ Key: "a" }, { Key: "\r\n" }] } });
    stub.answer(
      "completeMultipartUpload",
      { ETag: '"e-1"' },
      { UploadId: "u", MultipartUpload: { Parts: [{ PartNumber: 1, ETag: '"p"' }] } },
    );
    stub.answer("putObject", { ETag: '"s"' }, { Body: bytes });
    await s3.copyObject({ Bucket: "b", Key: "k", CopySource: { Bucket: "from", Key: "a b/ü", VersionId: "v" } });
    expect(
      (await s3.deleteObjects({ Bucket: "b", Delete: { Objects: [{ Key: "a" }, { Key: "\r\n" }] } })).Deleted,
    ).toEqual([{ Key: "a" }]);
    await s3.completeMultipartUpload({
      Bucket: "b",
      Key: "k",
      UploadId: "u",
      MultipartUpload: { Parts: [{ PartNumber: 1, ETag: '"p"' }] },
    });
    const source = async function* (): AsyncGenerator<Uint8Array> {
      for (let i = 0; i < bytes.length; i += 50_000) yield bytes.subarray(i, i + 50_000);
    };
    await s3.putObject({ Bucket: "b", Key: "k", Body: source(), ContentLength: bytes.length });
    stub.assertDone();
  });

  it("refuses a call that nobody expected, and remembers it", async () => {
    stub.answer("headBucket");
    const call = s3.getObject({ Bucket: "b", Key: "k" });
    await expect(call).rejects.toBeInstanceOf(StubError);
    await expect(call).rejects.toMatchObject({
      message: "getObject was called, and there is no answer for it.",
      hint: "Answers wait for headBucket.",
    });
    expect(stub.calls).toHaveLength(1);
    await s3.headBucket({ Bucket: "b" });
    expect(() => stub.assertDone()).toThrow(StubError);
    stub.reset();
    expect(() => stub.assertDone()).not.toThrow();
  });

  it("says when answers are left", async () => {
    stub.answer("headBucket").answer("headBucket").answer("getObject");
    await s3.headBucket({ Bucket: "b" });
    expect(() => stub.assertDone()).toThrow("Answers that nobody asked for: headBucket (1), getObject (1).");
  });

  it("takes no answer that S3 could not give", () => {
    const anything = { Contentt: 1 } as object;
    expect(() => stub.answer("getObject", anything)).toThrow("GetObject answers no Contentt.");
    const answers: [Parameters<Stub["answer"]>[0], unknown, string][] = [
      ["listObjectsV2", { Contents: [{ Key: "a" }, { key: "b" }] }, "Contents[1].key: unknown; did you mean Key?"],
      ["listObjectsV2", { Contents: { Key: "a" } }, "Contents: expected array, got dictionary"],
      ["listObjectsV2", { IsTruncated: "no", MaxKeys: "1" }, "IsTruncated: expected boolean, got string; MaxKeys: "],
      ["headObject", { LastModified: "yesterday" }, "LastModified: expected Date"],
      ["headObject", { Metadata: { a: 1 } }, "Metadata.a: expected string, got number"],
      ["getObject", { Body: 5 }, "Body: expected string or Uint8Array"],
    ];
    for (const [method, answer, problem] of answers)
      expect(() => stub.answer(method, answer as object), problem).toThrow(problem);
    expect(() => stub.answer("getObject", null as unknown as object)).toThrow("GetObject answers a dictionary");
    expect(() => stub.answer("getObjekt" as "getObject")).toThrow('"getObjekt" is no operation of S3.');
  });

  it("keeps what was sent: URL, headers and a signature", async () => {
    stub.answer("putObject");
    await s3.putObject({ Bucket: "b", Key: "k", Body: "x" });
    const [call] = stub.calls;
    expect(call!.url).toMatch(/^https:\/\/.*\/k$/);
    expect(call!.headers["authorization"]).toMatch(/^AWS4-HMAC-SHA256 Credential=AKIASTUB\//);
    expect(call!.input["Bucket"]).toBe("b");
  });

  it("stands behind custom endpoints, path style and virtual hosts", async () => {
    const custom = new Stub({ domains: ["s3.test"] });
    for (const forcePathStyle of [true, false]) {
      const client = new S3Client({
        dispatcher: custom,
        endpoint: "http://s3.test:9000",
        forcePathStyle,
        region: "us-east-1",
        credentials,
      });
      custom.answer("getObject", { Body: "x" }, { Bucket: "bucket", Key: "a//b" });
      await client.getObject({ Bucket: "bucket", Key: "a//b" });
      await client.close();
    }
    custom.assertDone();
  });

  it("serves handlers of undici's older kind, and refuses what is not dispatched", async () => {
    stub.answer("getObject", { Body: "old" });
    const seen: string[] = [];
    const handler = {
      onConnect: () => seen.push("connect"),
      onHeaders: (status: number) => seen.push(`headers ${status}`),
      onData: (chunk: Buffer) => seen.push(`data ${chunk.toString()}`),
      onComplete: () => seen.push("complete"),
      onError: (error: Error) => seen.push(error.message),
    };
    await new Promise<void>((resolve) => {
      const done = {
        ...handler,
        onComplete: () => {
          seen.push("complete");
          resolve();
        },
      };
      stub.dispatch(
        { origin: "https://b.s3.amazonaws.com", path: "/k", method: "GET", headers: ["x-a", "1"] },
        done as never,
      );
    });
    expect(seen).toEqual(["connect", "headers 200", "data old", "complete"]);
    expect(() => stub.request()).toThrow(/only answers requests that an S3 client dispatches/);
  });
});

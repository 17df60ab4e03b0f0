import { describe, expect, it } from "vitest";
import { TransportError } from "../../src/errors/base.js";
import { InternalError, S3ServiceError } from "../../src/errors/service.js";
import { type OperationName, operation } from "../../src/model/operation.js";
import {
  hasStreamingOutput,
  MalformedResponseError,
  parseOutput,
  parseTimestamp,
  prepareParser,
  responseMetadata,
} from "../../src/protocol/index.js";

const read = (name: OperationName, body: string | undefined, headers: Record<string, string> = {}, status = 200) =>
  parseOutput(operation(name), status, headers, body === undefined ? undefined : Buffer.from(body));

describe("headers", () => {
  it("become members, in the model's order, whatever their own", () => {
    const output = read("HeadObject", undefined, {
      "x-amz-storage-class": "GLACIER",
      "content-type": "text/plain",
      "content-length": "9007199254740991",
      "last-modified": "Fri, 02 Jan 2026 03:04:05 GMT",
      "x-amz-delete-marker": "false",
      "x-amz-object-lock-retain-until-date": "2026-01-02T03:04:05.678Z",
      "x-amz-something-new": "yes",
      etag: '"e"',
    });
    expect(output).toEqual({
      DeleteMarker: false,
      LastModified: new Date("2026-01-02T03:04:05Z"),
      ContentLength: 9007199254740991,
      ETag: '"e"',
      ContentType: "text/plain",
      Metadata: {},
      StorageClass: "GLACIER",
      ObjectLockRetainUntilDate: new Date("2026-01-02T03:04:05.678Z"),
    });
    expect(Object.keys(output)).toEqual([
      "DeleteMarker",
      "LastModified",
      "ContentLength",
      "ETag",
      "ContentType",
      "Metadata",
      "StorageClass",
      "ObjectLockRetainUntilDate",
    ]);
  });

  it("give metadata its names, and none of them is more than a name", () => {
    const headers = JSON.parse(
      '{"x-amz-meta-a":"1","x-amz-meta-__proto__":"2","x-amz-meta-constructor":"3","x-amz-meta-":"4"}',
    ) as Record<string, string>;
    const { Metadata } = read("GetObject", undefined, headers) as { Metadata: Record<string, string> };
    expect(Object.entries(Metadata)).toEqual([
      ["a", "1"],
      ["__proto__", "2"],
      ["constructor", "3"],
      ["", "4"],
    ]);
    expect(Object.getPrototypeOf(Metadata)).toBe(Object.prototype);
  });

  it("are left out where they are not what they should be", () => {
    expect(
      read("HeadObject", undefined, {
        expires: "never",
        "last-modified": "",
        "content-length": "many",
        "x-amz-mp-parts-count": "",
      }),
    ).toEqual({ Metadata: {} });
  });

  it("are all there is of many answers", () => {
    expect(read("PutObject", "", { etag: '"e"' })).toEqual({ ETag: '"e"' });
    expect(read("DeleteBucketCors", undefined, {}, 204)).toEqual({});
    expect(read("PutBucketTagging", "", {})).toEqual({});
  });
});

describe("bodies", () => {
  it("of lists always have their lists", () => {
    expect(read("ListObjectsV2", "<ListBucketResult/>")).toEqual({ Contents: [], CommonPrefixes: [] });
    expect(read("DeleteObjects", "<DeleteResult/>")).toEqual({ Deleted: [], Errors: [] });
    expect(read("ListBuckets", "<r><Buckets/></r>")).toEqual({ Buckets: [] });
  });

  it("never turn a text into something else", () => {
    const keys = ["0123", "1e5", "true", "null", " x ", "", "0x1F", "1.10", "Infinity"];
    const body = `<r><Prefix></Prefix>${keys.map((key) => `<Contents><Key>${key}</Key></Contents>`).join("")}</r>`;
    const output = read("ListObjectsV2", body) as { Prefix: string; Contents: { Key: string }[] };
    expect(output.Contents.map((one) => one.Key)).toEqual(keys);
    expect(output.Prefix).toBe("");
  });

  it("may be text", () => {
    const policy = ' {"a": "<é>"}\n';
    expect(read("GetBucketPolicy", policy)).toEqual({ Policy: policy });
    expect(() => read("GetBucketPolicy", "<Error><Code>InternalError</Code></Error>")).toThrow(InternalError);
  });

  it("may be the text of their root", () => {
    const root = (text: string) =>
      read("GetBucketLocation", `<LocationConstraint xmlns="x">${text}</LocationConstraint>`);
    expect(root("EU")).toEqual({ LocationConstraint: "EU" });
    expect(root("")).toEqual({});
    expect(read("GetBucketLocation", "<LocationConstraint/>")).toEqual({});
  });

  it("may be a structure", async () => {
    await prepareParser(operation("GetObjectRetention"));
    expect(read("GetObjectRetention", "<Retention><Mode>GOVERNANCE</Mode></Retention>")).toEqual({
      Retention: { Mode: "GOVERNANCE" },
    });
    // An answer without a body has the structure without a member, as boto3 and the AWS SDK have it.
    expect(read("GetObjectRetention", "")).toEqual({ Retention: {} });
    expect(read("CopyObject", "<CopyObjectResult/>", { "x-amz-version-id": "v" })).toEqual({
      CopyObjectResult: {},
      VersionId: "v",
    });
  });

  it("may have more transitions than the deprecated lifecycle has room for", async () => {
    await prepareParser(operation("GetBucketLifecycle"));
    const transition = (days: number): string => `<Transition><Days>${days}</Days></Transition>`;
    const rule = `<Rule><ID>r</ID>${transition(40)}${transition(70)}</Rule>`;
    expect(read("GetBucketLifecycle", `<LifecycleConfiguration>${rule}</LifecycleConfiguration>`)).toEqual({
      Rules: [{ ID: "r", Transition: { Days: 40 } }],
    });
  });

  it("are somebody else's where they are streams", () => {
    for (const name of ["GetObject", "GetObjectTorrent", "GetObjectAnnotation", "SelectObjectContent"] as const) {
      expect(hasStreamingOutput(operation(name))).toBe(true);
      expect(prepareParser(operation(name))).toBeUndefined();
    }
    expect(hasStreamingOutput(operation("GetBucketPolicy"))).toBe(false);
    expect(read("GetObject", "<Error/>")).toEqual({ Metadata: {} });
  });

  it("come as bytes, with or without ASCII, a mark of their order, or a string", () => {
    const text = "<r><Contents><Key>é🐬</Key></Contents></r>";
    for (const body of [
      text,
      Buffer.from(text),
      new Uint8Array(Buffer.from(`\ufeff${text}`)),
      Buffer.from(`  \n${text}`),
    ]) {
      expect(parseOutput(operation("ListObjectsV2"), 200, {}, body)).toMatchObject({ Contents: [{ Key: "é🐬" }] });
    }
    const larger = Buffer.from(`xx${text}xx`);
    const part = larger.subarray(2, larger.length - 2);
    expect(parseOutput(operation("ListObjectsV2"), 200, {}, part)).toMatchObject({ Contents: [{ Key: "é🐬" }] });
  });

  it("need the library for a bucket's configurations alone", () => {
    for (const name of ["ListObjectsV2", "CopyObject", "HeadObject", "PutBucketCors", "DeleteObjects"] as const) {
      expect(prepareParser(operation(name))).toBeUndefined();
    }
  });
});

describe("a success that is none", () => {
  const late =
    '<?xml version="1.0"?>\n\n  \n<Error><Code>InternalError</Code><Message>late</Message><RequestId>R</RequestId></Error>';
  it.each([
    "CompleteMultipartUpload",
    "CopyObject",
    "UploadPartCopy",
    "DeleteObjects",
    "ListObjectsV2",
    "PutObject",
    "PutBucketTagging",
    "GetBucketLocation",
    "GetBucketCors",
    "CreateMultipartUpload",
  ] as const)("is an error in the body of %s", async (name) => {
    await prepareParser(operation(name));
    for (const body of [
      late,
      ` \n\r\n\t ${late}`,
      late.replace("<Error>", '<Error xmlns="http://s3.amazonaws.com/doc/2006-03-01/">'),
    ]) {
      expect(() => read(name, body)).toThrow(InternalError);
      try {
        read(name, body);
      } catch (error) {
        expect(error).toMatchObject({
          code: "InternalError",
          message: "late",
          statusCode: 500,
          retryable: true,
          requestId: "R",
          operation: name,
        });
      }
    }
  });

  it.each([
    ["CompleteMultipartUpload", ""],
    ["CompleteMultipartUpload", "   \n\n  "],
    ["CopyObject", ""],
    ["UploadPartCopy", ""],
    ["CreateMultipartUpload", ""],
    ["ListObjectsV2", ""],
    ["DeleteObjects", ""],
    ["ListObjectsV2", "<ListBucketResult><Contents><Key>a</Key>"],
    ["ListObjectsV2", "<html><body>Welcome to this hotel</body></html>"],
    ["ListObjectsV2", "<!DOCTYPE html><html></html>"],
    ["ListObjectsV2", "Bad Gateway"],
    ["CopyObject", "<CopyObjectResult><ETag>"],
    ["PutObject", "<html></html>"],
    ["PutObject", "<!DOCTYPE HTML><p>"],
    ["GetBucketCors", "<CORSConfiguration><CORSRule>"],
    ["GetBucketLocation", "<LocationConstraint>EU"],
    ["GetBucketLocation", ""],
    ["GetBucketLocation", " \n"],
    ["GetBucketLifecycleConfiguration", "  \n"],
    ["GetObjectRetention", " "],
  ] as const)("is an answer of %s that is %j", async (name, body) => {
    await prepareParser(operation(name));
    expect(() => read(name, body)).toThrow(MalformedResponseError);
    expect(() => read(name, body)).toThrow(TransportError);
    expect(() => read(name, body)).toThrow(new RegExp(`^${name}: the service answered with a success, but its answer`));
  });

  it("is not one that has nothing to say", () => {
    expect(read("AbortMultipartUpload", "", {}, 204)).toEqual({});
    expect(
      read("DeleteObjects", "<DeleteResult><Error><Key>a</Key><Code>InternalError</Code></Error></DeleteResult>"),
    ).toEqual({
      Deleted: [],
      Errors: [{ Key: "a", Code: "InternalError" }],
    });
  });

  it("is an S3ServiceError and no other kind", () => {
    expect(() => read("CopyObject", late)).toThrow(S3ServiceError);
  });
});

describe("ResponseMetadata", () => {
  it("has what the headers have", () => {
    const headers = { "x-amz-request-id": "R", "x-amz-id-2": "H", server: "x" };
    expect(responseMetadata(204, headers, 2)).toEqual({
      RequestId: "R",
      HostId: "H",
      HTTPStatusCode: 204,
      HTTPHeaders: headers,
      RetryAttempts: 2,
    });
    expect(responseMetadata(200, { "x-amzn-requestid": "other" }, 0).RequestId).toBe("other");
    expect(Object.keys(responseMetadata(200, {}, 0))).toEqual(["HTTPStatusCode", "HTTPHeaders", "RetryAttempts"]);
  });
});

describe("moments", () => {
  it.each([
    ["2006-02-03T16:45:09.000Z", "2006-02-03T16:45:09.000Z"],
    ["2006-02-03T16:45:09Z", "2006-02-03T16:45:09.000Z"],
    ["2006-02-03T16:45:09.123456Z", "2006-02-03T16:45:09.123Z"],
    ["2006-02-03T16:45:09.1Z", "2006-02-03T16:45:09.100Z"],
    ["2006-02-03T16:45:09", "2006-02-03T16:45:09.000Z"],
    ["2006-02-03T16:45:09+00:00", "2006-02-03T16:45:09.000Z"],
    ["2006-02-03T16:45:09+05:30", "2006-02-03T11:15:09.000Z"],
    ["2006-02-03T16:45:09-0130", "2006-02-03T18:15:09.000Z"],
    ["2006-02-03 16:45:09", "2006-02-03T16:45:09.000Z"],
    ["2006-02-03", "2006-02-03T00:00:00.000Z"],
    ["20060203T164509Z", "2006-02-03T16:45:09.000Z"],
    ["2024-02-29T23:59:59.000Z", "2024-02-29T23:59:59.000Z"],
    ["2016-12-31T23:59:60Z", "2017-01-01T00:00:00.000Z"],
    ["0001-01-01T00:00:00Z", "0001-01-01T00:00:00.000Z"],
    ["Fri, 03 Feb 2006 16:45:09 GMT", "2006-02-03T16:45:09.000Z"],
    ["Tue, 31 Jan 2006 16:45:09 GMT", "2006-01-31T16:45:09.000Z"],
    ["Fri, 3 Feb 2006 16:45:09 +0100", "2006-02-03T15:45:09.000Z"],
    ["03 Feb 2006 16:45:09 UTC", "2006-02-03T16:45:09.000Z"],
    ["Friday, 03-Feb-06 16:45:09 GMT", "2006-02-03T16:45:09.000Z"],
    ["Friday, 04-Feb-94 16:45:09 GMT", "1994-02-04T16:45:09.000Z"],
    ["Fri Feb  3 16:45:09 2006", "2006-02-03T16:45:09.000Z"],
    ["1138985109", "2006-02-03T16:45:09.000Z"],
    ["1138985109.5", "2006-02-03T16:45:09.500Z"],
    ["0", "1970-01-01T00:00:00.000Z"],
    ["-1", "1969-12-31T23:59:59.000Z"],
    [" 2006-02-03T16:45:09Z\n", "2006-02-03T16:45:09.000Z"],
  ])("%j is %s", (text, iso) => {
    expect(parseTimestamp(text)?.toISOString()).toBe(iso);
  });

  it.each([
    "",
    "never",
    "not/a/date",
    "tomorrow",
    "2006-13-03T16:45:09Z",
    "2006-02-30T16:45:09Z",
    "2023-02-29T00:00:00.000Z",
    "2006-02-03T25:45:09.000Z",
    "2006-02-03T16:60:09Z",
    "2006-02-00T16:45:09Z",
    "Fri, 33 Feb 2006 16:45:09 GMT",
    "Fri, 03 Foo 2006 16:45:09 GMT",
    "Fri, 03 anF 2006 16:45:09 GMT",
    "1e999",
    "a 1",
    "2006-02-03T16:45:0xZ",
    "2006-02-03T16:45:09.0xxZ",
  ])("%j is none", (text) => {
    expect(parseTimestamp(text)).toBeUndefined();
  });

  it("come back from both ways of writing them", () => {
    for (let time = Date.UTC(1970, 0, 1); time < Date.UTC(2040, 0, 1); time += 86_400_000 * 3 + 3_723_457) {
      const date = new Date(time);
      expect(parseTimestamp(date.toISOString())?.getTime()).toBe(time);
      expect(parseTimestamp(date.toUTCString())?.getTime()).toBe(time - date.getUTCMilliseconds());
    }
  });
});

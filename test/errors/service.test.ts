import { readFileSync } from "node:fs";
import { inspect } from "node:util";
import { describe, expect, it } from "vitest";
import { TucuxiError } from "../../src/errors/base.js";
import * as errors from "../../src/errors/service.js";
import { type OperationName, operation } from "../../src/model/operation.js";
import { structure } from "../../src/model/shape.js";
import { type ErrorContext, parseError } from "../../src/protocol/index.js";

const {
  AccessDenied,
  InternalError,
  InvalidObjectState,
  NoSuchBucket,
  NoSuchKey,
  NoSuchUpload,
  NotFound,
  NotModified,
  PreconditionFailed,
  S3ServiceError,
} = errors;

const parse = (
  status: number,
  body: string | undefined,
  {
    op = "GetObject",
    headers = {},
    ...context
  }: { op?: OperationName; headers?: Record<string, string> } & ErrorContext = {},
) => parseError(operation(op), status, headers, body, context);
const document = (code: string, rest = ""): string => `<Error><Code>${code}</Code><Message>m</Message>${rest}</Error>`;

describe("an error of the service", () => {
  it("says what the service said", () => {
    const error = parse(
      404,
      '<?xml version="1.0"?>\n<Error><Code>NoSuchKey</Code><Message>The specified key does not exist.</Message><Key>a&amp;b</Key><RequestId>R</RequestId><HostId>H</HostId></Error>',
      { headers: { "x-amz-request-id": "R1", "x-amz-id-2": "H1", date: "x" }, attempts: 3, bucket: "b", key: "a&b" },
    );
    expect(error).toBeInstanceOf(NoSuchKey);
    expect(error).toBeInstanceOf(NotFound);
    expect(error).toBeInstanceOf(S3ServiceError);
    expect(error).toBeInstanceOf(TucuxiError);
    expect(error).toMatchObject({
      name: "NoSuchKey",
      code: "NoSuchKey",
      message: "The specified key does not exist.",
      statusCode: 404,
      requestId: "R1",
      hostId: "H1",
      operation: "GetObject",
      retryable: false,
      attempts: 3,
    });
    expect(error.response).toEqual({
      Error: { Code: "NoSuchKey", Message: "The specified key does not exist.", Key: "a&b" },
      ResponseMetadata: {
        RequestId: "R1",
        HostId: "H1",
        HTTPStatusCode: 404,
        HTTPHeaders: { "x-amz-request-id": "R1", "x-amz-id-2": "H1", date: "x" },
        RetryAttempts: 2,
      },
    });
    expect(String(error)).toBe(
      "NoSuchKey: The specified key does not exist. (GetObject b/a&b, 404, request id R1, 3 attempts)",
    );
  });

  it("has its ids from the body where no header has them", () => {
    const error = parse(404, document("NoSuchKey", "<RequestId>0123</RequestId><HostId>h</HostId>"));
    expect(error).toMatchObject({ requestId: "0123", hostId: "h" });
    expect(error.response.ResponseMetadata).toMatchObject({ RequestId: "0123", HostId: "h" });
    expect(parse(404, document("NoSuchKey")).response.ResponseMetadata).not.toHaveProperty("RequestId");
  });

  it.each([
    ["bare", document("NoSuchKey")],
    [
      "in S3's namespace",
      document("NoSuchKey").replace("<Error>", '<Error xmlns="http://s3.amazonaws.com/doc/2006-03-01/">'),
    ],
    ["behind a prefix", '<s:Error xmlns:s="x"><s:Code>NoSuchKey</s:Code><s:Message>m</s:Message></s:Error>'],
    [
      "in a wrapper",
      "<ErrorResponse><Error><Type>Sender</Type><Code>NoSuchKey</Code><Message>m</Message></Error><RequestId>R</RequestId></ErrorResponse>",
    ],
    ["behind blanks", ` \n\n<?xml version="1.0"?>\n ${document("NoSuchKey")}\n`],
    ["with a mark", `\ufeff${document("NoSuchKey")}`],
    ["indented", "<Error>\n  <Code>NoSuchKey</Code>\n  <Message>m</Message>\n</Error>"],
  ])("is understood %s", (_, body) => {
    const error = parse(404, body);
    expect(error).toBeInstanceOf(NoSuchKey);
    expect(error).toMatchObject({ code: "NoSuchKey", message: "m" });
  });

  it.each([
    [404, "", "NotFound", "Not Found"],
    [403, "", "Forbidden", "Forbidden"],
    [503, "", "ServiceUnavailable", "Service Unavailable"],
    [299, "", "UnknownError", "Unknown Error"],
    [599, "", "ServerError", "Server Error"],
    [502, "<html><head><title>502</title></head></html>", "502", "Bad Gateway"],
    [502, "<!DOCTYPE html><html>", "502", "Bad Gateway"],
    [500, "upstream connect error", "500", "Internal Server Error"],
    [400, '{"code": "x"}', "400", "Bad Request"],
    [400, "<Error><Code>Inv", "400", "Bad Request"],
    [400, "<Other><Thing/></Other>", "400", "Bad Request"],
    [403, " ", "403", "Forbidden"],
  ])("of status %d and body %j is %s", (status, body, code, message) => {
    const error = parse(status, body, { op: "PutObject" });
    expect(error).toMatchObject({ code, message, statusCode: status, name: code });
    expect(error.response.Error).toEqual({ Code: code, Message: message });
    if (body.trim() !== "") expect(error.hint).toMatch(/proxy/);
  });

  it("of a HEAD says no more than its status, but what was not there can be told", () => {
    const head = (op: OperationName, status: number) => parse(status, undefined, { op });
    expect(head("HeadObject", 404)).toBeInstanceOf(NoSuchKey);
    expect(head("HeadBucket", 404)).toBeInstanceOf(NoSuchBucket);
    expect(head("HeadBucket", 404)).not.toBeInstanceOf(NoSuchKey);
    for (const op of ["HeadObject", "HeadBucket"] as const) {
      expect(head(op, 404)).toBeInstanceOf(NotFound);
      expect(head(op, 404)).toMatchObject({ name: "NotFound", code: "NotFound", message: "Not Found" });
      expect(head(op, 403)).toBeInstanceOf(AccessDenied);
      expect(head(op, 301)).toBeInstanceOf(errors.PermanentRedirect);
    }
    expect(head("HeadObject", 304)).toBeInstanceOf(NotModified);
    expect(head("HeadObject", 412)).toBeInstanceOf(PreconditionFailed);
    expect(head("HeadObject", 416)).toBeInstanceOf(errors.InvalidRange);
    expect(head("HeadObject", 416)).toMatchObject({ code: "RequestedRangeNotSatisfiable" });
    expect(parse(411, "", { op: "PutObject" })).toBeInstanceOf(errors.MissingContentLength);
    expect(parse(413, "", { op: "PutObject" })).toBeInstanceOf(errors.EntityTooLarge);
    expect(head("HeadObject", 405)).toBeInstanceOf(errors.MethodNotAllowed);
    expect(head("HeadObject", 500)).toBeInstanceOf(InternalError);
  });

  it("has the fields of its shape", () => {
    const error = parse(
      403,
      document("InvalidObjectState", "<StorageClass>GLACIER</StorageClass><AccessTier>ARCHIVE_ACCESS</AccessTier>"),
    );
    expect(error).toBeInstanceOf(InvalidObjectState);
    expect(error).toMatchObject({ StorageClass: "GLACIER", AccessTier: "ARCHIVE_ACCESS" });
    expect(error.hint).toMatch(/restoreObject/);
  });

  it("is retryable where it may pass", () => {
    for (const [status, code] of [
      [503, "SlowDown"],
      [500, "InternalError"],
      [400, "RequestTimeout"],
      [400, "ThrottlingException"],
      [503, "Whatever"],
      [429, "Whatever"],
    ] as const) {
      expect(parse(status, document(code)).retryable).toBe(true);
    }
    for (const [status, code] of [
      [404, "NoSuchKey"],
      [501, "NotImplemented"],
      [403, "RequestTimeTooSkewed"],
      [400, "ExpiredToken"],
      [409, "OperationAborted"],
    ] as const) {
      expect(parse(status, document(code)).retryable).toBe(false);
    }
  });

  it("of an unknown code is an S3ServiceError of that name", () => {
    const error = parse(418, document("Teapot"));
    expect(error.constructor).toBe(S3ServiceError);
    expect(error).toMatchObject({ name: "Teapot", code: "Teapot", statusCode: 418 });
    for (const name of ["constructor", "__proto__", "toString"]) {
      expect(parse(400, document(name)).constructor).toBe(S3ServiceError);
    }
  });

  it("takes whatever the document has, digits as text, and properties of objects as names", () => {
    const body = document(
      "NoSuchUpload",
      "<PartNumber>01</PartNumber><Token-0>x</Token-0><__proto__>p</__proto__><constructor>c</constructor>",
    );
    const { Error: details } = parse(404, body).response;
    expect(Object.entries(details)).toEqual([
      ["Code", "NoSuchUpload"],
      ["Message", "m"],
      ["PartNumber", "01"],
      ["Token-0", "x"],
      ["__proto__", "p"],
      ["constructor", "c"],
    ]);
    expect(parse(404, "<Error><Code>NoSuchKey</Code></Error>")).toMatchObject({
      message: "",
      response: { Error: { Code: "NoSuchKey" } },
    });
  });
});

describe("the classes", () => {
  it("cover every error of the API's definition, by name", () => {
    const shapes = [
      ...["AccessDenied", "AnnotationLimitExceeded", "AnnotationNameTooLong", "BucketAlreadyExists"],
      ...["BucketAlreadyOwnedByYou", "EncryptionTypeMismatch", "IdempotencyParameterMismatch", "InvalidAnnotationName"],
      ...["InvalidObjectState", "InvalidPrefix", "InvalidRequest", "InvalidWriteOffset", "NoSuchAnnotation"],
      ...["NoSuchBucket", "NoSuchKey", "NoSuchUpload", "ObjectAlreadyInActiveTierError"],
      ...["ObjectNotInActiveTierError", "TooManyParts", "UnsupportedMediaType"],
    ];
    for (const name of shapes) {
      expect(structure(name).name).toBe(name);
      expect(errors.serviceErrorClass(name).name).toBe(name);
    }
  });

  it("are each found by their own name", () => {
    for (const [name, found] of Object.entries(errors)) {
      if (typeof found !== "function" || found === S3ServiceError || !(found.prototype instanceof S3ServiceError))
        continue;
      expect(errors.serviceErrorClass(name)).toBe(found);
    }
  });

  it("can be made by hand, for tests", () => {
    const error = new NoSuchKey("gone", { statusCode: 404 });
    expect(error).toMatchObject({
      name: "NoSuchKey",
      code: "NoSuchKey",
      message: "gone",
      retryable: false,
      attempts: 1,
    });
    expect(error.response.Error).toEqual({ Code: "NoSuchKey", Message: "gone" });
    expect(String(error)).toBe("NoSuchKey: gone (404)");
    expect(String(new S3ServiceError("x"))).toBe("S3ServiceError: x");
  });

  it("have a line of description each", () => {
    const source = readFileSync(new URL("../../src/errors/service.ts", import.meta.url), "utf8");
    for (const [, name] of source.matchAll(/^export class (\w+)/gm)) {
      expect(source).toMatch(new RegExp(`\\*/\\nexport class ${name} `));
    }
  });
});

describe("hints", () => {
  const hint = (code: string, rest: string, context: Parameters<typeof parse>[2] = {}, status = 400) =>
    parse(status, document(code, rest), context).hint ?? "";

  it("say where a bucket is", () => {
    const context = { bucket: "b", region: "us-east-1", op: "ListObjectsV2" as const };
    expect(hint("PermanentRedirect", "", { ...context, headers: { "x-amz-bucket-region": "eu-west-1" } }, 301)).toBe(
      'Bucket "b" is in eu-west-1, and the request was made for us-east-1. Make the client with region: "eu-west-1", or let it follow redirects (followRegionRedirects, on by default).',
    );
    expect(hint("AuthorizationHeaderMalformed", "<Region>eu-west-1</Region>", context)).toContain(
      'region: "eu-west-1"',
    );
    expect(hint("PermanentRedirect", "<Endpoint>b.s3.eu-west-1.amazonaws.com</Endpoint>", context)).toContain(
      "at b.s3.eu-west-1.amazonaws.com",
    );
    expect(hint("IllegalLocationConstraintException", "", { op: "CreateBucket", region: "eu-west-1" })).toMatch(
      /went to eu-west-1/,
    );
    expect(hint("IllegalLocationConstraintException", "", context)).toMatch(/us-east-1 may not serve it/);
    expect(hint("NoSuchBucket", "", { bucket: "b", host: "127.0.0.1:9000" }, 404)).toContain(
      'No bucket "b" is known at 127.0.0.1:9000',
    );
  });

  it("say how wrong the clock is", () => {
    const rest = (ours: string, theirs: string): string =>
      `<RequestTime>${ours}</RequestTime><ServerTime>${theirs}</ServerTime>`;
    expect(hint("RequestTimeTooSkewed", rest("20260131T120000Z", "2026-01-31T12:20:00Z"), {}, 403)).toBe(
      "This machine's clock is 20 minutes behind the service's. Set it, or let NTP do so.",
    );
    expect(
      hint("RequestTimeTooSkewed", rest("Sat, 31 Jan 2026 15:00:00 GMT", "2026-01-31T12:00:00Z"), {}, 403),
    ).toContain("3 hours ahead of");
    expect(hint("RequestTimeTooSkewed", rest("x", "y"), {}, 403)).toContain("more than 15 minutes wrong");
  });

  const request = (host: string, extra = ""): string =>
    [
      "GET",
      "/k",
      "",
      `host:${host}`,
      ...(extra ? [extra] : []),
      "x-amz-date:20260131T120000Z",
      "",
      "host;x-amz-date",
      "UNSIGNED-PAYLOAD",
    ].join("\n");

  it("name the first line in which the service saw another request", () => {
    const see = (theirs: string, ours: string) =>
      hint("SignatureDoesNotMatch", `<CanonicalRequest>${theirs}</CanonicalRequest>`, { canonicalRequest: ours }, 403);
    expect(see(request("10.0.0.1:9000"), request("s3.example.com"))).toBe(
      'The service saw another request than the one signed here: line 4 of the canonical request (header host) is "host:10.0.0.1:9000" there and "host:s3.example.com" here. Something between, such as a proxy, changed it.',
    );
    expect(see(request("h").replace("/k", "/K"), request("h"))).toContain(
      'line 2 of the canonical request (path) is "/K" there and "/k" here',
    );
    expect(see(request("h").replace("UNSIGNED-PAYLOAD", "abc"), request("h"))).toContain("hash of the body");
    expect(see(request("h"), request("h"))).toContain("the secret access key is wrong");
    expect(see(request("h").replaceAll("\n", "&#13;\n"), request("h"))).toContain("the secret access key is wrong");
  });

  it("keep secrets to themselves, even where the service repeats them", () => {
    const token = "FwoGZXIvYXdzE-token";
    const ours = request("h", `x-amz-security-token:${token}`);
    const theirs = request("h", `x-amz-security-token:${token}x`);
    const error = parse(
      403,
      document(
        "SignatureDoesNotMatch",
        `<CanonicalRequest>${theirs}</CanonicalRequest><SignatureProvided>abc</SignatureProvided>`,
      ),
      {
        canonicalRequest: ours,
      },
    );
    expect(error.hint).toContain("x-amz-security-token:(a secret)");
    for (const text of [inspect(error), JSON.stringify(error), String(error), error.stack ?? ""]) {
      expect(text).not.toContain(token);
      expect(text).not.toContain("abc");
    }
    const expired = parse(400, document("ExpiredToken", `<Token-0>${token}</Token-0>`));
    for (const text of [inspect(expired, { depth: 9 }), JSON.stringify(expired)]) expect(text).not.toContain(token);
    expect(expired.response.Error["Token-0"]).toBe(token);
  });

  it("compare strings to sign where there is no request to compare", () => {
    const text = (scope: string): string => ["AWS4-HMAC-SHA256", "20260131T120000Z", scope, "abc"].join("\n");
    const see = (theirs: string, ours: string) =>
      hint("SignatureDoesNotMatch", `<StringToSign>${theirs}</StringToSign>`, { stringToSign: ours }, 403);
    expect(see(text("20260131/eu-west-1/s3/aws4_request"), text("20260131/us-east-1/s3/aws4_request"))).toContain(
      'its credential scope is "20260131/eu-west-1/s3/aws4_request" there',
    );
    expect(see(text("a"), text("a"))).toContain("the secret access key is wrong");
    expect(hint("SignatureDoesNotMatch", "", {}, 403)).toContain("The secret access key is wrong");
  });

  it("tell what is missing to those who may not", () => {
    expect(hint("AccessDenied", "", { op: "GetObject", bucket: "b", key: "k" }, 403)).toContain(
      's3:GetObject on "b/k"',
    );
    expect(parse(403, "", { op: "HeadObject", bucket: "b", key: "k" }).hint).toContain("s3:ListBucket");
    expect(hint("AccessDenied", "", { op: "PutBucketPolicy", bucket: "b" }, 403)).toContain(
      'may not do PutBucketPolicy on "b"',
    );
  });

  it("are printed with the error", () => {
    const text = inspect(parse(403, document("InvalidAccessKeyId")));
    expect(text).toMatch(
      /^InvalidAccessKeyId: m \(GetObject, 403\)\n {2}hint: The service does not know this access key id\./,
    );
    expect(text).toMatch(/\n {4}at /);
    expect(new NoSuchKey("gone").stack).toMatch(/^NoSuchKey: gone\n {4}at .*service\.test\.ts/);
  });
});

describe("NoSuchUpload", () => {
  it("is a NotFound as well", () => {
    expect(new NoSuchUpload("x")).toBeInstanceOf(NotFound);
  });
});

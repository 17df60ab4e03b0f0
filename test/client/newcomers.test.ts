import { type S3Client, S3Resource, Session, type TucuxiError } from "tucuxi";
import { describe, expect, it } from "vitest";
import { type Answer, fail, failureOf, onAws, Play } from "./support.js";

const object = { Bucket: "river", Key: "k" };
const any = (value: unknown): never => value as never;

type Wrong = readonly [use: string, (s3: S3Client) => unknown, name: string, message: RegExp, hint?: RegExp];

/** What people write who come from other clients, and what they are told. */
const wrongs: readonly Wrong[] = [
  [
    "getObject('s3://river/k')",
    (s3) => s3.getObject(any("s3://river/k")),
    "ParamValidationError",
    /^GetObject: input: expected dictionary, got string$/,
    /\{ Bucket: "river", Key: "k" \}/,
  ],
  [
    "listObjectsV2('s3://river/a/')",
    (s3) => s3.listObjectsV2(any("s3://river/a/")),
    "ParamValidationError",
    /^ListObjectsV2: input: expected dictionary, got string$/,
    /\{ Bucket: "river", Prefix: "a\/" \}/,
  ],
  [
    "getObject('river', 'k')",
    (s3) => s3.getObject(any("river"), any("k")),
    "ParamValidationError",
    /^GetObject: options: expected dictionary, got string$/,
    /^What a request needs goes into one dictionary, /,
  ],
  [
    "listBuckets('x')",
    (s3) => s3.listBuckets(any("x")),
    "ParamValidationError",
    /^ListBuckets: input: expected/,
    /^The input is one dictionary\.$/,
  ],
  [
    "Bucket: 's3://river'",
    (s3) => s3.getObject({ ...object, Bucket: "s3://river/a" }),
    "ParamValidationError",
    /^GetObject: Bucket: is no bucket name/,
    /\{ Bucket: "river", Key: "a" \}/,
  ],
  [
    "Bucket: 'river/a'",
    (s3) => s3.getObject({ ...object, Bucket: "river/a" }),
    "ParamValidationError",
    /^GetObject: Bucket: is no bucket name/,
    /^What comes behind the slash belongs to the Key or Prefix\.$/,
  ],
  [
    "CopySource: 's3://river/k'",
    (s3) => s3.copyObject({ ...object, CopySource: "s3://river/a" }),
    "ParamValidationError",
    /^CopyObject: CopySource: expected `bucket\/key` or \{ Bucket, Key, VersionId\? \}$/,
    /\{ Bucket: "river", Key: "a" \}/,
  ],
  [
    "copy() from 's3://river/k'",
    (s3) => s3.copy({ ...object, CopySource: "s3://river/a" }),
    "ParamValidationError",
    /^copy: CopySource: expected/,
    /\{ Bucket: "river", Key: "a" \}/,
  ],
  [
    "Body: a promise",
    (s3) => s3.putObject({ ...object, Body: any(Promise.resolve("x")) }),
    "ParamValidationError",
    /got Promise; await it$/,
  ],
  [
    "Body: an object",
    (s3) => s3.putObject({ ...object, Body: any({ a: 1 }) }),
    "ParamValidationError",
    /got dictionary; JSON\.stringify makes a text of it$/,
  ],
  [
    "Body: a Response",
    (s3) => s3.putObject({ ...object, Body: any(new Response("x")) }),
    "ParamValidationError",
    /got Response; give its body$/,
  ],
  [
    "Body: a DataView",
    (s3) => s3.putObject({ ...object, Body: any(new DataView(new ArrayBuffer(2))) }),
    "ParamValidationError",
    /got DataView; Uint8Array has its bytes$/,
  ],
  ["Body: null", (s3) => s3.putObject({ ...object, Body: any(null) }), "ParamValidationError", /got null$/],
  [
    "MaxKeys: 10n",
    (s3) => s3.listObjectsV2({ Bucket: "river", MaxKeys: any(10n) }),
    "ParamValidationError",
    /^ListObjectsV2: MaxKeys: expected integer, got bigint$/,
  ],
  [
    "PartNumber: 1n",
    (s3) =>
      s3.completeMultipartUpload({ ...object, UploadId: "u", MultipartUpload: { Parts: [{ PartNumber: any(1n) }] } }),
    "ParamValidationError",
    /MultipartUpload\.Parts\[0\]\.PartNumber: expected integer, got bigint$/,
  ],
  [
    "presign('GetObject')",
    (s3) => s3.presign(any("GetObject"), any(object)),
    "ParamValidationError",
    /^method: "GetObject" is not an operation of S3$/,
    /^Did you mean getObject\? /,
  ],
  [
    "presign('get_object')",
    (s3) => s3.presign(any("get_object"), any(object)),
    "ParamValidationError",
    /^method: "get_object" is/,
    /^Did you mean getObject\? /,
  ],
  [
    "presign(input)",
    (s3) => s3.presign(any(object)),
    "ParamValidationError",
    /^method: expected string, got dictionary$/,
    /^Operations have the names/,
  ],
  [
    "presign(…, null)",
    (s3) => s3.presign("getObject", any(null)),
    "ParamValidationError",
    /^GetObject: input: expected dictionary, got null$/,
  ],
  [
    "expiresIn: '60'",
    (s3) => s3.presign("getObject", object, { expiresIn: any("60") }),
    "TucuxiError",
    /^expiresIn: must be a whole number of seconds from 1 to 604800 \(seven days\), not "60"$/,
  ],
  ["expiresIn: 60n", (s3) => s3.presign("getObject", object, { expiresIn: any(60n) }), "TucuxiError", /, not bigint$/],
  [
    "expiresIn: a Date",
    (s3) => s3.presign("getObject", object, { expiresIn: any(new Date()) }),
    "TucuxiError",
    /, not Date$/,
  ],
  [
    "paginate('list_objects_v2')",
    (s3) => s3.paginate(any("list_objects_v2"), any(object)),
    "PaginationError",
    /does not list page by page$/,
    /^Did you mean listObjectsV2\? These do: /,
  ],
  [
    "paginate('getObject')",
    (s3) => s3.paginate(any("getObject"), any(object)),
    "PaginationError",
    /^getObject does not list page by page$/,
    /^These do: /,
  ],
  [
    "paginate(input)",
    (s3) => s3.paginate(any(object), any(undefined)),
    "ParamValidationError",
    /^method: expected string, got dictionary$/,
    /^These list: /,
  ],
  [
    "paginate(…, 'river')",
    (s3) => s3.paginate("listObjectsV2", any("river")),
    "ParamValidationError",
    /^ListObjectsV2: input: expected dictionary, got string$/,
    /\{ Bucket \}/,
  ],
  [
    "paginate(…, null)",
    (s3) => s3.paginate("listObjectsV2", any(null)),
    "ParamValidationError",
    /^ListObjectsV2: input: expected dictionary, got null$/,
  ],
  [
    "pageSize: '5'",
    (s3) => s3.paginate("listObjectsV2", { Bucket: "river" }, { pageSize: any("5") }),
    "ParamValidationError",
    /pageSize: expected a whole number above 0, got "5"$/,
  ],
  [
    "maxItems: 5n",
    (s3) => s3.paginate("listObjectsV2", { Bucket: "river" }, { maxItems: any(5n) }),
    "ParamValidationError",
    /maxItems: expected a whole number, got bigint$/,
  ],
  [
    "waitUntil('object_exists')",
    (s3) => s3.waitUntil(any("object_exists"), any(object)),
    "ParamValidationError",
    /^waitUntil: name: there is no wait "object_exists"$/,
    /^Did you mean objectExists\? /,
  ],
  [
    "waitUntil(input)",
    (s3) => s3.waitUntil(any(object), any(object)),
    "ParamValidationError",
    /^waitUntil: name: expected string, got dictionary$/,
    /^These are: /,
  ],
  [
    "delay: '5'",
    (s3) => s3.waitUntil("objectExists", object, { delay: any("5") }),
    "ParamValidationError",
    /delay: expected seconds, got "5"$/,
  ],
  [
    "partSize: '8'",
    (s3) => s3.upload({ ...object, Body: "x" }, { partSize: any("8") }),
    "ParamValidationError",
    /partSize: expected a whole number of at least 1, got "8"$/,
  ],
  [
    "concurrency: 2n",
    (s3) => s3.upload({ ...object, Body: "x" }, { concurrency: any(2n) }),
    "ParamValidationError",
    /concurrency: expected a whole number of at least 1, got bigint$/,
  ],
  [
    "endpoint: a URL",
    () => new Session().client({ endpoint: any(new URL("http://x")) }),
    "ConfigError",
    /^endpoint: must be a string such as "https:\/\/s3\.example\.com:9000"$/,
  ],
  [
    "accessKeyId as an option",
    () => new Session().client(any({ accessKeyId: "a" })),
    "ConfigError",
    /^accessKeyId: not an option/,
    /^Did you mean credentials\? /,
  ],
  [
    "requestHandler",
    () => new Session().client(any({ requestHandler: {} })),
    "ConfigError",
    /^requestHandler: not an option/,
    /^Did you mean dispatcher\? /,
  ],
  [
    "maxRetries",
    () => new Session().client(any({ maxRetries: 3 })),
    "ConfigError",
    /^maxRetries: not an option/,
    /^Did you mean maxAttempts\? /,
  ],
  [
    "new S3Resource({ client })",
    (s3) => new S3Resource(any({ client: s3 })),
    "ParamValidationError",
    /^S3Resource: from: expected an S3Client, a Session or options, got dictionary$/,
    /new S3Resource\(client\)/,
  ],
  [
    "new S3Resource('river')",
    () => new S3Resource(any("river")),
    "ParamValidationError",
    /^S3Resource: from: expected an S3Client, a Session or options, got string$/,
  ],
  [
    "new S3Resource(null)",
    () => new S3Resource(any(null)),
    "ParamValidationError",
    /^S3Resource: from: expected an S3Client, a Session or options, got null$/,
  ],
  [
    "objects.filter('a/')",
    (s3) => new S3Resource(s3).bucket("river").objects.filter(any("a/")).toArray(),
    "ParamValidationError",
    /^collection: filter: expected dictionary, got string$/,
    /^\{ Prefix: "a\/" \} is what begins so\.$/,
  ],
  [
    "objects.limit('2')",
    (s3) => new S3Resource(s3).bucket("river").objects.limit(any("2")),
    "ParamValidationError",
    /^collection: limit: expected a whole number, got "2"$/,
  ],
  [
    "objects.delete({}, { concurency })",
    (s3) => new S3Resource(s3).bucket("river").objects.delete({}, any({ concurency: 2 })),
    "ParamValidationError",
    /^DeleteObjects: concurency: not an option$/,
    /^Did you mean concurrency\? The options are concurrency, signal, timeout, headers\.$/,
  ],
  [
    "object.update(fn, { retries })",
    (s3) => new S3Resource(s3).object("river", "k").update((text) => text, any({ retries: 2 })),
    "ParamValidationError",
    /^update: retries: not an option$/,
    /^Did you mean maxAttempts\? The options are as, maxAttempts, input, put, signal, timeout, headers\.$/,
  ],
  [
    "object.update(fn, null)",
    (s3) => new S3Resource(s3).object("river", "k").update((text) => text, any(null)),
    "ParamValidationError",
    /^update: options: expected dictionary, got null$/,
  ],
  [
    "paginate(…, { signal: {} })",
    (s3) => s3.paginate("listObjectsV2", { Bucket: "river" }, { signal: any({}), prefetch: any("no") }),
    "ParamValidationError",
    /^ListObjectsV2: prefetch: expected a boolean, got "no"; signal: expected an AbortSignal$/,
  ],
  [
    "waitUntil(…, { signal: {} })",
    (s3) => s3.waitUntil("objectExists", object, { signal: any({}), sleep: any(5) }),
    "ParamValidationError",
    /^objectExists: signal: expected an AbortSignal; sleep: expected a function, got 5$/,
  ],
  [
    "presign('GET')",
    (s3) => s3.presign(any("GET"), any(object)),
    "ParamValidationError",
    /^method: "GET" is not an operation of S3$/,
    /^Operations have the names/,
  ],
];

describe("newcomers are told what is wrong, where, and what to do", () => {
  it.each(wrongs.map((wrong) => [wrong[0], wrong] as const))("%s", async (_, [, use, name, message, hint]) => {
    const play = new Play();
    await using s3 = onAws(play);
    const error = (await failureOf((async () => use(s3))())) as TucuxiError;
    expect(play.sent).toEqual([]);
    expect(error.name).toBe(name);
    expect(error.message).toMatch(message);
    if (hint) expect(error.hint).toMatch(hint);
  });

  it.each<[use: string, answer: Answer, (s3: S3Client) => Promise<unknown>, hint: RegExp]>([
    [
      "DeleteObjects of nothing",
      fail(400, "MalformedXML"),
      (s3) => s3.deleteObjects({ Bucket: "river", Delete: { Objects: [] } }),
      /^DeleteObjects takes 1 to 1000 keys a call\.$/,
    ],
    [
      "an encoded CopySource",
      fail(400, "InvalidArgument", { ArgumentName: "x-amz-copy-source" }),
      (s3) => s3.copyObject({ ...object, CopySource: "river%2Fa" }),
      /^CopySource is `bucket\/key`, the key as it is and not encoded, or \{ Bucket, Key, VersionId\? \}\.$/,
    ],
    [
      "a copy from no bucket",
      fail(404, "NoSuchBucket"),
      (s3) => s3.copyObject({ ...object, CopySource: "sea/a" }),
      /^Neither the bucket copied to, "river", nor the one copied from is sure to be there\. /,
    ],
    [
      "a copy from no bucket that is named",
      fail(404, "NoSuchBucket", { BucketName: "sea" }),
      (s3) => s3.copyObject({ ...object, CopySource: "sea/a" }),
      /^No bucket "sea" is known at /,
    ],
  ])("also by an answer: %s", async (_, answer, use, hint) => {
    await using s3 = onAws(new Play(() => answer));
    expect(((await failureOf(use(s3))) as TucuxiError).hint).toMatch(hint);
  });
});

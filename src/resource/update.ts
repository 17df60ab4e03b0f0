/** Read, change, write back: under a condition, again and again until nobody came between. */
import type { S3Client } from "../client/client.js";
import type { CallOptions } from "../client/options.js";
import { ParamValidationError, TucuxiError } from "../errors/base.js";
import { checkOptionNames, optionNames } from "../errors/names.js";
import { S3ServiceError } from "../errors/service.js";
import type { GetObjectOutput, GetObjectRequest, PutObjectOutput, PutObjectRequest } from "../model/generated/types.js";
import { sleep } from "../transport/sleep.js";

/** Options of `update`; `timeout` is for each call. */
export interface UpdateOptions extends CallOptions {
  /** How often to try, at most. Default: 10. */
  maxAttempts?: number | undefined;
  /** Members that go into the reads and the writes: keys for encryption, `RequestPayer`, `ExpectedBucketOwner`. */
  input?:
    | Partial<Pick<PutObjectRequest & GetObjectRequest, keyof PutObjectRequest & keyof GetObjectRequest>>
    | undefined;
  /** Members that go into the writes, over those that the object has: `ContentType`, `Metadata`. */
  put?: Partial<Omit<PutObjectRequest, "Bucket" | "Key" | "Body" | "IfMatch" | "IfNoneMatch">> | undefined;
}

/** What names the object. */
export interface Updatable {
  readonly bucketName: string;
  readonly key: string;
}

type Form = "text" | "bytes" | "json";

const updateNames = optionNames<UpdateOptions & { as?: Form }>({
  as: true,
  maxAttempts: true,
  input: true,
  put: true,
  signal: true,
  timeout: true,
  headers: true,
});

/** What a write would lose, if it were not said again. */
const kept = [
  "CacheControl",
  "ContentDisposition",
  "ContentEncoding",
  "ContentLanguage",
  "ContentType",
  "Expires",
  "Metadata",
  "WebsiteRedirectLocation",
  "StorageClass",
  "ServerSideEncryption",
  "SSEKMSKeyId",
  "BucketKeyEnabled",
] as const;

/** See `S3Object.update`. */
export async function updateObject(
  client: S3Client,
  object: Updatable,
  change: (value: unknown) => unknown,
  given: UpdateOptions & { as?: Form },
): Promise<PutObjectOutput | undefined> {
  checkOptionNames(given, updateNames, "update");
  const { as = "text", maxAttempts = 10, input, put, ...options } = given;
  if (typeof change !== "function") {
    throw new ParamValidationError([{ path: "change", problem: `expected a function, got ${typeof change}` }], {
      operation: "update",
    });
  }
  const name = { Bucket: object.bucketName, Key: object.key, ...input };
  /** The bytes of a write whose answer may have been lost. */
  let doubtful: Uint8Array | undefined;
  for (let attempt = 1; ; attempt++) {
    const current = await read(client, name, options);
    const bytes = await current?.Body.bytes();
    // A repeated request finds its own first write in its way. If what is there is what we wrote, it is done.
    if (doubtful && bytes && Buffer.compare(doubtful, bytes) === 0) return written(current!);
    const changed = await change(bytes === undefined ? undefined : parse(bytes, as, object));
    if (changed === undefined) return undefined;
    const body = write(changed, as);
    try {
      return await client.putObject(
        {
          ...(await whatItHas(client, name, current, as, options)),
          ...put,
          ...name,
          Body: body,
          ...condition(current, object),
        },
        options,
      );
    } catch (error) {
      if (!isConflict(error, current !== undefined) || attempt >= maxAttempts) throw error;
      doubtful = error.attempts > 1 ? body : undefined;
      await sleep(Math.random() * Math.min(1000, 20 * 2 ** attempt), options.signal);
    }
  }
}

async function read(
  client: S3Client,
  name: GetObjectRequest,
  options: CallOptions,
): Promise<GetObjectOutput | undefined> {
  try {
    return await client.getObject(name, options);
  } catch (error) {
    if (error instanceof S3ServiceError && error.code === "NoSuchKey") return undefined;
    throw error;
  }
}

function condition(
  current: GetObjectOutput | undefined,
  object: Updatable,
): Pick<PutObjectRequest, "IfMatch" | "IfNoneMatch"> {
  if (!current) return { IfNoneMatch: "*" };
  if (current.ETag !== undefined) return { IfMatch: current.ETag };
  throw new TucuxiError(`${object.bucketName}/${object.key} came without an ETag: it cannot be changed safely`, {
    code: "NoETag",
    hint: "Let CORS or the proxy in between pass the header ETag, or use get() and put().",
  });
}

/** Somebody wrote or deleted the object since it was read. */
function isConflict(error: unknown, wasThere: boolean): error is S3ServiceError {
  if (!(error instanceof S3ServiceError)) return false;
  return error.statusCode === 412 || error.statusCode === 409 || (wasThere && error.code === "NoSuchKey");
}

async function whatItHas(
  client: S3Client,
  name: GetObjectRequest,
  current: GetObjectOutput | undefined,
  as: Form,
  options: CallOptions,
): Promise<Partial<PutObjectRequest>> {
  if (!current) return as === "json" ? { ContentType: "application/json" } : {};
  const members: Record<string, unknown> = {};
  for (const member of kept) if (current[member] !== undefined) members[member] = current[member];
  if (current.TagCount) {
    const { TagSet = [] } = await client.getObjectTagging(
      { Bucket: name.Bucket, Key: name.Key, VersionId: current.VersionId },
      options,
    );
    members["Tagging"] = TagSet.map(({ Key, Value }) => `${encodeURIComponent(Key)}=${encodeURIComponent(Value)}`).join(
      "&",
    );
  }
  return members;
}

/** The answer to a write that was made, from what is read of it. */
function written({ ETag, VersionId, ResponseMetadata }: GetObjectOutput): PutObjectOutput {
  return {
    ...(ETag === undefined ? {} : { ETag }),
    ...(VersionId === undefined ? {} : { VersionId }),
    ResponseMetadata,
  };
}

function parse(bytes: Uint8Array, as: Form, object: Updatable): unknown {
  if (as === "bytes") return bytes;
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString();
  if (as === "text") return text;
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new TucuxiError(`${object.bucketName}/${object.key} is no JSON`, { code: "NotJson", cause });
  }
}

function write(value: unknown, as: Form): Uint8Array {
  const body = as === "json" ? JSON.stringify(value) : value;
  if (typeof body === "string") return Buffer.from(body);
  if (body instanceof Uint8Array) return body;
  throw new ParamValidationError(
    [
      {
        path: "change",
        problem: `expected it to give ${as === "bytes" ? "a Uint8Array" : "a string"}, got ${typeof value}`,
      },
    ],
    {
      operation: "update",
      hint: 'Say `{ as: "json" }` to change a value, or `{ as: "bytes" }` to change bytes.',
    },
  );
}

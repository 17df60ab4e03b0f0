/** What objects have besides boto3's definition of them. */
import type { CallOptions, PresignOptions } from "../client/options.js";
import { S3ServiceError } from "../errors/service.js";
import type { BodyInput } from "../model/dictionaries.js";
import type { Operations } from "../model/generated/methods.js";
import type { HeadObjectRequest, ObjectEntry, PutObjectOutput, PutObjectRequest } from "../model/generated/types.js";
import type {
  CopyInput,
  CopyOptions,
  CopyOutput,
  DownloadedBytes,
  DownloadInput,
  DownloadOptions,
  DownloadOutput,
  DownloadTarget,
  UploadFileInput,
  UploadInput,
  UploadOptions,
  UploadOutput,
} from "../transfer/types.js";
import { type Given, split } from "./base.js";
import { ReadableObject } from "./readable-object.js";
import type { UpdateOptions } from "./update.js";

/** The operations on one object, by the names of the client's methods. */
export type ObjectMethod = {
  [Method in keyof Operations]: Operations[Method]["input"] extends { Bucket: string; Key: string } ? Method : never;
}[keyof Operations];

/** An object by its bucket and key. */
export abstract class ObjectHandle<Data extends object> extends ReadableObject<Data> {
  abstract readonly bucketName: string;
  abstract readonly key: string;

  /**
   * Writes the object.
   * @param body its content: `put("text")`, `put(stream, { ContentType })`, or, as boto3 has it, one dictionary with a `Body`
   * @see {@link https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutObject.html PutObject}
   */
  put(input?: Given<PutObjectRequest, "Bucket" | "Key">, options?: CallOptions): Promise<PutObjectOutput>;
  put(
    body: BodyInput,
    input?: Given<PutObjectRequest, "Bucket" | "Key">,
    options?: CallOptions,
  ): Promise<PutObjectOutput>;
  put(first?: BodyInput | object, second?: object, third?: CallOptions): Promise<PutObjectOutput> {
    const name = { Bucket: this.bucketName, Key: this.key };
    return isBody(first)
      ? this.meta.client.putObject({ ...name, ...second, Body: first }, third)
      : this.meta.client.putObject({ ...name, ...first }, second as CallOptions | undefined);
  }

  /** Is it there? A 403 throws: whoever may not list the bucket is not told. */
  async exists(input: Given<HeadObjectRequest, "Bucket" | "Key"> = {}, options?: CallOptions): Promise<boolean> {
    try {
      await this.meta.client.headObject({ Bucket: this.bucketName, Key: this.key, ...input }, options);
      return true;
    } catch (error) {
      if (error instanceof S3ServiceError && error.statusCode === 404) return false;
      throw error;
    }
  }

  /**
   * A URL with which anybody can read the object, or, given an operation, do that one thing:
   * `presign()`, `presign({ expiresIn: 60 })`, `presign("putObject", { ContentType: "text/plain" }, { expiresIn: 60 })`.
   */
  presign(options?: PresignOptions): Promise<string>;
  presign<Method extends ObjectMethod>(
    method: Method,
    input?: Omit<Operations[Method]["input"], "Bucket" | "Key">,
    options?: PresignOptions,
  ): Promise<string>;
  presign(
    first: ObjectMethod | PresignOptions = {},
    input: object = {},
    options: PresignOptions = {},
  ): Promise<string> {
    const name = { Bucket: this.bucketName, Key: this.key };
    if (typeof first === "string") {
      return this.meta.client.presign(first, { ...name, ...input } as Operations[ObjectMethod]["input"], options);
    }
    const [given, own] = split(first);
    return this.meta.client.presign("getObject", { ...name, ...given }, own);
  }

  /**
   * Uploads content of any kind and length, in parts where it is large; see `S3Client.upload`.
   * @param body bytes, a string, a stream, even of unknown length
   */
  upload(
    body: UploadInput["Body"],
    input?: Given<Omit<UploadInput, "Body">, "Bucket" | "Key">,
    options?: UploadOptions,
  ): Promise<UploadOutput> {
    return this.meta.client.upload({ Bucket: this.bucketName, Key: this.key, ...input, Body: body }, options);
  }

  /** Uploads a file, in parts where it is large; see `S3Client.uploadFile`. */
  uploadFile(
    path: string,
    input?: Given<UploadFileInput, "Bucket" | "Key">,
    options?: UploadOptions,
  ): Promise<UploadOutput> {
    return this.meta.client.uploadFile(path, { Bucket: this.bucketName, Key: this.key, ...input }, options);
  }

  /** Downloads the object into memory, by ranges side by side; see `S3Client.download`. */
  download(input?: Given<DownloadInput, "Bucket" | "Key">, options?: DownloadOptions): Promise<DownloadedBytes> {
    return this.meta.client.download({ Bucket: this.bucketName, Key: this.key, ...input }, options);
  }

  /** Downloads the object to a stream, in order, by ranges side by side; see `S3Client.download`. */
  downloadTo(
    target: DownloadTarget,
    input?: Given<DownloadInput, "Bucket" | "Key">,
    options?: DownloadOptions,
  ): Promise<DownloadOutput> {
    return this.meta.client.download({ Bucket: this.bucketName, Key: this.key, ...input }, target, options);
  }

  /** Downloads the object to a file, by ranges side by side; see `S3Client.downloadFile`. */
  downloadFile(
    path: string,
    input?: Given<DownloadInput, "Bucket" | "Key">,
    options?: DownloadOptions,
  ): Promise<DownloadOutput> {
    return this.meta.client.downloadFile({ Bucket: this.bucketName, Key: this.key, ...input }, path, options);
  }

  /** Makes this object a copy of another, of any size, in parts where need be; see `S3Client.copy`. */
  copy(input: Given<CopyInput, "Bucket" | "Key">, options?: CopyOptions): Promise<CopyOutput> {
    return this.meta.client.copy({ Bucket: this.bucketName, Key: this.key, ...input }, options);
  }

  /**
   * Reads, changes and writes back, without losing what another writer did meanwhile: the write is refused when the object changed since the
   * read (`If-Match`; `If-None-Match: *` when it was not there), and then everything is done again. Metadata, content headers, tags,
   * storage class and encryption stay.
   * @param change gets the content, undefined when there is no object, and gives the new; undefined leaves all as it is. It may be called several times.
   * @returns the answer to the write; undefined when there was nothing to write
   * @throws PreconditionFailed (or ConditionalRequestConflict) when others were faster `maxAttempts` times
   *
   * ```ts
   * await object.update((text = "") => `${text}one more line\n`);
   * await object.update<{ visits: number }>((page = { visits: 0 }) => ({ visits: page.visits + 1 }), { as: "json" });
   * ```
   */
  update(
    change: (text: string | undefined) => string | undefined | Promise<string | undefined>,
    options?: UpdateOptions & { as?: "text" },
  ): Promise<PutObjectOutput | undefined>;
  update(
    change: (bytes: Uint8Array | undefined) => Uint8Array | undefined | Promise<Uint8Array | undefined>,
    options: UpdateOptions & { as: "bytes" },
  ): Promise<PutObjectOutput | undefined>;
  update<T = unknown>(
    change: (value: T | undefined) => T | undefined | Promise<T | undefined>,
    options: UpdateOptions & { as: "json" },
  ): Promise<PutObjectOutput | undefined>;
  async update(
    change: unknown,
    options: UpdateOptions & { as?: "text" | "bytes" | "json" } = {},
  ): Promise<PutObjectOutput | undefined> {
    const { updateObject } = await import("./update.js");
    return updateObject(this.meta.client, this, change as (value: unknown) => unknown, options);
  }
}

/** An object that a listing told of; its attributes are those of the listing. */
export abstract class SummaryHandle extends ObjectHandle<ObjectEntry> {
  /**
   * Fetches the attributes, in place of those that are there, by HeadObject: who may read an object need not be allowed to list its bucket.
   * @see {@link https://docs.aws.amazon.com/AmazonS3/latest/API/API_HeadObject.html HeadObject}
   */
  async load(input: Given<HeadObjectRequest, "Bucket" | "Key"> = {}, options?: CallOptions): Promise<this> {
    const { ContentLength, ...head } = await this.meta.client.headObject(
      { Bucket: this.bucketName, Key: this.key, ...input },
      options,
    );
    this.meta.data = { ...head, Key: this.key, Size: ContentLength };
    return this;
  }

  /** The same as `load`. */
  reload(input?: Given<HeadObjectRequest, "Bucket" | "Key">, options?: CallOptions): Promise<this> {
    return this.load(input, options);
  }
}

/** A body, not a dictionary with one. */
function isBody(value: BodyInput | object | undefined): value is BodyInput {
  if (typeof value === "string" || typeof value === "function") return true;
  if (typeof value !== "object" || value === null) return false;
  if (ArrayBuffer.isView(value) || value instanceof ArrayBuffer || value instanceof Blob) return true;
  return Symbol.asyncIterator in value || Symbol.iterator in value || "getReader" in value;
}

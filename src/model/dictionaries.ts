import type { Readable } from "node:stream";

/**
 * What a streaming member such as `Body` takes. A function that opens the source anew makes any stream replayable, so that a
 * retry can send it again; strings go out as UTF-8.
 */
export type BodyInput = BodySource | (() => BodySource | Promise<BodySource>);

// `ReadableStream` is the global one, in programs that have the DOM's types the DOM's.

/** What a function given as a body may return. */
export type BodySource =
  | string
  | Uint8Array
  | ArrayBuffer
  | Blob
  | Readable
  | ReadableStream<Uint8Array>
  | Iterable<Uint8Array>
  | AsyncIterable<Uint8Array>;

/** An object to copy from: names as they are, which we encode, or S3's own `bucket/key?versionId=id`, whose key we encode too. */
export type CopySource = string | { Bucket: string; Key: string; VersionId?: string | undefined };

/**
 * A body that comes from the service. It is read once, in one of these ways; length and checksum are checked as it is
 * read, and a fault rejects the read (`IncompleteBodyError`, `ChecksumMismatchError`, `TransportError`).
 */
export interface ResponseBody extends AsyncIterable<Uint8Array> {
  /** True once somebody has begun to read. */
  readonly bodyUsed: boolean;
  /** The whole body, decoded as UTF-8. */
  text(): Promise<string>;
  /** The whole body, parsed as JSON. */
  json<T = unknown>(): Promise<T>;
  /** The whole body. */
  bytes(): Promise<Uint8Array>;
  /** The whole body in an ArrayBuffer of its own. */
  arrayBuffer(): Promise<ArrayBuffer>;
  /** The whole body as a Blob of the answer's content type. */
  blob(): Promise<Blob>;
  /** The body as a web stream of bytes. */
  stream(): ReadableStream<Uint8Array>;
  /** The body as a Node stream. */
  readable(): Readable;
  /** Lets the connection go without reading on. */
  destroy(reason?: unknown): void;
}

/** What every result says about the answer it came from. */
export interface ResponseMetadata {
  /** `x-amz-request-id` (or `x-amzn-requestid`). */
  RequestId?: string;
  /** `x-amz-id-2`. */
  HostId?: string;
  /** The HTTP status. */
  HTTPStatusCode: number;
  /** The headers of the answer, by lower-case name, but for those that only requests have: an echo of `Authorization` is a secret. */
  HTTPHeaders: Record<string, string>;
  /** How many times the request was sent again: 0 when the first attempt succeeded. */
  RetryAttempts: number;
}

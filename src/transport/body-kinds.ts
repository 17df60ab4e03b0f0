import { Buffer } from "node:buffer";
import { createReadStream, fstat, ReadStream, stat } from "node:fs";
import type { Readable } from "node:stream";
import type { ReadableStream } from "node:stream/web";
import { ParamValidationError, TucuxiError } from "../errors/base.js";
import type { BodySource } from "../model/dictionaries.js";
import { isReadable } from "./claim.js";
import { HttpResponseBody } from "./response-body.js";

export { isReadable };

/** A source opened for reading: its pieces, and how to give it up. */
export interface OpenSource {
  next(): Promise<IteratorResult<unknown>> | IteratorResult<unknown>;
  destroy(reason: unknown): void;
}

/** Bytes that are in memory already, without a copy, or undefined for a source that must be read. */
export function inMemory(input: unknown): Uint8Array | undefined {
  if (typeof input === "string") return Buffer.from(input, "utf8");
  if (input instanceof Uint8Array) return input;
  if (ArrayBuffer.isView(input)) return new Uint8Array(input.buffer, input.byteOffset, input.byteLength);
  if (input instanceof ArrayBuffer || isSharedBuffer(input)) return new Uint8Array(input);
  return undefined;
}

function isSharedBuffer(input: unknown): input is SharedArrayBuffer {
  return typeof SharedArrayBuffer !== "undefined" && input instanceof SharedArrayBuffer;
}

/** Also a Blob of another realm or package. */
export function isBlob(input: unknown): input is Blob {
  if (input instanceof Blob) return true;
  const tag = typeof input === "object" && input !== null ? (input as Record<symbol, unknown>)[Symbol.toStringTag] : "";
  return (tag === "Blob" || tag === "File") && typeof (input as Blob).stream === "function";
}

export function isWebStream(input: unknown): input is ReadableStream<unknown> {
  return typeof (input as ReadableStream | null)?.getReader === "function";
}

/** Whether it gives its pieces anew each time it is asked for an iterator. */
export function isRepeatable(input: unknown): input is Iterable<unknown> {
  const iterable = input as Partial<Iterable<unknown>> | null;
  return typeof iterable?.[Symbol.iterator] === "function" && (iterable[Symbol.iterator]?.() as unknown) !== input;
}

/** Refuses what is no body, and what can no longer be read, now rather than as an empty object. */
export function checkSource(source: unknown): void {
  const iterable = source as Partial<AsyncIterable<unknown> & Iterable<unknown>> | null | undefined;
  const iterates = iterable?.[Symbol.asyncIterator] !== undefined || iterable?.[Symbol.iterator] !== undefined;
  if (!iterates && !isBlob(source) && !isReadable(source) && !isWebStream(source)) throw badBody(source);
  if (isReadable(source)) {
    if (source.errored) throw failedSource(source.errored, 0);
    if (source.readableEnded) throw consumed("has been read to its end");
    if (source.destroyed) throw consumed("was destroyed");
  } else if (isWebStream(source) && source.locked) throw consumed("is locked by another reader");
  else if (source instanceof HttpResponseBody && source.bodyUsed) throw consumed("has been read already");
}

function consumed(why: string): TucuxiError {
  return new TucuxiError(`The stream given as Body ${why}`, {
    code: "BodyNotReplayable",
    hint: "Give a fresh stream, or a function that opens one.",
  });
}

/** Opens a source. Throws a ParamValidationError for what is none. */
export function openSource(source: BodySource): OpenSource {
  checkSource(source);
  if (isBlob(source)) return openWebStream(source.stream() as ReadableStream<unknown>);
  if (source instanceof HttpResponseBody) return openIterator(source[Symbol.asyncIterator]());
  if (isReadable(source)) {
    source.on("error", ignore);
    const pieces = (source as AsyncIterable<unknown>)[Symbol.asyncIterator]();
    return { next: () => pieces.next(), destroy: (reason) => source.destroy(asError(reason)) };
  }
  if (isWebStream(source)) return openWebStream(source);
  const iterable = source as Partial<AsyncIterable<unknown> & Iterable<unknown>> | null | undefined;
  const pieces = iterable?.[Symbol.asyncIterator]?.() ?? iterable?.[Symbol.iterator]?.();
  if (pieces === undefined) throw badBody(source);
  return openIterator(pieces);
}

function openWebStream(stream: ReadableStream<unknown>): OpenSource {
  const reader = stream.getReader();
  return {
    next: () => reader.read() as Promise<IteratorResult<unknown>>,
    destroy: (reason) => {
      reader.cancel(reason).catch(ignore);
    },
  };
}

function openIterator(pieces: AsyncIterator<unknown> | Iterator<unknown>): OpenSource {
  return {
    next: () => pieces.next(),
    destroy: () => {
      try {
        const returned: unknown = pieces.return?.();
        if (returned instanceof Promise) returned.catch(ignore);
      } catch {
        // What a source says while it is being thrown away changes nothing.
      }
    },
  };
}

/** Not something that a body can be made of. */
export function badBody(given: unknown): ParamValidationError {
  const problem = `expected a string, bytes, Blob, stream, iterable of bytes, or a function that returns one, got ${nameOf(given)}`;
  return new ParamValidationError([{ path: "Body", problem }]);
}

/** One piece of a source as bytes. */
export function asBytes(piece: unknown): Uint8Array {
  if (piece instanceof Uint8Array) return piece;
  const bytes = inMemory(piece);
  if (bytes !== undefined) return bytes;
  throw new ParamValidationError([
    { path: "Body", problem: `its pieces must be bytes (Uint8Array) or strings, got ${nameOf(piece)}` },
  ]);
}

/** What went wrong in a source, in an error of ours with the cause within. */
export function failedSource(cause: unknown, given: number): TucuxiError {
  if (cause instanceof TucuxiError) return cause;
  const message = cause instanceof Error ? cause.message : String(cause);
  return new TucuxiError(`The body's source failed after ${given} bytes: ${message}`, {
    code: "BodySourceFailed",
    cause,
    hint: "The fault is in what was given as Body; nothing was stored.",
  });
}

/** What is known of a file stream without reading it. */
export interface FileFacts {
  readonly length: number;
  /** Opens the same piece of the same file again. */
  readonly reopen: (() => Readable) | undefined;
}

/** Length and path of a stream over a regular file, as far as they can be known; undefined for other streams. */
export async function fileFacts(stream: unknown): Promise<FileFacts | undefined> {
  if (!(stream instanceof ReadStream)) return undefined;
  // Typed loosely by Node: `fd` is null until it is open; `path` is not there for a stream over a descriptor.
  const { fd, path, start, end, bytesRead } = stream as unknown as {
    fd: number | null;
    path: string | Buffer | undefined;
    start: number | undefined;
    end: number | undefined;
    bytesRead: number;
  };
  // Over a bare descriptor without a start, the reading begins wherever the descriptor stands.
  if (stream.readableEncoding !== null || (path === undefined && start === undefined)) return undefined;
  const stats = await new Promise<{ size: number; isFile(): boolean } | undefined>((resolve) => {
    const done = (error: unknown, found: { size: number; isFile(): boolean }): void =>
      resolve(error ? undefined : found);
    if (typeof fd === "number") fstat(fd, done);
    else if (path !== undefined) stat(path, done);
    else resolve(undefined);
  });
  // Files that claim to be empty may not be, /proc has many: reading tells.
  if (stats === undefined || !stats.isFile() || stats.size === 0) return undefined;
  const from = start ?? 0;
  const length = Math.max(Math.min((end ?? Number.POSITIVE_INFINITY) + 1, stats.size) - from, 0);
  const read = stream.bytesRead;
  if (read !== bytesRead || read > 0) return { length: length - read + stream.readableLength, reopen: undefined };
  const { readableHighWaterMark: highWaterMark } = stream;
  const reopen =
    path === undefined
      ? undefined
      : () => createReadStream(path, { start: from, end: end ?? Number.POSITIVE_INFINITY, highWaterMark });
  return { length, reopen };
}

/** What to call a value in a message; never the value itself. */
function nameOf(value: unknown): string {
  if (value === null) return "null";
  if (typeof value !== "object") return typeof value === "undefined" ? "undefined" : `a ${typeof value}`;
  const name = (Object.getPrototypeOf(value) as { constructor?: { name?: string } } | null)?.constructor?.name;
  return name ? `a value of class ${name}` : "an object";
}

function asError(reason: unknown): Error | undefined {
  return reason instanceof Error ? reason : undefined;
}

function ignore(): void {}

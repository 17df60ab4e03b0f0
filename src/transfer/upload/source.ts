/** Where the bytes of an upload come from, part by part. */
import { Buffer } from "node:buffer";
import { orAborted } from "../../client/limits.js";
import { IncompleteBodyError, ParamValidationError } from "../../errors/base.js";
import type { BodyInput, BodySource } from "../../model/dictionaries.js";
import {
  asBytes,
  badBody,
  checkSource,
  failedSource,
  fileFacts,
  inMemory,
  isBlob,
  isReadable,
  type OpenSource,
  openSource,
} from "../../transport/body-kinds.js";
import { HttpResponseBody } from "../../transport/index.js";
import { KIB, MIB } from "../limits.js";

/** What is read of a stream at first where nobody knows how much will come. */
const FIRST = 64 * KIB;

export interface PartSource {
  /** Bytes of all of it; undefined: only its end will tell. */
  readonly size: number | undefined;
  /** Parts must be asked for in order, one at a time. */
  readonly sequential: boolean;
  /** Parts need memory of ours to be read into. */
  readonly needsBuffer: boolean;
  /**
   * The next (or any) `length` bytes from `start` on, in `buffer` or in memory of its own. Fewer only at the end of a source of unknown size.
   */
  read(start: number, length: number, buffer: Buffer | undefined): Promise<Uint8Array>;
  /** The same bytes as often as need be, in small pieces, checked before the last; undefined where only `read` can. */
  readonly stream?: (start: number, length: number) => AsyncGenerator<Uint8Array>;
  /** All of it in small pieces, checked before the last, once: of a source that is asked in order. */
  readonly once?: () => AsyncGenerator<Uint8Array>;
  /** Everything was read: is it still what it was? Throws when not. */
  check(): Promise<void>;
  close(reason?: unknown): Promise<void>;
}

/** A piece after the other. A source that is not what it was fails before the last: then nothing is stored. */
export async function* piecesOf(source: PartSource, start: number, length: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < length; at += MIB) {
    const piece = await source.read(start + at, Math.min(MIB, length - at), undefined);
    if (at + MIB >= length) await source.check();
    yield piece;
  }
}

/**
 * Whatever is given as a Body.
 * @param declared its length, if the caller gave one
 * @param signal ends the wait for a source from which nothing comes
 */
export async function openBody(
  input: BodyInput | undefined,
  declared: number | undefined,
  signal: AbortSignal,
): Promise<PartSource> {
  let given: unknown = input === undefined ? new Uint8Array(0) : input;
  if (typeof given === "function") {
    try {
      given = await orAborted(Promise.resolve((given as () => BodySource | Promise<BodySource>)()), signal);
    } catch (error) {
      throw failedSource(error, 0);
    }
  }
  const bytes = inMemory(given);
  if (bytes !== undefined) return new BytesSource(bytes, declared);
  if (isBlob(given)) return new BlobSource(given, declared);
  checkSource(given);
  let size = given instanceof HttpResponseBody ? given.contentLength : undefined;
  if (isReadable(given)) {
    // An error of the stream before anybody reads it is the upload's, not the process's.
    given.on("error", () => {});
    size = (await fileFacts(given))?.length;
    checkSource(given);
  }
  if (typeof given !== "object" || given === null) throw badBody(given);
  const source = openSource(given as BodySource);
  try {
    checkDeclared(size, declared);
  } catch (error) {
    source.destroy(error);
    throw error;
  }
  return new StreamSource(source, size ?? declared, signal);
}

/** Refuses a length that is not the body's. */
export function checkDeclared(size: number | undefined, declared: number | undefined): void {
  if (size === undefined || declared === undefined || size === declared) return;
  throw new ParamValidationError([{ path: "ContentLength", problem: `is ${declared}, but Body has ${size} bytes` }], {
    operation: "upload",
    hint: "Leave ContentLength out: the length of this body is known.",
  });
}

class BytesSource implements PartSource {
  readonly size: number;
  readonly sequential = false;
  readonly needsBuffer = false;
  readonly #bytes: Uint8Array;

  constructor(bytes: Uint8Array, declared: number | undefined) {
    checkDeclared(bytes.length, declared);
    this.#bytes = bytes;
    this.size = bytes.length;
  }

  async read(start: number, length: number): Promise<Uint8Array> {
    return this.#bytes.subarray(start, start + length);
  }

  async check(): Promise<void> {}
  async close(): Promise<void> {}
}

class BlobSource implements PartSource {
  readonly size: number;
  readonly sequential = false;
  readonly needsBuffer = false;
  readonly #blob: Blob;

  constructor(blob: Blob, declared: number | undefined) {
    checkDeclared(blob.size, declared);
    this.#blob = blob;
    this.size = blob.size;
  }

  async read(start: number, length: number): Promise<Uint8Array> {
    try {
      const bytes = new Uint8Array(await this.#blob.slice(start, start + length).arrayBuffer());
      if (bytes.length !== length) throw new IncompleteBodyError(length, bytes.length);
      return bytes;
    } catch (error) {
      throw failedSource(error, start);
    }
  }

  stream(start: number, length: number): AsyncGenerator<Uint8Array> {
    return piecesOf(this, start, length);
  }

  async check(): Promise<void> {}
  async close(): Promise<void> {}
}

class StreamSource implements PartSource {
  readonly size: number | undefined;
  readonly sequential = true;
  readonly needsBuffer = true;
  readonly #source: OpenSource;
  readonly #signal: AbortSignal;
  #given = 0;
  #ended = false;
  /** What of the last piece belongs to the next part. */
  #rest: Uint8Array | undefined;

  constructor(source: OpenSource, size: number | undefined, signal: AbortSignal) {
    this.#source = source;
    this.size = size;
    this.#signal = signal;
  }

  once(): AsyncGenerator<Uint8Array> {
    return piecesOf(this, 0, this.size ?? 0);
  }

  async read(_start: number, length: number, buffer: Buffer | undefined): Promise<Uint8Array> {
    // Of a length that nobody knows no more is taken than comes.
    let target = buffer ?? Buffer.allocUnsafe(this.size === undefined ? Math.min(length, FIRST) : length);
    let at = 0;
    try {
      while (at < length) {
        const piece = this.#rest ?? (await this.#next());
        if (piece === undefined) break;
        const taken = Math.min(piece.length, length - at);
        if (at + taken > target.length) target = enlarged(target, at, at + taken, length);
        target.set(taken === piece.length ? piece : piece.subarray(0, taken), at);
        this.#rest = taken === piece.length ? undefined : piece.subarray(taken);
        at += taken;
      }
    } catch (error) {
      throw failedSource(error, this.#given + at);
    }
    this.#given += at;
    if (at < length && this.size !== undefined) throw this.#mismatch("ended early");
    return at === target.length ? target : target.subarray(0, at);
  }

  async #next(): Promise<Uint8Array | undefined> {
    while (!this.#ended) {
      const step = this.#source.next();
      const { done, value } = step instanceof Promise ? await orAborted(step, this.#signal) : step;
      if (done) {
        this.#ended = true;
        return undefined;
      }
      const bytes = asBytes(value);
      if (bytes.length > 0) return bytes;
    }
    return undefined;
  }

  async check(): Promise<void> {
    if (this.size === undefined) return;
    const more = this.#rest ?? (await this.#next());
    if (more !== undefined) {
      this.#given += more.length;
      throw this.#mismatch("goes on past it");
    }
  }

  async close(reason?: unknown): Promise<void> {
    if (!this.#ended) this.#source.destroy(reason);
    this.#ended = true;
  }

  #mismatch(what: string): IncompleteBodyError {
    return new IncompleteBodyError(this.size ?? 0, this.#given, {
      code: "ContentLengthMismatch",
      hint: `Body was to have ${this.size} bytes, but it ${what}. Nothing was stored.`,
    });
  }
}

/** More memory with the same beginning: twice as much, `needed` at least and `most` at most. */
function enlarged(bytes: Buffer, length: number, needed: number, most: number): Buffer {
  const larger = Buffer.allocUnsafe(Math.min(Math.max(needed, bytes.length * 2), most));
  larger.set(bytes.subarray(0, length));
  return larger;
}

import { Buffer } from "node:buffer";
import { IncompleteBodyError, ParamValidationError, TucuxiError } from "../errors/base.js";
import type { BodyInput, BodySource } from "../model/dictionaries.js";
import {
  asBytes,
  checkSource,
  failedSource,
  fileFacts,
  inMemory,
  isBlob,
  isRepeatable,
  type OpenSource,
  openSource,
} from "./body-kinds.js";
import { claimBody, isReadable } from "./claim.js";
import { HttpResponseBody } from "./response-body.js";

/** A stream of unknown length is held in memory up to here: one part of a multipart upload. */
export const HELD = 8 * 1024 * 1024;
/** A Blob up to here is taken into memory: one copy, and then it can be hashed and sent at once. */
const SMALL_BLOB = 1024 * 1024;

/** A body ready to be sent, once or as often as its kind allows. */
export interface RequestBody {
  /** Bytes that will be sent; undefined for a stream nobody knows the length of. */
  readonly length: number | undefined;
  /** All of it, if it is in memory. */
  readonly bytes: Uint8Array | undefined;
  /** It can be sent more than once. */
  readonly replayable: boolean;
  /** It has been opened at least once. */
  readonly opened: boolean;
  /**
   * The pieces, for one attempt. It fails (so that the request is cut off, not stored) when the source fails, ends early or goes on past its
   * length. Throws `BodyNotReplayable` when it can't be opened again.
   */
  open(): AsyncIterable<Uint8Array>;
  /** Lets go of the source. Harmless after the end. */
  discard(reason?: unknown): void;
}

/**
 * Sees what a body is: how long, in memory or not, replayable or not. A stream of unknown length is read up to 8 MiB; if it ends before,
 * its bytes are the body.
 *
 * @param declared the caller's ContentLength
 * @param endless a stream of unknown length goes out as it comes, however long it is
 * @throws ParamValidationError for a value that is no body, for a stream longer than 8 MiB whose length nobody knows, and for a length
 *   that is not the declared one; TucuxiError for a stream that was read before or that fails
 */
export async function prepareBody(
  input: BodyInput | undefined,
  declared?: number,
  signal?: AbortSignal,
  endless = false,
): Promise<RequestBody> {
  const bytes = input === undefined ? NOTHING : inMemory(input);
  if (bytes !== undefined) return prepareBytes(bytes, declared);
  claimBody(input);
  if (typeof input !== "function") return prepareSource(input as BodySource, undefined, declared, signal, endless);
  const factory = input;
  const first = await callFactory(factory);
  return prepareSource(first, () => callFactory(factory), declared, signal, endless);
}

/** The same for bytes in memory, without waiting. */
export function prepareBytes(bytes: Uint8Array, declared?: number): RequestBody {
  checkDeclared(declared, bytes.length);
  return new Bytes(bytes);
}

const NOTHING = new Uint8Array(0);

async function callFactory(factory: () => BodySource | Promise<BodySource>): Promise<BodySource> {
  try {
    const source = await factory();
    claimBody(source);
    return source;
  } catch (error) {
    throw failedSource(error, 0);
  }
}

async function prepareSource(
  source: BodySource,
  again: (() => BodySource | Promise<BodySource>) | undefined,
  declared: number | undefined,
  signal: AbortSignal | undefined,
  endless: boolean,
): Promise<RequestBody> {
  const bytes = inMemory(source);
  if (bytes !== undefined) return prepareBytes(bytes, declared);
  checkSource(source);
  let length: number | undefined;
  let reopen = again;
  if (isBlob(source)) {
    length = source.size;
    if (length <= SMALL_BLOB) {
      checkDeclared(declared, length);
      return prepareBytes(new Uint8Array(await readBlob(source)), declared);
    }
    reopen ??= () => source;
  } else if (source instanceof HttpResponseBody) {
    length = source.contentLength;
  } else if (isReadable(source)) {
    const file = await fileFacts(source);
    length = file?.length;
    reopen ??= file?.reopen;
    checkSource(source); // The look at the file took time.
  } else if (isRepeatable(source)) {
    reopen ??= () => source;
    if (Array.isArray(source)) length = totalLength(source);
  }
  try {
    checkDeclared(declared, length);
  } catch (error) {
    openSource(source).destroy(error);
    throw error;
  }
  length ??= declared;
  if (length === undefined) return endless ? new Streamed(source, reopen, undefined) : hold(openSource(source), signal);
  if (length === 0) {
    // Nothing is sent as nothing: chunks around it would only be one more thing for a store to stumble over.
    const body = await hold(openSource(source), signal);
    checkDeclared(0, body.length);
    return body;
  }
  return new Streamed(source, reopen, length);
}

/** Reads a source of unknown length to its end, if that comes soon enough. */
async function hold(source: OpenSource, signal: AbortSignal | undefined): Promise<RequestBody> {
  const pieces: Uint8Array[] = [];
  let total = 0;
  let stop: (() => void) | undefined;
  // A source that never gives anything must not hold the call when it is given up.
  const stopped = signal && new Promise<never>((_, reject) => (stop = () => reject(signal.reason)));
  stopped?.catch(ignore);
  if (stop !== undefined) signal?.addEventListener("abort", stop);
  try {
    signal?.throwIfAborted();
    for (;;) {
      const next = source.next();
      const { done, value } = await (stopped ? Promise.race([next, stopped]) : next);
      if (done) break;
      const piece = asBytes(value);
      total += piece.length;
      if (total > HELD) throw tooLong();
      // A source may use its memory again for the next piece.
      pieces.push(piece);
    }
  } catch (error) {
    source.destroy(error);
    throw signal?.aborted ? signal.reason : failedSource(error, total);
  } finally {
    if (stop !== undefined) signal?.removeEventListener("abort", stop);
  }
  return new Bytes(pieces.length === 1 ? (pieces[0] as Uint8Array) : Buffer.concat(pieces, total));
}

function tooLong(): ParamValidationError {
  const problem = `its length is not known, and it is longer than ${HELD / 1024 / 1024} MiB`;
  return new ParamValidationError([{ path: "Body", problem }], {
    hint: "Use upload(), which sends a stream of any length in parts, or give ContentLength.",
  });
}

async function readBlob(blob: Blob): Promise<ArrayBuffer> {
  try {
    return await blob.arrayBuffer();
  } catch (error) {
    throw failedSource(error, 0);
  }
}

function totalLength(pieces: readonly unknown[]): number {
  let total = 0;
  for (const piece of pieces) total += asBytes(piece).length;
  return total;
}

function checkDeclared(declared: number | undefined, length: number | undefined): void {
  if (declared === undefined || length === undefined || declared === length) return;
  throw new ParamValidationError([{ path: "ContentLength", problem: `is ${declared}, but Body has ${length} bytes` }], {
    hint: "Leave ContentLength out: the length of this body is known.",
  });
}

/** Bytes in memory. */
class Bytes implements RequestBody {
  readonly bytes: Uint8Array;
  readonly replayable = true;
  opened = false;

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
  }

  get length(): number {
    return this.bytes.length;
  }

  async *open(): AsyncGenerator<Uint8Array> {
    this.opened = true;
    if (this.bytes.length > 0) yield this.bytes;
  }

  discard(): void {}
}

/** A source that is read while it is sent. */
class Streamed implements RequestBody {
  readonly bytes = undefined;
  readonly length: number | undefined;
  opened = false;
  #source: BodySource | undefined;
  #reopen: (() => BodySource | Promise<BodySource>) | undefined;
  #pieces: Pieces | undefined;

  constructor(
    source: BodySource,
    reopen: (() => BodySource | Promise<BodySource>) | undefined,
    length: number | undefined,
  ) {
    this.#source = source;
    this.#reopen = reopen;
    this.length = length;
  }

  get replayable(): boolean {
    return this.#reopen !== undefined;
  }

  open(): AsyncIterable<Uint8Array> {
    this.opened = true;
    this.#pieces?.discard(undefined);
    let source: BodySource | Promise<BodySource> | undefined = this.#source;
    this.#source = undefined;
    if (source === undefined) {
      if (this.#reopen === undefined) {
        throw new TucuxiError("The body is a stream that was sent already, and cannot be sent again", {
          code: "BodyNotReplayable",
          hint: "Give bytes, a Blob, or a function that opens the stream anew.",
        });
      }
      source = this.#reopen();
    }
    this.#pieces = new Pieces(source, this.length);
    return this.#pieces;
  }

  discard(reason?: unknown): void {
    const source = this.#source;
    this.#source = undefined;
    if (source !== undefined && !isBlob(source) && !Array.isArray(source)) {
      try {
        openSource(source).destroy(reason);
      } catch {
        // It can't be opened: there is nothing to let go of.
      }
    }
    this.#pieces?.discard(reason);
  }
}

/**
 * The pieces of a source, watched: they come to exactly the length announced, if one was. The piece that completes it is held back until the source says that
 * this was all; otherwise a source that goes on would leave an object, cut off, that looks complete.
 */
class Pieces implements AsyncIterableIterator<Uint8Array> {
  #source: BodySource | Promise<BodySource>;
  #open: OpenSource | undefined;
  #length: number | undefined;
  #given = 0;
  #over = false;

  constructor(source: BodySource | Promise<BodySource>, length: number | undefined) {
    this.#source = source;
    this.#length = length;
    // Discarded before it is read, a source that can't be opened is nobody's concern.
    if (source instanceof Promise) source.catch(ignore);
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  async next(): Promise<IteratorResult<Uint8Array>> {
    if (this.#over) return { done: true, value: undefined };
    try {
      this.#open ??= await this.#start();
      const piece = await this.#read(this.#open);
      const length = this.#length;
      if (piece === undefined) {
        if (length !== undefined && this.#given < length) throw mismatch(length, this.#given, "ended early");
        this.#over = true;
        return { done: true, value: undefined };
      }
      this.#given += piece.length;
      if (length === undefined || this.#given < length) return { done: false, value: piece };
      if (this.#given > length) throw mismatch(length, this.#given, "goes on past it");
      const more = await this.#read(this.#open);
      if (more !== undefined) throw mismatch(length, this.#given + more.length, "goes on past it");
      return { done: false, value: piece };
    } catch (error) {
      const failure = failedSource(error, this.#given);
      this.discard(failure);
      throw failure;
    }
  }

  async return(): Promise<IteratorResult<Uint8Array>> {
    this.discard(undefined);
    return { done: true, value: undefined };
  }

  discard(reason: unknown): void {
    if (this.#over) return;
    this.#over = true;
    if (this.#open !== undefined) this.#open.destroy(reason);
    else if (this.#source instanceof Promise) {
      this.#source.then((late) => openSource(late).destroy(reason)).catch(ignore);
    } else {
      try {
        openSource(this.#source).destroy(reason);
      } catch {
        // It can't be opened: there is nothing to let go of.
      }
    }
  }

  async #start(): Promise<OpenSource> {
    const source = await this.#source;
    const bytes = inMemory(source);
    return openSource(bytes === undefined ? source : [bytes]);
  }

  /** The next piece that has bytes. */
  async #read(source: OpenSource): Promise<Uint8Array | undefined> {
    for (;;) {
      const { done, value } = await source.next();
      if (done) return undefined;
      const piece = asBytes(value);
      if (piece.length > 0) return piece;
    }
  }
}

function mismatch(length: number, given: number, what: string): IncompleteBodyError {
  return new IncompleteBodyError(length, given, {
    code: "ContentLengthMismatch",
    hint: `ContentLength (or the file's size) says ${length} bytes, but Body ${what}. The request was cut off; nothing was stored.`,
  });
}

function ignore(): void {}

import { Blob, Buffer } from "node:buffer";
import { Readable } from "node:stream";
import type { ReadableStream } from "node:stream/web";
import { IncompleteBodyError, TransportError, TucuxiError } from "../errors/base.js";
import type { ResponseBody } from "../model/dictionaries.js";
import { HIGH_WATER } from "./body-queue.js";
import { memoryFor } from "./memory.js";
import type { BodySource } from "./types.js";

/** Computes a checksum as bytes pass and compares it at the end. */
export interface Verifier {
  update(bytes: Uint8Array): void;
  /** Throws a ChecksumMismatchError if the bytes are not those that the service described. */
  verify(): void;
}

export interface ResponseBodyOptions {
  /** The announced length; undefined: not known. */
  readonly contentLength?: number | undefined;
  readonly contentType?: string | undefined;
  readonly verifier?: Verifier | undefined;
  /** Called once when the body has been read, has failed, or was let go. */
  readonly onEnd?: (() => void) | undefined;
  readonly heal?: Heal | undefined;
}

/**
 * Asked when a source breaks, with the failure and the bytes given out so far: another source that goes on from there, or undefined to let
 * the failure stand. What it throws stands instead. `gone` is aborted when the reader goes away meanwhile.
 */
export type Heal = (failure: TucuxiError, given: number, gone: AbortSignal) => Promise<BodySource | undefined>;

type Piece = Uint8Array | null;

/**
 * Takes bytes that are lent for the time of the call. False: no more at all, the rest is let go. A promise: no more until it is settled, and what it
 * comes to counts.
 */
export type Taker = (bytes: Uint8Array) => Enough | Promise<Enough>;
/** False for enough. */
export type Enough = false | undefined;

/** Gives all of a body to `take`, piece by piece; without memory in between where the body comes from a connection of ours. */
export async function feedBody(body: ResponseBody, take: Taker): Promise<void> {
  if (body instanceof HttpResponseBody) return body.feed(take);
  for await (const piece of body) if ((await take(piece)) === false) return;
}

/** The body of an answer, for its reader: over a source of bytes, with length and checksum checked on the way. */
export function makeResponseBody(source: BodySource, options: ResponseBodyOptions = {}): HttpResponseBody {
  return new HttpResponseBody(source, options);
}

/** @see makeResponseBody */
export class HttpResponseBody implements ResponseBody {
  /** Bytes that the service announced; undefined when it did not. */
  readonly contentLength: number | undefined;
  #source: BodySource;
  #options: ResponseBodyOptions;
  #used = false;
  #given = 0;
  /** Everything was given out, and checked. */
  #ended = false;
  #failed = false;
  #failure: unknown;
  /** What is seen to when the body is collected before its end; undefined for one that fits the queue. */
  #held: Forgotten | undefined;
  #healing: AbortController | undefined;

  constructor(source: BodySource, options: ResponseBodyOptions) {
    this.#source = source;
    this.#options = options;
    const length = options.contentLength;
    this.contentLength = length;
    if (length === undefined || length >= HIGH_WATER) {
      // One that fits the queue lets its connection go by itself; only these must be seen to when they are collected.
      this.#held = { source, onEnd: options.onEnd };
      forgotten().register(this, this.#held, this);
    }
  }

  get bodyUsed(): boolean {
    return this.#used;
  }

  text(): Promise<string> {
    return this.#whole(toText);
  }

  json<T = unknown>(): Promise<T> {
    return this.#whole(toJson) as Promise<T>;
  }

  bytes(): Promise<Uint8Array> {
    return this.#whole(toBytes);
  }

  arrayBuffer(): Promise<ArrayBuffer> {
    return this.#whole(toArrayBuffer);
  }

  blob(): Promise<Blob> {
    const type = this.#options.contentType ?? "";
    return this.#whole((bytes) => new Blob([bytes], { type }));
  }

  /** @see feedBody */
  async feed(take: Taker): Promise<void> {
    this.#begin();
    await this.#feed(take);
  }

  stream(): ReadableStream<Uint8Array> {
    this.#begin();
    // The global one, which Node loads when it is first asked for: a millisecond that few need.
    return new globalThis.ReadableStream<Uint8Array>(
      {
        pull: async (controller) => {
          const piece = await this.#pull();
          if (piece === null) controller.close();
          else controller.enqueue(piece);
        },
        cancel: (reason) => {
          this.destroy(reason);
        },
      },
      // No reading ahead: the queue beneath does that.
      { highWaterMark: 0 },
    );
  }

  readable(): Readable {
    this.#begin();
    const pull = (): Piece | Promise<Piece> => this.#pull();
    const readable = new Readable({
      read() {
        fill(this, pull);
      },
      destroy: (error, callback) => {
        if (!this.#ended) this.destroy(error ?? undefined);
        callback(error);
      },
    });
    // A failure that nobody listens for must not end the process; readers, pipelines and `for await` still meet it.
    return readable.on("error", ignore);
  }

  [Symbol.asyncIterator](): AsyncIterableIterator<Uint8Array> {
    this.#begin();
    let busy: Promise<unknown> | undefined;
    const step = async (): Promise<IteratorResult<Uint8Array>> => {
      const piece = await this.#pull();
      return piece === null ? { done: true, value: undefined } : { done: false, value: piece };
    };
    return {
      next: () => {
        // A source gives one piece at a time; whoever asks for several gets them in order.
        const result = busy === undefined ? step() : busy.then(step, step);
        const mine = result.then(ignore, ignore).then(() => {
          if (busy === mine) busy = undefined;
        });
        busy = mine;
        return result;
      },
      return: async (value?: unknown) => {
        this.destroy();
        return { done: true, value };
      },
      [Symbol.asyncIterator]() {
        return this;
      },
    };
  }

  destroy(reason?: unknown): void {
    if (this.#ended || this.#failed) return;
    const failure =
      reason ??
      new TucuxiError("The body was destroyed", {
        code: "BodyDestroyed",
        hint: "Call the operation again to read it.",
      });
    this.#used = true;
    this.#stop(failure);
    this.#source.cancel(failure);
    this.#healing?.abort(failure);
  }

  #begin(): void {
    if (this.#used) {
      if (this.#failed) throw this.#failure;
      throw new TucuxiError("The body was read already, or is being read", {
        code: "BodyUsed",
        hint: "A body comes once over the network: keep the result of the first read, or call the operation again.",
      });
    }
    this.#used = true;
  }

  /** The whole body, converted. One promise where it is all here, as small bodies are. */
  #whole<T>(convert: (bytes: Buffer) => T): Promise<T> {
    try {
      this.#begin();
      const first = this.#pull();
      if (first instanceof Promise) return first.then((piece) => this.#rest(piece)).then(convert);
      if (first === null || this.#ended) return Promise.resolve(convert(first === null ? NOTHING : asBuffer(first)));
      return this.#rest(first).then(convert);
    } catch (error) {
      return Promise.reject(error);
    }
  }

  /** The whole body, from its first piece on. */
  async #rest(first: Piece): Promise<Buffer> {
    if (first === null) return NOTHING;
    if (this.#ended) return asBuffer(first);
    const length = this.contentLength;
    return length === undefined ? this.#gather(first) : this.#fill(first, length);
  }

  /** Into one piece of memory, at once of the right size. */
  async #fill(first: Uint8Array, length: number): Promise<Buffer> {
    const all = memoryFor(length);
    if (all === undefined) {
      this.destroy();
      throw new TucuxiError(`The body of ${length} bytes is too large to be held in memory`, {
        code: "BodyTooLarge",
        hint: "Read it piece by piece (for await, stream(), readable()), or use downloadFile.",
      });
    }
    all.set(first);
    let at = first.length;
    await this.#feed((piece) => {
      all.set(piece, at);
      at += piece.length;
    });
    return all;
  }

  /** Gives what is left to `take`. */
  async #feed(take: Taker): Promise<void> {
    try {
      while (!this.#ended) {
        const source = this.#source;
        const piece = source.feed === undefined ? await this.#pull() : await this.#lend(source, take);
        if (piece === false) break;
        if (piece === undefined) continue;
        if (piece === null) return;
        if ((await take(piece)) === false) break;
      }
    } catch (error) {
      this.destroy(error);
      throw error;
    }
    this.destroy();
  }

  /**
   * Lends what comes as long as `take` takes it at once. Gives a piece that must be given in the usual way, null at the end, false when no more is wanted.
   */
  async #lend(source: BodySource, take: Taker): Promise<Piece | undefined | false> {
    let failing: Promise<Piece> | undefined;
    let asked: unknown;
    let thrown: { readonly error: unknown } | undefined;
    let ended: boolean | undefined;
    try {
      ended = await source.feed?.((bytes) => {
        const piece = this.#check(bytes);
        if (piece instanceof Promise) {
          failing = piece;
          return false;
        }
        try {
          asked = take(bytes);
        } catch (error) {
          thrown = { error };
          return false;
        }
        // At the end the connection is not to pause: the next request waits for it.
        return asked === undefined || this.#ended;
      });
    } catch (error) {
      // What goes wrong behind the last byte is nobody's loss.
      return failing ?? (this.#ended ? undefined : this.#broken(error));
    }
    if (failing !== undefined) return failing;
    if (thrown !== undefined) throw thrown.error;
    if ((await asked) === false) return false;
    return ended && !this.#ended ? this.#check(null) : undefined;
  }

  /** As many pieces as come, put together at the end. */
  async #gather(first: Uint8Array): Promise<Buffer> {
    const pieces = [first];
    for (;;) {
      const next = this.#pull();
      const piece = next instanceof Promise ? await next : next;
      if (piece === null) break;
      pieces.push(piece);
    }
    return pieces.length === 1 ? asBuffer(first) : Buffer.concat(pieces);
  }

  /** The next piece, checked. */
  #pull(): Piece | Promise<Piece> {
    if (this.#failed) return Promise.reject(this.#failure);
    if (this.#ended) return null;
    let piece: Piece | Promise<Piece>;
    try {
      piece = this.#source.read();
    } catch (error) {
      return this.#broken(error);
    }
    if (piece instanceof Promise) {
      return piece.then(
        (late) => this.#check(late),
        (error: unknown) => this.#broken(error),
      );
    }
    return this.#check(piece);
  }

  #check(piece: Piece): Piece | Promise<Piece> {
    if (this.#failed) return Promise.reject(this.#failure);
    const length = this.contentLength;
    if (piece === null) {
      if (length !== undefined && this.#given < length)
        return this.#broken(new IncompleteBodyError(length, this.#given));
      return this.#finish() ?? null;
    }
    this.#given += piece.length;
    this.#options.verifier?.update(piece);
    if (length === undefined || this.#given < length) return piece;
    if (this.#given > length) {
      const failure = new IncompleteBodyError(length, this.#given);
      this.destroy(failure);
      return Promise.reject(failure);
    }
    // The last piece is not given out before the checksum of all is known to be right.
    return this.#finish() ?? piece;
  }

  /** Checks the checksum; a rejected promise if it is wrong. */
  #finish(): Promise<Piece> | undefined {
    try {
      this.#options.verifier?.verify();
    } catch (error) {
      this.#stop(error);
      this.#source.cancel(error);
      return Promise.reject(error);
    }
    this.#ended = true;
    this.#unwatch();
    this.#options.onEnd?.();
    return undefined;
  }

  #broken(failure: unknown): Promise<Piece> {
    const { heal } = this.#options;
    if (this.#failed) return Promise.reject(this.#failure);
    if (heal === undefined || !isBreak(failure)) {
      this.#stop(failure);
      return Promise.reject(failure);
    }
    this.#healing = new AbortController();
    return heal(failure, this.#given, this.#healing.signal).then(
      (source) => {
        this.#healing = undefined;
        if (this.#failed) {
          source?.cancel(this.#failure);
          throw this.#failure;
        }
        if (source === undefined) {
          this.#stop(failure);
          throw failure;
        }
        this.#source = source;
        if (this.#held !== undefined) this.#held.source = source;
        return this.#pull();
      },
      (error: unknown) => {
        this.#stop(error);
        throw error;
      },
    );
  }

  #stop(failure: unknown): void {
    if (this.#failed || this.#ended) return;
    this.#failed = true;
    this.#failure = failure;
    this.#unwatch();
    this.#options.onEnd?.();
  }

  #unwatch(): void {
    if (this.#held === undefined) return;
    this.#held = undefined;
    forgotten().unregister(this);
  }
}

/** A connection that broke, or was let go; not a wrong checksum, nor an abort, which has no class of ours. */
function isBreak(failure: unknown): failure is TucuxiError {
  return (
    failure instanceof TransportError ||
    failure instanceof IncompleteBodyError ||
    (failure instanceof TucuxiError && failure.code === "BodyAbandoned")
  );
}

const NOTHING = Buffer.alloc(0);

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
}

function toText(bytes: Buffer): string {
  return bytes.toString("utf8");
}

function toJson(bytes: Buffer): unknown {
  const text = toText(bytes);
  try {
    return JSON.parse(text.charCodeAt(0) === 0xfeff ? text.slice(1) : text);
  } catch (cause) {
    throw new TucuxiError(`The body is not JSON: ${(cause as Error).message}`, { code: "InvalidJson", cause });
  }
}

/** In memory that nothing else lies in: what comes small lies beside the headers it came with. */
function toArrayBuffer(bytes: Buffer): ArrayBuffer {
  if (bytes.length === bytes.buffer.byteLength) return bytes.buffer as ArrayBuffer;
  const copy = Buffer.allocUnsafeSlow(bytes.length);
  copy.set(bytes);
  return copy.buffer as ArrayBuffer;
}

function toBytes(bytes: Buffer): Uint8Array {
  return new Uint8Array(toArrayBuffer(bytes));
}

/** Gives a Readable what there is, as long as it takes it. */
function fill(readable: Readable, pull: () => Piece | Promise<Piece>): void {
  for (;;) {
    const piece = pull();
    if (piece instanceof Promise) {
      piece.then(
        (late) => {
          readable.push(late);
        },
        (error: Error) => {
          readable.destroy(error);
        },
      );
      return;
    }
    if (!readable.push(piece) || piece === null) return;
  }
}

interface Forgotten {
  source: BodySource;
  readonly onEnd: (() => void) | undefined;
}

let registry: FinalizationRegistry<Forgotten> | undefined;

/** Lets go of bodies that were collected before anybody had read them to their end: their connections are free again. */
function forgotten(): FinalizationRegistry<Forgotten> {
  registry ??= new FinalizationRegistry(({ source, onEnd }) => {
    source.cancel(new TucuxiError("Nobody held the body any more", { code: "BodyAbandoned" }));
    onEnd?.();
  });
  return registry;
}

function ignore(): void {}

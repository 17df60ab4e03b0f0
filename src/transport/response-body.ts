import { Blob, Buffer } from "node:buffer";
import { Readable } from "node:stream";
import type { ReadableStream } from "node:stream/web";
import { TucuxiError } from "../errors/base.js";
import type { ResponseBody } from "../model/dictionaries.js";
import { CheckedBody, type Piece, type ResponseBodyOptions, type Taker } from "./checked-body.js";
import { memoryFor } from "./memory.js";
import type { BodySource } from "./types.js";

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
export class HttpResponseBody extends CheckedBody implements ResponseBody {
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
    const type = this.contentType ?? "";
    return this.#whole((bytes) => new Blob([bytes], { type }));
  }

  stream(): ReadableStream<Uint8Array> {
    this.begin();
    // The global one, which Node loads when it is first asked for: a millisecond that few need.
    return new globalThis.ReadableStream<Uint8Array>(
      {
        pull: async (controller) => {
          const piece = await this.pull();
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
    this.begin();
    const pull = (): Piece | Promise<Piece> => this.pull();
    const readable = new Readable({
      read() {
        fill(this, pull);
      },
      destroy: (error, callback) => {
        if (!this.ended) this.destroy(error ?? undefined);
        callback(error);
      },
    });
    // A failure that nobody listens for must not end the process; readers, pipelines and `for await` still meet it.
    return readable.on("error", ignore);
  }

  [Symbol.asyncIterator](): AsyncIterableIterator<Uint8Array> {
    this.begin();
    let busy: Promise<unknown> | undefined;
    const step = async (): Promise<IteratorResult<Uint8Array>> => {
      const piece = await this.pull();
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

  /** The whole body, converted. One promise where it is all here, as small bodies are. */
  #whole<T>(convert: (bytes: Buffer) => T): Promise<T> {
    try {
      this.begin();
      const first = this.pull();
      if (first instanceof Promise) return first.then((piece) => this.#rest(piece)).then(convert);
      if (first === null || this.ended) return Promise.resolve(convert(first === null ? NOTHING : asBuffer(first)));
      return this.#rest(first).then(convert);
    } catch (error) {
      return Promise.reject(error);
    }
  }

  /** The whole body, from its first piece on. */
  async #rest(first: Piece): Promise<Buffer> {
    if (first === null) return NOTHING;
    if (this.ended) return asBuffer(first);
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
    await this.feedRest((piece) => {
      all.set(piece, at);
      at += piece.length;
    });
    return all;
  }

  /** As many pieces as come, put together at the end. */
  async #gather(first: Uint8Array): Promise<Buffer> {
    const pieces = [first];
    for (;;) {
      const next = this.pull();
      const piece = next instanceof Promise ? await next : next;
      if (piece === null) break;
      pieces.push(piece);
    }
    return pieces.length === 1 ? asBuffer(first) : Buffer.concat(pieces);
  }
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

function ignore(): void {}

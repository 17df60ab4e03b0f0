import { ownCopy } from "./memory.js";
import type { BodySource } from "./types.js";

/** Bytes that may lie unread before the connection is told to pause. */
export const HIGH_WATER = 256 * 1024;

/** Lent pieces up to this size, as those of TLS are, are put together: each that goes to a reader alone costs a wake-up, and memory of its own. */
const SMALL = 32 * 1024;
/** What they are put together to. */
const GATHERED = 64 * 1024;

/** What a queue tells the exchange that fills it. */
export interface QueueOwner {
  /** The reader has made room: let more come. */
  resumeBody(): void;
  /** The reader took a piece, and there are more. */
  readPaused(): void;
  /** The reader gave up. */
  cancelBody(reason: unknown): void;
}

/**
 * The body of one answer between the connection that pushes and the reader that pulls: a bounded queue. What goes wrong waits here until
 * somebody reads; it is never a rejected promise that nobody holds.
 */
export class BodyQueue implements BodySource {
  /** True once anybody has asked for bytes. */
  touched = false;
  /** True while the connection waits for a reader. */
  paused = false;
  #owner: QueueOwner;
  #chunks: Uint8Array[] | undefined;
  #next = 0;
  #queued = 0;
  /** Bytes that are announced and have not come yet; undefined: nobody knows. */
  #left: number | undefined;
  /** Where small pieces are being put together, behind all that is in `#chunks`, and how far. */
  #open: Buffer | undefined;
  #openLength = 0;
  /** A reader will get what is open at the end of this turn of the event loop. */
  #soon: NodeJS.Immediate | undefined;
  #ended = false;
  #failed = false;
  #failure: unknown;
  #resolve: ((chunk: Uint8Array | null) => void) | undefined;
  #reject: ((reason: unknown) => void) | undefined;
  #take: ((bytes: Uint8Array) => boolean) | undefined;
  #fed: ((ended: boolean) => void) | undefined;

  /** @param length the announced length of all that will come */
  constructor(owner: QueueOwner, length?: number) {
    this.#owner = owner;
    this.#left = length;
  }

  /** From the connection, `lent` where the bytes are good for the time of the call alone; false asks it to pause. */
  push(chunk: Uint8Array, lent = false): boolean {
    if (this.#left !== undefined) this.#left -= chunk.length;
    const take = this.#take;
    if (take !== undefined) {
      if (take(chunk)) return true;
      // Nothing of what is to come need be kept meanwhile: it stays with the kernel.
      this.paused = true;
      this.#endFeed(false);
      return false;
    }
    this.#queued += chunk.length;
    if (lent && chunk.length <= SMALL && this.#left !== undefined) this.#gather(chunk, this.#left);
    else {
      this.#close();
      this.#add(lent ? ownCopy(chunk) : chunk);
    }
    if (this.#resolve !== undefined) {
      if (this.#open === undefined) this.#answer();
      else this.#soon ??= setImmediate(answerNow, this);
      return true;
    }
    if (this.#queued < HIGH_WATER) return true;
    this.paused = true;
    return false;
  }

  #add(chunk: Uint8Array): void {
    if (this.#chunks === undefined) this.#chunks = [chunk];
    else this.#chunks.push(chunk);
  }

  /** @param left bytes to come after this piece */
  #gather(piece: Uint8Array, left: number): void {
    if (this.#open !== undefined && this.#openLength + piece.length > this.#open.length) this.#close();
    this.#open ??= Buffer.allocUnsafeSlow(Math.max(piece.length, Math.min(GATHERED, piece.length + left)));
    this.#open.set(piece, this.#openLength);
    this.#openLength += piece.length;
    if (this.#openLength === this.#open.length) this.#close();
  }

  /** What was put together is a chunk like others. */
  #close(): void {
    if (this.#open === undefined) return;
    const whole = this.#openLength === this.#open.length;
    this.#add(whole ? this.#open : this.#open.subarray(0, this.#openLength));
    this.#open = undefined;
    this.#openLength = 0;
  }

  /** Gives the reader that waits what there is. */
  #answer(): void {
    const resolve = this.#resolve;
    if (resolve === undefined || this.#queued === 0) return;
    this.#resolve = undefined;
    resolve(this.read() as Uint8Array);
  }

  /** The turn of the event loop is over. */
  answerNow(): void {
    this.#soon = undefined;
    this.#answer();
  }

  /** From the connection: that was all. */
  end(): void {
    this.#answer();
    this.#ended = true;
    if (this.#take !== undefined) this.#endFeed(true);
    const resolve = this.#resolve;
    if (resolve === undefined) return;
    this.#resolve = undefined;
    resolve(null);
  }

  /** From the connection: it broke. What is queued is still given out first. */
  fail(reason: unknown): void {
    if (this.#ended || this.#failed) return;
    this.#answer();
    this.#failed = true;
    this.#failure = reason;
    if (this.#resolve === undefined && this.#take === undefined) return;
    this.#resolve = undefined;
    this.#take = undefined;
    this.#reject?.(reason);
  }

  /** As `fail`, but at once: what is queued is dropped. An abort must not trickle. */
  abort(reason: unknown): void {
    if (this.#ended && this.#queued === 0) return;
    this.#drop();
    this.#ended = false;
    this.#failed = false;
    this.fail(reason);
  }

  read(): Uint8Array | null | Promise<Uint8Array | null> {
    this.touched = true;
    if (this.#next === (this.#chunks?.length ?? 0)) this.#close();
    const chunks = this.#chunks;
    if (chunks !== undefined && this.#next < chunks.length) {
      const chunk = chunks[this.#next++] as Uint8Array;
      this.#queued -= chunk.length;
      if (this.#next === chunks.length) {
        chunks.length = 0;
        this.#next = 0;
        // Going on only when all is taken makes pauses few and the pieces between them many.
        this.#goOn();
      } else if (this.paused) this.#owner.readPaused();
      return chunk;
    }
    if (this.#failed) throw this.#failure;
    if (this.#ended) return null;
    return new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
      this.#goOn();
    });
  }

  feed(take: (bytes: Uint8Array) => boolean): Promise<boolean> {
    this.touched = true;
    while (this.#queued > 0) if (!take(this.read() as Uint8Array)) return Promise.resolve(false);
    if (this.#failed) return Promise.reject(this.#failure);
    if (this.#ended) return Promise.resolve(true);
    return new Promise((resolve, reject) => {
      this.#take = take;
      this.#fed = resolve;
      this.#reject = reject;
      this.#goOn();
    });
  }

  #goOn(): void {
    if (!this.paused) return;
    this.paused = false;
    this.#owner.resumeBody();
  }

  #endFeed(ended: boolean): void {
    this.#take = undefined;
    this.#fed?.(ended);
  }

  cancel(reason: unknown): void {
    const over = this.#ended || this.#failed;
    this.abort(reason);
    if (!over) this.#owner.cancelBody(reason);
  }

  #drop(): void {
    this.#chunks = undefined;
    this.#open = undefined;
    this.#openLength = 0;
    this.#next = 0;
    this.#queued = 0;
  }
}

function answerNow(queue: BodyQueue): void {
  queue.answerNow();
}

/** Counts what a transfer has moved, and tells whoever wants to know, not too often. */
import type { TransferProgress } from "./types.js";

const INTERVAL = 100;
/** The time after which an old rate counts a third, in milliseconds. */
const MEMORY = 3000;

export class Meter {
  total: number | undefined;
  resumeToken: string | undefined;
  #bytes = 0;
  #parts = 0;
  #files = 0;
  #rate = 0;
  #told = performance.now();
  #toldBytes = 0;
  readonly #start = this.#told;
  readonly #listener: ((progress: TransferProgress) => void) | undefined;
  readonly #stop: (reason: unknown) => void;

  /** @param stop ends the transfer when the listener throws */
  constructor(listener: ((progress: TransferProgress) => void) | undefined, stop: (reason: unknown) => void) {
    this.#listener = listener;
    this.#stop = stop;
  }

  /** Somebody listens: bytes are worth counting as they go, not only at the end of a part. */
  get heard(): boolean {
    return this.#listener !== undefined;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** More to move than was known so far. */
  expect(bytes: number): void {
    this.total = (this.total ?? 0) + bytes;
  }

  add(bytes: number): void {
    this.#bytes += bytes;
    if (this.#listener !== undefined) {
      const now = performance.now();
      if (now - this.#told < INTERVAL) return;
      try {
        this.#tell(now);
      } catch (error) {
        // Thrown here it would pass for a fault of the body that is being counted.
        this.#stop(error);
      }
    }
  }

  partDone(): void {
    this.#parts++;
  }

  fileDone(): void {
    this.#files++;
  }

  /** The last word. */
  finish(): void {
    this.#tell(performance.now());
  }

  #tell(now: number): void {
    if (this.#listener === undefined) return;
    const took = now - this.#told;
    const current = took > 0 ? ((this.#bytes - this.#toldBytes) / took) * 1000 : this.#rate;
    // Over the first seconds the plain average: there is no older rate to go by.
    const sinceStart = now - this.#start;
    const weight = sinceStart < MEMORY ? took / Math.max(sinceStart, 1) : 1 - Math.exp(-took / MEMORY);
    this.#rate += (current - this.#rate) * weight;
    this.#told = now;
    this.#toldBytes = this.#bytes;
    this.#listener({
      bytes: this.#bytes,
      total: this.total,
      parts: this.#parts,
      files: this.#files,
      rate: Math.max(0, Math.round(this.#rate)),
      resumeToken: this.resumeToken,
    });
  }
}

/** The bytes of one request, which may be sent several times and count once. */
export class Tally {
  readonly #meter: Meter;
  #counted = 0;
  #at = 0;

  constructor(meter: Meter) {
    this.#meter = meter;
  }

  /** It begins anew. */
  restart(): void {
    this.#at = 0;
  }

  add(bytes: number): void {
    this.#at += bytes;
    if (this.#at <= this.#counted) return;
    const more = this.#at - this.#counted;
    this.#counted = this.#at;
    this.#meter.add(more);
  }

  /** All of it is there. */
  done(bytes: number): void {
    this.#at = 0;
    this.add(bytes);
    this.#meter.partDone();
  }
}

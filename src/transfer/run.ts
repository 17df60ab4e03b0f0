/** What one call's requests share: their end, their number, their memory, their bandwidth, their count. */
import { Bandwidth } from "./bandwidth.js";
import { Meter } from "./meter.js";
import { Scope } from "./scope.js";
import { Slots } from "./slots.js";
import type { TransferOptions } from "./types.js";

export class Run {
  readonly scope: Scope;
  readonly slots: Slots;
  readonly concurrency: number;
  readonly bandwidth: Bandwidth | undefined;
  readonly meter: Meter;
  readonly #spare: Buffer[] = [];

  /** @param parent the run that this is a part of: it ends by itself, and shares all the rest */
  constructor(options: TransferOptions, concurrency: number, parent?: Run) {
    this.scope = new Scope(options.signal);
    this.concurrency = concurrency;
    if (parent) {
      this.slots = parent.slots;
      this.bandwidth = parent.bandwidth;
      this.meter = parent.meter;
      this.#spare = parent.#spare;
      return;
    }
    this.slots = new Slots(concurrency);
    this.bandwidth = options.maxBandwidth === undefined ? undefined : new Bandwidth(options.maxBandwidth);
    this.meter = new Meter(options.onProgress, (reason) => this.scope.stop(reason));
  }

  /** For one file of many: its failure stops its own requests, not those of the others. */
  child(): Run {
    return new Run({ signal: this.signal }, this.concurrency, this);
  }

  get signal(): AbortSignal {
    return this.scope.signal;
  }

  /** Runs `job` when a request may go; gives the slot back afterwards, whatever becomes of it. */
  async slot<T>(job: () => Promise<T>): Promise<T> {
    const wait = this.slots.take();
    if (wait) await wait;
    try {
      this.signal.throwIfAborted();
      return await job();
    } finally {
      this.slots.give();
    }
  }

  /** Memory for a part: used again, since fresh pages cost more than what is read into them. */
  takeBuffer(size: number): Buffer {
    const at = this.#spare.findIndex((buffer) => buffer.length >= size && buffer.length <= size * 2);
    if (at < 0) return Buffer.allocUnsafeSlow(size);
    return this.#spare.splice(at, 1)[0]!;
  }

  giveBuffer(buffer: Buffer): void {
    // A range that is read into one is written from another.
    if (this.#spare.length < 2 * this.concurrency) this.#spare.push(buffer);
  }

  /** Everything is over: lets go of the caller's signal. */
  end(): void {
    this.scope.end();
  }
}

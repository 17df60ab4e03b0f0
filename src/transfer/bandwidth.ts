/** A limit on bytes per second, shared by everything that asks it. */
import { sleep } from "../transport/index.js";

/** What may go at once after a pause, in seconds' worth of bytes: little enough to keep to the limit over any second. */
const BURST = 0.1;

export class Bandwidth {
  readonly #rate: number;
  /** When the bytes granted so far will all have had their time, in milliseconds. */
  #until = 0;

  /** @param rate bytes per second */
  constructor(rate: number) {
    this.#rate = rate;
  }

  /** Bytes to ask for at once: a tenth of a second, 64 KiB at most. */
  get piece(): number {
    return Math.max(1, Math.min(65_536, Math.floor(this.#rate * BURST)));
  }

  /** Waits until so many bytes may go. */
  take(bytes: number, signal: AbortSignal): Promise<void> | undefined {
    const now = performance.now();
    const start = Math.max(this.#until, now - BURST * 1000);
    this.#until = start + (bytes / this.#rate) * 1000;
    const delay = start - now;
    return delay > 1 ? sleep(delay, signal) : undefined;
  }
}

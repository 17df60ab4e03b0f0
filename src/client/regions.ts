import { isRegion } from "./redirect.js";

/**
 * Where buckets turned out to live. A redirect costs a round trip, so a client remembers what it learnt; bounded, because
 * a program may visit any number of buckets.
 */
export class BucketRegions {
  readonly #regions = new Map<string, string>();
  readonly #limit: number;

  /** @param limit most buckets remembered; the one learnt first goes first */
  constructor(limit = 1000) {
    this.#limit = limit;
  }

  /** The region of a bucket, if it was learnt. */
  get(bucket: string): string | undefined {
    return this.#regions.size === 0 ? undefined : this.#regions.get(bucket);
  }

  /** Remembers it, unless it is no region: one such answer would spoil every call that follows. */
  set(bucket: string, region: string): void {
    if (!isRegion(region)) return;
    this.#regions.delete(bucket);
    if (this.#regions.size >= this.#limit) this.#regions.delete(this.#regions.keys().next().value as string);
    this.#regions.set(bucket, region);
  }

  /** The bucket was deleted or made anew: what was learnt may be wrong. */
  forget(bucket: string): void {
    this.#regions.delete(bucket);
  }
}

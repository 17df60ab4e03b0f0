/** How far the rate falls at a throttle. */
const BETA = 0.7;
/** How fast it rises again. */
const SCALE = 0.4;
/** Weight of the newest measurement. */
const SMOOTH = 0.8;
/** Lowest rate, requests a second. */
const MIN_RATE = 0.5;

/**
 * The rate of the adaptive mode: unlimited until the service throttles for the first time; from then on a bucket of tokens whose rate follows a
 * cubic curve (CUBIC, as in TCP): down to 0.7 at a throttle, back towards the old rate at first fast, then carefully, then beyond it.
 * @see {@link https://docs.aws.amazon.com/sdkref/latest/guide/feature-retry-behavior.html Retry behavior}
 */
export class RateLimiter {
  #clock: () => number;
  #enabled = false;
  #rate = 0;
  #capacity = 0;
  #tokens = 0;
  #filledAt = 0;
  #measured = 0;
  #requests = 0;
  #bucket: number;
  #lastMax = 0;
  #throttledAt: number;
  #window = 0;

  /** @param clock the time in ms */
  constructor(clock: () => number) {
    this.#clock = clock;
    this.#throttledAt = this.#seconds();
    this.#bucket = Math.floor(this.#throttledAt * 2) / 2;
  }

  /** Takes a token; ms to wait until it is there. Those who ask later wait longer. */
  acquire(): number {
    if (!this.#enabled) return 0;
    this.#refill();
    this.#tokens -= 1;
    return this.#tokens >= 0 ? 0 : (-this.#tokens / this.#rate) * 1000;
  }

  /** Puts a token back that will not be used. */
  giveBack(): void {
    if (this.#enabled) this.#tokens = Math.min(this.#tokens + 1, this.#capacity);
  }

  /** Learns from an answer. */
  update(throttled: boolean): void {
    this.#measure();
    const now = this.#seconds();
    let rate: number;
    if (throttled) {
      const from = this.#enabled ? Math.min(this.#measured, this.#rate) : this.#measured;
      this.#lastMax = from;
      this.#window = this.#timeWindow();
      this.#throttledAt = now;
      rate = from * BETA;
      this.#enabled = true;
    } else {
      this.#window = this.#timeWindow();
      rate = SCALE * (now - this.#throttledAt - this.#window) ** 3 + this.#lastMax;
    }
    if (this.#enabled) this.#setRate(Math.min(rate, 2 * this.#measured));
  }

  #timeWindow(): number {
    return Math.cbrt((this.#lastMax * (1 - BETA)) / SCALE);
  }

  #setRate(rate: number): void {
    this.#refill();
    this.#rate = Math.max(rate, MIN_RATE);
    this.#capacity = Math.max(rate, 1);
    this.#tokens = Math.min(this.#tokens, this.#capacity);
  }

  #refill(): void {
    const now = this.#seconds();
    if (this.#filledAt !== 0)
      this.#tokens = Math.min(this.#capacity, this.#tokens + (now - this.#filledAt) * this.#rate);
    this.#filledAt = now;
  }

  #measure(): void {
    const now = this.#seconds();
    const bucket = Math.floor(now * 2) / 2;
    this.#requests++;
    if (bucket <= this.#bucket) return;
    const current = this.#requests / (bucket - this.#bucket);
    this.#measured = current * SMOOTH + this.#measured * (1 - SMOOTH);
    this.#requests = 0;
    this.#bucket = bucket;
  }

  #seconds(): number {
    return this.#clock() / 1000;
  }
}

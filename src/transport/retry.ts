import { RateLimiter } from "./rate-limiter.js";
import { judge } from "./retry-table.js";

export interface RetryOptions {
  /** `adaptive` also slows the client down while the service throttles. Default: `standard`. */
  readonly mode?: "standard" | "adaptive" | undefined;
  /** Attempts a call may make, the first included. Default: 3. */
  readonly maxAttempts?: number | undefined;
  /** From 0 up to 1. Default: `Math.random`. */
  readonly random?: (() => number) | undefined;
  /** The time in ms. Default: `Date.now`. */
  readonly clock?: (() => number) | undefined;
}

/** How a call fares. What is optional below `idempotent`, the policy writes. */
export interface RetryCall {
  /** The number of the attempt that failed, 1 for the first. */
  readonly attempt: number;
  /** May the request be carried out twice? Default: true, as nearly all of S3. */
  readonly idempotent?: boolean | undefined;
  /** Attempts that met a kept connection that was closed: they count for nothing. */
  stale?: number | undefined;
  /** The next attempt is to open a connection of its own: those that are kept may all be closed. */
  fresh?: boolean | undefined;
  /** Tokens that the last retry took. */
  spent?: number | undefined;
}

/** Tokens in the quota that all calls of a client share. */
const QUOTA = 500;
const COST = 14;
const COST_THROTTLED = 5;
/** Longest pause, seconds. */
const LONGEST = 20;
/** First pause at most, seconds. */
const SCALE = 0.05;
const SCALE_THROTTLED = 1;
/** How much longer than our own pause `x-amz-retry-after` may make it, ms. */
const SERVER_EXTRA = 5000;

/**
 * Whether and when a failed attempt is repeated: AWS's standard mode in its newest revision. The pause before retry n is
 * `random * min(scale * 2^(n-1), 20)` seconds, with a scale of 0.05, or 1 when throttled. Each retry takes tokens from a quota of 500 that the calls
 * of a client share (14, or 5 when throttled), and gives those of the last one back when it succeeds: while a service is down, retries don't multiply its load.
 * What is worth repeating stands in {@link judge | one table}.
 * @see {@link https://docs.aws.amazon.com/sdkref/latest/guide/feature-retry-behavior.html Retry behavior}
 */
export class RetryPolicy {
  readonly maxAttempts: number;
  #random: () => number;
  #clock: () => number;
  #tokens = QUOTA;
  #limiter: RateLimiter | undefined;

  constructor(options: RetryOptions = {}) {
    this.maxAttempts = Math.max(options.maxAttempts ?? 3, 1);
    this.#random = options.random ?? Math.random;
    this.#clock = options.clock ?? Date.now;
    this.#limiter = options.mode === "adaptive" ? new RateLimiter(this.#clock) : undefined;
  }

  /** Tokens left in the quota. */
  get tokens(): number {
    return this.#tokens;
  }

  /** Milliseconds to wait before the next request is sent; 0 but in adaptive mode after throttling. It counts as sent. */
  beforeSend(): number {
    return this.#limiter === undefined ? 0 : this.#limiter.acquire();
  }

  /** The request that was to be sent will not be: the call gave up while it waited. */
  giveUp(): void {
    this.#limiter?.giveBack();
  }

  /** Milliseconds to wait before the next attempt, or undefined: this failure ends the call. */
  next(failure: unknown, call: RetryCall): number | undefined {
    const verdict = judge(failure, call.idempotent !== false);
    this.#limiter?.update(verdict === "throttled");
    if (verdict === "final") return undefined;
    // A closed connection in the pool says nothing of the service: no pause, nothing from the quota, and not one of the attempts.
    if (verdict === "stale" && call.fresh !== true) {
      call.stale = (call.stale ?? 0) + 1;
      call.fresh = true;
      return 0;
    }
    call.fresh = false;
    const attempt = call.attempt - (call.stale ?? 0);
    if (attempt >= this.maxAttempts) return undefined;
    const throttled = verdict === "throttled";
    const cost = throttled ? COST_THROTTLED : COST;
    if (this.#tokens < cost) return undefined;
    this.#tokens -= cost;
    call.spent = cost;
    const scale = throttled ? SCALE_THROTTLED : SCALE;
    const pause = this.#random() * Math.min(scale * 2 ** (attempt - 1), LONGEST) * 1000;
    return this.#serverSays(pause, headersOf(failure));
  }

  /** A call has succeeded. */
  success(call?: RetryCall): void {
    const back = call?.spent ?? 1;
    if (this.#tokens < QUOTA) this.#tokens = Math.min(this.#tokens + back, QUOTA);
    this.#limiter?.update(false);
  }

  /** The pause that the service asks for, within bounds of ours. */
  #serverSays(pause: number, headers: Readonly<Record<string, string>> | undefined): number {
    if (headers === undefined) return pause;
    const exact = headers["x-amz-retry-after"];
    if (exact !== undefined && /^\d+$/.test(exact.trim())) {
      return Math.min(Math.max(Number(exact), pause), pause + SERVER_EXTRA);
    }
    const asked = retryAfter(headers["retry-after"], this.#clock());
    return asked === undefined ? pause : Math.max(pause, Math.min(asked, LONGEST * 1000));
  }
}

/** `Retry-After` in ms: seconds, or a date. */
function retryAfter(value: string | undefined, now: number): number | undefined {
  if (value === undefined) return undefined;
  const text = value.trim();
  if (/^\d+$/.test(text)) return Number(text) * 1000;
  const date = /^[A-Za-z]{3}/.test(text) ? Date.parse(text) : Number.NaN;
  return Number.isNaN(date) ? undefined : Math.max(date - now, 0);
}

function headersOf(failure: unknown): Record<string, string> | undefined {
  const { response } = (failure ?? {}) as {
    response?: { ResponseMetadata?: { HTTPHeaders?: Record<string, string> } };
  };
  return response?.ResponseMetadata?.HTTPHeaders;
}

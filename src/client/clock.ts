/** A clock that is wrong makes signatures fail: the service's is taken for ours then. */
import type { S3ServiceError } from "../errors/service.js";
import type { Engine } from "./engine.js";

/** What a call has done to the clock. */
export interface ClockState {
  readonly op: { readonly method: string };
  /** It was set: that is tried once a call. */
  clockSet: boolean;
  /** By how much it was corrected before it was set on a guess. */
  guessed?: number | undefined;
}

/** A clock this far off makes signatures fail, in milliseconds; S3 allows fifteen minutes. */
const SKEW = 4 * 60_000;
/** How far off it may be for a refusal that does not speak of time to have to do with it. */
const DAY = 24 * 3600_000;
const clockCodes = new Set(["RequestTimeTooSkewed", "RequestExpired", "RequestInTheFuture", "ExpiredRequest"]);

/**
 * Sets the clock, where a refusal says that it is wrong, or comes with a date that says so: not every store has a code for it, and to a HEAD none
 * can name one. Where the same refusal follows, it was not the time, and the clock is put back.
 */
export function curesClock(engine: Engine, state: ClockState, failure: S3ServiceError, signed: boolean): boolean {
  const refused = failure.statusCode === 403 || failure.statusCode === 401;
  if (refused && state.guessed !== undefined) {
    engine.skew = state.guessed;
    state.guessed = undefined;
  }
  const told = clockCodes.has(failure.code);
  if (state.clockSet || !(told || (refused && signed))) return false;
  const before = engine.skew;
  if (!setClock(engine, failure, told || state.op.method === "HEAD" ? Number.POSITIVE_INFINITY : DAY)) return false;
  state.clockSet = true;
  if (!told) state.guessed = before;
  return true;
}

/** Takes the service's clock for ours, if ours is wrong, and by no more than `most` milliseconds. */
function setClock(engine: Engine, failure: S3ServiceError, most: number): boolean {
  const { date, age } = failure.response.ResponseMetadata.HTTPHeaders;
  // What was kept by a cache is as old as it says.
  const text = failure.response.Error.ServerTime ?? (age === undefined ? date : undefined);
  const time = text === undefined ? Number.NaN : Date.parse(text);
  const skew = time - Date.now();
  const off = Math.abs(skew - engine.skew);
  if (Number.isNaN(time) || off < SKEW || off > most) return false;
  engine.skew = skew;
  const seconds = Math.round(Math.abs(skew) / 1000);
  engine.settings.logger?.warn?.(
    `This machine's clock is ${seconds} s ${skew > 0 ? "behind" : "ahead of"} the service's: requests are signed with the service's time from now on.`,
  );
  return true;
}

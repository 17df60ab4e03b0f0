/** The limits of one call: the caller's signal, and the time that the whole may take. */
import { setMaxListeners } from "node:events";
import { ParamValidationError, TimeoutError } from "../errors/base.js";
import { checkOptionNames } from "../errors/names.js";
import { timerOf } from "../transport/sleep.js";
import { checkExtraHeaders } from "./extra-headers.js";
import { callNames } from "./option-names.js";
import type { CallOptions } from "./options.js";

/** The signal of a call, and how to let go of what feeds it. */
export interface CallLimits {
  readonly signal: AbortSignal | undefined;
  /** Attempts sent so far, for the error of the timeout. */
  sent: number;
  /** The answer is there, and its body may be read at any time, or never: the clock runs on, but keeps no process alive. */
  rest(): void;
  /** The call is over: timers and listeners go. */
  end(): void;
}

const noop = (): void => {};
/** Of a call without options. */
export const unlimited: CallLimits = { signal: undefined, sent: 0, rest: noop, end: noop };

/** Checks the options of a call and starts its clock. Without limits it costs nothing. */
export function startLimits(options: CallOptions | undefined, operation: string): CallLimits {
  if (options === undefined) return unlimited;
  checkOptionNames(options, callNames, operation);
  const { signal, timeout, headers } = options;
  if (headers !== undefined) checkExtraHeaders(headers, operation);
  if (signal !== undefined) {
    if (!(signal instanceof AbortSignal)) throw refusal("signal", "must be an AbortSignal", operation);
    signal.throwIfAborted();
    // One signal may end any number of calls at once; Node takes more than ten for a leak.
    setMaxListeners(0, signal);
  }
  if (timeout === undefined) return signal ? { signal, sent: 0, rest: noop, end: noop } : unlimited;
  if (typeof timeout !== "number" || !(timeout > 0)) {
    throw refusal("timeout", "must be a number of milliseconds above 0", operation);
  }
  const controller = new AbortController();
  const timer = setTimeout(expire, timerOf(timeout));
  let resting = false;
  const relay = (): void => controller.abort(signal?.reason);
  signal?.addEventListener("abort", relay, { once: true });
  const limits: CallLimits = {
    signal: controller.signal,
    sent: 0,
    rest() {
      resting = true;
      timer.unref();
    },
    end() {
      clearTimeout(timer);
      signal?.removeEventListener("abort", relay);
    },
  };
  function expire(): void {
    limits.end();
    const { sent } = limits;
    const at = resting
      ? "its answer's body was still to be read"
      : sent === 0
        ? "nothing was sent yet"
        : `attempt ${sent} had no answer yet`;
    const error = new TimeoutError(`${operation} took longer than its timeout of ${timeout} ms: ${at}`, {
      code: "CallTimeout",
      hint: "Raise `timeout`, or leave it out; it covers all attempts and the body of the answer.",
    });
    const phase = resting ? "reading" : sent === 0 ? "connecting" : "sent";
    controller.abort(Object.assign(error, { phase, attempts: sent }));
  }
  return limits;
}

/** Waits, but no longer than until the signal is aborted; what comes after that is given to `late`. */
export function orAborted<T>(
  promise: Promise<T>,
  signal: AbortSignal | undefined,
  late?: (value: T) => void,
): Promise<T> {
  if (signal === undefined) return promise;
  return new Promise((resolve, reject) => {
    const stop = (): void => {
      signal.removeEventListener("abort", stop);
      promise.then(late, noop);
      reject(signal.reason);
    };
    if (signal.aborted) {
      stop();
      return;
    }
    signal.addEventListener("abort", stop);
    promise.then(resolve, reject).finally(() => signal.removeEventListener("abort", stop));
  });
}

function refusal(path: string, problem: string, operation: string): ParamValidationError {
  return new ParamValidationError([{ path, problem }], { operation });
}

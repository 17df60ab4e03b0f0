/** The limits of one call: the caller's signal, and the time that the whole may take. */
import { ParamValidationError, TimeoutError } from "../errors/base.js";
import type { CallOptions } from "./options.js";

/** The signal of a call, and how to let go of what feeds it. */
export interface CallLimits {
  readonly signal: AbortSignal | undefined;
  /** The call is over: timers and listeners go. */
  end(): void;
}

const unlimited: CallLimits = { signal: undefined, end() {} };

/** Checks the options of a call and starts its clock. Without limits it costs nothing. */
export function startLimits(options: CallOptions | undefined, operation: string): CallLimits {
  if (options === undefined) return unlimited;
  const { signal, timeout } = options;
  if (signal !== undefined) {
    if (!(signal instanceof AbortSignal)) throw refusal("signal", "must be an AbortSignal", operation);
    signal.throwIfAborted();
  }
  if (timeout === undefined) return signal ? { signal, end() {} } : unlimited;
  if (typeof timeout !== "number" || !(timeout > 0)) {
    throw refusal("timeout", "must be a number of milliseconds above 0", operation);
  }
  const controller = new AbortController();
  const timer = setTimeout(() => {
    controller.abort(
      new TimeoutError(`${operation} took longer than its timeout of ${timeout} ms`, {
        code: "CallTimeout",
        hint: "Raise `timeout`, or leave it out; it covers all attempts and the body of the answer.",
      }),
    );
  }, timeout);
  const relay = (): void => controller.abort(signal?.reason);
  signal?.addEventListener("abort", relay, { once: true });
  return {
    signal: controller.signal,
    end() {
      clearTimeout(timer);
      signal?.removeEventListener("abort", relay);
    },
  };
}

function refusal(path: string, problem: string, operation: string): ParamValidationError {
  return new ParamValidationError([{ path, problem }], { operation });
}

import { ParamValidationError } from "../errors/base.js";
import { WaiterError } from "../errors/layers.js";
import { checkOptionNames, closest } from "../errors/names.js";
import { S3ServiceError } from "../errors/service.js";
import type { ResponseMetadata } from "../model/dictionaries.js";
import type { Waiters } from "../model/generated/waiters.js";
import { type Waiter, waiterNames, waiter as waiterOf } from "../model/waiter.js";
import { kindOf, numberGiven } from "../protocol/validate.js";
import { sleep } from "../transport/sleep.js";
import type { ClientMethods } from "./operations.js";
import { waitNames } from "./option-names.js";
import type { CallOptions } from "./options.js";

/** Options of `waitUntil`; `timeout` and `headers` are for each call. */
export interface WaitOptions extends CallOptions {
  /** Seconds between two questions. Default: 5. */
  delay?: number | undefined;
  /** How often to ask, at most. Default: 20. */
  maxAttempts?: number | undefined;
  /** The share of each delay that is left to chance, 0 to 1: with 0.2, 5 seconds are 4 to 6. Default: 0.2. */
  jitter?: number | undefined;
  /** Waits so many milliseconds, for tests that have no time. Default: a timer. */
  sleep?: ((milliseconds: number, signal: AbortSignal | undefined) => Promise<void>) | undefined;
}

/**
 * Asks until it is so: `waitUntil(client, "objectExists", { Bucket, Key })`, or `client.waitUntil("objectExists", ...)`.
 * @param name `bucketExists`, `bucketNotExists`, `objectExists` or `objectNotExists`; a bucket that answers 301 or 403 exists
 * @param input the input of HeadBucket or HeadObject
 * @returns the answer that ended the wait, if that was no error
 * @throws WaiterError when it is not so after all attempts, or, at once, when the answer is an error that says nothing about the question
 */
export async function waitUntil<N extends keyof Waiters>(
  client: ClientMethods,
  name: N,
  input: Waiters[N]["input"],
  options: WaitOptions = {},
): Promise<Waiters[N]["output"]> {
  const waiter = typeof name === "string" ? waiterOf(name) : undefined;
  if (!waiter) throw noWait(name);
  checkOptionNames(options, waitNames, name);
  const { delay = waiter.delay, maxAttempts = waiter.maxAttempts, jitter = 0.2, signal } = options;
  checkValues(name, { delay, maxAttempts, jitter, signal, sleep: options.sleep });
  const call = { signal, timeout: options.timeout, headers: options.headers };

  for (let attempt = 1; ; attempt++) {
    signal?.throwIfAborted();
    const { status, output, error } = await ask(client, waiter, input, call);
    const state = waiter.states.get(status) ?? (error ? "failure" : "retry");
    if (state === "success") return output as Waiters[N]["output"];
    const last = {
      waiter: name,
      attempts: attempt,
      lastResponse: output ?? error?.response,
      lastError: error,
      cause: error,
    };
    const what = `${name} of ${resource(input)}`;
    if (state === "failure") {
      throw new WaiterError(`Cannot wait for ${what}: ${waiter.operation} answered ${error?.code ?? status}`, {
        ...last,
        reason: "Unexpected",
        hint: error?.hint ?? "The `cause` has the service's answer.",
      });
    }
    if (attempt >= maxAttempts) {
      throw new WaiterError(`Waited in vain for ${what}: asked ${count(attempt)}, ${delay} s apart`, {
        ...last,
        reason: "MaxAttempts",
        hint: "Raise `maxAttempts` or `delay` (seconds) to wait longer.",
      });
    }
    const pause = delay * 1000 * (1 + jitter * (2 * Math.random() - 1));
    await (options.sleep ?? sleep)(pause, signal);
  }
}

function noWait(name: unknown): ParamValidationError {
  const names = waiterNames();
  const text = typeof name === "string" ? name : undefined;
  const near = text === undefined ? undefined : closest(text, names);
  const problem =
    text === undefined ? `expected string, got ${kindOf(name)}` : `there is no wait ${JSON.stringify(text)}`;
  return new ParamValidationError([{ path: "name", problem }], {
    operation: "waitUntil",
    hint: `${near === undefined ? "" : `Did you mean ${near}? `}These are: ${names.join(", ")}.`,
  });
}

interface Answer {
  status: number;
  output?: { ResponseMetadata: ResponseMetadata };
  error?: S3ServiceError;
}

/** Any answer of the service will do; what is none (no connection, no credentials, an abort) ends the wait as it is. */
async function ask(client: ClientMethods, waiter: Waiter, input: object, options: CallOptions): Promise<Answer> {
  const methods = client as unknown as Record<string, (input: object, options: CallOptions) => Promise<unknown>>;
  const method = waiter.operation.charAt(0).toLowerCase() + waiter.operation.slice(1);
  try {
    const output = (await methods[method]!(input, options)) as { ResponseMetadata: ResponseMetadata };
    return { status: output.ResponseMetadata.HTTPStatusCode, output };
  } catch (error) {
    if (!(error instanceof S3ServiceError)) throw error;
    return { status: error.statusCode, error };
  }
}

const count = (times: number): string => (times === 1 ? "once" : `${times} times`);

function resource(input: { Bucket?: string; Key?: string }): string {
  return input.Key === undefined ? String(input.Bucket) : `${input.Bucket}/${input.Key}`;
}

function checkValues(
  name: string,
  { delay, maxAttempts, jitter, signal, sleep }: WaitOptions & { delay: number; maxAttempts: number; jitter: number },
): void {
  const faults = [];
  if (!(Number.isFinite(delay) && delay >= 0)) {
    faults.push({ path: "delay", problem: `expected seconds, got ${numberGiven(delay)}` });
  }
  if (!(Number.isSafeInteger(maxAttempts) && maxAttempts > 0)) {
    faults.push({ path: "maxAttempts", problem: `expected a whole number above 0, got ${numberGiven(maxAttempts)}` });
  }
  if (!(jitter >= 0 && jitter <= 1)) {
    faults.push({ path: "jitter", problem: `expected a share from 0 to 1, got ${numberGiven(jitter)}` });
  }
  if (signal !== undefined && !(signal instanceof AbortSignal)) {
    faults.push({ path: "signal", problem: "expected an AbortSignal" });
  }
  if (sleep !== undefined && typeof sleep !== "function") {
    faults.push({ path: "sleep", problem: `expected a function, got ${numberGiven(sleep)}` });
  }
  if (faults.length > 0) throw new ParamValidationError(faults, { operation: name });
}

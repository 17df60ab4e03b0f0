import type { S3ServiceError } from "../errors/service.js";
import type { OperationName } from "../model/operation.js";
import { orAborted } from "./limits.js";

/** A request on its way out. */
export interface HookRequest {
  /** As the API names it: `GetObject`. */
  readonly operation: OperationName;
  /** The HTTP method. */
  readonly method: string;
  /** Scheme, host and port. */
  readonly origin: string;
  /** Path and query as on the wire. */
  readonly path: string;
  /** 1 for the first attempt. */
  readonly attempt: number;
  /** Empty: what `beforeSign` puts here is sent with this attempt, and signed. */
  readonly headers: Record<string, string>;
}

/** An answer whose headers have come. */
export interface HookResponse {
  /** As the API names it: `GetObject`. */
  readonly operation: OperationName;
  /** The HTTP status. */
  readonly status: number;
  /** By lower-case name. */
  readonly headers: Readonly<Record<string, string>>;
  /** 1 for the first attempt. */
  readonly attempt: number;
}

/** A failed attempt that will be repeated. */
export interface HookRetry {
  /** As the API names it: `GetObject`. */
  readonly operation: OperationName;
  /** The attempt that failed, 1 for the first. */
  readonly attempt: number;
  /** Milliseconds until the next. */
  readonly delay: number;
  /** What it failed with. */
  readonly error: S3ServiceError | Error;
}

/** Functions called, and awaited, on the road of every request. What they throw ends the call. */
export interface Hooks {
  /** Before an attempt is signed. Headers that it returns, or puts into `request.headers`, are sent and signed. */
  beforeSign?:
    | ((
        request: HookRequest,
      ) => void | Record<string, string> | undefined | Promise<void> | Promise<Record<string, string> | undefined>)
    | undefined;
  /** After signing, right before the request goes out. */
  beforeSend?: ((request: HookRequest) => void | Promise<void>) | undefined;
  /** When the headers of an answer are there, of every attempt. */
  afterResponse?: ((response: HookResponse) => void | Promise<void>) | undefined;
  /** Before the wait for the next attempt. */
  onRetry?: ((retry: HookRetry) => void | Promise<void>) | undefined;
}

/** The part of `console` that a client writes to; what it lacks is not written. */
export interface Logger {
  /** What goes over the wire, without secrets. */
  debug?: ((message: string, ...details: unknown[]) => void) | undefined;
  info?: ((message: string, ...details: unknown[]) => void) | undefined;
  /** What should not go unnoticed: bodies that nobody reads, settings that mean nothing. */
  warn?: ((message: string, ...details: unknown[]) => void) | undefined;
  error?: ((message: string, ...details: unknown[]) => void) | undefined;
}

/** Runs a hook and waits for it, but no longer than for the call: a hook that never ends holds up no abort. */
export async function runHook<T>(hook: () => T | Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  const result = hook();
  return result instanceof Promise ? orAborted(result, signal) : result;
}

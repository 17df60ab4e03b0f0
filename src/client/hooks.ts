import type { S3ServiceError } from "../errors/service.js";
import type { OperationName } from "../model/operation.js";

/** A request that is about to be signed; `headers` may be added to, by lower-case name. */
export interface HookRequest {
  readonly operation: OperationName;
  readonly method: string;
  /** Scheme, host and port. */
  readonly origin: string;
  /** Path and query as on the wire. */
  readonly path: string;
  /** 1 for the first attempt. */
  readonly attempt: number;
}

/** An answer whose headers have come. */
export interface HookResponse {
  readonly operation: OperationName;
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly attempt: number;
}

/** A failed attempt that will be repeated. */
export interface HookRetry {
  readonly operation: OperationName;
  /** The attempt that failed, 1 for the first. */
  readonly attempt: number;
  /** Milliseconds until the next. */
  readonly delay: number;
  readonly error: S3ServiceError | Error;
}

/** Functions called, and awaited, on the road of every request. What they throw ends the call. */
export interface Hooks {
  /** Before an attempt is signed; headers returned are sent and signed. */
  beforeSign?: (
    request: HookRequest,
  ) => Record<string, string> | undefined | Promise<Record<string, string> | undefined>;
  /** After signing, right before the request goes out. */
  beforeSend?: (request: HookRequest) => void | Promise<void>;
  /** When the headers of an answer are there, of every attempt. */
  afterResponse?: (response: HookResponse) => void | Promise<void>;
  /** Before the wait for the next attempt. */
  onRetry?: (retry: HookRetry) => void | Promise<void>;
}

/** The part of `console` that a client writes to. */
export interface Logger {
  debug?: (message: string, ...details: unknown[]) => void;
  info?: (message: string, ...details: unknown[]) => void;
  warn?: (message: string, ...details: unknown[]) => void;
  error?: (message: string, ...details: unknown[]) => void;
}

/** What the stations of the road hand to each other. */
import type { Operation } from "../model/operation.js";
import type { ErrorContext } from "../protocol/index.js";
import type { RetryCall, TransportResponse } from "../transport/index.js";
import type { Engine } from "./engine.js";
import type { CallLimits } from "./limits.js";
import type { CallOptions } from "./options.js";

/** One call: what was asked, under which limits. */
export interface Call {
  readonly engine: Engine;
  readonly op: Operation;
  readonly input: object;
  readonly options: CallOptions | undefined;
  readonly limits: CallLimits;
  /** The answer of the place first asked is wanted, even where it says "elsewhere". */
  readonly stay?: boolean;
  /** The journey that this one goes on with, as far as it had come. */
  readonly before?: RetryCall;
}

/** What is known of an answer besides itself. */
export interface Arrival extends ErrorContext {
  /** The number of the attempt that it answers. */
  readonly attempts: number;
  /** How it was come by. */
  readonly fared: RetryCall;
}

/** What becomes of an answer that is no error by its status. */
export type Reader<T> = (call: Call, response: TransportResponse, arrival: Arrival) => T;

/** The road itself, for those who stand on it and must take it again. */
export type Journey = <T>(call: Call, read: Reader<T>) => Promise<T>;

/** Errors of what stands on the operations: listings, waits, batches. */
import type { DeletedObject, DeleteError } from "../model/generated/types.js";
import { TucuxiError, type TucuxiErrorOptions } from "./base.js";
import type { S3ServiceError, ServiceErrorResponse } from "./service.js";

/** A listing cannot go on: the service sent a token twice, or none where there should be one. */
export class PaginationError extends TucuxiError {}

/** What is known of a wait that ended badly. */
export interface WaiterErrorOptions extends TucuxiErrorOptions {
  /** What was waited for. */
  waiter: string;
  /** How it ended. */
  reason: "MaxAttempts" | "Unexpected";
  /** How many times the service was asked. */
  attempts: number;
  /** The last answer. */
  lastResponse?: object | undefined;
  /** The last answer, if it was an error. */
  lastError?: S3ServiceError | undefined;
}

/** What was waited for did not come: within the attempts, or never will. */
export class WaiterError extends TucuxiError {
  /** What was waited for: `objectExists`. */
  readonly waiter: string;
  /** `MaxAttempts`: it was not so all the time. `Unexpected`: an error that is no answer to the question, which is the `cause`. */
  readonly reason: "MaxAttempts" | "Unexpected";
  /** How many times the service was asked. */
  readonly attempts: number;
  /** The last answer as a dictionary; of an error, its `Error` and `ResponseMetadata`. Not shown when the error is printed. */
  declare readonly lastResponse: object | ServiceErrorResponse | undefined;
  /** The last answer, if it was an error. */
  declare readonly lastError: S3ServiceError | undefined;

  constructor(message: string, options: WaiterErrorOptions) {
    super(message, options);
    this.waiter = options.waiter;
    this.reason = options.reason;
    this.attempts = options.attempts;
    // As S3ServiceError hides its response: what the service sends back may quote the request.
    const hidden = { configurable: true, writable: true, enumerable: false };
    Object.defineProperty(this, "lastResponse", { value: options.lastResponse, ...hidden });
    Object.defineProperty(this, "lastError", { value: options.lastError, ...hidden });
  }
}

/** Some of many could not be deleted. All were tried. */
export class BatchError extends TucuxiError {
  /** What failed: key, version, code and message of each. */
  declare readonly errors: readonly DeleteError[];
  /** What was deleted. */
  declare readonly deleted: readonly DeletedObject[];

  constructor(errors: readonly DeleteError[], deleted: readonly DeletedObject[], options: TucuxiErrorOptions = {}) {
    const shown = errors.slice(0, 3).map(({ Key, VersionId, Code, Message }) => {
      const version = VersionId === undefined || VersionId === "" ? "" : ` (version ${VersionId})`;
      return `${JSON.stringify(Key ?? "")}${version}: ${Code ?? "unknown"}${Message ? `, ${Message}` : ""}`;
    });
    const others = errors.length > shown.length ? `; and ${errors.length - shown.length} more` : "";
    super(`${errors.length} could not be deleted (${deleted.length} were): ${shown.join("; ")}${others}`, {
      hint: "`errors` has each key that failed with its code, `deleted` what is gone. Deleting again is safe.",
      ...options,
    });
    // Lists of thousands don't belong into a printed error.
    const hidden = { configurable: true, writable: true, enumerable: false };
    Object.defineProperty(this, "errors", { value: errors, ...hidden });
    Object.defineProperty(this, "deleted", { value: deleted, ...hidden });
  }
}

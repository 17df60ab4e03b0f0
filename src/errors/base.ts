/** What every error of Tucuxi may carry besides its message. */
export interface TucuxiErrorOptions {
  /** A stable word to branch on; the class name when nothing more precise is known. */
  code?: string | undefined;
  /** What to do next, in plain words. */
  hint?: string | undefined;
  /** The error underneath. */
  cause?: unknown | undefined;
}

/** The root of everything Tucuxi throws, but for an abort, which rejects with the signal's own reason. */
export class TucuxiError extends Error {
  /** A stable word to branch on: the service's error code, or a word of ours such as `NoCredentials`. */
  readonly code: string;
  /** What to do next, in plain words, where we know it. */
  readonly hint?: string;

  constructor(message: string, options: TucuxiErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    // Not enumerable, as the built-in errors have it: an error prints as `Name: message`, not with a `name` field.
    Object.defineProperty(this, "name", {
      value: new.target.name,
      configurable: true,
      writable: true,
      enumerable: false,
    });
    this.code = options.code ?? new.target.name;
    if (options.hint !== undefined) this.hint = options.hint;
  }
}

/** A setting (option, environment variable or shared config file) cannot be used; the message says where it stands. */
export class ConfigError extends TucuxiError {}

/** No credentials were found, or those found could not be used or refreshed. */
export class CredentialsError extends TucuxiError {}

/** One fault in the input of an operation. */
export interface ParamFault {
  /** Where: `Bucket`, `Delete.Objects[3].Key`. */
  readonly path: string;
  /** What: `missing`, `expected string, got number`. */
  readonly problem: string;
}

/** The input of a call is wrong; nothing was sent. Every fault is named at once. */
export class ParamValidationError extends TucuxiError {
  /** Each fault with its path. */
  readonly faults: readonly ParamFault[];

  constructor(faults: readonly ParamFault[], options: TucuxiErrorOptions & { operation?: string } = {}) {
    const list = faults.map((fault) => `${fault.path}: ${fault.problem}`).join("; ");
    super(options.operation ? `${options.operation}: ${list}` : list, options);
    this.faults = faults;
  }
}

/** The region, bucket and flags given do not lead to an endpoint. */
export class EndpointError extends TucuxiError {}

/** The request could not be sent, or its answer not be read: refused, reset, DNS, TLS, proxy. */
export class TransportError extends TucuxiError {
  /**
   * How far the request had come: `connecting` (the service saw nothing), `before-sent` (not all of it had gone out), `sent` (no answer came,
   * so the outcome is unknown), `reading` (the answer had begun).
   */
  declare readonly phase?: "connecting" | "before-sent" | "sent" | "reading";
  /** Scheme, host and port that it was for. */
  declare readonly origin?: string;
  /** Milliseconds since the attempt began. */
  declare readonly elapsed?: number;
  /** The connection had served before. */
  declare readonly reused?: boolean;
  /** How many times the request was sent, this time included. */
  declare readonly attempts?: number;
}

/** A time limit passed: which one, and after how long, is in the message. */
export class TimeoutError extends TransportError {}

/** The body that came is not the body that the service described. */
export class ChecksumMismatchError extends TucuxiError {
  /** The checksum's name: `CRC32`, `SHA256`. */
  readonly algorithm: string;
  /** What the service said, base64. */
  readonly expected: string;
  /** What the bytes came to, base64. */
  readonly actual: string;

  constructor(algorithm: string, expected: string, actual: string, options: TucuxiErrorOptions = {}) {
    super(`The body's ${algorithm} is ${actual}, but the service said ${expected}`, options);
    this.algorithm = algorithm;
    this.expected = expected;
    this.actual = actual;
  }
}

/** The body ended before (or went on after) the length that was announced, in bytes. */
export class IncompleteBodyError extends TucuxiError {
  /** Bytes announced. */
  readonly expectedBytes: number;
  /** Bytes that came. */
  readonly actualBytes: number;

  constructor(expectedBytes: number, actualBytes: number, options: TucuxiErrorOptions = {}) {
    super(
      actualBytes > expectedBytes
        ? `The body went on past the ${expectedBytes} bytes that were announced: ${actualBytes} came`
        : `The body ended after ${actualBytes} of ${expectedBytes} bytes`,
      options,
    );
    this.expectedBytes = expectedBytes;
    this.actualBytes = actualBytes;
  }
}

/**
 * S3's limits on objects and parts, and the options of transfers held against them.
 * @see {@link https://docs.aws.amazon.com/AmazonS3/latest/userguide/qfacts.html Multipart upload limits}
 */
import { type ParamFault, ParamValidationError } from "../errors/base.js";
import { checkOptionNames } from "../errors/names.js";
import { numberGiven } from "../protocol/index.js";
import type { SyncOptions, TransferOptions } from "./types.js";

export const KIB = 1024;
export const MIB = 1024 * KIB;
export const GIB = 1024 * MIB;
export const MAX_PARTS = 10_000;
export const MIN_PART = 5 * MIB;
export const MAX_PART = 5 * GIB;
/** Ten thousand parts of five GiB: what S3 calls 50 TB. */
export const MAX_OBJECT = MAX_PARTS * MAX_PART;
/** What one PutObject or CopyObject can carry. */
export const MAX_SINGLE = 5 * GIB;

export interface Sizes {
  readonly partSize: number;
  readonly threshold: number;
  readonly concurrency: number;
}

const DEFAULT_PART = 8 * MIB;

/** The options with their defaults, for uploads (`parts` as S3 wants them), downloads or copies. */
export function sizesOf(options: TransferOptions, kind: "upload" | "download" | "copy", concurrency = 8): Sizes {
  let partSize = options.partSize ?? (kind === "copy" ? 64 * MIB : DEFAULT_PART);
  if (kind !== "download") partSize = Math.min(Math.max(partSize, MIN_PART), MAX_PART);
  const threshold = options.multipartThreshold ?? (kind === "copy" ? MAX_SINGLE : Math.max(partSize, DEFAULT_PART));
  return {
    partSize,
    threshold: kind === "download" ? threshold : Math.min(threshold, MAX_SINGLE),
    concurrency: options.concurrency ?? concurrency,
  };
}

/** @throws ParamValidationError for options that nobody knows, or that no transfer can keep to */
export function checkOptions(options: TransferOptions, names: ReadonlySet<string>, operation: string): void {
  checkOptionNames(options, names, operation);
  const faults: ParamFault[] = [];
  const whole = (name: "partSize" | "multipartThreshold" | "concurrency" | "maxBandwidth", least: number): void => {
    const value = options[name];
    if (value === undefined || (Number.isSafeInteger(value) && value >= least)) return;
    if (name === "multipartThreshold" && value === Number.POSITIVE_INFINITY) return;
    faults.push({ path: name, problem: `expected a whole number of at least ${least}, got ${numberGiven(value)}` });
  };
  whole("partSize", 1);
  whole("multipartThreshold", 0);
  whole("concurrency", 1);
  whole("maxBandwidth", 1);
  if (options.onProgress !== undefined && typeof options.onProgress !== "function") {
    faults.push({ path: "onProgress", problem: "expected a function" });
  }
  if (options.signal !== undefined && !(options.signal instanceof AbortSignal)) {
    faults.push({ path: "signal", problem: "expected an AbortSignal" });
  }
  const { resume, inputFor, ...others } = options as SyncOptions;
  // A text is true, even "false": what it would delete is gone.
  for (const flag of ["dryRun", "failFast", "followSymlinks", "delete"] as const) {
    const value = others[flag];
    if (value !== undefined && typeof value !== "boolean")
      faults.push({ path: flag, problem: `expected a boolean, got ${numberGiven(value)}` });
  }
  if (resume !== undefined && typeof resume !== "boolean" && typeof resume !== "string") {
    faults.push({ path: "resume", problem: `expected a boolean or a token, got ${numberGiven(resume)}` });
  }
  if (inputFor !== undefined && typeof inputFor !== "function") {
    faults.push({ path: "inputFor", problem: `expected a function, got ${numberGiven(inputFor)}` });
  }
  if (faults.length > 0) throw new ParamValidationError(faults, { operation });
}

/**
 * The size of parts with which an object of this size has at most 10,000.
 * @throws ParamValidationError for an object that S3 cannot hold
 */
export function partSizeFor(size: number, wanted: number): number {
  if (size > MAX_OBJECT) {
    throw new ParamValidationError([
      { path: "Body", problem: `has ${size} bytes, but an object of S3 has ${MAX_OBJECT} at most` },
    ]);
  }
  if (Math.ceil(size / wanted) <= MAX_PARTS) return wanted;
  // Whole MiB: sizes that a reader of a listing of parts can make sense of.
  return Math.min(Math.ceil(size / MAX_PARTS / MIB) * MIB, MAX_PART);
}

/**
 * The size of part `number` (1 for the first) of an object whose length nobody knows: every thousand parts it doubles, so that
 * with 8 MiB to begin with an object may come to 7.8 TiB, and one that does not never takes more memory.
 */
export function growingPartSize(number: number, first: number): number {
  return Math.min(first * 2 ** Math.floor((number - 1) / 1000), MAX_PART);
}

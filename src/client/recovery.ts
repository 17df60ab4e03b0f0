/** What becomes of a failed attempt: another one, to the same place or elsewhere, or the end of the call. */
import type { Credentials } from "../credentials/types.js";
import type { PreparedEndpoint } from "../endpoint/prepared.js";
import { CredentialsError, ParamValidationError, TucuxiError } from "../errors/base.js";
import { S3ServiceError } from "../errors/service.js";
import type { Operation } from "../model/operation.js";
import { factsOf } from "../transport/failure.js";
import type { RetryCall } from "../transport/index.js";
import type { Call } from "./call.js";
import type { Cargo } from "./cargo.js";
import { type ClockState, curesClock } from "./clock.js";
import type { Engine } from "./engine.js";
import { runHook } from "./hooks.js";
import { pointsElsewhere, regionNamed } from "./redirect.js";
import { logFailure } from "./wire-log.js";

/** How a call has fared so far. */
export interface Recovery extends RetryCall, ClockState {
  readonly op: Operation;
  readonly bucket: string | undefined;
  readonly cargo: Cargo;
  /** The number of the attempt under way, 1 for the first. */
  attempt: number;
  /** Each of these cures is tried once a call: what it does not heal, it will not heal the second time. */
  redirected: boolean;
  keysRefreshed: boolean;
  /** An attempt failed in a way that leaves open whether the service did what it was asked. */
  outcomeUnknown: boolean;
  /** A hook threw: that ends the call, whatever it threw. */
  stopped: boolean;
}

export function newRecovery({ op, stay, before }: Call, bucket: string | undefined, cargo: Cargo): Recovery {
  return {
    op,
    bucket,
    cargo,
    attempt: (before?.attempt ?? 0) + 1,
    idempotent: idempotent(op),
    stale: before?.stale,
    spent: before?.spent,
    redirected: stay === true,
    clockSet: false,
    keysRefreshed: false,
    outcomeUnknown: false,
    stopped: false,
  };
}

const tokenCodes = new Set(["ExpiredToken", "ExpiredTokenException", "TokenRefreshRequired"]);

/**
 * Decides after a failure, and waits as long as it must. `endpoint`: the next attempt goes to another place.
 * @throws the failure itself, when there is to be no other attempt
 */
export async function recover(
  { engine, limits: { signal } }: Call,
  recovery: Recovery,
  failure: unknown,
  sent: { endpoint: PreparedEndpoint; credentials: Credentials | undefined },
): Promise<"again" | "endpoint"> {
  if (recovery.stopped) throw failure;
  const cure = await chooseCure(engine, recovery, failure, sent, signal);
  const delay = cure ? 0 : engine.retry.next(failure, recovery);
  const { wireLog } = engine.settings;
  if (wireLog) logFailure(wireLog, recovery.op.name, recovery.attempt, failure, delay);
  if (delay === undefined) throw told(failure, recovery);
  if (!canRepeat(recovery.cargo)) throw withHint(told(failure, recovery), ONCE);
  recovery.outcomeUnknown ||= cure === undefined && leavesOpen(failure);
  const { onRetry } = engine.settings.hooks ?? {};
  if (onRetry) {
    const { op, attempt } = recovery;
    await runHook(() => onRetry({ operation: op.name, attempt, delay, error: failure as Error }), signal);
  }
  recovery.attempt++;
  if (delay > 0) await engine.pause(delay, signal);
  return cure === "endpoint" ? "endpoint" : "again";
}

/** Something that another attempt alone would not heal. */
async function chooseCure(
  engine: Engine,
  recovery: Recovery,
  failure: unknown,
  { endpoint, credentials }: { endpoint: PreparedEndpoint; credentials: Credentials | undefined },
  signal: AbortSignal | undefined,
): Promise<"again" | "endpoint" | undefined> {
  if (!(failure instanceof S3ServiceError)) return undefined;
  const { op, bucket } = recovery;
  if (curesClock(engine, recovery, failure, credentials !== undefined)) return "again";
  if (tokenCodes.has(failure.code) && !recovery.keysRefreshed) {
    recovery.keysRefreshed = true;
    if (endpoint.signing.name === "sigv4-s3express" && bucket !== undefined && engine.express) {
      engine.express.forget(bucket, credentials);
    } else if (!(await engine.keys.refresh(credentials, signal))) return undefined;
    return "again";
  }
  const bound = bucket === undefined || bucket.startsWith("arn:");
  if (bound || recovery.redirected || !engine.settings.followRegionRedirects || !pointsElsewhere(op, failure))
    return undefined;
  recovery.redirected = true;
  // A HEAD of the bucket that names no region would be answered the same a second time.
  const ask = op.name !== "HeadBucket";
  const region =
    regionNamed(failure) ?? (ask ? await engine.askRegion(bucket, signal).catch(() => undefined) : undefined);
  signal?.throwIfAborted();
  if (region === undefined || region === endpoint.signing.region) return undefined;
  engine.regions.set(bucket, region);
  return "endpoint";
}

/** Whether the payload can be sent once more. */
function canRepeat({ source }: Cargo): boolean {
  return source === undefined || source.replayable || !source.opened;
}

/**
 * Nearly all of S3 may be carried out twice: a second put replaces the same with the same, a second delete finds nothing. What is sent
 * through Object Lambda is taken once.
 */
const idempotent = (op: Operation): boolean => op.name !== "WriteGetObjectResponse";

/** Whether the service may have done what a failed attempt asked for. */
function leavesOpen(failure: unknown): boolean {
  if (failure instanceof S3ServiceError) return failure.statusCode >= 500 && failure.code !== "SlowDown";
  const phase = factsOf(failure)?.phase;
  return phase !== "connecting" && phase !== "before-sent";
}

/** What a write is answered when it has been done before. */
const done = new Set([
  "PreconditionFailed",
  "BucketAlreadyOwnedByYou",
  "BucketAlreadyExists",
  "NoSuchUpload",
  "RestoreAlreadyInProgress",
  "InvalidWriteOffset",
]);
const isDone = (op: Operation, code: string): boolean =>
  done.has(code) || (op.name === "DeleteBucket" && code === "NoSuchBucket");

/** Puts the number of attempts on an error of the call, unless there is one. */
export function countAttempts(failure: unknown, attempts: number): void {
  if (!(failure instanceof TucuxiError) || "attempts" in failure) return;
  Object.defineProperty(failure, "attempts", { value: attempts, configurable: true, enumerable: true });
}

/** The error with the number of attempts on it, and what it may mean after an attempt whose outcome nobody knows. */
function told(failure: unknown, { attempt, outcomeUnknown, op }: Recovery): unknown {
  const unsent = failure instanceof CredentialsError || failure instanceof ParamValidationError;
  if (!unsent) countAttempts(failure, attempt);
  const write = op.method !== "GET" && op.method !== "HEAD";
  return outcomeUnknown && write && failure instanceof S3ServiceError && isDone(op, failure.code)
    ? withHint(failure, LOST)
    : failure;
}

const ONCE =
  "The request was not repeated: its body is a stream, which can be read only once. Give bytes, a Blob, or a function that opens the stream anew.";
const LOST =
  "An earlier attempt of this call may have done it: its answer was lost, and this error may be the echo of its success. Look at what is there now before you try again.";

function withHint(failure: unknown, reason: string): unknown {
  if (failure instanceof Error) {
    const { hint } = failure as { hint?: string };
    const value = hint ? `${hint} ${reason}` : reason;
    Object.defineProperty(failure, "hint", { value, configurable: true, enumerable: true });
  }
  return failure;
}

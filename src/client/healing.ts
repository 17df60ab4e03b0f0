/**
 * Downloads that heal themselves: where a body breaks off, the rest is fetched by a range, pinned to the same object by its ETag.
 * The reader notices nothing, and the checksum covers the whole.
 */

import { TucuxiError } from "../errors/base.js";
import { S3ServiceError } from "../errors/service.js";
import type { BodySource, Heal, TransportResponse } from "../transport/index.js";
import type { Arrival, Call, Journey } from "./call.js";
import { runHook } from "./hooks.js";
import { countAttempts } from "./recovery.js";

/** Bytes of an object that an answer carries, both ends included. */
interface Span {
  readonly first: number;
  readonly last: number;
}

/** What a body asks when its source breaks. Where the rest cannot be had (no ETag, no length, not an object), it only counts attempts. */
export function healer(call: Call, response: TransportResponse, arrival: Arrival, journey: Journey): Heal {
  const { engine, op, input, options } = call;
  const { etag } = response.headers;
  const span = spanOf(response);
  // A weak ETag matches nothing, says HTTP.
  const pinned = etag !== undefined && !etag.startsWith("W/");
  const canHeal = engine.settings.resumeDownloads && op.name === "GetObject" && pinned;
  const { onRetry } = engine.settings.hooks ?? {};
  // As it is now: it is the caller's, who may change it while the body is read.
  const asked = { ...input } as Record<string, unknown>;
  let version = versionOf(response);
  let { fared } = arrival;

  return async (failure, given, gone) => {
    const first = (span?.first ?? 0) + given;
    // A body let go because nobody read it has not failed: its reader has come after all.
    const late = failure.code === "BodyAbandoned";
    const pause =
      !canHeal || span === undefined || first > span.last ? undefined : late ? 0 : engine.retry.next(failure, fared);
    countAttempts(failure, fared.attempt);
    if (pause === undefined) return undefined;
    const { attempt } = fared;
    const signal = call.limits.signal ? AbortSignal.any([call.limits.signal, gone]) : gone;
    if (onRetry) await runHook(() => onRetry({ operation: op.name, attempt, delay: pause, error: failure }), signal);
    if (pause > 0) await engine.pause(pause, signal);
    const limits = { ...call.limits, signal };
    const before = late ? { ...fared, attempt: attempt - 1 } : fared;
    const range = { ...withoutConditions(asked), Range: `bytes=${first}-${span?.last}`, IfMatch: etag };
    const fetch = (): Promise<BodySource | undefined> => {
      const wanted = version === undefined ? range : { ...range, VersionId: version };
      return journey({ engine, op, input: wanted, options, limits, before }, (_, again, there) => {
        fared = there.fared;
        if (again.headers["etag"] === etag) return sourceOf(again, first, response.headers["content-encoding"]);
        again.source?.cancel(failure);
        throw changed(given, failure, fared.attempt);
      });
    };
    try {
      return await fetch().catch((error: unknown) => {
        // To read a version by its id takes a permission of its own, which who asked for none need not have.
        const refused = error instanceof S3ServiceError && error.statusCode === 403;
        if (!refused || version === undefined || asked["VersionId"] !== undefined) throw error;
        version = undefined;
        return fetch();
      });
    } catch (error) {
      if (!(error instanceof S3ServiceError) || !changedStatus.has(error.statusCode)) throw error;
      throw changed(given, error, error.attempts);
    }
  };
}

function versionOf({ headers }: TransportResponse): string | undefined {
  const version = headers["x-amz-version-id"];
  return version === "null" ? undefined : version;
}

/** What a range of an object that is no longer the same is answered with. */
const changedStatus = new Set([404, 412, 416]);

function changed(given: number, cause: unknown, attempts: number): TucuxiError {
  const error = new TucuxiError(
    `The object was changed after ${given} of its bytes had been read, so the rest cannot be had`,
    { code: "ObjectChanged", cause, hint: "Read it again from the beginning." },
  );
  countAttempts(error, attempts);
  return error;
}

/** What is asked for again is asked for by ETag alone, and in bytes. */
function withoutConditions(asked: Record<string, unknown>): object {
  const { PartNumber, ChecksumMode, IfNoneMatch, IfModifiedSince, IfUnmodifiedSince, ...rest } = asked;
  return { ...rest, ChecksumMode: undefined };
}

function spanOf({ status, headers }: TransportResponse): Span | undefined {
  if (status === 206) {
    const match = /^bytes (\d+)-(\d+)\//.exec(headers["content-range"] ?? "");
    return match ? { first: Number(match[1]), last: Number(match[2]) } : undefined;
  }
  const length = headers["content-length"];
  return status === 200 && length !== undefined && /^\d+$/.test(length)
    ? { first: 0, last: Number(length) - 1 }
    : undefined;
}

/**
 * The source of a range that starts where it should; a server that ignores ranges would give the beginning once more, and a proxy that
 * packs what passes, other bytes.
 */
function sourceOf(response: TransportResponse, first: number, coding: string | undefined): BodySource | undefined {
  const { status, headers, source } = response;
  if (spanOf(response)?.first === first && status === 206 && headers["content-encoding"] === coding) return source;
  response.source?.cancel(new TucuxiError("not the range that was asked for"));
  return undefined;
}

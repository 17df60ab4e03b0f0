/**
 * Downloads that heal themselves: where a body breaks off, the rest is fetched by a range, pinned to the same object by its ETag.
 * The reader notices nothing, and the checksum covers the whole.
 */

import { TucuxiError } from "../errors/base.js";
import { S3ServiceError } from "../errors/service.js";
import type { BodySource, Heal, TransportResponse } from "../transport/index.js";
import type { Arrival, Call, Journey } from "./call.js";
import { runHook } from "./hooks.js";

/** Bytes of an object that an answer carries, both ends included. */
interface Span {
  readonly first: number;
  readonly last: number;
}

/** What a body asks when its source breaks; undefined where the rest cannot be had: no ETag, no length, not an object. */
export function healer(call: Call, response: TransportResponse, arrival: Arrival, journey: Journey): Heal | undefined {
  const { engine, op, input, options } = call;
  const { etag } = response.headers;
  const span = spanOf(response);
  if (!engine.settings.resumeDownloads || op.name !== "GetObject" || span === undefined) return undefined;
  // A weak ETag matches nothing, says HTTP.
  if (etag === undefined || etag.startsWith("W/")) return undefined;
  const { onRetry } = engine.settings.hooks ?? {};
  let { fared } = arrival;
  return async (failure, given, gone) => {
    const first = span.first + given;
    // A body let go because nobody read it has not failed: its reader has come after all.
    const late = failure.code === "BodyAbandoned";
    const pause = first > span.last ? undefined : late ? 0 : engine.retry.next(failure, fared);
    if (pause === undefined) return undefined;
    const signal = call.limits.signal ? AbortSignal.any([call.limits.signal, gone]) : gone;
    const limits = { ...call.limits, signal };
    const { attempt } = fared;
    if (onRetry) await runHook(() => onRetry({ operation: op.name, attempt, delay: pause, error: failure }), signal);
    if (pause > 0) await engine.pause(pause, signal);
    const rest = { ...withoutConditions(input), Range: `bytes=${first}-${span.last}`, IfMatch: etag };
    const version = response.headers["x-amz-version-id"];
    if (version !== undefined && version !== "null") Object.assign(rest, { VersionId: version });
    try {
      const before = late ? { ...fared, attempt: attempt - 1 } : fared;
      return await journey({ engine, op, input: rest, options, limits, before }, (_, again, there) => {
        fared = there.fared;
        if (again.headers["etag"] === etag) return sourceOf(again, first, response.headers["content-encoding"]);
        again.source?.cancel(failure);
        throw changed(given, failure);
      });
    } catch (error) {
      if (!(error instanceof S3ServiceError) || !changedStatus.has(error.statusCode)) throw error;
      throw changed(given, error);
    }
  };
}

/** What a range of an object that is no longer the same is answered with. */
const changedStatus = new Set([404, 412, 416]);

function changed(given: number, cause: unknown): TucuxiError {
  return new TucuxiError(
    `The object was changed after ${given} of its bytes had been read, so the rest cannot be had`,
    { code: "ObjectChanged", cause, hint: "Read it again from the beginning." },
  );
}

/** What is asked for again is asked for by ETag alone, and in bytes. */
function withoutConditions(input: object): object {
  const { PartNumber, ChecksumMode, IfNoneMatch, IfModifiedSince, IfUnmodifiedSince, ...rest } = input as Record<
    string,
    unknown
  >;
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

/** What becomes of an upload in parts that does not come to its end. */
import { S3ServiceError } from "../../errors/service.js";
import type { TransferContext } from "../context.js";
import { membersFor } from "../input.js";
import type { UnfinishedUpload } from "../types.js";

/** Limit on tidying up, in milliseconds: nobody waits for ever for a service that is gone. */
const TIDY_TIME = 30_000;

/** Removes the parts. Gives the failure if that fails. */
export async function abortUpload(
  context: TransferContext,
  input: object,
  UploadId: string,
): Promise<{ aborted: boolean; abortError?: unknown }> {
  try {
    const { Bucket, Key, ...rest } = membersFor("AbortMultipartUpload", input) as { Bucket: string; Key: string };
    await context.client.abortMultipartUpload({ ...rest, Bucket, Key, UploadId }, { timeout: TIDY_TIME });
    return { aborted: true };
  } catch (error) {
    // It is gone already, with or without its bucket: that is what was wanted.
    if (error instanceof S3ServiceError && error.statusCode === 404) return { aborted: true };
    return { aborted: false, abortError: error };
  }
}

/** Says on an error what was left behind, as its member `upload`, and in its hint. */
export function tellUnfinished(error: unknown, upload: UnfinishedUpload): void {
  if (typeof error !== "object" || error === null || !Object.isExtensible(error)) return;
  Object.defineProperty(error, "upload", { value: upload, configurable: true, enumerable: true, writable: true });
  const note =
    upload.resumeToken !== undefined
      ? "What was sent is kept: upload again with `resume: true`, or with this error's `upload.resumeToken`."
      : upload.aborted
        ? undefined
        : `The multipart upload ${upload.UploadId} could not be aborted (see \`upload.abortError\`): its parts are still stored, and charged for.`;
  const { hint } = error as { hint?: unknown };
  if (note === undefined || !(error instanceof Error) || (hint === undefined && error.name === "AbortError")) return;
  const text = typeof hint === "string" ? `${hint} ${note}` : note;
  Object.defineProperty(error, "hint", { value: text, configurable: true, enumerable: true, writable: true });
}

/**
 * A signal that lets a request end by itself for a while after `signal` says stop: what it creates must be known to be removed.
 */
export function graceful(signal: AbortSignal, grace: number): { signal: AbortSignal; end(): void } {
  const controller = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  const listener = (): void => {
    timer = setTimeout(() => controller.abort(signal.reason), grace);
  };
  signal.addEventListener("abort", listener, { once: true });
  return {
    signal: controller.signal,
    end() {
      clearTimeout(timer);
      signal.removeEventListener("abort", listener);
    },
  };
}

/** What becomes of an upload in parts that does not come to its end. */
import { TransportError, TucuxiError } from "../../errors/base.js";
import { S3ServiceError } from "../../errors/service.js";
import { sleep } from "../../transport/index.js";
import type { TransferContext } from "../context.js";
import { membersFor } from "../input.js";
import type { Run } from "../run.js";
import type { UnfinishedUpload } from "../types.js";

/** Limit on tidying up, in milliseconds: nobody waits for ever for a service that is gone. */
const TIDY_TIME = 30_000;
/** How long parts under way may go on after the end, in milliseconds: one that is answered is removed for certain. */
const PART_GRACE = 250;
/** Limit on the question whether parts have come, in milliseconds: without an answer an abort that succeeded still counts. */
const ASK_TIME = 5000;
/** How long after each abort to ask whether parts have come after it, in milliseconds. */
const PAUSES = [100, 200, 400, 800, 1600];

/**
 * The requests that write an upload's parts. When the transfer ends they are given a moment to end by themselves: a service may go on with a
 * part whose bytes it has, and store it after the upload was aborted.
 */
export class PartWrites {
  readonly #run: Run;
  readonly #patience: ReturnType<typeof graceful>;
  #adrift = false;

  constructor(run: Run) {
    this.#run = run;
    this.#patience = graceful(run.signal, PART_GRACE);
  }

  /** One may have arrived, and nobody knows what became of it. */
  get adrift(): boolean {
    return this.#adrift;
  }

  /** Sends a part. What arrives after the end of the transfer counts no more. */
  async send<T>(write: (signal: AbortSignal) => Promise<T>): Promise<T> {
    this.#run.signal.throwIfAborted();
    const { signal } = this.#patience;
    const output = await write(signal).catch((error: unknown) => {
      this.#adrift ||= !(error instanceof S3ServiceError) && (signal.aborted || isUnanswered(error));
      throw error;
    });
    this.#run.signal.throwIfAborted();
    return output;
  }

  /** All have ended. */
  end(): void {
    this.#patience.end();
  }
}

/** Whether a request was sent, in this attempt or perhaps in an earlier one, and got no answer. */
function isUnanswered(error: unknown): boolean {
  if (!(error instanceof TransportError)) return false;
  return error.phase === "sent" || error.phase === "reading" || (error.attempts ?? 1) > 1;
}

/**
 * Removes the parts. Gives the failure if that fails.
 * @param adrift parts may still arrive: S3 stores them even after an abort, which must then be repeated until none is left
 */
export async function abortUpload(
  context: TransferContext,
  input: object,
  uploadId: string,
  adrift: boolean,
): Promise<{ aborted: boolean; abortError?: unknown }> {
  const end = Date.now() + TIDY_TIME;
  try {
    for (const pause of PAUSES) {
      await removeParts(context, input, uploadId, end);
      if (!adrift) return { aborted: true };
      await sleep(pause);
      if (!(await hasParts(context, input, uploadId, end))) return { aborted: true };
    }
    throw new TucuxiError(`Parts are still listed after ${PAUSES.length} aborts`, {
      code: "PartsLeft",
      hint: "Call abortMultipartUpload until listParts finds no such upload; a lifecycle rule (AbortIncompleteMultipartUpload) removes what is left of any.",
    });
  } catch (error) {
    return { aborted: false, abortError: error };
  }
}

async function removeParts({ client }: TransferContext, input: object, UploadId: string, end: number): Promise<void> {
  const members = membersFor("AbortMultipartUpload", input) as { Bucket: string; Key: string };
  try {
    await client.abortMultipartUpload({ ...members, UploadId }, { timeout: Math.max(end - Date.now(), 1) });
  } catch (error) {
    // It is gone already, with or without its bucket: that is what was wanted.
    if (!(error instanceof S3ServiceError && error.statusCode === 404)) throw error;
  }
}

/** Whether parts are there. Who may not ask, or gets no answer, knows of none: the abort itself has succeeded. */
async function hasParts({ client }: TransferContext, input: object, UploadId: string, end: number): Promise<boolean> {
  const members = membersFor("ListParts", input) as { Bucket: string; Key: string };
  try {
    const { Parts } = await client.listParts(
      { ...members, UploadId, MaxParts: 1 },
      { timeout: Math.max(Math.min(end - Date.now(), ASK_TIME), 1) },
    );
    return Parts.length > 0;
  } catch {
    return false;
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

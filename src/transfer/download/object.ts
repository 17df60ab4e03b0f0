/** One object under download: which it is, how large, and how to read any range of it. */
import { IncompleteBodyError, TransportError, TucuxiError } from "../../errors/base.js";
import { S3ServiceError } from "../../errors/service.js";
import type { ResponseBody } from "../../model/dictionaries.js";
import type { GetObjectOutput, GetObjectRequest, HeadObjectRequest } from "../../model/generated/types.js";
import { type GivenChecksum, responseChecksum } from "../../transport/checksum/index.js";
import { type Enough, feedBody, sleep } from "../../transport/index.js";
import { ownCopy } from "../../transport/memory.js";
import type { TransferContext } from "../context.js";
import { membersFor } from "../input.js";
import { Tally } from "../meter.js";
import type { Run } from "../run.js";
import type { DownloadInput, DownloadOutput } from "../types.js";

/** How often a range is asked for again without a byte having come in between. */
const TRIES = 5;

/** What is asked of every range of the same object. */
const firstOnly: ReadonlySet<string> = new Set(["IfMatch", "IfNoneMatch", "IfModifiedSince", "IfUnmodifiedSince"]);

/** Takes bytes as they come, in order; `at` is their place in the object. They are lent: good until it returns, or for ever if it copies them. */
export type Sink = (piece: Uint8Array, at: number) => void | Promise<void>;

type Pins = Pick<GetObjectRequest, "IfMatch" | "VersionId">;

export class RemoteObject {
  readonly size: number;
  readonly output: DownloadOutput;
  /** The service gives the whole object only, whatever range it is asked for. */
  readonly whole: boolean;
  readonly #context: TransferContext;
  readonly #run: Run;
  readonly #input: DownloadInput;
  #pinned: Pins;
  #first: { readonly body: ResponseBody; readonly start: number; readonly end: number } | undefined;

  constructor(context: TransferContext, run: Run, input: DownloadInput, start: number, answer: GetObjectOutput) {
    this.#context = context;
    this.#run = run;
    this.#input = input;
    const { Body, ContentRange, ...output } = answer;
    const range = ContentRange === undefined ? undefined : readContentRange(ContentRange);
    this.whole = range === undefined;
    this.size = range?.size ?? answer.ContentLength ?? Number.NaN;
    this.output = { ...output, ContentLength: this.size };
    const { ETag, VersionId } = answer;
    this.#pinned = {};
    if (ETag !== undefined) this.#pinned.IfMatch = ETag;
    if (VersionId !== undefined && VersionId !== "null") this.#pinned.VersionId = VersionId;
    this.#first = { body: Body, start: range?.start ?? 0, end: range ? range.end : this.size };
    if (range && (range.start !== start || Number.isNaN(this.size))) {
      const failure = wrongRange(`bytes from ${start} on`, ContentRange ?? "");
      Body.destroy(failure);
      throw failure;
    }
  }

  /** The checksum of the whole, if the first answer gave it. */
  get checksum(): GivenChecksum | undefined {
    return this.#context.checkChecksums ? responseChecksum(this.output.ResponseMetadata.HTTPHeaders) : undefined;
  }

  /** Asks for the checksum of the whole, where it is worth a request. */
  async askChecksum(): Promise<GivenChecksum | undefined> {
    if (this.checksum || !this.#context.askChecksums || !this.#context.checkChecksums) return this.checksum;
    const members = membersFor("HeadObject", this.#input, firstOnly);
    try {
      const { ResponseMetadata } = await this.#ask((pins) => {
        const input = { ...members, ...pins, ChecksumMode: "ENABLED" } as HeadObjectRequest;
        return this.#context.client.headObject(input, { signal: this.#run.signal });
      });
      return responseChecksum(ResponseMetadata.HTTPHeaders);
    } catch (error) {
      // Who may read an object may ask for its head; services that refuse it get no check.
      if (error instanceof S3ServiceError && error.statusCode !== 412) return undefined;
      throw error;
    }
  }

  /** Lets go of the first answer, if nobody read it. */
  discard(reason: unknown): void {
    this.#first?.body.destroy(reason);
    this.#first = undefined;
  }

  /**
   * Reads from `start` up to, but without, `end`. Where the body breaks, the rest is asked for.
   * @throws TransportError and IncompleteBodyError when it keeps breaking without a byte in between
   */
  async read(start: number, end: number, sink: Sink): Promise<void> {
    const tally = new Tally(this.#run.meter);
    let at = start;
    let fruitless = 0;
    while (at < end) {
      const before = at;
      try {
        const body = await this.#body(at, end);
        const give = (piece: Uint8Array): Enough | Promise<Enough> => {
          const taken = sink(piece, at);
          const { length } = piece;
          // Of an answer that goes on beyond the range, the rest is let go.
          const count = (): Enough => {
            at += length;
            tally.add(length);
            return at >= end ? false : undefined;
          };
          return taken ? taken.then(count) : count();
        };
        await feedBody(body, (bytes) => {
          const piece = bytes.length > end - at ? bytes.subarray(0, end - at) : bytes;
          const wait = this.#run.bandwidth?.take(piece.length, this.#run.signal);
          if (!wait) return give(piece);
          const kept = ownCopy(piece);
          return wait.then(() => give(kept));
        });
        if (at < end) throw new IncompleteBodyError(end - before, at - before);
      } catch (error) {
        this.#run.signal.throwIfAborted();
        if (!isBreak(error)) throw changed(error);
        fruitless = at > before ? 0 : fruitless + 1;
        if (fruitless >= TRIES) throw error;
        await sleep(50 * 2 ** fruitless * (0.5 + Math.random() / 2), this.#run.signal);
      }
    }
    tally.done(end - start);
  }

  /** Asks for the same object again: by its ETag, and its version. */
  async #ask<T>(request: (pins: Pins) => Promise<T>): Promise<T> {
    const pins = this.#pinned;
    try {
      return await request(pins);
    } catch (error) {
      const ours = pins.VersionId !== undefined && this.#input.VersionId === undefined;
      if (!ours || !(error instanceof S3ServiceError) || error.statusCode !== 403) throw error;
      // To read a version by its id takes a permission of its own; without it the ETag must do.
      const { VersionId: _, ...rest } = pins;
      const answer = await request(rest);
      this.#pinned = rest;
      return answer;
    }
  }

  /** The body of an answer that begins at `start`. */
  async #body(start: number, end: number): Promise<ResponseBody> {
    const first = this.#first;
    if (first && first.start === start && (first.end >= end || this.whole)) {
      this.#first = undefined;
      return first.body;
    }
    const members = membersFor("GetObject", this.#input, firstOnly) as unknown as GetObjectRequest;
    const Range = `bytes=${start}-${end - 1}`;
    const answer = await this.#ask((pins) =>
      this.#context.client.getObject({ ...members, ...pins, Range }, { signal: this.#run.signal }),
    );
    const range = answer.ContentRange === undefined ? undefined : readContentRange(answer.ContentRange);
    const good = range
      ? range.start === start && range.size === this.size
      : start === 0 && answer.ContentLength === this.size;
    if (good) return answer.Body;
    const failure = wrongRange(`bytes=${start}-${end - 1} of ${this.size}`, answer.ContentRange ?? "no range");
    answer.Body.destroy(failure);
    throw failure;
  }
}

/**
 * Asks for the beginning of an object, which tells its size: small ones are here with one request.
 * @param start where to begin: what is before is there already
 * @param etag of the object that is meant, when it is known
 */
export async function openObject(
  context: TransferContext,
  run: Run,
  input: DownloadInput,
  start: number,
  length: number,
  etag?: string,
): Promise<RemoteObject> {
  const members = membersFor("GetObject", input) as unknown as GetObjectRequest;
  if (etag !== undefined) members.IfMatch ??= etag;
  try {
    const Range = `bytes=${start}-${start + length - 1}`;
    const answer = await context.client.getObject({ ...members, Range }, { signal: run.signal });
    return new RemoteObject(context, run, input, start, answer);
  } catch (error) {
    if (!(error instanceof S3ServiceError) || error.statusCode !== 416 || start > 0) throw error;
    // An empty object has no first byte.
    const answer = await context.client.getObject(members, { signal: run.signal });
    return new RemoteObject(context, run, input, 0, answer);
  }
}

/** The same of an object known to be small: all of it. Its checksum is then checked by the client itself. */
export async function openWhole(context: TransferContext, run: Run, input: DownloadInput): Promise<RemoteObject> {
  const members = membersFor("GetObject", input) as unknown as GetObjectRequest;
  return new RemoteObject(context, run, input, 0, await context.client.getObject(members, { signal: run.signal }));
}

function readContentRange(text: string): { start: number; end: number; size: number } | undefined {
  const match = /^bytes (\d+)-(\d+)\/(\d+)$/.exec(text.trim());
  return match ? { start: Number(match[1]), end: Number(match[2]) + 1, size: Number(match[3]) } : undefined;
}

function wrongRange(asked: string, got: string): TucuxiError {
  return new TucuxiError(`The service was asked for ${asked}, and answered with ${JSON.stringify(got)}`, {
    code: "WrongRange",
    hint: "Something between here and the service changes ranges; get the object with getObject.",
  });
}

function isBreak(error: unknown): boolean {
  return (
    error instanceof TransportError ||
    error instanceof IncompleteBodyError ||
    (error instanceof TucuxiError && error.code === "BodyAbandoned")
  );
}

/** A precondition that fails after the first answer: somebody has replaced the object. */
function changed(error: unknown): unknown {
  if (!(error instanceof S3ServiceError) || error.statusCode !== 412) return error;
  const hint = "The object was replaced while it was downloaded: download it again.";
  Object.defineProperty(error, "hint", { value: hint, configurable: true, enumerable: true });
  return error;
}

/** Downloads into memory, and in order to streams. */
import { finished } from "node:stream/promises";
import { orAborted } from "../../client/limits.js";
import { ParamValidationError, TucuxiError } from "../../errors/base.js";
import { kindOf } from "../../protocol/index.js";
import { memoryFor, ownCopy } from "../../transport/memory.js";
import type { TransferContext } from "../context.js";
import { checkMembers } from "../input.js";
import { checkOptions, type Sizes, sizesOf } from "../limits.js";
import { transferNames } from "../option-names.js";
import { Run } from "../run.js";
import type { DownloadedBytes, DownloadInput, DownloadOptions, DownloadOutput, DownloadTarget } from "../types.js";
import { WholeCheck } from "./check.js";
import { openObject, type RemoteObject } from "./object.js";
import { refusedMembers } from "./refused.js";

export async function download(
  context: TransferContext,
  input: DownloadInput,
  target: DownloadTarget | DownloadOptions | undefined,
  options: DownloadOptions | undefined,
): Promise<DownloadOutput> {
  const stream = isTarget(target) ? target : undefined;
  const first = stream ? undefined : (target as DownloadOptions | undefined);
  const given = options === undefined ? (first === undefined ? {} : first) : options;
  checkMembers("download", input, ["GetObject"], refusedMembers);
  if (first !== undefined && (options !== undefined || typeof first === "string")) {
    throw new ParamValidationError([{ path: "target", problem: `expected a writable stream, got ${kindOf(first)}` }], {
      operation: "download",
      hint: typeof first === "string" ? "To write to a file, use downloadFile." : undefined,
    });
  }
  checkOptions(given, transferNames, "download");
  const sizes = sizesOf(given, "download");
  if (given.resume) {
    throw new ParamValidationError([{ path: "resume", problem: "only downloads to files can be resumed" }], {
      operation: "download",
      hint: "Use downloadFile.",
    });
  }
  let run: Run;
  try {
    run = new Run(given, sizes.concurrency);
  } catch (error) {
    await abandon(stream, error);
    throw error;
  }
  try {
    return stream ? await toStream(context, run, input, stream, sizes) : await toMemory(context, run, input, sizes);
  } finally {
    run.end();
  }
}

function isTarget(value: unknown): value is DownloadTarget {
  const target = value as Partial<NodeJS.WritableStream & WritableStream> | undefined;
  return typeof target?.write === "function" || typeof target?.getWriter === "function";
}

async function toMemory(
  context: TransferContext,
  run: Run,
  input: DownloadInput,
  sizes: Sizes,
): Promise<DownloadedBytes> {
  let object: RemoteObject | undefined;
  try {
    object = await openObject(context, run, input, 0, sizes.partSize);
    const { size } = object;
    const bytes = memoryFor(size);
    if (bytes === undefined) {
      throw new TucuxiError(`The object of ${size} bytes is too large to be held in memory`, {
        code: "BodyTooLarge",
        hint: "Use downloadFile, or download to a stream.",
      });
    }
    const check = await inRanges(run, object, sizes, async (start, end, take) => {
      await object?.read(start, end, (piece, at) => {
        take(piece);
        bytes.set(piece, at);
      });
    });
    check?.inOrder?.update(bytes);
    check?.verify();
    return finish(run, object, new Uint8Array(bytes.buffer, 0, size));
  } catch (error) {
    object?.discard(error);
    throw run.scope.reasonOf(error);
  }
}

function finish(run: Run, object: RemoteObject, Body: Uint8Array): DownloadedBytes {
  run.meter.fileDone();
  run.meter.finish();
  return { ...object.output, Body };
}

/**
 * Reads ranges side by side. `job` hands every piece of its range to `take`, in order; what wants the whole in order, as `inOrder` of
 * the check, gets it from the caller.
 * @returns the check of the whole, to be asked in the end
 */
async function inRanges(
  run: Run,
  object: RemoteObject,
  sizes: Sizes,
  job: (start: number, end: number, take: (piece: Uint8Array) => void, check: WholeCheck | undefined) => Promise<void>,
): Promise<WholeCheck | undefined> {
  const { size } = object;
  const step = object.whole ? size : sizes.partSize;
  const ranges = size === 0 ? 0 : Math.ceil(size / step);
  run.meter.total = size;
  const expected = object.whole ? undefined : ranges > 1 ? await object.askChecksum() : object.checksum;
  const check = WholeCheck.for(expected, ranges);
  let next = 0;
  await run.scope.lanes(Math.min(run.concurrency, ranges), async () => {
    while (next < ranges) {
      const range = next++;
      const start = range * step;
      const end = Math.min(start + step, size);
      const sum = check?.begin();
      await job(start, end, (piece) => sum?.update(piece), check);
      if (sum) check?.add(range, sum, end - start);
    }
  });
  return check;
}

/** Downloads to a stream within a run, and ends it. */
export async function toStream(
  context: TransferContext,
  run: Run,
  input: DownloadInput,
  target: DownloadTarget,
  sizes: Sizes,
): Promise<DownloadOutput> {
  const writer = "getWriter" in target ? new WebWriter(target) : new NodeWriter(target);
  let object: RemoteObject | undefined;
  try {
    object = await openObject(context, run, input, 0, sizes.partSize);
    // Ranges are read in any order, and written in theirs: each waits for the one before.
    const turns = new Map<number, { go: Promise<void>; done: () => void }>();
    const turn = (start: number): { go: Promise<void>; done: () => void } => {
      let found = turns.get(start);
      if (!found) {
        let done = (): void => {};
        const go = new Promise<void>((resolve) => {
          done = resolve;
        });
        found = { go, done };
        turns.set(start, found);
      }
      return found;
    };
    turn(0).done();
    const source = object;
    const check = await inRanges(run, source, sizes, async (start, end, take, whole) => {
      const mine = turn(start);
      const write = (piece: Uint8Array): Promise<void> | undefined => {
        whole?.inOrder?.update(piece);
        return writer.write(piece, run.signal);
      };
      let ahead: Uint8Array[] | undefined = [];
      let open = start === 0;
      mine.go.then(() => {
        open = true;
      });
      await source.read(start, end, async (lent) => {
        take(lent);
        // A stream may hold what it is given for as long as it likes.
        const piece = ownCopy(lent);
        if (!open) {
          ahead?.push(piece);
          return;
        }
        // From the moment its turn comes a range goes straight through.
        for (const earlier of ahead ?? []) await write(earlier);
        ahead = undefined;
        await write(piece);
      });
      await orAborted(mine.go, run.signal);
      for (const earlier of ahead ?? []) await write(earlier);
      turns.delete(start);
      turn(end).done();
    });
    check?.verify();
    await writer.end(run.signal);
    run.meter.fileDone();
    run.meter.finish();
    return object.output;
  } catch (error) {
    object?.discard(error);
    const reason = run.scope.reasonOf(error);
    await writer.abort(reason);
    throw reason;
  }
}

async function abandon(target: DownloadTarget | undefined, reason: unknown): Promise<void> {
  if (target) await ("getWriter" in target ? new WebWriter(target) : new NodeWriter(target)).abort(reason);
}

interface Writer {
  write(piece: Uint8Array, signal: AbortSignal): Promise<void> | undefined;
  end(signal: AbortSignal): Promise<void>;
  abort(reason: unknown): Promise<void>;
}

class NodeWriter implements Writer {
  readonly #stream: NodeJS.WritableStream & { destroy?: (error?: Error) => unknown };
  readonly #finished: Promise<void>;
  #ending = false;
  #failure: unknown;
  /** Tells the write that waits. */
  #fail: ((error: unknown) => void) | undefined;

  constructor(stream: NodeJS.WritableStream) {
    this.#stream = stream;
    this.#finished = finished(stream, { readable: false });
    this.#finished.then(
      () => {
        if (!this.#ending) this.#broken(undefined);
      },
      (error: unknown) => this.#broken(error),
    );
  }

  #broken(error: unknown): void {
    this.#failure =
      error ?? new TucuxiError("The stream was closed before everything was written", { code: "StreamClosed" });
    this.#fail?.(this.#failure);
  }

  write(piece: Uint8Array, signal: AbortSignal): Promise<void> | undefined {
    if (this.#failure !== undefined) return Promise.reject(this.#failure);
    if (this.#stream.write(piece)) return undefined;
    let drained = (): void => {};
    const drain = new Promise<void>((resolve, reject) => {
      drained = resolve;
      this.#fail = reject;
      this.#stream.once("drain", drained);
    });
    return orAborted(drain, signal).finally(() => {
      this.#fail = undefined;
      this.#stream.removeListener("drain", drained);
    });
  }

  async end(signal: AbortSignal): Promise<void> {
    // The process's own are not ours to end.
    if (this.#stream === process.stdout || this.#stream === process.stderr) return;
    this.#ending = true;
    this.#stream.end();
    await orAborted(this.#finished, signal);
  }

  async abort(reason: unknown): Promise<void> {
    if (this.#stream === process.stdout || this.#stream === process.stderr) return;
    this.#stream.destroy?.(reason instanceof Error ? reason : undefined);
    await this.#finished.catch(() => {});
  }
}

class WebWriter implements Writer {
  readonly #writer: WritableStreamDefaultWriter<Uint8Array>;

  constructor(stream: WritableStream<Uint8Array>) {
    this.#writer = stream.getWriter();
    this.#writer.closed.catch(() => {});
  }

  async write(piece: Uint8Array, signal: AbortSignal): Promise<void> {
    await orAborted(this.#writer.ready, signal);
    // Its failure comes out at the next `ready`, or at the end.
    this.#writer.write(piece).catch(() => {});
  }

  async end(signal: AbortSignal): Promise<void> {
    await orAborted(this.#writer.close(), signal);
    this.#writer.releaseLock();
  }

  async abort(reason: unknown): Promise<void> {
    await this.#writer.abort(reason).catch(() => {});
    this.#writer.releaseLock();
  }
}

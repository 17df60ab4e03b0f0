/** Downloads to files: ranges side by side, each written where it belongs. */
import { createWriteStream } from "node:fs";
import { rm, stat } from "node:fs/promises";
import { sep } from "node:path";
import { TucuxiError } from "../../errors/base.js";
import { S3ServiceError } from "../../errors/service.js";
import { createChecksum } from "../../transport/checksum/index.js";
import type { TransferContext } from "../context.js";
import { checkMembers } from "../input.js";
import { checkOptions, MIB, type Sizes, sizesOf } from "../limits.js";
import { transferNames } from "../option-names.js";
import { checkPath } from "../path.js";
import { Run } from "../run.js";
import type { DownloadInput, DownloadOptions, DownloadOutput } from "../types.js";
import { WholeCheck } from "./check.js";
import { toStream } from "./download.js";
import { openObject, openWhole, type RemoteObject } from "./object.js";
import { RangeWriter } from "./range-writer.js";
import { refusedMembers } from "./refused.js";
import { markOf, readState, type SavedState, StateFile } from "./state.js";
import { TargetFile, temporaryName } from "./target-file.js";

export async function downloadFile(
  context: TransferContext,
  input: DownloadInput,
  path: string,
  options: DownloadOptions = {},
): Promise<DownloadOutput> {
  checkMembers("downloadFile", input, ["GetObject"], refusedMembers);
  checkPath(path, "file", "downloadFile");
  checkOptions(options, transferNames, "downloadFile");
  const sizes = sizesOf(options, "download");
  const run = new Run(options, sizes.concurrency);
  try {
    const found = await stat(path).catch(() => undefined);
    if (found?.isDirectory() || path.endsWith("/") || path.endsWith(sep)) {
      throw new TucuxiError(`${path} is a folder`, { code: "IsDirectory", hint: "Name the file to be written." });
    }
    // Pipes and devices cannot be replaced by a file, nor written at any position.
    if (found && !found.isFile()) return await toStream(context, run, input, createWriteStream(path), sizes);
    const output = await fetchFile(context, run, input, path, sizes, { resume: options.resume });
    run.meter.finish();
    return output;
  } finally {
    run.end();
  }
}

export interface FetchOptions {
  readonly resume?: boolean | undefined;
  /** The size, as a listing has it. */
  readonly known?: number | undefined;
  /** Nothing is there to be replaced. */
  readonly fresh?: boolean | undefined;
  /** Give the file the object's time. */
  readonly keepTime?: boolean | undefined;
  /** The total of the run is counted by somebody else. */
  readonly shared?: boolean | undefined;
}

/** Downloads one file within a run that others may share. */
export async function fetchFile(
  context: TransferContext,
  run: Run,
  input: DownloadInput,
  path: string,
  sizes: Sizes,
  options: FetchOptions,
): Promise<DownloadOutput> {
  const job = new FileDownload(context, run, input, path, sizes, options);
  try {
    const output = await job.go();
    run.meter.fileDone();
    return output;
  } catch (error) {
    throw run.scope.reasonOf(error);
  }
}

class FileDownload {
  readonly #context: TransferContext;
  readonly #run: Run;
  readonly #input: DownloadInput;
  readonly #path: string;
  readonly #sizes: Sizes;
  readonly #options: FetchOptions;
  readonly #mark: string | undefined;
  #file: TargetFile | undefined;
  #state: StateFile | undefined;
  #saved: SavedState | undefined;

  constructor(
    context: TransferContext,
    run: Run,
    input: DownloadInput,
    path: string,
    sizes: Sizes,
    options: FetchOptions,
  ) {
    this.#context = context;
    this.#run = run;
    this.#input = input;
    this.#path = path;
    this.#sizes = sizes;
    this.#options = options;
    this.#mark = options.resume ? markOf(input) : undefined;
  }

  get #statePath(): string {
    return `${temporaryName(this.#path, this.#mark ?? "")}.state`;
  }

  async go(): Promise<DownloadOutput> {
    let object: RemoteObject | undefined;
    try {
      if (this.#mark !== undefined) await this.#remember(this.#mark);
      // The first request runs before there is anything to clean up: most failures are its.
      object = await this.#run.slot(() => this.#open());
      if (!this.#options.shared) this.#run.meter.total = object.size;
      this.#file ??= await TargetFile.create(this.#path, this.#mark);
      await this.#fetch(object, this.#file);
      const modified = this.#options.keepTime ? object.output.LastModified : undefined;
      await this.#file.finish(object.size, modified, this.#options.fresh);
      await this.#state?.remove();
      return object.output;
    } catch (error) {
      await this.#tidy(error);
      throw error;
    } finally {
      // Unread when all of it was there already, or when something failed before.
      object?.discard(undefined);
    }
  }

  /** What an earlier try left. */
  async #remember(mark: string): Promise<void> {
    const saved = await readState(this.#statePath);
    this.#file = saved && (await TargetFile.reopen(this.#path, mark));
    if (this.#file) this.#saved = saved;
  }

  async #open(): Promise<RemoteObject> {
    const { partSize, threshold } = this.#sizes;
    const saved = this.#saved;
    if (saved) {
      const { etag, size, partSize: step } = saved.head;
      let missing = 0;
      while (saved.done.has(missing)) missing++;
      const start = Math.min(missing * step, Math.max(0, size - 1));
      try {
        const length = Math.max(1, Math.min(step, size - start));
        const object = await openObject(this.#context, this.#run, this.#input, start, length, etag);
        // Conditions of the caller's own may let another one through.
        if (object.output.ETag === etag && object.size === size) return object;
        object.discard(undefined);
      } catch (error) {
        if (!(error instanceof S3ServiceError) || ![412, 416, 404].includes(error.statusCode)) throw error;
      }
      // It is another object now: what has come is of no use.
      this.#saved = undefined;
      await this.#file?.remove();
      this.#file = undefined;
    }
    const { known } = this.#options;
    if (known !== undefined && known <= partSize && known < threshold) {
      return openWhole(this.#context, this.#run, this.#input);
    }
    return openObject(this.#context, this.#run, this.#input, 0, partSize);
  }

  async #fetch(object: RemoteObject, file: TargetFile): Promise<void> {
    const { size } = object;
    const step = this.#saved?.head.partSize ?? this.#sizes.partSize;
    const ranges = object.whole ? Math.min(size, 1) : Math.ceil(size / step);
    const length = object.whole ? size : step;
    // The client checks whole bodies itself.
    const expected = object.whole ? undefined : ranges > 1 ? await object.askChecksum() : object.checksum;
    const check = WholeCheck.for(expected, ranges);
    if (ranges > 1) await file.allocate(size);
    await this.#startState(object, step);
    const done = this.#saved?.done;
    let next = 0;
    await this.#run.scope.lanes(Math.min(this.#run.concurrency, ranges), async () => {
      while (next < ranges) {
        const range = next++;
        const start = range * length;
        const end = Math.min(start + length, size);
        const crc = done?.get(range);
        if (crc !== undefined && (await this.#stillThere(file, range, start, end, crc, check))) continue;
        await this.#run.slot(() => this.#fetchRange(object, file, range, start, end, check));
      }
    });
    const sum = check?.inOrder;
    if (sum) await file.readAll(size, (bytes) => sum.update(bytes), this.#run.signal);
    check?.verify();
  }

  async #startState(object: RemoteObject, partSize: number): Promise<void> {
    const { ETag: etag } = object.output;
    if (this.#mark === undefined || etag === undefined || object.whole) return;
    const head = { v: 1, etag, size: object.size, partSize } as const;
    this.#state = await StateFile.begin(this.#statePath, head, this.#saved?.done ?? new Map());
  }

  /** A range that was written before: its bytes are what they were. */
  async #stillThere(
    file: TargetFile,
    range: number,
    start: number,
    end: number,
    crc: string,
    check: WholeCheck | undefined,
  ): Promise<boolean> {
    const buffer = Buffer.allocUnsafe(Math.min(MIB, end - start));
    const own = createChecksum("CRC32");
    const whole = check?.begin();
    for (let at = start; at < end; ) {
      const read = await file.read(buffer.subarray(0, Math.min(buffer.length, end - at)), at);
      if (read === 0) return false;
      const bytes = buffer.subarray(0, read);
      own.update(bytes);
      whole?.update(bytes);
      at += read;
    }
    if (own.base64() !== crc) return false;
    if (whole) check?.add(range, whole, end - start);
    this.#run.meter.add(end - start);
    this.#run.meter.partDone();
    return true;
  }

  async #fetchRange(
    object: RemoteObject,
    file: TargetFile,
    range: number,
    start: number,
    end: number,
    check: WholeCheck | undefined,
  ): Promise<void> {
    const own = this.#state ? createChecksum("CRC32") : undefined;
    const whole = check?.begin();
    const writer = new RangeWriter(this.#run, file, start, end);
    try {
      await object.read(start, end, (piece) => {
        own?.update(piece);
        whole?.update(piece);
        return writer.add(piece);
      });
      await writer.flush();
    } finally {
      await writer.end();
    }
    if (whole) check?.add(range, whole, end - start);
    if (own) await this.#state?.add(range, own.base64());
  }

  /** After a failure nothing is left, unless it can be gone on with. */
  async #tidy(error: unknown): Promise<void> {
    const damaged = error instanceof TucuxiError && error.name === "ChecksumMismatchError";
    const keep = this.#state !== undefined || this.#saved !== undefined;
    if (keep && !damaged) {
      await this.#state?.close();
      await this.#file?.close();
      return;
    }
    await this.#state?.remove();
    await this.#file?.remove();
    if (this.#mark !== undefined) await rm(this.#statePath, { force: true });
  }
}

/** One transfer of a tree under way. */
import { join } from "node:path";
import { TucuxiError } from "../../errors/base.js";
import type { HeadObjectRequest } from "../../model/generated/types.js";
import type { OperationName } from "../../model/operation.js";
import type { TransferContext } from "../context.js";
import { copyObject } from "../copy/copy.js";
import { asSource } from "../copy/source.js";
import { fetchFile } from "../download/download-file.js";
import { checkMembers, type Dictionary, membersFor } from "../input.js";
import { type Sizes, sizesOf } from "../limits.js";
import { Run } from "../run.js";
import type {
  CopyInput,
  DownloadInput,
  SyncOptions,
  TreeAction,
  TreeActionKind,
  TreeFailure,
  TreeResult,
  UploadFileInput,
} from "../types.js";
import { openFile } from "../upload/file-source.js";
import { uploadFrom } from "../upload/upload.js";
import { type TakenNames, takenNames } from "./case.js";
import { differences, everything, type Step } from "./compare.js";
import { type Asked, sameContent, sameObjects } from "./content.js";
import { Crew } from "./crew.js";
import type { Entry, Unreadable } from "./entry.js";
import { type Filter, makeFilter } from "./glob.js";
import { list } from "./list.js";
import { namesOf } from "./names.js";
import { type BucketSide, Deleter, type LocalSide, type Side } from "./sides.js";
import { walk } from "./walk.js";

/** Requests at once, unless the caller says otherwise: small files wait for answers more than they send. */
const CONCURRENCY = 16;

const uploads = ["PutObject", "CreateMultipartUpload", "CompleteMultipartUpload"] as const;

const actionOf = (from: Side, to: Side): Exclude<TreeActionKind, "delete"> =>
  from.kind === "local" ? "upload" : to.kind === "local" ? "download" : "copy";

export class TreeRun {
  readonly #context: TransferContext;
  readonly #from: Side;
  readonly #to: Side;
  readonly #options: SyncOptions;
  readonly #plan: { readonly differences: boolean; readonly delete: boolean };
  readonly #action: Exclude<TreeActionKind, "delete">;
  readonly #sizes: Sizes;
  readonly #run: Run;
  /** Of a folder whose file system does not tell case. */
  #taken: TakenNames | undefined;
  readonly #result: TreeResult = {
    transferred: 0,
    bytes: 0,
    unchanged: 0,
    deleted: 0,
    skipped: 0,
    failures: [],
    actions: [],
  };

  constructor(
    context: TransferContext,
    from: Side,
    to: Side,
    options: SyncOptions,
    plan: { readonly differences: boolean; readonly delete: boolean },
  ) {
    this.#context = context;
    this.#from = from;
    this.#to = to;
    this.#options = options;
    this.#plan = plan;
    this.#action = actionOf(from, to);
    // What a service cannot fetch from another one goes through here, as an upload does.
    const through = from.kind === "bucket" && to.kind === "bucket" && from.context.service !== to.context.service;
    this.#sizes = sizesOf(options, through ? "upload" : this.#action, CONCURRENCY);
    this.#run = new Run(options, this.#sizes.concurrency);
  }

  async go(): Promise<TreeResult> {
    const run = this.#run;
    const crew = new Crew(this.#sizes.concurrency);
    const deleter = new Deleter(this.#to, run.signal, (failure) => this.#fail(failure));
    run.meter.total = 0;
    try {
      if (this.#to.kind === "local" && !this.#options.dryRun) this.#taken = await takenNames(this.#to.root);
      for await (const step of this.#steps()) {
        run.signal.throwIfAborted();
        await this.#take(step, crew, deleter);
      }
      await crew.finish();
      await deleter.flush();
      run.signal.throwIfAborted();
      this.#result.deleted += deleter.deleted;
      // Of files that failed nothing more will come.
      run.meter.total = run.meter.bytes;
      run.meter.finish();
      return this.#result;
    } catch (error) {
      run.scope.fail(error);
      throw run.scope.reasonOf(error);
    } finally {
      await crew.stop();
      run.end();
    }
  }

  /** One side is a folder here. */
  get #local(): boolean {
    return this.#from.kind === "local" || this.#to.kind === "local";
  }

  #steps(): AsyncIterable<Step> {
    const filter = makeFilter(this.#options.include, this.#options.exclude);
    const source = this.#entries(this.#from, filter);
    if (!this.#plan.differences) return everything(source);
    return differences(source, this.#entries(this.#to, filter), this.#options.compare ?? "time");
  }

  async *#entries(side: Side, filter: Filter): AsyncGenerator<Entry | Unreadable | "skipped"> {
    if (side.kind === "bucket") {
      const { bucket: Bucket, shared } = side;
      const { RequestPayer, ExpectedBucketOwner } = shared as Pick<
        DownloadInput,
        "RequestPayer" | "ExpectedBucketOwner"
      >;
      const input = { Bucket, RequestPayer, ExpectedBucketOwner };
      for await (const entry of list(side.context, input, side.prefix, filter, this.#run.signal)) {
        // A folder's marker: no file here can be called so. From bucket to bucket it is an object like others.
        if (this.#local && entry.path.endsWith("/") && entry.size === 0) {
          if (side === this.#from) await this.#makeFolder(entry.path);
        } else yield entry;
      }
      return;
    }
    try {
      // Deleting through a link at the target would delete elsewhere.
      yield* walk(side.root, filter, side === this.#from && this.#options.followSymlinks === true);
    } catch (cause) {
      const { code = "FileError", message } = cause as NodeJS.ErrnoException;
      // A target that a dry run does not make has nothing in it.
      if (side === this.#to && code === "ENOENT") return;
      throw new TucuxiError(`${side.root} cannot be read: ${message}`, { code, cause });
    }
  }

  async #makeFolder(path: string): Promise<void> {
    if (this.#to.kind !== "local" || this.#options.dryRun) return;
    try {
      await this.#to.folders.make(namesOf(path.slice(0, -1)));
    } catch (error) {
      this.#fail({ action: "download", path, error });
    }
  }

  async #take(step: Step, crew: Crew, deleter: Deleter): Promise<void> {
    const result = this.#result;
    if (this.#taken && !this.#takeName(step, this.#taken)) return;
    switch (step.kind) {
      case "skipped":
        result.skipped++;
        return;
      case "unreadable":
        this.#fail({ action: "read", path: step.entry.path, error: step.entry.error });
        return;
      case "same":
        result.unchanged++;
        return;
      case "extra":
        if (!this.#plan.delete) return;
        if (this.#options.dryRun) this.#tell("delete", step.entry, "extra");
        else await deleter.delete(step.entry.path);
        return;
      case "ask":
        await crew.take({ large: false, run: () => this.#ask(step.entry, step.other) });
        return;
      case "move": {
        if (this.#options.dryRun) {
          this.#tell(this.#action, step.entry, step.reason);
          return;
        }
        const { entry } = step;
        this.#run.meter.expect(entry.size);
        await crew.take({ large: entry.size >= this.#sizes.threshold, run: () => this.#move(entry) });
      }
    }
  }

  /** Whether a step may be taken: not one that would write, or delete, a file that is another's by now. */
  #takeName(step: Step, taken: TakenNames): boolean {
    if (step.kind === "skipped" || step.kind === "unreadable") return true;
    const { path } = step.entry;
    if (step.kind === "extra") return !taken.has(path);
    try {
      taken.take(path);
      return true;
    } catch (error) {
      this.#fail({ action: this.#action, path, error });
      return false;
    }
  }

  #tell(action: TreeActionKind, { path, size }: Entry, reason: TreeAction["reason"]): void {
    this.#result.actions.push({ action, path, size, reason });
  }

  #fail(failure: TreeFailure): void {
    if (this.#options.failFast) throw failure.error;
    this.#result.failures.push(failure);
  }

  /** Compares contents, and moves what differs. */
  async #ask(entry: Entry, other: Entry): Promise<void> {
    try {
      if (await this.#run.slot(() => this.#same(entry, other))) {
        this.#result.unchanged++;
        return;
      }
    } catch (error) {
      this.#run.signal.throwIfAborted();
      this.#fail({ action: this.#action, path: entry.path, error });
      return;
    }
    if (this.#options.dryRun) this.#tell(this.#action, entry, "checksum");
    else {
      this.#run.meter.expect(entry.size);
      await this.#move(entry);
    }
  }

  async #same(entry: Entry, other: Entry): Promise<boolean> {
    const from = this.#from;
    const to = this.#to;
    const { signal } = this.#run;
    const asked = ({ context, shared, bucket, prefix }: BucketSide): Asked => {
      const object = { ...shared, Bucket: bucket, Key: prefix + entry.path };
      return { context, input: membersFor("HeadObject", object) as unknown as HeadObjectRequest };
    };
    if (from.kind === "bucket" && to.kind === "bucket") {
      if (entry.etag !== undefined && entry.etag === other.etag) return true;
      return sameObjects(asked(from), asked(to), signal);
    }
    const [local, remote] = from.kind === "local" ? [from, to as BucketSide] : [to as LocalSide, from];
    const path = join(local.root, ...namesOf(entry.path));
    return sameContent(asked(remote), path, entry.size, this.#sizes.partSize, signal);
  }

  async #move(entry: Entry): Promise<void> {
    try {
      await this.#carry(entry);
      this.#result.transferred++;
      this.#result.bytes += entry.size;
    } catch (error) {
      this.#run.signal.throwIfAborted();
      this.#fail({ action: this.#action, path: entry.path, error });
    }
  }

  async #carry(entry: Entry): Promise<void> {
    const { path } = entry;
    const from = this.#from;
    const to = this.#to;
    const run = this.#run.child();
    try {
      if (from.kind === "local") return await this.#upload(run, from, to as BucketSide, path);
      const Key = from.prefix + path;
      if (to.kind === "local") {
        const file = await to.folders.pathFor(namesOf(path));
        const input = { ...from.shared, Bucket: from.bucket, Key } as unknown as DownloadInput;
        await fetchFile(from.context, run, input, file.path, this.#sizes, {
          fresh: file.fresh,
          resume: this.#options.resume,
          known: entry.size,
          keepTime: true,
          shared: true,
        });
        return;
      }
      const input = {
        ...asSource(from.shared),
        ...to.shared,
        ...this.#inputFor(path, ["CopyObject"]),
        CopySource: { Bucket: from.bucket, Key },
        Bucket: to.bucket,
        Key: to.prefix + path,
      } as CopyInput;
      await copyObject(this.#context, run, input, this.#sizes, from.context, this.#options.checksumAlgorithm, true);
    } finally {
      run.end();
    }
  }

  /** What the caller adds for this file. */
  #inputFor(path: string, operations: readonly OperationName[]): Dictionary {
    const more: object = this.#options.inputFor?.(path) ?? {};
    checkMembers("inputFor", { Bucket: "any", Key: "any", ...more }, operations);
    return more as Dictionary;
  }

  async #upload(run: Run, from: LocalSide, to: BucketSide, path: string): Promise<void> {
    const more: Dictionary = { ...to.shared, ...this.#inputFor(path, uploads) };
    const input = { ...more, Bucket: to.bucket, Key: to.prefix + path } as unknown as UploadFileInput;
    const source = await openFile(join(from.root, path));
    await uploadFrom(this.#context, run, input, source, this.#sizes, this.#options, true);
  }
}

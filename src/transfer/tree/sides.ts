/** Where a tree is: a folder here, or the keys under a prefix. */
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { partsHint } from "../../errors/address.js";
import { ParamValidationError, TucuxiError } from "../../errors/base.js";
import type { TransferContext } from "../context.js";
import { membersFor } from "../input.js";
import type { BucketFolder, TreeFailure } from "../types.js";
import { folderPrefix } from "./list.js";
import { Folders, namesOf } from "./names.js";

export interface LocalSide {
  readonly kind: "local";
  readonly root: string;
  readonly folders: Folders;
}

export interface BucketSide {
  readonly kind: "bucket";
  readonly context: TransferContext;
  readonly bucket: string;
  /** With its slash. */
  readonly prefix: string;
  /** Members that all requests of this side share. */
  readonly shared: Record<string, unknown>;
}

export type Side = LocalSide | BucketSide;

export function sideOf(context: TransferContext, given: string | BucketFolder, name: string, operation: string): Side {
  const hint = partsHint(given, "Prefix");
  if (typeof given === "string" && given !== "" && hint === undefined)
    return { kind: "local", root: given, folders: new Folders(given) };
  const { Bucket, Prefix, ...rest } = (given ?? {}) as BucketFolder;
  if (typeof Bucket !== "string" || Bucket === "" || (Prefix !== undefined && typeof Prefix !== "string")) {
    throw new ParamValidationError([{ path: name, problem: "expected the path of a folder, or { Bucket, Prefix? }" }], {
      operation,
      hint,
    });
  }
  return { kind: "bucket", context, bucket: Bucket, prefix: folderPrefix(Prefix), shared: rest };
}

/** Keys in one DeleteObjects. */
const BATCH = 1000;

/** Deletes what is extra at a target, keys by the thousand. */
export class Deleter {
  readonly #side: Side;
  readonly #signal: AbortSignal;
  readonly #fail: (failure: TreeFailure) => void;
  #paths: string[] = [];
  deleted = 0;

  constructor(side: Side, signal: AbortSignal, fail: (failure: TreeFailure) => void) {
    this.#side = side;
    this.#signal = signal;
    this.#fail = fail;
  }

  async delete(path: string): Promise<void> {
    if (this.#side.kind === "local") {
      try {
        await rm(join(this.#side.root, ...namesOf(path)));
        this.deleted++;
      } catch (error) {
        this.#fail({ action: "delete", path, error });
      }
      return;
    }
    this.#paths.push(path);
    if (this.#paths.length >= BATCH) await this.flush();
  }

  async flush(): Promise<void> {
    const paths = this.#paths;
    const side = this.#side;
    if (paths.length === 0 || side.kind === "local") return;
    this.#paths = [];
    const Objects = paths.map((path) => ({ Key: side.prefix + path }));
    const input = { ...side.shared, Bucket: side.bucket, Delete: { Objects, Quiet: true } };
    try {
      const members = membersFor("DeleteObjects", input) as typeof input;
      const { Errors } = await side.context.client.deleteObjects(members, { signal: this.#signal });
      this.deleted += paths.length - Errors.length;
      for (const { Key = "", Code = "Unknown", Message = "" } of Errors) {
        const error = new TucuxiError(`${JSON.stringify(Key)} was not deleted: ${Message || Code}`, { code: Code });
        this.#fail({ action: "delete", path: Key.slice(side.prefix.length), error });
      }
    } catch (error) {
      this.#signal.throwIfAborted();
      for (const path of paths) this.#fail({ action: "delete", path, error });
    }
  }
}

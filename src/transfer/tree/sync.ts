/** Transfers of trees: what is there and what differs comes from two listings; what is to be done is done by a crew. */
import { join } from "node:path";
import { ParamValidationError } from "../../errors/base.js";
import type { TransferContext } from "../context.js";
import { checkDictionary, checkMembers } from "../input.js";
import { checkOptions } from "../limits.js";
import { syncNames, treeNames, uploadTreeNames } from "../option-names.js";
import { checkPath } from "../path.js";
import type {
  BucketFolder,
  DownloadDirectoryInput,
  SyncOptions,
  TreeOptions,
  TreeResult,
  UploadDirectoryInput,
  UploadDirectoryOptions,
} from "../types.js";
import { type BucketSide, sideOf } from "./sides.js";
import { TreeRun } from "./tree-run.js";

export async function uploadDirectory(
  context: TransferContext,
  path: string,
  input: UploadDirectoryInput,
  options: UploadDirectoryOptions = {},
): Promise<TreeResult> {
  const root = localPath(path, "uploadDirectory");
  checkDictionary("uploadDirectory", input, "Prefix");
  const { Prefix, ...shared } = input;
  checkMembers("uploadDirectory", { ...shared, Key: "any" }, ["PutObject", "CreateMultipartUpload"], {
    Body: "is the files",
    ContentLength: "belongs to one file",
    ContentMD5: "belongs to one file",
  });
  checkTreeOptions(options, uploadTreeNames, "uploadDirectory");
  const source = sideOf(context, root, "path", "uploadDirectory");
  const target = sideOf(context, { ...shared, Prefix } as BucketFolder, "input", "uploadDirectory");
  return new TreeRun(context, source, target, options, { differences: false, delete: false }).go();
}

export async function downloadDirectory(
  context: TransferContext,
  input: DownloadDirectoryInput,
  path: string,
  options: TreeOptions = {},
): Promise<TreeResult> {
  checkDictionary("downloadDirectory", input, "Prefix");
  const root = localPath(path, "downloadDirectory");
  const { Prefix, ...shared } = input;
  checkMembers("downloadDirectory", { ...shared, Key: "any" }, ["GetObject"], {
    VersionId: "belongs to one object",
    Range: "a download is of whole objects",
    PartNumber: "a download is of whole objects",
  });
  checkTreeOptions(options, treeNames, "downloadDirectory");
  const source = sideOf(context, { ...shared, Prefix } as BucketFolder, "input", "downloadDirectory");
  const target = sideOf(context, root, "path", "downloadDirectory");
  if (target.kind === "local" && !options.dryRun) await target.folders.make([]);
  return new TreeRun(context, source, target, options, { differences: false, delete: false }).go();
}

export async function sync(
  context: TransferContext,
  source: string | BucketFolder,
  target: string | BucketFolder,
  options: SyncOptions = {},
  sourceContext: TransferContext = context,
): Promise<TreeResult> {
  checkTreeOptions(options, syncNames, "sync");
  const from = sideOf(sourceContext, source, "source", "sync");
  const to = sideOf(context, target, "target", "sync");
  for (const side of [from, to]) {
    if (side.kind === "bucket")
      checkMembers("sync", { ...side.shared, Bucket: side.bucket, Key: "any" }, ["GetObject", "PutObject"]);
  }
  if (from.kind === "local" && to.kind === "local") {
    throw new ParamValidationError([{ path: "target", problem: "one of source and target must be in a bucket" }], {
      operation: "sync",
      hint: "A folder is a string, what is in a bucket { Bucket, Prefix? }.",
    });
  }
  if (from.kind === "bucket" && to.kind === "bucket") checkApart(from, to);
  if (options.compare !== undefined && !["time", "size", "checksum"].includes(options.compare)) {
    throw new ParamValidationError([{ path: "compare", problem: 'expected "time", "size" or "checksum"' }], {
      operation: "sync",
    });
  }
  if (to.kind === "local" && !options.dryRun) await to.folders.make([]);
  return new TreeRun(context, from, to, options, { differences: true, delete: options.delete ?? false }).go();
}

/** A tree copied into itself would grow while it is listed, and deleting what is extra would eat the source. */
function checkApart(from: BucketSide, to: BucketSide): void {
  const overlap = from.prefix.startsWith(to.prefix) || to.prefix.startsWith(from.prefix);
  if (from.bucket !== to.bucket || from.context.service !== to.context.service || !overlap) return;
  throw new ParamValidationError([{ path: "target", problem: "one of source and target is within the other" }], {
    operation: "sync",
  });
}

function localPath(path: string, operation: string): string {
  checkPath(path, "folder", operation);
  return join(path);
}

function checkTreeOptions(options: TreeOptions, names: ReadonlySet<string>, operation: string): void {
  checkOptions(options, names, operation);
  for (const name of ["include", "exclude"] as const) {
    const patterns: unknown = options[name];
    const good = Array.isArray(patterns) && patterns.every((pattern) => typeof pattern === "string" && pattern !== "");
    if (patterns === undefined || good) continue;
    throw new ParamValidationError([{ path: name, problem: "expected a list of patterns that are not empty" }], {
      operation,
    });
  }
}

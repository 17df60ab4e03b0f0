/** Transfers of trees: what is there and what differs comes from two listings; what is to be done is done by a crew. */
import { join } from "node:path";
import { ParamValidationError } from "../../errors/base.js";
import type { TransferContext } from "../context.js";
import { checkMembers } from "../input.js";
import { checkOptions } from "../limits.js";
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
  const { Prefix, ...shared } = input ?? {};
  checkMembers("uploadDirectory", { ...shared, Key: "any" }, ["PutObject", "CreateMultipartUpload"], {
    Body: "is the files",
    ContentLength: "belongs to one file",
    ContentMD5: "belongs to one file",
  });
  const source = sideOf(context, localPath(path), "path");
  const target = sideOf(context, { ...shared, Prefix } as BucketFolder, "input");
  return new TreeRun(context, source, target, options, { differences: false, delete: false }).go();
}

export async function downloadDirectory(
  context: TransferContext,
  input: DownloadDirectoryInput,
  path: string,
  options: TreeOptions = {},
): Promise<TreeResult> {
  const { Prefix, ...shared } = input ?? {};
  checkMembers("downloadDirectory", { ...shared, Key: "any" }, ["GetObject"], {
    VersionId: "belongs to one object",
    Range: "a download is of whole objects",
    PartNumber: "a download is of whole objects",
  });
  checkOptions(options, "downloadDirectory");
  const source = sideOf(context, { ...shared, Prefix } as BucketFolder, "input");
  const target = sideOf(context, localPath(path), "path");
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
  checkOptions(options, "sync");
  const from = sideOf(sourceContext, source, "source");
  const to = sideOf(context, target, "target");
  for (const side of [from, to]) {
    if (side.kind === "bucket")
      checkMembers("sync", { ...side.shared, Bucket: side.bucket, Key: "any" }, ["GetObject", "PutObject"]);
  }
  if (from.kind === "local" && to.kind === "local") {
    throw new ParamValidationError([{ path: "target", problem: "one of source and target must be in a bucket" }]);
  }
  if (from.kind === "bucket" && to.kind === "bucket") checkApart(from, to);
  if (options.compare !== undefined && !["time", "size", "checksum"].includes(options.compare)) {
    throw new ParamValidationError([{ path: "compare", problem: 'expected "time", "size" or "checksum"' }]);
  }
  if (to.kind === "local" && !options.dryRun) await to.folders.make([]);
  return new TreeRun(context, from, to, options, { differences: true, delete: options.delete ?? false }).go();
}

/** A tree copied into itself would grow while it is listed, and deleting what is extra would eat the source. */
function checkApart(from: BucketSide, to: BucketSide): void {
  const overlap = from.prefix.startsWith(to.prefix) || to.prefix.startsWith(from.prefix);
  if (from.bucket !== to.bucket || from.context.service !== to.context.service || !overlap) return;
  throw new ParamValidationError([{ path: "target", problem: "one of source and target is within the other" }]);
}

function localPath(path: unknown): string {
  if (typeof path === "string" && path !== "") return join(path);
  throw new ParamValidationError([{ path: "path", problem: "expected the path of a folder" }]);
}

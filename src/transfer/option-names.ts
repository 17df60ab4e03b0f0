/** The names of the options of transfers. */
import { optionNames } from "../errors/names.js";
import type { CopyOptions, SyncOptions, TransferOptions, TreeOptions, UploadDirectoryOptions } from "./types.js";

const ofTransfer = {
  partSize: true,
  multipartThreshold: true,
  concurrency: true,
  maxBandwidth: true,
  onProgress: true,
  signal: true,
  resume: true,
  checksumAlgorithm: true,
} as const;

/** Of uploads and downloads. */
export const transferNames = optionNames<TransferOptions>(ofTransfer);

export const copyNames = optionNames<CopyOptions>({ ...ofTransfer, sourceClient: true });

const ofTree = {
  ...ofTransfer,
  include: true,
  exclude: true,
  dryRun: true,
  failFast: true,
  followSymlinks: true,
} as const;

export const treeNames = optionNames<TreeOptions>(ofTree);

export const uploadTreeNames = optionNames<UploadDirectoryOptions>({ ...ofTree, inputFor: true });

export const syncNames = optionNames<SyncOptions>({
  ...ofTree,
  delete: true,
  compare: true,
  inputFor: true,
  sourceClient: true,
});

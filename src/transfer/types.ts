/** What transfers take and give. */

import type { S3Client } from "../client/client.js";
import type {
  ChecksumAlgorithm,
  ChecksumType,
  CompleteMultipartUploadOutput,
  CopyObjectOutput,
  CopyObjectRequest,
  GetObjectOutput,
  GetObjectRequest,
  PutObjectOutput,
  PutObjectRequest,
} from "../model/generated/types.js";

/** How far a transfer has come. Numbers never decrease: what is sent again after a failure is counted once. */
export interface TransferProgress {
  /** Bytes of objects moved, those found to be there already (`resume`) included. */
  readonly bytes: number;
  /** Bytes that there are to move, as soon as that is known; of directories it grows while they are read. */
  readonly total: number | undefined;
  /** Parts, ranges or whole objects done, each a request. */
  readonly parts: number;
  /** Files done. */
  readonly files: number;
  /** Bytes per second, over the last seconds. */
  readonly rate: number;
  /** Uploads in parts: with this as `resume`, another process can go on. */
  readonly resumeToken: string | undefined;
}

/** Options of every transfer; all are optional. */
export interface TransferOptions {
  /**
   * Bytes of a part. Uploads: 5 MiB to 5 GiB, default 8 MiB, and grown where 10,000 parts would not do. Downloads: default 8 MiB.
   * Copies: default 64 MiB, of which nothing passes through this machine.
   */
  partSize?: number | undefined;
  /** Bytes from which on an object goes in parts. Default: 8 MiB (or `partSize`, if that is larger); for copies 5 GiB. */
  multipartThreshold?: number | undefined;
  /** Requests under way at once. Default: 8; directories 16. Memory taken is at most `partSize` times this. */
  concurrency?: number | undefined;
  /** Bytes per second that all requests of the call may come to. Default: no limit. */
  maxBandwidth?: number | undefined;
  /** Called at most ten times a second, and once at the end. What it throws ends the transfer. */
  onProgress?: ((progress: TransferProgress) => void) | undefined;
  /**
   * Ends the transfer; it rejects with the signal's reason once everything is put away. Parts of an upload that are under way get up to 250 ms
   * to be answered, since the service might store them afterwards.
   */
  signal?: AbortSignal | undefined;
  /** Go on where an earlier try has stopped. Copies begin anew, whatever this says. Default: false. */
  resume?: boolean | string | undefined;
  /** Checksum of what is sent or copied; downloads are checked with the one that S3 has. Default: as the client's requests. */
  checksumAlgorithm?: ChecksumAlgorithm | undefined;
}

/** Options of uploads. */
export interface UploadOptions extends TransferOptions {
  /**
   * Go on with an unfinished upload: `true` looks for the newest one of this key, a token (from `onProgress` or the error) names it. Its
   * parts are compared with the source, and only what is missing or different is sent; metadata is that of the first try. An upload that
   * fails is then left as it is, not aborted.
   */
  resume?: boolean | string | undefined;
  /**
   * Checksum of the parts and of the whole. Default: that of the input, else what the client does: `CRC32` on Amazon's hosts,
   * none elsewhere.
   */
  checksumAlgorithm?: ChecksumAlgorithm | undefined;
}

/** Options of downloads. */
export interface DownloadOptions extends TransferOptions {
  /**
   * Keep what has come when it fails or the process dies, beside the target, and go on from there if the object is still the same. Files
   * only. Default: false.
   */
  resume?: boolean | undefined;
}

/** Options of copies. */
export interface CopyOptions extends TransferOptions {
  /** Asks for the source: a client of its region and account. Default: the client itself. */
  sourceClient?: S3Client | undefined;
  /** Checksum that the copy gets. Default: that of the source, where S3 has one. */
  checksumAlgorithm?: ChecksumAlgorithm | undefined;
}

/** An object to upload: what PutObject takes, and what CreateMultipartUpload and CompleteMultipartUpload take besides. */
export interface UploadInput extends PutObjectRequest {
  /** Of the whole object's checksum, when it goes in parts. Default: `FULL_OBJECT` where the algorithm can. */
  ChecksumType?: ChecksumType | undefined;
  /** Bytes that S3 is to hold the sum of the parts against. */
  MpuObjectSize?: number | undefined;
}

/** An object to upload from a file. */
export type UploadFileInput = Omit<UploadInput, "Body">;

/** An uploaded object: the output of CompleteMultipartUpload, or of PutObject, in one shape. */
export interface UploadOutput
  extends CompleteMultipartUploadOutput,
    Pick<PutObjectOutput, "SSECustomerAlgorithm" | "SSECustomerKeyMD5" | "SSEKMSEncryptionContext" | "Size"> {
  Bucket: string;
  Key: string;
  /** The object's URL. */
  Location: string;
}

/** An object to download: what GetObject takes, but for pieces of it. */
export type DownloadInput = Omit<GetObjectRequest, "Range" | "PartNumber">;

/** A downloaded object: the output of GetObject without the body; `ContentLength` is the object's size. */
export type DownloadOutput = Omit<GetObjectOutput, "Body" | "ContentRange">;

/** A downloaded object with its bytes. */
export interface DownloadedBytes extends DownloadOutput {
  /** The content. */
  Body: Uint8Array;
}

/** What `download` can write to. */
export type DownloadTarget = NodeJS.WritableStream | WritableStream<Uint8Array>;

/** A copy to make: what CopyObject takes. */
export type CopyInput = CopyObjectRequest;

/** A copy made: the output of CopyObject, or of CompleteMultipartUpload, in one shape. */
export interface CopyOutput
  extends CompleteMultipartUploadOutput,
    Omit<CopyObjectOutput, keyof CompleteMultipartUploadOutput> {
  Bucket: string;
  Key: string;
}

/** What an error of an upload or copy in parts says about what was left, as its member `upload`. */
export interface UnfinishedUpload {
  readonly Bucket: string;
  readonly Key: string;
  readonly UploadId: string;
  /**
   * The upload and its parts are gone. Where parts were cut off on their way, ListParts was asked whether one was stored after the abort; who may
   * not ask it (`s3:ListMultipartUploadParts`) knows only that the abort succeeded.
   */
  readonly aborted: boolean;
  /** Why they could not be removed, when that was tried; of code `PartsLeft` when some are still listed after several aborts. */
  readonly abortError?: unknown;
  /** Give it as `resume` to go on; uploads that were to be resumable. */
  readonly resumeToken?: string;
}

/** A place in a bucket: all keys under a prefix; a `/` is put behind the prefix if there is none. */
export interface BucketFolder
  extends Pick<
    GetObjectRequest,
    "Bucket" | "RequestPayer" | "ExpectedBucketOwner" | "SSECustomerAlgorithm" | "SSECustomerKey" | "SSECustomerKeyMD5"
  > {
  /** Default: the whole bucket. */
  Prefix?: string | undefined;
}

/** What goes on with one file of a tree. */
export type TreeActionKind = "upload" | "download" | "copy" | "delete";

/** One thing that a transfer of a tree does, or would do. */
export interface TreeAction {
  /** What is done with it. */
  readonly action: TreeActionKind;
  /** Path of the file within the tree, with `/` between names. */
  readonly path: string;
  /** Bytes; of deletions as well. */
  readonly size: number;
  /** Why: it is not there, its size, time or checksum differs, or nothing corresponds to it (deletions). */
  readonly reason: "missing" | "size" | "time" | "checksum" | "extra" | "all";
}

/** A file that could not be dealt with. */
export interface TreeFailure {
  /** What was to be done with it; `read`: it could not even be looked at. */
  readonly action: TreeActionKind | "read";
  /** Path of the file within the tree; of a file or folder that could not be read, too. */
  readonly path: string;
  /** Why. */
  readonly error: unknown;
}

/** What a transfer of a tree came to. */
export interface TreeResult {
  /** Files moved. */
  transferred: number;
  /** Their bytes. */
  bytes: number;
  /** Files that were the same already. */
  unchanged: number;
  /** Files deleted at the target. */
  deleted: number;
  /** Links, pipes and other things that are no files, and were left out. */
  skipped: number;
  /** Files that could not be dealt with; all others are done. */
  failures: TreeFailure[];
  /** `dryRun`: what would be done. Empty otherwise. */
  actions: TreeAction[];
}

/** Options of trees. */
export interface TreeOptions extends TransferOptions {
  /**
   * Only files that one of these patterns matches. `*` and `?` stay within a name, `**` crosses folders, `[a-z]` and `{a,b}` choose, `\`
   * escapes. A pattern without `/` is held against every name in the path, others against the path from the top.
   */
  include?: readonly string[] | undefined;
  /** Not files that one of these patterns matches, nor anything in a folder that one matches. Excluded files are never deleted either. */
  exclude?: readonly string[] | undefined;
  /** Do nothing, and say in `actions` what would be done. Default: false. */
  dryRun?: boolean | undefined;
  /** Each large file goes on where an earlier try has stopped: see uploads and downloads to files. Default: false. */
  resume?: boolean | undefined;
  /** Give up at the first failure, and reject with it. Default: false: failures are gathered. */
  failFast?: boolean | undefined;
  /** Follow symbolic links in local folders. Default: false: they are left out. */
  followSymlinks?: boolean | undefined;
}

/** Options of uploadDirectory. */
export interface UploadDirectoryOptions extends TreeOptions {
  /** More of the input for one file: its ContentType, say. */
  inputFor?: ((path: string) => Partial<UploadFileInput> | undefined) | undefined;
}

/** Where uploadDirectory puts files: Bucket, Prefix, and what PutObject takes for all of them. */
export interface UploadDirectoryInput extends Omit<UploadFileInput, "Key" | "ContentLength" | "ContentMD5"> {
  /** What the keys begin with; a `/` is put behind it if there is none. Default: nothing. */
  Prefix?: string | undefined;
}

/** What downloadDirectory fetches: Bucket, Prefix, and what GetObject takes for all of them. */
export interface DownloadDirectoryInput extends BucketFolder, Pick<GetObjectRequest, "ChecksumMode"> {}

/** Options of sync. */
export interface SyncOptions extends TreeOptions {
  /** Delete at the target what is not in the source. Default: false. */
  delete?: boolean | undefined;
  /**
   * When a file that is on both sides moves: `"time"`: its size differs, or the source is newer; `"size"`: its size differs; `"checksum"`: size or
   * content differ (the local file is read; where S3 has no checksum to compare with, it moves). Default: `"time"`.
   */
  compare?: "time" | "size" | "checksum" | undefined;
  /** More of the input of uploads and copies. */
  inputFor?: ((path: string) => Partial<UploadFileInput> | undefined) | undefined;
  /** For a source in a bucket that is to be read by another client. Default: the client itself. */
  sourceClient?: S3Client | undefined;
}

/** The transfers of a client. Their code is loaded when the first of them is called. */

import { ParamValidationError } from "../errors/base.js";
import type { TransferContext } from "../transfer/context.js";
import type {
  BucketFolder,
  CopyInput,
  CopyOptions,
  CopyOutput,
  DownloadDirectoryInput,
  DownloadedBytes,
  DownloadInput,
  DownloadOptions,
  DownloadOutput,
  DownloadTarget,
  SyncOptions,
  TreeOptions,
  TreeResult,
  UploadDirectoryInput,
  UploadDirectoryOptions,
  UploadFileInput,
  UploadInput,
  UploadOptions,
  UploadOutput,
} from "../transfer/types.js";
import { claimBody } from "../transport/claim.js";
import { S3Operations } from "./operations.js";

export abstract class S3Transfers extends S3Operations {
  /** The same of another client, that of a source. */
  #contextOf(operation: string, client: S3Transfers | undefined): Promise<TransferContext> | undefined {
    if (client === undefined || client === this) return undefined;
    if (typeof client?.transfers === "function") return client.transfers();
    throw new ParamValidationError([{ path: "sourceClient", problem: "expected an S3Client" }], { operation });
  }

  /** What transfers need to know of the client. */
  protected abstract transfers(): Promise<TransferContext>;

  /**
   * Uploads a body of any kind and length: in one request, or in parts side by side from `multipartThreshold` on. Streams may be of
   * unknown length.
   *
   * ```ts
   * await s3.upload({ Bucket, Key: "log.gz", Body: process.stdin.pipe(createGzip()) });
   * ```
   *
   * Memory: at most `partSize` times `concurrency`. When it fails, or is aborted, the parts that were sent are removed (unless `resume` is
   * set), those that the service stores after the abort as well, and the error's member `upload` says so.
   * @param input Bucket, Key, Body, and whatever PutObject, CreateMultipartUpload and CompleteMultipartUpload take
   * @returns the output of CompleteMultipartUpload, or of PutObject in the same shape
   * @throws S3ServiceError, TransportError; IncompleteBodyError when a body has not the length that was announced
   * @see {@link https://docs.aws.amazon.com/AmazonS3/latest/userguide/mpuoverview.html Multipart uploads}
   */
  async upload(input: UploadInput, options?: UploadOptions): Promise<UploadOutput> {
    // From here on an error of a stream is the upload's, also while code is loaded.
    claimBody((input as UploadInput | undefined)?.Body);
    const [{ upload }, context] = await Promise.all([import("../transfer/upload/upload.js"), this.transfers()]);
    return upload(context, input, options);
  }

  /**
   * Uploads a file, read by position; see `upload`. A file that changes meanwhile is an error (`FileChanged`).
   * @param path a regular file
   */
  async uploadFile(path: string, input: UploadFileInput, options?: UploadOptions): Promise<UploadOutput> {
    const [{ uploadFile }, context] = await Promise.all([import("../transfer/upload/upload.js"), this.transfers()]);
    return uploadFile(context, path, input, options);
  }

  /**
   * Downloads an object into memory, by ranges side by side.
   * @returns the output of GetObject, with the bytes as `Body`
   */
  download(input: DownloadInput, options?: DownloadOptions): Promise<DownloadedBytes>;
  /**
   * Downloads an object to a stream, in order, with at most `partSize` times `concurrency` bytes read ahead. The stream is ended, or destroyed
   * when the download fails.
   * @returns the output of GetObject without the body, once the stream has taken everything
   */
  download(input: DownloadInput, target: DownloadTarget, options?: DownloadOptions): Promise<DownloadOutput>;
  async download(
    input: DownloadInput,
    target?: DownloadTarget | DownloadOptions,
    options?: DownloadOptions,
  ): Promise<DownloadOutput> {
    const [{ download }, context] = await Promise.all([import("../transfer/download/download.js"), this.transfers()]);
    return download(context, input, target, options);
  }

  /**
   * Downloads an object to a file, by ranges side by side, all pinned to the same object. They are written to a temporary file beside the
   * target, which takes its name once it is whole and its checksum (where S3 has one of the whole object) is right.
   * @param path where the file shall be; one that is there is replaced, its folder must exist
   * @returns the output of GetObject without the body
   * @throws ChecksumMismatchError, IncompleteBodyError, TransportError; S3ServiceError `PreconditionFailed` when the object is replaced meanwhile
   */
  async downloadFile(input: DownloadInput, path: string, options?: DownloadOptions): Promise<DownloadOutput> {
    const [{ downloadFile }, context] = await Promise.all([
      import("../transfer/download/download-file.js"),
      this.transfers(),
    ]);
    return downloadFile(context, input, path, options);
  }

  /**
   * Copies an object within S3: with CopyObject up to 5 GiB, in parts beyond. Metadata, tags and headers of its content come along at
   * every size, or are replaced, as MetadataDirective and TaggingDirective say; the source is pinned by its ETag.
   * @returns the output of CopyObject or CompleteMultipartUpload in one shape
   * @see {@link https://docs.aws.amazon.com/AmazonS3/latest/userguide/copy-object.html Copying objects}
   */
  async copy(input: CopyInput, options?: CopyOptions): Promise<CopyOutput> {
    const [{ copy }, context, source] = await Promise.all([
      import("../transfer/copy/copy.js"),
      this.transfers(),
      this.#contextOf("copy", options?.sourceClient),
    ]);
    return copy(context, input, options, source);
  }

  /**
   * Uploads all files of a folder and the folders in it. The key of each is `Prefix`, `/`, and its path.
   * @param path a folder
   * @param input Bucket, Prefix, and what PutObject takes for all files
   * @returns what was done; files that could not be uploaded are in `failures`
   */
  async uploadDirectory(
    path: string,
    input: UploadDirectoryInput,
    options?: UploadDirectoryOptions,
  ): Promise<TreeResult> {
    const [{ uploadDirectory }, context] = await Promise.all([import("../transfer/tree/sync.js"), this.transfers()]);
    return uploadDirectory(context, path, input, options);
  }

  /**
   * Downloads all objects under a prefix into a folder, which is made if need be. Keys that would lead outside of it, or that the file system
   * cannot hold, are in `failures`.
   * @param input Bucket and Prefix
   * @param path the folder
   */
  async downloadDirectory(input: DownloadDirectoryInput, path: string, options?: TreeOptions): Promise<TreeResult> {
    const [{ downloadDirectory }, context] = await Promise.all([import("../transfer/tree/sync.js"), this.transfers()]);
    return downloadDirectory(context, input, path, options);
  }

  /**
   * Makes the target have what the source has: from a folder to a bucket, from a bucket to a folder, or from bucket to bucket. Only what is
   * missing or different moves.
   *
   * ```ts
   * await s3.sync("site", { Bucket: "www", Prefix: "v2" }, { delete: true, exclude: ["*.map"] });
   * ```
   * @param source a folder's path, or Bucket and Prefix
   * @param target the same
   */
  async sync(source: string | BucketFolder, target: string | BucketFolder, options?: SyncOptions): Promise<TreeResult> {
    const [{ sync }, context, other] = await Promise.all([
      import("../transfer/tree/sync.js"),
      this.transfers(),
      this.#contextOf("sync", options?.sourceClient),
    ]);
    return sync(context, source, target, options, other);
  }
}

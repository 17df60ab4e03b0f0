/** What buckets have besides boto3's definition of them. */
import type { CallOptions } from "../client/options.js";
import { paginate } from "../client/pages.js";
import { S3ServiceError } from "../errors/service.js";
import type { BucketEntry } from "../model/generated/types.js";
import type {
  CopyInput,
  CopyOptions,
  CopyOutput,
  DownloadedBytes,
  DownloadInput,
  DownloadOptions,
  DownloadOutput,
  DownloadTarget,
  UploadFileInput,
  UploadInput,
  UploadOptions,
  UploadOutput,
} from "../transfer/types.js";
import { type Given, Resource } from "./base.js";

/** A bucket by its name. */
export abstract class BucketHandle<Data extends BucketEntry> extends Resource<Data> {
  abstract readonly name: string;

  /**
   * Fetches the attributes, in place of those that are there. Only the list of all buckets has them, so that is read (from where the name
   * is); they are empty for buckets of others, and when one may not list one's own.
   * @see {@link https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListBuckets.html ListBuckets}
   */
  async load(options: CallOptions = {}): Promise<this> {
    let data: BucketEntry = { Name: this.name };
    try {
      for await (const bucket of paginate(this.meta.client, "listBuckets", { Prefix: this.name }, options).items()) {
        if (bucket.Name !== this.name) continue;
        data = bucket;
        break;
      }
    } catch (error) {
      if (!(error instanceof S3ServiceError) || error.code !== "AccessDenied") throw error;
    }
    this.meta.data = data as Data;
    return this;
  }

  /** The same as `load`. */
  reload(options?: CallOptions): Promise<this> {
    return this.load(options);
  }

  /** Is it there? A bucket that one may not see (403), or that is elsewhere (301), is. */
  async exists(options?: CallOptions): Promise<boolean> {
    try {
      await this.meta.client.headBucket({ Bucket: this.name }, options);
      return true;
    } catch (error) {
      if (!(error instanceof S3ServiceError)) throw error;
      if (error.statusCode === 404) return false;
      if (error.statusCode === 403 || error.statusCode === 301) return true;
      throw error;
    }
  }

  /** Uploads content of any kind and length to a key, in parts where it is large; see `S3Client.upload`. */
  upload(input: Given<UploadInput, "Bucket">, options?: UploadOptions): Promise<UploadOutput> {
    return this.meta.client.upload({ Bucket: this.name, ...input }, options);
  }

  /** Uploads a file to a key, in parts where it is large; see `S3Client.uploadFile`. */
  uploadFile(path: string, input: Given<UploadFileInput, "Bucket">, options?: UploadOptions): Promise<UploadOutput> {
    return this.meta.client.uploadFile(path, { Bucket: this.name, ...input }, options);
  }

  /** Downloads an object into memory, by ranges side by side; see `S3Client.download`. */
  download(input: Given<DownloadInput, "Bucket">, options?: DownloadOptions): Promise<DownloadedBytes> {
    return this.meta.client.download({ Bucket: this.name, ...input }, options);
  }

  /** Downloads an object to a stream, in order, by ranges side by side; see `S3Client.download`. */
  downloadTo(
    target: DownloadTarget,
    input: Given<DownloadInput, "Bucket">,
    options?: DownloadOptions,
  ): Promise<DownloadOutput> {
    return this.meta.client.download({ Bucket: this.name, ...input }, target, options);
  }

  /** Downloads an object to a file, by ranges side by side; see `S3Client.downloadFile`. */
  downloadFile(
    input: Given<DownloadInput, "Bucket">,
    path: string,
    options?: DownloadOptions,
  ): Promise<DownloadOutput> {
    return this.meta.client.downloadFile({ Bucket: this.name, ...input }, path, options);
  }

  /** Copies any object to a key of this bucket, in parts where need be; see `S3Client.copy`. */
  copy(input: Given<CopyInput, "Bucket">, options?: CopyOptions): Promise<CopyOutput> {
    return this.meta.client.copy({ Bucket: this.name, ...input }, options);
  }
}

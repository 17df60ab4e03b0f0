/** What buckets have besides boto3's definition of them. */
import type { CallOptions } from "../client/options.js";
import { paginate } from "../client/pages.js";
import { S3ServiceError } from "../errors/service.js";
import type { BucketEntry } from "../model/generated/types.js";
import { Resource } from "./base.js";

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
}

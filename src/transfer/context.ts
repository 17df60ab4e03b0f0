/** What a transfer knows of the client that carries it out. */
import type { S3Client } from "../client/client.js";

export interface TransferContext {
  readonly client: S3Client;
  /** Which service it is: clients of the same one can copy from each other's buckets. */
  readonly service: string;
  /** Requests get a checksum wherever S3 takes one. */
  readonly checksums: boolean;
  /** Ask S3 for the checksum of what is read. */
  readonly askChecksums: boolean;
  /** Check the checksums that come. */
  readonly checkChecksums: boolean;
  /** The URL of an object. */
  location(bucket: string, key: string): string;
}

import type { Bucket, Upload, UploadedPart, Version } from "./store.js";

/** Is told of every change to what a server holds, so that it can outlive the process. */
export interface Journal {
  /** A bucket was made, or its settings are others now. */
  settings(bucket: Bucket): void;
  bucketRemoved(bucket: Bucket): void;
  /** A version was put in front of the others of its key, and took the place of an earlier `null` one if it is `null` itself. */
  added(bucket: Bucket, version: Version): void;
  /** Tags, ACL or lock of a version are others now. */
  changed(bucket: Bucket, version: Version): void;
  removed(bucket: Bucket, version: Version): void;
  uploadBegun(bucket: Bucket, upload: Upload): void;
  partUploaded(bucket: Bucket, upload: Upload, part: UploadedPart): void;
  uploadEnded(bucket: Bucket, upload: Upload): void;
}

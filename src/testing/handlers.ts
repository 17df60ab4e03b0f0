import type { Operation, OperationName } from "../model/operation.js";
import * as acl from "./acl.js";
import * as attributes from "./attributes.js";
import * as buckets from "./buckets.js";
import type { Handler } from "./call.js";
import { configurationHandler } from "./config.js";
import * as copy from "./copy.js";
import { deleteObjects } from "./delete-many.js";
import * as listing from "./listing.js";
import * as lock from "./lock.js";
import * as multipart from "./multipart.js";
import * as objects from "./objects.js";
import { createSession } from "./session.js";
import * as tagging from "./tagging.js";

const handlers: Partial<Record<OperationName, Handler>> = {
  AbortMultipartUpload: multipart.abortMultipartUpload,
  CompleteMultipartUpload: multipart.completeMultipartUpload,
  CopyObject: copy.copyObject,
  CreateBucket: buckets.createBucket,
  CreateMultipartUpload: multipart.createMultipartUpload,
  CreateSession: createSession,
  DeleteBucket: buckets.deleteBucket,
  DeleteObject: objects.deleteObject,
  DeleteObjects: deleteObjects,
  DeleteObjectTagging: tagging.deleteObjectTagging,
  GetBucketAcl: acl.getBucketAcl,
  GetBucketLocation: buckets.getBucketLocation,
  GetObject: objects.getObject,
  GetObjectAcl: acl.getObjectAcl,
  GetObjectAttributes: attributes.getObjectAttributes,
  GetObjectLegalHold: lock.getObjectLegalHold,
  GetObjectLockConfiguration: lock.getObjectLockConfiguration,
  GetObjectRetention: lock.getObjectRetention,
  GetObjectTagging: tagging.getObjectTagging,
  HeadBucket: buckets.headBucket,
  HeadObject: objects.getObject,
  ListBuckets: buckets.listBuckets,
  ListDirectoryBuckets: buckets.listDirectoryBuckets,
  ListMultipartUploads: listing.listMultipartUploads,
  ListObjects: listing.listObjects,
  ListObjectsV2: listing.listObjectsV2,
  ListObjectVersions: listing.listObjectVersions,
  ListParts: multipart.listParts,
  PutBucketAcl: acl.putBucketAcl,
  PutObject: objects.putObject,
  PutObjectAcl: acl.putObjectAcl,
  PutObjectLegalHold: lock.putObjectLegalHold,
  PutObjectLockConfiguration: lock.putObjectLockConfiguration,
  PutObjectRetention: lock.putObjectRetention,
  PutObjectTagging: tagging.putObjectTagging,
  RestoreObject: attributes.restoreObject,
  UploadPart: multipart.uploadPart,
  UploadPartCopy: copy.uploadPartCopy,
};

/** What answers an operation; undefined for what this server does not do. */
export function handlerOf(operation: Operation): Handler | undefined {
  return handlers[operation.name] ?? configurationHandler(operation);
}

import { createHash } from "node:crypto";
import type { CopyObjectRequest, UploadPartCopyRequest } from "../model/generated/types.js";
import { authorizeOn } from "./access.js";
import { readAcl } from "./acl.js";
import type { Answer } from "./answer.js";
import type { Call } from "./call.js";
import { algorithmOf, type Checksum, checksumOf } from "./checksums.js";
import { checkSourceConditions, checkWriteConditions } from "./conditions.js";
import { checkKey, encryptionOutput, readDescription, readStorageClass } from "./description.js";
import { invalidArgument, invalidRequest, notImplemented, S3Error } from "./errors.js";
import { readLock } from "./lock.js";
import { checkPartNumber, findUpload } from "./multipart.js";
import { checkReadable, checksumOutput, etagOf, store, toSeconds } from "./objects.js";
import { sliceChunks } from "./range.js";
import { checkCustomerKey } from "./sse.js";
import { bytesOf, type Piece } from "./storage.js";
import type { Bucket, Description, Version } from "./store.js";
import { checkTags, readTaggingHeader } from "./tagging.js";
import { findIn, shownVersionId } from "./versions.js";

const maxCopy = 5 * 1024 ** 3;

/** What is copied, checked against the conditions of the request. */
interface Source {
  readonly bucket: Bucket;
  readonly version: Version;
  readonly versionId: string | undefined;
}

/** `[/]bucket/key[?versionId=id]`, percent-encoded. */
function readSource(call: Call): { bucket: string; key: string; versionId: string | undefined } {
  const header = call.headers["x-amz-copy-source"] ?? "";
  const mark = header.lastIndexOf("?versionId=");
  const bad = (why: string): S3Error =>
    invalidArgument("x-amz-copy-source", header, `The copy source must be bucket/key, percent-encoded: ${why}.`);
  let path: string;
  try {
    path = decodeURIComponent(mark < 0 ? header : header.slice(0, mark));
  } catch {
    throw bad("it can't be decoded");
  }
  if (path.startsWith("arn:"))
    throw notImplemented("Copies from access points are not done here.", { Header: "x-amz-copy-source" });
  if (path.startsWith("/")) path = path.slice(1);
  const slash = path.indexOf("/");
  if (slash < 1 || slash === path.length - 1) throw bad("it lacks a bucket or a key");
  return {
    bucket: path.slice(0, slash),
    key: path.slice(slash + 1),
    versionId: mark < 0 ? undefined : header.slice(mark + 11),
  };
}

function findSource(call: Call): Source {
  const { bucket: name, key, versionId } = readSource(call);
  const bucket = call.world.buckets.get(name);
  if (!bucket) throw new S3Error("NoSuchBucket", "The bucket to copy from does not exist.", { BucketName: name });
  authorizeOn(call, "GetObject", bucket, key, versionId);
  let version: Version;
  try {
    version = findIn(bucket, key, versionId);
  } catch (error) {
    if (error instanceof S3Error && error.code === "MethodNotAllowed")
      throw invalidRequest("The source of a copy can't be a delete marker.");
    throw error;
  }
  const owner = call.headers["x-amz-source-expected-bucket-owner"];
  if (owner !== undefined && owner !== bucket.owner.accountId)
    throw new S3Error("AccessDenied", "The source's bucket belongs to somebody else.");
  checkCustomerKey(version.description.encryption, call.headers, "x-amz-copy-source-server-side-encryption-customer-");
  checkSourceConditions(call.headers, version);
  checkReadable(version, call.now);
  return { bucket, version, versionId };
}

function directive(call: Call, name: string): "COPY" | "REPLACE" {
  const value = call.headers[name] ?? "COPY";
  if (value !== "COPY" && value !== "REPLACE") throw invalidArgument(name, value, "The directive is COPY or REPLACE.");
  return value;
}

/** The description of the copy: the source's own, or what the headers say. */
function describeCopy(call: Call, source: Version, replace: boolean): Description {
  const asked = readDescription(call.headers, call.bucket);
  if (replace) return asked;
  const { "x-amz-website-redirect-location": _, ...headers } = source.description.headers;
  const redirect = asked.headers["x-amz-website-redirect-location"];
  return {
    ...asked,
    headers: redirect === undefined ? headers : { ...headers, "x-amz-website-redirect-location": redirect },
    metadata: source.description.metadata,
  };
}

/** Copying an object onto itself must change something. */
function checkSelfCopy(call: Call, source: Source, replaceMetadata: boolean): void {
  if (source.bucket !== call.bucket || source.version.key !== (call.input as CopyObjectRequest).Key) return;
  const { headers } = call;
  const old = source.version.description;
  const changed =
    replaceMetadata ||
    source.versionId !== undefined ||
    (readStorageClass(headers) ?? "STANDARD") !== old.storageClass ||
    headers["x-amz-website-redirect-location"] !== undefined ||
    headers["x-amz-server-side-encryption"] !== undefined ||
    headers["x-amz-server-side-encryption-customer-algorithm"] !== undefined ||
    old.encryption.customerKeyMD5 !== undefined;
  if (!changed) {
    throw invalidRequest(
      "A copy of an object onto itself must change its metadata, storage class, redirect location or encryption.",
    );
  }
}

function md5Of(chunks: readonly Piece[]): string {
  const hash = createHash("md5");
  for (const chunk of bytesOf(chunks)) hash.update(chunk);
  return hash.digest("hex");
}

function checksumOfCopy(call: Call, source: Version): Checksum | undefined {
  const asked = call.headers["x-amz-checksum-algorithm"];
  const algorithm = asked === undefined ? source.checksum?.algorithm : algorithmOf(asked);
  if (asked !== undefined && !algorithm)
    throw invalidRequest("The value of x-amz-checksum-algorithm is no checksum that is known.");
  if (!algorithm) return undefined;
  if (source.checksum?.algorithm === algorithm && source.checksum.type === "FULL_OBJECT") return source.checksum;
  return { algorithm, value: checksumOf(algorithm, source.chunks), type: "FULL_OBJECT" };
}

export function copyObject(call: Call<CopyObjectRequest>): Answer {
  const { bucket, headers, world } = call;
  const key = call.input.Key;
  checkKey(key);
  const replaceMetadata = directive(call, "x-amz-metadata-directive") === "REPLACE";
  const replaceTags = directive(call, "x-amz-tagging-directive") === "REPLACE";
  const source = findSource(call);
  const { version: from } = source;
  checkSelfCopy(call, source, replaceMetadata);
  if (from.size > maxCopy) throw invalidRequest("A copy in one request may have 5 GiB; copy more in parts.");
  const description = describeCopy(call, from, replaceMetadata);
  const tags = replaceTags ? readTaggingHeader(headers["x-amz-tagging"]) : from.tags;
  checkTags(tags, 10);
  const acl = readAcl(world, headers, call.user ?? bucket.owner, bucket);
  const lock = readLock(headers, bucket, call.now);
  checkWriteConditions(headers, key, bucket.latest(key));
  const checksum = checksumOfCopy(call, from);
  world.storage.share(from);
  const version: Version = {
    key,
    versionId: bucket.nextVersionId(),
    deleteMarker: false,
    lastModified: toSeconds(call.now),
    chunks: from.chunks,
    size: from.size,
    etag: etagOf(md5Of(from.chunks), description),
    description,
    checksum,
    parts: undefined,
    tags,
    acl,
    retention: lock.retention,
    legalHold: lock.legalHold,
    restoredUntil: undefined,
  };
  store(call, version);
  return {
    output: {
      CopyObjectResult: { ETag: version.etag, LastModified: version.lastModified, ...checksumOutput(checksum) },
      CopySourceVersionId: shownVersionId(source.bucket, from),
      VersionId: bucket.versioning === "Enabled" ? version.versionId : undefined,
      ...encryptionOutput(description.encryption),
    },
  };
}

export function uploadPartCopy(call: Call<UploadPartCopyRequest>): Answer {
  const { world, headers } = call;
  const number = checkPartNumber(call);
  const upload = findUpload(call);
  checkCustomerKey(upload.description.encryption, headers);
  const { bucket, version } = findSource(call);
  const range = readCopyRange(headers["x-amz-copy-source-range"], version.size);
  if (range.end - range.start > maxCopy) throw invalidRequest("A part may have 5 GiB.");
  const chunks = sliceChunks(version.chunks, range);
  const size = range.end - range.start;
  const checksum: Checksum | undefined = upload.algorithm && {
    algorithm: upload.algorithm,
    value: checksumOf(upload.algorithm, chunks),
    type: "FULL_OBJECT",
  };
  const etag = etagOf(md5Of(chunks), upload.description);
  const lastModified = toSeconds(call.now);
  world.storage.share({ chunks, size });
  const old = call.bucket.addPart(upload, { number, size, etag, checksum, chunks, lastModified });
  if (old) world.storage.release(old);
  const { ChecksumType: _, ...sums } = checksumOutput(checksum);
  return {
    output: {
      CopyPartResult: { ETag: etag, LastModified: lastModified, ...sums },
      CopySourceVersionId: shownVersionId(bucket, version),
      ...encryptionOutput(upload.description.encryption),
    },
  };
}

/** Unlike Range, this one must be whole and inside. */
function readCopyRange(header: string | undefined, size: number): { start: number; end: number } {
  if (header === undefined) return { start: 0, end: size };
  const match = /^bytes=(\d+)-(\d+)$/.exec(header);
  const [start, last] = match ? [Number(match[1]), Number(match[2])] : [1, 0];
  if (start > last)
    throw invalidArgument("x-amz-copy-source-range", header, "The range has the form bytes=first-last.");
  if (last >= size)
    throw invalidArgument(
      "x-amz-copy-source-range",
      header,
      `The range is not inside of the source, which has ${size} bytes.`,
    );
  return { start, end: last + 1 };
}

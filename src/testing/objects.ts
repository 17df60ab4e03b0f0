import { createHash } from "node:crypto";
import type { DeleteObjectRequest, GetObjectRequest, PutObjectRequest } from "../model/generated/types.js";
import { ownerOf, readAcl } from "./acl.js";
import type { Answer } from "./answer.js";
import type { Content } from "./body.js";
import type { Call } from "./call.js";
import { type Checksum, checksumOf, memberOf } from "./checksums.js";
import { checkWriteConditions, isNotModified, matchesEtag, preconditionFailed } from "./conditions.js";
import { checkKey, checkVersionId, encryptionOutput, readDescription } from "./description.js";
import { invalidRequest, notImplemented, S3Error } from "./errors.js";
import type { Headers } from "./input.js";
import { checkDeletable, checkLockedBody, readLock } from "./lock.js";
import { type ByteRange, readRange, sliceChunks } from "./range.js";
import { checkCustomerKey } from "./sse.js";
import { type Bucket, type Description, newVersionId, type Version } from "./store.js";
import { readTaggingHeader } from "./tagging.js";
import { integer } from "./target.js";
import { findVersion, shownVersionId } from "./versions.js";

/** The ETag of bytes put at once: their MD5, but where a key went into it. */
export function etagOf(md5: string, description: Description): string {
  const { customerKeyMD5, algorithm, kmsKeyId } = description.encryption;
  if (customerKeyMD5 === undefined && !algorithm?.startsWith("aws:kms")) return `"${md5}"`;
  return `"${createHash("md5")
    .update(`${md5} ${customerKeyMD5 ?? kmsKeyId}`)
    .digest("hex")}"`;
}

/** To the second: as all that is shown of it has it. */
export const toSeconds = (now: Date): Date => new Date(Math.floor(now.getTime() / 1000) * 1000);

/** The members of an output for a checksum. */
export function checksumOutput(checksum: Checksum | undefined): Record<string, string> {
  return checksum ? { [memberOf(checksum.algorithm)]: checksum.value, ChecksumType: checksum.type } : {};
}

/** Puts a version into its bucket, and gives back what it takes the place of. */
export function store(call: Call, version: Version): void {
  const replaced = call.bucket.add(version);
  if (replaced) call.world.storage.release(replaced);
}

/**
 * Checks everything that a write says about an object and what it stands on, before its body is read.
 * @returns what stores the object once its bytes are there
 */
export function planPut(call: Call, key: string, headers: Headers): (content: Content) => Version {
  const { bucket, world } = call;
  checkKey(key);
  if (headers["x-amz-write-offset-bytes"] !== undefined) {
    throw notImplemented("Appending to objects is not done here.", { Header: "x-amz-write-offset-bytes" });
  }
  const description = readDescription(headers, bucket);
  const tags = readTaggingHeader(headers["x-amz-tagging"]);
  const acl = readAcl(world, headers, call.user ?? bucket.owner, bucket);
  const lock = readLock(headers, bucket, call.now);
  checkWriteConditions(headers, key, bucket.latest(key));
  return (content) => {
    try {
      // While the body came in, somebody else may have written.
      checkWriteConditions(headers, key, bucket.latest(key));
    } catch (error) {
      world.storage.release(content);
      throw error;
    }
    const version: Version = {
      key,
      versionId: bucket.nextVersionId(),
      deleteMarker: false,
      lastModified: toSeconds(call.now),
      chunks: content.chunks,
      size: content.size,
      etag: etagOf(content.md5, description),
      description,
      checksum: content.checksum,
      parts: undefined,
      tags,
      acl,
      retention: lock.retention,
      legalHold: lock.legalHold,
      restoredUntil: undefined,
    };
    store(call, version);
    return version;
  };
}

/** What a write answers. */
export function putOutput(call: Call, version: Version): object {
  return {
    ETag: version.etag,
    VersionId: call.bucket.versioning === "Enabled" ? version.versionId : undefined,
    ...encryptionOutput(version.description.encryption),
    ...checksumOutput(version.checksum),
  };
}

export async function putObject(call: Call<PutObjectRequest>): Promise<Answer> {
  const put = planPut(call, call.input.Key, call.headers);
  checkLockedBody(call.headers);
  return { output: putOutput(call, put(await call.body())) };
}

/** Members of GetObject's and HeadObject's outputs that are the version's own. */
function describe(call: Call, version: Version): Record<string, unknown> {
  const { description } = version;
  const output: Record<string, unknown> = {
    AcceptRanges: "bytes",
    LastModified: version.lastModified,
    ETag: version.etag,
    VersionId: shownVersionId(call.bucket, version),
    Metadata: description.metadata,
    StorageClass: description.storageClass === "STANDARD" ? undefined : description.storageClass,
    TagCount: version.tags.length === 0 ? undefined : version.tags.length,
    ObjectLockMode: version.retention?.Mode,
    ObjectLockRetainUntilDate: version.retention?.RetainUntilDate,
    ObjectLockLegalHoldStatus: version.legalHold,
    ...encryptionOutput(description.encryption),
  };
  if (version.restoredUntil) {
    output["Restore"] = `ongoing-request="false", expiry-date="${version.restoredUntil.toUTCString()}"`;
  }
  return output;
}

const overrides = [
  "cache-control",
  "content-disposition",
  "content-encoding",
  "content-language",
  "content-type",
  "expires",
];

/** The headers kept with the object, and what the query wants in their place. */
function answerHeaders(call: Call, version: Version): Record<string, string> {
  const headers: Record<string, string> = { ...version.description.headers };
  for (const name of overrides) {
    const wanted = call.target.query.get(`response-${name}`);
    if (wanted === undefined) continue;
    if (!call.user) throw invalidRequest("Headers of the answer can only be asked for by requests that are signed.");
    if (/[\x00-\x1f\x7f]/.test(wanted)) throw invalidRequest(`The value of response-${name} can't stand in a header.`);
    headers[name] = wanted;
  }
  return headers;
}

/** Bytes and part that a read asks for. */
function readSelection(
  call: Call<GetObjectRequest>,
  version: Version,
): { range: ByteRange | undefined; part: number | undefined } {
  const asked = call.target.query.get("partNumber");
  if (asked === undefined) return { range: readRange(call.headers["range"], version.size), part: undefined };
  const part = integer("partNumber", asked, 1, 10000);
  if (call.headers["range"] !== undefined) throw invalidRequest("Ask for a range or for a part, not for both.");
  const sizes = version.parts?.map((stored) => stored.size) ?? [version.size];
  const index = version.parts ? version.parts.findIndex((stored) => stored.number === part) : part - 1;
  if (index < 0 || index >= sizes.length) {
    throw new S3Error("InvalidPartNumber", "The object has no such part.", {
      PartNumberRequested: part,
      ActualPartCount: sizes.length,
    });
  }
  const start = sizes.slice(0, index).reduce((sum, size) => sum + size, 0);
  return { range: { start, end: start + sizes[index]! }, part };
}

/** The checksum that fits what is sent: the part's for a part, none for other ranges. */
function shownChecksum(
  call: Call,
  version: Version,
  selection: { range: ByteRange | undefined; part: number | undefined },
): Record<string, unknown> {
  if (call.headers["x-amz-checksum-mode"]?.toUpperCase() !== "ENABLED") return {};
  if (selection.part !== undefined && version.parts) {
    const part = version.parts.find((stored) => stored.number === selection.part);
    return part?.checksum ? { ...checksumOutput(part.checksum), ChecksumType: version.checksum?.type } : {};
  }
  if (selection.range && (selection.range.start > 0 || selection.range.end < version.size)) return {};
  return checksumOutput(checksumOfVersion(version));
}

/** The checksum kept with a version; S3 gives every object a CRC64NVME, which is worked out here when somebody asks. */
export function checksumOfVersion(version: Version): Checksum | undefined {
  if (!version.checksum && !version.deleteMarker) {
    version.checksum = { algorithm: "CRC64NVME", value: checksumOf("CRC64NVME", version.chunks), type: "FULL_OBJECT" };
  }
  return version.checksum;
}

/** Archived objects can't be read until they are restored. */
export function checkReadable(version: Version, now: Date): void {
  const { storageClass } = version.description;
  if (storageClass !== "GLACIER" && storageClass !== "DEEP_ARCHIVE") return;
  if (version.restoredUntil && version.restoredUntil > now) return;
  throw new S3Error("InvalidObjectState", "The object is archived and must be restored before it can be read.", {
    StorageClass: storageClass,
  });
}

export function getObject(call: Call<GetObjectRequest>): Answer {
  const version = findVersion(call);
  checkCustomerKey(version.description.encryption, call.headers);
  if (isNotModified(call.headers, version)) {
    return {
      status: 304,
      output: {
        ETag: version.etag,
        LastModified: version.lastModified,
        VersionId: shownVersionId(call.bucket, version),
      },
    };
  }
  if (call.operation.name === "GetObject") checkReadable(version, call.now);
  const selection = readSelection(call, version);
  const { range } = selection;
  // An empty object has no byte that a Content-Range could name.
  const partial = range !== undefined && version.size > 0;
  const output = describe(call, version);
  Object.assign(output, shownChecksum(call, version, selection));
  output["ContentLength"] = range ? range.end - range.start : version.size;
  if (partial) output["ContentRange"] = `bytes ${range.start}-${range.end - 1}/${version.size}`;
  if (selection.part !== undefined && version.parts) output["PartsCount"] = version.parts.length;
  return {
    status: partial ? 206 : 200,
    output,
    headers: answerHeaders(call, version),
    chunks: range ? sliceChunks(version.chunks, range) : version.chunks,
  };
}

/** The conditions that a deletion may have. */
export interface DeleteConditions {
  readonly etag?: string | undefined;
  readonly lastModified?: Date | undefined;
  readonly size?: number | undefined;
}

function checkDelete(version: Version | undefined, conditions: DeleteConditions): void {
  const { etag, lastModified, size } = conditions;
  if (etag === undefined && lastModified === undefined && size === undefined) return;
  if (!version || version.deleteMarker) throw preconditionFailed("If-Match");
  if (etag !== undefined && !matchesEtag(etag, version.etag)) throw preconditionFailed("If-Match");
  if (lastModified !== undefined && lastModified.getTime() !== version.lastModified.getTime()) {
    throw preconditionFailed("x-amz-if-match-last-modified-time");
  }
  if (size !== undefined && size !== version.size) throw preconditionFailed("x-amz-if-match-size");
}

/** What became of a deletion. */
export interface Deletion {
  readonly versionId: string | undefined;
  readonly deleteMarker: boolean;
  /** The marker was made now. */
  readonly created: boolean;
}

/** Deletes a version for good, or puts a delete marker in front, as the bucket's versioning has it. */
export function deleteOne(
  call: Call,
  key: string,
  versionId: string | undefined,
  conditions: DeleteConditions,
  bypass: boolean,
): Deletion {
  const { bucket, world } = call;
  if (versionId !== undefined) {
    checkVersionId(versionId);
    const version = bucket.version(key, versionId);
    checkDelete(version, conditions);
    if (version) {
      checkDeletable(version, call.now, bypass);
      bucket.remove(version);
      world.storage.release(version);
    }
    return { versionId, deleteMarker: version?.deleteMarker ?? false, created: false };
  }
  const latest = bucket.latest(key);
  checkDelete(latest, conditions);
  if (bucket.versioning === undefined) {
    if (latest) {
      bucket.remove(latest);
      world.storage.release(latest);
    }
    return { versionId: undefined, deleteMarker: false, created: false };
  }
  const marker = deleteMarker(key, bucket, call);
  store(call, marker);
  return { versionId: marker.versionId, deleteMarker: true, created: true };
}

function deleteMarker(key: string, bucket: Bucket, call: Call): Version {
  return {
    key,
    versionId: bucket.versioning === "Enabled" ? newVersionId() : "null",
    deleteMarker: true,
    lastModified: toSeconds(call.now),
    chunks: [],
    size: 0,
    etag: "",
    description: emptyDescription,
    checksum: undefined,
    parts: undefined,
    tags: [],
    acl: { owner: ownerOf(call.user ?? bucket.owner), grants: [] },
    retention: undefined,
    legalHold: undefined,
    restoredUntil: undefined,
  };
}

const emptyDescription: Description = {
  headers: {},
  metadata: new Map(),
  storageClass: "STANDARD",
  encryption: {
    algorithm: undefined,
    kmsKeyId: undefined,
    bucketKey: undefined,
    context: undefined,
    customerKeyMD5: undefined,
  },
};

export function deleteObject(call: Call<DeleteObjectRequest>): Answer {
  const { input } = call;
  const conditions: DeleteConditions = {
    etag: input.IfMatch,
    lastModified: input.IfMatchLastModifiedTime,
    size: input.IfMatchSize,
  };
  const done = deleteOne(
    call,
    input.Key,
    call.target.query.get("versionId"),
    conditions,
    input.BypassGovernanceRetention === true,
  );
  return {
    status: 204,
    output: { VersionId: done.versionId, DeleteMarker: done.deleteMarker || undefined },
  };
}

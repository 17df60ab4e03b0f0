import { createHash, randomBytes } from "node:crypto";
import type {
  AbortMultipartUploadRequest,
  CompletedPart,
  CompleteMultipartUploadRequest,
  CreateMultipartUploadRequest,
  ListPartsRequest,
  UploadPartRequest,
} from "../model/generated/types.js";
import { ownerOf, readAcl } from "./acl.js";
import type { Answer } from "./answer.js";
import type { Call } from "./call.js";
import {
  type Algorithm,
  algorithmOf,
  algorithms,
  type Checksum,
  type ChecksumType,
  checksumOf,
  memberOf,
} from "./checksums.js";
import { checkWriteConditions } from "./conditions.js";
import { checkKey, encryptionOutput, readDescription } from "./description.js";
import { invalidArgument, invalidRequest, malformedXml, S3Error } from "./errors.js";
import { readLock } from "./lock.js";
import { checksumOutput, etagOf, store, toSeconds } from "./objects.js";
import { checkCustomerKey } from "./sse.js";
import type { Piece } from "./storage.js";
import type { Upload, UploadedPart, Version } from "./store.js";
import { readTaggingHeader } from "./tagging.js";
import { integer, uriEncode } from "./target.js";

const minPart = 5 * 1024 * 1024;
const fullObjectAlgorithms: readonly string[] = [
  "CRC32",
  "CRC32C",
  "CRC64NVME",
  "XXHASH64",
  "XXHASH3",
  "XXHASH128",
  "MD5",
];

let uploads = 0;

/** Ids sort in the order uploads were begun, which lists show them in. */
function newUploadId(now: Date): string {
  const time = now.getTime().toString(36).padStart(9, "0");
  return `${time}${(++uploads).toString(36).padStart(7, "0")}${randomBytes(36).toString("hex")}`;
}

/** The unfinished upload that a request names. */
export function findUpload(call: Call<{ Key: string; UploadId: string }>): Upload {
  const upload = call.bucket.uploads.get(call.input.UploadId);
  if (!upload || upload.key !== call.input.Key) throw noSuchUpload(call.input.UploadId);
  return upload;
}

const noSuchUpload = (id: string): S3Error =>
  new S3Error("NoSuchUpload", "There is no such upload; it may have been aborted or completed.", { UploadId: id });

export function checkPartNumber(call: Call): number {
  return integer("partNumber", call.target.query.get("partNumber") ?? "", 1, 10000);
}

function readChecksumPlan(call: Call): { algorithm: Algorithm | undefined; checksumType: ChecksumType | undefined } {
  const name = call.headers["x-amz-checksum-algorithm"];
  const type = call.headers["x-amz-checksum-type"]?.toUpperCase();
  const algorithm = name === undefined ? undefined : algorithmOf(name);
  if (name !== undefined && !algorithm)
    throw invalidRequest("The value of x-amz-checksum-algorithm is no checksum that is known.");
  if (type !== undefined && type !== "COMPOSITE" && type !== "FULL_OBJECT")
    throw invalidRequest("The value of x-amz-checksum-type is COMPOSITE or FULL_OBJECT.");
  if (!algorithm) {
    if (type !== undefined) throw invalidRequest("x-amz-checksum-type goes with x-amz-checksum-algorithm.");
    return { algorithm, checksumType: undefined };
  }
  const checksumType = type ?? (algorithm === "CRC64NVME" ? "FULL_OBJECT" : "COMPOSITE");
  if (checksumType === "FULL_OBJECT" && !fullObjectAlgorithms.includes(algorithm)) {
    throw invalidRequest(`The FULL_OBJECT checksum type can't be used with ${algorithm.toLowerCase()}.`);
  }
  if (checksumType === "COMPOSITE" && algorithm === "CRC64NVME") {
    throw invalidRequest("The COMPOSITE checksum type can't be used with crc64nvme.");
  }
  return { algorithm, checksumType };
}

export function createMultipartUpload(call: Call<CreateMultipartUploadRequest>): Answer {
  const { bucket, headers, world } = call;
  const key = call.input.Key;
  checkKey(key);
  const lock = readLock(headers, bucket, call.now);
  const upload: Upload = {
    id: newUploadId(call.now),
    key,
    initiated: toSeconds(call.now),
    description: readDescription(headers, bucket),
    tags: readTaggingHeader(headers["x-amz-tagging"]),
    acl: readAcl(world, headers, call.user ?? bucket.owner, bucket),
    initiator: call.user,
    ...readChecksumPlan(call),
    retention: lock.retention,
    legalHold: lock.legalHold,
    parts: new Map(),
  };
  bucket.addUpload(upload);
  return {
    output: {
      Bucket: bucket.name,
      Key: key,
      UploadId: upload.id,
      ChecksumAlgorithm: upload.algorithm,
      ChecksumType: upload.checksumType,
      ...encryptionOutput(upload.description.encryption),
    },
  };
}

export async function uploadPart(call: Call<UploadPartRequest>): Promise<Answer> {
  const number = checkPartNumber(call);
  const { world } = call;
  const upload = findUpload(call);
  checkCustomerKey(upload.description.encryption, call.headers);
  const content = await call.body();
  const checksum = content.checksum ?? computed(upload, content.chunks);
  try {
    if (upload.algorithm && upload.algorithm !== checksum?.algorithm) {
      throw invalidRequest(
        `The upload was created for ${upload.algorithm.toLowerCase()} checksums; this part brings ${checksum?.algorithm.toLowerCase() ?? "none"}.`,
      );
    }
    // While the part came in, the upload may have ended.
    if (!call.bucket.uploads.has(upload.id)) throw noSuchUpload(upload.id);
  } catch (error) {
    world.storage.release(content);
    throw error;
  }
  const part: UploadedPart = {
    number,
    size: content.size,
    etag: etagOf(content.md5, upload.description),
    checksum,
    chunks: content.chunks,
    lastModified: toSeconds(call.now),
  };
  const old = call.bucket.addPart(upload, part);
  if (old) world.storage.release(old);
  const { ChecksumType: _, ...sums } = checksumOutput(checksum);
  return { output: { ETag: part.etag, ...sums, ...encryptionOutput(upload.description.encryption) } };
}

/** For a checksum of the whole object parts need not bring their own. */
function computed(upload: Upload, chunks: readonly Piece[]): Checksum | undefined {
  if (upload.checksumType !== "FULL_OBJECT" || !upload.algorithm) return undefined;
  return { algorithm: upload.algorithm, value: checksumOf(upload.algorithm, chunks), type: "FULL_OBJECT" };
}

export function abortMultipartUpload(call: Call<AbortMultipartUploadRequest>): Answer {
  const { bucket, world, input } = call;
  if (bucket.completed.has(input.UploadId)) return { status: 204 };
  const upload = findUpload(call);
  const time = input.IfMatchInitiatedTime;
  if (time !== undefined && time.getTime() !== upload.initiated.getTime()) {
    throw new S3Error("PreconditionFailed", "The upload was begun at another time.", {
      Condition: "x-amz-if-match-initiated-time",
    });
  }
  bucket.removeUpload(upload);
  for (const part of upload.parts.values()) world.storage.release(part);
  return { status: 204 };
}

export function listParts(call: Call<ListPartsRequest>): Answer {
  const { query } = call.target;
  const upload = findUpload(call);
  const asked = Math.min(integer("max-parts", query.get("max-parts") || "1000", 0, 2147483647), 1000);
  const marker = integer("part-number-marker", query.get("part-number-marker") || "0", 0, 2147483647);
  const parts = [...upload.parts.values()].sort((a, b) => a.number - b.number).filter((part) => part.number > marker);
  const page = parts.slice(0, Math.min(asked, call.world.maxPage));
  return {
    output: {
      Bucket: call.bucket.name,
      Key: upload.key,
      UploadId: upload.id,
      PartNumberMarker: marker,
      NextPartNumberMarker: page[page.length - 1]?.number ?? 0,
      MaxParts: asked,
      IsTruncated: asked > 0 && page.length < parts.length,
      Parts: page.map((part) => {
        const { ChecksumType: _, ...sums } = checksumOutput(part.checksum);
        return { PartNumber: part.number, LastModified: part.lastModified, ETag: part.etag, Size: part.size, ...sums };
      }),
      Initiator: ownerOf(upload.initiator ?? call.bucket.owner),
      Owner: upload.acl.owner,
      StorageClass: upload.description.storageClass,
      ChecksumAlgorithm: upload.algorithm,
      ChecksumType: upload.checksumType,
    },
  };
}

const bare = (etag: string): string => etag.replaceAll('"', "");

/** The parts that a completion names, each checked: order, presence, ETag, checksum, size. */
function chooseParts(call: Call, upload: Upload, named: readonly CompletedPart[]): UploadedPart[] {
  const chosen: UploadedPart[] = [];
  let last = 0;
  for (const part of named) {
    const number = part.PartNumber;
    if (number === undefined || part.ETag === undefined) throw malformedXml("a part needs PartNumber and ETag");
    if (number <= last)
      throw new S3Error("InvalidPartOrder", "The parts must be named in ascending order.", { UploadId: upload.id });
    last = number;
    const found = upload.parts.get(number);
    if (!found || bare(found.etag) !== bare(part.ETag)) throw invalidPart(upload, number, part.ETag);
    checkPartChecksum(upload, part, found, number);
    chosen.push(found);
  }
  for (const part of chosen.slice(0, -1)) {
    if (part.size < call.world.minPartSize) {
      throw new S3Error("EntityTooSmall", "Every part but the last must have 5 MiB.", {
        ProposedSize: part.size,
        MinSizeAllowed: minPart,
        PartNumber: part.number,
        ETag: bare(part.etag),
      });
    }
  }
  return chosen;
}

const invalidPart = (upload: Upload, number: number, etag: string): S3Error =>
  new S3Error("InvalidPart", "A part was not found, or its ETag or checksum is another.", {
    UploadId: upload.id,
    PartNumber: number,
    ETag: bare(etag),
  });

function checkPartChecksum(upload: Upload, part: CompletedPart, found: UploadedPart, number: number): void {
  let given = false;
  for (const algorithm of Object.keys(algorithms) as Algorithm[]) {
    const value = part[memberOf(algorithm)];
    if (value === undefined) continue;
    given = true;
    if (found.checksum?.algorithm !== algorithm || found.checksum.value !== value)
      throw invalidPart(upload, number, found.etag);
  }
  if (!given && upload.checksumType === "COMPOSITE") {
    throw invalidRequest(
      `The upload was created for ${upload.algorithm!.toLowerCase()} checksums, and the request lacks the one of part ${number}.`,
    );
  }
}

function objectChecksum(
  upload: Upload,
  parts: readonly UploadedPart[],
  chunks: readonly Piece[],
): Checksum | undefined {
  const { algorithm, checksumType } = upload;
  if (!algorithm || !checksumType) return undefined;
  if (checksumType === "FULL_OBJECT") {
    return { algorithm, value: checksumOf(algorithm, chunks), type: checksumType };
  }
  const sums = parts.map((part) => Buffer.from(part.checksum?.value ?? "", "base64"));
  return { algorithm, value: `${checksumOf(algorithm, sums)}-${parts.length}`, type: checksumType };
}

/** Compares the checksum of the whole object that the request may bring. */
function checkObjectChecksum(call: Call, checksum: Checksum | undefined): void {
  const type = call.headers["x-amz-checksum-type"]?.toUpperCase();
  if (type !== undefined && checksum && type !== checksum.type) {
    throw invalidRequest(`The upload was created for ${checksum.type} checksums, and the request says ${type}.`);
  }
  for (const algorithm of Object.keys(algorithms) as Algorithm[]) {
    const value = call.headers[`x-amz-checksum-${algorithms[algorithm]}`];
    if (value === undefined) continue;
    if (checksum?.algorithm !== algorithm)
      throw invalidRequest(`The upload was not created for ${algorithm.toLowerCase()} checksums.`);
    if (value.replace(/-\d+$/, "") !== checksum.value.replace(/-\d+$/, "")) {
      throw new S3Error("BadDigest", `The ${algorithm} given is not the one of the object.`);
    }
  }
}

export function completeMultipartUpload(call: Call<CompleteMultipartUploadRequest>): Answer {
  const { bucket, headers, world, input } = call;
  const done = bucket.completed.get(input.UploadId);
  // A completion that is sent again, because its answer was lost, gets the same answer.
  if (done && done.key === input.Key) return done.answer;
  const upload = findUpload(call);
  const named = input.MultipartUpload?.Parts ?? [];
  if (named.length === 0) throw malformedXml("it names no parts");
  if (named.length > 10000) throw invalidArgument("Parts", String(named.length), "An upload has at most 10000 parts.");
  const parts = chooseParts(call, upload, named);
  const size = parts.reduce((sum, part) => sum + part.size, 0);
  if (input.MpuObjectSize !== undefined && input.MpuObjectSize !== size) {
    throw invalidRequest(`x-amz-mp-object-size is ${input.MpuObjectSize}, but the parts have ${size} bytes.`);
  }
  checkWriteConditions(headers, upload.key, bucket.latest(upload.key));
  const chunks = parts.length === 1 ? parts[0]!.chunks : parts.flatMap((part) => part.chunks as Piece[]);
  const checksum = objectChecksum(upload, parts, chunks);
  checkObjectChecksum(call, checksum);
  const md5 = createHash("md5");
  for (const part of parts) md5.update(Buffer.from(bare(part.etag), "hex"));
  const version: Version = {
    key: upload.key,
    versionId: bucket.nextVersionId(),
    deleteMarker: false,
    lastModified: toSeconds(call.now),
    chunks,
    size,
    etag: `"${md5.digest("hex")}-${parts.length}"`,
    description: upload.description,
    checksum,
    parts: parts.map(({ number, size: bytes, etag, checksum: sum }) => ({ number, size: bytes, etag, checksum: sum })),
    tags: upload.tags,
    acl: upload.acl,
    retention: upload.retention,
    legalHold: upload.legalHold,
    restoredUntil: undefined,
  };
  // In this order, whoever writes it down and is stopped in between has the object rather than nothing.
  store(call, version);
  bucket.removeUpload(upload);
  const used = new Set(parts);
  for (const part of upload.parts.values()) if (!used.has(part)) world.storage.release(part);
  const place = call.target.virtualHost ? call.requestHost : `${call.requestHost}/${bucket.name}`;
  const answer: Answer = {
    output: {
      Location: `${call.secure ? "https" : "http"}://${place}/${uriEncode(upload.key, true)}`,
      Bucket: bucket.name,
      Key: upload.key,
      ETag: version.etag,
      ...checksumOutput(checksum),
      VersionId: bucket.versioning === "Enabled" ? version.versionId : undefined,
      ...encryptionOutput(upload.description.encryption),
    },
  };
  bucket.rememberCompleted(upload.id, upload.key, answer);
  return answer;
}

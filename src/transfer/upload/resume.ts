/** Finds an upload in parts that was begun before, and what of it is there already. */
import { hash } from "node:crypto";
import { ParamValidationError } from "../../errors/base.js";
import { S3ServiceError } from "../../errors/service.js";
import type { MultipartUploadEntry, Part } from "../../model/generated/types.js";
import {
  algorithmOf,
  type ChecksumAlgorithm,
  checksum,
  checksumMember,
  digestLengths,
} from "../../transport/checksum/index.js";
import type { TransferContext } from "../context.js";
import { isDirectoryBucket, membersFor } from "../input.js";
import { growingPartSize } from "../limits.js";
import type { UploadInput } from "../types.js";
import type { SumPlan } from "./sums.js";

/** An unfinished upload. */
export interface Earlier {
  readonly uploadId: string;
  /** The size of its parts, where its token or its parts tell. */
  readonly partSize: number | undefined;
  readonly sums: Pick<SumPlan, "algorithm" | "type">;
  readonly parts: ReadonlyMap<number, Part>;
}

/** What a token holds. */
interface Token {
  readonly v: 1;
  readonly bucket: string;
  readonly key: string;
  readonly id: string;
  readonly size: number;
}

/** The token of an upload, with which another process can go on. */
export function writeToken(input: UploadInput, id: string, size: number): string {
  const token: Token = { v: 1, bucket: input.Bucket, key: input.Key, id, size };
  return Buffer.from(JSON.stringify(token)).toString("base64url");
}

function readToken(input: UploadInput, text: string): Token {
  let token: Partial<Token> | null = null;
  try {
    token = JSON.parse(Buffer.from(text, "base64url").toString()) as Partial<Token> | null;
  } catch {
    // Told below.
  }
  if (token?.v !== 1 || typeof token.id !== "string" || token.id === "" || !Number.isSafeInteger(token.size)) {
    throw refusal("is not a resume token");
  }
  if (token.bucket !== input.Bucket || token.key !== input.Key) throw refusal("belongs to another bucket or key");
  return token as Token;
}

function refusal(problem: string): ParamValidationError {
  return new ParamValidationError([{ path: "resume", problem }], {
    operation: "upload",
    hint: "Give true, or the `resumeToken` that onProgress or the error of an upload gave.",
  });
}

/**
 * The upload to go on with; undefined when there is none (any more).
 * @param grows its parts double every thousand, as those of a source of unknown length
 */
export async function findEarlier(
  context: TransferContext,
  input: UploadInput,
  resume: boolean | string,
  grows: boolean,
  signal: AbortSignal,
): Promise<Earlier | undefined> {
  const { id, size } = typeof resume === "string" ? readToken(input, resume) : {};
  const uploadId = id ?? (await newestUpload(context, input, signal))?.UploadId;
  return uploadId === undefined ? undefined : partsOf(context, input, uploadId, size, grows, signal);
}

async function newestUpload(
  { client }: TransferContext,
  input: UploadInput,
  signal: AbortSignal,
): Promise<MultipartUploadEntry | undefined> {
  const shared = membersFor("ListMultipartUploads", input);
  // Directory buckets list in no order, and know no prefixes but folders.
  const unordered = isDirectoryBucket(input.Bucket);
  const Prefix = unordered ? input.Key.slice(0, input.Key.lastIndexOf("/") + 1) : input.Key;
  let newest: MultipartUploadEntry | undefined;
  let markers: { KeyMarker?: string; UploadIdMarker?: string } = {};
  for (;;) {
    let page: Awaited<ReturnType<typeof client.listMultipartUploads>>;
    try {
      page = await client.listMultipartUploads(
        { ...shared, Bucket: input.Bucket, ...(Prefix ? { Prefix } : {}), ...markers },
        { signal },
      );
    } catch (error) {
      // Where uploads cannot be listed there is none to go on with.
      if (error instanceof S3ServiceError && error.statusCode === 501) return undefined;
      throw error;
    }
    for (const upload of page.Uploads) {
      if (upload.Key !== input.Key) continue;
      if (newest === undefined || Number(upload.Initiated ?? 0) >= Number(newest.Initiated ?? 0)) newest = upload;
    }
    const { NextKeyMarker: KeyMarker, NextUploadIdMarker: UploadIdMarker } = page;
    // Keys come in order: those behind ours are others that begin like it.
    if (!page.IsTruncated || KeyMarker === undefined || (!unordered && KeyMarker > input.Key)) return newest;
    if (KeyMarker === markers.KeyMarker && UploadIdMarker === markers.UploadIdMarker) return newest;
    markers = UploadIdMarker === undefined ? { KeyMarker } : { KeyMarker, UploadIdMarker };
  }
}

async function partsOf(
  { client }: TransferContext,
  input: UploadInput,
  uploadId: string,
  size: number | undefined,
  grows: boolean,
  signal: AbortSignal,
): Promise<Earlier | undefined> {
  const shared = membersFor("ListParts", input);
  const parts = new Map<number, Part>();
  let PartNumberMarker: number | undefined;
  let sums: Earlier["sums"] = { algorithm: undefined, type: undefined };
  for (;;) {
    let page: Awaited<ReturnType<typeof client.listParts>>;
    try {
      page = await client.listParts(
        {
          ...shared,
          Bucket: input.Bucket,
          Key: input.Key,
          UploadId: uploadId,
          ...(PartNumberMarker === undefined ? {} : { PartNumberMarker }),
        },
        { signal },
      );
    } catch (error) {
      // NoSuchUpload; Ceph says NoSuchKey.
      if (error instanceof S3ServiceError && error.statusCode === 404) return undefined;
      throw error;
    }
    for (const part of page.Parts) if (part.PartNumber !== undefined) parts.set(part.PartNumber, part);
    // Stores that know no checksums say so in many ways: with "", or "null".
    const algorithm = algorithmOf(page.ChecksumAlgorithm ?? "");
    const type = (["FULL_OBJECT", "COMPOSITE"] as const).find((one) => one === page.ChecksumType);
    sums = { algorithm, type: algorithm && type };
    const next = page.NextPartNumberMarker;
    if (!page.IsTruncated || next === undefined || Number(next) === PartNumberMarker) break;
    PartNumberMarker = Number(next);
  }
  return { uploadId, partSize: size ?? commonSize(parts, grows), sums, parts };
}

/** The size that all parts have but, perhaps, the last; of parts that grow, that of the first. */
function commonSize(parts: ReadonlyMap<number, Part>, grows: boolean): number | undefined {
  const sizes = [...parts].map(([number, { Size = 0 }]) => (grows ? Size / growingPartSize(number, 1) : Size));
  const largest = Math.max(0, ...sizes);
  // One part alone may be the last and short.
  return sizes.filter((size) => size === largest).length > 1 || (sizes.length === 1 && parts.has(1))
    ? largest
    : undefined;
}

/** Whether a part that is stored has these bytes, by its checksum or by its ETag where that is an MD5. */
export function samePart(part: Part, bytes: Uint8Array): boolean {
  if (part.Size !== bytes.length || part.ETag === undefined) return false;
  for (const algorithm of Object.keys(digestLengths) as ChecksumAlgorithm[]) {
    const value = part[checksumMember(algorithm)];
    if (value !== undefined) return checksum(algorithm, bytes) === value;
  }
  const tag = part.ETag.replaceAll('"', "").toLowerCase();
  // Encrypted under a key of KMS or of the caller's it is something else, and the part is sent again.
  return /^[0-9a-f]{32}$/.test(tag) && hash("md5", bytes) === tag;
}

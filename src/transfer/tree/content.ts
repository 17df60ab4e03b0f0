/** Whether a local file and an object, or two objects, have the same content, without fetching any. */
import { createHash } from "node:crypto";
import { open } from "node:fs/promises";
import type { HeadObjectOutput, HeadObjectRequest } from "../../model/generated/types.js";
import { createChecksum, responseChecksum } from "../../transport/checksum/index.js";
import type { TransferContext } from "../context.js";
import { MIB, partSizeFor } from "../limits.js";

/** Sizes of parts that clients use, in MiB: an ETag of parts is told by trying them. */
const usual = [8, 5, 16, 64, 10, 15, 20, 25, 32, 50, 100, 128, 256, 512];

/** An object to be asked for, and by whom. */
export interface Asked {
  readonly context: TransferContext;
  readonly input: HeadObjectRequest;
}

/** Of objects whose ETags differ, as they do after other parts or another key: by the checksum of the whole. False where it cannot be told. */
export async function sameObjects(one: Asked, other: Asked, signal: AbortSignal): Promise<boolean> {
  const [a, b] = await Promise.all([one, other].map((asked) => head(asked, signal)));
  const [given, against] = [a, b].map((answer) => answer && responseChecksum(answer.ResponseMetadata.HTTPHeaders));
  return given !== undefined && given.algorithm === against?.algorithm && given.value === against.value;
}

function head({ context, input }: Asked, signal: AbortSignal): Promise<HeadObjectOutput> {
  return context.client.headObject({ ...input, ChecksumMode: "ENABLED" }, { signal });
}

/** The same of a file. False where it cannot be told. */
export async function sameContent(
  asked: Asked,
  path: string,
  size: number,
  partSize: number,
  signal: AbortSignal,
): Promise<boolean> {
  const answer = await head(asked, signal);
  const given = responseChecksum(answer.ResponseMetadata.HTTPHeaders);
  if (given) {
    const sum = createChecksum(given.algorithm);
    await read(path, size, signal, (bytes) => sum.update(bytes));
    return sum.base64() === given.value;
  }
  const [, tag, count] = /^"?([0-9a-f]{32})(?:-(\d+))?"?$/.exec(answer.ETag ?? "") ?? [];
  if (tag === undefined) return false;
  if (count === undefined) {
    const md5 = createHash("md5");
    await read(path, size, signal, (bytes) => md5.update(bytes));
    return md5.digest("hex") === tag;
  }
  const sizes = new Set([partSizeFor(size, partSize), ...usual.map((mib) => mib * MIB)]);
  for (const candidate of sizes) {
    if (Math.ceil(size / candidate) === Number(count) && (await tagOfParts(path, size, candidate, signal)) === tag)
      return true;
  }
  return false;
}

async function tagOfParts(path: string, size: number, partSize: number, signal: AbortSignal): Promise<string> {
  const all = createHash("md5");
  let part = createHash("md5");
  let left = partSize;
  await read(path, size, signal, (bytes) => {
    for (let rest = bytes; rest.length > 0; ) {
      const piece = rest.subarray(0, left);
      part.update(piece);
      rest = rest.subarray(piece.length);
      left -= piece.length;
      if (left === 0) {
        all.update(part.digest());
        part = createHash("md5");
        left = partSize;
      }
    }
  });
  if (left < partSize) all.update(part.digest());
  return all.digest("hex");
}

async function read(path: string, size: number, signal: AbortSignal, take: (bytes: Uint8Array) => void): Promise<void> {
  const file = await open(path, "r");
  try {
    const buffer = Buffer.allocUnsafe(MIB);
    for (let at = 0; at < size; ) {
      signal.throwIfAborted();
      const { bytesRead } = await file.read(buffer, 0, buffer.length, at);
      if (bytesRead === 0) return;
      take(buffer.subarray(0, bytesRead));
      at += bytesRead;
    }
  } finally {
    await file.close();
  }
}

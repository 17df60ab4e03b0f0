import { TucuxiError } from "../../errors/base.js";
import { type ChecksumAlgorithm, type CrcAlgorithm, digestLengths } from "./algorithms.js";
import { createChecksum, digestOf } from "./checksum.js";
import { combine } from "./combine.js";

/**
 * The checksum of an object that was uploaded in parts, from those of its parts.
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/checking-object-integrity-upload.html
 */

/** A digest, or its base64. */
export type Digest = Uint8Array | string;

function bytesOf(algorithm: ChecksumAlgorithm, digest: Digest): Uint8Array {
  const bytes = typeof digest === "string" ? digestOf(algorithm, digest) : digest;
  if (bytes?.length === digestLengths[algorithm]) return bytes;
  throw new TucuxiError(`${typeof digest === "string" ? JSON.stringify(digest) : "The digest"} is no ${algorithm}`, {
    code: "InvalidChecksum",
    hint: `A ${algorithm} has ${digestLengths[algorithm]} bytes; as text it is base64.`,
  });
}

/**
 * The `COMPOSITE` checksum: the checksum of the parts' digests one after the other, and how many they are: `base64-N`.
 * @throws TucuxiError `InvalidChecksum` when a digest has the wrong length or is not base64
 */
export function compositeChecksum(algorithm: ChecksumAlgorithm, parts: Iterable<Digest>): string {
  const whole = createChecksum(algorithm);
  let count = 0;
  for (const part of parts) {
    whole.update(bytesOf(algorithm, part));
    count++;
  }
  return `${whole.base64()}-${count}`;
}

/** Whether an algorithm's part checksums make a checksum of the whole object. */
export function isCrc(algorithm: string): algorithm is CrcAlgorithm {
  return algorithm === "CRC32" || algorithm === "CRC32C" || algorithm === "CRC64NVME";
}

/**
 * The CRC of A followed by B, from the CRC of each and the length of B in bytes (up to 2^53).
 * @returns the digest, most significant byte first
 * @throws TucuxiError `InvalidChecksum` when a digest has the wrong length or is not base64; RangeError for a length that is none
 */
export function combineCrc(algorithm: CrcAlgorithm, crcA: Digest, crcB: Digest, lengthB: number): Uint8Array {
  if (!Number.isSafeInteger(lengthB) || lengthB < 0) {
    throw new RangeError(`lengthB: must be a number of bytes, is ${lengthB}`);
  }
  return combine(algorithm, bytesOf(algorithm, crcA), bytesOf(algorithm, crcB), lengthB);
}

/**
 * The `FULL_OBJECT` checksum of an object, in base64, from its parts in their order.
 * @throws as `combineCrc`
 */
export function fullObjectChecksum(
  algorithm: CrcAlgorithm,
  parts: Iterable<{ readonly checksum: Digest; readonly length: number }>,
): string {
  // The CRC of nothing is all zeros.
  let whole: Uint8Array = new Uint8Array(digestLengths[algorithm]);
  for (const { checksum, length } of parts) whole = combineCrc(algorithm, whole, checksum, length);
  return Buffer.from(whole).toString("base64");
}

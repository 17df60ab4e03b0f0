/**
 * S3's checksum algorithms: their names in the API, their headers, how long their digests are.
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/checking-object-integrity.html
 */

/** A value of `ChecksumAlgorithm`. */
export type ChecksumAlgorithm =
  | "CRC32"
  | "CRC32C"
  | "CRC64NVME"
  | "SHA1"
  | "SHA256"
  | "SHA512"
  | "MD5"
  | "XXHASH64"
  | "XXHASH3"
  | "XXHASH128";

/** Those that can be combined into the checksum of a whole object from its parts' (`ChecksumType: FULL_OBJECT`). */
export type CrcAlgorithm = "CRC32" | "CRC32C" | "CRC64NVME";

/** Of each algorithm, the bytes of a digest. */
export const digestLengths: Readonly<Record<ChecksumAlgorithm, number>> = {
  CRC32: 4,
  CRC32C: 4,
  CRC64NVME: 8,
  SHA1: 20,
  SHA256: 32,
  SHA512: 64,
  MD5: 16,
  XXHASH64: 8,
  XXHASH3: 8,
  XXHASH128: 16,
};

/**
 * When an answer carries several checksums, the first of these that it has is checked: the cheap and strong ones before the
 * others. The AWS SDKs have this order too.
 */
export const validationOrder: readonly ChecksumAlgorithm[] = [
  "XXHASH128",
  "XXHASH3",
  "CRC64NVME",
  "XXHASH64",
  "CRC32C",
  "CRC32",
  "SHA1",
  "SHA256",
  "SHA512",
  "MD5",
];

/** Their headers, in the same order. Spelt out: names made anew for every answer cost a small GET 2.5 µs. */
export const validationHeaders: readonly string[] = [
  "x-amz-checksum-xxhash128",
  "x-amz-checksum-xxhash3",
  "x-amz-checksum-crc64nvme",
  "x-amz-checksum-xxhash64",
  "x-amz-checksum-crc32c",
  "x-amz-checksum-crc32",
  "x-amz-checksum-sha1",
  "x-amz-checksum-sha256",
  "x-amz-checksum-sha512",
  "x-amz-checksum-md5",
];

/** The algorithm of that name, in any case; undefined for a name that is none. */
export function algorithmOf(name: string): ChecksumAlgorithm | undefined {
  if (isAlgorithm(name)) return name;
  const upper = name.toUpperCase();
  return isAlgorithm(upper) ? upper : undefined;
}

function isAlgorithm(name: string): name is ChecksumAlgorithm {
  return Object.hasOwn(digestLengths, name);
}

/** The header (or trailer) that carries a checksum: `x-amz-checksum-crc32`; undefined for a name that is no algorithm's. */
export function checksumHeader(algorithm: ChecksumAlgorithm): string;
export function checksumHeader(algorithm: string): string | undefined;
export function checksumHeader(algorithm: string): string | undefined {
  const known = algorithmOf(algorithm);
  return known && `x-amz-checksum-${known.toLowerCase()}`;
}

/** The member that carries a checksum in dictionaries: `ChecksumCRC32`. */
export function checksumMember(algorithm: ChecksumAlgorithm): `Checksum${ChecksumAlgorithm}` {
  return `Checksum${algorithm}`;
}

/** The algorithm whose value a header or trailer carries, if it is one of ours. */
export function algorithmOfHeader(header: string): ChecksumAlgorithm | undefined {
  return /^x-amz-checksum-/i.test(header) ? algorithmOf(header.slice("x-amz-checksum-".length)) : undefined;
}

/** Whether a header carries a checksum, of whatever algorithm; `x-amz-checksum-type` and its like only speak of one. */
export function isChecksumHeader(header: string): boolean {
  return /^x-amz-checksum-(?!(?:mode|type|algorithm)$)/i.test(header);
}

/** Characters that a checksum takes in base64. */
export function checksumTextLength(algorithm: ChecksumAlgorithm): number {
  return Math.ceil(digestLengths[algorithm] / 3) * 4;
}

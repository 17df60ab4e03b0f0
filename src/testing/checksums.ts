import { createHash, type Hash } from "node:crypto";
import { crc32 } from "node:zlib";
import { createChecksum } from "../transport/checksum/index.js";
import { bytesOf, type Piece } from "./storage.js";

/** A checksum's name in the API. */
export type Algorithm = keyof typeof algorithms;

/** S3's checksums, by the names of the API, with the end of their headers: `x-amz-checksum-crc32`. */
export const algorithms = {
  CRC32: "crc32",
  CRC32C: "crc32c",
  CRC64NVME: "crc64nvme",
  SHA1: "sha1",
  SHA256: "sha256",
  SHA512: "sha512",
  MD5: "md5",
  XXHASH64: "xxhash64",
  XXHASH3: "xxhash3",
  XXHASH128: "xxhash128",
} as const;

/** Whether the checksum is of the whole object or made of the checksums of its parts. */
export type ChecksumType = "FULL_OBJECT" | "COMPOSITE";

/** A checksum as it is kept with an object or part. */
export interface Checksum {
  readonly algorithm: Algorithm;
  /** Base64; composite ones end in `-` and the number of parts. */
  readonly value: string;
  readonly type: ChecksumType;
}

/** Takes bytes and gives their checksum in the end. */
export interface Hasher {
  update(bytes: Uint8Array): unknown;
  digest(): Buffer;
}

/** The member of the API that holds a checksum: `ChecksumCRC32`. */
export const memberOf = (algorithm: Algorithm): `Checksum${Algorithm}` => `Checksum${algorithm}`;

export const digestLength: Readonly<Record<Algorithm, number>> = {
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

/** The algorithm of that name, in any case; undefined where there is none. */
export function algorithmOf(name: string): Algorithm | undefined {
  const upper = name.toUpperCase();
  return Object.hasOwn(algorithms, upper) ? (upper as Algorithm) : undefined;
}

function bigEndian(length: 4 | 8, high: number, low: number): Buffer {
  const bytes = Buffer.alloc(length);
  if (length === 8) bytes.writeUInt32BE(high >>> 0, 0);
  bytes.writeUInt32BE(low >>> 0, length - 4);
  return bytes;
}

class Crc32 implements Hasher {
  #value = 0;
  update(bytes: Uint8Array): void {
    // zlib begins anew when it is given nothing that lies nowhere.
    if (bytes.length > 0) this.#value = crc32(bytes, this.#value);
  }
  digest(): Buffer {
    return bigEndian(4, 0, this.#value);
  }
}

// Tables are made when the first such checksum is asked for.
let castagnoli: Uint32Array | undefined;

function castagnoliTable(): Uint32Array {
  const table = new Uint32Array(256);
  for (let i = 0; i < 256; i++) {
    let value = i;
    for (let bit = 0; bit < 8; bit++) value = value & 1 ? (value >>> 1) ^ 0x82f63b78 : value >>> 1;
    table[i] = value;
  }
  return table;
}

class Crc32c implements Hasher {
  #value = -1;
  update(bytes: Uint8Array): void {
    castagnoli ??= castagnoliTable();
    let value = this.#value;
    for (let i = 0; i < bytes.length; i++) value = castagnoli[(value ^ bytes[i]!) & 255]! ^ (value >>> 8);
    this.#value = value;
  }
  digest(): Buffer {
    return bigEndian(4, 0, ~this.#value);
  }
}

let nvme: { high: Int32Array; low: Int32Array } | undefined;

function nvmeTable(): { high: Int32Array; low: Int32Array } {
  const table = { high: new Int32Array(256), low: new Int32Array(256) };
  for (let i = 0; i < 256; i++) {
    let value = BigInt(i);
    for (let bit = 0; bit < 8; bit++) value = value & 1n ? (value >> 1n) ^ 0x9a6c9329ac4bc9b5n : value >> 1n;
    table.high[i] = Number(value >> 32n);
    table.low[i] = Number(value & 0xffffffffn);
  }
  return table;
}

class Crc64Nvme implements Hasher {
  #high = -1;
  #low = -1;
  update(bytes: Uint8Array): void {
    nvme ??= nvmeTable();
    let high = this.#high;
    let low = this.#low;
    for (let i = 0; i < bytes.length; i++) {
      const at = (low ^ bytes[i]!) & 255;
      low = ((low >>> 8) | (high << 24)) ^ nvme.low[at]!;
      high = (high >>> 8) ^ nvme.high[at]!;
    }
    this.#high = high;
    this.#low = low;
  }
  digest(): Buffer {
    return bigEndian(8, ~this.#high, ~this.#low);
  }
}

/** A fresh hasher. The CRCs are worked out apart from the client's own, so that one mistake can't hide in both; the XXHASH family is not. */
export function createHasher(algorithm: Algorithm): Hasher {
  switch (algorithm) {
    case "CRC32":
      return new Crc32();
    case "CRC32C":
      return new Crc32c();
    case "CRC64NVME":
      return new Crc64Nvme();
    case "SHA1":
    case "SHA256":
    case "SHA512":
    case "MD5":
      return createHash(algorithms[algorithm]) as Hash;
    default: {
      const checksum = createChecksum(algorithm);
      return { update: (bytes) => checksum.update(bytes), digest: () => Buffer.from(checksum.digest()) };
    }
  }
}

/** The checksum of bytes in pieces, base64. */
export function checksumOf(algorithm: Algorithm, chunks: Iterable<Piece>): string {
  const hasher = createHasher(algorithm);
  for (const chunk of bytesOf(chunks)) hasher.update(chunk);
  return hasher.digest().toString("base64");
}

/** Whether the headers of a request vouch for its body: Content-MD5, a checksum, or a trailer with one. */
export function hasChecksum(headers: Readonly<Record<string, string>>): boolean {
  if (headers["content-md5"] !== undefined || headers["x-amz-trailer"] !== undefined) return true;
  return Object.values(algorithms).some((name) => headers[`x-amz-checksum-${name}`] !== undefined);
}

import { readFileSync } from "node:fs";
import type { ChecksumAlgorithm } from "../../../src/transport/checksum/index.js";

/** A file of fixtures/checksums. */
export function fixture<T>(name: string): T {
  return JSON.parse(readFileSync(new URL(`../../../fixtures/checksums/${name}.json`, import.meta.url), "utf8")) as T;
}

export const algorithms: readonly ChecksumAlgorithm[] = [
  "CRC32",
  "CRC32C",
  "CRC64NVME",
  "SHA1",
  "SHA256",
  "SHA512",
  "MD5",
  "XXHASH64",
  "XXHASH3",
  "XXHASH128",
];

let known = Buffer.alloc(0);

/** The first bytes of the sequence that the fixtures speak of. */
export function sequence(length: number): Buffer {
  if (known.length < length) {
    known = Buffer.alloc(length);
    let x = 0x9e3779b8;
    for (let i = 0; i < length; i++) {
      x ^= x << 13;
      x ^= x >>> 17;
      x ^= x << 5;
      known[i] = x >>> 11;
    }
  }
  return known.subarray(0, length);
}

/** Bytes cut at the places given, which may repeat and lie anywhere. */
export function cut(bytes: Uint8Array, places: readonly number[]): Uint8Array[] {
  const sorted = places.map((place) => Math.min(place, bytes.length)).sort((a, b) => a - b);
  return [...sorted, bytes.length].map((end, index) => bytes.subarray(index ? sorted[index - 1]! : 0, end));
}

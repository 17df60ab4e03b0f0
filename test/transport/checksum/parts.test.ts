import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  type ChecksumAlgorithm,
  type CrcAlgorithm,
  checksum,
  combineCrc,
  compositeChecksum,
  fullObjectChecksum,
  isCrc,
} from "../../../src/transport/checksum/index.js";
import { cut, fixture, sequence } from "./support.js";

interface Suite {
  combined: { algorithm: CrcAlgorithm; a: string; b: string; lengthB: number; whole: string }[];
  partLengths: number[];
  objects: { algorithm: ChecksumAlgorithm; composite: string; parts: string[]; fullObject?: string }[];
}
const suite = fixture<Suite>("parts");
const crcs = ["CRC32", "CRC32C", "CRC64NVME"] as const;
const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString("base64");

describe("combineCrc", () => {
  it.each(suite.combined)("$algorithm, $lengthB bytes after", ({ algorithm, a, b, lengthB, whole }) => {
    expect(base64(combineCrc(algorithm, a, b, lengthB))).toBe(whole);
    const digests = [Buffer.from(a, "base64"), Buffer.from(b, "base64")] as const;
    expect(base64(combineCrc(algorithm, digests[0], digests[1], lengthB))).toBe(whole);
  });

  it.each(crcs)("%s of any two halves is that of the whole", (algorithm) => {
    const property = fc.property(fc.nat({ max: 20_000 }), fc.nat({ max: 20_000 }), (a, b) => {
      const bytes = sequence(a + b);
      const whole = combineCrc(
        algorithm,
        checksum(algorithm, bytes.subarray(0, a)),
        checksum(algorithm, bytes.subarray(a)),
        b,
      );
      expect(base64(whole)).toBe(checksum(algorithm, bytes));
    });
    fc.assert(property, { numRuns: 100 });
  });

  it("refuses a digest of the wrong size and a length that is none", () => {
    const crc = checksum("CRC32", sequence(3));
    expect(() => combineCrc("CRC64NVME", crc, crc, 3)).toThrow(/is no CRC64NVME/);
    expect(() => combineCrc("CRC32", crc, "not base64", 3)).toThrow(/"not base64" is no CRC32/);
    expect(() => combineCrc("CRC32", crc, new Uint8Array(8), 3)).toThrow(/The digest is no CRC32/);
    for (const length of [-1, 0.5, Number.NaN, 2 ** 53])
      expect(() => combineCrc("CRC32", crc, crc, length)).toThrow(RangeError);
  });
});

describe.each(suite.objects)("an object in parts, $algorithm", ({ algorithm, composite, parts, fullObject }) => {
  const lengths = suite.partLengths;
  const bytes = sequence(lengths.reduce((sum, length) => sum + length, 0));
  const pieces = cut(bytes, [lengths[0]!, lengths[0]! + lengths[1]!]);

  it("has the checksum of its parts' checksums", () => {
    expect(pieces.map((piece) => checksum(algorithm, piece))).toEqual(parts);
    expect(compositeChecksum(algorithm, parts)).toBe(composite);
    expect(compositeChecksum(algorithm, new Set(parts.map((part) => Buffer.from(part, "base64"))))).toBe(composite);
    expect(() => compositeChecksum(algorithm, [`${parts[0]}-3`])).toThrow(
      expect.objectContaining({ code: "InvalidChecksum" }),
    );
  });

  it("has the checksum of its bytes when that can be put together", () => {
    expect(isCrc(algorithm)).toBe(fullObject !== undefined);
    if (!isCrc(algorithm)) return;
    const given = parts.map((part, index) => ({ checksum: part, length: lengths[index]! }));
    expect(fullObjectChecksum(algorithm, given)).toBe(fullObject);
    expect(fullObjectChecksum(algorithm, [])).toBe(checksum(algorithm, sequence(0)));
  });
});

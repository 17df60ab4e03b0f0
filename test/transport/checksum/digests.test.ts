import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  type ChecksumAlgorithm,
  checksum,
  createChecksum,
  digestLengths,
} from "../../../src/transport/checksum/index.js";
import { algorithms, cut, fixture, sequence } from "./support.js";

type Digests = Partial<Record<ChecksumAlgorithm, string>>;
const suite = fixture<{ check: Digests & { text: string }; cases: (Digests & { length: number })[] }>("digests");

function inPieces(algorithm: ChecksumAlgorithm, pieces: readonly Uint8Array[]): string {
  const running = createChecksum(algorithm);
  for (const piece of pieces) running.update(piece);
  return running.base64();
}

describe.each(algorithms)("%s", (algorithm) => {
  const cases = suite.cases.filter((one) => one[algorithm] !== undefined);

  it("has its check value", () => {
    const bytes = Buffer.from(suite.check.text);
    expect(checksum(algorithm, bytes)).toBe(suite.check[algorithm]);
    const running = createChecksum(algorithm);
    running.update(bytes);
    expect(Buffer.from(running.digest()).toString("base64")).toBe(suite.check[algorithm]);
    expect(running.digest()).toHaveLength(digestLengths[algorithm]);
    expect(running.algorithm).toBe(algorithm);
  });

  it("agrees with other implementations at every length", () => {
    expect(cases.length).toBeGreaterThanOrEqual(10);
    for (const one of cases) {
      const bytes = sequence(one.length);
      expect(checksum(algorithm, bytes), `${one.length} bytes`).toBe(one[algorithm]);
      expect(inPieces(algorithm, [bytes]), `${one.length} bytes`).toBe(one[algorithm]);
    }
  });

  it("agrees in pieces of every size", () => {
    const { length, [algorithm]: expected } = cases.at(-1)!;
    const bytes = sequence(length);
    for (const size of [4096, 16384, 65535, 65536, 65537, 262144]) {
      const places = Array.from({ length: Math.ceil(length / size) }, (_, index) => index * size);
      expect(inPieces(algorithm, cut(bytes, places)), `pieces of ${size}`).toBe(expected);
    }
    const short = suite.cases.find((one) => one.length === 1024)!;
    const places = Array.from({ length: 1024 }, (_, index) => index);
    expect(inPieces(algorithm, cut(sequence(1024), places))).toBe(short[algorithm]);
  });

  it("does not depend on how the bytes are split", () => {
    const property = fc.property(
      fc.nat({ max: 300_000 }),
      fc.array(fc.oneof(fc.nat({ max: 3000 }), fc.nat({ max: 300_000 })), { maxLength: 12 }),
      fc.nat({ max: 15 }),
      (length, places, skip) => {
        // Views that begin anywhere.
        const bytes = sequence(length + skip).subarray(skip);
        expect(inPieces(algorithm, cut(bytes, places))).toBe(checksum(algorithm, bytes));
      },
    );
    fc.assert(property, { numRuns: 40 });
  });

  it("is not touched by pieces of nothing, of whatever memory", () => {
    const bytes = Buffer.from("some bytes");
    const nothings = [new Uint8Array(0), Buffer.alloc(0), bytes.subarray(4, 4), new Uint8Array(new ArrayBuffer(0))];
    const sum = createChecksum(algorithm);
    sum.update(nothings[0]!);
    for (const byte of bytes) {
      sum.update(Uint8Array.of(byte));
      for (const nothing of nothings) sum.update(nothing);
    }
    expect(sum.base64()).toBe(checksum(algorithm, bytes));
  });

  it("lets any number of checksums take turns", () => {
    const running = [3, 1024, 5000, 70_000].map((size) => ({ size, at: 0, sum: createChecksum(algorithm) }));
    const bytes = sequence(200_000);
    for (let turn = 0; running.some(({ at }) => at < bytes.length) && turn < 200_000; turn++) {
      for (const one of running) {
        one.sum.update(bytes.subarray(one.at, Math.min(one.at + one.size * (1 + (turn % 400)), bytes.length)));
        one.at = Math.min(one.at + one.size * (1 + (turn % 400)), bytes.length);
      }
      if (turn % 50 === 0) checksum(algorithm, bytes.subarray(0, 2000 + turn));
    }
    const expected = checksum(algorithm, bytes);
    expect(running.map(({ sum }) => sum.base64())).toEqual(running.map(() => expected));
  });

  it("gives the digest again and does not touch its input", () => {
    const bytes = Buffer.from(sequence(100_000));
    const before = Buffer.from(bytes);
    const running = createChecksum(algorithm);
    running.update(bytes);
    const first = running.base64();
    checksum(algorithm, Buffer.from("something else in between"));
    expect(running.base64()).toBe(first);
    expect(Buffer.from(running.digest()).toString("base64")).toBe(first);
    const digest = running.digest();
    checksum(algorithm, Buffer.alloc(10));
    expect(Buffer.from(digest).toString("base64")).toBe(first);
    expect(bytes.equals(before)).toBe(true);
  });

  it("is the same for views of other kinds of memory", () => {
    const bytes = sequence(5000);
    const expected = checksum(algorithm, bytes);
    const shared = new Uint8Array(new SharedArrayBuffer(6000), 7, 5000);
    shared.set(bytes);
    const plain = new Uint8Array(6000).fill(1);
    plain.set(bytes, 13);
    expect(checksum(algorithm, plain.subarray(13, 5013))).toBe(expected);
    expect(inPieces(algorithm, [shared.subarray(0, 100), shared.subarray(100)])).toBe(expected);
  });

  it("takes its name in any case", () => {
    expect(checksum(algorithm.toLowerCase() as ChecksumAlgorithm, sequence(9))).toBe(checksum(algorithm, sequence(9)));
  });
});

it("knows the CRC32 of megabytes, when its own kernel takes over from zlib", () => {
  const one = suite.cases.at(-1)!;
  const bytes = sequence(one.length);
  const rounds = Array.from({ length: 8 }, () => [
    checksum("CRC32", bytes),
    inPieces("CRC32", cut(bytes, [5, 70_000, 500_000])),
  ]);
  expect(new Set(rounds.flat())).toEqual(new Set([one.CRC32]));
});

it("refuses an algorithm that it does not know", () => {
  const unknown = "CRC16" as ChecksumAlgorithm;
  const error = { code: "UnknownChecksumAlgorithm", message: 'There is no checksum algorithm "CRC16"' };
  expect(() => checksum(unknown, sequence(1))).toThrow(expect.objectContaining(error));
  expect(() => createChecksum("constructor" as ChecksumAlgorithm)).toThrow(/"constructor"/);
});

import { randomBytes } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { RangeWriter } from "../../src/transfer/download/range-writer.js";
import type { TargetFile } from "../../src/transfer/download/target-file.js";
import { Run } from "../../src/transfer/run.js";

const MIB = 1024 * 1024;

/** A file in memory, whose writes take a while and read what they write only at their end. */
function file(size: number, failure?: Error) {
  const bytes = Buffer.alloc(size);
  const facts = { bytes, writes: 0, underWay: 0, most: 0 };
  const target = {
    async write(piece: Uint8Array, position: number) {
      facts.writes++;
      facts.most = Math.max(facts.most, ++facts.underWay);
      await delay(2);
      facts.underWay--;
      if (failure) throw failure;
      bytes.set(piece, position);
    },
  } as unknown as TargetFile;
  return { facts, target };
}

describe("a range on its way to its file", () => {
  for (const piece of [1000, 64 * 1024, 100_000, 3 * MIB]) {
    it(`is written by the megabyte from lent pieces of ${piece} bytes, one write at a time`, async () => {
      const bytes = randomBytes(5 * MIB + 17);
      const start = 1234;
      const { facts, target } = file(start + bytes.length);
      const writer = new RangeWriter(new Run({}, 1), target, start, start + bytes.length);
      const lent = Buffer.alloc(piece);
      for (let at = 0; at < bytes.length; at += piece) {
        const length = bytes.copy(lent, 0, at, at + piece);
        const wait = writer.add(lent.subarray(0, length));
        lent.fill(0);
        await wait;
      }
      await writer.flush();
      await writer.end();
      expect(Buffer.compare(facts.bytes.subarray(start), bytes)).toBe(0);
      expect(facts.writes).toBeLessThanOrEqual(6);
      expect(facts.most).toBe(1);
    });
  }

  it("tells when a write failed, and waits for the one under way before it ends", async () => {
    const full = new Error("no space");
    const { facts, target } = file(3 * MIB, full);
    const writer = new RangeWriter(new Run({}, 1), target, 0, 3 * MIB);
    writer.add(Buffer.alloc(MIB));
    expect(facts.underWay).toBe(1);
    await expect(writer.end()).rejects.toBe(full);
    expect(facts.underWay).toBe(0);
  });
});

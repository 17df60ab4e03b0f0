import { crc32 } from "node:zlib";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { TucuxiError } from "../../src/errors/base.js";
import { operation } from "../../src/model/operation.js";
import { readEvents } from "../../src/protocol/eventstream.js";
import { hostileNames, runs } from "./support.js";

const op = operation("SelectObjectContent");

async function* inPieces(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

async function read(bytes: Uint8Array, size = 1000): Promise<{ count: number; error: unknown }> {
  let count = 0;
  try {
    for await (const event of readEvents(op, inPieces(bytes, size), { attempts: 1 })) {
      expect(Object.getPrototypeOf(event)).toBe(Object.prototype);
      count++;
    }
  } catch (error) {
    return { count, error };
  }
  return { count, error: undefined };
}

/** A frame whose sums are right, whatever is in it. */
function frame(headers: Uint8Array, payload: Uint8Array): Buffer {
  const prelude = Buffer.alloc(12);
  prelude.writeUInt32BE(headers.length + payload.length + 16, 0);
  prelude.writeUInt32BE(headers.length, 4);
  prelude.writeUInt32BE(crc32(prelude.subarray(0, 8)), 8);
  const message = Buffer.concat([prelude, headers, payload]);
  const sum = Buffer.alloc(4);
  sum.writeUInt32BE(crc32(message));
  return Buffer.concat([message, sum]);
}

const header = (name: string, value: string): Buffer => {
  const [n, v] = [Buffer.from(name), Buffer.from(value)];
  return Buffer.concat([Buffer.from([n.length]), n, Buffer.from([7, v.length >> 8, v.length & 255]), v]);
};

describe("a stream of events", () => {
  it("of any bytes ends, in an error of ours or in peace", async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 300 }), fc.integer({ min: 1, max: 50 }), async (bytes, size) => {
        const { error } = await read(bytes, size);
        if (error !== undefined) expect(error).toBeInstanceOf(TucuxiError);
      }),
      { numRuns: runs(1000) },
    );
  });

  it("whose frames are whole and senseless, too", async () => {
    const word = fc.oneof(
      fc.constantFrom(
        ":message-type",
        ":event-type",
        ":error-code",
        ":error-message",
        ":exception-type",
        ":content-type",
        "event",
        "error",
        "exception",
        "Records",
        "Stats",
        "Progress",
        "Cont",
        "End",
      ),
      fc.constantFrom(...hostileNames),
    );
    const headers = fc.oneof(
      fc.uint8Array({ maxLength: 60 }),
      fc
        .array(fc.tuple(word, word), { maxLength: 5 })
        .map((pairs) => Buffer.concat(pairs.map(([a, b]) => header(a, b)))),
      word.map((type) => Buffer.concat([header(":message-type", "event"), header(":event-type", type)])),
    );
    const payload = fc.oneof(
      fc.uint8Array({ maxLength: 60 }),
      fc
        .constantFrom(
          "<Stats><BytesScanned>x</BytesScanned></Stats>",
          "<__proto__><polluted>1</polluted></__proto__>",
          "<Stats>",
        )
        .map((text) => Buffer.from(text)),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(fc.tuple(headers, payload), { minLength: 1, maxLength: 4 }), async (frames) => {
        const { error } = await read(Buffer.concat(frames.map(([head, body]) => frame(head, body))));
        if (error !== undefined) expect(error).toBeInstanceOf(TucuxiError);
      }),
      { numRuns: runs(1500) },
    );
  });

  it("of ten megabytes, in small frames or in pieces of a few bytes, is read in one go", async () => {
    const record = frame(
      Buffer.concat([header(":message-type", "event"), header(":event-type", "Records")]),
      Buffer.alloc(900),
    );
    const count = Math.floor(10_000_000 / record.length);
    const bytes = Buffer.concat(Array.from({ length: count }, () => record));
    expect(await read(bytes, 65_536)).toEqual({ count, error: undefined });
    expect(await read(bytes.subarray(0, record.length * 1000), 16)).toEqual({ count: 1000, error: undefined });
    const large = frame(
      Buffer.concat([header(":message-type", "event"), header(":event-type", "Records")]),
      Buffer.alloc(1_000_000),
    );
    expect(await read(large, 100)).toEqual({ count: 1, error: undefined });
  });
});

import { createHash } from "node:crypto";
import { once } from "node:events";
import { Readable, Writable } from "node:stream";
import { pipeline } from "node:stream/promises";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createChunkSigner } from "../../../src/sigv4/index.js";
import { checksum } from "../../../src/transport/checksum/index.js";
import {
  type ChunkedFraming,
  encodeChunked,
  encodeChunkedSync,
  encodedLength,
} from "../../../src/transport/chunked/index.js";
import { sharedVectors } from "../../support/shared.js";
import { cut, sequence } from "../checksum/support.js";
import { collect, identity, later, published, signer } from "./support.js";

const sha256 = (bytes: Uint8Array) => createHash("sha256").update(bytes).digest("hex");
const bodyOf = (chunks: { fill: string; length: number }[]) =>
  Buffer.concat(chunks.map(({ fill, length }) => Buffer.alloc(length, fill)));
const wire = (framing: ChunkedFraming, body: Uint8Array) => Buffer.concat([...encodeChunkedSync([body], framing)]);

describe("the published bodies", () => {
  const framed = published.cases.filter((one) => one.framed !== undefined);

  it("are some", () => expect(framed.map(({ id }) => id)).toHaveLength(3));

  it.each(framed)("$id", async (one) => {
    const body = bodyOf(one.chunks);
    const lines = one.trailer?.headers.map((line) => line.split(/:(.*)/s) as [string, string]) ?? [];
    const computed = lines.some(([name]) => name === "x-amz-checksum-crc32c");
    const framing = (): ChunkedFraming => ({
      signer: createChunkSigner({ ...identity(), seedSignature: one.seed! }),
      trailer: computed ? "CRC32C" : undefined,
      trailers: computed ? undefined : Object.fromEntries(lines),
    });
    for (const places of [[], [1], [65536], [0, 9, 9, 4096, 30_000, 65_000, 66_000]]) {
      const frames = await collect(encodeChunked(later(cut(body, places)), framing()));
      expect({ length: frames.length, sha256: sha256(frames) }).toEqual(one.framed);
    }
    expect(encodedLength(body.length, framing())).toBe(one.framed?.length);
  });
});

interface Vector {
  name: string;
  algorithm: string;
  credentials: { accessKeyId: string; secretAccessKey: string };
  region: string;
  service: string;
  timestamp: string;
  seedSignature?: string;
  chunks?: { fill: string; length: number }[];
  trailer?: { headers: [string, string][] };
  framed?: { length: number; sha256: string };
}
const shared = sharedVectors<Vector>("sigv4-chunked.json")?.filter((one) => one.framed);

describe.runIf(shared)("the wider suite", () => {
  it.each(shared ?? [])("$name", (one) => {
    const framing = (trailers: Record<string, string>): ChunkedFraming => ({
      signer: createChunkSigner({
        credentials: one.credentials,
        region: one.region,
        service: one.service,
        date: new Date(one.timestamp),
        seedSignature: one.seedSignature!,
      }),
      trailers,
    });
    const trailers = Object.fromEntries(one.trailer?.headers ?? []);
    const body = bodyOf(one.chunks!);
    const frames = wire(framing(trailers), body);
    expect({ length: frames.length, sha256: sha256(frames) }).toEqual(one.framed);
    expect(encodedLength(body.length, framing(trailers))).toBe(one.framed?.length);
  });
});

describe("frames", () => {
  it("of an unsigned body with its checksum", () => {
    const text = wire({ trailer: "CRC32" }, Buffer.from("123456789")).toString();
    expect(text).toBe("9\r\n123456789\r\n0\r\nx-amz-checksum-crc32:y/Q5Jg==\r\n\r\n");
  });

  it("of an empty body", () => {
    expect(wire({ trailer: "CRC32" }, Buffer.alloc(0)).toString()).toBe("0\r\nx-amz-checksum-crc32:AAAAAA==\r\n\r\n");
    expect(wire({}, Buffer.alloc(0)).toString()).toBe("0\r\n\r\n");
    expect(wire({ signer: signer() }, Buffer.alloc(0)).toString()).toMatch(/^0;chunk-signature=[\da-f]{64}\r\n\r\n$/);
  });

  it("of a body that fills its last chunk", () => {
    expect(wire({ chunkSize: 8192 }, Buffer.alloc(16384, "x")).toString()).toBe(
      `2000\r\n${"x".repeat(8192)}\r\n2000\r\n${"x".repeat(8192)}\r\n0\r\n\r\n`,
    );
  });

  it("fill ECDSA signatures up with asterisks", () => {
    const text = wire({ signer: signer(true), ecdsa: true, trailer: "CRC32" }, Buffer.from("x")).toString();
    const signature = "([\\da-f]{130,144}\\**)";
    const match = new RegExp(
      `^1;chunk-signature=${signature}\\r\\nx\\r\\n0;chunk-signature=${signature}\\r\\n` +
        `x-amz-checksum-crc32:jNwWgw==\\r\\nx-amz-trailer-signature:${signature}\\r\\n\\r\\n$`,
    ).exec(text);
    expect(match?.slice(1).map(({ length }) => length)).toEqual([144, 144, 144]);
  });

  it("put given trailers before the checksum, and sign them all", () => {
    const framing = { signer: signer(), trailer: "CRC32", trailers: { first: "1st", second: "2nd" } } as const;
    const trailer = wire(framing, Buffer.from("123456789")).toString().split("\r\n").slice(3);
    expect(trailer).toEqual([
      "first:1st",
      "second:2nd",
      "x-amz-checksum-crc32:y/Q5Jg==",
      expect.stringMatching(/^x-amz-trailer-signature:[\da-f]{64}$/),
      "",
      "",
    ]);
  });

  it("refuse chunks that S3 would", () => {
    for (const chunkSize of [0, 8191, -1, 8192.5, Number.NaN]) {
      expect(() => encodedLength(1, { chunkSize })).toThrow(RangeError);
      expect(() => [...encodeChunkedSync([], { chunkSize })]).toThrow(/at least 8192/);
    }
  });
});

describe("lengths", () => {
  const framings: (() => ChunkedFraming)[] = [
    () => ({}),
    () => ({ trailer: "CRC64NVME" }),
    () => ({ signer: signer() }),
    () => ({ signer: signer(), trailer: "SHA512", trailers: { "x-amz-meta-name": "é" } }),
    () => ({ signer: signer(true), ecdsa: true }),
    () => ({ signer: signer(true), ecdsa: true, trailer: "XXHASH128" }),
  ];

  it("are known before, whatever the body, the chunks and the split", async () => {
    const property = fc.asyncProperty(
      fc.oneof(fc.nat({ max: 40_000 }), fc.constantFrom(0, 1, 8191, 8192, 8193, 16_384, 65_536, 131_072)),
      fc.constantFrom(8192, 8193, 10_000, 65_536, undefined),
      fc.array(fc.nat({ max: 140_000 }), { maxLength: 20 }),
      fc.constantFrom(...framings),
      async (length, chunkSize, places, make) => {
        const framing = { ...make(), chunkSize };
        const frames = await collect(encodeChunked(later(cut(sequence(length), places)), framing));
        expect(frames.length).toBe(encodedLength(length, framing));
      },
    );
    await fc.assert(property, { numRuns: 120 });
  });

  it("do not depend on the split, nor do the bytes", async () => {
    const body = sequence(200_000);
    const framing = () => ({ signer: signer(), trailer: "CRC32C", chunkSize: 20_000 }) as const;
    const whole = wire(framing(), body);
    for (const size of [1, 7, 1000, 4095, 4096, 5000, 19_999, 20_000, 20_001, 65_536]) {
      const places = Array.from({ length: Math.ceil(body.length / size) }, (_, index) => index * size);
      expect(sha256(await collect(encodeChunked(later(cut(body, places)), framing())))).toBe(sha256(whole));
    }
  });

  it("go beyond 32 bits", () => {
    const size = 5 * 2 ** 40;
    const chunks = size / 65_536;
    expect(encodedLength(size, {})).toBe(size + chunks * ("10000".length + 4) + "0\r\n\r\n".length);
  });
});

describe("the flow", () => {
  it("reads no further than it is asked, and lets go of the source when left", async () => {
    let given = 0;
    let closed = 0;
    async function* source() {
      try {
        for (;;) {
          given++;
          yield Buffer.alloc(65_536);
        }
      } finally {
        closed++;
      }
    }
    let frames = 0;
    for await (const frame of encodeChunked(source(), { trailer: "CRC32" })) {
      expect(frame.length).toBeGreaterThan(0);
      if (++frames === 6) break;
    }
    expect({ given, closed }).toEqual({ given: 3, closed: 1 });
  });

  it("lets go of a source in memory when left", () => {
    let closed = 0;
    function* source() {
      try {
        for (;;) yield sequence(10_000);
      } finally {
        closed++;
      }
    }
    for (const frame of encodeChunkedSync(source(), {})) if (frame.length > 100) break;
    expect(closed).toBe(1);
  });

  it("passes on an error of the source, and sends no end", async () => {
    const failure = new Error("the disk is gone");
    async function* source() {
      yield Buffer.alloc(70_000, "y");
      throw failure;
    }
    const seen: Uint8Array[] = [];
    const reading = (async () => {
      for await (const frame of encodeChunked(source(), { trailer: "CRC32" })) seen.push(frame);
    })();
    await expect(reading).rejects.toBe(failure);
    expect(Buffer.concat(seen).length).toBe("10000\r\n".length + 65_536);
  });

  it("sends large pieces uncopied and copies small ones together", () => {
    const large = sequence(65_536 * 3);
    const data = [...encodeChunkedSync([large], {})].filter(({ length }) => length === 65_536);
    expect(data.map(({ buffer, byteOffset }) => buffer === large.buffer && byteOffset)).toEqual(
      [0, 1, 2].map((index) => large.byteOffset + index * 65_536),
    );
    const small = Array.from({ length: 6554 }, () => Buffer.from("0123456789"));
    const frames = [...encodeChunkedSync(small, {})];
    // A line, four times 16 KiB, the next line, what is left, and the end.
    expect(frames.length).toBeLessThanOrEqual(9);
    expect(Buffer.concat(frames).length).toBe(encodedLength(65_540, {}));
  });

  it("does not write into frames that are still on their way", () => {
    const pieces = Array.from({ length: 3000 }, (_, index) => Buffer.alloc(100, index % 251));
    const frames: { frame: Uint8Array; copy: Buffer }[] = [];
    for (const frame of encodeChunkedSync(pieces, { chunkSize: 8192 }))
      frames.push({ frame, copy: Buffer.from(frame) });
    expect(frames.every(({ frame, copy }) => copy.equals(frame))).toBe(true);
  });

  it("takes the checksum over what is sent", async () => {
    const body = sequence(150_000);
    for (const trailer of ["CRC32", "CRC64NVME", "SHA256", "XXHASH3"] as const) {
      const frames = await collect(encodeChunked(later(cut(body, [3, 5000, 70_000])), { trailer }));
      expect(frames.toString("latin1")).toContain(
        `x-amz-checksum-${trailer.toLowerCase()}:${checksum(trailer, body)}\r\n`,
      );
    }
  });

  it("waits for a slow reader", async () => {
    let given = 0;
    const source = new Readable({
      highWaterMark: 65_536,
      read() {
        given++;
        this.push(given > 64 ? null : Buffer.alloc(65_536));
      },
    });
    const slow = new Writable({ highWaterMark: 1, write: () => {} });
    const sending = pipeline(Readable.from(encodeChunked(source, {}), { highWaterMark: 1 }), slow);
    await once(source, "readable");
    for (let turn = 0; turn < 20; turn++) await new Promise(setImmediate);
    expect(given).toBeLessThan(10);
    slow.destroy();
    await expect(sending).rejects.toThrow();
    expect(source.destroyed).toBe(true);
  });
});

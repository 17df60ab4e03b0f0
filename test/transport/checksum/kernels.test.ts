import { inflateRawSync } from "node:zlib";
import { afterEach, describe, expect, it, vi } from "vitest";
import { kernels, layout } from "../../../src/transport/checksum/generated/kernels.js";

const folder = new URL("../../../src/transport/checksum/", import.meta.url);

interface CrcFacts {
  width: number;
  polynomial: bigint;
  folds: { distances: number[]; from: number }[];
}

describe("the generated kernels", () => {
  it("are those of their source", async () => {
    const { kernelModules } = (await import(new URL("kernel/generate.mjs", folder).href)) as {
      kernelModules(): Record<string, Iterable<number>>;
    };
    const { layout: there } = (await import(new URL("kernel/layout.mjs", folder).href)) as { layout: object };
    const written = Object.entries(kernels).map(([name, text]) => [name, inflateRawSync(Buffer.from(text, "base64"))]);
    const made = Object.entries(kernelModules()).map(([name, bytes]) => [name, Buffer.from([...bytes])]);
    // Not the texts: what deflating gives differs from Node to Node.
    expect(written).toEqual(made);
    expect(layout).toEqual(there);
  });

  it("fold by multiples of the polynomial, with less history than lies before the stage", async () => {
    const { crcs } = (await import(new URL("kernel/crc.mjs", folder).href)) as { crcs: Record<string, CrcFacts> };
    const { layout } = (await import(new URL("kernel/layout.mjs", folder).href)) as {
      layout: Record<"crc32" | "stage" | "stageSize" | "pages", number>;
    };
    for (const { width, polynomial, folds } of Object.values(crcs)) {
      const modulus = (1n << BigInt(width)) | polynomial;
      for (const { distances, from } of folds) {
        const reach = distances.at(-1)!;
        // 1 + y^a + y^b + ... with y = x^8, from the highest term down
        let remainder = 0n;
        for (let exponent = reach * 8; exponent >= 0; exponent--) {
          const place = reach - exponent / 8;
          remainder = (remainder << 1n) | BigInt(place === 0 || distances.includes(place));
          if (remainder >> BigInt(width)) remainder ^= modulus;
        }
        expect(remainder).toBe(0n);
        expect(distances).toEqual([...distances].sort((a, b) => a - b));
        expect(distances[0]).toBeGreaterThanOrEqual(64);
        expect(from).toBeGreaterThan(reach + 64);
        expect(layout.stage - (layout.crc32 + 8192)).toBeGreaterThan(reach + 16);
      }
    }
    expect(layout.stage + layout.stageSize).toBe(layout.pages * 65536);
  });
});

describe("laziness", () => {
  afterEach(() => {
    vi.unstubAllGlobals();
    vi.resetModules();
  });

  /** The room as a new program sees it, with WebAssembly watched. */
  async function fresh() {
    const made: string[] = [];
    const real = (globalThis as unknown as { WebAssembly: object }).WebAssembly;
    vi.stubGlobal(
      "WebAssembly",
      new Proxy(real, {
        get(target, name: string) {
          made.push(name);
          return Reflect.get(target, name) as unknown;
        },
      }),
    );
    vi.resetModules();
    return { made, room: await import("../../../src/transport/checksum/index.js") };
  }

  it("compiles nothing before an algorithm needs it, and each module once", async () => {
    const { made, room } = await fresh();
    for (const algorithm of ["CRC32", "SHA1", "SHA256", "SHA512", "MD5"] as const) {
      room.checksum(algorithm, Buffer.alloc(100_000));
      room.createChecksum(algorithm).update(Buffer.alloc(100_000));
    }
    expect(made).toEqual([]);
    room.checksum("XXHASH3", Buffer.alloc(10));
    expect(made).toEqual(["Memory", "Module", "Instance"]);
    room.checksum("XXHASH128", Buffer.alloc(100_000));
    room.createChecksum("XXHASH3");
    expect(made).toHaveLength(3);
    room.checksum("CRC64NVME", Buffer.alloc(10));
    expect(made.slice(3)).toEqual(["Module", "Instance"]);
  });

  it("says what to do where there is no WebAssembly", async () => {
    vi.stubGlobal("WebAssembly", undefined);
    vi.resetModules();
    const { checksum, createChecksum } = await import("../../../src/transport/checksum/index.js");
    const error = { code: "ChecksumUnavailable", hint: expect.stringContaining("--jitless") };
    expect(() => checksum("CRC32C", Buffer.alloc(1))).toThrow(expect.objectContaining(error));
    expect(() => createChecksum("XXHASH64")).toThrow(expect.objectContaining(error));
    expect(checksum("CRC32", Buffer.from("123456789"))).toBe("y/Q5Jg==");
  });
});

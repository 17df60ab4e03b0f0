// What a checksum costs: `(cd test/bench && npm install) && node test/bench/checksum.mjs`. No build is needed.
//
// Everybody's best way for bytes in memory, taking turns in rounds; of each, the least and the middle time. `ratio` is the best rival's
// time over ours: above 1 we are faster. A rival is JavaScript or WebAssembly: `zlib` and `crypto`, which are native, are ours to use.
// "in 64 KiB" is a body that comes as a stream does, in pieces. Name algorithms to run only those.
import { randomBytes } from "node:crypto";
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";
import { crc32 as zlibCrc32 } from "node:zlib";

const require = createRequire(import.meta.url);
const { build } = createRequire(new URL("../../package.json", import.meta.url))("esbuild");
const { outputFiles } = await build({
  entryPoints: [fileURLToPath(new URL("../../src/transport/checksum/index.ts", import.meta.url))],
  bundle: true,
  format: "esm",
  platform: "node",
  write: false,
});
const ours = await import(`data:text/javascript;base64,${Buffer.from(outputFiles[0].contents).toString("base64")}`);

const hashWasm = require("hash-wasm");
const { AwsCrc32 } = require("@aws-crypto/crc32");
const { AwsCrc32c } = require("@aws-crypto/crc32c");
const { Crc64Nvme } = require("@aws-sdk/crc64-nvme");
const sheetCrc32 = require("crc-32");
const foxglove = require("@foxglove/crc");
const polycrc = require("polycrc");
const xxhashWasm = await require("xxhash-wasm")();

/** A hasher of hash-wasm, made once, as its documentation has it for speed. */
const wasm = async (create, ...options) => {
  const hasher = await create(...options);
  return {
    whole: (bytes) => hasher.init().update(bytes).digest("binary"),
    pieces: (pieces) => {
      hasher.init();
      for (const piece of pieces) hasher.update(piece);
      return hasher.digest("binary");
    },
  };
};
const object = (create) => ({
  whole: (bytes) => {
    const hasher = create();
    hasher.update(bytes);
    return hasher.digest();
  },
  pieces: (pieces) => {
    const hasher = create();
    for (const piece of pieces) hasher.update(piece);
    return hasher.digest();
  },
});
const number = (update) => ({
  whole: (bytes) => update(bytes, 0),
  pieces: (pieces) => pieces.reduce((crc, piece) => update(piece, crc), 0),
});

const rivals = {
  CRC32: {
    "hash-wasm": await wasm(hashWasm.createCRC32),
    "@aws-crypto/crc32": object(() => new AwsCrc32()),
    "crc-32": number((bytes, crc) => sheetCrc32.buf(bytes, crc)),
    "@foxglove/crc": {
      whole: (bytes) => foxglove.crc32(bytes),
      pieces: (pieces) => {
        let crc = foxglove.crc32Init();
        for (const piece of pieces) crc = foxglove.crc32Update(crc, piece);
        return foxglove.crc32Final(crc);
      },
    },
    "(zlib)": number((bytes, crc) => zlibCrc32(bytes, crc)),
  },
  CRC32C: {
    "hash-wasm": await wasm(hashWasm.createCRC32, 0x82f63b78),
    "@aws-crypto/crc32c": object(() => new AwsCrc32c()),
    polycrc: { whole: (bytes) => polycrc.crc32c(bytes) },
  },
  CRC64NVME: {
    "hash-wasm": await wasm(hashWasm.createCRC64, "9a6c9329ac4bc9b5"),
    "@aws-sdk/crc64-nvme": object(() => new Crc64Nvme()),
  },
  XXHASH64: {
    "hash-wasm": await wasm(hashWasm.createXXHash64),
    "xxhash-wasm": {
      whole: (bytes) => xxhashWasm.h64Raw(bytes),
      pieces: (pieces) => {
        const hasher = xxhashWasm.create64();
        for (const piece of pieces) hasher.update(piece);
        return hasher.digest();
      },
    },
  },
  XXHASH3: { "hash-wasm": await wasm(hashWasm.createXXHash3) },
  XXHASH128: { "hash-wasm": await wasm(hashWasm.createXXHash128) },
  MD5: { "hash-wasm": await wasm(hashWasm.createMD5) },
  SHA1: { "hash-wasm": await wasm(hashWasm.createSHA1) },
  SHA256: { "hash-wasm": await wasm(hashWasm.createSHA256) },
  SHA512: { "hash-wasm": await wasm(hashWasm.createSHA512) },
};

const sizes = [
  { name: "1 KiB", bytes: 1024, calls: 2000, rounds: 25 },
  { name: "1 MiB", bytes: 2 ** 20, calls: 4, rounds: 25 },
  { name: "64 MiB", bytes: 64 * 2 ** 20, calls: 1, rounds: 5 },
  { name: "64 MiB in 64 KiB", bytes: 64 * 2 ** 20, calls: 1, rounds: 5, piece: 65_536 },
];
/** A rival that takes longer than this for a call is not asked again, in nanoseconds. */
const patience = 4e8;

const only = process.argv.slice(2);
const middle = (times) => times.sort((a, b) => a - b)[times.length >> 1];
const speed = (size, time) => `${(size / time).toFixed(2)} GB/s`;
const rows = [];

for (const { name, bytes: size, calls, rounds, piece } of sizes) {
  const bytes = randomBytes(size);
  const input = piece
    ? Array.from({ length: size / piece }, (_, n) => bytes.subarray(n * piece, (n + 1) * piece))
    : bytes;
  for (const [algorithm, others] of Object.entries(rivals)) {
    if (only.length > 0 && !only.includes(algorithm)) continue;
    const way = piece ? "pieces" : "whole";
    const tucuxi = {
      whole: () => ours.checksum(algorithm, bytes),
      pieces: () => {
        const running = ours.createChecksum(algorithm);
        for (const part of input) running.update(part);
        return running.base64();
      },
    };
    const contenders = [["tucuxi", tucuxi], ...Object.entries(others)]
      .filter(([, contender]) => contender[way])
      .map(([who, contender]) => ({ who, run: contender[way], times: [] }));
    for (let round = -1; round < rounds; round++) {
      for (const { run, times } of contenders) {
        if (times[0] > patience) continue;
        const start = process.hrtime.bigint();
        for (let call = 0; call < calls; call++) run(input);
        // The first round only warms up, unless it is all that patience allows.
        const time = Number(process.hrtime.bigint() - start) / calls;
        if (round >= 0 || time > patience) times.push(time);
      }
    }
    const results = contenders.map(({ who, times }) => ({ who, median: middle(times), least: times[0] }));
    const [us, ...them] = results;
    const best = them.filter(({ who }) => !who.startsWith("(")).sort((a, b) => a.least - b.least)[0];
    rows.push({
      size: name,
      algorithm,
      tucuxi: speed(size, us.least),
      "best rival": `${best.who} ${speed(size, best.least)}`,
      "ratio (least)": (best.least / us.least).toFixed(2),
      "ratio (median)": (best.median / us.median).toFixed(2),
      others: them
        .filter((one) => one !== best)
        .map(({ who, least }) => `${who} ${(least / us.least).toFixed(1)}`)
        .join(", "),
    });
  }
}

const columns = Object.keys(rows[0]);
const widths = columns.map((column) => Math.max(column.length, ...rows.map((row) => row[column].length)));
const line = (cells) => `| ${cells.map((cell, index) => cell.padEnd(widths[index])).join(" | ")} |`;
console.log(line(columns));
console.log(line(widths.map((width) => "-".repeat(width))));
for (const row of rows) console.log(line(columns.map((column) => row[column])));

/**
 * Writes `../generated/kernels.ts`: the WebAssembly modules of the checksums and the layout of their memory.
 * Run it after a change here: `node src/transport/checksum/kernel/generate.mjs`. A test checks that the file is up to date.
 */
import { realpathSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { deflateRawSync } from "node:zlib";
import { crcModule, crcs } from "./crc.mjs";
import { layout } from "./layout.mjs";
import { xxhash3Module } from "./xxhash3.mjs";
import { xxhash64Module } from "./xxhash64.mjs";

/** The WebAssembly modules. */
export const kernelModules = () => ({
  CRC32: crcModule(crcs.CRC32),
  CRC32C: crcModule(crcs.CRC32C),
  CRC64NVME: crcModule(crcs.CRC64NVME),
  XXHASH64: xxhash64Module(),
  XXHASH3: xxhash3Module(),
});

/** The text of the generated file. */
function kernelsSource() {
  const lines = Object.entries(kernelModules()).map(
    ([name, bytes]) => `  ${name}: "${deflateRawSync(Uint8Array.from(bytes), { level: 9 }).toString("base64")}",`,
  );
  return `// Written by ../kernel/generate.mjs: change the kernels there, not here.

/** Addresses in the kernels' memory, in bytes; \`pages\` is its size in units of 64 KiB. */
export const layout = ${JSON.stringify(layout)} as const;

/** WebAssembly modules, deflated (they take a third), in base64. */
export const kernels = {
${lines.join("\n")}
} as const;
`;
}

if (process.argv[1] && realpathSync(process.argv[1]) === fileURLToPath(import.meta.url)) {
  writeFileSync(new URL("../generated/kernels.ts", import.meta.url), kernelsSource());
}

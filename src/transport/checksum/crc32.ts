import { KernelState } from "./kernel.js";

/**
 * CRC32, the default of the AWS SDKs. `node:zlib` has it, and it takes little to begin; our kernel is twice as fast, once it is compiled.
 * So zlib takes the small pieces, and the first megabytes of the large ones.
 */

/** Below this many bytes, calling the kernel costs what it saves. */
const large = 16 * 1024;
/** Bytes in large pieces after which compiling has paid for itself. */
const enough = 4 * 1024 * 1024;

let seen = 0;
let kernel: KernelState | undefined;
let zlib: typeof import("node:zlib") | undefined;

/** Continues a CRC32 (0 to begin with) with more bytes; unsigned. */
export function crc32(bytes: Uint8Array, crc: number): number {
  // zlib begins anew when it is given nothing that lies nowhere, as an empty piece of a stream may.
  if (bytes.length === 0) return crc;
  if (bytes.length >= large) {
    if (seen >= enough) {
      kernel ??= new KernelState("CRC32", 4);
      kernel.resume(crc);
      kernel.update(bytes);
      return kernel.crc();
    }
    seen += bytes.length;
  }
  // Not imported above: loading zlib takes a millisecond, which a program without CRC32 need not wait.
  zlib ??= process.getBuiltinModule("node:zlib");
  return zlib.crc32(bytes, crc);
}

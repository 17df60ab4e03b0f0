import { TucuxiError } from "../../errors/base.js";

/** What we use of WebAssembly; TypeScript has its types only with those of browsers. */
interface WebAssemblyApi {
  Memory: new (size: { initial: number; maximum: number }) => { readonly buffer: ArrayBuffer };
  Module: new (bytes: Uint8Array) => object;
  Instance: new (module: object, imports: Record<string, Record<string, object>>) => { readonly exports: object };
}

/** WebAssembly, which every Node has unless it was started without a compiler. */
export function webAssembly(algorithm: string): WebAssemblyApi {
  const api = (globalThis as { WebAssembly?: WebAssemblyApi }).WebAssembly;
  if (api) return api;
  throw new TucuxiError(`${algorithm} cannot be computed here: this process runs without WebAssembly`, {
    code: "ChecksumUnavailable",
    hint: "Start Node without --jitless, or choose SHA256 or CRC32.",
  });
}

import { setFlagsFromString } from "node:v8";

/** V8's own budget in bytes run before it compiles a WebAssembly function anew, by the major version of Node. */
const USUAL: Record<string, number> = { 20: 1_800_000, 22: 13_000_000, 24: 13_000_000 };
/** A hundred requests or so. */
const LATE = 1_800_000_000;

let done = false;

/**
 * Runs `load`, in which undici makes its WebAssembly parser, so that V8 waits with optimizing the parser until it has earned it. V8 starts to
 * at the first answer otherwise, in the background, and a program that ends soon then waits for it at its end: 70 to 100 ms, more than all the rest
 * of a short program. After some hundred answers the parser is as fast as ever.
 */
export function withLateTierUp(load: () => void): void {
  const usual = done ? undefined : USUAL[process.versions.node.split(".")[0] as string];
  done = true;
  // Whoever tunes WebAssembly himself knows better.
  if (usual === undefined || `${process.execArgv} ${process.env["NODE_OPTIONS"]}`.includes("wasm")) {
    load();
    return;
  }
  const set = (budget: number): void => {
    try {
      setFlagsFromString(`--wasm-tiering-budget=${budget}`);
    } catch {
      // Not V8 after all: nothing to gain.
    }
  };
  set(LATE);
  try {
    load();
  } finally {
    set(usual);
  }
}

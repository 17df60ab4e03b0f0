import { digestBase64 } from "./base64.js";
import { kernels, layout } from "./generated/kernels.js";
import { webAssembly } from "./webassembly.js";

/**
 * The WebAssembly side: one small memory for all kernels, and a kernel for each algorithm, compiled when it is first used.
 * A kernel works on bytes that lie in the stage of that memory, and on a running state there; nothing is interrupted in between, so
 * that any number of checksums can take turns, each with its state saved on our side.
 */

/** A module's functions; `length` in bytes, `address` in the memory. */
interface Exports {
  /** Fills the tables, once. */
  tables?(): void;
  start(): void;
  absorb(address: number, length: number): void;
  [finishOrWhole: string]: ((...values: number[]) => void) | undefined;
}

/** A kernel ready to run. */
interface Kernel {
  /** Sets the running state to that of nothing. */
  start(): void;
  /** Takes bytes into the running state: whole blocks. */
  absorb(address: number, length: number): void;
  /** Takes the rest and writes the digest; `total` counts all bytes. */
  finish(address: number, length: number, total: number): void;
  /** All at once: the digest of what lies at the beginning of the stage. */
  whole(length: number): void;
}

/** What the kernel of an algorithm wants. */
export interface KernelShape {
  readonly module: keyof typeof kernels;
  /** Of the names of its functions, where one module has two digests. */
  readonly suffix: "" | "64" | "128";
  /** 32-bit words of running state. */
  readonly stateWords: number;
  /** Bytes absorbed at a time. */
  readonly block: number;
  /** Bytes that must be left for the end. */
  readonly leave: number;
  /** Bytes before the rest that the end looks back at. */
  readonly history: number;
}

const crc32 = { suffix: "", stateWords: 1, block: 1, leave: 0, history: 0 } as const;
const xxhash3 = { module: "XXHASH3", stateWords: 16, block: 1024, leave: 1, history: 64 } as const;

export const kernelShapes = {
  CRC32: { module: "CRC32", ...crc32 },
  CRC32C: { module: "CRC32C", ...crc32 },
  CRC64NVME: { module: "CRC64NVME", ...crc32, stateWords: 2 },
  XXHASH64: { module: "XXHASH64", suffix: "", stateWords: 8, block: 32, leave: 0, history: 0 },
  XXHASH3: { ...xxhash3, suffix: "64" },
  XXHASH128: { ...xxhash3, suffix: "128" },
} as const satisfies Record<string, KernelShape>;

export type KernelAlgorithm = keyof typeof kernelShapes;

interface Machine {
  readonly memory: object;
  readonly bytes: Uint8Array;
  readonly words: Int32Array;
  readonly modules: Map<string, Exports>;
  readonly kernels: Map<KernelAlgorithm, Kernel>;
}

let machine: Machine | undefined;

function startMachine(algorithm: KernelAlgorithm): Machine {
  const { Memory } = webAssembly(algorithm);
  const memory = new Memory({ initial: layout.pages, maximum: layout.pages });
  return {
    memory,
    bytes: new Uint8Array(memory.buffer),
    words: new Int32Array(memory.buffer),
    modules: new Map(),
    kernels: new Map(),
  };
}

function compile(machine: Machine, algorithm: KernelAlgorithm): Kernel {
  const { module: name, suffix } = kernelShapes[algorithm];
  let exports = machine.modules.get(name);
  if (!exports) {
    const { Module, Instance } = webAssembly(algorithm);
    const bytes = process.getBuiltinModule("node:zlib").inflateRawSync(Buffer.from(kernels[name], "base64"));
    const instance = new Instance(new Module(bytes), { m: { m: machine.memory } });
    exports = instance.exports as Exports;
    exports.tables?.();
    machine.modules.set(name, exports);
  }
  const { start, absorb, [`finish${suffix}`]: finish, [`whole${suffix}`]: whole } = exports;
  const kernel = { start, absorb, finish: finish as Kernel["finish"], whole: whole as Kernel["whole"] };
  machine.kernels.set(algorithm, kernel);
  return kernel;
}

/**
 * Input goes to the stage in pieces of this size at most. Smaller ones would pay more for calls, larger ones would fall out
 * of the processor's nearest caches before they are used.
 */
const piece = 65536;

/** The bytes from `at` on, at most `length` of them, as a plain view: `subarray` of a Buffer makes a Buffer, at five times the price. */
function view(bytes: Uint8Array, at: number, length: number): Uint8Array {
  return at === 0 && length === bytes.length ? bytes : new Uint8Array(bytes.buffer, bytes.byteOffset + at, length);
}

/** The digest of bytes that fit in one piece, in base64. */
export function kernelBase64(algorithm: KernelAlgorithm, bytes: Uint8Array, digestLength: number): string {
  if (bytes.length > piece) {
    const state = new KernelState(algorithm, digestLength);
    state.update(bytes);
    return state.base64();
  }
  machine ??= startMachine(algorithm);
  const kernel = machine.kernels.get(algorithm) ?? compile(machine, algorithm);
  machine.bytes.set(bytes, layout.stage);
  kernel.whole(bytes.length);
  return digestBase64(machine.bytes, layout.digest, digestLength);
}

/** A checksum under way. */
export class KernelState {
  readonly #machine: Machine;
  readonly #kernel: Kernel;
  readonly #shape: KernelShape;
  readonly #digestLength: number;
  /** The running state while another checksum has the memory. */
  readonly #state: Int32Array;
  /** Bytes not absorbed yet, after those that the end looks back at. */
  readonly #rest: Uint8Array;
  #restLength = 0;
  /** How many of the rest have been absorbed already, and are only kept to be looked back at. */
  #historyLength = 0;
  #total = 0;

  constructor(algorithm: KernelAlgorithm, digestLength: number) {
    machine ??= startMachine(algorithm);
    this.#machine = machine;
    this.#kernel = machine.kernels.get(algorithm) ?? compile(machine, algorithm);
    this.#shape = kernelShapes[algorithm];
    this.#digestLength = digestLength;
    this.#state = new Int32Array(this.#shape.stateWords);
    // A CRC takes any number of bytes and leaves none. The others gather small pieces until a block or a KiB is full.
    this.#rest = new Uint8Array(this.#shape.block === 1 ? 0 : 1024 + this.#shape.history);
    this.#kernel.start();
    this.#save();
  }

  /** Continues from a state of one word: a CRC known from elsewhere, as `digest` gives it. */
  resume(crc: number): void {
    this.#state[0] = ~crc;
  }

  update(bytes: Uint8Array): void {
    const { length } = bytes;
    this.#total += length;
    if (this.#restLength + length <= this.#rest.length) {
      this.#rest.set(bytes, this.#restLength);
      this.#restLength += length;
      return;
    }
    const { stage } = layout;
    const { block, leave, history } = this.#shape;
    const memory = this.#machine.bytes;
    this.#machine.words.set(this.#state, layout.state / 4);
    let staged = this.#restLength;
    let looked = this.#historyLength;
    if (staged > 0) memory.set(view(this.#rest, 0, staged), stage);
    for (let at = 0; at < length; at += piece) {
      const size = Math.min(piece, length - at);
      memory.set(view(bytes, at, size), stage + staged);
      staged += size;
      const whole = Math.floor((staged - looked - leave) / block) * block;
      if (whole <= 0) continue;
      this.#kernel.absorb(stage + looked, whole);
      // What is left moves to the front, behind the last bytes absorbed.
      const from = looked + whole - history;
      if (staged > from) memory.copyWithin(stage, stage + from, stage + staged);
      staged -= from;
      looked = history;
    }
    if (staged > 0) this.#rest.set(view(memory, stage, staged));
    this.#restLength = staged;
    this.#historyLength = looked;
    this.#save();
  }

  digest(): Uint8Array {
    this.#finish();
    return this.#machine.bytes.slice(layout.digest, layout.digest + this.#digestLength);
  }

  base64(): string {
    this.#finish();
    return digestBase64(this.#machine.bytes, layout.digest, this.#digestLength);
  }

  /** The digest of a CRC of 32 bits as a number. */
  crc(): number {
    this.#finish();
    const { bytes } = this.#machine;
    const at = layout.digest;
    return ((bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!) >>> 0;
  }

  #save(): void {
    for (let i = 0; i < this.#state.length; i++) this.#state[i] = this.#machine.words[layout.state / 4 + i]!;
  }

  /** Leaves the digest in memory, and the checksum as it was: it may go on. */
  #finish(): void {
    const { stage } = layout;
    this.#machine.words.set(this.#state, layout.state / 4);
    this.#machine.bytes.set(view(this.#rest, 0, this.#restLength), stage);
    this.#kernel.finish(stage + this.#historyLength, this.#restLength - this.#historyLength, this.#total);
  }
}

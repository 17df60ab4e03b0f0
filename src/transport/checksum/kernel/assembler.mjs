/**
 * A small WebAssembly assembler: enough of the binary format for the checksum kernels, and no more. It runs only when
 * the kernels are generated (`node src/transport/checksum/kernel/generate.mjs`); what a program loads is its output.
 *
 * An expression is a nested list of bytes that leaves its value on the stack. Where an instruction takes operands, a
 * `Local` stands for `local.get`, a number for `i32.const`, a bigint for `i64.const` (both taken modulo their width).
 * Instructions keep the names of the specification: https://webassembly.github.io/spec/core/binary/instructions.html
 */

const types = { i32: 0x7f, i64: 0x7e, f64: 0x7c, v128: 0x7b };

/** Unsigned LEB128 of a small integer. */
const unsigned = (value) => {
  const bytes = [];
  do {
    const low = value & 0x7f;
    value >>>= 7;
    bytes.push(value ? low | 0x80 : low);
  } while (value);
  return bytes;
};

/** Signed LEB128 of a bigint. */
const signed = (value) => {
  const bytes = [];
  for (;;) {
    const low = Number(value & 0x7fn);
    value >>= 7n;
    if ((value === 0n && !(low & 0x40)) || (value === -1n && low & 0x40)) return [...bytes, low];
    bytes.push(low | 0x80);
  }
};

const text = (value) => [...unsigned(value.length), ...Buffer.from(value, "latin1")];
const vector = (items) => [unsigned(items.length), items];
const section = (id, content) => {
  const bytes = [content].flat(Number.POSITIVE_INFINITY);
  return [id, unsigned(bytes.length), bytes];
};

/** A parameter or variable of a function. */
class Local {
  constructor(index, type) {
    this.index = index;
    this.type = type;
  }

  get code() {
    return [0x20, unsigned(this.index)];
  }
}

const operand = (value) => {
  if (value instanceof Local) return value.code;
  if (typeof value === "number") return [0x41, signed(BigInt(value | 0))];
  if (typeof value === "bigint") return [0x42, signed(BigInt.asIntN(64, value))];
  return value;
};
const operands = (values) => values.map(operand);

const plain =
  (...opcode) =>
  (...values) => [operands(values), opcode];
const load =
  (...opcode) =>
  (address, offset = 0) => [operand(address), opcode, 0, unsigned(offset)];
const store =
  (...opcode) =>
  (address, value, offset = 0) => [operand(address), operand(value), opcode, 0, unsigned(offset)];
const simd = (opcode) => plain(0xfd, ...unsigned(opcode));

export const i32 = {
  eqz: plain(0x45),
  lt_u: plain(0x49),
  le_u: plain(0x4d),
  gt_u: plain(0x4b),
  ge_u: plain(0x4f),
  add: plain(0x6a),
  sub: plain(0x6b),
  and: plain(0x71),
  or: plain(0x72),
  xor: plain(0x73),
  shl: plain(0x74),
  shr_u: plain(0x76),
  rotl: plain(0x77),
  wrap_i64: plain(0xa7),
  load: load(0x28),
  load8_u: load(0x2d),
  store: store(0x36),
};

export const i64 = {
  add: plain(0x7c),
  sub: plain(0x7d),
  mul: plain(0x7e),
  and: plain(0x83),
  or: plain(0x84),
  xor: plain(0x85),
  shl: plain(0x86),
  shr_u: plain(0x88),
  rotl: plain(0x89),
  extend_i32_u: plain(0xad),
  trunc_f64_u: plain(0xb1),
  le_u: plain(0x58),
  load: load(0x29),
  load8_u: load(0x31),
  load32_u: load(0x35),
  store: store(0x37),
};

export const f64 = { convert_i32_u: plain(0xb8) };

export const v128 = {
  load: load(0xfd, 0x00),
  store: store(0xfd, 0x0b),
  xor: simd(0x51),
  shuffle: (a, b, lanes) => [operand(a), operand(b), 0xfd, 0x0d, lanes],
  i64x2_splat: simd(0x12),
  i64x2_extract: (value, lane) => [operand(value), 0xfd, 0x1d, lane],
  i64x2_shr_u: simd(0xcd),
  i64x2_add: simd(0xce),
  i64x2_mul: simd(0xd5),
  i64x2_extmul_low_i32x4_u: simd(0xde),
  i64x2_extmul_high_i32x4_u: simd(0xdf),
};

/** The i64 with its eight bytes the other way round. */
export const byteSwapped64 = (value) =>
  v128.i64x2_extract(
    v128.shuffle(v128.i64x2_splat(value), v128.i64x2_splat(0n), [7, 6, 5, 4, 3, 2, 1, 0, ...Array(8).fill(16)]),
    0,
  );

/** `local.set` */
export const set = (local, value) => [operand(value), 0x21, unsigned(local.index)];
/** `local.tee`: sets, and leaves the value on the stack. */
export const tee = (local, value) => [operand(value), 0x22, unsigned(local.index)];
/** `memory.fill(address, byte, length)` */
export const fill = (address, byte, length) => [operands([address, byte, length]), 0xfc, 0x0b, 0];
/** Runs `body`, and again as long as `condition` (an i32, worked out after the body) is not zero. */
export const doWhile = (body, condition) => [0x03, 0x40, body, operand(condition), 0x0d, 0, 0x0b];
/** Runs `body` as long as `condition` is not zero. */
export const whileDo = (condition, body) => when(condition, doWhile(body, condition));
/** Runs `body` if `condition` is not zero, else `other`. */
export const when = (condition, body, other = []) => [
  operand(condition),
  0x04,
  0x40,
  body,
  other.length ? [0x05, other] : [],
  0x0b,
];
/** Leaves the function with the value on the stack, if any. */
export const leave = (...values) => [operands(values), 0x0f];

/** A module that imports its memory (`m`.`m`) and exports functions. */
export class Module {
  #types = [];
  #functions = [];
  #exports = [];
  #data = [];
  #pages;

  /** @param pages the least size of the memory, in pages of 64 KiB */
  constructor(pages) {
    this.#pages = pages;
  }

  /** Bytes that lie in memory from the start. */
  data(address, bytes) {
    this.#data.push([0, operand(address), 0x0b, unsigned(bytes.length), [...bytes]]);
  }

  /**
   * Adds a function. `body(locals, ...parameters)` gives its code; `locals.i64()` and so on make a variable.
   * Returns a function that makes a call of it.
   */
  func(name, parameters, result, body) {
    const index = this.#functions.length;
    const variables = [];
    const local = (type) => () => {
      variables.push(type);
      return new Local(parameters.length + variables.length - 1, type);
    };
    const locals = Object.fromEntries(Object.keys(types).map((type) => [type, local(type)]));
    const code = body(locals, ...parameters.map((type, position) => new Local(position, type)));
    const content = [vector(variables.map((type) => [1, types[type]])), code, 0x0b].flat(Number.POSITIVE_INFINITY);
    this.#types.push([0x60, vector(parameters.map((type) => types[type])), vector(result ? [types[result]] : [])]);
    this.#functions.push([unsigned(content.length), content]);
    if (name) this.#exports.push([text(name), 0, unsigned(index)]);
    return (...values) => [operands(values), 0x10, unsigned(index)];
  }

  /** The module in the binary format. */
  bytes() {
    const count = this.#functions.map((_, index) => unsigned(index));
    return Uint8Array.from(
      [
        [0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
        section(1, vector(this.#types)),
        section(2, vector([[text("m"), text("m"), 2, 0, unsigned(this.#pages)]])),
        section(3, vector(count)),
        section(7, vector(this.#exports)),
        section(10, vector(this.#functions)),
        this.#data.length ? section(11, vector(this.#data)) : [],
      ].flat(Number.POSITIVE_INFINITY),
    );
  }
}

import type { CrcAlgorithm } from "./algorithms.js";

/**
 * The arithmetic of combined CRCs. A CRC is a remainder modulo a polynomial P over bits; B's bytes after A multiply A's remainder
 * by x^(8 * length of B), and B's own is then added (XOR). All three CRCs are bit-reversed, which puts x^0 in the highest bit; they begin
 * and end with all bits flipped, which cancels out here.
 *
 * A polynomial is two words of 32 bits; those of a 32-bit CRC have their upper word zero.
 */
interface Polynomial {
  readonly high: number;
  readonly low: number;
}

interface Field {
  /** Bits of the CRC. */
  readonly width: 32 | 64;
  /** P without its highest term, bit-reversed. */
  readonly modulus: Polynomial;
  /** x^(8 * 2^n), as far as they were needed. */
  readonly squares: Polynomial[];
  /** The last power asked for: the parts of an object have the same length, but for the last. */
  lastLength: number;
  lastPower: Polynomial;
}

const one = (width: 32 | 64): Polynomial =>
  width === 64 ? { high: 0x80000000 | 0, low: 0 } : { high: 0, low: 0x80000000 | 0 };

/** x^8: the bit eight places below that of x^0. */
const oneByte = (width: 32 | 64): Polynomial =>
  width === 64 ? { high: 0x00800000, low: 0 } : { high: 0, low: 0x00800000 };

const field = (width: 32 | 64, high: number, low: number): Field => ({
  width,
  modulus: { high: high | 0, low: low | 0 },
  squares: [oneByte(width)],
  lastLength: 0,
  lastPower: one(width),
});

let fields: Record<CrcAlgorithm, Field> | undefined;

function fieldOf(algorithm: CrcAlgorithm): Field {
  fields ??= {
    CRC32: field(32, 0, 0xedb88320),
    CRC32C: field(32, 0, 0x82f63b78),
    CRC64NVME: field(64, 0x9a6c9329, 0xac4bc9b5),
  };
  return fields[algorithm];
}

/** a * b modulo P: for each term of a, from x^0 on, b is added; then b is multiplied by x. */
function multiply({ width, modulus }: Field, a: Polynomial, b: Polynomial): Polynomial {
  let { high, low } = b;
  let sumHigh = 0;
  let sumLow = 0;
  for (let term = 0; term < width; term++) {
    const word = width === 64 && term < 32 ? a.high : a.low;
    if ((word << (term & 31)) & 0x80000000) {
      sumHigh ^= high;
      sumLow ^= low;
    }
    const carry = low & 1;
    low = (low >>> 1) | (high << 31);
    high >>>= 1;
    if (carry) {
      high ^= modulus.high;
      low ^= modulus.low;
    }
  }
  return { high: sumHigh, low: sumLow };
}

/** x^(8 * length) modulo P. Lengths go beyond 32 bits, so their bits are taken by division. */
function power(field: Field, length: number): Polynomial {
  if (length === field.lastLength) return field.lastPower;
  let product = one(field.width);
  for (let n = 0, left = length; left > 0; n++, left = Math.floor(left / 2)) {
    let square = field.squares[n];
    if (!square) {
      const before = field.squares[n - 1]!;
      square = multiply(field, before, before);
      field.squares[n] = square;
    }
    if (left % 2 === 1) product = multiply(field, square, product);
  }
  field.lastLength = length;
  field.lastPower = product;
  return product;
}

/** The digest of A followed by B; see `combineCrc`. */
export function combine(algorithm: CrcAlgorithm, a: Uint8Array, b: Uint8Array, lengthB: number): Uint8Array {
  const field = fieldOf(algorithm);
  const result = new DataView(new ArrayBuffer(field.width / 8));
  const first = new DataView(a.buffer, a.byteOffset, a.byteLength);
  const second = new DataView(b.buffer, b.byteOffset, b.byteLength);
  const wide = field.width === 64;
  const low = wide ? 4 : 0;
  const product = multiply(
    field,
    { high: wide ? first.getInt32(0) : 0, low: first.getInt32(low) },
    power(field, lengthB),
  );
  if (wide) result.setInt32(0, product.high ^ second.getInt32(0));
  result.setInt32(low, product.low ^ second.getInt32(low));
  return new Uint8Array(result.buffer);
}

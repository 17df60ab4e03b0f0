/**
 * CRCs without carry-less multiplication, which WebAssembly does not have.
 *
 * A polynomial P has multiples with few terms. If 1 + y^a + y^b + ... + y^A (with y = x^8: one byte) is a multiple of P, then
 * a byte may be taken out of a message when it is added to the message again A-a, A-b, ... and A bytes later: the remainder
 * stays the same. Taking out all bytes but the last A so is a recurrence over whole bytes,
 *
 *   v[p] = message[p] ^ v[p - distance1] ^ v[p - distance2] ^ ...
 *
 * which runs sixteen bytes at a time with plain 128-bit XORs. The last A bytes are then divided by P with tables, eight
 * bytes at a time. The idea is that of Sam Russell's Chorba, https://arxiv.org/abs/2412.16398, with steps of whole bytes. The
 * multiples were found by a birthday search over sums of powers of y: few terms, not far apart, and the smallest distance large
 * enough that a load does not wait for the store before it. The tests prove that each is a multiple.
 *
 * The recurrence is run up to the end of the message, since that leaves no odd edge, and then undone for the last A bytes from the
 * end backwards, with zeros before them.
 */
import { byteSwapped64, doWhile, f64, fill, i32, i64, Module, set, tee, v128, when, whileDo } from "./assembler.mjs";
import { layout } from "./layout.mjs";

const bitReversed = (value, width) => BigInt(`0b${[...value.toString(2).padStart(width, "0")].reverse().join("")}`);

/** The CRCs of S3. `folds`: distances of sparse multiples, and the message length from which on each pays. */
export const crcs = {
  CRC32: {
    width: 32,
    polynomial: 0x04c11db7n,
    tables: layout.crc32,
    folds: [{ distances: [145, 183, 211, 300], from: 512 }],
  },
  CRC32C: {
    width: 32,
    polynomial: 0x1edc6f41n,
    tables: layout.crc32c,
    folds: [{ distances: [146, 173, 232, 312, 365], from: 512 }],
  },
  CRC64NVME: {
    width: 64,
    polynomial: 0xad93d23594c93659n,
    tables: layout.crc64nvme,
    folds: [
      { distances: [280, 979, 1172, 1598, 1607, 1645, 1740], from: 8192 },
      { distances: [131, 149, 175, 186, 215, 250, 253, 267, 344, 365, 372], from: 640 },
    ],
  },
};

const roundUp = (value, unit) => Math.ceil(value / unit) * unit;

/** One step of the recurrence, or of its undoing, for the 64 bytes at `base + before`. */
const fold64 = (base, before, distances) =>
  [0, 16, 32, 48].map((lane) =>
    v128.store(
      base,
      distances.reduce(
        (sum, distance) => v128.xor(sum, v128.load(base, before + lane - distance)),
        v128.load(base, before + lane),
      ),
      before + lane,
    ),
  );

/** The module of one CRC: `start()`, `absorb(address, length)`, `finish(address, length, total)`, `whole(length)`. */
export function crcModule({ width, polynomial, tables, folds }) {
  const module = new Module(layout.pages);
  const wide = width === 64;
  const word = wide ? i64 : i32;
  const size = width / 8;
  const constant = (value) => (wide ? value : Number(BigInt.asIntN(32, value)));
  const type = wide ? "i64" : "i32";
  const toWord = (value) => (wide ? i64.extend_i32_u(value) : value);
  const toAddress = (value) => (wide ? i32.wrap_i64(value) : value);

  /** The entry for the `byte`th byte of `value` in the table `index`. */
  const lookup = (value, byte, index) =>
    word.load(
      i32.shl(
        byte === (wide ? 7 : 3)
          ? toAddress(word.shr_u(value, constant(BigInt(byte * 8))))
          : i32.and(toAddress(byte ? word.shr_u(value, constant(BigInt(byte * 8))) : value), 255),
        wide ? 3 : 2,
      ),
      tables + index * 256 * size,
    );
  const sum = (values) => values.reduce((left, right) => word.xor(left, right));

  // Table 0 divides one byte; table n does the same for a byte that n zero bytes follow.
  module.func("tables", [], undefined, (local) => {
    const entry = local.i32();
    const crc = local[type]();
    const bit = local.i32();
    return [
      doWhile(
        [
          set(crc, toWord(entry)),
          set(bit, 8),
          doWhile(
            set(
              crc,
              word.xor(
                word.shr_u(crc, constant(1n)),
                word.and(constant(bitReversed(polynomial, width)), word.sub(constant(0n), word.and(crc, constant(1n)))),
              ),
            ),
            tee(bit, i32.sub(bit, 1)),
          ),
          word.store(i32.shl(entry, wide ? 3 : 2), crc, tables),
        ],
        i32.lt_u(tee(entry, i32.add(entry, 1)), 256),
      ),
      set(entry, 0),
      doWhile(
        [
          set(crc, word.load(i32.shl(entry, wide ? 3 : 2), tables)),
          word.store(
            i32.shl(entry, wide ? 3 : 2),
            word.xor(word.shr_u(crc, constant(8n)), lookup(crc, 0, 0)),
            tables + 256 * size,
          ),
        ],
        i32.lt_u(tee(entry, i32.add(entry, 1)), 256 * 7),
      ),
    ];
  });

  const start = module.func("start", [], undefined, () => word.store(layout.state, constant(-1n)));

  const absorb = module.func("absorb", ["i32", "i32"], undefined, (local, from, length) => {
    const crc = local[type]();
    const end = local.i32();
    const p = local.i32();
    const stop = local.i32();
    const low = local.i32();
    const high = local.i32();
    const eight = local.i64();

    const foldStep = ({ distances, from: least }) => {
      const reach = distances.at(-1);
      const before = roundUp(reach, 16);
      const window = roundUp(reach, 64);
      return when(i32.ge_u(i32.sub(end, from), least), [
        // The state goes into the first bytes, and the message folds into its last `window` whole bytes and the odd ones after.
        word.store(from, word.xor(word.load(from), crc)),
        set(crc, constant(0n)),
        set(stop, i32.add(from, i32.and(i32.sub(end, from), -64))),
        set(p, i32.sub(from, before)),
        doWhile([fold64(p, before, distances), set(p, i32.add(p, 64))], i32.lt_u(p, i32.sub(stop, before))),
        set(from, i32.sub(stop, window)),
        fill(i32.sub(from, before), 0, before),
        set(p, i32.sub(stop, before + 64)),
        doWhile([fold64(p, before, distances).reverse(), set(p, i32.sub(p, 64))], i32.ge_u(p, i32.sub(from, before))),
      ]);
    };

    const slice = wide
      ? [
          set(crc, i64.xor(crc, i64.load(from))),
          set(crc, sum([0, 1, 2, 3, 4, 5, 6, 7].map((byte) => lookup(crc, byte, 7 - byte)))),
        ]
      : [
          set(eight, i64.load(from)),
          set(low, i32.xor(crc, i32.wrap_i64(eight))),
          set(high, i32.wrap_i64(i64.shr_u(eight, 32n))),
          set(
            crc,
            sum([
              ...[0, 1, 2, 3].map((byte) => lookup(high, byte, 3 - byte)),
              ...[0, 1, 2, 3].map((byte) => lookup(low, byte, 7 - byte)),
            ]),
          ),
        ];

    return [
      set(end, i32.add(from, length)),
      set(crc, word.load(layout.state)),
      folds.map(foldStep),
      set(stop, i32.add(from, i32.and(i32.sub(end, from), -8))),
      whileDo(i32.lt_u(from, stop), [slice, set(from, i32.add(from, 8))]),
      whileDo(i32.lt_u(from, end), [
        set(low, i32.and(i32.xor(toAddress(crc), i32.load8_u(from)), 255)),
        set(crc, word.xor(word.shr_u(crc, constant(8n)), word.load(i32.shl(low, wide ? 3 : 2), tables))),
        set(from, i32.add(from, 1)),
      ]),
      word.store(layout.state, crc),
    ];
  });

  const finish = module.func("finish", ["i32", "i32", "f64"], undefined, (_local, from, length) => [
    absorb(from, length),
    // The state inverted, most significant byte first.
    i64.store(
      layout.digest,
      wide
        ? byteSwapped64(i64.xor(i64.load(layout.state), -1n))
        : i64.shr_u(byteSwapped64(i64.extend_i32_u(i32.xor(i32.load(layout.state), -1))), 32n),
    ),
  ]);

  module.func("whole", ["i32"], undefined, (_local, length) => [
    start(),
    finish(layout.stage, length, f64.convert_i32_u(length)),
  ]);
  return module.bytes();
}

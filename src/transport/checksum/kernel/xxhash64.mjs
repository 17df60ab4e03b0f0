/**
 * XXH64 with seed 0, after https://github.com/Cyan4973/xxHash/blob/dev/doc/xxhash_spec.md: four lanes that each take eight
 * bytes of a stripe of 32; what is left over goes in by eights, by four, and singly.
 */
import { byteSwapped64, f64, i32, i64, leave, Module, set, v128, when, whileDo } from "./assembler.mjs";
import { layout } from "./layout.mjs";

export const primes64 = [
  0x9e3779b185ebca87n,
  0xc2b2ae3d27d4eb4fn,
  0x165667b19e3779f9n,
  0x85ebca77c2b2ae63n,
  0x27d4eb2f165667c5n,
];
const [P1, P2, P3, P4, P5] = primes64;

/** The last mixing of XXH64, which XXH3 borrows for its shortest inputs. `h` is a variable. */
export const avalanche64 = (h) => [
  set(h, i64.mul(i64.xor(h, i64.shr_u(h, 33n)), P2)),
  set(h, i64.mul(i64.xor(h, i64.shr_u(h, 29n)), P3)),
  set(h, i64.xor(h, i64.shr_u(h, 32n))),
];

/** The module: `start()`, `absorb(address, length)` of whole stripes, `finish(address, length, total)`, `whole(length)`. */
export function xxhash64Module() {
  const module = new Module(layout.pages);
  const lanes = [0, 1, 2, 3];
  const mixed = (sum) => i64.mul(i64.rotl(sum, 31n), P1);
  const round = (lane, input) => mixed(i64.add(lane, i64.mul(input, P2)));

  const start = module.func("start", [], undefined, () =>
    [P1 + P2, P2, 0n, -P1].map((value, lane) => i64.store(layout.state, value, lane * 8)),
  );

  const absorb = module.func("absorb", ["i32", "i32"], undefined, (local, from, length) => {
    const end = local.i32();
    const v = lanes.map(() => local.i64());
    const pair = local.v128();
    // Multiplications are what this loop waits for, and a processor does one scalar one a cycle: two of the eight of each
    // stripe go through the vector unit. Of two stripes at a time, that takes 7 cycles instead of 8 for each.
    const takeStripe = (offset) => [
      set(pair, v128.i64x2_mul(v128.load(from, offset + 16), v128.i64x2_splat(P2))),
      [0, 1].map((lane) => set(v[lane], round(v[lane], i64.load(from, offset + lane * 8)))),
      [2, 3].map((lane) => set(v[lane], mixed(i64.add(v[lane], v128.i64x2_extract(pair, lane - 2))))),
    ];
    return [
      set(end, i32.add(from, i32.and(length, -32))),
      when(i32.eqz(i32.lt_u(from, end)), leave()),
      lanes.map((lane) => set(v[lane], i64.load(layout.state, lane * 8))),
      when(i32.and(length, 32), [takeStripe(0), set(from, i32.add(from, 32))]),
      whileDo(i32.lt_u(from, end), [takeStripe(0), takeStripe(32), set(from, i32.add(from, 64))]),
      lanes.map((lane) => i64.store(layout.state, v[lane], lane * 8)),
    ];
  });

  const finish = module.func("finish", ["i32", "i32", "f64"], undefined, (local, from, length, total) => {
    const h = local.i64();
    const bytes = local.i64();
    const end = local.i32();
    const v = lanes.map(() => local.i64());
    return [
      absorb(from, length),
      set(end, i32.add(from, length)),
      set(from, i32.add(from, i32.and(length, -32))),
      set(bytes, i64.trunc_f64_u(total)),
      when(
        i32.wrap_i64(i64.shr_u(bytes, 5n)),
        [
          lanes.map((lane) => set(v[lane], i64.load(layout.state, lane * 8))),
          set(
            h,
            i64.add(i64.add(i64.rotl(v[0], 1n), i64.rotl(v[1], 7n)), i64.add(i64.rotl(v[2], 12n), i64.rotl(v[3], 18n))),
          ),
          lanes.map((lane) => set(h, i64.add(i64.mul(i64.xor(h, round(0n, v[lane])), P1), P4))),
        ],
        set(h, P5),
      ),
      set(h, i64.add(h, bytes)),
      whileDo(i32.le_u(i32.add(from, 8), end), [
        set(h, i64.add(i64.mul(i64.rotl(i64.xor(h, round(0n, i64.load(from))), 27n), P1), P4)),
        set(from, i32.add(from, 8)),
      ]),
      when(i32.le_u(i32.add(from, 4), end), [
        set(h, i64.add(i64.mul(i64.rotl(i64.xor(h, i64.mul(i64.load32_u(from), P1)), 23n), P2), P3)),
        set(from, i32.add(from, 4)),
      ]),
      whileDo(i32.lt_u(from, end), [
        set(h, i64.mul(i64.rotl(i64.xor(h, i64.mul(i64.load8_u(from), P5)), 11n), P1)),
        set(from, i32.add(from, 1)),
      ]),
      avalanche64(h),
      i64.store(layout.digest, byteSwapped64(h)),
    ];
  });

  module.func("whole", ["i32"], undefined, (_local, length) => [
    start(),
    finish(layout.stage, length, f64.convert_i32_u(length)),
  ]);
  return module.bytes();
}

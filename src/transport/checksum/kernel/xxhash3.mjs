/**
 * XXH3 of 64 and of 128 bits with seed 0 and the default secret, after
 * https://github.com/Cyan4973/xxHash/blob/dev/doc/xxhash_spec.md. Inputs of up to 240 bytes go four other ways by length; longer ones
 * run eight lanes over stripes of 64 bytes, sixteen stripes to a block. Seed 0 makes most of the secret's uses constants.
 */
import { byteSwapped64, doWhile, f64, i32, i64, leave, Module, set, tee, v128, when, whileDo } from "./assembler.mjs";
import { layout } from "./layout.mjs";
import { avalanche64, primes64 } from "./xxhash64.mjs";

const secret = Buffer.from(
  "b8fe6c3923a44bbe7c01812cf721ad1cded46de9839097db7240a4a4b7b3671fcb79e64eccc0e578825ad07dccff7221b8084674f743248ee03590e6813a264c" +
    "3c2852bb91c300cb88d0658b1b532ea371644897a20df94e3819ef46a9deacd8a8fa763fe39c343ff9dcbbc7c70b4f1d8a51e04bcdb45931c89f7ec9d9787364" +
    "eac5ac8334d3ebc3c581a0fffa1363eb170ddd51b7f0da49d316552629d4689e2b16be587d47a1fc8ff8b8d17ad031ce45cb3a8f95160428afd7fbcabb4b407e",
  "hex",
);
const secret32 = (offset) => BigInt(secret.readUInt32LE(offset));
const secret64 = (offset) => secret.readBigUInt64LE(offset);

const [P1, P2, P3, P4, P5] = primes64;
const [Q1, Q2, Q3] = [0x9e3779b1n, 0x85ebca77n, 0xc2b2ae3dn];
const mixer = 0x9fb21c651e98df25n;
const low32 = 0xffffffffn;

const stripe = 64;
const block = 16 * stripe;
const lanes = [0, 1, 2, 3];

const xorShift = (h, bits) => set(h, i64.xor(h, i64.shr_u(h, bits)));
const avalanche3 = (h) => [xorShift(h, 37n), set(h, i64.mul(h, 0x165667919e3779f9n)), xorShift(h, 32n)];
const sum = (...values) => values.reduce((left, right) => i64.add(left, right));

/** The module: `start()`, `absorb(address, length)` of whole blocks, and `finish` and `whole` in two widths. */
export function xxhash3Module() {
  const module = new Module(layout.pages);
  module.data(layout.secret, secret);

  /** The high half of the 128-bit product of two variables; `parts` are four more to work with. */
  const highProduct = (a, b, [al, ah, bl, bh]) => [
    set(al, i64.and(a, low32)),
    set(ah, i64.shr_u(a, 32n)),
    set(bl, i64.and(b, low32)),
    set(bh, i64.shr_u(b, 32n)),
    // cross = al*bh + (al*bl >> 32) + low half of ah*bl: it cannot overflow
    set(a, i64.mul(ah, bl)),
    set(b, i64.add(i64.add(i64.mul(al, bh), i64.shr_u(i64.mul(al, bl), 32n)), i64.and(a, low32))),
    sum(i64.mul(ah, bh), i64.shr_u(a, 32n), i64.shr_u(b, 32n)),
  ];

  // Both halves of the product, folded together by XOR.
  const foldedProduct = module.func(undefined, ["i64", "i64"], "i64", (local, a, b) => {
    const product = local.i64();
    const parts = lanes.map(() => local.i64());
    return [set(product, i64.mul(a, b)), i64.xor(highProduct(a, b, parts), product)];
  });
  const highOfProduct = module.func(undefined, ["i64", "i64"], "i64", (local, a, b) =>
    highProduct(
      a,
      b,
      lanes.map(() => local.i64()),
    ),
  );

  /** Sixteen bytes of input mixed with sixteen of the secret: at an address in memory (`key`, `offset`). */
  const mix16 = (input, inputOffset, key, offset) =>
    foldedProduct(
      i64.xor(i64.load(input, inputOffset), i64.load(key, layout.secret + offset)),
      i64.xor(i64.load(input, inputOffset + 8), i64.load(key, layout.secret + offset + 8)),
    );

  const start = module.func("start", [], undefined, () =>
    [Q3, P1, P2, P3, P4, Q2, P5, Q1].map((value, lane) => i64.store(layout.state, value, lane * 8)),
  );

  /** Takes the stripe at `input` into the accumulators with 64 bytes of the secret at `key` + `offset`. */
  const accumulate = (acc, data, keyed, input, inputOffset, key, offset) => {
    const pair = (first) => [
      [first, first + 1].map((lane) => [
        set(data[lane % 2], v128.load(input, inputOffset + lane * 16)),
        set(keyed[lane % 2], v128.xor(data[lane % 2], v128.load(key, layout.secret + offset + lane * 16))),
        // Each lane adds its neighbour's input to itself.
        set(
          acc[lane],
          v128.i64x2_add(
            acc[lane],
            v128.shuffle(data[lane % 2], data[lane % 2], [8, 9, 10, 11, 12, 13, 14, 15, 0, 1, 2, 3, 4, 5, 6, 7]),
          ),
        ),
      ]),
      // Low and high halves of four lanes side by side, so that two widening multiplications serve all.
      set(data[0], v128.shuffle(keyed[0], keyed[1], words(0, 2, 4, 6))),
      set(data[1], v128.shuffle(keyed[0], keyed[1], words(1, 3, 5, 7))),
      set(acc[first], v128.i64x2_add(acc[first], v128.i64x2_extmul_low_i32x4_u(data[0], data[1]))),
      set(acc[first + 1], v128.i64x2_add(acc[first + 1], v128.i64x2_extmul_high_i32x4_u(data[0], data[1]))),
    ];
    return [pair(0), pair(2)];
  };

  const loadState = (acc) => lanes.map((lane) => set(acc[lane], v128.load(layout.state, lane * 16)));
  const storeState = (acc) => lanes.map((lane) => v128.store(layout.state, acc[lane], lane * 16));

  const absorb = module.func("absorb", ["i32", "i32"], undefined, (local, from, length) => {
    const acc = lanes.map(() => local.v128());
    const data = [local.v128(), local.v128()];
    const keyed = [local.v128(), local.v128()];
    const end = local.i32();
    const key = local.i32();
    return [
      set(end, i32.add(from, i32.and(length, -block))),
      when(i32.eqz(i32.lt_u(from, end)), leave()),
      loadState(acc),
      doWhile(
        [
          set(key, 0),
          doWhile(
            [
              [0, 1].map((n) => accumulate(acc, data, keyed, from, n * stripe, key, n * 8)),
              set(from, i32.add(from, 2 * stripe)),
            ],
            i32.lt_u(tee(key, i32.add(key, 16)), 16 * 8),
          ),
          lanes.map((lane) => [
            set(data[0], v128.xor(acc[lane], v128.i64x2_shr_u(acc[lane], 47))),
            set(data[0], v128.xor(data[0], v128.load(layout.secret, secret.length - stripe + lane * 16))),
            set(acc[lane], v128.i64x2_mul(data[0], v128.i64x2_splat(Q1))),
          ]),
        ],
        i32.lt_u(from, end),
      ),
      storeState(acc),
    ];
  });

  // The last stripes of an input of more than 240 bytes: `from` is where its last block begins, and 64 bytes of what came
  // before lie in front of it. `length` is more than 0 and at most a block.
  const lastStripes = module.func(undefined, ["i32", "i32"], undefined, (local, from, length) => {
    const acc = lanes.map(() => local.v128());
    const data = [local.v128(), local.v128()];
    const keyed = [local.v128(), local.v128()];
    const key = local.i32();
    const end = local.i32();
    return [
      set(end, i32.add(from, length)),
      loadState(acc),
      whileDo(i32.lt_u(i32.add(from, stripe), end), [
        accumulate(acc, data, keyed, from, 0, key, 0),
        set(from, i32.add(from, stripe)),
        set(key, i32.add(key, 8)),
      ]),
      set(from, i32.sub(end, stripe)),
      set(key, 0),
      accumulate(acc, data, keyed, from, 0, key, secret.length - stripe - 7),
      storeState(acc),
    ];
  });

  // The eight accumulators into one value.
  const merge = module.func(undefined, ["i32", "i64"], "i64", (_local, key, h) => [
    lanes.map((lane) => set(h, i64.add(h, mix16(layout.state, lane * 16, key, lane * 16)))),
    avalanche3(h),
    h.code,
  ]);

  /** The bytes of an input of 1 to 3: first, middle and last, and the length, in one word. */
  const threeBytes = (from, length) =>
    i32.or(
      i32.or(i32.shl(i32.load8_u(from), 16), i32.shl(i32.load8_u(i32.add(from, i32.shr_u(length, 1))), 24)),
      i32.or(i32.load8_u(i32.sub(i32.add(from, length), 1)), i32.shl(length, 8)),
    );

  const short64 = module.func(undefined, ["i32", "i32"], "i64", (local, from, length) => {
    const h = local.i64();
    const low = local.i64();
    const high = local.i64();
    const end = local.i32();
    const p = local.i32();
    const long = i64.extend_i32_u(length);
    const add = (value) => set(h, i64.add(h, value));
    return [
      set(end, i32.add(from, length)),
      when(i32.gt_u(length, 16), [
        set(h, i64.mul(long, P1)),
        when(i32.le_u(length, 128), [
          [3, 2, 1].map((n) =>
            when(i32.gt_u(length, 32 * n), [
              add(mix16(from, 16 * n, 0, 32 * n)),
              add(mix16(i32.sub(end, 16 * (n + 1)), 0, 0, 32 * n + 16)),
            ]),
          ),
          add(mix16(from, 0, 0, 0)),
          add(mix16(i32.sub(end, 16), 0, 0, 16)),
          avalanche3(h),
          leave(h),
        ]),
        [0, 1, 2, 3, 4, 5, 6, 7].map((n) => add(mix16(from, 16 * n, 0, 16 * n))),
        avalanche3(h),
        set(from, i32.add(from, 128)),
        set(p, 3),
        whileDo(i32.le_u(i32.add(from, 16), end), [
          add(mix16(from, 0, p, 0)),
          set(from, i32.add(from, 16)),
          set(p, i32.add(p, 16)),
        ]),
        add(mix16(i32.sub(end, 16), 0, 0, 119)),
        avalanche3(h),
        leave(h),
      ]),
      when(i32.gt_u(length, 8), [
        set(low, i64.xor(i64.load(from), secret64(24) ^ secret64(32))),
        set(high, i64.xor(i64.load(i32.sub(end, 8)), secret64(40) ^ secret64(48))),
        set(h, sum(long, byteSwapped64(low), high, foldedProduct(low, high))),
        avalanche3(h),
        leave(h),
      ]),
      when(i32.ge_u(length, 4), [
        set(
          h,
          i64.xor(i64.add(i64.load32_u(i32.sub(end, 4)), i64.shl(i64.load32_u(from), 32n)), secret64(8) ^ secret64(16)),
        ),
        set(h, i64.xor(h, i64.xor(i64.rotl(h, 49n), i64.rotl(h, 24n)))),
        set(h, i64.mul(h, mixer)),
        set(h, i64.xor(h, i64.add(i64.shr_u(h, 35n), long))),
        set(h, i64.mul(h, mixer)),
        xorShift(h, 28n),
        leave(h),
      ]),
      when(
        length.code,
        set(h, i64.xor(i64.extend_i32_u(threeBytes(from, length)), secret32(0) ^ secret32(4))),
        set(h, secret64(56) ^ secret64(64)),
      ),
      avalanche64(h),
      h.code,
    ];
  });

  const short128 = module.func(undefined, ["i32", "i32"], undefined, (local, from, length) => {
    const low = local.i64();
    const high = local.i64();
    const first = local.i64();
    const last = local.i64();
    const end = local.i32();
    const key = local.i32();
    const word = local.i32();
    const long = i64.extend_i32_u(length);
    const done = [i64.store(layout.digest, byteSwapped64(high)), i64.store(layout.digest, byteSwapped64(low), 8)];
    /** Thirty-two bytes, sixteen from each of two places. */
    const mix32 = (one, oneOffset, two, twoOffset, keyAt, offset) => [
      set(low, i64.add(low, mix16(one, oneOffset, keyAt, offset))),
      set(low, i64.xor(low, i64.add(i64.load(two, twoOffset), i64.load(two, twoOffset + 8)))),
      set(high, i64.add(high, mix16(two, twoOffset, keyAt, offset + 16))),
      set(high, i64.xor(high, i64.add(i64.load(one, oneOffset), i64.load(one, oneOffset + 8)))),
    ];
    return [
      set(end, i32.add(from, length)),
      when(i32.gt_u(length, 16), [
        set(low, i64.mul(long, P1)),
        when(
          i32.le_u(length, 128),
          [3, 2, 1, 0].map((n) => {
            const mixed = mix32(from, 16 * n, i32.sub(end, 16 * (n + 1)), 0, 0, 32 * n);
            return n ? when(i32.gt_u(length, 32 * n), mixed) : mixed;
          }),
          [
            [0, 1, 2, 3].map((n) => mix32(from, 32 * n, from, 32 * n + 16, 0, 32 * n)),
            avalanche3(low),
            avalanche3(high),
            set(from, i32.add(from, 128)),
            set(key, 3),
            whileDo(i32.le_u(i32.add(from, 32), end), [
              mix32(from, 0, from, 16, key, 0),
              set(from, i32.add(from, 32)),
              set(key, i32.add(key, 32)),
            ]),
            mix32(i32.sub(end, 16), 0, i32.sub(end, 32), 0, 0, 103),
          ],
        ),
        set(first, i64.add(low, high)),
        set(high, sum(i64.mul(low, P1), i64.mul(high, P4), i64.mul(long, P2))),
        set(low, first),
        avalanche3(low),
        avalanche3(high),
        set(high, i64.sub(0n, high)),
        done,
        leave(),
      ]),
      when(i32.gt_u(length, 8), [
        set(first, i64.load(from)),
        set(last, i64.load(i32.sub(end, 8))),
        set(first, i64.xor(i64.xor(first, last), secret64(32) ^ secret64(40))),
        set(last, i64.xor(last, secret64(48) ^ secret64(56))),
        set(low, i64.add(i64.mul(first, P1), i64.shl(i64.sub(long, 1n), 54n))),
        set(high, sum(highOfProduct(first, P1), last, i64.mul(i64.and(last, low32), Q2 - 1n))),
        set(low, i64.xor(low, byteSwapped64(high))),
        set(high, i64.add(highOfProduct(low, P2), i64.mul(high, P2))),
        set(low, i64.mul(low, P2)),
        avalanche3(low),
        avalanche3(high),
        done,
        leave(),
      ]),
      when(i32.ge_u(length, 4), [
        set(
          first,
          i64.xor(
            i64.add(i64.load32_u(from), i64.shl(i64.load32_u(i32.sub(end, 4)), 32n)),
            secret64(16) ^ secret64(24),
          ),
        ),
        set(last, i64.add(i64.shl(long, 2n), P1)),
        set(low, i64.mul(first, last)),
        set(high, i64.add(highOfProduct(first, last), i64.shl(low, 1n))),
        set(low, i64.xor(low, i64.shr_u(high, 3n))),
        xorShift(low, 35n),
        set(low, i64.mul(low, mixer)),
        xorShift(low, 28n),
        avalanche3(high),
        done,
        leave(),
      ]),
      when(
        length.code,
        [
          set(word, threeBytes(from, length)),
          set(low, i64.xor(i64.extend_i32_u(word), secret32(0) ^ secret32(4))),
          // The word with its bytes the other way round, rotated by 13.
          set(word, i32.wrap_i64(i64.shr_u(byteSwapped64(i64.extend_i32_u(word)), 32n))),
          set(high, i64.xor(i64.extend_i32_u(i32.rotl(word, 13)), secret32(8) ^ secret32(12))),
        ],
        [set(low, secret64(64) ^ secret64(72)), set(high, secret64(80) ^ secret64(88))],
      ),
      avalanche64(low),
      avalanche64(high),
      done,
    ];
  });

  /** Absorbs the whole blocks but for the last byte's, and then the stripes of that one. */
  const longInput = (from, length, whole) => [
    set(whole, i32.and(i32.sub(length, 1), -block)),
    absorb(from, whole),
    lastStripes(i32.add(from, whole), i32.sub(length, whole)),
  ];

  const finish64 = module.func("finish64", ["i32", "i32", "f64"], undefined, (local, from, length, total) => {
    const bytes = local.i64();
    const whole = local.i32();
    return [
      set(bytes, i64.trunc_f64_u(total)),
      when(i64.le_u(bytes, 240n), [i64.store(layout.digest, byteSwapped64(short64(from, length))), leave()]),
      longInput(from, length, whole),
      i64.store(layout.digest, byteSwapped64(merge(11, i64.mul(bytes, P1)))),
    ];
  });

  const finish128 = module.func("finish128", ["i32", "i32", "f64"], undefined, (local, from, length, total) => {
    const bytes = local.i64();
    const whole = local.i32();
    return [
      set(bytes, i64.trunc_f64_u(total)),
      when(i64.le_u(bytes, 240n), [short128(from, length), leave()]),
      longInput(from, length, whole),
      i64.store(layout.digest, byteSwapped64(merge(secret.length - stripe - 11, i64.xor(i64.mul(bytes, P2), -1n)))),
      i64.store(layout.digest, byteSwapped64(merge(11, i64.mul(bytes, P1))), 8),
    ];
  });

  for (const [name, finish] of [
    ["whole64", finish64],
    ["whole128", finish128],
  ]) {
    module.func(name, ["i32"], undefined, (_local, length) => [
      start(),
      finish(layout.stage, length, f64.convert_i32_u(length)),
    ]);
  }
  return module.bytes();
}

/** The bytes of four 32-bit words out of the eight of two vectors, for a shuffle. */
function words(...indexes) {
  return indexes.flatMap((index) => [0, 1, 2, 3].map((byte) => index * 4 + byte));
}

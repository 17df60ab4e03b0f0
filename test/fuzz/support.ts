import fc from "fast-check";
import { afterEach, expect } from "vitest";

/** Every run is the same: what fails here fails everywhere. `FUZZ_SEED` and `FUZZ_TIMES` look further. */
fc.configureGlobal({
  seed: Number(process.env["FUZZ_SEED"] ?? 20260131),
  // On a machine that is busy with other things, what was tried by then must do.
  interruptAfterTimeLimit: 10_000,
});

export const runs = (count: number): number => count * Number(process.env["FUZZ_TIMES"] ?? 1);

/** What all objects share, as it must stay. */
const shared = [Object.prototype, Array.prototype, Function.prototype, String.prototype];
const before = shared.map((prototype) => Reflect.ownKeys(prototype));

export function expectUnpolluted(): void {
  expect(({} as Record<string, unknown>)["polluted"]).toBeUndefined();
  expect(shared.map((prototype) => Reflect.ownKeys(prototype))).toEqual(before);
}
afterEach(expectUnpolluted);

/** Names by which careless code reaches what all objects share. */
export const hostileNames = [
  "__proto__",
  "constructor",
  "prototype",
  "toString",
  "valueOf",
  "hasOwnProperty",
  "polluted",
];

/** Any text: of all planes, with control characters and halves of pairs. */
export const anyText = (maxLength = 60): fc.Arbitrary<string> =>
  fc.oneof(
    fc.string({ unit: "binary", maxLength }),
    fc.string({ unit: "grapheme", maxLength }),
    fc.string({
      unit: fc.constantFrom(..."\0\t\r\n\x1b\x7f\u0080\u00e9\u2028\ufeff\ud800\udc00 %&?#/\\+=;:\"'<>[]{}"),
      maxLength,
    }),
    fc.constantFrom(...hostileNames),
  );

/** Text that UTF-8 can carry. */
export const wellFormed = (maxLength = 60): fc.Arbitrary<string> =>
  anyText(maxLength).filter((text) => (text as unknown as { isWellFormed(): boolean }).isWellFormed());

/** What a call gives, or what it throws. */
export function outcome<T>(run: () => T): { value?: T; error?: unknown } {
  try {
    return { value: run() };
  } catch (error) {
    return { error: error ?? new Error("threw nothing") };
  }
}

import fc from "fast-check";
import { ConfigError } from "tucuxi";
import { parseProfileFile } from "tucuxi/config";
import { describe, expect, it } from "vitest";
import { anyText, hostileNames, outcome, runs } from "./support.js";

const kinds = ["config", "credentials"] as const;
const word = fc.oneof(
  fc.constantFrom(...hostileNames),
  fc.constantFrom("default", "profile", "s3", "region", "a", "a.b", "a[]", "1"),
  anyText(8),
);
const line = fc.oneof(
  word.map((name) => `[${name}]`),
  word.map((name) => `[profile ${name}]`),
  word.map((name) => `[profile "${name}"]`),
  word.map((name) => `[sso-session ${name}]`),
  word.map((name) => `[services ${name}]`),
  fc.tuple(word, word).map(([key, value]) => `${key} = ${value}`),
  fc.tuple(word, word).map(([key, value]) => `  ${key} = ${value}`),
  word.map((key) => `${key} =`),
  word.map((key) => `${key}[] = 1`),
  word.map((text) => `# ${text}`),
  anyText(20),
);
const files = fc.oneof(
  fc.array(line, { maxLength: 12 }).chain((lines) => fc.constantFrom("\n", "\r\n").map((end) => lines.join(end))),
  fc
    .array(line, { maxLength: 10 })
    .map((lines) => `[default]\n${lines.filter((text) => /^(?! )[\w.-]+ *=/.test(text)).join("\n")}`),
  anyText(200),
);

describe("a file of profiles", () => {
  it("is read, or refused with a ConfigError that names the line", () => {
    let read = 0;
    fc.assert(
      fc.property(files, fc.constantFrom(...kinds), (text, kind) => {
        const { value, error } = outcome(() => parseProfileFile(text, kind));
        if (value === undefined) {
          expect(error).toBeInstanceOf(ConfigError);
          expect((error as Error).message).toMatch(/line \d+/);
          return;
        }
        read++;
        for (const record of [value.profiles, value.ssoSessions, value.services]) {
          expect(Object.getPrototypeOf(record)).toBeNull();
          for (const [name, profile] of Object.entries(record)) {
            expect(Object.getPrototypeOf(profile)).toBeNull();
            if (record === value.services) continue;
            for (const setting of Object.values(profile)) expect([name, typeof setting]).toEqual([name, "string"]);
          }
        }
      }),
      { numRuns: runs(2000) },
    );
    expect(read).toBeGreaterThan(5);
  });

  it("keeps profiles and settings of any name, and values as they stand", () => {
    const name = fc.oneof(fc.constantFrom(...hostileNames), fc.stringMatching(/^[A-Za-z0-9_\-/.%@:+]{1,12}$/));
    const value = fc
      .stringMatching(/^[!-~]([ -~]{0,20}[!-~])?$/)
      .filter((text) => !/[ \t][#;]/.test(text) && !/^[#;]/.test(text));
    fc.assert(
      fc.property(name, fc.dictionary(name, value, { minKeys: 1, noNullPrototype: false }), (profile, settings) => {
        const text = `[profile ${profile}]\n${Object.keys(settings)
          .map((key) => `${key} = ${settings[key]}\n`)
          .join("")}`;
        const read = parseProfileFile(text, "config").profiles;
        expect(Object.keys(read)).toEqual([profile]);
        const wanted = Object.create(null) as Record<string, string>;
        for (const key of Object.keys(settings)) wanted[key.toLowerCase()] = settings[key]!;
        expect(Object.entries(read[profile]!).sort()).toEqual(Object.entries(wanted).sort());
      }),
      { numRuns: runs(1000) },
    );
  });

  /** A reader whose work grows faster than the file does not come back before the test's time is over. */
  it.each([
    ["profiles", (n: number) => Array.from({ length: n / 20 }, (_, i) => `[profile p${i}]\na=1\n`).join("")],
    ["settings", (n: number) => `[default]\n${Array.from({ length: n / 10 }, (_, i) => `k${i}=v\n`).join("")}`],
    ["the same setting", (n: number) => `[default]\n${"a = b\n".repeat(n / 6)}`],
    ["nested settings", (n: number) => `[default]\ns3 =\n${"  a = b\n".repeat(n / 8)}`],
    ["continued lines", (n: number) => `[default]\na = b\n${"  c\n".repeat(n / 4)}`],
    ["one line", (n: number) => `[default]\na = ${"b".repeat(n)}`],
    ["blanks", (n: number) => `[default]\na = ${" ".repeat(n)}b`],
    ["blanks in a section's name", (n: number) => `[profile${" ".repeat(n)}a]`],
    ["brackets", (n: number) => "[".repeat(n)],
    ["comments", (n: number) => "# c\n".repeat(n / 4)],
    ["hashes", (n: number) => `[default]\na = b${" #".repeat(n / 2)}`],
    ["equals signs", (n: number) => `[default]\n${"=".repeat(n)}`],
    ["quotes", (n: number) => `[default]\na = ${'"'.repeat(n)}`],
  ])("of a megabyte of %s is read, or refused, in one go", (_, make) => {
    const { error } = outcome(() => parseProfileFile(make(1_000_000), "config"));
    if (error !== undefined) expect(error).toBeInstanceOf(ConfigError);
  });
});

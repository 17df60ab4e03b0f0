import { describe, expect, it } from "vitest";
import { readSource } from "../../src/transfer/copy/source.js";
import { temporaryName } from "../../src/transfer/download/target-file.js";
import { GIB, growingPartSize, MAX_OBJECT, MAX_PART, MIB, partSizeFor, sizesOf } from "../../src/transfer/limits.js";
import { makeFilter } from "../../src/transfer/tree/glob.js";
import { namesOf } from "../../src/transfer/tree/names.js";
import { compareKeys } from "../../src/transfer/tree/order.js";

describe("sizes of parts", () => {
  it("grow so that ten thousand suffice", () => {
    for (const size of [1, 80 * GIB, 80_000 * MIB, 80_000 * MIB + 1, 5 * 1024 * GIB, MAX_OBJECT - 1, MAX_OBJECT]) {
      const partSize = partSizeFor(size, 8 * MIB);
      expect(Math.ceil(size / partSize)).toBeLessThanOrEqual(10_000);
      expect(partSize).toBeLessThanOrEqual(MAX_PART);
      expect(partSize).toBeGreaterThanOrEqual(8 * MIB);
    }
    expect(partSizeFor(80_000 * MIB, 8 * MIB)).toBe(8 * MIB);
    expect(() => partSizeFor(MAX_OBJECT + 1, 8 * MIB)).toThrow(/at most/);
  });

  it("double for sources without an end in sight", () => {
    expect(growingPartSize(1, 8 * MIB)).toBe(8 * MIB);
    expect(growingPartSize(1000, 8 * MIB)).toBe(8 * MIB);
    expect(growingPartSize(1001, 8 * MIB)).toBe(16 * MIB);
    let total = 0;
    for (let part = 1; part <= 10_000; part++) total += growingPartSize(part, 8 * MIB);
    expect(total).toBeGreaterThan(7.8 * 1024 * GIB);
    expect(growingPartSize(10_000, GIB)).toBe(MAX_PART);
  });

  it("are within S3's limits", () => {
    expect(sizesOf({ partSize: 1 }, "upload").partSize).toBe(5 * MIB);
    expect(sizesOf({ partSize: 6 * GIB }, "upload").partSize).toBe(MAX_PART);
    expect(sizesOf({ partSize: 1 }, "download").partSize).toBe(1);
    expect(sizesOf({}, "upload")).toEqual({ partSize: 8 * MIB, threshold: 8 * MIB, concurrency: 8 });
    expect(sizesOf({ partSize: 64 * MIB }, "upload").threshold).toBe(64 * MIB);
    expect(sizesOf({ multipartThreshold: Number.POSITIVE_INFINITY }, "copy").threshold).toBe(5 * GIB);
  });
});

describe("patterns", () => {
  const cases: [pattern: string, yes: string[], no: string[]][] = [
    ["*.js", ["a.js", "b/a.js", ".js"], ["a.jsx", "ajs"]],
    ["a?c", ["abc", "x/abc"], ["ac", "a/c", "abbc"]],
    ["a?c/d", ["abc/d"], ["a//d", "abcd"]],
    ["src/*.ts", ["src/a.ts"], ["src/b/a.ts", "x/src/a.ts"]],
    ["src/**/*.ts", ["src/a.ts", "src/b/c/a.ts"], ["a.ts"]],
    ["**/test/**", ["test/a", "a/test/b/c"], ["tests/a"]],
    ["build/", ["build/a", "x/build/b"], ["builder"]],
    ["/build", ["build", "build/a"], ["x/build"]],
    ["[a-c]x", ["ax", "cx"], ["dx", "-x"]],
    ["[!a-c]x", ["dx"], ["ax", "/x"]],
    ["{a,b*}.txt", ["a.txt", "bcd.txt"], ["c.txt", "a,b.txt"]],
    ["\\*", ["*"], ["a"]],
    ["a+b(c)|d.", ["a+b(c)|d."], ["aab(c)|d."]],
    ["[", ["["], ["a"]],
    ["**", ["a", "a/b"], []],
    ["line\nfeed", ["line\nfeed"], ["line"]],
  ];
  for (const [pattern, yes, no] of cases) {
    it(JSON.stringify(pattern), () => {
      const include = makeFilter([pattern], undefined);
      const exclude = makeFilter(undefined, [pattern]);
      for (const path of yes) expect([path, include.wants(path), exclude.wants(path)]).toEqual([path, true, false]);
      for (const path of no) expect([path, include.wants(path), exclude.wants(path)]).toEqual([path, false, true]);
    });
  }
});

describe("names", () => {
  const code = (path: string, platform?: string): string => {
    try {
      namesOf(path, platform);
      return "good";
    } catch (error) {
      return (error as { code: string }).code;
    }
  };

  it("that lead elsewhere are refused everywhere", () => {
    for (const path of ["..", "../a", "a/..", "a/../b", ".", "./a", "a/.", "a\0b", "\0"])
      expect([path, code(path)]).toEqual([path, "UnsafeKey"]);
    for (const path of ["", "/a", "a//b", "a/", "ä".repeat(128), "\ud800"])
      expect([path, code(path)]).toEqual([path, "UnstorableKey"]);
    for (const path of ["a", "...", "..a", "a..", " ", "a\nb", "ä".repeat(127), "🐬"])
      expect([path, code(path)]).toEqual([path, "good"]);
  });

  it("that mean something else on Windows are refused there", () => {
    for (const path of ["C:/x", "c:x", "a\\..\\b", "\\\\server\\share", "a:stream"]) {
      expect([path, code(path, "win32")]).toEqual([path, "UnsafeKey"]);
      expect([path, code(path, "linux")]).toEqual([path, "good"]);
    }
    for (const path of ["CON", "a/nul.txt", "com1", "x.", "x ", "a<b", "a\tb", "what?"]) {
      expect([path, code(path, "win32")]).toEqual([path, "UnstorableKey"]);
    }
    expect(code("console/nullify", "win32")).toBe("good");
  });

  it("sort as their bytes do", () => {
    const keys = ["a", "a!", "a/", "a/b", "b", "\ud7ff", "\ue000", "\uffff", "\u{10000}", "\u{10ffff}", "", "é"];
    const bytes = [...keys].sort((x, y) => Buffer.compare(Buffer.from(x), Buffer.from(y)));
    expect([...keys].sort(compareKeys)).toEqual(bytes);
  });

  it("of temporary files fit, and cut no character", () => {
    const name = temporaryName(`/x/${"ä".repeat(127)}`, "0123abcd").slice(3);
    expect(Buffer.byteLength(`${name}.state`)).toBeLessThanOrEqual(255);
    expect(name).toMatch(/^\.ä+\.0123abcd\.tucuxi$/);
  });

  it("of sources are read in every form", () => {
    expect(readSource("b/k/x?versionId=v1")).toEqual({ Bucket: "b", Key: "k/x", VersionId: "v1" });
    expect(readSource("/b/k%20?x")).toEqual({ Bucket: "b", Key: "k%20?x" });
    const arn = "arn:aws:s3:us-west-2:123456789012:accesspoint/my-access-point";
    expect(readSource(`${arn}/object/a/b`)).toEqual({ Bucket: arn, Key: "a/b" });
  });
});

import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { failing, Lab } from "./support.js";

/** The file system that is played: one that takes `.CASE.` for `.case.` takes `A` for `a`. */
const disk = vi.hoisted(() => ({ folds: true, looks: [] as string[] }));
vi.mock("node:fs/promises", async (original) => {
  const real = await original<typeof import("node:fs/promises")>();
  const lstat = (path: string, ...more: []) => {
    if (!basename(path).endsWith(".TUCUXI")) return real.lstat(path, ...more);
    disk.looks.push(path);
    return real.lstat(disk.folds ? join(path, "..", basename(path).toLowerCase()) : path);
  };
  return { ...real, lstat };
});

const lab = await Lab.open({ pageSize: 2 });
const { s3 } = lab;
const keys = ["Dir/a", "README", "Readme", "dir/A", "dir/b", "ÄÖ", "äö"];
let count = 0;
let root = "";

beforeAll(async () => {
  for (const key of keys) await s3.putObject({ Bucket: "river", Key: key, Body: key });
});

beforeEach(async () => {
  root = lab.path(`case-${++count}`);
  await mkdir(root);
  disk.folds = true;
  disk.looks = [];
});

describe("on a file system that does not tell case", () => {
  const told = keys.filter((key) => !["Readme", "dir/A", "äö"].includes(key));

  it("the first of several keys is downloaded, and the others are failures", async () => {
    const result = await s3.downloadDirectory({ Bucket: "river" }, root);
    expect(result).toMatchObject({ transferred: told.length, bytes: Buffer.byteLength(told.join("")) });
    expect(result.failures.map(({ action, path, error }) => [action, path, (error as { code: string }).code])).toEqual([
      ["download", "Readme", "UnstorableKey"],
      ["download", "dir/A", "UnstorableKey"],
      ["download", "äö", "UnstorableKey"],
    ]);
    expect(String(result.failures[0]!.error)).toContain('"Readme" cannot be a file here: it is "README" to this file');
    for (const key of told) expect(await readFile(join(root, key), "utf8")).toBe(key);
    // One look, and nothing is left of it.
    expect(disk.looks).toHaveLength(1);
    expect((await readdir(root)).filter((name) => name.startsWith("."))).toEqual([]);
  });

  it("what is there already is not overwritten by another key", async () => {
    for (const key of told) {
      await mkdir(join(root, key, ".."), { recursive: true });
      await writeFile(join(root, key), key);
    }
    const result = await s3.sync({ Bucket: "river" }, root, { compare: "size" });
    expect(result).toMatchObject({ transferred: 0, unchanged: told.length });
    expect(result.failures.map(({ path }) => path)).toEqual(["Readme", "dir/A", "äö"]);
  });

  it("what was written under another case is not deleted as extra", async () => {
    await writeFile(join(root, "readme"), "old");
    await writeFile(join(root, "zoo"), "extra");
    const result = await s3.sync({ Bucket: "river" }, root, { delete: true });
    expect(result).toMatchObject({ transferred: told.length, deleted: 1 });
    expect(await readdir(root)).toContain("readme");
    expect(await readdir(root)).not.toContain("zoo");
  });

  it("the first such key ends a transfer that is to fail fast", async () => {
    const error = await failing(s3.downloadDirectory({ Bucket: "river" }, root, { failFast: true }));
    expect(error).toMatchObject({ code: "UnstorableKey" });
  });

  it("nothing is written to see what a dry run would do", async () => {
    await s3.downloadDirectory({ Bucket: "river" }, root, { dryRun: true });
    expect(disk.looks).toEqual([]);
    expect(await readdir(root)).toEqual([]);
  });
});

describe("on one that tells case", () => {
  it("all keys are files", async () => {
    disk.folds = false;
    const result = await s3.downloadDirectory({ Bucket: "river" }, root);
    expect(result).toMatchObject({ transferred: keys.length, failures: [] });
    for (const key of keys) expect(await readFile(join(root, key), "utf8")).toBe(key);
    expect(disk.looks).toHaveLength(1);
  });
});

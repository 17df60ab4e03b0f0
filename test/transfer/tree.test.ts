import { chmod, mkdir, readdir, readFile, stat, symlink, utimes, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { ParamValidationError, type TransferProgress, type TreeResult } from "tucuxi";
import { describe, expect, it } from "vitest";
import { failing, Lab, leftovers, MIB, noise } from "./support.js";

const lab = await Lab.open({ pageSize: 7 });
const { s3, server } = lab;
let count = 0;

/** A bucket and a folder of their own. */
async function place(): Promise<{ Bucket: string; root: string }> {
  const Bucket = `place-${++count}`;
  await s3.createBucket({ Bucket });
  const root = lab.path(Bucket);
  await mkdir(root);
  return { Bucket, root };
}

async function write(root: string, files: Record<string, string | Uint8Array>): Promise<void> {
  for (const [name, text] of Object.entries(files)) {
    const path = `${root}/${name}`;
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, text);
  }
}

async function put(Bucket: string, objects: Record<string, string | Uint8Array>): Promise<void> {
  for (const [Key, Body] of Object.entries(objects)) await s3.putObject({ Bucket, Key, Body });
}

async function keys(Bucket: string): Promise<string[]> {
  const found: string[] = [];
  for await (const { Key } of s3.paginate("listObjectsV2", { Bucket }).items()) found.push(Key);
  return found;
}

async function files(root: string): Promise<string[]> {
  const found = await readdir(root, { recursive: true, withFileTypes: true });
  return found
    .filter((entry) => entry.isFile())
    .map((entry) => `${entry.parentPath}/${entry.name}`.slice(root.length + 1))
    .sort();
}

const clean = { failures: [], deleted: 0, skipped: 0, actions: [] };
const names = (result: TreeResult): string[] =>
  result.actions.map(({ action, path, reason }) => `${action} ${path} ${reason}`);

describe("uploadDirectory", () => {
  it("sends a tree, with names of every kind", async () => {
    const { Bucket, root } = await place();
    const tree = {
      empty: "",
      "a.txt": "a",
      "a/b.txt": "b",
      "a-b": "c",
      "deep/er/and/deeper": "d",
      "space and + plus % and ? and #": "e",
      "ünïcödé/🐬": "f",
      "line\nfeed": "g",
      "back\\slash": "h",
      " lead": "i",
      "...": "j",
      large: noise(6 * MIB),
    };
    await write(root, tree);
    const seen: TransferProgress[] = [];
    const result = await s3.uploadDirectory(
      root,
      { Bucket, Prefix: "pre/fix", ContentType: "text/x" },
      {
        multipartThreshold: 5 * MIB,
        onProgress: (progress) => seen.push(progress),
      },
    );
    expect(result).toMatchObject({ ...clean, transferred: 12, unchanged: 0, bytes: 6 * MIB + 10 });
    expect((await keys(Bucket)).sort()).toEqual(
      Object.keys(tree)
        .map((name) => `pre/fix/${name}`)
        .sort(),
    );
    for (const [name, bytes] of Object.entries(tree)) {
      expect(Buffer.compare(await lab.stored(`pre/fix/${name}`, Bucket), Buffer.from(bytes))).toBe(0);
    }
    expect((await s3.headObject({ Bucket, Key: "pre/fix/large" })).ContentType).toBe("text/x");
    expect(seen.at(-1)).toMatchObject({ files: 12, bytes: result.bytes, total: result.bytes });

    const back = lab.path("back");
    expect(await s3.downloadDirectory({ Bucket, Prefix: "pre/fix" }, back, { partSize: MIB })).toMatchObject({
      ...clean,
      transferred: 12,
    });
    expect(await files(back)).toEqual(Object.keys(tree).sort());
    for (const [name, bytes] of Object.entries(tree)) {
      expect(Buffer.compare(await readFile(`${back}/${name}`), Buffer.from(bytes))).toBe(0);
    }
  });

  it("chooses by patterns, and gives files input of their own", async () => {
    const { Bucket, root } = await place();
    await write(root, {
      "a.js": "",
      "a.map": "",
      "lib/b.js": "",
      "node_modules/x/y.js": "",
      "lib/node_modules/z.js": "",
      README: "",
    });
    await s3.uploadDirectory(
      root,
      { Bucket },
      {
        include: ["*.js"],
        exclude: ["node_modules"],
        inputFor: (path) => ({ ContentType: path.endsWith(".js") ? "text/javascript" : "text/plain" }),
      },
    );
    expect(await keys(Bucket)).toEqual(["a.js", "lib/b.js"]);
    expect((await s3.headObject({ Bucket, Key: "lib/b.js" })).ContentType).toBe("text/javascript");
  });

  it("leaves links out, or follows them without going round", async () => {
    const { Bucket, root } = await place();
    await write(root, { "real/file": "x" });
    await symlink(`${root}/real/file`, `${root}/link`);
    await symlink(root, `${root}/real/loop`);
    await symlink(`${root}/real`, `${root}/folder`);
    await symlink(`${root}/nothing`, `${root}/broken`);
    expect(await s3.uploadDirectory(root, { Bucket })).toMatchObject({ transferred: 1, skipped: 4, failures: [] });
    expect(await keys(Bucket)).toEqual(["real/file"]);
    const result = await s3.uploadDirectory(root, { Bucket }, { followSymlinks: true });
    expect(await keys(Bucket)).toEqual(["folder/file", "link", "real/file"]);
    expect(result).toMatchObject({ transferred: 3, skipped: 2, failures: [{ action: "read", path: "broken" }] });
  });

  it("says what it would do", async () => {
    const { Bucket, root } = await place();
    await write(root, { a: "1", "b/c": "22" });
    const result = await s3.uploadDirectory(root, { Bucket }, { dryRun: true });
    expect(result).toMatchObject({ transferred: 0, bytes: 0 });
    expect(result.actions).toEqual([
      { action: "upload", path: "a", size: 1, reason: "all" },
      { action: "upload", path: "b/c", size: 2, reason: "all" },
    ]);
    expect(await keys(Bucket)).toEqual([]);
  });

  it("gathers failures, or gives up at the first", async () => {
    const { Bucket, root } = await place();
    await write(root, { a: "1", b: "2", c: "3" });
    const flaky = lab.client({
      maxAttempts: 1,
      hooks: {
        beforeSend: ({ path }) => {
          if (path.endsWith("/b")) throw new Error("not b");
        },
      },
    });
    const result = await flaky.uploadDirectory(root, { Bucket });
    expect(result).toMatchObject({
      transferred: 2,
      failures: [{ action: "upload", path: "b", error: new Error("not b") }],
    });
    expect(await keys(Bucket)).toEqual(["a", "c"]);
    expect((await failing(flaky.uploadDirectory(root, { Bucket }, { failFast: true }))).message).toBe("not b");
    expect(await failing(s3.uploadDirectory(`${root}/none`, { Bucket }))).toMatchObject({ code: "ENOENT" });
    expect(await failing(s3.uploadDirectory(root, { Bucket, Boddy: 1 } as never))).toBeInstanceOf(ParamValidationError);
  });

  it("stops when told to", async () => {
    const { Bucket, root } = await place();
    await write(root, Object.fromEntries(Array.from({ length: 50 }, (_, i) => [`f${i}`, noise(1000)])));
    const controller = new AbortController();
    const reason = new Error("enough");
    let sent = 0;
    const watching = lab.client({
      hooks: {
        beforeSend: () => {
          if (++sent === 10) controller.abort(reason);
        },
      },
    });
    expect(await failing(watching.uploadDirectory(root, { Bucket }, { signal: controller.signal }))).toBe(reason);
    expect((await keys(Bucket)).length).toBeLessThan(30);
  });
});

describe("downloadDirectory", () => {
  it("writes nowhere but into its folder", async () => {
    const { Bucket, root } = await place();
    const outside = lab.path("outside");
    await mkdir(outside);
    await mkdir(`${root}/in`);
    await symlink(outside, `${root}/in/link`);
    await symlink(`${outside}/target`, `${root}/in/file`);
    await put(Bucket, {
      "../escaped": "x",
      "a/../../escaped": "x",
      "a/..": "x",
      "./dot": "x",
      "/absolute": "x",
      "//double": "x",
      "a//b": "x",
      "link/escaped": "x",
      [`${"n".repeat(256)}`]: "x",
      "good/file": "x",
      file: "new",
      clash: "x",
      "clash/beneath": "x",
      "marker/": "",
      "not-empty/": "x",
    });
    const result = await s3.downloadDirectory({ Bucket }, `${root}/in`);
    // Of two that need the same name one is there, whichever came first.
    const clash = result.failures.filter(({ path }) => path.startsWith("clash"));
    expect(clash).toHaveLength(1);
    expect(
      result.failures
        .filter((failure) => !clash.includes(failure))
        .map(({ path, error }) => `${path.slice(0, 20)} ${(error as { code: string }).code}`)
        .sort(),
    ).toEqual(
      [
        "../escaped UnsafeKey",
        "./dot UnsafeKey",
        "//double UnstorableKey",
        "/absolute UnstorableKey",
        "a/.. UnsafeKey",
        "a/../../escaped UnsafeKey",
        "a//b UnstorableKey",
        "link/escaped UnsafeKey",
        `${"n".repeat(20)} UnstorableKey`,
        "not-empty/ UnstorableKey",
      ].sort(),
    );
    expect(await readdir(outside)).toEqual([]);
    expect(await readdir(root)).toEqual(["in"]);
    expect((await files(`${root}/in`)).filter((name) => !name.startsWith("clash"))).toEqual(["file", "good/file"]);
    expect((await stat(`${root}/in/marker`)).isDirectory()).toBe(true);
    expect(await readFile(`${root}/in/file`, "utf8")).toBe("new");
    expect(await leftovers(`${root}/in`)).toEqual([]);
  });

  it("takes what is under the prefix and nothing that is called alike", async () => {
    const { Bucket, root } = await place();
    await put(Bucket, { "photos/a": "1", "photos-old/b": "2", "photos/": "", photos: "3" });
    await s3.downloadDirectory({ Bucket, Prefix: "photos" }, `${root}/new/folder`);
    expect(await files(`${root}/new/folder`)).toEqual(["a"]);
    const head = await s3.headObject({ Bucket, Key: "photos/a" });
    expect((await stat(`${root}/new/folder/a`)).mtime).toEqual(head.LastModified);
  });
});

describe("sync", () => {
  it("moves what is missing or different, from a folder to a bucket", async () => {
    const { Bucket, root } = await place();
    await put(Bucket, { same: "12", size: "1", time: "12", extra: "x", "keep.log": "x", "sub/gone": "x" });
    await write(root, { same: "34", size: "12", time: "34", "new/file": "n" });
    const past = new Date(Date.now() - 3_600_000);
    await utimes(`${root}/same`, past, past);
    const future = new Date(Date.now() + 3_600_000);
    await utimes(`${root}/time`, future, future);
    const options = { delete: true, exclude: ["*.log"] };
    const plan = await s3.sync(root, { Bucket }, { ...options, dryRun: true });
    const expected = [
      "delete extra extra",
      "upload new/file missing",
      "upload size size",
      "delete sub/gone extra",
      "upload time time",
    ];
    expect(names(plan)).toEqual(expected);
    const result = await s3.sync(root, { Bucket }, options);
    expect(result).toMatchObject({ transferred: 3, unchanged: 1, deleted: 2, failures: [] });
    expect(await keys(Bucket)).toEqual(["keep.log", "new/file", "same", "size", "time"]);
    await utimes(`${root}/time`, past, past);
    expect(await s3.sync(root, { Bucket }, options)).toMatchObject({ transferred: 0, unchanged: 4, deleted: 0 });
  });

  it("moves what is missing or different, from a bucket to a folder and back", async () => {
    const { Bucket, root } = await place();
    await put(Bucket, { "p/a": "1", "p/b/c": "2", q: "3" });
    await write(root, { a: "other", extra: "x", "deep/extra": "x" });
    expect(await s3.sync({ Bucket, Prefix: "p/" }, root, { delete: true })).toMatchObject({
      transferred: 2,
      deleted: 2,
      failures: [],
    });
    expect(await files(root)).toEqual(["a", "b/c"]);
    expect(await s3.sync({ Bucket, Prefix: "p" }, root, { delete: true })).toMatchObject({
      transferred: 0,
      unchanged: 2,
    });
    expect(await s3.sync(root, { Bucket, Prefix: "p" }, { delete: true })).toMatchObject({
      transferred: 0,
      unchanged: 2,
    });
  });

  it("compares contents when asked to", async () => {
    const { Bucket, root } = await place();
    const large = noise(6 * MIB);
    await write(root, { same: "12", other: "12", large: large });
    await s3.upload({ Bucket, Key: "large", Body: large }, { multipartThreshold: 5 * MIB, partSize: 5 * MIB });
    await put(Bucket, { same: "12", other: "34" });
    for (const path of ["same", "other", "large"]) await utimes(`${root}/${path}`, new Date(0), new Date(0));
    const options = { compare: "checksum", partSize: 5 * MIB } as const;
    expect(names(await s3.sync(root, { Bucket }, { ...options, dryRun: true }))).toEqual(["upload other checksum"]);
    expect(await s3.sync(root, { Bucket }, options)).toMatchObject({ transferred: 1, unchanged: 2 });
    await write(root, { other: "56" });
    expect(await s3.sync({ Bucket }, root, options)).toMatchObject({ transferred: 1, unchanged: 2 });
    expect(await readFile(`${root}/other`, "utf8")).toBe("12");
  });

  it("moves between buckets", async () => {
    const { Bucket } = await place();
    const { Bucket: other } = await place();
    const large = noise(6 * MIB);
    await put(Bucket, { "a/1": "1", "a/2": "2", "a/large": large });
    await put(other, { "b/1": "1", "b/extra": "x", c: "y" });
    const result = await s3.sync(
      { Bucket, Prefix: "a" },
      { Bucket: other, Prefix: "b" },
      { delete: true, compare: "size" },
    );
    expect(result).toMatchObject({ transferred: 2, unchanged: 1, deleted: 1, failures: [] });
    expect(await keys(other)).toEqual(["b/1", "b/2", "b/large", "c"]);
    expect(Buffer.compare(await lab.stored("b/large", other), large)).toBe(0);
  });

  it("deletes nothing for a folder that it cannot read", async () => {
    const { Bucket, root } = await place();
    await put(Bucket, { "closed/a": "x", z: "x" });
    await write(root, { "closed/a": "x" });
    // For root nothing is closed: a link whose end is missing is as unreadable.
    await chmod(`${root}/closed`, 0o000);
    const open = await readdir(`${root}/closed`).then(
      () => true,
      () => false,
    );
    if (open) {
      await chmod(`${root}/closed`, 0o755);
      await write(root, { "other/b": "x" });
      await symlink(`${root}/nothing`, `${root}/linked`);
      await put(Bucket, { "linked/b": "x" });
    }
    const result = await s3.sync(root, { Bucket }, { delete: true, followSymlinks: true });
    await chmod(`${root}/closed`, 0o755);
    expect(result.failures).toMatchObject([{ action: "read" }]);
    expect(await keys(Bucket)).toContain(open ? "linked/b" : "closed/a");
    expect(await keys(Bucket)).not.toContain("z");
  });

  it("refuses what makes no sense", async () => {
    const { Bucket, root } = await place();
    for (const call of [
      () => s3.sync(root, root),
      () => s3.sync({ Bucket }, { Bucket, Prefix: "a" }),
      () => s3.sync({ Bucket } as never, 7 as never),
      () => s3.sync(root, { Bucket }, { compare: "hash" as never }),
      () => s3.sync(root, { Bucket }, { exclude: [""] }),
    ]) {
      expect(await failing(call())).toBeInstanceOf(ParamValidationError);
    }
    expect(await failing(s3.sync(`${root}/none`, { Bucket }, { delete: true }))).toMatchObject({ code: "ENOENT" });
  });

  it("lets small files pass large ones", async () => {
    const { Bucket, root } = await place();
    const tree: Record<string, Uint8Array> = {};
    for (let i = 0; i < 3; i++) tree[`a${i}`] = noise(11 * MIB);
    for (let i = 0; i < 20; i++) tree[`b${i}`] = noise(100);
    await write(root, tree);
    const from = server.requests.length;
    await s3.uploadDirectory(root, { Bucket }, { concurrency: 4, partSize: 5 * MIB, multipartThreshold: 5 * MIB });
    const asked = lab.asked(from);
    // They come first in the listing, and would keep all connections busy.
    expect(asked.indexOf("PutObject")).toBeLessThan(asked.indexOf("CompleteMultipartUpload"));
    expect(asked.lastIndexOf("CreateMultipartUpload")).toBeGreaterThan(asked.indexOf("PutObject"));
    expect(await keys(Bucket)).toHaveLength(23);
  });
});

import { readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { ParamValidationError, type S3Client, type TucuxiError } from "tucuxi";
import { describe, expect, it } from "vitest";
import { Lab } from "./support.js";

const lab = await Lab.open();
const { s3, server } = lab;
const object = { Bucket: "river", Key: "k" };
const file = lab.path("file");
const folder = lab.path("folder");
await writeFile(file, "text");
await s3.putObject({ ...object, Body: "text" });

const shared = [
  "partSize",
  "multipartThreshold",
  "concurrency",
  "maxBandwidth",
  "onProgress",
  "signal",
  "resume",
  "checksumAlgorithm",
];
const trees = [...shared, "include", "exclude", "dryRun", "failFast", "followSymlinks"];

const doors: [name: string, open: (s3: S3Client, options: never) => Promise<unknown>, known: readonly string[]][] = [
  ["upload", (s3, options) => s3.upload({ ...object, Body: "x" }, options), shared],
  ["uploadFile", (s3, options) => s3.uploadFile(file, object, options), shared],
  ["download", (s3, options) => s3.download(object, undefined as never, options), shared],
  ["downloadFile", (s3, options) => s3.downloadFile(object, lab.path("down"), options), shared],
  [
    "copy",
    (s3, options) => s3.copy({ ...object, CopySource: "river/k", Key: "copy" }, options),
    [...shared, "sourceClient"],
  ],
  [
    "uploadDirectory",
    (s3, options) => s3.uploadDirectory(lab.folder, { Bucket: "sea" }, options),
    [...trees, "inputFor"],
  ],
  ["downloadDirectory", (s3, options) => s3.downloadDirectory({ Bucket: "river" }, folder, options), trees],
  [
    "sync",
    (s3, options) => s3.sync({ Bucket: "river" }, folder, options),
    [...trees, "delete", "compare", "inputFor", "sourceClient"],
  ],
];

async function refusal(job: () => Promise<unknown>): Promise<TucuxiError> {
  const asked = server.requests.length;
  const there = await readdir(lab.folder);
  const error = await job().then(
    () => new Error("it succeeded"),
    (error: unknown) => error,
  );
  expect(error).toBeInstanceOf(ParamValidationError);
  // Nothing is sent, nothing is made.
  expect(lab.asked(asked)).toEqual([]);
  expect(await readdir(lab.folder)).toEqual(there);
  return error as TucuxiError;
}

describe.each(doors)("the options of %s", (title, open, known) => {
  it("are refused where nobody knows them, by name", async () => {
    const error = await refusal(() => open(s3, { dryrun: true, queueSize: 4, abortSignal: 1 } as never));
    expect(error.message).toBe(`${title}: dryrun: not an option; queueSize: not an option; abortSignal: not an option`);
    for (const name of known) expect(error.hint).toContain(name);
  });

  it("are guessed where they are misspelt, or another client's", async () => {
    const all = `The options are ${known.join(", ")}.`;
    expect((await refusal(() => open(s3, { concurency: 4 } as never))).hint).toBe(`Did you mean concurrency? ${all}`);
    expect((await refusal(() => open(s3, { queueSize: 4 } as never))).hint).toBe(`Did you mean concurrency? ${all}`);
    expect((await refusal(() => open(s3, { abortSignal: 4 } as never))).hint).toBe(`Did you mean signal? ${all}`);
  });

  it("are refused where they are of the wrong kind", async () => {
    const error = await refusal(() =>
      open(s3, { partSize: "8MB", signal: {}, onProgress: "bar", concurrency: 2n } as never),
    );
    expect(error.message).toBe(
      `${title}: partSize: expected a whole number of at least 1, got "8MB"; concurrency: expected a whole number of at least 1, got bigint; onProgress: expected a function; signal: expected an AbortSignal`,
    );
  });

  it.each([null, "x", 4, () => {}])("are refused where they are no dictionary: %o", async (options) => {
    const error = await refusal(() => open(s3, options as never));
    expect(error.message).toBe(
      `${title}: options: expected dictionary, got ${options === null ? "null" : typeof options}`,
    );
  });

  it("may be none, or undefined", async () => {
    for (const options of [undefined, {}, Object.fromEntries([...known, "ours"].map((name) => [name, undefined]))]) {
      await open(s3, options as never);
    }
  });
});

describe("what goes before the options", () => {
  it("says of a name that nobody knows which one was likely meant", async () => {
    const error = await refusal(() => s3.upload({ ...object, Body: "x", contentType: "a/b", meta: {} } as never));
    expect(error.message).toBe(
      "upload: contentType: unknown; did you mean ContentType?; meta: unknown; did you mean Metadata?",
    );
  });

  it.each<[name: string, open: () => Promise<unknown>, message: string]>([
    ["uploadFile", () => s3.uploadFile(file, "river" as never), "uploadFile: input: expected dictionary, got string"],
    [
      "uploadFile",
      () => s3.uploadFile(object as never, file as never),
      "uploadFile: path: expected the path of a file",
    ],
    ["uploadFile", () => s3.uploadFile("", object), "uploadFile: path: expected the path of a file"],
    ["downloadFile", () => s3.downloadFile(file as never, object as never), "downloadFile: input: expected dictionary"],
    ["downloadFile", () => s3.downloadFile(object, undefined as never), "downloadFile: path: expected the path of a"],
    ["upload", () => s3.upload(undefined as never), "upload: input: expected dictionary, got undefined"],
    ["download", () => s3.download(object, null as never), "download: options: expected dictionary, got null"],
    ["download", () => s3.download(object, file as never, {}), "download: target: expected a writable stream"],
    ["copy", () => s3.copy(object as never), "copy: CopySource: expected `bucket/key` or {"],
    ["copy", () => s3.copy(object as never, "river" as never), "copy: options: expected dictionary, got string"],
    [
      "copy",
      () => s3.copy({ ...object, CopySource: "river/k" }, { sourceClient: {} as never }),
      "copy: sourceClient: expected an S3Client",
    ],
    [
      "sync",
      () => s3.sync({ Bucket: "river" }, { Bucket: "sea" }, { sourceClient: null as never }),
      "sync: sourceClient: expected an S3Client",
    ],
    [
      "sync",
      () => s3.sync({ Bucket: "river" }, folder, { include: "*.ts" as never }),
      "sync: include: expected a list of patterns",
    ],
    [
      "uploadDirectory",
      () => s3.uploadDirectory(lab.folder, { Bucket: "sea" }, { exclude: [5 as never] }),
      "uploadDirectory: exclude: expected a list of patterns",
    ],
    [
      "sync",
      () =>
        s3.sync(lab.folder, { Bucket: "sea" }, {
          delete: "false",
          dryRun: 0,
          failFast: null,
          followSymlinks: "no",
          inputFor: {},
          resume: 5,
        } as never),
      'sync: dryRun: expected a boolean, got 0; failFast: expected a boolean, got null; followSymlinks: expected a boolean, got "no"; delete: expected a boolean, got "false"; resume: expected a boolean or a token, got 5; inputFor: expected a function, got dictionary',
    ],
    ["upload", () => s3.upload({ ...object, Body: null as never }), "Body: expected a string, bytes, Blob"],
    ["upload", () => s3.upload({ ...object, Body: 5 as never }), "Body: expected a string, bytes, Blob"],
    ["sync", () => s3.sync(5 as never, folder), "sync: source: expected the path of a folder, or { Bucket, Prefix? }"],
    ["sync", () => s3.sync(folder, lab.folder), "sync: target: one of source and target must be in a bucket"],
    ["uploadDirectory", () => s3.uploadDirectory(folder, null as never), "uploadDirectory: input: expected dictionary"],
    ["uploadDirectory", () => s3.uploadDirectory(5 as never, object), "uploadDirectory: path: expected the path of a"],
    ["downloadDirectory", () => s3.downloadDirectory("river" as never, folder), "downloadDirectory: input: expected d"],
  ])("is refused by name where it is of the wrong kind: %s", async (_, open, message) => {
    expect((await refusal(open)).message.slice(0, message.length)).toBe(message);
  });

  it.each<[name: string, open: () => Promise<unknown>, hint: string]>([
    ["sync", () => s3.sync("s3://river/a/b", folder), '{ Bucket: "river", Prefix: "a/b" }'],
    ["sync", () => s3.sync(folder, "S3://river/"), '{ Bucket: "river" }'],
    ["uploadDirectory", () => s3.uploadDirectory(folder, "s3://river" as never), '{ Bucket: "river" }'],
    [
      "downloadDirectory",
      () => s3.downloadDirectory("s3://river/p/" as never, folder),
      '{ Bucket: "river", Prefix: "p/" }',
    ],
    ["downloadDirectory", () => s3.downloadDirectory({ Bucket: "river" }, "s3://a/b"), '{ Bucket: "a", Prefix: "b" }'],
    ["uploadFile", () => s3.uploadFile(file, "s3://river/k" as never), '{ Bucket: "river", Key: "k" }'],
    ["uploadFile", () => s3.uploadFile("s3://river/k", object), '{ Bucket: "river", Key: "k" }'],
    ["downloadFile", () => s3.downloadFile("s3://river/k" as never, file), '{ Bucket: "river", Key: "k" }'],
    ["downloadFile", () => s3.downloadFile(object, "s3://river/k"), '{ Bucket: "river", Key: "k" }'],
    ["upload", () => s3.upload("s3://river/k" as never), '{ Bucket: "river", Key: "k" }'],
    ["download", () => s3.download("s3://river/k" as never), '{ Bucket: "river", Key: "k" }'],
    ["copy", () => s3.copy("s3://river/k" as never), '{ Bucket: "river", Key: "k" }'],
  ])("says how an address of S3 is given: %s", async (_, open, hint) => {
    expect((await refusal(open)).hint).toContain(`s3:// addresses are given in parts: ${hint}.`);
    expect(await readdir(join(lab.folder))).not.toContain("s3:");
  });
});

import { once } from "node:events";
import { chmod, mkdir, readdir, readFile, symlink, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { ParamValidationError } from "tucuxi";
import { describe, expect, it } from "vitest";
import { failing, Lab, MIB, noise } from "./support.js";

const lab = await Lab.open({ pageSize: 7 });
const { s3 } = lab;
const large = noise(7 * MIB);
const options = { partSize: 5 * MIB, multipartThreshold: 5 * MIB };

describe("sync under a key of the caller's", () => {
  it("goes up, compares, is copied and comes back", async () => {
    const key = { SSECustomerAlgorithm: "AES256", SSECustomerKey: noise(32) };
    const root = lab.path("secret");
    await mkdir(root);
    await writeFile(`${root}/small`, "hello");
    await writeFile(`${root}/large`, large);
    const place = { Bucket: "river", Prefix: "secret", ...key };
    const other = { Bucket: "sea", Prefix: "secret", ...key };
    expect(await s3.sync(root, place, options)).toMatchObject({ transferred: 2, failures: [] });
    const again = await s3.sync(root, place, { ...options, compare: "checksum" });
    // What is encrypted so has neither MD5 nor, here, checksum: it moves again, but it can be asked.
    expect(again).toMatchObject({ failures: [] });
    expect(await s3.sync(place, other, options)).toMatchObject({ transferred: 2, failures: [] });
    expect(await s3.sync(other, lab.path("back"), options)).toMatchObject({ transferred: 2, failures: [] });
    expect(Buffer.compare(await readFile(lab.path("back", "large")), large)).toBe(0);
    await expect(s3.headObject({ Bucket: "sea", Key: "secret/small" })).rejects.toMatchObject({ statusCode: 400 });
  });

  it("refuses what no request takes", async () => {
    const call = s3.sync({ Bucket: "river", prefix: "a" } as never, lab.path("nowhere"));
    expect(await failing(call)).toBeInstanceOf(ParamValidationError);
  });
});

describe("sync from bucket to bucket", () => {
  it("carries and deletes the markers of folders as objects", async () => {
    const [source, target] = [
      { Bucket: "river", Prefix: "marked" },
      { Bucket: "sea", Prefix: "marked" },
    ];
    await s3.putObject({ Bucket: "river", Key: "marked/dir/", Body: "" });
    await s3.putObject({ Bucket: "river", Key: "marked/dir/a", Body: "a" });
    await s3.putObject({ Bucket: "sea", Key: "marked/gone/", Body: "" });
    const result = await s3.sync(source, target, { delete: true });
    expect(result).toMatchObject({ transferred: 2, deleted: 1, failures: [] });
    const { Contents } = await s3.listObjectsV2(target);
    expect(Contents.map(({ Key }) => Key)).toEqual(["marked/dir/", "marked/dir/a"]);
    expect(await s3.sync(source, target, { delete: true })).toMatchObject({ transferred: 0, unchanged: 2, deleted: 0 });
  });
});

describe("sync of contents from bucket to bucket", () => {
  it("knows what was copied whole from what went up in parts, and what is another", async () => {
    const [source, target] = [
      { Bucket: "river", Prefix: "contents" },
      { Bucket: "sea", Prefix: "contents" },
    ];
    const summed = { ...options, checksumAlgorithm: "CRC32C" } as const;
    await s3.upload({ Bucket: "river", Key: "contents/parts", Body: large }, summed);
    await s3.putObject({ Bucket: "river", Key: "contents/whole", Body: "hello" });
    const compare = "checksum" as const;
    expect(await s3.sync(source, target, { compare })).toMatchObject({ transferred: 2, failures: [] });
    const [before, after] = await Promise.all(
      ["river", "sea"].map((Bucket) => s3.headObject({ Bucket, Key: "contents/parts" })),
    );
    expect(before?.ETag).not.toBe(after?.ETag);
    expect(await s3.sync(source, target, { compare })).toMatchObject({ transferred: 0, unchanged: 2, failures: [] });
    await s3.upload({ Bucket: "sea", Key: "contents/parts", Body: noise(large.length) }, summed);
    await s3.putObject({ Bucket: "sea", Key: "contents/whole", Body: "hallo" });
    expect(await s3.sync(source, target, { compare })).toMatchObject({ transferred: 2, unchanged: 0, failures: [] });
    expect(Buffer.compare(await lab.stored("contents/parts", "sea"), large)).toBe(0);
  });
});

describe("what is excluded", () => {
  it("is not looked at", async () => {
    const root = lab.path("excluding");
    await mkdir(`${root}/node_modules/deep`, { recursive: true });
    await writeFile(`${root}/a`, "a");
    await symlink("/nowhere", `${root}/link`);
    await symlink("/nowhere", `${root}/node_modules/link`);
    await writeFile(`${root}/node_modules/file`, "");
    // A socket is no file: looked at, it would count as skipped.
    const socket = createServer().listen(`${root}/node_modules/socket`);
    await once(socket, "listening");
    const input = { Bucket: "river", Prefix: "excluding" };
    expect(await s3.uploadDirectory(root, input, { exclude: ["node_modules", "link"] })).toMatchObject({
      transferred: 1,
      skipped: 0,
      failures: [],
    });
    expect(await s3.uploadDirectory(root, input, { include: ["a"] })).toMatchObject({ transferred: 1, skipped: 0 });
    await new Promise((resolve) => socket.close(resolve));
    await chmod(`${root}/node_modules`, 0);
    // Root reads what it has no right to.
    const readable = await readdir(`${root}/node_modules`).then(
      () => true,
      () => false,
    );
    const all = await s3.uploadDirectory(root, input, { exclude: ["link"] });
    expect(all.failures).toHaveLength(readable ? 0 : 1);
    expect(await s3.uploadDirectory(root, input, { exclude: ["node_modules"] })).toMatchObject({ failures: [] });
    await chmod(`${root}/node_modules`, 0o700);
  });
});

describe("what is added for a file", () => {
  it("goes with it, and is refused where it is misspelt", async () => {
    const root = lab.path("added");
    await mkdir(root);
    await writeFile(`${root}/a.html`, "a");
    await writeFile(`${root}/b`, "b");
    const place = { Bucket: "river", Prefix: "added" };
    const inputFor = (path: string) => (path.endsWith(".html") ? { ContentType: "text/html" } : { Contenttype: "x" });
    const up = await s3.uploadDirectory(root, place, { inputFor: inputFor as never });
    expect(up).toMatchObject({ transferred: 1, failures: [{ path: "b", error: { name: "ParamValidationError" } }] });
    expect((await s3.headObject({ Bucket: "river", Key: "added/a.html" })).ContentType).toBe("text/html");
    const copied = await s3.sync(place, { Bucket: "sea", Prefix: "added" }, { inputFor: () => ({ Foo: 1 }) as never });
    expect(copied).toMatchObject({ transferred: 0, failures: [{ path: "a.html" }] });
  });
});

import assert from "node:assert/strict";
import { mkdirSync, readdirSync, readFileSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { bytes, environment, run as execute, version, withFolder } from "./support.mjs";

export const available = () =>
  version("aws", ["--version"], "python3 -m pip install awscli, or apt-get install awscli");

export async function run(server, check) {
  await withFolder(async (folder) => {
    // Said with every command: Debian's does not take it from the environment.
    const aws = (...args) =>
      execute("aws", ["--endpoint-url", server.url, ...args], {
        cwd: folder,
        env: { ...environment(server, folder), AWS_PAGER: "" },
      });
    const s3api = async (...args) => JSON.parse((await aws("s3api", ...args, "--output", "json")) || "null");
    const large = bytes(17 * 1024 * 1024 + 3);

    await check("makes and removes buckets", async () => {
      await aws("s3", "mb", "s3://made-by-cli");
      assert.match(await aws("s3", "ls"), /made-by-cli[\s\S]*river/);
      assert.deepEqual(await s3api("get-bucket-location", "--bucket", "made-by-cli"), {
        LocationConstraint: "eu-central-1",
      });
      await aws("s3", "rb", "s3://made-by-cli");
    });
    await check("copies a large file there and back, in parts", async () => {
      writeFileSync(join(folder, "large"), large);
      await aws("s3", "cp", "large", "s3://river/a b/large ç", "--metadata", "a=b");
      const head = await s3api("head-object", "--bucket", "river", "--key", "a b/large ç");
      assert.equal(head.ContentLength, large.length);
      assert.match(head.ETag, /-3"$/);
      assert.deepEqual(head.Metadata, { a: "b" });
      await aws("s3", "cp", "s3://river/a b/large ç", "s3://river/copied");
      await aws("s3", "cp", "s3://river/copied", "back");
      assert.ok(readFileSync(join(folder, "back")).equals(large));
    });
    await check("syncs a tree, and what changed of it", async () => {
      mkdirSync(join(folder, "tree", "deep"), { recursive: true });
      // S3 lists whole seconds: files as young as their upload would look younger, and be sent again.
      const minuteAgo = new Date(Date.now() - 60_000);
      for (const name of ["one", "two words", "deep/ünï"]) {
        writeFileSync(join(folder, "tree", name), name);
        utimesSync(join(folder, "tree", name), minuteAgo, minuteAgo);
      }
      await aws("s3", "sync", "tree", "s3://river/tree");
      writeFileSync(join(folder, "tree", "one"), "changed!");
      assert.equal((await aws("s3", "sync", "tree", "s3://river/tree")).match(/upload:/g)?.length, 1);
      await aws("s3", "sync", "s3://river/tree", "mirror");
      assert.deepEqual(readdirSync(join(folder, "mirror")).sort(), ["deep", "one", "two words"]);
      assert.equal(readFileSync(join(folder, "mirror", "one"), "utf8"), "changed!");
      assert.match(await aws("s3", "ls", "s3://river/tree/"), /PRE deep\/[\s\S]*8 one/);
    });
    await check("moves, presigns and removes", async () => {
      await aws("s3", "mv", "s3://river/tree/one", "s3://river/moved");
      const url = (await aws("s3", "presign", "s3://river/moved")).trim();
      assert.equal(await (await fetch(url)).text(), "changed!");
      await aws("s3", "rm", "s3://river", "--recursive");
      assert.equal((await s3api("list-objects-v2", "--bucket", "river"))?.Contents, undefined);
    });
    await check("sets and reads configurations", async () => {
      await aws("s3api", "put-bucket-versioning", "--bucket", "river", "--versioning-configuration", "Status=Enabled");
      assert.equal((await s3api("get-bucket-versioning", "--bucket", "river")).Status, "Enabled");
      await aws("s3api", "put-bucket-tagging", "--bucket", "river", "--tagging", "TagSet=[{Key=a,Value=b}]");
      assert.deepEqual((await s3api("get-bucket-tagging", "--bucket", "river")).TagSet, [{ Key: "a", Value: "b" }]);
      await assert.rejects(
        aws("s3api", "get-object-torrent", "--bucket", "river", "--key", "x", "out"),
        /NotImplemented/,
      );
    });
  });
}

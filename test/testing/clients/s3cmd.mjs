import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { bytes, run as execute, version, withFolder } from "./support.mjs";

export const available = () =>
  version("s3cmd", ["--version"], "python3 -m pip install s3cmd, or apt-get install s3cmd");

export async function run(server, check) {
  await withFolder(async (folder) => {
    const host = server.url.replace("http://", "");
    const { accessKeyId, secretAccessKey } = server.credentials;
    const options = [
      "--config=/dev/null",
      "--no-ssl",
      `--host=${host}`,
      `--host-bucket=${host}`,
      `--region=${server.region}`,
      `--access_key=${accessKeyId}`,
      `--secret_key=${secretAccessKey}`,
    ];
    const s3cmd = (...args) => execute("s3cmd", [...options, ...args], { cwd: folder, env: { HOME: folder } });
    const large = bytes(11 * 1024 * 1024 + 1);

    await check("makes, lists and removes buckets", async () => {
      await s3cmd("mb", "s3://made-by-s3cmd");
      assert.match(await s3cmd("ls"), /s3:\/\/made-by-s3cmd[\s\S]*s3:\/\/river/);
      await s3cmd("rb", "s3://made-by-s3cmd");
    });
    await check("puts, copies and gets", async () => {
      writeFileSync(join(folder, "small"), "small");
      await s3cmd("put", "small", "s3://river/a b/sm+ll ç");
      await s3cmd("cp", "s3://river/a b/sm+ll ç", "s3://river/copy");
      await s3cmd("get", "s3://river/copy", "back");
      assert.equal(readFileSync(join(folder, "back"), "utf8"), "small");
      assert.match(await s3cmd("ls", "--recursive", "s3://river"), /a b\/sm\+ll ç[\s\S]*copy/);
    });
    await check("puts in parts", async () => {
      writeFileSync(join(folder, "large"), large);
      await s3cmd("put", "--multipart-chunk-size-mb=5", "large", "s3://river/large");
      await s3cmd("get", "s3://river/large", "large back");
      assert.ok(readFileSync(join(folder, "large back")).equals(large));
    });
    await check("says what there is to say of an object", async () => {
      await s3cmd("setacl", "--acl-public", "s3://river/copy");
      assert.match(await s3cmd("info", "s3://river/copy"), /File size: 5[\s\S]*\*anon\*: READ/);
      assert.equal(await (await fetch(`${server.url}/river/copy`)).text(), "small");
    });
    await check("removes everything", async () => {
      await s3cmd("rm", "--recursive", "--force", "s3://river");
      assert.equal((await s3cmd("ls", "s3://river")).trim(), "");
    });
  });
}

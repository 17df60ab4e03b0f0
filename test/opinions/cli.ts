import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, expect } from "vitest";
import { raw } from "../e2e/raw.js";
import { pattern, room, text } from "../e2e/room.js";
import type { Target } from "../e2e/target.js";

const mebi = 1024 * 1024;
const sha = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex");

/** The AWS command line and we, on one server. */
export function cliAndWe(target: Target, checksums: string): void {
  const folder = mkdtempSync(join(tmpdir(), "tucuxi-cli-"));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  const { endpoint, region, credentials } = target.options;
  writeFileSync(join(folder, "config"), "[default]\ns3 =\n  addressing_style = path\n  signature_version = s3v4\n");
  const env = {
    ...process.env,
    AWS_CONFIG_FILE: join(folder, "config"),
    AWS_SHARED_CREDENTIALS_FILE: "/dev/null",
    AWS_ACCESS_KEY_ID: credentials.accessKeyId,
    AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
    AWS_REGION: region,
    AWS_DEFAULT_REGION: region,
    AWS_REQUEST_CHECKSUM_CALCULATION: checksums,
    AWS_RESPONSE_CHECKSUM_VALIDATION: checksums,
  };
  const aws = async (...args: string[]): Promise<string> =>
    (await promisify(execFile)("aws", ["--endpoint-url", endpoint, ...args], { env, cwd: folder, maxBuffer: 1 << 26 }))
      .stdout;

  room(target, "aws", (room) => {
    const { s3 } = room;
    const bytes = pattern(17 * mebi + 1, 9);
    writeFileSync(join(folder, "large"), bytes);

    room.capability("cp: it fetches what we sent in parts", async () => {
      const Bucket = await room.shared();
      await s3.uploadFile(join(folder, "large"), { Bucket, Key: "up/larg+e ü" }, { partSize: 5 * mebi });
      await aws("s3", "cp", "--only-show-errors", `s3://${Bucket}/up/larg+e ü`, "back");
      expect(sha(readFileSync(join(folder, "back")))).toBe(sha(bytes));
    });

    room.capability("cp: we fetch what it sent in parts", async () => {
      const Bucket = await room.shared();
      await aws("s3", "cp", "--only-show-errors", "--content-type", "text/x-cli", "large", `s3://${Bucket}/cli ü`);
      const head = await s3.headObject({ Bucket, Key: "cli ü" });
      expect(head).toMatchObject({ ContentType: "text/x-cli", ContentLength: bytes.length });
      expect(head.ETag).toMatch(/-\d+"$/);
      await s3.downloadFile({ Bucket, Key: "cli ü" }, join(folder, "ours"));
      expect(sha(readFileSync(join(folder, "ours")))).toBe(sha(bytes));
    });

    room.capability("ls, head-object and rm of ours", async () => {
      const Bucket = await room.bucket();
      await s3.putObject({ Bucket, Key: "dir/a b", Body: "12345", Metadata: { colour: "pink" } });
      expect(await aws("s3", "ls", "--recursive", `s3://${Bucket}`)).toMatch(/ 5 dir\/a b\n$/);
      const head = JSON.parse(await aws("s3api", "head-object", "--bucket", Bucket, "--key", "dir/a b")) as object;
      expect(head).toMatchObject({ ContentLength: 5, Metadata: { colour: "pink" } });
      await aws("s3", "rm", "--recursive", "--only-show-errors", `s3://${Bucket}`);
      expect((await s3.listObjectsV2({ Bucket })).Contents).toEqual([]);
    });

    room.capability("presign: we fetch its URL", async () => {
      const Bucket = await room.shared();
      await s3.putObject({ Bucket, Key: "ü & co", Body: "by cli url" });
      const url = (await aws("s3", "presign", `s3://${Bucket}/ü & co`)).trim();
      const got = await raw(url);
      expect([got.status, got.body]).toEqual([200, "by cli url"]);
    });

    room.capability("sync: both have the same tree", async () => {
      const Bucket = await room.bucket();
      await aws("s3", "sync", "--only-show-errors", "--exclude", "*", "--include", "config", ".", `s3://${Bucket}/t`);
      expect(await text(s3.getObject({ Bucket, Key: "t/config" }))).toBe(readFileSync(join(folder, "config"), "utf8"));
      const left = await aws(
        "s3",
        "sync",
        "--dryrun",
        "--exclude",
        "*",
        "--include",
        "config",
        ".",
        `s3://${Bucket}/t`,
      );
      expect(left).toBe("");
    });
  });
}

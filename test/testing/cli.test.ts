// `npx tucuxi serve`, as a shell has it: a process of its own.
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { S3Client } from "tucuxi";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { buildServer, type Run, run } from "./built.js";

let built: Awaited<ReturnType<typeof buildServer>>;
beforeAll(async () => {
  built = await buildServer();
});
afterAll(() => built.remove());

const started: Run[] = [];
afterEach(async () => {
  for (const { child, ended } of started.splice(0)) {
    child.kill("SIGKILL");
    await ended;
  }
});

function tucuxi(...args: string[]): Run {
  const one = run([built.cli, ...args]);
  started.push(one);
  return one;
}

/** What it prints, as an environment. */
async function environment(one: Run): Promise<Record<string, string>> {
  await one.until(/AWS_SECRET_ACCESS_KEY=.*\n/);
  const lines = one.said.out.split("\n").filter((line) => line !== "" && !line.startsWith("#"));
  return Object.fromEntries(lines.map((line) => [line.slice(0, line.indexOf("=")), line.slice(line.indexOf("=") + 1)]));
}

const clientOf = (env: Record<string, string>): S3Client =>
  new S3Client({
    endpoint: env["AWS_ENDPOINT_URL"]!,
    region: env["AWS_REGION"]!,
    credentials: { accessKeyId: env["AWS_ACCESS_KEY_ID"]!, secretAccessKey: env["AWS_SECRET_ACCESS_KEY"]! },
  });

describe("tucuxi serve", () => {
  it.each(["SIGINT", "SIGTERM"] as const)(
    "says where it is and whose keys are good, and ends at %s",
    async (signal) => {
      const one = tucuxi("serve", "--port", "0", "--bucket", "first", "--bucket", "second");
      const env = await environment(one);
      expect(Object.keys(env)).toEqual([
        "AWS_ENDPOINT_URL",
        "AWS_REGION",
        "AWS_ACCESS_KEY_ID",
        "AWS_SECRET_ACCESS_KEY",
      ]);
      const s3 = clientOf(env);
      expect((await s3.listBuckets({})).Buckets.map(({ Name }) => Name)).toEqual(["first", "second"]);
      await s3.putObject({ Bucket: "first", Key: "k", Body: "v" });
      // A connection that is kept open must not keep it from stopping.
      one.child.kill(signal);
      expect(await one.ended).toBe(0);
      expect(one.said.err).toBe("");
      await s3.close();
    },
  );

  it.each(["SIGINT", "SIGTERM"] as const)("ends well at a %s that comes with its first words", async (signal) => {
    // Sends itself the signal in the moment in which it says that it is there.
    const eager = `const { write } = process.stdout;
      process.stdout.write = function (...given) { process.kill(process.pid, "${signal}"); return write.apply(this, given); };`;
    const one = run([
      "--import",
      `data:text/javascript,${encodeURIComponent(eager)}`,
      built.cli,
      "serve",
      "--port",
      "0",
    ]);
    started.push(one);
    expect(await one.ended).toBe(0);
    expect(one.said.out).toMatch(/AWS_SECRET_ACCESS_KEY=/);
  });

  it("takes keys, region and page size", async () => {
    const keys = ["--access-key", "AKIAMINE", "--secret-key", "sec/ret="];
    const env = await environment(
      tucuxi("serve", "--port=0", "--region", "eu-west-3", "--bucket", "first", "--page-size", "2", ...keys),
    );
    expect(env).toMatchObject({
      AWS_REGION: "eu-west-3",
      AWS_ACCESS_KEY_ID: "AKIAMINE",
      AWS_SECRET_ACCESS_KEY: "sec/ret=",
    });
    const s3 = clientOf(env);
    for (const Key of ["a", "b", "c"]) await s3.putObject({ Bucket: "first", Key });
    const page = await s3.listObjectsV2({ Bucket: "first" });
    expect([page.Contents.length, page.IsTruncated]).toEqual([2, true]);
    await s3.close();
  });

  it("listens on another address, and speaks TLS", async () => {
    const pem = fileURLToPath(new URL("../../fixtures/tls/loopback.pem", import.meta.url));
    const tls = tucuxi("serve", "--port", "0", "--host", "localhost", "--tls-key", pem, "--tls-cert", pem);
    const [, url] = await tls.until(/AWS_ENDPOINT_URL=(\S+)/);
    expect(url).toMatch(/^https:\/\/(127\.0\.0\.1|\[::1\]):\d+$/);
  });

  it("keeps a folder over a restart, also over a kill", async () => {
    const folder = mkdtempSync(join(tmpdir(), "tucuxi-cli-"));
    const args = ["serve", "--port", "0", "--bucket", "kept", "--folder", join(folder, "box")];
    const one = tucuxi(...args);
    const s3 = clientOf(await environment(one));
    await s3.putObject({ Bucket: "kept", Key: "k", Body: "still here" });
    const second = tucuxi(...args);
    expect(await second.ended).toBe(1);
    expect(second.said.err).toContain("in use by another server");
    one.child.kill("SIGKILL");
    await one.ended;
    expect(existsSync(join(folder, "box", "lock"))).toBe(true);
    await s3.close();
    const again = clientOf(await environment(tucuxi(...args)));
    expect(await (await again.getObject({ Bucket: "kept", Key: "k" })).Body.text()).toBe("still here");
    await again.close();
    rmSync(folder, { recursive: true, force: true });
  });

  it("says what was wrong about the way it was called", async () => {
    const wrong: [string[], number, RegExp][] = [
      [["serve", "--prot", "1"], 2, /--prot.*--help/s],
      [["serve", "--port", "http"], 2, /--port must be a whole number from 0 to 65535/],
      [["serve", "--access-key", "A"], 2, /--access-key and --secret-key go together/],
      [["serve", "--port", "0", "--bucket", "No Bucket"], 1, /"No Bucket" can't be a bucket/],
      [["dance"], 2, /no command "dance"/],
    ];
    for (const [args, code, said] of wrong) {
      const one = tucuxi(...args);
      expect([args, await one.ended]).toEqual([args, code]);
      expect(one.said.err).toMatch(said);
      expect(one.said.out).toBe("");
    }
    const taken = tucuxi("serve", "--port", "0");
    const { AWS_ENDPOINT_URL: url } = await environment(taken);
    const late = tucuxi("serve", "--port", new URL(url!).port);
    expect(await late.ended).toBe(1);
    expect(late.said.err).toMatch(/EADDRINUSE.*--port 0 takes any free one/s);
  });

  it("explains itself", async () => {
    for (const args of [["--help"], [], ["serve", "-h"]]) {
      const one = tucuxi(...args);
      expect(await one.ended).toBe(0);
      expect(one.said.out).toMatch(/^tucuxi serve: .*--folder <path>/s);
    }
  });

  it("is what the package names as its command", () => {
    const root = new URL("../../", import.meta.url);
    const { bin } = JSON.parse(readFileSync(new URL("package.json", root), "utf8"));
    expect(bin).toEqual({ tucuxi: "./dist/testing/cli.js" });
    expect(readFileSync(built.cli, "utf8").startsWith("#!/usr/bin/env node\n")).toBe(true);
  });
});

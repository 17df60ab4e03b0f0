import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { afterAll, describe, expect, it } from "vitest";
import { Lab, leftovers, MIB, noise } from "./support.js";

// Beneath node_modules, so that a bundle finds the packages that it leaves outside.
const bundles = fileURLToPath(new URL("../../node_modules/.cache/tucuxi-transfer/", import.meta.url));
const bundle = `${bundles}${process.pid}.mjs`;
await mkdir(bundles, { recursive: true });
await build({
  entryPoints: [fileURLToPath(new URL("../../src/index.ts", import.meta.url))],
  outfile: bundle,
  bundle: true,
  format: "esm",
  platform: "node",
  target: "node20",
  packages: "external",
});
afterAll(() => rm(bundle, { force: true }));

const lab = await Lab.open();
const { s3, server } = lab;
const Bucket = "river";
const size = 43 * MIB + 7;
const bytes = noise(size);
await writeFile(lab.path("source"), bytes);

/** Runs a line of a user's program in a process of its own. */
function run(line: string): ChildProcess {
  const program = `
    import { S3Client } from ${JSON.stringify(bundle)};
    const s3 = new S3Client(${JSON.stringify({ endpoint: server.url, credentials: server.credentials, region: server.region })});
    const options = { partSize: 5 * 1024 * 1024, multipartThreshold: 5 * 1024 * 1024, concurrency: 2, maxBandwidth: 40e6, resume: true };
    const Bucket = ${JSON.stringify(Bucket)};
    await ${line};
    await s3.close();
  `;
  return spawn(process.execPath, ["--input-type=module", "-e", program], { stdio: ["ignore", "ignore", "inherit"] });
}

/** Kills the process after `count` requests of a kind were answered; again and again, then lets it end. */
async function kill(line: string, operation: string, counts: readonly number[]): Promise<void> {
  for (const count of counts) {
    const from = server.requests.length;
    const child = run(line);
    const done = once(child, "exit");
    while (child.exitCode === null && child.signalCode === null) {
      const answered = server.requests
        .slice(from)
        .filter((request) => request.operation === operation && request.statusCode < 300 && request.statusCode > 0);
      if (answered.length >= count) {
        await new Promise((resolve) => setTimeout(resolve, Math.random() * 40));
        child.kill("SIGKILL");
      }
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
    await done;
    // On a busy machine it may be through before anybody gets to kill it: then there is nothing left to go on with.
    if (child.exitCode === 0) return;
  }
  const child = run(line);
  const [code] = await once(child, "exit");
  expect(code).toBe(0);
}

describe("a process that is killed", () => {
  it("goes on with its upload, without sending again what is there", async () => {
    const from = server.requests.length;
    await kill(
      `s3.uploadFile(${JSON.stringify(lab.path("source"))}, { Bucket, Key: "killed" }, options)`,
      "UploadPart",
      [1, 3, 2],
    );
    expect(Buffer.compare(await lab.stored("killed"), bytes)).toBe(0);
    const requests = server.requests.slice(from);
    const stored = requests.filter(({ operation, statusCode }) => operation === "UploadPart" && statusCode === 200);
    const numbers = stored.map(({ url }) => /partNumber=(\d+)/.exec(url)?.[1]);
    // A part that was answered was never sent again.
    expect(new Set(numbers).size).toBe(9);
    expect(numbers).toHaveLength(9);
    expect(requests.filter(({ operation }) => operation === "CreateMultipartUpload")).toHaveLength(1);
    expect(await lab.unfinished()).toEqual([]);
  }, 60_000);

  it("goes on with its download, without fetching again what is there", async () => {
    await s3.upload({ Bucket, Key: "fetched", Body: bytes });
    const path = lab.path("fetched");
    const from = server.requests.length;
    await kill(`s3.downloadFile({ Bucket, Key: "fetched" }, ${JSON.stringify(path)}, options)`, "GetObject", [3, 3, 2]);
    expect(Buffer.compare(await readFile(path), bytes)).toBe(0);
    expect(await leftovers(lab.folder)).toEqual([]);
    const requests = server.requests.slice(from).filter(({ operation }) => operation === "GetObject");
    // Nine ranges, and of each of the three deaths at most the two that were under way again, and the first.
    expect(requests.length).toBeLessThanOrEqual(9 + 3 * 3);
    expect(requests.length).toBeGreaterThan(9);
  }, 60_000);
});

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, open, readFile, rm, writeFile } from "node:fs/promises";
import { setTimeout as delay } from "node:timers/promises";
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
const size = 48 * MIB + 7;
const bytes = noise(size);
await writeFile(lab.path("source"), bytes);

/** Runs a line of a user's program in a process of its own. */
function run(line: string): ChildProcess {
  const program = `
    import { createReadStream } from "node:fs";
    import { S3Client } from ${JSON.stringify(bundle)};
    const s3 = new S3Client(${JSON.stringify({ endpoint: server.url, credentials: server.credentials, region: server.region })});
    const options = { partSize: 5 * 1024 * 1024, multipartThreshold: 5 * 1024 * 1024, concurrency: 2, resume: true };
    const Bucket = ${JSON.stringify(Bucket)};
    await ${line};
    await s3.close();
  `;
  return spawn(process.execPath, ["--input-type=module", "-e", program], { stdio: ["ignore", "ignore", "inherit"] });
}

/** Sockets of this process: the server's side of each connection is one. */
const sockets = (): number => process.getActiveResourcesInfo().filter((name) => name === "TCPSocketWrap").length;

/** Kills the process after `count` requests of a kind were answered; again and again, then, after `meanwhile`, lets it end. */
async function kill(
  line: string,
  operation: string,
  counts: readonly number[],
  meanwhile = async (): Promise<void> => {},
): Promise<void> {
  for (const count of counts) {
    const before = sockets();
    const fault = server.fault({ operation, skip: count, stallMs: 600_000 });
    const child = run(line);
    const done = once(child, "exit");
    while (fault.hits < 2 && child.exitCode === null) await delay(2);
    await delay(Math.random() * 40);
    child.kill("SIGKILL");
    expect(await done).toEqual([null, "SIGKILL"]);
    server.clearFaults();
    // What the dead had sent already, the server still reads: only then is it settled which parts are there.
    while (sockets() > before) await delay(2);
  }
  await meanwhile();
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
      [1, 2, 1],
    );
    expect(Buffer.compare(await lab.stored("killed"), bytes)).toBe(0);
    const requests = server.requests.slice(from);
    const stored = requests.filter(({ operation, statusCode }) => operation === "UploadPart" && statusCode === 200);
    const numbers = stored.map(({ url }) => /partNumber=(\d+)/.exec(url)?.[1]);
    // A part that was answered was never sent again.
    expect(new Set(numbers).size).toBe(10);
    expect(numbers).toHaveLength(10);
    expect(requests.filter(({ operation }) => operation === "CreateMultipartUpload")).toHaveLength(1);
    expect(await lab.unfinished()).toEqual([]);
  });

  it("goes on with the upload of a stream, and sends again what changed meanwhile", async () => {
    const path = JSON.stringify(lab.path("stream"));
    await writeFile(lab.path("stream"), bytes);
    const line = `s3.upload({ Bucket, Key: "stream", Body: createReadStream(${path}) }, options)`;
    const from = server.requests.length;
    await kill(line, "UploadPart", [2, 2], async () => {
      const file = await open(lab.path("stream"), "r+");
      await file.write(Buffer.alloc(100), 0, 100, 7);
      await file.close();
    });
    expect(Buffer.compare(await lab.stored("stream"), await readFile(lab.path("stream")))).toBe(0);
    const asked = server.requests.slice(from).map(({ operation }) => operation);
    expect(asked.filter((operation) => operation === "CreateMultipartUpload")).toHaveLength(1);
    expect(await lab.unfinished()).toEqual([]);
  });

  it("goes on with its download, without fetching again what is there", async () => {
    await s3.upload({ Bucket, Key: "fetched", Body: bytes });
    const path = lab.path("fetched");
    const from = server.requests.length;
    await kill(`s3.downloadFile({ Bucket, Key: "fetched" }, ${JSON.stringify(path)}, options)`, "GetObject", [3, 3, 2]);
    expect(Buffer.compare(await readFile(path), bytes)).toBe(0);
    expect(await leftovers(lab.folder)).toEqual([]);
    const requests = server.requests.slice(from).filter(({ operation }) => operation === "GetObject");
    // Ten ranges, and of each of the three deaths the two that were under way again, and at most the first besides.
    expect(requests.length).toBeLessThanOrEqual(10 + 3 * 3);
    expect(requests.length).toBeGreaterThanOrEqual(10 + 3 * 2);
  });
});

// Large objects: held once in memory, or not at all when they go to a folder. A process of its own has the server, so that what it holds can be weighed.
import { createHash } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { S3Client } from "tucuxi";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { buildServer, run } from "./built.js";

const MiB = 1024 * 1024;
const size = 256 * MiB;
const piece = createHash("shake256", { outputLength: MiB }).update("dolphin").digest();

let built: Awaited<ReturnType<typeof buildServer>>;
let folder: string;
beforeAll(async () => {
  built = await buildServer();
  folder = mkdtempSync(join(tmpdir(), "tucuxi-memory-"));
  writeFileSync(
    join(built.folder, "weighed.mjs"),
    `import { S3Server } from "./index.mjs";
     const [folder] = process.argv.slice(2);
     const server = await S3Server.start({ buckets: ["river"], ...(folder ? { folder } : {}) });
     console.log(JSON.stringify({ url: server.url, credentials: server.credentials }));
     let most = 0;
     const weigh = () => { most = Math.max(most, process.memoryUsage.rss()); };
     weigh();
     const empty = most;
     setInterval(weigh, 10);
     process.stdin.on("data", () => { weigh(); console.log("grown " + (most - empty)); });
     // However the tests end, it does not outlive them.
     process.stdin.on("end", () => process.exit());`,
  );
});
afterAll(() => {
  built.remove();
  rmSync(folder, { recursive: true, force: true });
});

async function* pieces(count: number): AsyncGenerator<Uint8Array> {
  for (let i = 0; i < count; i++) yield piece;
}

/** Puts 256 MiB, reads and copies them; gives the bytes that the server grew by at most. */
async function grown(args: readonly string[]): Promise<number> {
  const server = run([join(built.folder, "weighed.mjs"), ...args]);
  const [, said] = await server.until(/^(\{.*\})\n/);
  const { url, credentials } = JSON.parse(said!) as { url: string; credentials: S3Credentials };
  const s3 = new S3Client({ endpoint: url, region: "us-east-1", credentials });
  const target = { Bucket: "river", Key: "large" };
  await s3.putObject({ ...target, Body: pieces(size / MiB), ContentLength: size });
  const { Body, ContentLength } = await s3.getObject(target);
  const hash = createHash("md5");
  for await (const bytes of Body) hash.update(bytes);
  const wanted = createHash("md5");
  for (let i = 0; i < size / MiB; i++) wanted.update(piece);
  expect([ContentLength, hash.digest("hex")]).toEqual([size, wanted.digest("hex")]);
  await s3.copyObject({ Bucket: "river", Key: "copy", CopySource: "river/large" });
  await s3.deleteObject(target);
  server.child.stdin!.write("weigh\n");
  const [, bytes] = await server.until(/grown (\d+)\n/);
  await s3.close();
  server.child.kill();
  await server.ended;
  return Number(bytes);
}

type S3Credentials = { accessKeyId: string; secretAccessKey: string };

describe("256 MiB", () => {
  it("are held once in memory, also when they are read and copied", async () => {
    const bytes = await grown([]);
    expect(bytes).toBeGreaterThan(size * 0.9);
    expect(bytes).toBeLessThan(size * 1.6);
  });

  it("are not held at all in a folder", async () => {
    expect(await grown([join(folder, "box")])).toBeLessThan(size * 0.6);
  });
});

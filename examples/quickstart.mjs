// What a newcomer does with S3, step by step, through the public API alone. Without arguments it runs against the S3 in the
// box (tucuxi/testing); with --profile NAME, --endpoint URL or --region NAME against a real one:
//   npm run quickstart -- --profile work
//   npm run quickstart -- --endpoint http://localhost:9000
import { randomBytes } from "node:crypto";
import { createReadStream } from "node:fs";
import { mkdtemp, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { NoSuchKey, Session } from "tucuxi";

const { values: flags } = parseArgs({
  options: { profile: { type: "string" }, endpoint: { type: "string" }, region: { type: "string" } },
});

const bold = (text) => (process.stdout.isTTY ? `\x1b[1m${text}\x1b[22m` : text);
const dim = (text) => (process.stdout.isTTY ? `\x1b[2m${text}\x1b[22m` : text);
let count = 0;

/** Runs a step; prints its line of code, what came of it, and how long it took. */
async function step(code, run, show = () => "done") {
  const start = performance.now();
  const result = await run();
  const took = performance.now() - start;
  console.log(`${String(++count).padStart(2)}. ${bold(code)}\n    ${show(result)} ${dim(`(${took.toFixed(1)} ms)`)}`);
  return result;
}

let server;
let options = { endpoint: flags.endpoint, region: flags.region };
if (!flags.profile && !flags.endpoint) {
  const { S3Server } = await import("tucuxi/testing");
  server = await S3Server.start();
  options = { endpoint: server.url, credentials: server.credentials, region: server.region };
  console.log(`An S3 in the box answers at ${server.url}\n`);
}

const Bucket = `tucuxi-quickstart-${randomBytes(5).toString("hex")}`;
const folder = await mkdtemp(join(tmpdir(), "tucuxi-"));
const file = join(folder, "river.bin");
await writeFile(file, randomBytes(300_000));

const session = new Session(flags.profile ? { profile: flags.profile } : {});
const s3 = session.client(options);
try {
  await step(
    "await s3.createBucket({ Bucket })",
    () => s3.createBucket({ Bucket }),
    (out) => `made ${Bucket}${out.Location ? ` at ${out.Location}` : ""}`,
  );
  try {
    await step(
      'await s3.putObject({ Bucket, Key: "hello.txt", Body: "Olá, boto-cinza!", ContentType: "text/plain" })',
      () =>
        s3.putObject({
          Bucket,
          Key: "hello.txt",
          Body: "Olá, boto-cinza!",
          ContentType: "text/plain",
          Metadata: { river: "Amazonas" },
        }),
      (out) => `ETag ${out.ETag}`,
    );
    const ContentLength = (await stat(file)).size;
    await step(
      'await s3.putObject({ Bucket, Key: "data/river.bin", Body: createReadStream(file), ContentLength })',
      () => s3.putObject({ Bucket, Key: "data/river.bin", Body: createReadStream(file), ContentLength }),
      (out) => `${ContentLength} bytes, ETag ${out.ETag}`,
    );
    await step(
      "await s3.listObjectsV2({ Bucket })",
      () => s3.listObjectsV2({ Bucket }),
      (out) => out.Contents.map((object) => `${object.Key} (${object.Size} bytes)`).join(", "),
    );
    await step(
      'await (await s3.getObject({ Bucket, Key: "hello.txt" })).Body.text()',
      async () => {
        const out = await s3.getObject({ Bucket, Key: "hello.txt" });
        return [await out.Body.text(), out.ContentType, out.Metadata];
      },
      ([text, type, metadata]) => `${JSON.stringify(text)}, ${type}, metadata ${JSON.stringify(metadata)}`,
    );
    const url = await step(
      'await s3.presign("getObject", { Bucket, Key: "hello.txt" }, { expiresIn: 60 })',
      () => s3.presign("getObject", { Bucket, Key: "hello.txt" }, { expiresIn: 60 }),
      (link) => `${link.split("?")[0]}?...`,
    );
    await step(
      "await (await fetch(url)).text()",
      async () => (await fetch(url)).text(),
      (text) => JSON.stringify(text),
    );
    await step(
      'await s3.getObject({ Bucket, Key: "no such key" })',
      async () => {
        try {
          await s3.getObject({ Bucket, Key: "no such key" });
        } catch (error) {
          if (error instanceof NoSuchKey) return error;
          throw error;
        }
        throw new Error("the key that does not exist was found");
      },
      (error) => `caught a NoSuchKey: "${error.message}" (status ${error.statusCode}, request ${error.requestId})`,
    );
  } finally {
    await step(
      "await s3.deleteObjects({ Bucket, Delete: { Objects: Contents.map(({ Key }) => ({ Key })) } })",
      async () => {
        const { Contents } = await s3.listObjectsV2({ Bucket });
        return s3.deleteObjects({ Bucket, Delete: { Objects: Contents.map(({ Key }) => ({ Key })) } });
      },
      (out) => `deleted ${out.Deleted.map(({ Key }) => Key).join(", ")}`,
    );
    await step("await s3.deleteBucket({ Bucket })", () => s3.deleteBucket({ Bucket }));
  }
} finally {
  await s3.close();
  await server?.stop();
  await rm(folder, { recursive: true, force: true });
}
console.log("\nThat is all: examples/quickstart.mjs is these lines.");

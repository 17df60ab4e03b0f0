// A progress bar in the terminal for uploads and downloads, of files and of folders. Without arguments it moves a file to the S3 in
// the box (tucuxi/testing) and back; otherwise, with credentials and region as the AWS tools find them:
//   node examples/progress.mjs ./video.mp4 s3://bucket/videos/video.mp4
//   node examples/progress.mjs s3://bucket/videos/video.mp4 ./copy.mp4
//   node examples/progress.mjs ./folder s3://bucket/folder
// Ctrl-C ends it, and leaves nothing behind.
import { randomBytes } from "node:crypto";
import { mkdtemp, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { S3Client } from "tucuxi";

const units = ["B", "KiB", "MiB", "GiB", "TiB"];

/** 1536 -> "1.5 KiB". */
function size(bytes) {
  const power = bytes < 1 ? 0 : Math.min(Math.floor(Math.log2(bytes) / 10), units.length - 1);
  return `${(bytes / 1024 ** power).toFixed(power === 0 ? 0 : 1)} ${units[power]}`;
}

/** What `onProgress` draws: one line, drawn again in place. */
function bar(name) {
  return ({ bytes, total, files, rate }) => {
    const share = total ? bytes / total : 0;
    const columns = Math.max(10, Math.min(40, (process.stdout.columns ?? 80) - 60));
    const filled = Math.round(share * columns);
    const left = total && rate > 0 ? `${Math.ceil((total - bytes) / rate)} s left` : "";
    const line = `${name} ${"█".repeat(filled)}${"░".repeat(columns - filled)} ${(share * 100).toFixed(0).padStart(3)} %  ${size(bytes)}  ${size(rate)}/s  ${files} done  ${left}`;
    process.stdout.write(process.stdout.isTTY ? `\r\x1b[2K${line}` : `${line}\n`);
  };
}

const address = (text) => {
  const match = /^s3:\/\/([^/]+)\/?(.*)$/.exec(text);
  return match ? { Bucket: match[1], Key: match[2] } : undefined;
};

const stop = new AbortController();
process.once("SIGINT", () => stop.abort(new Error("Stopped")));

async function move(s3, from, to) {
  const [source, target] = [address(from), address(to)];
  const options = { onProgress: bar(source ? "down" : "up  "), signal: stop.signal };
  if (target && !source) {
    if ((await stat(from)).isDirectory()) {
      const { Bucket, Key: Prefix } = target;
      return s3.uploadDirectory(from, { Bucket, Prefix }, options);
    }
    return s3.uploadFile(from, target, { ...options, resume: true });
  }
  if (source && !target) return s3.downloadFile(source, to, { ...options, resume: true });
  throw new Error("Name a local path and an s3:// address");
}

const [from, to] = process.argv.slice(2);
if (from && to) {
  await withClient(new S3Client(), (s3) => move(s3, from, to));
} else {
  const { S3Server } = await import("tucuxi/testing");
  const server = await S3Server.start({ buckets: ["river"] });
  const folder = await mkdtemp(join(tmpdir(), "tucuxi-"));
  try {
    await writeFile(join(folder, "dolphin.bin"), randomBytes(64 * 1024 * 1024));
    const s3 = new S3Client({ endpoint: server.url, region: server.region, credentials: server.credentials });
    await withClient(s3, async () => {
      await move(s3, join(folder, "dolphin.bin"), "s3://river/dolphin.bin");
      process.stdout.write("\n");
      await move(s3, "s3://river/dolphin.bin", join(folder, "back.bin"));
    });
  } finally {
    await server.stop();
    await rm(folder, { recursive: true, force: true });
  }
}
process.stdout.write("\n");

/** Closes the client at the end, whatever happens. */
async function withClient(s3, job) {
  try {
    return await job(s3);
  } finally {
    await s3.close();
  }
}

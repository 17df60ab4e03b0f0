// npm run test:scale [server] [-- --endpoint=URL --region=NAME] [--keys=200000] [--tree=50000] [--puts=10000] [--streams=500] [--files=20000] [--limit=400]
//
// Many keys, many requests, many streams, many files, against the S3 in the box (in a process of its own), a server of test/servers, or an endpoint
// with the keys of the environment. Prints time, rate and the peak of this process's memory for each step; fails on an error, on a wrong
// count, and on a peak above the limit (MB of resident memory).
import { createHash, randomBytes } from "node:crypto";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { parseArgs } from "node:util";
import { S3Client, S3Resource } from "tucuxi";
import { startTarget } from "../servers/target.mjs";

const text = { type: "string" };
const { values: flags, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    endpoint: text,
    region: text,
    keys: text,
    tree: text,
    puts: text,
    streams: text,
    files: text,
    limit: text,
  },
});
const number = (name, otherwise) => (flags[name] === undefined ? otherwise : Number(flags[name]));
const [keys, tree, puts] = [number("keys", 200_000), number("tree", 50_000), number("puts", 10_000)];
const [streams, files, limit] = [number("streams", 500), number("files", 20_000), number("limit", 400)];
const streamed = 1 << 20;
const mega = (bytes) => (bytes / 1e6).toFixed(0).padStart(5);

const keyOf = (n, inTree) =>
  n < inTree ? `tree/${n % 100}/${Math.floor(n / 100) % 100}/${n}` : `flat/${String(n).padStart(7, "0")}`;
const md5 = (bytes) => createHash("md5").update(bytes).digest("hex");

const where = await startTarget(positionals[0], flags);
const Bucket = `tucuxi-scale-${randomBytes(5).toString("hex")}`;
let highest = 0;
console.log(
  `${where.name}: ${where.options.endpoint}, Node ${process.versions.node}, resident at the start${mega(process.memoryUsage.rss())} MB`,
);
try {
  const s3 = new S3Client(where.options);
  await s3.createBucket({ Bucket });
  const [inTree, beside] = [tree, keys - tree];

  await step("keys put, 64 at a time", keys, async () => {
    await inParallel(64, keys, (n) => s3.putObject({ Bucket, Key: keyOf(n, inTree), Body: "x" }));
  });

  await step("keys listed", keys, async () => {
    let count = 0;
    let last = "";
    for await (const { Key } of s3.paginate("listObjectsV2", { Bucket }).items()) {
      if (!(Key > last)) throw new Error(`${Key} was listed behind ${last}`);
      last = Key;
      count += 1;
    }
    expect(count, keys);
  });

  await step("keys of a tree deleted", inTree, async () => {
    const bucket = new S3Resource(s3).bucket(Bucket);
    await bucket.objects.filter({ Prefix: "tree/" }).delete();
    expect((await s3.listObjectsV2({ Bucket, Prefix: "tree/" })).KeyCount, 0);
    expect((await s3.listObjectsV2({ Bucket, MaxKeys: 1 })).Contents.length, beside > 0 ? 1 : 0);
  });

  await step("puts at once", puts, async () => {
    const answers = await Promise.all(
      Array.from({ length: puts }, (_, n) => s3.putObject({ Bucket, Key: `put/${n}`, Body: `body ${n}` })),
    );
    expect(answers.filter(({ ETag }, n) => ETag === `"${md5(`body ${n}`)}"`).length, puts);
  });

  const wide = new S3Client({ ...where.options, maxConnections: streams });
  const piece = randomBytes(1 << 16);
  const whole = md5(Buffer.concat(Array(streamed / piece.length).fill(piece)));
  await step("streams up at once, 1 MiB each", streams, async () => {
    const answers = await Promise.all(
      Array.from({ length: streams }, (_, n) =>
        wide.putObject({ Bucket, Key: `stream/${n}`, Body: pieces(piece), ContentLength: streamed }),
      ),
    );
    expect(answers.filter(({ ETag }) => ETag === `"${whole}"`).length, streams);
  });

  await step("streams down at once, 1 MiB each", streams, async () => {
    // All are open before the first is read.
    const open = await Promise.all(
      Array.from({ length: streams }, (_, n) => wide.getObject({ Bucket, Key: `stream/${n}` })),
    );
    const sums = await Promise.all(
      open.map(async ({ Body }) => {
        const hash = createHash("md5");
        for await (const chunk of Body) hash.update(chunk);
        return hash.digest("hex");
      }),
    );
    expect(sums.filter((sum) => sum === whole).length, streams);
  });
  await wide.close();

  const folder = await mkdtemp(join(tmpdir(), "tucuxi-scale-"));
  try {
    await moveFiles(s3, folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }

  const left = beside + puts + streams + files;
  await step("keys deleted, the bucket with them", left, async () => {
    await new S3Resource(s3).bucket(Bucket).objects.all().delete();
    await s3.deleteBucket({ Bucket });
  });
  await s3.close();
} finally {
  await where.stop();
}
console.log(`peak of resident memory${mega(highest)} MB, the limit${mega(limit * 1e6)} MB`);
if (highest > limit * 1e6) {
  console.error("scale: above the limit");
  process.exitCode = 1;
}

/** A tree of files of 4 KiB, a thousand folders of them: up, compared, down, compared, and some read again. */
async function moveFiles(s3, folder) {
  const place = { Bucket, Prefix: "files" };
  const [source, target] = [join(folder, "source"), join(folder, "target")];
  const pathOf = (n) => join(String(n % 100), String(Math.floor(n / 100) % 10), String(n));
  const contentOf = (n) => Buffer.alloc(4096, `${n} `);
  await inParallel(8, Math.min(files, 1000), (n) => mkdir(dirname(join(source, pathOf(n))), { recursive: true }));
  await inParallel(8, files, (n) => writeFile(join(source, pathOf(n)), contentOf(n)));
  const moved = (transferred, unchanged) => (result) => {
    expect(result.failures.length, 0);
    expect(result.transferred, transferred);
    expect(result.unchanged, unchanged);
  };
  await step("files of 4 KiB up", files, () => s3.uploadDirectory(source, place).then(moved(files, 0)));
  await step("files compared with objects", files, () => s3.sync(source, place).then(moved(0, files)));
  await step("files of 4 KiB down", files, () => s3.downloadDirectory(place, target).then(moved(files, 0)));
  await step("objects compared with files", files, () => s3.sync(place, target).then(moved(0, files)));
  // Reading all of them would leave more garbage than what is measured.
  const sampled = Math.min(files, 1000);
  let same = 0;
  await inParallel(1, sampled, async (i) => {
    const n = Math.floor((i * files) / sampled);
    if ((await readFile(join(target, pathOf(n)))).equals(contentOf(n))) same += 1;
  });
  expect(same, sampled);
}

/** Runs a step, watches memory meanwhile, prints its line. */
async function step(what, count, work) {
  let peak = process.memoryUsage.rss();
  const watch = setInterval(() => {
    peak = Math.max(peak, process.memoryUsage.rss());
  }, 20);
  const began = performance.now();
  try {
    await work();
  } finally {
    clearInterval(watch);
  }
  const seconds = (performance.now() - began) / 1000;
  highest = Math.max(highest, peak);
  const rate = (count / seconds).toFixed(0);
  console.log(
    `${String(count).padStart(8)} ${what.padEnd(36)} ${seconds.toFixed(1).padStart(7)} s ${rate.padStart(7)}/s  peak${mega(peak)} MB`,
  );
}

function expect(actual, expected) {
  if (actual !== expected) throw new Error(`expected ${expected}, got ${actual}`);
}

async function inParallel(width, count, work) {
  let next = 0;
  const worker = async () => {
    while (next < count) await work(next++);
  };
  await Promise.all(Array.from({ length: width }, worker));
}

async function* pieces(piece) {
  for (let sent = 0; sent < streamed; sent += piece.length) yield piece;
}

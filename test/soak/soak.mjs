// npm run test:soak [server] [-- --endpoint=URL --region=NAME] [--minutes=10] [--workers=16]
//
// Ten minutes at full speed: puts, gets, lists, deletes, copies and multipart uploads, with faults mixed in by a proxy. Every byte is
// accounted for, and memory, sockets and handles are watched: what grows after the warm-up fails the run. It goes against the S3 in the
// box (in a process of its own), a server of test/servers, or an endpoint with the keys of the environment.
import { fork } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { ChecksumMismatchError, S3Client, S3ServiceError, TransportError } from "tucuxi";
import { startTarget } from "../servers/target.mjs";

const text = { type: "string" };
const { values: given, positionals } = parseArgs({
  allowPositionals: true,
  options: { endpoint: text, region: text, minutes: text, workers: text },
});
const minutes = Number(given.minutes ?? 10);
const workers = Number(given.workers ?? 16);
const MiB = 1024 * 1024;

/** Sockets that the client may open. */
const MOST_SOCKETS = 12;
/** What memory and sockets may gain between the end of the warm-up and the end. */
const GROWTH = { heap: 12 * MiB, rss: 64 * MiB, handles: 4 };

process.on("unhandledRejection", (reason) => {
  console.error("unhandled rejection:", reason);
  process.exit(1);
});

const where = await startTarget(positionals[0], given);
const proxy = fork(fileURLToPath(new URL("proxy.mjs", import.meta.url)));
const ask = async (message) => {
  proxy.send(message);
  return (await once(proxy, "message"))[0];
};
const Bucket = `tucuxi-soak-${randomBytes(5).toString("hex")}`;
const direct = new S3Client(where.options);
await direct.createBucket({ Bucket });

const s3 = new S3Client({
  ...where.options,
  ...(await ask({ endpoint: where.options.endpoint })),
  maxConnections: MOST_SOCKETS,
  maxAttempts: 6,
  requestTimeout: 20_000,
});
console.log(`${where.name}: ${where.options.endpoint}, ${minutes} minutes, Node ${process.versions.node}`);

const counts = { put: 0, get: 0, range: 0, unread: 0, list: 0, delete: 0, copy: 0, multipart: 0, abort: 0 };
const faults = { retried: 0, gaveUp: 0 };
let bytesUp = 0;
let bytesDown = 0;
const wrong = [];

/** Bytes that cost little to make, and of which no two keys have the same. */
const noise = Buffer.alloc(8 * MiB);
for (let i = 0, x = 88172645; i < noise.length; i += 4) {
  x ^= x << 13;
  x ^= x >>> 17;
  x ^= x << 5;
  noise.writeInt32LE(x, i);
}
const pick = (list) => list[Math.floor(Math.random() * list.length)];
const body = (size) => {
  const from = Math.floor(Math.random() * (noise.length - size));
  return noise.subarray(from, from + size);
};
const sum = (bytes) => createHash("sha1").update(bytes).digest("base64");
const sizes = [0, 1, 100, 1000, 10_000, 10_000, 65_536, 300_000, 1_000_000];

/** An error that the faults explain: as many in a row as there are attempts. */
const explained = (error) =>
  error instanceof TransportError ||
  error.name === "IncompleteBodyError" ||
  (error instanceof S3ServiceError && (error.statusCode >= 500 || error.code === "SlowDown"));

/** One worker: its keys are its own, so it knows what must be there. */
async function work(name, until) {
  /** What must be at each key: sum and length; `undefined` in the place of one whose last change has an unknown outcome. */
  const there = new Map();
  const keys = Array.from({ length: 8 }, (_, i) => `worker-${name}/key ${i} é&<`);
  const retried = (output) => {
    faults.retried += output.ResponseMetadata.RetryAttempts;
    return output;
  };
  const check = (what, Key, expected, bytes) => {
    bytesDown += bytes.length;
    if (expected && (bytes.length !== expected.length || sum(bytes) !== expected.sum)) {
      wrong.push(`${what} ${Key}: ${bytes.length} bytes that are not the ${expected.length} that were put`);
    }
  };
  const change = async (Key, after, act) => {
    const before = there.get(Key);
    there.set(Key, undefined);
    const result = await act();
    if (after) there.set(Key, after);
    else there.delete(Key);
    return { before, result };
  };
  const known = () => keys.filter((Key) => there.get(Key) !== undefined);

  const steps = {
    async put() {
      const bytes = body(pick(sizes));
      const Key = pick(keys);
      const stream = Math.random() < 0.3;
      const Body = stream ? () => [bytes.subarray(0, bytes.length >> 1), bytes.subarray(bytes.length >> 1)] : bytes;
      await change(Key, { sum: sum(bytes), length: bytes.length }, async () =>
        retried(await s3.putObject({ Bucket, Key, Body, ...(stream ? { ContentLength: bytes.length } : {}) })),
      );
      bytesUp += bytes.length;
    },
    async get() {
      const Key = pick(known());
      if (Key === undefined) return;
      const output = retried(await s3.getObject({ Bucket, Key }));
      const how = Math.floor(Math.random() * 3);
      const pieces = [];
      if (how === 0) pieces.push(await output.Body.bytes());
      else for await (const piece of how === 1 ? output.Body : output.Body.readable()) pieces.push(piece);
      check("get", Key, there.get(Key), pieces.length === 1 ? pieces[0] : Buffer.concat(pieces));
    },
    async range() {
      const Key = pick(known());
      const { length = 0 } = (Key && there.get(Key)) ?? {};
      if (length < 100) return;
      const output = retried(await s3.getObject({ Bucket, Key, Range: `bytes=${length - 100}-${length - 1}` }));
      const bytes = await output.Body.bytes();
      bytesDown += bytes.length;
      if (bytes.length !== 100) wrong.push(`range of ${Key}: ${bytes.length} bytes`);
    },
    async unread() {
      const Key = pick(known());
      if (Key === undefined) return;
      const { Body } = await s3.getObject({ Bucket, Key });
      if (Math.random() < 0.5) Body.destroy();
    },
    async list() {
      const found = [];
      for await (const page of s3.paginate("listObjectsV2", { Bucket, Prefix: `worker-${name}/` }, { pageSize: 5 })) {
        found.push(...page.Contents.map(({ Key, Size }) => [Key, Size]));
      }
      const sizesFound = new Map(found);
      for (const Key of keys) {
        const expected = there.get(Key);
        if (expected && sizesFound.get(Key) !== expected.length)
          wrong.push(`list: ${Key} has ${sizesFound.get(Key)}, not ${expected.length}`);
        if (!there.has(Key) && sizesFound.has(Key)) wrong.push(`list: ${Key} is there, and was deleted`);
      }
      if (found.length !== sizesFound.size) wrong.push("list: a key came twice");
    },
    async delete() {
      const Key = pick(keys);
      await change(Key, undefined, async () => retried(await s3.deleteObject({ Bucket, Key })));
    },
    async copy() {
      const from = pick(known());
      const Key = pick(keys);
      if (from === undefined || from === Key) return;
      await change(Key, there.get(from), async () =>
        retried(await s3.copyObject({ Bucket, Key, CopySource: { Bucket, Key: from } })),
      );
    },
    async multipart() {
      const Key = pick(keys);
      const bytes = body(6 * MiB);
      await change(Key, { sum: sum(bytes), length: bytes.length }, async () => {
        const { UploadId } = retried(await s3.createMultipartUpload({ Bucket, Key }));
        try {
          const Parts = await Promise.all(
            [bytes.subarray(0, 5 * MiB), bytes.subarray(5 * MiB)].map(async (part, i) => {
              const { ETag } = retried(await s3.uploadPart({ Bucket, Key, UploadId, PartNumber: i + 1, Body: part }));
              return { ETag, PartNumber: i + 1 };
            }),
          );
          retried(await s3.completeMultipartUpload({ Bucket, Key, UploadId, MultipartUpload: { Parts } }));
        } catch (error) {
          await s3.abortMultipartUpload({ Bucket, Key, UploadId }).catch(() => {});
          throw error;
        }
      });
      bytesUp += bytes.length;
    },
    async abort() {
      const Key = pick(known());
      if (Key === undefined) return;
      const controller = new AbortController();
      setTimeout(() => controller.abort(new Error("enough")), Math.random() * 10);
      try {
        const { Body } = await s3.getObject({ Bucket, Key }, { signal: controller.signal });
        await Body.bytes();
      } catch (error) {
        if (error.message !== "enough") throw error;
      }
    },
  };
  const mix = Object.entries({
    put: 8,
    get: 16,
    range: 4,
    unread: 1,
    list: 2,
    delete: 2,
    copy: 2,
    multipart: 0.3,
    abort: 2,
  });
  const total = mix.reduce((all, [, share]) => all + share, 0);
  while (performance.now() < until) {
    let dice = Math.random() * total;
    let step = "get";
    for (const [name, share] of mix) {
      step = name;
      dice -= share;
      if (dice < 0) break;
    }
    try {
      await steps[step]();
      counts[step]++;
    } catch (error) {
      faults.gaveUp++;
      if (error instanceof ChecksumMismatchError || !explained(error)) wrong.push(`${step}: ${error.stack}`);
    }
    if (wrong.length > 20) return;
  }
  // At the end, everything once more; then nothing is left.
  const surely = async (act) => {
    for (let attempt = 1; ; attempt++) {
      try {
        return await act();
      } catch (error) {
        if (attempt === 5 || !explained(error)) return wrong.push(`at the end: ${error.stack}`);
      }
    }
  };
  for (const [Key, expected] of there) {
    if (expected) {
      const get = async () => (await s3.getObject({ Bucket, Key })).Body.bytes();
      await surely(async () => check("at the end", Key, expected, await get()));
    }
    await surely(() => s3.deleteObject({ Bucket, Key }));
  }
}

const samples = [];
const startedAt = performance.now();
/** Two collections: what weak references hold goes with the second. */
async function sample() {
  for (let i = 0; i < 2; i++) {
    globalThis.gc?.();
    await new Promise((resolve) => setImmediate(resolve));
  }
  const { rss, heapUsed, external } = process.memoryUsage();
  const stats = s3.stats() ?? {};
  const one = {
    seconds: Math.round((performance.now() - startedAt) / 1000),
    calls: Object.values(counts).reduce((all, n) => all + n, 0),
    rss,
    heap: heapUsed,
    external,
    sockets: stats.sockets ?? 0,
    queued: stats.queued ?? 0,
    opened: stats.opened ?? 0,
    handles: process.getActiveResourcesInfo().filter((kind) => !/Immediate|Timeout|TTY|Pipe/.test(kind)).length,
  };
  samples.push(one);
  const mib = (bytes) => (bytes / MiB).toFixed(1).padStart(7);
  console.log(
    `${String(one.seconds).padStart(5)} s ${String(one.calls).padStart(8)} calls  rss ${mib(one.rss)}  heap ${mib(one.heap)}  external ${mib(one.external)} MiB  ` +
      `sockets ${one.sockets}  queued ${one.queued}  opened ${one.opened}  handles ${one.handles}  retried ${faults.retried}  gave up ${faults.gaveUp}`,
  );
  if (one.sockets > MOST_SOCKETS) wrong.push(`${one.sockets} sockets, where ${MOST_SOCKETS} are allowed`);
}

const until = performance.now() + minutes * 60_000;
const timer = setInterval(() => void sample(), Math.max(2000, Math.min(15_000, (minutes * 60_000) / 20)));
await Promise.all(Array.from({ length: workers }, (_, i) => work(String(i), until)));
clearInterval(timer);
await sample();
await s3.close();
// Idle, everything must be gone.
for (let i = 0; i < 50 && s3.stats().sockets > 0; i++) await new Promise((resolve) => setTimeout(resolve, 20));
const { sockets, queued, running } = s3.stats();
if (sockets + queued + running > 0) wrong.push(`after close: ${JSON.stringify(s3.stats())}`);

/** The middle of a few samples: one alone says little of a heap. */
const middle = (list, of) => list.map(of).sort((a, b) => a - b)[list.length >> 1];
const third = Math.max(1, Math.floor(samples.length / 4));
const early = samples.slice(third, 2 * third);
const late = samples.slice(-third);
const table = {};
for (const of of ["rss", "heap", "external", "sockets", "handles"]) {
  const before = middle(early.length > 0 ? early : samples, (one) => one[of]);
  const after = middle(late, (one) => one[of]);
  const bytes = of === "rss" || of === "heap" || of === "external";
  const show = (value) => (bytes ? `${(value / MiB).toFixed(1)} MiB` : String(value));
  table[of] = { "after warm-up": show(before), "at the end": show(after), growth: show(after - before) };
  const limit = of === "external" ? GROWTH.heap : GROWTH[of];
  if (samples.length >= 8 && limit !== undefined && after - before > limit)
    wrong.push(`${of} grew by ${show(after - before)}`);
}
const { met } = await ask({});
proxy.disconnect();
// The bucket must be as the workers left it: empty, but for uploads whose beginning they were not told of.
const { Contents } = await direct.listObjectsV2({ Bucket });
for (const { Key } of Contents) {
  wrong.push(`left behind: ${Key}`);
  await direct.deleteObject({ Bucket, Key });
}
const { Uploads } = await direct.listMultipartUploads({ Bucket });
for (const { Key, UploadId } of Uploads) await direct.abortMultipartUpload({ Bucket, Key, UploadId });
await direct.deleteBucket({ Bucket });
await direct.close();
await where.stop();

console.log();
console.table(Object.fromEntries(Object.entries(met).map(([name, n]) => [name, { met: n }])));
console.table(table);
console.table({
  ...Object.fromEntries(Object.entries(counts).map(([name, n]) => [name, { calls: n }])),
  "MiB up": { calls: Math.round(bytesUp / MiB) },
  "MiB down, all compared": { calls: Math.round(bytesDown / MiB) },
  "attempts repeated": { calls: faults.retried },
  "calls given up after all attempts": { calls: faults.gaveUp },
});
for (const line of wrong.slice(0, 20)) console.error("WRONG", line);
console.log(wrong.length === 0 ? "soak: good" : `soak: ${wrong.length} things wrong`);
process.exitCode = wrong.length === 0 ? 0 : 1;

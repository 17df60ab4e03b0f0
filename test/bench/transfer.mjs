// What transfers cost beside those of others: `npm run build`, `npm install` in this folder, then `node test/bench/transfer.mjs [MiB] [files]`.
//
// Each job runs in a process of its own, against a store in another one (store.mjs): time, CPU time of the client and peak memory, the best of
// three. The floor is what nobody can leave out: reading the file, SHA-256 (as over plain HTTP) and the bytes through a socket; or bytes from a
// socket into a file. Ratios travel, figures don't. Peers that are not installed are left out.
import { fork, spawnSync } from "node:child_process";
import { hash } from "node:crypto";
import { mkdir, mkdtemp, open, rm, writeFile } from "node:fs/promises";
import { request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const MIB = 1024 * 1024;
const [, self, job] = process.argv;

async function perform(task, who, folder, port, size) {
  const run = await contenders[who](task, folder, `http://127.0.0.1:${port}`, Number(size));
  const before = process.cpuUsage();
  const start = performance.now();
  await run();
  const seconds = (performance.now() - start) / 1000;
  const { user, system } = process.cpuUsage(before);
  console.log(JSON.stringify({ seconds, cpu: (user + system) / 1e6, memory: process.resourceUsage().maxRSS / 1024 }));
}

/** So many lanes side by side until the numbers below `count` are used up. */
async function lanes(number, count, job) {
  let next = 0;
  await Promise.all(
    Array.from({ length: number }, async () => {
      while (next < count) await job(next++);
    }),
  );
}

const name = (i) => String(i).padStart(5, "0");

function ask(endpoint, method, path, body, take) {
  return new Promise((resolve, reject) => {
    const sent = request(
      `${endpoint}${path}`,
      { method, agent, headers: body ? { "content-length": body.length } : {} },
      (response) => {
        response.on("data", take ?? (() => {}));
        response.on("end", resolve);
        response.on("error", reject);
      },
    );
    sent.on("error", reject);
    sent.end(body);
  });
}
const agent = new (await import("node:http")).Agent({ keepAlive: true, maxSockets: 16 });

const contenders = {
  async floor(task, folder, endpoint, size) {
    const part = 8 * MIB;
    const { readdir, readFile } = await import("node:fs/promises");
    return {
      up: async () => {
        const file = await open(join(folder, "large"), "r");
        await lanes(8, size / part, async (i) => {
          const { buffer } = await file.read(Buffer.allocUnsafe(part), 0, part, i * part);
          hash("sha256", buffer);
          await ask(endpoint, "PUT", "/bench/large", buffer);
        });
        await file.close();
      },
      down: async () => {
        const file = await open(join(folder, "out"), "w");
        let at = 0;
        let writing = Promise.resolve();
        await ask(endpoint, "GET", "/bench/large", undefined, (piece) => {
          const position = at;
          at += piece.length;
          writing = Promise.all([writing, file.write(piece, 0, piece.length, position)]);
        });
        await writing;
        await file.close();
      },
      "up-many": async () => {
        const files = await readdir(join(folder, "small"));
        await lanes(16, files.length, async (i) => {
          const bytes = await readFile(join(folder, "small", files[i]));
          hash("sha256", bytes);
          await ask(endpoint, "PUT", `/bench/small/${files[i]}`, bytes);
        });
      },
      "down-many": async () => {
        await mkdir(join(folder, "many"), { recursive: true });
        await lanes(16, 10_000, async (i) => {
          const pieces = [];
          await ask(endpoint, "GET", `/bench/small/${name(i)}`, undefined, (piece) => pieces.push(piece));
          await writeFile(join(folder, "many", name(i)), Buffer.concat(pieces));
        });
      },
    }[task];
  },

  async tucuxi(task, folder, endpoint) {
    const { S3Client } = await import("../../dist/index.js");
    const s3 = new S3Client({ endpoint, region: "us-east-1", credentials: { accessKeyId: "a", secretAccessKey: "b" } });
    const Bucket = "bench";
    return {
      up: () => s3.uploadFile(join(folder, "large"), { Bucket, Key: "large" }),
      down: () => s3.downloadFile({ Bucket, Key: "large" }, join(folder, "out")),
      "up-many": () => s3.uploadDirectory(join(folder, "small"), { Bucket, Prefix: "small" }),
      "down-many": () => s3.downloadDirectory({ Bucket, Prefix: "small" }, join(folder, "many")),
    }[task];
  },

  async "aws-sdk"(task, folder, endpoint) {
    const { S3Client, GetObjectCommand } = await import("@aws-sdk/client-s3");
    const { Upload } = await import("@aws-sdk/lib-storage");
    const { createReadStream, createWriteStream } = await import("node:fs");
    const { readdir } = await import("node:fs/promises");
    const { pipeline } = await import("node:stream/promises");
    const client = new S3Client({
      endpoint,
      region: "us-east-1",
      forcePathStyle: true,
      credentials: { accessKeyId: "a", secretAccessKey: "b" },
    });
    const Bucket = "bench";
    const put = (path, Key) =>
      new Upload({
        client,
        params: { Bucket, Key, Body: createReadStream(path) },
        partSize: 8 * MIB,
        queueSize: 8,
      }).done();
    const get = async (Key, path) =>
      pipeline((await client.send(new GetObjectCommand({ Bucket, Key }))).Body, createWriteStream(path));
    return {
      up: () => put(join(folder, "large"), "large"),
      down: () => get("large", join(folder, "out")),
      "up-many": async () => {
        const files = await readdir(join(folder, "small"));
        await lanes(16, files.length, (i) => put(join(folder, "small", files[i]), `small/${files[i]}`));
      },
      "down-many": async () => {
        await mkdir(join(folder, "many"), { recursive: true });
        await lanes(16, 10_000, (i) => get(`small/${name(i)}`, join(folder, "many", name(i))));
      },
    }[task];
  },

  async minio(task, folder, endpoint) {
    const { Client } = await import("minio");
    const { readdir } = await import("node:fs/promises");
    const { hostname, port } = new URL(endpoint);
    const client = new Client({
      endPoint: hostname,
      port: Number(port),
      useSSL: false,
      accessKey: "a",
      secretKey: "b",
      region: "us-east-1",
      partSize: 8 * MIB,
    });
    return {
      up: () => client.fPutObject("bench", "large", join(folder, "large")),
      down: () => client.fGetObject("bench", "large", join(folder, "out")),
      "up-many": async () => {
        const files = await readdir(join(folder, "small"));
        await lanes(16, files.length, (i) =>
          client.fPutObject("bench", `small/${files[i]}`, join(folder, "small", files[i])),
        );
      },
      "down-many": async () => {
        await lanes(16, 10_000, (i) => client.fGetObject("bench", `small/${name(i)}`, join(folder, "many", name(i))));
      },
    }[task];
  },
};

if (job === "--job") await perform(...process.argv.slice(3));
else await compare();
process.exit();

async function compare() {
  const large = Number(process.argv[2] ?? 1024) * MIB;
  const count = Number(process.argv[3] ?? 10_000);
  const folder = await mkdtemp(join(tmpdir(), "tucuxi-bench-"));
  const store = fork(fileURLToPath(new URL("store.mjs", import.meta.url)), [String(large)], {
    stdio: ["ignore", "pipe", "inherit", "ipc"],
  });
  const port = await new Promise((resolve) => store.stdout.once("data", (text) => resolve(Number(text))));
  try {
    const block = Buffer.alloc(MIB, "river");
    const file = await open(join(folder, "large"), "w");
    for (let at = 0; at < large; at += MIB) await file.write(block);
    await file.close();
    await mkdir(join(folder, "small"));
    for (let i = 0; i < count; i++)
      await writeFile(join(folder, "small", String(i).padStart(5, "0")), block.subarray(0, 4096));
    for (const task of ["up", "down", "up-many", "down-many"]) {
      console.log(
        `\n${task.endsWith("many") ? `${count} files of 4 KiB` : `${large / MIB} MiB`}, ${task.startsWith("up") ? "up" : "down"}`,
      );
      for (const who of ["floor", "tucuxi", "aws-sdk", "minio"]) {
        let best;
        for (let round = 0; round < 3; round++) {
          const { stdout, status } = spawnSync(
            process.execPath,
            [self, "--job", task, who, folder, String(port), String(large)],
            {
              encoding: "utf8",
              stdio: ["ignore", "pipe", process.env.DEBUG ? "inherit" : "ignore"],
            },
          );
          if (status !== 0) break;
          const result = JSON.parse(stdout);
          if (!best || result.seconds < best.seconds) best = result;
        }
        if (!best) console.log(`  ${who.padEnd(10)} -`);
        else
          console.log(
            `  ${who.padEnd(10)} ${best.seconds.toFixed(2).padStart(7)} s  ${best.cpu.toFixed(2).padStart(7)} s CPU  ${best.memory.toFixed(0).padStart(5)} MiB`,
          );
      }
    }
  } finally {
    store.disconnect();
    await rm(folder, { recursive: true, force: true });
  }
}

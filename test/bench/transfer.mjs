// What transfers cost beside those of others: `npm run build`, `npm install` in this folder, then
// `node test/bench/transfer.mjs [MiB] [files] [contender,...] [job,...]`.
//
// Each job runs in a process of its own, against a store in another one (store.mjs): time, CPU time of the client and peak memory. Contenders
// take turns, round by round, and each is judged by the best of three. The floor is what nobody can leave out: reading the file, SHA-256 (as
// over plain HTTP) and the bytes through a socket; or bytes from a socket into a file. Ratios travel, figures don't. The AWS CLI, s5cmd and
// rclone are measured where they are installed (their figures include the start of the program). Peers that are missing are left out.
import { fork, spawn, spawnSync } from "node:child_process";
import { hash } from "node:crypto";
import { readFileSync } from "node:fs";
import { mkdir, mkdtemp, open, rm, writeFile } from "node:fs/promises";
import { request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const MIB = 1024 * 1024;
const [, self, job] = process.argv;

async function perform(task, who, folder, port, size, count) {
  const endpoint = `http://127.0.0.1:${port}`;
  if (who in programs) {
    console.log(JSON.stringify(await performed(programs[who](task, folder, endpoint))));
    return;
  }
  const run = await contenders[who](task, folder, endpoint, Number(size), Number(count));
  const before = process.cpuUsage();
  const start = performance.now();
  await run();
  const seconds = (performance.now() - start) / 1000;
  const { user, system } = process.cpuUsage(before);
  console.log(JSON.stringify({ seconds, cpu: (user + system) / 1e6, memory: process.resourceUsage().maxRSS / 1024 }));
}

/** Another program: what Linux says of a process once it has ended, and its memory as long as it runs. */
async function performed([command, ...args]) {
  const start = performance.now();
  const child = spawn(command, args, {
    stdio: ["ignore", "ignore", "inherit"],
    env: { ...process.env, ...keys, AWS_CA_BUNDLE: undefined },
  });
  let memory = 0;
  const timer = setInterval(() => {
    try {
      memory = Number(/VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${child.pid}/status`, "utf8"))?.[1] ?? memory);
    } catch {
      // It has ended.
    }
  }, 10);
  const code = await new Promise((resolve, reject) => child.on("error", reject).on("exit", resolve));
  clearInterval(timer);
  const seconds = (performance.now() - start) / 1000;
  if (code !== 0) throw new Error(`${command} ended with ${code}`);
  // Fields behind the name, which is in brackets: 16 and 17 are the CPU time of children, in hundredths of a second.
  const fields = readFileSync("/proc/self/stat", "utf8").split(") ").at(-1).split(" ");
  return { seconds, cpu: (Number(fields[13]) + Number(fields[14])) / 100, memory: memory / 1024 };
}

const keys = {
  AWS_ACCESS_KEY_ID: "a",
  AWS_SECRET_ACCESS_KEY: "b",
  AWS_DEFAULT_REGION: "us-east-1",
  AWS_REGION: "us-east-1",
};

/** Programs, as command lines. */
const programs = {
  "aws-cli"(task, folder, endpoint) {
    const aws = (...args) => ["aws", "--endpoint-url", endpoint, "s3", "cp", "--quiet", ...args];
    return {
      up: aws(join(folder, "large"), "s3://bench/large"),
      down: aws("s3://bench/large", join(folder, "out")),
      "up-many": aws("--recursive", join(folder, "small"), "s3://bench/small"),
      "down-many": aws("--recursive", "s3://bench/small", join(folder, "many")),
    }[task];
  },
  s5cmd(task, folder, endpoint) {
    const s5cmd = (...args) => ["s5cmd", "--endpoint-url", endpoint, "--log", "error", "cp", ...args];
    return {
      up: s5cmd(join(folder, "large"), "s3://bench/large"),
      down: s5cmd("s3://bench/large", join(folder, "out")),
      "up-many": s5cmd(`${join(folder, "small")}/`, "s3://bench/small/"),
      "down-many": s5cmd("s3://bench/small/*", `${join(folder, "many")}/`),
    }[task];
  },
  rclone(task, folder, endpoint) {
    const remote = `:s3,provider=Other,env_auth=true,list_version=2,endpoint='${endpoint}':bench`;
    const rclone = (command, ...args) => [
      "rclone",
      command,
      "--config=",
      "--transfers=16",
      "--s3-upload-concurrency=8",
      "--s3-chunk-size=8M",
      "--s3-no-check-bucket",
      "--s3-no-head",
      "--ignore-checksum",
      "--ignore-times",
      "--no-check-dest",
      ...args,
    ];
    return {
      up: rclone("copyto", join(folder, "large"), `${remote}/large`),
      down: rclone("copyto", `${remote}/large`, join(folder, "out")),
      "up-many": rclone("copy", join(folder, "small"), `${remote}/small/`),
      "down-many": rclone("copy", `${remote}/small/`, join(folder, "many")),
    }[task];
  },
};

/** So many lanes side by side until the numbers below `count` are used up. */
async function lanes(number, count, job) {
  let next = 0;
  await Promise.all(
    Array.from({ length: number }, async () => {
      while (next < count) await job(next++);
    }),
  );
}

const name = (i) => String(i).padStart(6, "0");

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
  async floor(task, folder, endpoint, size, count) {
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
        await lanes(16, count, async (i) => {
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

  async "aws-sdk"(task, folder, endpoint, _size, count) {
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
        await lanes(16, count, (i) => get(`small/${name(i)}`, join(folder, "many", name(i))));
      },
    }[task];
  },

  async minio(task, folder, endpoint, _size, count) {
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
        await lanes(16, count, (i) => client.fGetObject("bench", `small/${name(i)}`, join(folder, "many", name(i))));
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
  const all = [...Object.keys(contenders), ...Object.keys(programs)];
  const asked = process.argv[4]?.split(",") ?? all;
  const jobs = process.argv[5]?.split(",") ?? ["up", "down", "up-many", "down-many"];
  const folder = await mkdtemp(join(tmpdir(), "tucuxi-bench-"));
  const store = fork(fileURLToPath(new URL("store.mjs", import.meta.url)), [String(large), String(count)], {
    stdio: ["ignore", "pipe", "inherit", "ipc"],
  });
  const port = await new Promise((resolve) => store.stdout.once("data", (text) => resolve(Number(text))));
  try {
    const block = Buffer.alloc(MIB, "river");
    const file = await open(join(folder, "large"), "w");
    for (let at = 0; at < large; at += MIB) await file.write(block);
    await file.close();
    await mkdir(join(folder, "small"));
    for (let i = 0; i < count; i++) await writeFile(join(folder, "small", name(i)), block.subarray(0, 4096));
    for (const task of jobs) {
      console.log(
        `\n${task.endsWith("many") ? `${count} files of 4 KiB` : `${large / MIB} MiB`}, ${task.startsWith("up") ? "up" : "down"}`,
      );
      const best = new Map();
      for (let round = 0; round < 3; round++) {
        for (const who of asked) {
          if (round > 0 && !best.has(who)) continue;
          // What was there before would be replaced, which costs more than a new file.
          for (const made of ["out", "many"]) await rm(join(folder, made), { recursive: true, force: true });
          const { stdout, status } = spawnSync(
            process.execPath,
            [self, "--job", task, who, folder, String(port), String(large), String(count)],
            { encoding: "utf8", stdio: ["ignore", "pipe", process.env.DEBUG ? "inherit" : "ignore"] },
          );
          if (status !== 0) continue;
          const result = JSON.parse(stdout);
          const before = best.get(who) ?? result;
          best.set(who, {
            seconds: Math.min(before.seconds, result.seconds),
            cpu: Math.min(before.cpu, result.cpu),
            memory: Math.max(before.memory, result.memory),
          });
        }
      }
      const ours = best.get("tucuxi");
      for (const who of asked) {
        const result = best.get(who);
        if (!result) console.log(`  ${who.padEnd(10)} -`);
        else {
          const figure = (kind, digits, width) => result[kind].toFixed(digits).padStart(width);
          const times = (kind) => (ours ? `${(result[kind] / ours[kind]).toFixed(2).padStart(6)}x` : "");
          console.log(
            `  ${who.padEnd(10)} ${figure("seconds", 2, 7)} s ${times("seconds")}  ${figure("cpu", 2, 7)} s CPU ${times("cpu")}  ${figure("memory", 0, 5)} MiB`,
          );
        }
      }
    }
  } finally {
    store.disconnect();
    await rm(folder, { recursive: true, force: true });
  }
}

// What a request costs the client: `npm run bench:build && npm install --prefix test/bench && node test/bench/requests.mjs [tls] [lanes...]`.
//
// CPU of the client's process per request (user and system), the least of several rounds in which everybody takes turns, against a server
// in another process that only answers. `undici` is what nobody can be cheaper than by much: the same exchange with headers
// prepared beforehand. Every peer is set up as its own documentation advises. Ratios travel, microseconds don't.
import { spawn, spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";

const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const size = 1024;
const rounds = 7;
const tls = process.argv.includes("tls");
const lanes = process.argv.slice(2).map(Number).filter(Boolean);
if (lanes.length === 0) lanes.push(1, 16, 64);

// How everybody learns to trust a certificate; where AWS_CA_BUNDLE is set, it goes before Node's own.
const authority = here("../../fixtures/tls/authority.pem");
if (tls && process.env.NODE_EXTRA_CA_CERTS !== authority) {
  const env = { ...process.env, NODE_EXTRA_CA_CERTS: authority, AWS_CA_BUNDLE: authority };
  process.exit(
    spawnSync(process.execPath, ["--no-warnings", ...process.argv.slice(1)], { env, stdio: "inherit" }).status,
  );
}

const certificate = tls ? [here("../../fixtures/tls/loopback.pem")] : [];
const server = spawn(process.execPath, [here("server.mjs"), String(size), ...certificate], {
  stdio: ["pipe", "pipe", "inherit"],
});
const port = Number(await new Promise((resolve) => server.stdout.once("data", (data) => resolve(String(data)))));
const host = tls ? "localhost" : "127.0.0.1";
const endpoint = `${tls ? "https" : "http"}://${host}:${port}`;
const keys = { accessKeyId: "AKIAIOSFODNN7EXAMPLE", secretAccessKey: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY" };
const body = Buffer.alloc(size, "t");
const Bucket = "bench";

/** A peer, or undefined where it is not installed: it is then left out, and said so. */
async function peer(name, make) {
  try {
    return [name, await make()];
  } catch (error) {
    if (error.code !== "ERR_MODULE_NOT_FOUND") throw error;
    console.log(`(${name} is not installed: npm install --prefix test/bench)`);
    return undefined;
  }
}

const { S3Client } = await import("../../dist/index.js");
const { Agent } = await import("undici");

const contenders = [
  await peer("undici dispatch", async () => {
    const agent = new Agent({ connections: 128, pipelining: 1 });
    const headers = ["host", `${host}:${port}`, "x-amz-date", "20260123T120000Z", "authorization", "x".repeat(200)];
    const exchange = (method, path, send) =>
      new Promise((resolve, reject) => {
        const parts = [];
        agent.dispatch(
          { origin: endpoint, path, method, headers, body: send, reset: method === "HEAD" ? false : undefined },
          {
            onRequestStart() {},
            onResponseStart() {},
            onResponseData: (_, chunk) => parts.push(chunk),
            onResponseEnd: () => resolve(parts.length === 1 ? parts[0] : Buffer.concat(parts)),
            onResponseError: (_, error) => reject(error),
          },
        );
      });
    return {
      get: () => exchange("GET", "/bench/key", null),
      put: () => exchange("PUT", "/bench/key", body),
      head: () => exchange("HEAD", "/bench/key", null),
      delete: () => exchange("DELETE", "/bench/key", null),
      list: () => exchange("GET", "/bench?list-type=2", null),
    };
  }),
  await peer("undici request", async () => {
    const dispatcher = new Agent({ connections: 128, pipelining: 1 });
    const { request } = await import("undici");
    const headers = ["host", `${host}:${port}`, "x-amz-date", "20260123T120000Z", "authorization", "x".repeat(200)];
    const exchange = async (method, path, send) => {
      const answer = await request(endpoint + path, {
        method,
        headers,
        body: send,
        dispatcher,
        reset: method === "HEAD" ? false : undefined,
      });
      return answer.body.arrayBuffer();
    };
    return {
      get: () => exchange("GET", "/bench/key", null),
      put: () => exchange("PUT", "/bench/key", body),
      head: () => exchange("HEAD", "/bench/key", null),
      delete: () => exchange("DELETE", "/bench/key", null),
      list: () => exchange("GET", "/bench?list-type=2", null),
    };
  }),
  await peer("tucuxi", async () => {
    const s3 = new S3Client({ endpoint, region: "us-east-1", credentials: keys });
    return {
      get: async () => (await s3.getObject({ Bucket, Key: "key" })).Body.bytes(),
      put: () => s3.putObject({ Bucket, Key: "key", Body: body }),
      head: () => s3.headObject({ Bucket, Key: "key" }),
      delete: () => s3.deleteObject({ Bucket, Key: "key" }),
      list: async () => (await s3.listObjectsV2({ Bucket })).Contents.length,
    };
  }),
  await peer("lean-s3", async () => {
    const { S3Client: Lean } = await import("lean-s3");
    const s3 = new Lean({ endpoint, region: "us-east-1", bucket: Bucket, ...keys });
    const file = s3.file("key");
    return {
      get: async () => (await s3.file("key")).bytes(),
      put: () => s3.file("key").write(body),
      head: () => file.stat?.().catch(() => {}),
      delete: () => s3.file("key").delete(),
      list: async () => (await s3.list({})).contents.length,
    };
  }),
  await peer("minio", async () => {
    const { Client } = await import("minio");
    const s3 = new Client({
      endPoint: host,
      port,
      useSSL: tls,
      region: "us-east-1",
      accessKey: keys.accessKeyId,
      secretKey: keys.secretAccessKey,
    });
    const collect = async (stream) => {
      const parts = [];
      for await (const part of stream) parts.push(part);
      return parts.length;
    };
    return {
      get: async () => collect(await s3.getObject(Bucket, "key")),
      put: () => s3.putObject(Bucket, "key", body),
      head: () => s3.statObject(Bucket, "key"),
      delete: () => s3.removeObject(Bucket, "key"),
      list: async () => collect(s3.listObjectsV2(Bucket, "", true)),
    };
  }),
  await peer("@aws-sdk/client-s3", async () => {
    const sdk = await import("@aws-sdk/client-s3");
    const s3 = new sdk.S3Client({ endpoint, region: "us-east-1", forcePathStyle: true, credentials: keys });
    return {
      get: async () => (await s3.send(new sdk.GetObjectCommand({ Bucket, Key: "key" }))).Body.transformToByteArray(),
      put: () => s3.send(new sdk.PutObjectCommand({ Bucket, Key: "key", Body: body })),
      head: () => s3.send(new sdk.HeadObjectCommand({ Bucket, Key: "key" })),
      delete: () => s3.send(new sdk.DeleteObjectCommand({ Bucket, Key: "key" })),
      list: async () => (await s3.send(new sdk.ListObjectsV2Command({ Bucket }))).Contents.length,
    };
  }),
].filter(Boolean);

/** CPU microseconds and wall seconds of that many calls over that many lanes. */
async function run(call, count, width) {
  const lane = async (calls) => {
    for (let i = 0; i < calls; i++) await call();
  };
  const cpu = process.cpuUsage();
  const start = performance.now();
  await Promise.all(Array.from({ length: width }, () => lane(Math.ceil(count / width))));
  const wall = (performance.now() - start) / 1000;
  const { user, system } = process.cpuUsage(cpu);
  const done = Math.ceil(count / width) * width;
  return { cpu: (user + system) / done, rate: done / wall };
}

for (const width of lanes) {
  for (const kind of ["get", "put", "head", "delete", "list"]) {
    if (kind === "list" && width !== lanes[0]) continue;
    const best = new Map();
    for (let round = 0; round <= rounds; round++) {
      for (const [name, calls] of contenders) {
        const count = kind === "list" ? 15 : name === "@aws-sdk/client-s3" ? 300 : 1500;
        let result;
        try {
          result = await run(calls[kind], count, Math.min(width, count));
        } catch (error) {
          if (round === 0) console.log(`(${name} cannot ${kind} here: ${error.message})`);
          continue;
        }
        const before = best.get(name);
        if (round > 0 && (!before || result.cpu < before.cpu)) best.set(name, result);
      }
    }
    const base = best.get("undici request");
    console.log(`\n${kind} ${kind === "list" ? "of 1000 keys" : "1 KiB"}, ${width} at a time`);
    for (const [name, { cpu, rate }] of best) {
      console.log(
        `  ${name.padEnd(20)} ${cpu.toFixed(1).padStart(9)} µs CPU  x${(cpu / base.cpu).toFixed(2).padStart(6)}  ${Math.round(rate).toString().padStart(7)}/s`,
      );
    }
  }
}
server.stdin.end();
process.exit();

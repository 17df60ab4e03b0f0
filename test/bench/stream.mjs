// What streaming a body costs the client, up and down, with and without a checksum, over TLS and over plain HTTP:
// `npm run build && node test/bench/stream.mjs [contender...]`. CPU seconds of the client's process per GiB, the least of several rounds in
// turns, against a server in another process that reads and forgets, or repeats one block. Each contender has a process of its own: what memory
// costs depends on what others in the same process have had. undici's request() does the bare exchange. Peers are those that check:
// trailers on the way up, the object's checksum on the way down.
import { spawn, spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { Readable } from "node:stream";
import { fileURLToPath } from "node:url";
import { crc32 } from "node:zlib";

const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const size = 128 * 1024 * 1024;
const rounds = 7;
const calls = 8;
const authority = here("../../fixtures/tls/authority.pem");
const certificate = here("../../fixtures/tls/loopback.pem");
const piece = Buffer.alloc(64 * 1024, "t");

const body = () =>
  Readable.from(
    (function* () {
      for (let sent = 0; sent < size; sent += piece.length) yield piece;
    })(),
  );
const put = { Bucket: "bench", Key: "key", ContentLength: size };
const get = { Bucket: "bench", Key: "key" };
const credentials = {
  accessKeyId: "AKIAIOSFODNN7EXAMPLE",
  secretAccessKey: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
};

async function count(body) {
  let read = 0;
  for await (const chunk of body) read += chunk.length;
  if (read !== size) throw new Error(`${read} bytes came of ${size}`);
}

async function ours(endpoint, more) {
  const { S3Client } = await import("../../dist/index.js");
  return new S3Client({ endpoint, region: "us-east-1", credentials, ...more });
}

async function sdk(endpoint, more) {
  const { S3Client, GetObjectCommand, PutObjectCommand } = await import("@aws-sdk/client-s3");
  const { Agent } = await import("node:https");
  const requestHandler = { httpsAgent: new Agent({ ca: readFileSync(authority), keepAlive: true }) };
  const s3 = new S3Client({
    endpoint,
    region: "us-east-1",
    forcePathStyle: true,
    credentials,
    requestHandler,
    ...more,
  });
  return {
    down: async () => count((await s3.send(new GetObjectCommand(get))).Body),
    up: () => s3.send(new PutObjectCommand({ ...put, Body: body() })),
  };
}

async function undici() {
  const { Agent, request } = await import("undici");
  const dispatcher = new Agent({ connect: { ca: readFileSync(authority) } });
  const headers = { "content-length": String(size) };
  return {
    down: async (endpoint) => count((await request(`${endpoint}/bench/key`, { dispatcher })).body),
    up: async (endpoint) =>
      (await request(`${endpoint}/bench/key`, { dispatcher, method: "PUT", headers, body: body() })).body.dump(),
  };
}

const down = (client) => async () => count((await client.getObject(get)).Body);
const up = (client) => () => client.putObject({ ...put, Body: body() });
const trailer = { requestChecksumCalculation: "WHEN_SUPPORTED" };
const required = { requestChecksumCalculation: "WHEN_REQUIRED" };

/** Each makes its call, given the endpoints. */
const contenders = {
  "down: undici, plain": async (http) => (await undici()).down.bind(undefined, http),
  "down: tucuxi, plain, checked": async (http) => down(await ours(http)),
  "down: @aws-sdk, plain, checked": async (http) => (await sdk(http)).down,
  "down: undici, TLS": async (_, https) => (await undici()).down.bind(undefined, https),
  "down: tucuxi, TLS, checked": async (_, https) => down(await ours(https)),
  "down: @aws-sdk, TLS, checked": async (_, https) => (await sdk(https)).down,
  "up: undici, plain": async (http) => (await undici()).up.bind(undefined, http),
  "up: tucuxi, plain, unsigned": async (http) => up(await ours(http, { payloadSigning: false })),
  "up: tucuxi, plain, CRC32 trailer": async (http) => up(await ours(http, { payloadSigning: false, ...trailer })),
  "up: tucuxi, plain, signed chunks": async (http) => up(await ours(http)),
  "up: tucuxi, plain, signed chunks and trailer": async (http) => up(await ours(http, trailer)),
  "up: undici, TLS": async (_, https) => (await undici()).up.bind(undefined, https),
  "up: tucuxi, TLS, no checksum": async (_, https) => up(await ours(https)),
  "up: tucuxi, TLS, CRC32 trailer": async (_, https) => up(await ours(https, trailer)),
  "up: @aws-sdk, TLS, no checksum": async (_, https) => (await sdk(https, required)).up,
  "up: @aws-sdk, TLS, CRC32 trailer": async (_, https) => (await sdk(https)).up,
};

if (process.argv[2] === "serve") await serve();
else if (process.argv[2] === "--contender") await measure(...process.argv.slice(3));
else await compare(process.argv.slice(2));

async function measure(name, http, https) {
  const call = await contenders[name](http, https);
  await call();
  const before = process.cpuUsage();
  for (let i = 0; i < calls; i++) await call();
  const { user, system } = process.cpuUsage(before);
  console.log(((user + system) / 1e6 / (calls * size)) * 2 ** 30);
  process.exit();
}

async function compare(asked) {
  const server = spawn(process.execPath, [here("stream.mjs"), "serve"], { stdio: ["pipe", "pipe", "inherit"] });
  const [plain, tls] = String(await new Promise((resolve) => server.stdout.once("data", resolve)))
    .trim()
    .split(" ");
  const endpoints = [`http://127.0.0.1:${plain}`, `https://localhost:${tls}`];
  const env = { ...process.env, AWS_CA_BUNDLE: authority };
  const best = new Map();
  for (let round = 0; round < rounds; round++) {
    for (const name of Object.keys(contenders)) {
      if (asked.length > 0 && !asked.some((part) => name.includes(part))) continue;
      if (round > 0 && !best.has(name)) continue;
      const args = ["--no-warnings", here("stream.mjs"), "--contender", name, ...endpoints];
      const { status, stdout, stderr } = spawnSync(process.execPath, args, { env, encoding: "utf8" });
      if (status === 0) best.set(name, Math.min(best.get(name) ?? Number.POSITIVE_INFINITY, Number(stdout)));
      else console.log(`(${name} is left out: ${/\w*Error.*/.exec(stderr)?.[0] ?? stderr.slice(0, 100)})`);
    }
  }
  for (const [name, cost] of best) console.log(`  ${name.padEnd(46)} ${cost.toFixed(2)} s/GiB`);
  server.stdin.end();
}

async function serve() {
  let crc = 0;
  for (let done = 0; done < size; done += piece.length) crc = crc32(piece, crc);
  const checksum = Buffer.from(crc.toString(16).padStart(8, "0"), "hex").toString("base64");
  const block = Buffer.alloc(1024 * 1024, "t");
  const send = (response) => {
    let left = size / block.length;
    const more = () => {
      while (left > 0) {
        left--;
        if (!response.write(block)) return response.once("drain", more);
      }
      response.end();
    };
    response.writeHead(200, { etag: '"e"', "content-length": size, "x-amz-checksum-crc32": checksum });
    more();
  };
  const answer = (request, response) => {
    if (request.method === "GET") return send(response);
    request.resume().on("end", () => response.writeHead(200, { etag: '"e"', "x-amz-request-id": "1" }).end());
  };
  const { createServer } = await import("node:http");
  const { createServer: createTls } = await import("node:https");
  const pem = readFileSync(certificate);
  const plain = createServer(answer);
  const tls = createTls({ key: pem, cert: pem }, answer);
  plain.listen(0, "127.0.0.1", () =>
    tls.listen(0, "localhost", () => console.log(`${plain.address().port} ${tls.address().port}`)),
  );
  process.stdin.resume().on("end", () => process.exit());
}

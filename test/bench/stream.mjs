// What streaming a body costs the client, up and down, with and without a checksum, over TLS and over plain HTTP:
// `npm run build && node test/bench/stream.mjs`. CPU seconds of the client's process per GiB, the least of several rounds in turns, against
// a server in another process that reads and forgets, or repeats one block. undici's request() does the bare exchange. Peers are those that
// check: trailers on the way up, the object's checksum on the way down.
import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { Readable } from "node:stream";
import { fileURLToPath } from "node:url";
import { crc32 } from "node:zlib";

const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const size = 128 * 1024 * 1024;
const piece = Buffer.alloc(64 * 1024, "t");
let crc = 0;
for (let done = 0; done < size; done += piece.length) crc = crc32(piece, crc);
const checksum = Buffer.from(crc.toString(16).padStart(8, "0"), "hex").toString("base64");
if (process.argv[2] === "serve") {
  const block = Buffer.alloc(1024 * 1024, "t");
  const down = (response) => {
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
    if (request.method === "GET") return down(response);
    request.resume().on("end", () => response.writeHead(200, { etag: '"e"', "x-amz-request-id": "1" }).end());
  };
  const { createServer } = await import("node:http");
  const { createServer: createTls } = await import("node:https");
  const plain = createServer(answer);
  const tls = createTls(
    { key: readFileSync(here(process.argv[3])), cert: readFileSync(here(process.argv[4])) },
    answer,
  );
  plain.listen(0, "127.0.0.1", () =>
    tls.listen(0, "localhost", () => console.log(`${plain.address().port} ${tls.address().port}`)),
  );
  process.stdin.resume().on("end", () => process.exit());
} else {
  const [key, cert, ca] = [
    "../../fixtures/tls/loopback.pem",
    "../../fixtures/tls/loopback.pem",
    "../../fixtures/tls/authority.pem",
  ];
  const server = spawn(process.execPath, [here("stream.mjs"), "serve", key, cert], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  const [plain, tls] = String(await new Promise((resolve) => server.stdout.once("data", resolve)))
    .trim()
    .split(" ");
  process.env.AWS_CA_BUNDLE = here(ca);
  const body = () =>
    Readable.from(
      (function* () {
        for (let sent = 0; sent < size; sent += piece.length) yield piece;
      })(),
    );
  const credentials = {
    accessKeyId: "AKIAIOSFODNN7EXAMPLE",
    secretAccessKey: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
  };
  const { S3Client } = await import("../../dist/index.js");
  const put = { Bucket: "bench", Key: "key", ContentLength: size };
  const ours = (endpoint, more) => {
    const s3 = new S3Client({ endpoint, region: "us-east-1", credentials, ...more });
    return () => s3.putObject({ ...put, Body: body() });
  };
  const get = { Bucket: "bench", Key: "key" };
  const count = async (body) => {
    let read = 0;
    for await (const chunk of body) read += chunk.length;
    if (read !== size) throw new Error(`${read} bytes came of ${size}`);
  };
  const ourGet = (endpoint, more) => {
    const s3 = new S3Client({ endpoint, region: "us-east-1", credentials });
    return async () => count((await s3.getObject({ ...get, ...more })).Body);
  };
  const { Agent: Undici, request } = await import("undici");
  const dispatcher = new Undici({ connect: { ca: readFileSync(here(ca)) } });
  const bareGet = (endpoint) => async () => count((await request(`${endpoint}/bench/key`, { dispatcher })).body);
  const barePut = (endpoint) => async () => {
    const headers = { "content-length": String(size) };
    await (await request(`${endpoint}/bench/key`, { dispatcher, method: "PUT", headers, body: body() })).body.dump();
  };
  const [http, https] = [`http://127.0.0.1:${plain}`, `https://localhost:${tls}`];
  const contenders = [
    ["down: undici, plain", bareGet(http)],
    ["down: tucuxi, plain, checked", ourGet(http)],
    ["down: undici, TLS", bareGet(https)],
    ["down: tucuxi, TLS, checked", ourGet(https)],
    ["up: undici, plain", barePut(http)],
    ["up: undici, TLS", barePut(https)],
    ["up: tucuxi, TLS, no checksum", ours(https)],
    ["up: tucuxi, TLS, CRC32 trailer", ours(https, { requestChecksumCalculation: "WHEN_SUPPORTED" })],
    ["up: tucuxi, plain, unsigned", ours(http, { payloadSigning: false })],
    ["up: tucuxi, plain, signed chunks", ours(http)],
    ["up: tucuxi, plain, signed chunks and trailer", ours(http, { requestChecksumCalculation: "WHEN_SUPPORTED" })],
  ];
  try {
    const sdk = await import("@aws-sdk/client-s3");
    const { Agent } = await import("node:https");
    const theirs = (endpoint, more) => {
      const httpsAgent = new Agent({ ca: readFileSync(here(ca)), keepAlive: true });
      const s3 = new sdk.S3Client({
        endpoint,
        region: "us-east-1",
        forcePathStyle: true,
        credentials,
        requestHandler: { httpsAgent },
        ...more,
      });
      return s3;
    };
    const theirPut = (s3) => () => s3.send(new sdk.PutObjectCommand({ ...put, Body: body() }));
    const theirGet = (s3) => async () => count((await s3.send(new sdk.GetObjectCommand(get))).Body);
    contenders.push(["down: @aws-sdk, plain, checked", theirGet(theirs(http))]);
    contenders.push(["down: @aws-sdk, TLS, checked", theirGet(theirs(https))]);
    contenders.push([
      "up: @aws-sdk, TLS, no checksum",
      theirPut(theirs(https, { requestChecksumCalculation: "WHEN_REQUIRED" })),
    ]);
    contenders.push(["up: @aws-sdk, TLS, CRC32 trailer", theirPut(theirs(https))]);
  } catch (error) {
    console.log(`(@aws-sdk/client-s3 is left out: ${error.message})`);
  }
  const best = new Map();
  for (let round = 0; round < 7; round++) {
    for (const [name, call] of contenders) {
      const before = process.cpuUsage();
      try {
        for (let i = 0; i < 2; i++) await call();
      } catch (error) {
        if (round === 0) console.log(`(${name}: ${error.message})`);
        continue;
      }
      const { user, system } = process.cpuUsage(before);
      const perGiB = ((user + system) / 1e6 / (2 * size)) * 2 ** 30;
      if (round > 0) best.set(name, Math.min(best.get(name) ?? Number.POSITIVE_INFINITY, perGiB));
    }
  }
  for (const [name, cost] of best) console.log(`  ${name.padEnd(42)} ${cost.toFixed(2)} s/GiB`);
  server.stdin.end();
  process.exit();
}

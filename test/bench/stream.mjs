// What streaming a body up costs the client, with and without a checksum behind it, over TLS and over plain HTTP:
// `npm run build && node test/bench/stream.mjs`. CPU seconds of the client's process per GiB, the least of several rounds in turns, against
// a server in another process that reads and forgets. Peers are those that put checksums into trailers.
import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { Readable } from "node:stream";
import { fileURLToPath } from "node:url";

const here = (path) => fileURLToPath(new URL(path, import.meta.url));
if (process.argv[2] === "serve") {
  const answer = (request, response) => {
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
  const size = 64 * 1024 * 1024;
  const piece = Buffer.alloc(64 * 1024, "t");
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
  const contenders = [
    ["tucuxi, TLS, no checksum", ours(`https://localhost:${tls}`)],
    ["tucuxi, TLS, CRC32 trailer", ours(`https://localhost:${tls}`, { requestChecksumCalculation: "WHEN_SUPPORTED" })],
    ["tucuxi, plain, unsigned", ours(`http://127.0.0.1:${plain}`, { payloadSigning: false })],
    ["tucuxi, plain, signed chunks", ours(`http://127.0.0.1:${plain}`)],
    [
      "tucuxi, plain, signed chunks and trailer",
      ours(`http://127.0.0.1:${plain}`, { requestChecksumCalculation: "WHEN_SUPPORTED" }),
    ],
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
      return () => s3.send(new sdk.PutObjectCommand({ ...put, Body: body() }));
    };
    contenders.push([
      "@aws-sdk, TLS, no checksum",
      theirs(`https://localhost:${tls}`, { requestChecksumCalculation: "WHEN_REQUIRED" }),
    ]);
    contenders.push(["@aws-sdk, TLS, CRC32 trailer", theirs(`https://localhost:${tls}`)]);
  } catch (error) {
    console.log(`(@aws-sdk/client-s3 is left out: ${error.message})`);
  }
  const best = new Map();
  for (let round = 0; round < 5; round++) {
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

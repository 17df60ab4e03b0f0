// What a signature costs: `npm run bench:build && (cd test/bench && npm install) && node test/bench/sign.mjs`.
//
// CPU time of the process per signature (user and system, so that peers which sign on other threads pay for them), the least of
// several rounds in which everybody takes turns. The floor is what nobody can leave out: one SHA-256 and one HMAC of short texts, as
// node's documentation has them (`hash`, `createHmac`). Ratios travel, microseconds don't.
import { createHmac, hash } from "node:crypto";

const dist = new URL(process.argv[2] ?? "../../.cache/bench/", import.meta.url);
const sigv4 = await import(new URL("sigv4/index.js", dist));
const fast = await import(new URL("sigv4/fast.js", dist));

const rounds = 7;
const credentials = {
  accessKeyId: "AKIAIOSFODNN7EXAMPLE",
  secretAccessKey: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
};
const region = "us-east-1";
const host = "examplebucket.s3.us-east-1.amazonaws.com";
const url = `https://${host}/some/folder/photo.jpg`;
const emptyHash = hash("sha256", "");

const { canonicalRequest, stringToSign } = sigv4.presignUrl({ method: "GET", url, credentials, region });
const key = sigv4.deriveSigningKey(credentials.secretAccessKey, "20260131", region, "s3");
const signer = new fast.Signer({ credentials, region });
const bytes = Buffer.alloc(64 * 1024, "a");
const now = new Date();
const ecdsa = { credentials, region, algorithm: "AWS4-ECDSA-P256-SHA256" };
const chunks = sigv4.createChunkSigner({ credentials, region, date: now, seedSignature: emptyHash });
const signed = sigv4.signRequest({ method: "GET", url, credentials, region, date: now });

/** Name, group, calls a round, function. */
const contenders = [
  [
    "floor: sha256 + hmac",
    "presign",
    20_000,
    () => hash("sha256", canonicalRequest) && createHmac("sha256", key).update(stringToSign).digest("hex"),
  ],
  [
    "tucuxi, as the client does",
    "presign",
    20_000,
    () =>
      `https://${host}/some/folder/photo.jpg?${fast.presignedQuery(signer.at(Date.now()), "GET", "/some/folder/photo.jpg", "", ["host", host], "UNSIGNED-PAYLOAD", 3600)}`,
  ],
  ["tucuxi presignUrl", "presign", 20_000, () => sigv4.presignUrl({ method: "GET", url, credentials, region }).url],
  ["tucuxi presignUrl, ECDSA", "presign", 500, () => sigv4.presignUrl({ method: "GET", url, ...ecdsa }).url],
  [
    "floor: sha256 + hmac",
    "header",
    20_000,
    () => hash("sha256", canonicalRequest) && createHmac("sha256", key).update(stringToSign).digest("hex"),
  ],
  [
    "tucuxi, as the client does",
    "header",
    20_000,
    () =>
      fast.authorization(
        signer.at(Date.now()),
        "GET",
        "/some/folder/photo.jpg",
        "",
        ["host", host, "x-amz-content-sha256", emptyHash, "x-amz-date", signer.amzDate],
        emptyHash,
      ),
  ],
  [
    "tucuxi signRequest",
    "header",
    20_000,
    () => sigv4.signRequest({ method: "GET", url, credentials, region }).headers,
  ],
  [
    "tucuxi verifySignature",
    "verify",
    20_000,
    () => sigv4.verifySignature({ method: "GET", url, headers: signed.headers, credentials, region, date: now }).valid,
  ],
  ["floor: sha256 of 64 KiB", "chunk of 64 KiB", 300, () => hash("sha256", bytes)],
  ["tucuxi chunk signer", "chunk of 64 KiB", 300, () => chunks.sign(bytes)],
];

await peer("aws4", async () => {
  const { default: aws4 } = await import("aws4");
  const opts = { host, service: "s3", region };
  contenders.push([
    "aws4",
    "presign",
    5_000,
    () => aws4.sign({ ...opts, path: "/some/folder/photo.jpg?X-Amz-Expires=3600", signQuery: true }, credentials).path,
  ]);
  contenders.push([
    "aws4",
    "header",
    5_000,
    () => aws4.sign({ ...opts, path: "/some/folder/photo.jpg" }, credentials).headers,
  ]);
});
await peer("aws4fetch", async () => {
  const { AwsClient } = await import("aws4fetch");
  const client = new AwsClient({ ...credentials, region, service: "s3" });
  contenders.push([
    "aws4fetch",
    "presign",
    1_000,
    async () => (await client.sign(url, { aws: { signQuery: true } })).url,
  ]);
  contenders.push(["aws4fetch", "header", 1_000, async () => (await client.sign(url)).headers]);
});
await peer("lean-s3", async () => {
  const { S3Client } = await import("lean-s3");
  const client = new S3Client({
    ...credentials,
    region,
    bucket: "examplebucket",
    endpoint: "https://s3.us-east-1.amazonaws.com",
  });
  contenders.push([
    "lean-s3",
    "presign",
    10_000,
    () => client.presign("some/folder/photo.jpg", { method: "GET", expiresIn: 3600 }),
  ]);
});
await peer("@aws-sdk/s3-request-presigner", async () => {
  const { getSignedUrl } = await import("@aws-sdk/s3-request-presigner");
  const { GetObjectCommand, S3Client } = await import("@aws-sdk/client-s3");
  const client = new S3Client({ region, credentials });
  const command = () => new GetObjectCommand({ Bucket: "examplebucket", Key: "some/folder/photo.jpg" });
  contenders.push([
    "@aws-sdk/s3-request-presigner",
    "presign",
    300,
    () => getSignedUrl(client, command(), { expiresIn: 3600 }),
  ]);
});

async function peer(name, add) {
  try {
    await add();
  } catch (error) {
    if (error.code !== "ERR_MODULE_NOT_FOUND") throw error;
    console.warn(`LEFT OUT: ${name} is not installed; run "npm install" in test/bench`);
  }
}

const best = new Map();
for (let round = 0; round < rounds; round++) {
  for (const [name, group, times, call] of contenders) {
    const isAsync = (await call()) && call() instanceof Promise;
    const from = process.cpuUsage();
    if (isAsync) for (let i = 0; i < times; i++) await call();
    else for (let i = 0; i < times; i++) call();
    const { user, system } = process.cpuUsage(from);
    const cost = (user + system) / times;
    const id = `${group}\0${name}`;
    best.set(id, Math.min(best.get(id) ?? Number.POSITIVE_INFINITY, cost));
  }
}
const rows = [...best].map(([id, cost]) => {
  const [group, name] = id.split("\0");
  const first = best.get([...best.keys()].find((other) => other.startsWith(`${group}\0`)));
  return { what: group, who: name, "CPU µs": Number(cost.toFixed(2)), ratio: Number((cost / first).toFixed(2)) };
});
console.table(rows.sort((a, b) => (a.what < b.what ? -1 : a.what > b.what ? 1 : a.ratio - b.ratio)));

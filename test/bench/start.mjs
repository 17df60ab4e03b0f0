// What starting costs: `npm run build && node test/bench/start.mjs`. Whole processes, in turns; the median of their wall time beyond that of
// an empty program that imports node:crypto.
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const here = (path) => JSON.stringify(fileURLToPath(new URL(path, import.meta.url)));
const keys = `{ accessKeyId: "AKIAIOSFODNN7EXAMPLE", secretAccessKey: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY" }`;
const programs = {
  "node:crypto alone": `import "node:crypto";`,
  "tucuxi: import": `import ${here("../../dist/index.js")};`,
  "tucuxi: import, presign": `import { S3Client } from ${here("../../dist/index.js")};
    new S3Client({ region: "us-east-1", credentials: ${keys} }).presignSync("getObject", { Bucket: "bucket", Key: "key" });`,
  "tucuxi/sigv4: import, presign": `import { presignUrl } from ${here("../../dist/sigv4/index.js")};
    presignUrl({ method: "GET", url: "https://bucket.s3.us-east-1.amazonaws.com/key", credentials: ${keys}, region: "us-east-1" });`,
  "tucuxi/testing: import, start": `import { S3Server } from ${here("../../dist/testing/index.js")};
    await (await S3Server.start({ buckets: ["river"] })).stop();`,
  "lean-s3: import, presign": `import { S3Client } from ${here("node_modules/lean-s3/dist/index.js")};
    new S3Client({ endpoint: "https://s3.us-east-1.amazonaws.com", region: "us-east-1", bucket: "bucket", ...${keys} }).presign("key");`,
  "@aws-sdk: import, presign": `import { createRequire } from "node:module";
    const require = createRequire(${here("start.mjs")});
    const { S3Client, GetObjectCommand } = require("@aws-sdk/client-s3");
    const { getSignedUrl } = require("@aws-sdk/s3-request-presigner");
    await getSignedUrl(new S3Client({ region: "us-east-1", credentials: ${keys} }), new GetObjectCommand({ Bucket: "bucket", Key: "key" }));`,
};

const folder = mkdtempSync(join(tmpdir(), "tucuxi-start-"));
const times = new Map();
for (let round = 0; round < 16; round++) {
  for (const [name, code] of Object.entries(programs)) {
    const file = join(folder, "program.mjs");
    writeFileSync(file, code);
    const start = performance.now();
    const { status, stderr } = spawnSync(process.execPath, ["--no-warnings", file], { encoding: "utf8" });
    if (status !== 0) {
      if (round === 0)
        console.log(`(${name} does not run here: ${stderr.split("\n").find((line) => /Error/.test(line))})`);
      continue;
    }
    if (round > 0) times.set(name, [...(times.get(name) ?? []), performance.now() - start]);
  }
}
rmSync(folder, { recursive: true });
const median = (list) => list.sort((a, b) => a - b)[list.length >> 1];
const base = median(times.get("node:crypto alone"));
for (const [name, list] of times) {
  const ms = median(list);
  console.log(
    `  ${name.padEnd(32)} ${ms.toFixed(0).padStart(5)} ms   +${(ms - base).toFixed(0)} ms   x${(ms / base).toFixed(2)}`,
  );
}

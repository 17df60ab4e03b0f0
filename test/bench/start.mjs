// What starting costs: `npm run build && node test/bench/start.mjs`. Whole processes, in turns: the CPU of the least disturbed of each (user and
// system, all threads, as it ends), and how much that is beyond an empty program that imports node:crypto. Beside it the least wall time.
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
    writeFileSync(file, `${code}\nconst { user, system } = process.cpuUsage(); console.log((user + system) / 1000);`);
    const start = performance.now();
    const { status, stdout, stderr } = spawnSync(process.execPath, ["--no-warnings", file], { encoding: "utf8" });
    if (status !== 0) {
      if (round === 0)
        console.log(`(${name} does not run here: ${stderr.split("\n").find((line) => /Error/.test(line))})`);
      continue;
    }
    if (round === 0) continue;
    const wall = performance.now() - start;
    const best = times.get(name);
    times.set(name, {
      cpu: Math.min(best?.cpu ?? wall, Number(stdout)),
      wall: Math.min(best?.wall ?? wall, wall),
    });
  }
}
rmSync(folder, { recursive: true });
const base = times.get("node:crypto alone");
for (const [name, { cpu, wall }] of times) {
  console.log(
    `  ${name.padEnd(32)} ${cpu.toFixed(1).padStart(6)} ms CPU  +${(cpu - base.cpu).toFixed(1)} ms  (wall ${wall.toFixed(0)} ms, +${(wall - base.wall).toFixed(0)} ms)`,
  );
}

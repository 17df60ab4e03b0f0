// What starting costs: `npm run build && node test/bench/start.mjs [rounds]`. Whole processes, in turns, as the shell's `time` measures them, their
// exit included: the CPU of the least disturbed of each and of the quarter's, and how much that is beyond an empty program that imports
// node:crypto. Beside it the least wall time. A first GET is one of 1 KiB from a server on loopback, read to its end, with whatever the peer's
// documentation has a program do before it ends.
import { spawn, spawnSync } from "node:child_process";
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

const server = spawn(process.execPath, [fileURLToPath(new URL("server.mjs", import.meta.url))], {
  stdio: ["pipe", "pipe", "inherit"],
});
const port = Number(await new Promise((resolve) => server.stdout.once("data", (data) => resolve(String(data)))));
const endpoint = `"http://127.0.0.1:${port}"`;
Object.assign(programs, {
  "node:http: GET": `import http from "node:http";
    http.get(${endpoint} + "/bucket/key", { agent: false }, (answer) => answer.resume());`,
  "undici: GET": `import { createRequire } from "node:module";
    const { request, getGlobalDispatcher } = createRequire(${here("../../package.json")})("undici");
    await (await request(${endpoint} + "/bucket/key")).body.text();
    await getGlobalDispatcher().close();`,
  "tucuxi: GET": `import { S3Client } from ${here("../../dist/index.js")};
    const s3 = new S3Client({ region: "us-east-1", endpoint: ${endpoint}, credentials: ${keys} });
    await (await s3.getObject({ Bucket: "bucket", Key: "key" })).Body.text();
    await s3.close();`,
  "lean-s3: GET": `import { S3Client } from ${here("node_modules/lean-s3/dist/index.js")};
    const s3 = new S3Client({ endpoint: ${endpoint}, region: "us-east-1", bucket: "bucket", ...${keys} });
    await s3.file("key").text();
    await s3[Symbol.asyncDispose]?.();`,
  "@aws-sdk: GET": `import { createRequire } from "node:module";
    const { S3Client, GetObjectCommand } = createRequire(${here("start.mjs")})("@aws-sdk/client-s3");
    const s3 = new S3Client({ region: "us-east-1", endpoint: ${endpoint}, forcePathStyle: true, credentials: ${keys} });
    await (await s3.send(new GetObjectCommand({ Bucket: "bucket", Key: "key" }))).Body.transformToString();
    s3.destroy();`,
});

const folder = mkdtempSync(join(tmpdir(), "tucuxi-start-"));
const file = join(folder, "program.mjs");
const times = new Map();
for (let round = 0; round <= Number(process.argv[2] ?? 16); round++) {
  for (const [name, code] of Object.entries(programs)) {
    writeFileSync(file, code);
    const time = ["-c", 'TIMEFORMAT="%U %S %R"; time "$0" --no-warnings "$1"', process.execPath, file];
    const { status, stderr } = spawnSync("bash", time, { encoding: "utf8" });
    if (status !== 0) {
      if (round === 0)
        console.log(`(${name} does not run here: ${stderr.split("\n").find((line) => /Error/.test(line))})`);
      continue;
    }
    if (round === 0) continue;
    const [user, system, wall] = stderr.trim().split("\n").at(-1).split(" ").map(Number);
    const found = times.get(name) ?? { cpu: [], wall: [] };
    found.cpu.push((user + system) * 1000);
    found.wall.push(wall * 1000);
    times.set(name, found);
  }
}
rmSync(folder, { recursive: true });
server.kill();
const at = (list, part) => list.sort((a, b) => a - b)[Math.floor(list.length * part)];
const base = times.get("node:crypto alone");
for (const [name, { cpu, wall }] of times) {
  const [least, quarter, clock] = [at(cpu, 0), at(cpu, 0.25), at(wall, 0)];
  console.log(
    `  ${name.padEnd(32)} ${least.toFixed(0).padStart(4)} ms CPU  +${(least - at(base.cpu, 0)).toFixed(0)}  ` +
      `(quarter +${(quarter - at(base.cpu, 0.25)).toFixed(0)}; wall ${clock.toFixed(0)} ms, +${(clock - at(base.wall, 0)).toFixed(0)})`,
  );
}

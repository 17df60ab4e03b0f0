// npm run test:opinions [server...] [-- --allow-missing] [--results=file]
//
// Second opinions: boto3 and the AWS command line read what we wrote, and we what they wrote, on the S3 in the box and on real servers
// (test/servers). Says loudly what is missing and fails for it, unless --allow-missing says that this is fine.
import { spawn, spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { columnOf, printMatrix } from "../servers/matrix.mjs";
import { servers } from "./known.mjs";

const root = fileURLToPath(new URL("../..", import.meta.url));
const flags = process.argv.slice(2).filter((argument) => argument.startsWith("--"));
const named = process.argv.slice(2).filter((argument) => !argument.startsWith("--"));
const allowMissing = flags.includes("--allow-missing");
const unknown = named.filter((name) => servers[name] === undefined);
if (unknown.length > 0) {
  console.error(`test:opinions: no server called ${unknown.join(", ")}; there are ${Object.keys(servers).join(", ")}`);
  process.exit(2);
}

const missing = [];
const boto = spawnSync("python3", ["-c", "import boto3; print(boto3.__version__)"], { encoding: "utf8" });
const cli = spawnSync("aws", ["--version"], { encoding: "utf8" });
if (boto.status !== 0) missing.push("boto3 (python3 -m pip install boto3, or apt-get install python3-boto3)");
if (cli.status !== 0) missing.push("the AWS command line (python3 -m pip install awscli, or apt-get install awscli)");
if (boto.status === 0) console.log(`boto3 ${boto.stdout.trim()}; ${cli.status === 0 ? cli.stdout.trim() : "no aws"}`);

const columns = [];
if (boto.status === 0) {
  for (const name of named.length > 0 ? named : Object.keys(servers)) {
    const module = name === "box" ? await box() : await import(`../servers/${name}.mjs`);
    const reason = await module.available();
    if (reason === undefined) columns.push(await ask(name, module));
    else missing.push(`${name}: ${reason}`);
  }
}
if (columns.length > 0) printMatrix(columns);
for (const what of missing) console.error(`NOT RUN: ${what}`);
const total = (kind) => columns.reduce((sum, column) => sum + column[kind], 0);
const counts = { numPassedTests: total("passed"), numFailedTests: total("failed") };
console.log(`\n${counts.numPassedTests} passed, ${counts.numFailedTests} failed`);
const results = flags.find((flag) => flag.startsWith("--results="))?.slice("--results=".length);
if (results !== undefined) writeFileSync(results, JSON.stringify(counts));
process.exitCode = counts.numFailedTests > 0 || (missing.length > 0 && !allowMissing) ? 1 : 0;

/** The S3 in the box, in the shape of a module of test/servers. */
async function box() {
  const { S3Server } = await import("tucuxi/testing");
  return {
    available: async () => undefined,
    start: async () => {
      const server = await S3Server.start({ region: "eu-central-1" });
      const { url: endpoint, region, credentials } = server;
      return { endpoint, region, credentials, notes: "in memory", stop: () => server.stop() };
    },
  };
}

async function ask(name, module) {
  console.log(`\n=== ${name}`);
  const server = await module.start();
  const folder = mkdtempSync(join(tmpdir(), "tucuxi-opinions-"));
  try {
    const { endpoint, region, credentials, notes } = server;
    const { checksums, known: own } = servers[name];
    const known = name === "box" ? own : { ...(await import(`../servers/known/${name}.mjs`)).known, ...own };
    const target = { name, options: { endpoint, region, credentials }, known, checksums, cli: cli.status === 0 };
    const file = join(folder, "results.json");
    const args = ["run", "--config", "test/opinions/vitest.config.ts", "--reporter=default", "--reporter=json"];
    const child = spawn(
      process.execPath,
      [join(root, "node_modules/vitest/vitest.mjs"), ...args, `--outputFile.json=${file}`],
      {
        cwd: root,
        stdio: ["ignore", "inherit", "inherit"],
        env: { ...process.env, TUCUXI_OPINIONS_TARGET: JSON.stringify(target) },
      },
    );
    const code = await new Promise((resolve, reject) => {
      child.on("error", reject);
      child.on("close", resolve);
    });
    if (!existsSync(file)) throw new Error(`vitest ended with ${code} and wrote no results`);
    const written = JSON.parse(readFileSync(file, "utf8"));
    return { name, notes, ...columnOf({ ...written, strays: code !== 0 && written.numFailedTests === 0 ? 1 : 0 }) };
  } finally {
    rmSync(folder, { recursive: true, force: true });
    await server.stop();
  }
}

// npm run test:servers [name...] [-- --allow-missing] [--only=room] [--results=file]
//
// Starts each real server on loopback (all that are known, or those named), runs the end-to-end suite against it, stops it, and
// prints one matrix: a row a capability, a column a server. Ends with failure when a test failed, or when a server could not
// be had, unless --allow-missing says that this is fine. --results writes the counts as JSON.
import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { columnOf, printMatrix } from "./matrix.mjs";

const root = fileURLToPath(new URL("../..", import.meta.url));
const allServers = ["ceph", "versitygw", "minio", "moto", "rclone", "s3s", "s3proxy"];

const flags = process.argv.slice(2).filter((argument) => argument.startsWith("--"));
const named = process.argv.slice(2).filter((argument) => !argument.startsWith("--"));
const allowMissing = flags.includes("--allow-missing");
const value = (flag) => flags.find((given) => given.startsWith(`${flag}=`))?.slice(flag.length + 1);
const only = value("--only");

const unknown = named.filter((name) => !allServers.includes(name));
if (unknown.length > 0) {
  console.error(`test:servers: no server called ${unknown.join(", ")}; there are ${allServers.join(", ")}`);
  process.exit(2);
}

const columns = [];
const missing = [];
for (const name of named.length > 0 ? named : allServers) {
  const module = await import(`./${name}.mjs`);
  console.log(`\n=== ${name}`);
  const reason = await module.available();
  if (reason !== undefined) {
    console.error(`  [${name}] NOT RUN: ${reason}`);
    missing.push(name);
    continue;
  }
  columns.push(await runAgainst(name, module));
}

if (columns.length > 0) printMatrix(columns);
const total = (kind) => columns.reduce((sum, column) => sum + column[kind], 0);
for (const name of missing) console.log(`${name}: NOT RUN`);
const counts = { numPassedTests: total("passed"), numFailedTests: total("failed") };
console.log(`\n${counts.numPassedTests} passed, ${counts.numFailedTests} failed`);
const results = value("--results");
if (results !== undefined) writeFileSync(results, JSON.stringify(counts));
process.exitCode = counts.numFailedTests > 0 || columns.length === 0 || (missing.length > 0 && !allowMissing) ? 1 : 0;

/** Starts, tests and stops one server. */
async function runAgainst(name, module) {
  const began = performance.now();
  const seconds = () => `${((performance.now() - began) / 1000).toFixed(1)} s`;
  let server;
  try {
    server = await module.start();
  } catch (error) {
    console.error(`  [${name}] DID NOT START: ${error.message}`);
    return { name, notes: "did not start", cells: new Map(), passed: 0, failed: 1 };
  }
  try {
    console.log(`  [${name}] ${server.notes}: up at ${server.endpoint} after ${seconds()}`);
    const { endpoint, region, credentials, virtualHostEndpoint } = server;
    const { known } = await import(`./known/${name}.mjs`);
    const results = await vitest({ name, options: { endpoint, region, credentials }, virtualHostEndpoint, known });
    return { name, notes: server.notes, ...columnOf(results) };
  } finally {
    await server.stop();
    console.log(`  [${name}] stopped after ${seconds()}`);
  }
}

/** Runs the suite against a target; gives the results as vitest writes them. */
async function vitest(target) {
  const folder = mkdtempSync(join(tmpdir(), "tucuxi-results-"));
  const file = join(folder, "results.json");
  try {
    const args = ["run", "--config", "test/servers/vitest.config.ts", "--reporter=default", "--reporter=json"];
    if (only !== undefined) args.push("-t", `^${only} `);
    const child = spawn(
      process.execPath,
      [join(root, "node_modules/vitest/vitest.mjs"), ...args, `--outputFile.json=${file}`],
      {
        cwd: root,
        stdio: ["ignore", "inherit", "inherit"],
        env: { ...process.env, TUCUXI_E2E_TARGET: JSON.stringify(target) },
      },
    );
    process.once("exit", () => {
      child.kill("SIGKILL");
      rmSync(folder, { recursive: true, force: true });
    });
    const code = await new Promise((resolve, reject) => {
      child.on("error", reject);
      child.on("close", resolve);
    });
    if (!existsSync(file)) throw new Error(`vitest ended with ${code} and wrote no results`);
    const results = JSON.parse(readFileSync(file, "utf8"));
    // A failure outside of any test (in a room's clean-up, say) shows in the exit code alone.
    return { ...results, strays: code !== 0 && results.numFailedTests === 0 ? 1 : 0 };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

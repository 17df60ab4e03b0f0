// npm run test:runtimes [name...] [-- --allow-missing] [--results=file]
//
// The whole test suite on every Node, from the oldest that package.json promises to the newest; the end-to-end suite on Bun and Deno,
// against the S3 in the box in a Node process; the declarations under the oldest TypeScript. Prints one table. Fails when a test did, or when a runtime could not be had, unless
// --allow-missing says that this is fine. --results writes the counts as JSON.
import { spawn } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { withoutSettings } from "../support/environment.mjs";
import { obtain, runtimes } from "./binaries.mjs";
import { startServer } from "./box.mjs";

const root = fileURLToPath(new URL("../..", import.meta.url));
const flags = process.argv.slice(2).filter((argument) => argument.startsWith("--"));
const named = process.argv.slice(2).filter((argument) => !argument.startsWith("--"));

const unknown = named.filter((name) => !runtimes.some((runtime) => runtime.name === name));
if (unknown.length > 0) {
  console.error(`test:runtimes: no ${unknown.join(", ")}; there are ${runtimes.map(({ name }) => name).join(", ")}`);
  process.exit(2);
}

const folder = mkdtempSync(join(tmpdir(), "tucuxi-runtimes-"));
const children = new Set();
process.on("exit", () => {
  for (const child of children) child.kill("SIGKILL");
  rmSync(folder, { recursive: true, force: true });
});
for (const [signal, code] of [
  ["SIGINT", 130],
  ["SIGTERM", 143],
])
  process.on(signal, () => process.exit(code));

/** What each kind of runtime is asked to do. */
const ways = {
  node: { suite: "all", test: wholeSuite },
  bun: { suite: "end-to-end", test: endToEnd },
  deno: { suite: "end-to-end", test: endToEnd },
  typescript: { suite: "declarations", test: declarations },
};

const rows = [];
for (const runtime of runtimes) {
  if (named.length > 0 && !named.includes(runtime.name)) continue;
  console.log(`\n=== ${runtime.name} ${runtime.version}`);
  const { suite, test } = ways[runtime.kind];
  let executable;
  try {
    executable = obtain(runtime);
  } catch (error) {
    console.error(`  NOT RUN: ${error.message}`);
    rows.push({ ...runtime, suite, missing: true, passed: 0, failed: 0, seconds: 0 });
    continue;
  }
  const began = performance.now();
  const counts = await test(runtime, executable);
  rows.push({ ...runtime, suite, ...counts, seconds: (performance.now() - began) / 1000 });
  console.log(`\n  ${counts.passed} passed, ${counts.failed} failed`);
}

console.log(
  `\n${"runtime".padEnd(18)} ${"suite".padEnd(12)} ${"passed".padStart(7)} ${"failed".padStart(7)} ${"s".padStart(6)}`,
);
for (const { kind, version, suite, missing, passed, failed, seconds } of rows) {
  const rest = missing
    ? " NOT RUN"
    : [passed, failed, seconds.toFixed(0)].map((n, at) => String(n).padStart(at < 2 ? 7 : 6)).join(" ");
  console.log(`${`${kind} ${version}`.padEnd(18)} ${suite.padEnd(12)} ${rest}`);
}
const sum = (member) => rows.reduce((total, row) => total + row[member], 0);
const counts = { numPassedTests: sum("passed"), numFailedTests: sum("failed") };
console.log(`\n${counts.numPassedTests} passed, ${counts.numFailedTests} failed`);
const results = flags.find((flag) => flag.startsWith("--results="))?.slice("--results=".length);
if (results !== undefined) writeFileSync(results, JSON.stringify(counts));
const lacking = rows.some(({ missing }) => missing) && !flags.includes("--allow-missing");
process.exitCode = counts.numFailedTests > 0 || counts.numPassedTests === 0 || lacking ? 1 : 0;

/** Runs a command to its end, what it says shown; gives its exit code. */
function run(command, args, options = {}) {
  const child = spawn(command, args, { cwd: root, stdio: ["ignore", "inherit", "inherit"], ...options });
  children.add(child);
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code, signal) => {
      children.delete(child);
      resolve(code ?? signal);
    });
  });
}

/** Everything under test/, with vitest, its workers and every program that a test starts on this Node. */
async function wholeSuite({ name }, executable) {
  const file = join(folder, `${name}.json`);
  const args = [
    "run",
    "--config",
    "test/vitest.config.ts",
    "--reporter=dot",
    "--reporter=json",
    `--outputFile.json=${file}`,
  ];
  const env = { ...process.env, PATH: `${dirname(executable)}${delimiter}${process.env.PATH}` };
  const code = await run(executable, [join(root, "node_modules/vitest/vitest.mjs"), ...args], { env });
  if (!existsSync(file)) return { passed: 0, failed: 1 };
  const { numPassedTests, numFailedTests } = JSON.parse(readFileSync(file, "utf8"));
  // A failure outside of any test shows in the exit code alone.
  return { passed: numPassedTests, failed: numFailedTests || (code === 0 ? 0 : 1) };
}

/** A folder for a program that finds the package in node_modules, as a user's does. */
function consumer(name) {
  const place = join(folder, name);
  mkdirSync(join(place, "node_modules"), { recursive: true });
  symlinkSync(root, join(place, "node_modules", "tucuxi"), "junction");
  writeFileSync(
    join(place, "package.json"),
    JSON.stringify({ private: true, type: "module", dependencies: { tucuxi: "*" } }),
  );
  return place;
}

/** Every declaration that the package leads to, checked as strictly as a user may ask for. */
async function declarations({ kind }, executable) {
  const place = consumer(kind);
  const { exports } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
  const doors = Object.keys(exports).filter((door) => !door.endsWith(".json"));
  const imports = doors.map((door, at) => `export * as door${at} from "tucuxi${door.slice(1)}";\n`);
  writeFileSync(join(place, "consumer.ts"), imports.join(""));
  const counts = { passed: 0, failed: 0 };
  for (const resolution of ["node16", "nodenext", "bundler"]) {
    const module = resolution === "bundler" ? "esnext" : resolution;
    const flags = ["--noEmit", "--strict", "--exactOptionalPropertyTypes", "--skipLibCheck", "false"];
    const target = ["--target", "es2022", "--module", module, "--moduleResolution", resolution];
    const types = ["--typeRoots", join(root, "node_modules", "@types"), "--types", "node"];
    const code = await run(process.execPath, [executable, ...flags, ...target, ...types, "consumer.ts"], {
      cwd: place,
    });
    counts[code === 0 ? "passed" : "failed"]++;
  }
  return counts;
}

/** The end-to-end suite, bundled for this runtime. */
async function endToEnd({ name, kind }, executable) {
  const place = consumer(kind);
  const program = join(place, "e2e.mjs");
  await build({
    entryPoints: [fileURLToPath(new URL("e2e.ts", import.meta.url))],
    outfile: program,
    bundle: true,
    platform: "node",
    format: "esm",
    target: "es2023",
    external: ["tucuxi"],
    alias: { vitest: fileURLToPath(new URL("vitest.ts", import.meta.url)) },
    banner: {
      js: 'import { createRequire } from "node:module"; const require = createRequire(import.meta.url);',
    },
    logLevel: "warning",
  });

  const { server, about } = await startServer();
  const file = join(folder, `${name}.json`);
  const target = {
    name,
    options: about,
    virtualHostEndpoint: about.endpoint.replace("127.0.0.1", "localhost"),
    known: {},
  };
  const env = {
    ...withoutSettings(process.env, place),
    TUCUXI_E2E_TARGET: JSON.stringify(target),
    TUCUXI_E2E_RESULTS: file,
    DENO_NO_UPDATE_CHECK: "1",
    NO_COLOR: "1",
  };
  const args = kind === "deno" ? ["run", "--allow-all", "--node-modules-dir=manual", program] : ["run", program];
  const code = await run(executable, args, { env, cwd: place, timeout: 600_000 });
  server.stdin.end();
  if (!existsSync(file)) {
    console.error(`  ended with ${code} and wrote no results`);
    return { passed: 0, failed: 1 };
  }
  const outcomes = JSON.parse(readFileSync(file, "utf8"));
  const failures = outcomes.filter(({ status }) => status === "failed");
  for (const { ancestorTitles, title, failureMessages } of failures) {
    console.log(
      `  FAIL ${[...ancestorTitles, title].join(" > ")}\n${failureMessages.join("\n").replace(/^/gm, "    ")}`,
    );
  }
  return { passed: outcomes.length - failures.length, failed: failures.length || (code === 0 ? 0 : 1) };
}

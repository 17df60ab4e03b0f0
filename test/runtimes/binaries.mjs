// The runtimes that the suites must pass on, and the compiler, as binaries from npm, pinned and kept in .cache between runs.
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const cache = fileURLToPath(new URL("../../.cache/runtimes/", import.meta.url));

/**
 * `kind` says what is run: the whole test suite on Node, the end-to-end suite elsewhere, and for TypeScript the declarations. The oldest
 * Node is package.json's own, the oldest TypeScript the README's.
 */
export const runtimes = [
  { name: "node-20", kind: "node", version: "20.18.1" },
  { name: "node-22", kind: "node", version: "22.23.3" },
  { name: "node-24", kind: "node", version: "24.21.0" },
  { name: "node-26", kind: "node", version: "26.10.0" },
  { name: "bun", kind: "bun", version: "1.4.5" },
  { name: "deno", kind: "deno", version: "2.9.6" },
  { name: "typescript", kind: "typescript", version: "5.2.2" },
];

/** The package of this platform, and where its executable lies. */
function source({ kind }) {
  const windows = process.platform === "win32";
  if (kind === "typescript") return { name: kind, file: join(kind, "bin", "tsc") };
  if (kind !== "node") return { name: kind, file: join(".bin", windows ? `${kind}.cmd` : kind) };
  const system = windows ? "win" : process.platform;
  const prefix = system === "darwin" && process.arch === "arm64" ? "node-bin" : "node";
  const name = `${prefix}-${system}-${process.arch}`;
  return { name, file: join(name, "bin", windows ? "node.exe" : "node") };
}

/** The path of a runtime's executable, installed first where it is not there yet. Throws with npm's own words where it can't be had. */
export function obtain(runtime) {
  const { name, file } = source(runtime);
  const folder = join(cache, `${runtime.kind}-${runtime.version}`);
  const executable = join(folder, "node_modules", file);
  if (existsSync(executable)) return executable;
  mkdirSync(dirname(folder), { recursive: true });
  // Moved only when whole: an installation that was interrupted leaves nothing that looks like one.
  const building = mkdtempSync(`${folder}.`);
  try {
    const args = [
      "install",
      "--prefix",
      building,
      "--no-audit",
      "--no-fund",
      "--no-save",
      `${name}@${runtime.version}`,
    ];
    const done = spawnSync("npm", args, { encoding: "utf8", timeout: 600_000, shell: process.platform === "win32" });
    if (done.status !== 0) throw new Error(`npm ${args.join(" ")}: ${(done.error?.message ?? done.stderr).trim()}`);
    rmSync(folder, { recursive: true, force: true });
    renameSync(building, folder);
  } finally {
    rmSync(building, { recursive: true, force: true });
  }
  return executable;
}

import { type ChildProcess, spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const root = dirname(fileURLToPath(new URL("../../package.json", import.meta.url)));

/** The command and the server, built as the package has them, so that a process of their own can run them. */
export async function buildServer(): Promise<{ folder: string; cli: string; server: string; remove(): void }> {
  mkdirSync(join(root, ".cache"), { recursive: true });
  // Below the package, so that its dependencies are found.
  const folder = mkdtempSync(join(root, ".cache", "testing-"));
  await build({
    entryPoints: ["cli", "index"].map((name) => join(root, "src", "testing", `${name}.ts`)),
    outdir: folder,
    bundle: true,
    splitting: true,
    format: "esm",
    platform: "node",
    target: "node20.18",
    packages: "external",
    outExtension: { ".js": ".mjs" },
    logLevel: "silent",
  });
  const remove = (): void => rmSync(folder, { recursive: true, force: true });
  return { folder, cli: join(folder, "cli.mjs"), server: join(folder, "index.mjs"), remove };
}

/** A process of Node's with what it said so far. */
export interface Run {
  readonly child: ChildProcess;
  readonly said: { out: string; err: string };
  /** Waits until its output matches; fails when it ends before that. */
  until(pattern: RegExp): Promise<RegExpExecArray>;
  /** Waits for its end: exit code, or the signal that ended it. */
  readonly ended: Promise<number | string | null>;
}

export function run(args: readonly string[], options: { execArgv?: readonly string[]; cwd?: string } = {}): Run {
  const child = spawn(process.execPath, [...(options.execArgv ?? []), ...args], {
    cwd: options.cwd,
    env: { ...process.env, NODE_OPTIONS: "" },
    stdio: ["pipe", "pipe", "pipe"],
  });
  const said = { out: "", err: "" };
  const waiting = new Set<() => void>();
  const wake = (): void => {
    for (const check of waiting) check();
  };
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    said.out += text;
    wake();
  });
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    said.err += text;
  });
  let over = false;
  const ended = new Promise<number | string | null>((resolve) => {
    child.on("close", (code, signal) => {
      over = true;
      resolve(signal ?? code);
      wake();
    });
  });
  const until = (pattern: RegExp): Promise<RegExpExecArray> =>
    new Promise((resolve, reject) => {
      const check = (): void => {
        const match = pattern.exec(said.out);
        if (!match && !over) return;
        waiting.delete(check);
        if (match) resolve(match);
        else reject(new Error(`It ended before it said ${pattern}: ${said.out}${said.err}`));
      };
      waiting.add(check);
      check();
    });
  return { child, said, until, ended };
}

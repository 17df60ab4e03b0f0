// What every start script needs: ports, processes, patience. Everything a script starts is stopped by one call, also after a failure.
import { spawn, spawnSync } from "node:child_process";
import { closeSync, existsSync, mkdirSync, mkdtempSync, openSync, readFileSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";

/** Keys of the one user that every server gets. Not secrets: they open nothing but a throw-away store on loopback. */
export const credentials = {
  accessKeyId: "TUCUXITESTKEY0000001",
  secretAccessKey: "river/dolphin+secret=0123456789abcdefghi",
};

export const step = (name, text) => console.log(`  [${name}] ${text}`);

/** The full path of a command on PATH, or undefined. */
export function which(command) {
  for (const folder of (process.env.PATH ?? "").split(delimiter)) {
    if (folder !== "" && existsSync(join(folder, command))) return join(folder, command);
  }
  return undefined;
}

/** A port of 127.0.0.1 that was free a moment ago. Another process may take it first: see `onStage`. */
export function freePort() {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.on("error", reject);
    probe.listen(0, "127.0.0.1", () => {
      const { port } = probe.address();
      probe.close(() => resolve(port));
    });
  });
}

/** Runs a command to its end and gives its output; a failure carries the end of what it said. */
export function run(command, args, options = {}) {
  const done = spawnSync(command, args, { encoding: "utf8", maxBuffer: 1 << 26, timeout: 1_800_000, ...options });
  if (done.error !== undefined) throw done.error;
  if (done.status !== 0) {
    const said = `${done.stdout}\n${done.stderr}`.trim().split("\n").slice(-15).join("\n");
    throw new Error(`${command} ${args.join(" ")}: exit ${done.status ?? done.signal}\n${said}`);
  }
  return done.stdout;
}

/** `run` that leaves the event loop free, for commands that take seconds. */
export function runAsync(command, args, options = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { stdio: ["ignore", "pipe", "pipe"], timeout: 120_000, ...options });
    const out = [];
    const all = [];
    child.stdout.on("data", (chunk) => out.push(chunk) && all.push(chunk));
    child.stderr.on("data", (chunk) => all.push(chunk));
    child.on("error", reject);
    child.on("close", (code, signal) => {
      if (code === 0) return resolve(Buffer.concat(out).toString());
      const said = Buffer.concat(all).toString().trim().split("\n").slice(-15).join("\n");
      reject(new Error(`${command} ${args.join(" ")}: exit ${code ?? signal}\n${said}`));
    });
  });
}

/** Installs Debian packages where root may; no recommended extras. */
export function aptInstall(name, packages) {
  step(name, `installing ${packages.join(" ")}`);
  const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
  // Others may be installing something too: their lock is waited for.
  const aptGet = (...args) => run("apt-get", ["-qq", "-o", "DPkg::Lock::Timeout=300", ...args], { env });
  twice(name, () => {
    aptGet("update");
    aptGet("install", "-y", "--no-install-recommends", ...packages);
  });
}

/** Does something that depends on the network; once more, a little later, when it failed. */
export function twice(name, work) {
  try {
    return work();
  } catch (error) {
    step(name, `failed, trying once more: ${error.message}`);
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 10_000);
    return work();
  }
}

/** True where `aptInstall` can work. */
export const canApt = () => process.getuid?.() === 0 && which("apt-get") !== undefined;

// Whatever ends this process, nothing it started outlives it.
const stages = new Set();
process.on("exit", () => {
  for (const stage of stages) stage.kill();
});
for (const [signal, code] of [
  ["SIGINT", 130],
  ["SIGTERM", 143],
  ["SIGHUP", 129],
]) {
  process.on(signal, () => process.exit(code));
}

/** A folder under the system's temporary one, and the processes that live in it. */
export class Stage {
  constructor(name) {
    this.name = name;
    this.folder = mkdtempSync(join(tmpdir(), `tucuxi-${name}-`));
    this.children = [];
    stages.add(this);
  }

  path(...parts) {
    return join(this.folder, ...parts);
  }

  makeFolder(...parts) {
    const folder = this.path(...parts);
    mkdirSync(folder, { recursive: true });
    return folder;
  }

  /** Starts a server in the background; what it says goes to a log file in the folder. */
  spawn(command, args, options = {}) {
    const log = this.path(`${this.children.length}-${command.split("/").pop()}.out`);
    const fd = openSync(log, "a");
    const child = spawn(command, args, { cwd: this.folder, ...options, stdio: ["ignore", fd, fd] });
    closeSync(fd);
    const record = { command, child, log, failed: undefined };
    child.on("error", (error) => {
      record.failed = error.message;
    });
    this.children.push(record);
    return child;
  }

  /** Asks `ready` until it gives true; gives up when a process of this stage has ended or the time is over. */
  async waitFor(what, ready, seconds = 60) {
    const deadline = Date.now() + seconds * 1000;
    for (;;) {
      for (const { command, child, log, failed } of this.children) {
        if (failed !== undefined || child.exitCode !== null || child.signalCode !== null) {
          throw new Error(
            `${command} ended (${failed ?? child.exitCode ?? child.signalCode}) before ${what}\n${tail(log)}`,
          );
        }
      }
      if (await ready()) return;
      if (Date.now() > deadline) {
        throw new Error(`${what}: not within ${seconds} s\n${this.children.map(({ log }) => tail(log)).join("\n")}`);
      }
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }

  kill() {
    for (const { child } of this.children) child.kill("SIGKILL");
    rmSync(this.folder, { recursive: true, force: true, maxRetries: 5 });
    stages.delete(this);
  }

  /** Stops every process, waits for its end and removes the folder. */
  async stop() {
    await Promise.all(
      this.children.map(({ child }) =>
        child.exitCode !== null || child.signalCode !== null || child.pid === undefined
          ? undefined
          : new Promise((resolve) => {
              child.once("exit", resolve);
              child.kill("SIGKILL");
            }),
      ),
    );
    this.kill();
  }
}

const tail = (log) => readFileSync(log, "utf8").trim().split("\n").slice(-15).join("\n");

/** The status that an address answers with, 0 where nothing answers. */
export async function status(url) {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(2000) });
    await response.arrayBuffer();
    return response.status;
  } catch {
    return 0;
  }
}

/** True once something answers HTTP at the address without a fault of its own. */
export async function answers(url) {
  const code = await status(url);
  return code > 0 && code < 500;
}

/**
 * Runs `build(stage)` in a stage of its own; tries again with fresh ports when it fails, since a port that was free may have
 * been taken before the server bound it.
 */
export async function onStage(name, build, tries = 3) {
  for (let attempt = 1; ; attempt += 1) {
    const stage = new Stage(name);
    try {
      return { ...(await build(stage)), stop: () => stage.stop() };
    } catch (error) {
      await stage.stop();
      if (attempt >= tries) throw error;
      step(name, `attempt ${attempt} failed, trying again: ${error.message.split("\n")[0]}`);
    }
  }
}

import { execFile } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";

const execute = promisify(execFile);

/** Runs a program to its end; the server in this process goes on answering. A failure carries what it said. */
export async function run(command, args, { env = {}, ...options } = {}) {
  try {
    const { stdout } = await execute(command, args, {
      maxBuffer: 1 << 26,
      timeout: 120_000,
      ...options,
      env: { ...process.env, ...env },
    });
    return stdout;
  } catch (error) {
    throw new Error(`${command} ${args.join(" ")}\n${error.stdout ?? ""}${error.stderr || error.message}`);
  }
}

/** The version that a program says it has, or why it can't be asked. */
export async function version(command, args, hint) {
  try {
    return { version: (await run(command, args)).trim().split("\n")[0] };
  } catch {
    return { missing: hint };
  }
}

/** A package of npm's: from this folder, or from the benches beside it. */
export function packaged(name) {
  for (const place of ["./", "../../bench/"]) {
    const require = createRequire(new URL(place, import.meta.url));
    try {
      return { module: require(name), version: require(`${name}/package.json`).version };
    } catch (error) {
      if (error.code !== "MODULE_NOT_FOUND") throw error;
    }
  }
  return undefined;
}

export const installHint = "npm install --prefix test/testing/clients";

/** Runs something with a folder of its own. */
export async function withFolder(work) {
  const folder = mkdtempSync(join(tmpdir(), "tucuxi-clients-"));
  try {
    return await work(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Where and with whose keys, as programs take it from their environment. */
export const environment = (server, folder) => ({
  HOME: folder,
  AWS_ENDPOINT_URL: server.url,
  AWS_REGION: server.region,
  AWS_DEFAULT_REGION: server.region,
  AWS_ACCESS_KEY_ID: server.credentials.accessKeyId,
  AWS_SECRET_ACCESS_KEY: server.credentials.secretAccessKey,
});

/** Keys that clients trip over. */
export const keys = [
  "plain",
  "with space",
  "a/b//c",
  "plus+and&",
  "per%20cent",
  "ção/\u{1f42c}",
  "quote'\"<>",
  "./dots/../x",
  "~tilde!*()",
];

/** Bytes that tell any shift or loss. */
export function bytes(size) {
  const data = Buffer.alloc(size);
  for (let i = 0; i < size; i++) data[i] = (i * 31 + (i >> 8)) & 255;
  return data;
}

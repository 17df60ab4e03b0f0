// The S3 in the box in a Node process of its own, started and described for whoever tests from another.
import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

/** Gives the process, which ends when its input does, and the options that a client of it needs. */
export async function startServer() {
  const server = spawn(process.execPath, [fileURLToPath(new URL("server.mjs", import.meta.url))], {
    cwd: fileURLToPath(new URL("../..", import.meta.url)),
    stdio: ["pipe", "pipe", "inherit"],
  });
  process.once("exit", () => server.kill("SIGKILL"));
  for await (const line of createInterface({ input: server.stdout })) return { server, about: JSON.parse(line) };
  throw new Error("the server ended before it said where it is");
}

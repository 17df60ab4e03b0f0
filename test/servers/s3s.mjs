// s3s-fs, the file-system server of the s3s crate, from crates.io.
import { rmSync } from "node:fs";
import { join } from "node:path";
import { isKept, keep } from "./cache.mjs";
import { answers, credentials, freePort, onStage, run, which } from "./support.mjs";

export const name = "s3s";
const version = "0.14.1";
const binary = (folder) => join(folder, "bin", "s3s-fs");

export async function available() {
  if (isKept(name, version) || which("cargo") !== undefined) return undefined;
  return "no Rust toolchain (cargo) to build it with, and no earlier build";
}

function build(folder) {
  const crate = ["s3s-fs", "--version", version, "--features", "binary", "--locked"];
  run("cargo", ["install", "--quiet", "--root", folder, "--target-dir", join(folder, "target"), ...crate]);
  rmSync(join(folder, "target"), { recursive: true, force: true });
}

export async function start() {
  const home = keep(name, version, build, (folder) => run(binary(folder), ["--version"]));
  return onStage(name, async (stage) => {
    const port = await freePort();
    const { accessKeyId, secretAccessKey } = credentials;
    const options = ["--host", "127.0.0.1", "--port", String(port), "--domain", `localhost:${port}`];
    stage.spawn(binary(home), [
      ...options,
      "--access-key",
      accessKeyId,
      "--secret-key",
      secretAccessKey,
      stage.makeFolder("store"),
    ]);
    const endpoint = `http://127.0.0.1:${port}`;
    await stage.waitFor("the server answers", () => answers(endpoint));
    return {
      endpoint,
      virtualHostEndpoint: `http://localhost:${port}`,
      region: "us-east-1",
      credentials,
      notes: version,
    };
  });
}

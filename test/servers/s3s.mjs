// s3s-fs, the file-system server of the s3s crate, from crates.io.
import { existsSync } from "node:fs";
import { join } from "node:path";
import { answers, cacheFolder, credentials, freePort, onStage, run, step, which } from "./support.mjs";

export const name = "s3s";
const version = "0.14.1";
const home = join(cacheFolder, `s3s-fs-${version}`);
const binary = join(home, "bin", "s3s-fs");

export async function available() {
  if (existsSync(binary) || which("cargo") !== undefined) return undefined;
  return "no Rust toolchain (cargo) to build it with, and no earlier build in .cache";
}

export async function start() {
  if (!existsSync(binary)) {
    step(name, `building s3s-fs ${version}`);
    run("cargo", [
      "install",
      "--quiet",
      "--locked",
      "s3s-fs",
      "--version",
      version,
      "--features",
      "binary",
      "--root",
      home,
    ]);
  }
  return onStage(name, async (stage) => {
    const port = await freePort();
    const { accessKeyId, secretAccessKey } = credentials;
    const options = ["--host", "127.0.0.1", "--port", String(port), "--domain", `localhost:${port}`];
    stage.spawn(binary, [
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

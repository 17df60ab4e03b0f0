// moto's S3 server, from PyPI, in a virtual environment of its own. As it comes it checks no signature, and made to check them it
// refuses right ones (of keys with `%`, of presigned URLs): so it shows how another reading of the API answers, and no more.
import { existsSync, mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { answers, cacheFolder, credentials, freePort, onStage, run, step, which } from "./support.mjs";

export const name = "moto";
const version = "5.2.1";
const home = join(cacheFolder, `moto-${version}`);
const server = join(home, "bin", "moto_server");

export async function available() {
  if (existsSync(server) || which("python3") !== undefined) return undefined;
  return "no python3 to make a virtual environment with";
}

export async function start() {
  if (!existsSync(server)) {
    step(name, `installing moto ${version}`);
    mkdirSync(cacheFolder, { recursive: true });
    try {
      run("python3", ["-m", "venv", home]);
      run(join(home, "bin", "python"), ["-m", "pip", "install", "--quiet", `moto[server,s3]==${version}`]);
    } catch (error) {
      rmSync(home, { recursive: true, force: true });
      throw error;
    }
  }
  return onStage(name, async (stage) => {
    const port = await freePort();
    stage.spawn(server, ["-H", "127.0.0.1", "-p", String(port)]);
    const endpoint = `http://127.0.0.1:${port}`;
    await stage.waitFor("the server answers", () => answers(`${endpoint}/moto-api/`));
    return { endpoint, region: "us-east-1", credentials, notes: version };
  });
}

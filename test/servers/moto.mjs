// moto's S3 server, from PyPI, in a virtual environment of its own. As it comes it checks no signature, and made to check them it
// refuses right ones (of keys with `%`, of presigned URLs): so it shows how another reading of the API answers, and no more.
import { join } from "node:path";
import { isKept, keep } from "./cache.mjs";
import { answers, credentials, freePort, onStage, run, which } from "./support.mjs";

export const name = "moto";
const version = "5.2.1";
const python = (folder) => join(folder, "bin", "python");

export async function available() {
  if (isKept(name, version) || which("python3") !== undefined) return undefined;
  return "no python3 to make a virtual environment with";
}

function build(folder) {
  run("python3", ["-m", "venv", folder]);
  run(python(folder), ["-m", "pip", "install", "--quiet", `moto[server,s3]==${version}`]);
}

export async function start() {
  const home = keep(name, version, build, (folder) => run(python(folder), ["-c", "import moto.server"]));
  return onStage(name, async (stage) => {
    const port = await freePort();
    // Not by the script in bin, which names the folder that it was installed in.
    const main = "from moto.server import main; main()";
    stage.spawn(python(home), ["-c", main, "-H", "127.0.0.1", "-p", String(port)]);
    const endpoint = `http://127.0.0.1:${port}`;
    await stage.waitFor("the server answers", () => answers(`${endpoint}/moto-api/`));
    return { endpoint, region: "us-east-1", credentials, notes: version };
  });
}

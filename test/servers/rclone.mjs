// `rclone serve s3` over a folder, from rclone's Go module.
import { goBuild, goMissing } from "./cache.mjs";
import { answers, credentials, freePort, onStage } from "./support.mjs";

export const name = "rclone";
const version = "v1.76.0";
const module = "github.com/rclone/rclone";

export const available = async () => goMissing(name, version);

export async function start() {
  const binary = goBuild(name, version, module);
  return onStage(name, async (stage) => {
    const port = await freePort();
    const keys = `${credentials.accessKeyId},${credentials.secretAccessKey}`;
    const options = ["--addr", `127.0.0.1:${port}`, "--auth-key", keys, "--config", stage.path("none.conf")];
    stage.spawn(binary, ["serve", "s3", ...options, stage.makeFolder("store")]);
    const endpoint = `http://127.0.0.1:${port}`;
    await stage.waitFor("the server answers", () => answers(endpoint));
    return { endpoint, region: "us-east-1", credentials, notes: version };
  });
}

// Versity S3 Gateway over a folder, from its Go module.
import { goBuild, goMissing } from "./cache.mjs";
import { answers, credentials, freePort, onStage } from "./support.mjs";

export const name = "versitygw";
const version = "v1.8.0";
const module = "github.com/versity/versitygw/cmd/versitygw";

export const available = async () => goMissing(name, version);

export async function start() {
  const binary = goBuild(name, version, module);
  return onStage(name, async (stage) => {
    const port = await freePort();
    const { accessKeyId, secretAccessKey } = credentials;
    const env = { ...process.env, ROOT_ACCESS_KEY_ID: accessKeyId, ROOT_SECRET_ACCESS_KEY: secretAccessKey };
    const options = ["--quiet", "--keep-alive", "--port", `127.0.0.1:${port}`];
    const store = ["posix", "--versioning-dir", stage.makeFolder("versions"), stage.makeFolder("store")];
    stage.spawn(binary, [...options, ...store], { env });
    const endpoint = `http://127.0.0.1:${port}`;
    await stage.waitFor("the gateway answers", () => answers(endpoint));
    return { endpoint, region: "us-east-1", credentials, notes: version };
  });
}

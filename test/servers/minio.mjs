// MinIO on one folder, from its Go module (its releases are not tagged as module versions, so the pin is a commit's).
import { goBuild, goMissing } from "./cache.mjs";
import { credentials, freePort, onStage, status } from "./support.mjs";

export const name = "minio";
const version = "v0.0.0-20260212201848-7aac2a2c5b7c";
const module = "github.com/minio/minio";

export const available = async () => goMissing(name, version);

export async function start() {
  const binary = goBuild(name, version, module);
  return onStage(name, async (stage) => {
    const port = await freePort();
    const console = await freePort();
    const env = {
      ...process.env,
      MINIO_ROOT_USER: credentials.accessKeyId,
      MINIO_ROOT_PASSWORD: credentials.secretAccessKey,
      MINIO_DOMAIN: "localhost",
      MINIO_UPDATE: "off",
    };
    const addresses = ["--address", `127.0.0.1:${port}`, "--console-address", `127.0.0.1:${console}`];
    stage.spawn(binary, ["server", ...addresses, stage.makeFolder("store")], { env });
    const endpoint = `http://127.0.0.1:${port}`;
    await stage.waitFor("the server is ready", async () => (await status(`${endpoint}/minio/health/ready`)) === 200);
    return {
      endpoint,
      virtualHostEndpoint: `http://localhost:${port}`,
      region: "us-east-1",
      credentials,
      notes: "2026-02-12",
    };
  });
}

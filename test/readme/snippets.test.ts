// Every TypeScript block of the README is compiled and run as it stands, against the S3 in the box: keys, region and endpoint come
// from the environment, as they would for its reader.
import { execFile } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { transform } from "esbuild";
import { S3Client } from "tucuxi";
import { S3Server } from "tucuxi/testing";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

const root = dirname(fileURLToPath(new URL("../../package.json", import.meta.url)));
const readme = readFileSync(join(root, "README.md"), "utf8");
const blocks = [...readme.matchAll(/^```ts\n([\s\S]*?)^```/gm)].map((match) => match[1] ?? "");

let server: S3Server;
let folder: string;
beforeAll(async () => {
  // Below the package, so that its own name leads to what was built.
  mkdirSync(join(root, ".cache"), { recursive: true });
  folder = mkdtempSync(join(root, ".cache", "readme-"));
  server = await S3Server.start({ buckets: ["river"] });
  const s3 = new S3Client({ endpoint: server.url, region: server.region, credentials: server.credentials });
  await s3.putObject({ Bucket: "river", Key: "hello.txt", Body: "Olá!" });
  await s3.close();
});
afterAll(async () => {
  await server.stop();
  rmSync(folder, { recursive: true, force: true });
});

describe("the README's code", () => {
  it("is there", () => {
    expect(blocks.length).toBeGreaterThan(3);
  });

  it.each(
    blocks.map(
      (code, at) => [code.split("\n").find((line) => !line.startsWith("import") && line) ?? "", code, at] as const,
    ),
  )("runs: %s", async (_title, code, at) => {
    // The in-memory server has one region; a reader's bucket would be where they say it is.
    const { code: js } = await transform(
      code.replaceAll('region: "eu-central-1" });', `region: "${server.region}" });`),
      {
        loader: "ts",
        format: "esm",
        target: "node20",
      },
    );
    const file = join(folder, `block-${at}.mjs`);
    writeFileSync(file, js);
    writeFileSync(join(folder, "report.pdf"), "report");
    const { stderr } = await promisify(execFile)(process.execPath, ["--no-warnings", file], {
      cwd: folder,
      env: {
        ...process.env,
        NODE_OPTIONS: "",
        HOME: folder,
        AWS_ACCESS_KEY_ID: server.credentials.accessKeyId,
        AWS_SECRET_ACCESS_KEY: server.credentials.secretAccessKey,
        AWS_REGION: server.region,
        AWS_ENDPOINT_URL_S3: server.url,
      },
    });
    expect(stderr).toBe("");
  });
});

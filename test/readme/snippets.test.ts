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

const recipes = [...readme.matchAll(/^```js\n([\s\S]*?)^```/gm)].map((match) => match[1] ?? "");

describe("the README's recipes for tests", () => {
  it("has one for node:test, which runs as it stands, with a function of the reader's to test", async () => {
    const recipe = recipes.find((code) => code.includes("node:test")) ?? "";
    const file = join(folder, "recipe.test.mjs");
    const own = 'const saveReport = (s3) => s3.putObject({ Bucket: "river", Key: "report", Body: "all is well" });\n';
    writeFileSync(file, own + recipe);
    const { stdout } = await promisify(execFile)(process.execPath, ["--no-warnings", "--test", file], {
      cwd: folder,
      env: { ...process.env, NODE_OPTIONS: "", NODE_TEST_CONTEXT: undefined },
    });
    expect(stdout).toMatch(/pass 1\b/);
    expect(stdout).toMatch(/fail 0\b/);
  });

  it("has one for vitest and jest, whose hooks start, empty and stop the server", async () => {
    const recipe = recipes.find((code) => code.includes("vitest")) ?? "";
    const hooks = { beforeAll: [], beforeEach: [], afterAll: [] } as Record<string, (() => unknown)[]>;
    const file = join(folder, "recipe.mjs");
    const plain = recipe.replace(
      /^import .* from "vitest".*$/m,
      "const { beforeAll, beforeEach, afterAll } = globalThis.recipe;",
    );
    writeFileSync(file, plain);
    const before = { ...process.env };
    Object.assign(globalThis, {
      recipe: Object.fromEntries(
        Object.entries(hooks).map(([name, list]) => [name, (run: () => unknown) => list.push(run)]),
      ),
    });
    try {
      await import(file);
      await hooks.beforeAll?.[0]?.();
      const s3 = new S3Client();
      await s3.putObject({ Bucket: "river", Key: "k", Body: "x" });
      await hooks.beforeEach?.[0]?.();
      expect((await s3.listObjectsV2({ Bucket: "river" })).Contents).toEqual([]);
      await s3.close();
      await hooks.afterAll?.[0]?.();
    } finally {
      for (const name of Object.keys(process.env)) if (!(name in before)) delete process.env[name];
      Object.assign(process.env, before);
    }
  });
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

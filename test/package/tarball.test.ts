/** The packed package, as somebody has it who installs it: imports, types, bundles, and what an import loads. */
import { execFileSync } from "node:child_process";
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { rollup } from "rollup";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { run as start } from "../testing/built.js";

const root = fileURLToPath(new URL("../../", import.meta.url));
const modules = join(root, "node_modules");
let folder: string;
let unpackedSize: number;

function run(command: string, args: string[], cwd = folder): string {
  return execFileSync(command, args, {
    cwd,
    encoding: "utf8",
    env: { ...process.env, NODE_OPTIONS: "" },
    stdio: ["ignore", "pipe", "pipe"],
  });
}

/** Runs a program of a consumer; gives what it printed. */
function node(name: string, code: string): string {
  writeFileSync(join(folder, name), code);
  return run(process.execPath, ["--no-warnings", name]).trim();
}

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "tucuxi-consumer-"));
  const [packed] = JSON.parse(
    run("npm", ["pack", "--json", "--ignore-scripts", "--pack-destination", folder], root),
  ) as { filename: string; unpackedSize: number }[];
  unpackedSize = packed!.unpackedSize;
  mkdirSync(join(folder, "node_modules", "tucuxi"), { recursive: true });
  run("tar", [
    "-xzf",
    join(folder, packed!.filename),
    "-C",
    join(folder, "node_modules", "tucuxi"),
    "--strip-components=1",
  ]);
  // What npm would install beside it; and what a consumer in TypeScript has.
  for (const name of readdirSync(modules)) {
    if (name.startsWith(".") || name === "tucuxi") continue;
    if (name === "undici") cpSync(join(modules, name), join(folder, "node_modules", name), { recursive: true });
    else symlinkSync(join(modules, name), join(folder, "node_modules", name));
  }
  writeFileSync(join(folder, "package.json"), JSON.stringify({ name: "consumer", private: true, type: "module" }));
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe("the tarball", () => {
  it("holds what users need and nothing else", () => {
    const inside = readdirSync(join(folder, "node_modules", "tucuxi"));
    expect(inside.sort()).toEqual(["LICENSE", "README.md", "dist", "package.json"]);
  });

  it("takes less than a megabyte", () => {
    expect(unpackedSize).toBeLessThan(1_000_000);
  });

  it("imports under ESM, every entry", () => {
    const printed = node(
      "esm.mjs",
      `import { S3Client, Session, S3ServiceError, NoSuchKey } from "tucuxi";
       import { signRequest } from "tucuxi/sigv4";
       import { parseProfileFile } from "tucuxi/config";
       import { defaultChain } from "tucuxi/credentials";
       import { resolveEndpoint } from "tucuxi/endpoint";
       import { S3Server } from "tucuxi/testing";
       console.log([S3Client, Session, S3ServiceError, NoSuchKey, signRequest, parseProfileFile, defaultChain, resolveEndpoint, S3Server].map((x) => typeof x).join());`,
    );
    expect(printed).toBe(Array(9).fill("function").join());
  });

  it.each(["", "sigv4", "config", "credentials", "endpoint", "testing"])(
    "declares at the door tucuxi/%s the values that are there",
    (door) => {
      const file = join(folder, "node_modules", "tucuxi", "dist", door, "index.d.ts");
      const declared: string[] = [];
      for (const [, list, path] of readFileSync(file, "utf8").matchAll(/^export (\*|\{[^}]*\}) from "(.*)\.js";/gm)) {
        const text = readFileSync(join(file, "..", `${path}.d.ts`), "utf8");
        const values = [...text.matchAll(/^export (?:declare )?(?:abstract )?(?:class|function|const) (\w+)/gm)].map(
          ([, name]) => name!,
        );
        declared.push(...values.filter((name) => list === "*" || new RegExp(`\\b${name}\\b`).test(list!)));
      }
      const there = node("door.mjs", `console.log(Object.keys(await import("tucuxi${door && `/${door}`}")).join());`);
      expect([...new Set(declared)].sort()).toEqual(there.split(",").sort());
    },
  );

  it("has the command, which starts a server", async () => {
    const { bin } = JSON.parse(readFileSync(join(folder, "node_modules", "tucuxi", "package.json"), "utf8"));
    const command = join(folder, "node_modules", "tucuxi", bin.tucuxi);
    expect(readFileSync(command, "utf8")).toMatch(/^#!\/usr\/bin\/env node\n/);
    const server = start([command, "serve", "--port", "0"]);
    await server.until(/AWS_ENDPOINT_URL=http:.*\n/);
    server.child.kill("SIGTERM");
    expect(await server.ended).toBe(0);
  });

  it.runIf((process.features as { require_module?: boolean }).require_module)("is required from CommonJS", () => {
    const printed = node("cjs.cjs", `const { S3Client } = require("tucuxi"); console.log(typeof S3Client);`);
    expect(printed).toBe("function");
  });

  it.each(["node16", "nodenext", "bundler"])("type-checks in a strict consumer, moduleResolution %s", (resolution) => {
    writeFileSync(
      join(folder, "consumer.ts"),
      `import { type CallOptions, type Hooks, NoSuchKey, S3Client, S3ServiceError, Session, type GetObjectOutput } from "tucuxi";
       import { signRequest } from "tucuxi/sigv4";
       import { loadSharedConfig } from "tucuxi/config";
       import { fromEnv } from "tucuxi/credentials";
       import { resolveEndpoint } from "tucuxi/endpoint";
       import { S3Server } from "tucuxi/testing";
       // What may be left out may be undefined, and a hook need not return anything.
       export const hooks: Hooks[] = [
         { beforeSign: (request) => { request.headers["x-a"] = "b"; }, beforeSend: undefined },
         { beforeSign: async () => {} },
         { async beforeSign({ attempt }) { if (attempt > 1) return { "x-a": "b" }; return; } },
         { beforeSign: () => ({ "x-a": "b" }) },
       ];
       export async function transfers(s3: S3Client): Promise<void> {
         const server = await S3Server.start({ port: undefined, region: undefined, clock: () => Date.now() });
         server.fault({ operation: undefined, status: 500 });
         const every = { partSize: 1, multipartThreshold: 1, concurrency: 1, maxBandwidth: 1, onProgress: () => {}, resume: true } as const;
         await s3.upload({ Bucket: "b", Key: "k", Body: "" }, { ...every, checksumAlgorithm: "CRC32" });
         await s3.uploadFile("path", { Bucket: "b", Key: "k" }, { ...every, checksumAlgorithm: "CRC32" });
         await s3.downloadFile({ Bucket: "b", Key: "k" }, "path", { ...every, checksumAlgorithm: "CRC32" });
         await s3.copy({ Bucket: "b", Key: "k", CopySource: "b/k" }, { ...every, checksumAlgorithm: "CRC32" });
         await s3.uploadDirectory("path", { Bucket: "b" }, { ...every, checksumAlgorithm: "CRC32" });
         await s3.downloadDirectory({ Bucket: "b" }, "path", { ...every, checksumAlgorithm: "CRC32" });
         await s3.sync("path", { Bucket: "b" }, { ...every, checksumAlgorithm: "CRC32" });
       }
       export async function main(options: CallOptions): Promise<string> {
         const s3: S3Client = new Session({ profile: "x" }).client({ credentials: fromEnv() });
         const out: GetObjectOutput = await s3.getObject({ Bucket: "b", Key: "k" }, options);
         const keys: string[] = (await s3.listObjectsV2({ Bucket: "b" })).Contents.map((object) => object.Key);
         const error: unknown = new NoSuchKey("m", { code: "NoSuchKey" });
         if (error instanceof S3ServiceError) keys.push(error.code);
         signRequest({ method: "GET", url: "https://x/", credentials: { accessKeyId: "a", secretAccessKey: "b" }, region: "r" });
         loadSharedConfig().profiles; resolveEndpoint({ Region: "us-east-1" }).url; S3Server.start;
         // @ts-expect-error a misspelt member
         await s3.getObject({ Bucket: "b", key: "k" });
         return (await out.Body.text()) + keys.join();
       }`,
    );
    const module = resolution === "bundler" ? "esnext" : resolution;
    const tsc = join(modules, "typescript", "bin", "tsc");
    const flags = [
      "--noEmit",
      "--strict",
      "--exactOptionalPropertyTypes",
      "--target",
      "es2022",
      "--lib",
      "es2023,esnext.disposable",
    ];
    run(process.execPath, [
      tsc,
      ...flags,
      "--types",
      "node",
      "--module",
      module,
      "--moduleResolution",
      resolution,
      "consumer.ts",
    ]);
    expect(existsSync(join(folder, "consumer.js"))).toBe(false);
  });

  it("fits the streams of programs that have the DOM's types, as those without `lib` do", () => {
    writeFileSync(
      join(folder, "dom.ts"),
      `import type { S3Client } from "tucuxi";
       export async function streams(s3: S3Client): Promise<Response> {
         const answer = await fetch("http://localhost/");
         await s3.putObject({ Bucket: "b", Key: "k", Body: answer.body! });
         await s3.putObject({ Bucket: "b", Key: "k", Body: () => new Blob(["x"]).stream() });
         await s3.upload({ Bucket: "b", Key: "k", Body: new Blob(["x"]).stream().pipeThrough(new CompressionStream("gzip")) });
         const { Body } = await s3.getObject({ Bucket: "b", Key: "k" });
         document.title = URL.createObjectURL(await (await s3.getObject({ Bucket: "b", Key: "k" })).Body.blob());
         await s3.download({ Bucket: "b", Key: "k" }, new WritableStream<Uint8Array>());
         const stream: ReadableStream<Uint8Array> = Body.stream();
         return new Response(stream);
       }`,
    );
    const tsc = join(modules, "typescript", "bin", "tsc");
    const flags = ["--noEmit", "--strict", "--target", "es2022", "--skipLibCheck", "--types", "node"];
    run(process.execPath, [tsc, ...flags, "--module", "esnext", "--moduleResolution", "bundler", "dom.ts"]);
  }, 120_000);

  it("loads no package at all for an import and a presigned URL", () => {
    const printed = node(
      "lean.mjs",
      `import { S3Client } from "tucuxi";
       const s3 = new S3Client({ region: "us-east-1", credentials: { accessKeyId: "a", secretAccessKey: "b" } });
       const url = s3.presignSync("getObject", { Bucket: "bucket", Key: "k" });
       const { createRequire } = await import("node:module");
       const loaded = Object.keys(createRequire(import.meta.url).cache).filter((file) => /node_modules/.test(file));
       console.log(JSON.stringify({ url: url.split("?")[0], loaded }));`,
    );
    expect(JSON.parse(printed)).toEqual({ url: "https://bucket.s3.us-east-1.amazonaws.com/k", loaded: [] });
  });
});

const program = `
  import { S3Client } from "tucuxi";
  import { createServer } from "node:http";
  const answer = '<ListBucketResult><Contents><Key>a</Key></Contents></ListBucketResult>';
  const server = createServer((request, response) => {
    if (request.url.includes("acl")) response.end('<AccessControlPolicy><Owner><ID>me</ID></Owner></AccessControlPolicy>');
    else response.end(answer);
  });
  server.listen(0, "127.0.0.1", async () => {
    const s3 = new S3Client({ endpoint: "http://127.0.0.1:" + server.address().port, credentials: { accessKeyId: "a", secretAccessKey: "b" } });
    const { Contents } = await s3.listObjectsV2({ Bucket: "bucket" });
    const { Owner } = await s3.getBucketAcl({ Bucket: "bucket" });
    console.log(Contents[0].Key, Owner.ID);
    await s3.close();
    server.close();
  });`;

describe("a bundle", () => {
  /** Runs a bundle alone in a folder: whatever it did not bring along is not there. */
  function runAlone(file: string): string {
    const alone = mkdtempSync(join(tmpdir(), "tucuxi-bundle-"));
    try {
      writeFileSync(join(alone, "bundle.mjs"), readFileSync(file));
      mkdirSync(join(alone, ".aws"));
      writeFileSync(join(alone, ".aws", "config"), "[default]\nregion = eu-west-1\n");
      const env = { ...process.env, HOME: alone, NODE_OPTIONS: "", NODE_PATH: "" };
      return execFileSync(process.execPath, ["--no-warnings", "bundle.mjs"], {
        cwd: alone,
        encoding: "utf8",
        env,
      }).trim();
    } finally {
      rmSync(alone, { recursive: true, force: true });
    }
  }

  it("of esbuild runs alone", async () => {
    writeFileSync(join(folder, "program.mjs"), program);
    const outfile = join(folder, "esbuild.mjs");
    await build({
      entryPoints: [join(folder, "program.mjs")],
      outfile,
      bundle: true,
      platform: "node",
      format: "esm",
      banner: { js: 'import { createRequire as __cr } from "node:module"; const require = __cr(import.meta.url);' },
      logLevel: "silent",
    });
    expect(runAlone(outfile)).toBe("a me");
  });

  it("of rollup runs alone", async () => {
    const { default: commonjs } = await import("@rollup/plugin-commonjs");
    const { default: resolve } = await import("@rollup/plugin-node-resolve");
    const { default: json } = await import("@rollup/plugin-json");
    writeFileSync(join(folder, "program.mjs"), program);
    const bundle = await rollup({
      input: join(folder, "program.mjs"),
      plugins: [
        resolve({ preferBuiltins: true, exportConditions: ["node"] }),
        // undici asks for node:sqlite if there is one, which Node 20 has not; hoisted to an import it would be a must.
        commonjs({ ignore: ["node:sqlite"] }),
        json(),
      ],
      external: [/^node:/],
      onwarn() {},
    });
    const file = join(folder, "rollup.mjs");
    await bundle.write({ file, format: "esm", inlineDynamicImports: true });
    await bundle.close();
    expect(runAlone(file)).toBe("a me");
  });
});

// What there is of us: `npm run build && node test/bench/size.mjs`. Bytes of what is installed, file by file, and bundles by esbuild, minified and
// gzipped, with all that they bring along; by package, what each brings.
import { execFileSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { build } from "esbuild";

const root = fileURLToPath(new URL("../../", import.meta.url));
const here = fileURLToPath(new URL(".", import.meta.url));
const kilo = (bytes) => (bytes / 1000).toFixed(1).padStart(8);

const weigh = (folder) =>
  readdirSync(folder, { withFileTypes: true }).reduce(
    (sum, entry) =>
      sum + (entry.isDirectory() ? weigh(join(folder, entry.name)) : statSync(join(folder, entry.name)).size),
    0,
  );
const [packed] = JSON.parse(
  execFileSync("npm", ["pack", "--dry-run", "--json", "--ignore-scripts"], { cwd: root, encoding: "utf8" }),
);
const byKind = new Map();
for (const { path, size } of packed.files) {
  const kind = path.startsWith("dist/") ? `dist, ${path.endsWith(".d.ts") ? "declarations" : "code"}` : path;
  byKind.set(kind, (byKind.get(kind) ?? 0) + size);
}
console.log(`installed, ours:       ${kilo(packed.unpackedSize)} kB in ${packed.files.length} files`);
for (const [kind, bytes] of byKind) console.log(`  ${kind.padEnd(20)} ${kilo(bytes)}`);

/** All that a package needs, itself included. */
function needs(name, from, found = new Map()) {
  let folder = join(from, "node_modules", name);
  for (let up = from; !existsSync(folder); up = join(up, "..")) folder = join(up, "node_modules", name);
  if (found.has(folder)) return found;
  found.set(folder, weigh(folder));
  const { dependencies = {} } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
  for (const other of Object.keys(dependencies)) needs(other, folder, found);
  return found;
}
const { dependencies } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
const others = new Map();
for (const name of Object.keys(dependencies)) needs(name, root, others);
const sum = [...others.values()].reduce((a, b) => a + b, packed.unpackedSize);
console.log(`installed, all:        ${kilo(sum)} kB in ${others.size + 1} packages`);
for (const peer of ["@aws-sdk/client-s3", "lean-s3", "minio"]) {
  if (!existsSync(join(here, "node_modules", peer))) continue;
  const all = needs(peer, here);
  console.log(`  ${peer.padEnd(20)} ${kilo([...all.values()].reduce((a, b) => a + b, 0))} kB in ${all.size} packages`);
}

const door = (path) => JSON.stringify(join(root, "dist", path));
const require = createRequire(import.meta.url);
const bundles = {
  "tucuxi, one getObject": `import { S3Client } from ${door("index.js")};
    const { Body } = await new S3Client({}).getObject({ Bucket: "bucket", Key: "key" });
    console.log(await Body.text());`,
  "@aws-sdk, one GetObject": `import { GetObjectCommand, S3Client } from "@aws-sdk/client-s3";
    const { Body } = await new S3Client({}).send(new GetObjectCommand({ Bucket: "bucket", Key: "key" }));
    console.log(await Body.transformToString());`,
  "lean-s3, one file": `import { S3Client } from "lean-s3";
    console.log(await new S3Client({ bucket: "bucket" }).file("key").text());`,
  "undici's client alone": `import Client from ${JSON.stringify(require.resolve(join(root, "node_modules/undici/lib/dispatcher/client.js")))};
    console.log(Client);`,
  "tucuxi/sigv4, all of it": `export * from ${door("sigv4/index.js")};`,
  "tucuxi/sigv4, signing": `export { signRequest, presignUrl } from ${door("sigv4/index.js")};`,
};
console.log("bundles, minified, and gzipped:");
for (const [name, contents] of Object.entries(bundles)) {
  const { outputFiles, metafile } = await build({
    stdin: { contents, resolveDir: here },
    bundle: true,
    minify: true,
    platform: "node",
    format: "esm",
    metafile: true,
    write: false,
    logLevel: "silent",
  }).catch(() => ({}));
  if (!outputFiles) {
    console.log(`(${name} is not installed: npm install --prefix test/bench)`);
    continue;
  }
  const [{ contents: code }] = outputFiles;
  const parts = new Map();
  for (const [file, { bytesInOutput }] of Object.entries(Object.values(metafile.outputs)[0].inputs)) {
    const from = /.*node_modules\/(@[^/]+\/[^/]+|[^/]+)/.exec(file)?.[1] ?? "ours";
    parts.set(from, (parts.get(from) ?? 0) + bytesInOutput);
  }
  const most = [...parts].sort(([, a], [, b]) => b - a).slice(0, 4);
  const made = most.map(([from, bytes]) => `${from} ${(bytes / 1000).toFixed(0)}`).join(", ");
  console.log(`  ${name.padEnd(24)} ${kilo(code.length)} ${kilo(gzipSync(code, { level: 9 }).length)} kB   (${made})`);
}

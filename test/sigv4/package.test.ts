import { existsSync, readdirSync, readFileSync } from "node:fs";
import { builtinModules } from "node:module";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { build } from "esbuild";
import { describe, expect, it } from "vitest";
import * as sigv4 from "../../src/sigv4/index.js";

const source = fileURLToPath(new URL("../../src/sigv4/", import.meta.url));

async function bundle(exports: string) {
  const result = await build({
    stdin: { contents: `export ${exports} from "./index.ts";`, resolveDir: source, loader: "ts" },
    bundle: true,
    minify: true,
    format: "esm",
    platform: "node",
    metafile: true,
    write: false,
    logLevel: "silent",
  });
  return { metafile: result.metafile, gzipped: gzipSync(result.outputFiles[0]!.contents, { level: 9 }).length };
}

describe("tucuxi/sigv4", () => {
  it("exports what it promises", () => {
    expect(Object.keys(sigv4).sort()).toEqual([
      "createChunkSigner",
      "createChunkVerifier",
      "deriveSigningKey",
      "padChunkSignature",
      "presignPost",
      "presignUrl",
      "signRequest",
      "verifySignature",
    ]);
  });

  it("needs nothing but node:crypto", async () => {
    const { metafile } = await bundle("*");
    const imports = Object.values(metafile.outputs).flatMap((output) => output.imports.map((one) => one.path));
    expect([...new Set(imports)]).toEqual(["node:crypto"]);
    expect(Object.keys(metafile.inputs).filter((path) => !/(^|\/)src\/sigv4\/|<stdin>/.test(path))).toEqual([]);
    expect(builtinModules).toContain("crypto");
  });

  it("has imports of node: and of its own folder alone in its sources", () => {
    const files = readdirSync(source).filter((file) => file.endsWith(".ts"));
    expect(files.length).toBeGreaterThan(10);
    for (const file of files) {
      const text = readFileSync(source + file, "utf8");
      for (const [, target = ""] of text.matchAll(/\b(?:from|import)\s*\(?"([^"]+)"/g)) {
        expect(target, file).toMatch(/^(node:crypto|\.\/[a-z]+\.js)$/);
        if (target.startsWith(".")) expect(existsSync(source + target.replace(/js$/, "ts")), target).toBe(true);
      }
      expect(text.split("\n").length, file).toBeLessThan(400);
    }
  });

  it("is small: signing under 6 KiB, forms and chunks with it 6.5, verification too 10", async () => {
    expect((await bundle("{ signRequest, presignUrl }")).gzipped).toBeLessThan(6 * 1024);
    const signing = "{ signRequest, presignUrl, presignPost, deriveSigningKey, createChunkSigner }";
    expect((await bundle(signing)).gzipped).toBeLessThan(6.5 * 1024);
    expect((await bundle("*")).gzipped).toBeLessThan(10 * 1024);
  });
});

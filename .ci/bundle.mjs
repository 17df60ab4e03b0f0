// Builds dist from src: JavaScript by rollup, types stripped by esbuild. tsc has written the declarations before;
// declarations.mjs gathers those that the doors lead to.
//
// Why not esbuild alone: it makes a file for every set of entries and lazy imports that shares code, and the front door then loaded
// 18 of them. A file costs Node half a millisecond and more to find, read and link; in three the import takes half the CPU
// (test/bench/start.mjs). So the files are laid out by hand: what an `import "tucuxi"` needs stands in few, what a first request needs in
// few more, and what is seldom used apart. The signer's door is one file that stands alone, for whoever signs and does nothing else.
//
// White space and the names of variables are left out, a third of the package, but not names by which a stack trace says where it was:
// classes, their methods (but private ones) and functions that other files use. Lines stay short, so that their numbers tell.
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { transform } from "esbuild";
import { rollup } from "rollup";
import { minify } from "terser";
import { gatherDeclarations } from "./declarations.mjs";

const root = fileURLToPath(new URL("../", import.meta.url));
const source = join(root, "src/");
const out = join(root, process.argv[2] ?? "dist");
const declarations = join(root, ".cache/types/");
const signer = "sigv4/index";
const doors = ["index", "config/index", "credentials/index", "endpoint/index", "testing/index"];
/** Programs; nobody imports them. */
const commands = ["testing/cli"];

const typescript = {
  name: "typescript",
  resolveId: (id, from) => (id.startsWith(".") && from ? join(from, "..", id).replace(/\.js$/, ".ts") : null),
  async load(id) {
    if (!id.startsWith(source)) return null;
    const { code } = await transform(await readFile(id, "utf8"), {
      loader: "ts",
      target: "node20.18",
      minifySyntax: true,
    });
    return { code, map: null };
  },
  async renderChunk(code, { exports, name }) {
    const signs = name === signer;
    const { code: short } = await minify(signs ? code : withoutBuiltins(code), {
      compress: { defaults: false, booleans: true },
      mangle: { toplevel: true, keep_classnames: true, keep_fnames: new RegExp(`^(?:${exports.join("|")})$`) },
      // Beyond ASCII, V8 would keep the whole file at two bytes a character, and compile it the slower for it.
      format: { ascii_only: true, max_line_len: 200, preserve_annotations: true },
    });
    return { code: short, map: null };
  },
};

/**
 * Takes Node's modules without importing them: for an import, Node reads all that a module names, and so loads what it would load when
 * asked for (parsers of arguments, MIME types, streams of files, WebCrypto). That takes an import of the package, and a first request, a
 * millisecond each. The signer, whose imports shall be seen, does import.
 */
const withoutBuiltins = (code) =>
  code.replace(
    /^import (?:(\w+),? ?)?(?:\{ ([^}]*) \} )?from '(node:[\w/]+)';$/gm,
    (_, main, names, module) =>
      (main ? `const ${main} = process.getBuiltinModule("${module}");` : "") +
      (names ? `const { ${names.replaceAll(" as ", ": ")} } = process.getBuiltinModule("${module}");` : ""),
  );

/** Modules that a module brings along when it is imported, itself included. */
function closure(start, getModuleInfo, found = new Set()) {
  if (found.has(start)) return found;
  found.add(start);
  for (const id of getModuleInfo(start).importedIds) if (id.startsWith(source)) closure(id, getModuleInfo, found);
  return found;
}

/** Each layer stands in one file, without what an earlier layer has. All are closed: a file imports from earlier ones only. */
const layers = [
  ["base", ["config/settings.ts", "config/files.ts", "endpoint/index.ts", "credentials/make.ts", "errors/base.ts"]],
  ["client", ["index.ts"]],
  ["road", ["client/road.ts", "transport/pool.ts"]],
];

async function bundle(entries, layers) {
  let layerOf;
  const made = await rollup({
    input: Object.fromEntries(entries.map((entry) => [entry, join(source, `${entry}.ts`)])),
    plugins: [typescript],
    external: [/^node:/, /^undici\b/, "fast-xml-parser", "ini"],
    treeshake: { moduleSideEffects: false },
    onwarn(warning) {
      throw new Error(warning.message);
    },
  });
  await made.write({
    dir: out,
    format: "es",
    generatedCode: "es2015",
    entryFileNames: "[name].js",
    chunkFileNames: "chunks/[name].js",
    // Both are for browsers: an import for each file that a file needs in turn, and names of one letter.
    hoistTransitiveImports: false,
    minifyInternalExports: false,
    manualChunks(id, { getModuleInfo }) {
      if (!layerOf) {
        layerOf = new Map(entries.map((entry) => [join(source, `${entry}.ts`), undefined]));
        for (const [name, starts] of layers)
          for (const start of starts)
            for (const one of closure(join(source, start), getModuleInfo))
              if (!layerOf.has(one)) layerOf.set(one, name);
      }
      return layerOf.get(id);
    },
  });
  await made.close();
}

await bundle([signer], []);
await bundle([...doors, ...commands], layers);

if (existsSync(declarations)) await gatherDeclarations(declarations, out, [signer, ...doors]);

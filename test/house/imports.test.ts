import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";

const source = fileURLToPath(new URL("../../src/", import.meta.url));
const files = readdirSync(source, { recursive: true, encoding: "utf8" })
  .filter((file) => file.endsWith(".ts") && !file.endsWith(".d.ts"))
  .map((file) => file.replaceAll("\\", "/"));

interface Import {
  target: string;
  kind: "static" | "type" | "dynamic";
}

/** The imports of a file: a path below src for our own, the specifier for others. */
function importsOf(file: string): Import[] {
  const text = readFileSync(join(source, file), "utf8");
  const found: Import[] = [];
  const add = (specifier: string, kind: Import["kind"]): void => {
    const target = specifier.startsWith(".")
      ? relative(source, resolve(source, dirname(file), specifier))
          .replaceAll("\\", "/")
          .replace(/\.js$/, ".ts")
      : specifier;
    found.push({ target, kind });
  };
  for (const match of text.matchAll(/^(?:import|export)\s+(type\s+)?(?:[^"';]*?\sfrom\s+)?"([^"]+)";/gm)) {
    // `import { type A, type B }` is erased like `import type`.
    const names = /\{([^}]*)\}/
      .exec(match[0])?.[1]
      ?.split(",")
      .map((name) => name.trim())
      .filter(Boolean);
    const erased = match[1] !== undefined || (names?.length ? names.every((name) => name.startsWith("type ")) : false);
    add(match[2]!, erased ? "type" : "static");
  }
  for (const match of text.matchAll(/\bimport\("([^"]+)"\)/g)) add(match[1]!, "dynamic");
  return found;
}

const graph = new Map(files.map((file) => [file, importsOf(file)]));

/** Rooms from the bottom up: a room uses those of lower number, and its own. */
const floors: Record<string, number> = {
  "version.ts": 0,
  sigv4: 0,
  errors: 0,
  model: 0,
  config: 1,
  rules: 3,
  protocol: 2,
  endpoint: 2,
  credentials: 3,
  transport: 2,
  testing: 4,
  client: 4,
  transfer: 5,
  resource: 5,
  "session.ts": 6,
  "index.ts": 7,
};
const roomOf = (file: string): string => file.split("/")[0]!;

describe("the house", () => {
  it("has a floor for every room", () => {
    expect(files.map(roomOf).filter((room) => floors[room] === undefined)).toEqual([]);
  });

  it("imports downwards only", () => {
    const wrong: string[] = [];
    for (const [file, imports] of graph) {
      for (const { target, kind } of imports) {
        if (!graph.has(target) || kind === "type") continue;
        const [from, to] = [roomOf(file), roomOf(target)];
        // A client's transfers are methods of it, but their code stays out of whoever makes none.
        const door = file === "client/transfers.ts" && to === "transfer" && kind === "dynamic";
        if (from === to || door) continue;
        if (floors[to]! > floors[from]! || to === "testing" || (from === "testing" && to === "client")) {
          wrong.push(`${file} -> ${target}`);
        }
      }
    }
    expect(wrong).toEqual([]);
  });

  it("has a signer that stands on node: alone", () => {
    const outside = [...graph]
      .filter(([file]) => file.startsWith("sigv4/"))
      .flatMap(([file, imports]) => imports.map(({ target }) => `${file} -> ${target}`))
      .filter((line) => !/-> (sigv4\/|node:)/.test(line));
    expect(outside).toEqual([]);
  });

  it("has no circles among static imports", () => {
    const done = new Set<string>();
    const circles: string[] = [];
    const visit = (file: string, path: string[]): void => {
      if (path.includes(file)) {
        circles.push([...path.slice(path.indexOf(file)), file].join(" -> "));
        return;
      }
      if (done.has(file)) return;
      for (const { target, kind } of graph.get(file) ?? []) if (kind === "static") visit(target, [...path, file]);
      done.add(file);
    };
    for (const file of files) visit(file, []);
    expect(circles).toEqual([]);
  });

  it("loads nothing heavy with the front door", () => {
    const reached = new Set<string>();
    const visit = (file: string): void => {
      if (reached.has(file)) return;
      reached.add(file);
      for (const { target, kind } of graph.get(file) ?? []) if (kind === "static") visit(target);
    };
    visit("index.ts");
    const heavy = [...reached].filter(
      (target) =>
        /^(undici|fast-xml-parser|ini)(\/|$)/.test(target) || /^(credentials\/from-|transfer\/|testing\/)/.test(target),
    );
    expect(heavy).toEqual([]);
  });

  it("uses no package but the three, and none outside its room", () => {
    const homes: Record<string, string[]> = {
      undici: ["transport", "credentials"],
      "fast-xml-parser": ["protocol", "credentials"],
      ini: ["config"],
    };
    const wrong: string[] = [];
    for (const [file, imports] of graph) {
      for (const { target, kind } of imports) {
        if (graph.has(target) || target.startsWith("node:") || kind === "type") continue;
        const name = target.split("/")[0]!;
        if (!homes[name]?.includes(roomOf(file))) wrong.push(`${file} -> ${target}`);
      }
    }
    expect(wrong).toEqual([]);
  });
});

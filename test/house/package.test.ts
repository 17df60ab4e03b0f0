import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { version } from "../../src/version.js";

const read = (path: string): string => readFileSync(fileURLToPath(new URL(`../../${path}`, import.meta.url)), "utf8");
const manifest = JSON.parse(read("package.json")) as {
  version: string;
  dependencies: Record<string, string>;
  files: string[];
  exports: Record<string, unknown>;
};

describe("the package", () => {
  it("knows its own version", () => {
    expect(version).toBe(manifest.version);
  });

  it("depends on three packages", () => {
    expect(Object.keys(manifest.dependencies).sort()).toEqual(["fast-xml-parser", "ini", "undici"]);
  });

  it("records no download addresses", () => {
    expect(read("package-lock.json")).not.toMatch(/"resolved": *"http/);
  });

  it("has an entry for each public room", () => {
    expect(Object.keys(manifest.exports)).toEqual([
      ".",
      "./sigv4",
      "./config",
      "./credentials",
      "./endpoint",
      "./testing",
      "./package.json",
    ]);
  });
});

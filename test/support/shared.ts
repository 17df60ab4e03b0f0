import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const folder = fileURLToPath(new URL("../../../shared/vectors/", import.meta.url));

/**
 * The cases of one file of the wider suites that may lie beside the repository (`../shared/vectors`), or undefined where they
 * don't: what must always run stands in `fixtures/`. A `.jsonl` file gives one case a line.
 */
export function sharedVectors<T>(name: string): T[] | undefined {
  const path = folder + name;
  if (!existsSync(path)) return undefined;
  const text = readFileSync(path, "utf8");
  return name.endsWith(".jsonl")
    ? text
        .split("\n")
        .filter((line) => line !== "")
        .map((line) => JSON.parse(line) as T)
    : (JSON.parse(text) as T[]);
}

import { ConfigError } from "../errors/base.js";

/** The part of the `ini` package that is used. */
export interface Ini {
  parse(text: string): Record<string, unknown>;
}

// Loaded when the first file is read, not before: most programs in containers have no such file.
let loaded: Ini | undefined;

/** The `ini` package, loaded on first use. A bundler follows this import. */
export async function loadIni(): Promise<Ini> {
  if (loaded === undefined) {
    const module = await import("ini");
    loaded = (module.default ?? module) as Ini;
  }
  return loaded;
}

/** The `ini` package for those who cannot wait. In a bundle it works only once `loadIni` has run: no bundler follows it. */
export function requireIni(): Ini {
  if (loaded === undefined) {
    try {
      loaded = process.getBuiltinModule("node:module").createRequire(import.meta.url)("ini") as Ini;
    } catch (cause) {
      throw new ConfigError("The shared config files cannot be read synchronously here: the package 'ini' is bundled", {
        cause,
        hint: "Call `await session.load()` (or any asynchronous method) once, before reading them synchronously.",
      });
    }
  }
  return loaded;
}

/** One section as plain keys and values, in the order of the file; a repeated key is there as often as the file has it. */
export type Properties = readonly (readonly [key: string, value: string])[];

/**
 * Reads sections of keys and values with the `ini` package and gives them back exactly. `ini` has habits that AWS's files
 * do not: it takes quotes off, cuts at `;` and `#` anywhere, makes `true` a boolean, `a[]` a list and `[a.b]` a tree. So
 * sections go in under numbers, keys behind a dot (it drops a `__proto__`) and values as JSON strings, which it decodes to
 * what they were; what it still turns into a boolean or null is turned back. Keys must consist of the characters of
 * `isIdentifier`.
 */
export function readSections(ini: Ini, sections: readonly Properties[]): Record<string, string>[] {
  let text = "";
  for (let i = 0; i < sections.length; i++) {
    text += `[${i}]\n`;
    for (const [key, value] of sections[i]!) text += `.${key}=${iniString(value)}\n`;
  }
  const tree = text === "" ? {} : ini.parse(text);
  return sections.map((_, i) => {
    const from = tree[i] as Record<string, unknown> | undefined;
    const record = Object.create(null) as Record<string, string>;
    for (const key in from) record[key.slice(1)] = String(from[key]);
    return record;
  });
}

/** JSON leaves the two Unicode line separators as they are, and a line of `ini` ends there. */
function iniString(value: string): string {
  return JSON.stringify(value).replace(/[\u2028\u2029]/g, (c) => (c === "\u2028" ? "\\u2028" : "\\u2029"));
}

/** Whether a name of a profile, section or property is one of AWS's: letters, digits and `_ - / . % @ : +`. */
export function isIdentifier(name: string): boolean {
  return /^[A-Za-z0-9_\-/.%@:+]+$/.test(name);
}

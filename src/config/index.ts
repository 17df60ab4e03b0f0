// This is the entry for programs that read the shared files themselves, and the one file that imports `ini` statically, so
// that its functions need no promise even in a bundle. The rest of the package imports the files beside it instead.
import * as iniModule from "ini";
import { ConfigError } from "../errors/base.js";
import type { Ini } from "./ini.js";
import { parseText } from "./parse.js";
import { readSharedConfigSync } from "./shared.js";
import type { FileKind, FileOptions, SharedConfig } from "./types.js";

export type { Env, FileKind, FileOptions, Profile, ServicesSection, SharedConfig } from "./types.js";

/**
 * Reads the text of one shared file.
 *
 * @param text the file's content.
 * @param kind which of the two it is: in `config` a profile's section is `[profile NAME]`, in `credentials` `[NAME]`.
 * @returns the profiles, sso-sessions and services it holds; values are text, without coercion.
 * @throws ConfigError naming the line that cannot be read.
 * @see https://docs.aws.amazon.com/sdkref/latest/guide/file-format.html
 */
export function parseProfileFile(text: string, kind: FileKind): SharedConfig {
  if (typeof text !== "string") throw wrongKind("text", "a string: the file's content", text);
  if (kind !== "config" && kind !== "credentials") throw wrongKind("kind", '"config" or "credentials"', kind);
  return parseText(
    iniModule as Ini,
    text.replace(/^\uFEFF/, ""),
    kind,
    kind === "config" ? "config file" : "credentials file",
  );
}

/**
 * Finds the two shared files and reads them; a file that does not exist counts as empty.
 *
 * @param options paths of the files, or the environment that says where they are.
 * @returns the profiles of both files (where both have a key, the credentials file wins), sso-sessions and services.
 * @throws ConfigError naming file and line, or the file that cannot be opened.
 * @see https://docs.aws.amazon.com/sdkref/latest/guide/file-location.html
 */
export function loadSharedConfig(options: FileOptions = {}): SharedConfig {
  if (typeof options !== "object" || options === null) throw wrongKind("options", "an object", options);
  for (const name of ["configFile", "credentialsFile"] as const) {
    if (options[name] !== undefined && typeof options[name] !== "string")
      throw wrongKind(name, "a path", options[name]);
  }
  return readSharedConfigSync(options, iniModule as Ini);
}

function wrongKind(name: string, expected: string, value: unknown): ConfigError {
  return new ConfigError(`${name}: must be ${expected}; got ${value === null ? "null" : typeof value}`, {
    code: "InvalidArgument",
  });
}

// This is the entry for programs that read the shared files themselves, and the one file that imports `ini` statically, so
// that its functions need no promise even in a bundle. The rest of the package imports the files beside it instead.
import * as iniModule from "ini";
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
  return readSharedConfigSync(options, iniModule as Ini);
}

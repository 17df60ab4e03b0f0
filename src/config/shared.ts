import { existsSync, readFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { ConfigError } from "../errors/base.js";
import { type Ini, loadIni, requireIni } from "./ini.js";
import { locateSharedFiles, type SharedFiles, standardFiles } from "./locate.js";
import { mergeConfigs, parseText } from "./parse.js";
import { emptyRecord, type FileOptions, type SharedConfig } from "./types.js";

/** Reads both shared files. A file that is not there counts as empty, and one at the standard place that cannot be read; without either, `ini` is not even loaded. */
export async function readSharedConfig(options: FileOptions = {}): Promise<SharedConfig> {
  const files = locateSharedFiles(options);
  const standard = standardFiles(options.env ?? process.env);
  const [config, credentials] = await Promise.all([
    readText(files.config, standard.config),
    readText(files.credentials, standard.credentials),
  ]);
  if (config === undefined && credentials === undefined) return emptyConfig();
  return combine(await loadIni(), files, config, credentials);
}

/** The same without waiting: for getters and for presigning, which are not asynchronous. */
export function readSharedConfigSync(options: FileOptions = {}, ini?: Ini): SharedConfig {
  const files = locateSharedFiles(options);
  const standard = standardFiles(options.env ?? process.env);
  const config = readTextSync(files.config, standard.config);
  const credentials = readTextSync(files.credentials, standard.credentials);
  if (config === undefined && credentials === undefined) return emptyConfig();
  return combine(ini ?? requireIni(), files, config, credentials);
}

function combine(
  ini: Ini,
  files: SharedFiles,
  config: string | undefined,
  credentials: string | undefined,
): SharedConfig {
  return mergeConfigs(
    parseText(ini, config ?? "", "config", files.config),
    parseText(ini, credentials ?? "", "credentials", files.credentials),
  );
}

function emptyConfig(): SharedConfig {
  return { profiles: emptyRecord(), ssoSessions: emptyRecord(), services: emptyRecord() };
}

async function readText(path: string, standard: string): Promise<string | undefined> {
  try {
    return decodeText(await readFile(path));
  } catch (error) {
    return missingOrThrow(error, path, standard);
  }
}

function readTextSync(path: string, standard: string): string | undefined {
  try {
    return decodeText(readFileSync(path));
  } catch (error) {
    return missingOrThrow(error, path, standard);
  }
}

/**
 * A file that somebody named must be readable. One at the standard place need not be meant for this process at all: containers run with
 * another user's `HOME`, and mount folders where a file was wanted.
 */
function missingOrThrow(error: unknown, path: string, standard: string): undefined {
  const code = (error as NodeJS.ErrnoException).code;
  if (code === "ENOENT" || code === "ENOTDIR") return undefined;
  if (path === standard) {
    if (existsSync(path)) process.emitWarning(`${path} cannot be read (${code}); it counts as empty`, "TucuxiWarning");
    return undefined;
  }
  throw new ConfigError(`${path} cannot be read: ${code ?? String(error)}`, {
    cause: error,
    hint: "Check the file's permissions, or point AWS_CONFIG_FILE and AWS_SHARED_CREDENTIALS_FILE elsewhere.",
  });
}

/**
 * Bytes of a file as text: UTF-8, or UTF-16 where a byte order mark says so (editors and shells of Windows write that).
 * The mark itself is dropped; bytes that are no UTF-8 become U+FFFD, which only harms the value they stand in.
 */
export function decodeText(bytes: Uint8Array): string {
  const label =
    bytes[0] === 0xff && bytes[1] === 0xfe ? "utf-16le" : bytes[0] === 0xfe && bytes[1] === 0xff ? "utf-16be" : "utf-8";
  return new TextDecoder(label).decode(bytes);
}

import { randomBytes } from "node:crypto";
import { readFile, rename, rm, writeFile } from "node:fs/promises";
import { decodeText } from "../config/shared.js";
import { CredentialsError } from "../errors/base.js";
import { parseObject } from "./json.js";

/** A JSON file of one of AWS's caches as an object; undefined where there is none. */
export async function readCacheFile(path: string): Promise<Readonly<Record<string, unknown>> | undefined> {
  try {
    return parseObject(decodeText(await readFile(path)));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw unreadable(path, error);
  }
}

/** A file that holds a token and nothing else. Blanks at its ends, such as a line end, are no part of it. */
export async function readTokenFile(path: string): Promise<string> {
  let token: string;
  try {
    token = decodeText(await readFile(path)).trim();
  } catch (error) {
    throw unreadable(path, error);
  }
  if (token !== "") return token;
  throw new CredentialsError(`The token file ${path} is empty`, { code: "InvalidToken" });
}

/** Writes a cache file so that no reader ever sees half of it, and nobody but its owner sees it at all. */
export async function writeCacheFile(path: string, content: Readonly<Record<string, unknown>>): Promise<void> {
  const temporary = `${path}.${randomBytes(6).toString("hex")}.tmp`;
  try {
    await writeFile(temporary, `${JSON.stringify(content, undefined, 2)}\n`, { mode: 0o600, flag: "wx" });
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}

function unreadable(path: string, cause: unknown): CredentialsError {
  return new CredentialsError(`${path} cannot be read: ${(cause as NodeJS.ErrnoException).code}`, {
    code: "TokenFileUnreadable",
    cause,
    hint: "Check that the file exists and that this process may read it.",
  });
}

/** Keys that differ in case alone, on a file system that takes their names for the same. */
import { randomBytes } from "node:crypto";
import { lstat, open, rm } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { temporaryName } from "../download/target-file.js";
import { refusal } from "./names.js";

/** The names taken in a folder; undefined where its file system tells case, and nothing has to be held. One look. */
export async function takenNames(folder: string): Promise<TakenNames | undefined> {
  const path = temporaryName(join(folder, "case"), randomBytes(4).toString("hex"));
  try {
    await (await open(path, "wx")).close();
  } catch {
    // Where nothing can be written, each file says so.
    return undefined;
  }
  try {
    await lstat(join(dirname(path), basename(path).toUpperCase()));
    return new TakenNames();
  } catch {
    return undefined;
  } finally {
    await rm(path, { force: true });
  }
}

/** The first path of a name has it. */
export class TakenNames {
  readonly #paths = new Map<string, string>();

  has(path: string): boolean {
    return this.#paths.has(path.toLowerCase());
  }

  /** @throws TucuxiError `UnstorableKey` where another path has it */
  take(path: string): void {
    const name = path.toLowerCase();
    const other = this.#paths.get(name);
    if (other !== undefined) throw refusal("UnstorableKey", path, `it is ${JSON.stringify(other)} to this file system`);
    this.#paths.set(name, path);
  }
}

/** Keys as paths beneath a folder: what leads out of it, or cannot be the name of a file, is refused. */
import { lstat, mkdir } from "node:fs/promises";
import { join } from "node:path";
import { TucuxiError } from "../../errors/base.js";

const MAX_NAME = 255;
const reserved = /^(?:con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³]|conin\$|conout\$)(?:\..*)?$/i;

/**
 * The names on the way to a file, of a key without its prefix.
 * @throws TucuxiError `UnsafeKey` for what would lead elsewhere, `UnstorableKey` for what the file system cannot hold
 */
export function namesOf(path: string, platform: string = process.platform): string[] {
  const names = path.split("/");
  const windows = platform === "win32";
  for (const name of names) {
    if (name === "..") throw refusal("UnsafeKey", path, "it would lead out of the folder");
    if (name === ".") throw refusal("UnsafeKey", path, "`.` is no name of a file");
    if (name === "") throw refusal("UnstorableKey", path, "it has an empty name between slashes");
    if (name.includes("\0")) throw refusal("UnsafeKey", path, "it contains NUL");
    if (Buffer.byteLength(name) > MAX_NAME)
      throw refusal("UnstorableKey", path, `a name in it is longer than ${MAX_NAME} bytes`);
    if (/\p{Surrogate}/u.test(name)) throw refusal("UnstorableKey", path, "it is not well-formed Unicode");
    if (!windows) continue;
    if (/[\\:]/.test(name)) throw refusal("UnsafeKey", path, "`\\` and `:` mean something else on Windows");
    if (/[<>"|?*\x00-\x1f]/.test(name))
      throw refusal("UnstorableKey", path, "it has characters that Windows does not allow");
    if (/[. ]$/.test(name)) throw refusal("UnstorableKey", path, "Windows drops dots and spaces at the end of names");
    if (reserved.test(name)) throw refusal("UnstorableKey", path, "it has a name that Windows keeps for devices");
  }
  return names;
}

/** Why a key cannot be a file. */
export function refusal(code: string, path: string, why: string): TucuxiError {
  return new TucuxiError(`The key ending in ${JSON.stringify(path)} cannot be a file here: ${why}`, {
    code,
    hint: "Get it with getObject or downloadFile, under a name of your choice, or leave it out with `exclude`.",
  });
}

/** How many folders are remembered as safe. */
const REMEMBERED = 10_000;

/** Makes the folders that files go to, and sees that none of them is a link that leads elsewhere. */
export class Folders {
  readonly #root: string;
  readonly #safe = new Map<string, Promise<boolean>>();

  /** @param root the target folder itself may be a link: the caller named it */
  constructor(root: string) {
    this.#root = root;
  }

  /** The path of a file, whose folders are there then; `fresh`: in a folder that is there only since. */
  async pathFor(names: readonly string[]): Promise<{ path: string; fresh: boolean }> {
    const fresh = await this.make(names.slice(0, -1));
    return { path: join(this.#root, ...names), fresh };
  }

  /** Makes a folder and those that it is in. Gives whether it was not there before. */
  make(names: readonly string[]): Promise<boolean> {
    const path = names.join("/");
    let made = this.#safe.get(path);
    if (!made) {
      if (this.#safe.size >= REMEMBERED) this.#safe.clear();
      made = this.#make(names);
      this.#safe.set(path, made);
      made.catch(() => this.#safe.delete(path));
    }
    return made;
  }

  async #make(names: readonly string[]): Promise<boolean> {
    const path = join(this.#root, ...names);
    if (names.length === 0) return (await mkdir(path, { recursive: true })) !== undefined;
    await this.make(names.slice(0, -1));
    try {
      await mkdir(path);
      return true;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
    }
    const stats = await lstat(path);
    if (stats.isSymbolicLink()) {
      throw new TucuxiError(`${path} is a symbolic link, which may lead out of the folder`, {
        code: "UnsafeKey",
        hint: "Remove the link, or download what is beneath it by itself.",
      });
    }
    if (!stats.isDirectory()) {
      throw new TucuxiError(`${path} is a file, and objects beneath it need it to be a folder`, {
        code: "UnstorableKey",
        hint: "In S3 one key can begin with another and a slash; in a file system it cannot.",
      });
    }
    return false;
  }
}

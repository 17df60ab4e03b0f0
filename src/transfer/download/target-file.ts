/** The file that a download becomes: written under another name beside it, renamed when it is whole. */
import { randomBytes } from "node:crypto";
import { type FileHandle, open, rename, rm, stat } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { TucuxiError } from "../../errors/base.js";
import { MIB } from "../limits.js";

/** Longest name that file systems take, in bytes. */
const MAX_NAME = 255;

export class TargetFile {
  readonly path: string;
  readonly temporary: string;
  readonly #file: FileHandle;
  #open = true;
  #written = 0;

  constructor(path: string, temporary: string, file: FileHandle) {
    this.path = path;
    this.temporary = temporary;
    this.#file = file;
  }

  /** @param mark what the temporary name ends with; default: something nobody else has */
  static async create(path: string, mark?: string): Promise<TargetFile> {
    const temporary = temporaryName(path, mark ?? randomBytes(4).toString("hex"));
    // What is there under a name of chance is not ours to write to, nor a link to follow.
    const flags = mark === undefined ? "wx+" : "w+";
    try {
      return new TargetFile(path, temporary, await open(temporary, flags));
    } catch (cause) {
      throw writeError(path, cause);
    }
  }

  /** One that was left by an earlier download. */
  static async reopen(path: string, mark: string): Promise<TargetFile | undefined> {
    const temporary = temporaryName(path, mark);
    try {
      return new TargetFile(path, temporary, await open(temporary, "r+"));
    } catch (cause) {
      if ((cause as NodeJS.ErrnoException).code === "ENOENT") return undefined;
      throw writeError(path, cause);
    }
  }

  /** Sets the size, so that ranges can be written anywhere. */
  async allocate(size: number): Promise<void> {
    await this.#guard(this.#file.truncate(size));
  }

  async write(bytes: Uint8Array, position: number): Promise<void> {
    for (let done = 0; done < bytes.length; ) {
      const { bytesWritten } = await this.#guard(this.#file.write(bytes, done, bytes.length - done, position + done));
      done += bytesWritten;
    }
    this.#written += bytes.length;
  }

  async read(buffer: Buffer, position: number): Promise<number> {
    return (await this.#file.read(buffer, 0, buffer.length, position)).bytesRead;
  }

  /** Everything that was written, in order. */
  async readAll(size: number, take: (bytes: Uint8Array) => void, signal: AbortSignal): Promise<void> {
    const buffer = Buffer.allocUnsafe(Math.min(MIB, size));
    for (let at = 0; at < size; ) {
      signal.throwIfAborted();
      const read = await this.read(buffer, at);
      if (read === 0) return;
      take(buffer.subarray(0, Math.min(read, size - at)));
      at += read;
    }
  }

  /**
   * Gives it its name.
   * @param modified the time it shall have
   * @param fresh nothing is there that it replaces
   */
  async finish(size: number, modified?: Date, fresh = false): Promise<void> {
    if (this.#written < size) await this.#measure(size);
    const before = fresh ? undefined : await stat(this.path).catch(() => undefined);
    if (before?.isFile()) await this.#file.chmod(before.mode & 0o7777).catch(() => {});
    if (modified) await this.#file.utimes(modified, modified);
    await this.close();
    await this.#guard(rename(this.temporary, this.path));
  }

  /** Of a file that was there before, or that others write to, the size is what the file system says. */
  async #measure(size: number): Promise<void> {
    const stats = await this.#file.stat();
    if (stats.size === size) return;
    throw new TucuxiError(`${this.temporary} has ${stats.size} bytes where ${size} were expected`, {
      code: "FileChanged",
      hint: "Something else writes to the folder: download again.",
    });
  }

  async close(): Promise<void> {
    if (!this.#open) return;
    this.#open = false;
    await this.#file.close();
  }

  /** Closes and removes it. */
  async remove(): Promise<void> {
    await this.close();
    await rm(this.temporary, { force: true });
  }

  async #guard<T>(job: Promise<T>): Promise<T> {
    try {
      return await job;
    } catch (cause) {
      throw writeError(this.path, cause);
    }
  }
}

/** A name beside the file's, hidden, and cut where it would be too long. */
export function temporaryName(path: string, mark: string): string {
  const end = `.${mark}.tucuxi`;
  let name = Buffer.from(basename(path));
  const room = MAX_NAME - 1 - end.length - ".state".length;
  if (name.length > room) {
    let cut = room;
    // Not within a character.
    while (cut > 0 && (name[cut]! & 0xc0) === 0x80) cut--;
    name = name.subarray(0, cut);
  }
  return join(dirname(path), `.${name}${end}`);
}

export function writeError(path: string, cause: unknown): TucuxiError {
  if (cause instanceof TucuxiError) return cause;
  const { code = "FileError", message } = cause as NodeJS.ErrnoException;
  return new TucuxiError(`${path} cannot be written: ${message}`, {
    code,
    cause,
    hint: code === "ENOENT" ? "Does its folder exist?" : undefined,
  });
}

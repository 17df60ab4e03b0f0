/** Files as sources: read by position, parts in any order, from one descriptor. */
import { closeSync, fstat, fstatSync, open, read } from "node:fs";
import { promisify } from "node:util";
import { TucuxiError } from "../../errors/base.js";
import { checkDeclared, type PartSource, piecesOf } from "./source.js";

// Descriptors rather than FileHandles: what the kernel knows of a file that was opened this moment, and letting go of one that was only
// read, take no time, but a thread's turn does. Of small files that was a third of the cost.
const openFd = promisify(open);
const statFd = promisify(fstat);

function readFd(fd: number, target: Buffer, offset: number, length: number, position: number): Promise<number> {
  return new Promise((resolve, reject) => {
    read(fd, target, offset, length, position, (error, count) => (error ? reject(error) : resolve(count)));
  });
}

const streamIt = "Give upload() a stream of it: `Body: createReadStream(path)`.";

/**
 * @param declared its length, if the caller gave one
 * @throws TucuxiError for what is no file, or cannot be read
 */
export async function openFile(path: string, declared?: number): Promise<FileSource> {
  let fd: number;
  try {
    fd = await openFd(path, "r");
  } catch (cause) {
    throw fileError(path, cause);
  }
  try {
    const stats = fstatSync(fd);
    if (!stats.isFile()) {
      throw new TucuxiError(`${path} is not a regular file`, {
        code: stats.isDirectory() ? "IsDirectory" : "NotAFile",
        hint: stats.isDirectory() ? "Use uploadDirectory for a folder." : streamIt,
      });
    }
    // Of what /proc has the size is nought, whatever is in it.
    if (stats.size === 0 && (await readFd(fd, Buffer.alloc(1), 0, 1, 0)) > 0) {
      throw new TucuxiError(`${path} has more bytes than it says`, { code: "NotAFile", hint: streamIt });
    }
    checkDeclared(stats.size, declared);
    return new FileSource(path, fd, stats.size, stats.mtimeMs);
  } catch (error) {
    closeSync(fd);
    throw error;
  }
}

function fileError(path: string, cause: unknown): TucuxiError {
  const { code = "FileError", message } = cause as NodeJS.ErrnoException;
  return new TucuxiError(`${path} cannot be read: ${message}`, { code, cause });
}

class FileSource implements PartSource {
  readonly size: number;
  readonly sequential = false;
  readonly needsBuffer = true;
  readonly #path: string;
  readonly #fd: number;
  readonly #modified: number;
  /** Uses under way: until they are done the descriptor's number must not become another file's. */
  #uses = 0;
  #closed = false;

  constructor(path: string, fd: number, size: number, modified: number) {
    this.#path = path;
    this.#fd = fd;
    this.size = size;
    this.#modified = modified;
  }

  async read(start: number, length: number, buffer: Buffer | undefined): Promise<Uint8Array> {
    const target = buffer ?? Buffer.allocUnsafe(length);
    for (let at = 0; at < length; ) {
      const count = await this.#use((fd) => readFd(fd, target, at, length - at, start + at));
      if (count === 0) throw this.#changed(`it ended at byte ${start + at}`);
      at += count;
    }
    return target.length === length ? target : target.subarray(0, length);
  }

  stream(start: number, length: number): AsyncGenerator<Uint8Array> {
    return piecesOf(this, start, length);
  }

  async check(): Promise<void> {
    const { size, mtimeMs } = await this.#use(statFd);
    if (size !== this.size) throw this.#changed(`it has ${size} bytes now`);
    if (mtimeMs !== this.#modified) throw this.#changed("it was written to");
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    if (this.#uses === 0) closeSync(this.#fd);
  }

  async #use<T>(job: (fd: number) => Promise<T>): Promise<T> {
    if (this.#closed) throw new TucuxiError(`${this.#path} is closed`, { code: "FileClosed" });
    this.#uses++;
    try {
      return await job(this.#fd);
    } finally {
      if (--this.#uses === 0 && this.#closed) closeSync(this.#fd);
    }
  }

  #changed(how: string): TucuxiError {
    return new TucuxiError(`${this.#path} changed while it was uploaded: it had ${this.size} bytes, and ${how}`, {
      code: "FileChanged",
      hint: "Upload it again once nobody writes to it.",
    });
  }
}

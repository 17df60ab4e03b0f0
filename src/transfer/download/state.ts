/**
 * What a download that can be resumed keeps beside the temporary file: a line that says which object it is, and a line for each range
 * that was written, with its CRC32. A line that was cut off by a crash is as if it were not there, and ranges are compared with their CRC before they are believed.
 */
import { hash } from "node:crypto";
import { type FileHandle, open, readFile, rm } from "node:fs/promises";
import type { DownloadInput } from "../types.js";
import { writeError } from "./target-file.js";

/** Which object, and in which ranges. */
export interface StateHead {
  readonly v: 1;
  readonly etag: string;
  readonly size: number;
  readonly partSize: number;
}

export interface SavedState {
  readonly head: StateHead;
  /** CRC32 of each range that was written, by its number from 0. */
  readonly done: ReadonlyMap<number, string>;
}

/** What the names of the files of a download end with: the same for the same object, another for others. */
export function markOf({ Bucket, Key, VersionId }: DownloadInput): string {
  return hash("sha256", JSON.stringify([Bucket, Key, VersionId ?? null])).slice(0, 8);
}

export async function readState(path: string): Promise<SavedState | undefined> {
  let text: string;
  try {
    text = await readFile(path, "utf8");
  } catch {
    return undefined;
  }
  const lines = text.split("\n");
  // What follows the last line end was cut off.
  lines.pop();
  try {
    const head = JSON.parse(lines[0] ?? "") as StateHead;
    if (head.v !== 1 || typeof head.etag !== "string" || !(head.size >= 0) || !(head.partSize > 0)) return undefined;
    const done = new Map<number, string>();
    for (const line of lines.slice(1)) {
      const match = /^(\d+) ([A-Za-z0-9+/]{6}==)$/.exec(line);
      if (match) done.set(Number(match[1]), match[2]!);
    }
    return { head, done };
  } catch {
    return undefined;
  }
}

/** Writes lines, one after the other. */
export class StateFile {
  readonly #path: string;
  readonly #file: FileHandle;
  #tail: Promise<unknown> = Promise.resolve();

  constructor(path: string, file: FileHandle) {
    this.#path = path;
    this.#file = file;
  }

  static async begin(path: string, head: StateHead, done: ReadonlyMap<number, string>): Promise<StateFile> {
    let text = `${JSON.stringify(head)}\n`;
    for (const [range, crc] of done) text += `${range} ${crc}\n`;
    try {
      const state = new StateFile(path, await open(path, "w"));
      await state.#write(text);
      return state;
    } catch (cause) {
      throw writeError(path, cause);
    }
  }

  /** A range is in the file. */
  add(range: number, crc: string): Promise<void> {
    return this.#write(`${range} ${crc}\n`);
  }

  #write(text: string): Promise<void> {
    const written = this.#tail.then(async () => {
      await this.#file.appendFile(text);
    });
    this.#tail = written.catch(() => {});
    return written.catch((cause: unknown) => {
      throw writeError(this.#path, cause);
    });
  }

  async close(): Promise<void> {
    await this.#tail;
    await this.#file.close();
  }

  async remove(): Promise<void> {
    await this.close();
    await rm(this.#path, { force: true });
  }
}

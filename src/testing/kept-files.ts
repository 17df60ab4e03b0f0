import { randomBytes } from "node:crypto";
import { closeSync, openSync, readdirSync, readSync, rmSync, writeSync } from "node:fs";
import { join } from "node:path";
import { Budget, type KeptSpan, type Piece, type Sink, type Storage, type Stored } from "./storage.js";

/** Bytes that are read from a file at once. */
const readSize = 256 * 1024;

/** Where a span of bytes stands, as it is written down: file, first byte, length. */
export type Place = readonly [file: string, start: number, length: number];

/** A file with the bytes of one body. It is there as long as an object, a part or a reader stands on it. */
class KeptFile {
  readonly name: string;
  readonly path: string;
  /** Pieces that stand on it. */
  uses = 0;
  readonly #gone: (file: KeptFile) => void;

  constructor(name: string, path: string, gone: (file: KeptFile) => void) {
    this.name = name;
    this.path = path;
    this.#gone = gone;
  }

  release(): void {
    if (--this.uses === 0) this.#gone(this);
  }
}

class FileSpan implements KeptSpan {
  readonly file: KeptFile;
  readonly start: number;
  readonly length: number;

  constructor(file: KeptFile, start: number, length: number) {
    this.file = file;
    this.start = start;
    this.length = length;
  }

  subarray(start: number, end: number = this.length): FileSpan {
    return new FileSpan(this.file, this.start + start, Math.max(0, end - start));
  }

  *read(): Generator<Uint8Array, void> {
    if (this.length === 0) return;
    const descriptor = openSync(this.file.path, "r");
    try {
      for (let at = 0; at < this.length; ) {
        const buffer = Buffer.allocUnsafeSlow(Math.min(readSize, this.length - at));
        const size = readSync(descriptor, buffer, 0, buffer.length, this.start + at);
        if (size === 0) throw new Error(`${this.file.path} is shorter than it was; somebody has changed the folder.`);
        at += size;
        yield buffer.subarray(0, size);
      }
    } finally {
      closeSync(descriptor);
    }
  }

  retain(): void {
    this.file.uses++;
  }

  release(): void {
    this.file.release();
  }
}

class FileSink implements Sink {
  readonly #files: KeptFiles;
  readonly #budget: Budget;
  #file: KeptFile | undefined;
  #descriptor: number | undefined;
  #size = 0;

  constructor(files: KeptFiles, budget: Budget) {
    this.#files = files;
    this.#budget = budget;
  }

  write(bytes: Uint8Array): void {
    this.#budget.take(bytes.length);
    this.#size += bytes.length;
    if (this.#descriptor === undefined) {
      this.#file = this.#files.make();
      this.#descriptor = openSync(this.#file.path, "wx");
    }
    for (let at = 0; at < bytes.length; ) at += writeSync(this.#descriptor, bytes, at);
  }

  #close(): void {
    if (this.#descriptor !== undefined) closeSync(this.#descriptor);
    this.#descriptor = undefined;
  }

  finish(): readonly Piece[] {
    this.#close();
    if (!this.#file) return [];
    this.#file.uses = 1;
    return [new FileSpan(this.#file, 0, this.#size)];
  }

  discard(): void {
    this.#budget.give(this.#size);
    this.#close();
    if (this.#file) this.#files.remove(this.#file);
  }
}

/**
 * Keeps the bytes of each body in a file of its own, under a name that nobody outside has a say in. Copies stand on the same file; it goes with the last that
 * does.
 */
export class KeptFiles implements Storage {
  readonly #folder: string;
  readonly #budget: Budget;
  readonly #files = new Map<string, KeptFile>();

  /** @param most bytes that all objects and parts may have together */
  constructor(folder: string, most: number) {
    this.#folder = folder;
    this.#budget = new Budget(most);
  }

  open(): Sink {
    return new FileSink(this, this.#budget);
  }

  share(stored: Stored): void {
    this.#budget.take(stored.size);
    for (const piece of stored.chunks) (piece as FileSpan).retain();
  }

  release(stored: Stored): void {
    this.#budget.give(stored.size);
    for (const piece of stored.chunks) (piece as FileSpan).release();
  }

  clear(): void {
    for (const file of this.#files.values()) rmSync(file.path, { force: true });
    this.#files.clear();
    this.#budget.clear();
  }

  /** A file for a new body. */
  make(name: string = randomBytes(16).toString("hex")): KeptFile {
    const file = new KeptFile(name, join(this.#folder, name), (gone) => this.remove(gone));
    this.#files.set(name, file);
    return file;
  }

  remove(file: KeptFile): void {
    this.#files.delete(file.name);
    rmSync(file.path, { force: true });
  }

  /** Where the pieces stand, to be written down. */
  places(chunks: readonly Piece[]): Place[] {
    return (chunks as readonly FileSpan[]).map((span) => [span.file.name, span.start, span.length]);
  }

  /** The pieces that were written down. They count for nothing until they are shared. */
  pieces(places: readonly Place[]): Piece[] {
    return places.map(([name, start, length]) => new FileSpan(this.#files.get(name) ?? this.make(name), start, length));
  }

  /** Removes the files that no object stands on: what was under way when a process ended. */
  sweep(): void {
    for (const [name, file] of this.#files) if (file.uses === 0) this.#files.delete(name);
    for (const name of readdirSync(this.#folder)) {
      if (!this.#files.has(name)) rmSync(join(this.#folder, name), { force: true });
    }
  }
}

/** Writes what comes of a range to its file: lent bytes are gathered in memory that is used again, and written by the megabyte. */
import { MIB } from "../limits.js";
import type { Run } from "../run.js";
import type { TargetFile } from "./target-file.js";

/** Bytes gathered before they are written: fewer system calls, little memory. */
const GATHER = MIB;
/** What one piece more may come to. */
const SLACK = 64 * 1024;

export class RangeWriter {
  readonly #run: Run;
  readonly #file: TargetFile;
  readonly #end: number;
  #buffer: Buffer | undefined;
  #gathered = 0;
  #position: number;
  #writing: Promise<void> | undefined;

  constructor(run: Run, file: TargetFile, start: number, end: number) {
    this.#run = run;
    this.#file = file;
    this.#position = start;
    this.#end = end;
  }

  /** Copies a piece; a promise where there must be no more until what was gathered is on its way. */
  add(piece: Uint8Array): Promise<void> | undefined {
    const buffer = this.#room();
    if (piece.length > buffer.length - this.#gathered) return this.#addLarge(Buffer.from(piece));
    buffer.set(piece, this.#gathered);
    this.#gathered += piece.length;
    if (this.#gathered < GATHER) return undefined;
    if (this.#writing !== undefined) return this.flush();
    this.#write();
    return undefined;
  }

  /** Begins to write what was gathered. One write is under way while the next megabyte comes in; not more. */
  async flush(): Promise<void> {
    await this.#writing;
    this.#write();
  }

  #write(): void {
    const buffer = this.#buffer;
    if (buffer === undefined) return;
    const batch = buffer.subarray(0, this.#gathered);
    const at = this.#position;
    this.#position += this.#gathered;
    this.#gathered = 0;
    this.#buffer = undefined;
    const writing = this.#file.write(batch, at).finally(() => this.#run.giveBuffer(buffer));
    this.#writing = writing;
    // A failure stays, for whoever awaits it next.
    writing.then(
      () => {
        if (this.#writing === writing) this.#writing = undefined;
      },
      () => {},
    );
  }

  /** Waits for the write under way: a file is not closed under one. */
  async end(): Promise<void> {
    if (this.#buffer !== undefined) this.#run.giveBuffer(this.#buffer);
    this.#buffer = undefined;
    await this.#writing;
  }

  /** Pieces larger than those of a socket come from dispatchers of the caller's. */
  async #addLarge(piece: Uint8Array): Promise<void> {
    for (let at = 0; at < piece.length; at += SLACK) await this.add(piece.subarray(at, at + SLACK));
  }

  #room(): Buffer {
    this.#buffer ??= this.#run.takeBuffer(Math.min(GATHER + SLACK, this.#end - this.#position));
    return this.#buffer;
  }
}

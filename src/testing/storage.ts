import { S3Error } from "./errors.js";

/** A span of bytes that are kept outside of memory. */
export interface KeptSpan {
  readonly length: number;
  subarray(start: number, end?: number): KeptSpan;
  /** The bytes, in pieces of moderate size; they are read as they are asked for. */
  read(): Iterable<Uint8Array>;
  /** One more list of pieces stands on these bytes. */
  retain(): void;
  /** One fewer does; with the last one the bytes are gone. */
  release(): void;
}

/** Some of an object's bytes, in the order they came in. */
export type Piece = Uint8Array | KeptSpan;

/** The bytes of pieces, wherever they are kept. Those in memory are not copied, and others are read one piece at a time. */
export function* bytesOf(pieces: Iterable<Piece>): Generator<Uint8Array, void> {
  for (const piece of pieces) {
    if (piece instanceof Uint8Array) yield piece;
    else yield* piece.read();
  }
}

/** Keeps pieces readable while somebody reads them, whatever becomes of the object. Gives what lets them go. */
export function hold(pieces: readonly Piece[]): () => void {
  const kept = pieces.filter((piece) => !(piece instanceof Uint8Array)) as KeptSpan[];
  for (const piece of kept) piece.retain();
  return () => {
    for (const piece of kept) piece.release();
  };
}

/** Something that has bytes in a storage. */
export interface Stored {
  readonly chunks: readonly Piece[];
  readonly size: number;
}

/** Takes in the bytes of one body. */
export interface Sink {
  /** Keeps these bytes; throws InsufficientStorage when they are too many. */
  write(bytes: Uint8Array): void;
  /** All of it, for whoever owns it from now on. */
  finish(): readonly Piece[];
  /** Forgets what was written. */
  discard(): void;
}

/** Where the bytes of objects and parts are kept. It counts them, so that they stay within bounds. */
export interface Storage {
  open(): Sink;
  /** One more object or part has these bytes. */
  share(stored: Stored): void;
  /** One fewer has. */
  release(stored: Stored): void;
  /** Forgets everything. */
  clear(): void;
}

/** Counts what is held against a bound. */
export class Budget {
  #used = 0;
  readonly #most: number;

  constructor(most: number) {
    this.#most = most;
  }

  take(bytes: number): void {
    if (this.#used + bytes > this.#most) {
      throw new S3Error(
        "InsufficientStorage",
        `The server is full: it holds ${this.#most} bytes. Start it with a larger maxBytes, or delete something.`,
        { MaxSizeAllowed: this.#most },
      );
    }
    this.#used += bytes;
  }

  give(bytes: number): void {
    this.#used -= bytes;
  }

  clear(): void {
    this.#used = 0;
  }
}

/** A piece that stands in a much larger buffer would hold all of it. */
const compact = (piece: Uint8Array): Uint8Array =>
  piece.length * 4 < piece.buffer.byteLength ? new Uint8Array(piece) : piece;

class MemorySink implements Sink {
  readonly #budget: Budget;
  readonly #chunks: Uint8Array[] = [];
  #size = 0;

  constructor(budget: Budget) {
    this.#budget = budget;
  }

  write(bytes: Uint8Array): void {
    this.#budget.take(bytes.length);
    this.#size += bytes.length;
    this.#chunks.push(compact(bytes));
  }

  finish(): readonly Uint8Array[] {
    return this.#chunks;
  }

  discard(): void {
    this.#budget.give(this.#size);
    this.#chunks.length = 0;
  }
}

/** Keeps bytes in the pieces that the socket gave; copies share them. */
export class MemoryStorage implements Storage {
  readonly #budget: Budget;

  /** @param most bytes that all objects and parts may have together */
  constructor(most: number) {
    this.#budget = new Budget(most);
  }

  open(): Sink {
    return new MemorySink(this.#budget);
  }

  share(stored: Stored): void {
    this.#budget.take(stored.size);
  }

  release(stored: Stored): void {
    this.#budget.give(stored.size);
  }

  clear(): void {
    this.#budget.clear();
  }
}

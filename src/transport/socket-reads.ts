import { Buffer } from "node:buffer";
import type { OnReadOpts, Socket } from "node:net";

/** What one read brings at most, bytes. */
const READ_SIZE = 64 * 1024;

/** What all connections read into. Each read is dealt with before the next begins, so that one piece of memory, always in the cache, serves them all. */
let memory: Buffer | undefined;

/** The one that reads a socket, as far as its reads are concerned. */
export interface Borrower {
  /** An answer is awaited, and not a byte of it has come. */
  readonly awaiting: boolean;
  /** The head of an answer is here, and the length of its body known: what comes is bytes of that body, and copied by whoever wants to keep them. */
  readonly inBody: boolean;
  /** Whether the chunk under way lies in memory that the next read overwrites. */
  lent: boolean;
}

/**
 * Reads of one socket. Node gives each read fresh memory, 64 KiB of it whatever comes, and takes it through a stream that nobody needs here: two thirds
 * of what a download costs. Here the socket reads into memory of ours, and each chunk is either lent for the time of a call, or copied at its own size.
 */
export class SocketReads {
  /** What the socket is opened with. */
  readonly onread: OnReadOpts;
  #socket: Socket | undefined;
  #borrower: Borrower | undefined;
  #chunk: Buffer | undefined;
  #stopped = false;

  /** Bun calls back for the first 64 KiB of what came, and forgets the rest; Deno is not asked either. */
  static work(): boolean {
    const { bun, deno } = process.versions;
    return bun === undefined && deno === undefined;
  }

  constructor() {
    memory ??= Buffer.allocUnsafeSlow(READ_SIZE);
    this.onread = { buffer: memory, callback: (length) => this.#come(length) };
  }

  /** The next chunk, for the one who listens for `readable`; undefined where none has come. */
  take(): Buffer | undefined {
    const chunk = this.#chunk;
    this.#chunk = undefined;
    if (chunk === undefined && this.#stopped) {
      this.#stopped = false;
      this.#socket?.resume();
    }
    return chunk;
  }

  /** Puts back what was not wanted yet. */
  putBack(rest: Buffer): void {
    this.#chunk = Buffer.from(rest);
  }

  /** From now on chunks are for whoever listens to this socket. */
  serve(socket: Socket, borrower: Borrower): void {
    this.#socket = socket;
    this.#borrower = borrower;
    socket.unshift = (rest: Buffer): void => this.putBack(rest);
  }

  /** From the socket; false asks for no more. */
  #come(length: number): boolean {
    const bytes = (memory as Buffer).subarray(0, length);
    const borrower = this.#borrower;
    if (borrower !== undefined && (borrower.inBody || (borrower.awaiting && hasWholeHead(bytes)))) {
      borrower.lent = true;
      this.#chunk = bytes;
      this.#socket?.emit("readable");
      borrower.lent = false;
      if (this.#chunk === undefined) return true;
      this.#chunk = Buffer.from(this.#chunk);
    } else {
      // undici keeps pieces of a head until all of it has come.
      this.#chunk = Buffer.from(bytes);
      this.#socket?.emit("readable");
      if (this.#chunk === undefined) return true;
    }
    // Nobody takes anything at this moment: it waits here, and the rest with the kernel.
    this.#stopped = true;
    return false;
  }
}

/** Whether a final answer begins here (`HTTP/1.1 200`; an interim one is followed by another head), and its head ends here too. */
function hasWholeHead(bytes: Buffer): boolean {
  return bytes[0] === 0x48 && bytes[9] !== 0x31 && bytes.includes("\r\n\r\n");
}

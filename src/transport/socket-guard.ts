import { Buffer } from "node:buffer";
import type { Socket } from "node:net";
import type { Borrower, SocketReads } from "./socket-reads.js";

/** What the guard needs to know of the exchange on the connection. */
export interface Guarded extends Borrower {
  /** There is an exchange. */
  readonly exchange: unknown;
  writeFailure: Error | undefined;
  /** Bytes given to the socket are not all with the kernel yet; stays true when the connection breaks before they are. */
  unsent: boolean;
  /** The body under way comes from a source, piece by piece, and not all of it has come. */
  readonly sendsPieces: boolean;
  /** Called when all that came has been parsed and a head is still incomplete. */
  headPending(): void;
  /** Bytes that came since the last byte of a body. */
  barren: number;
  /** So much came without a byte of a body that none will come. */
  flooded(): void;
}

/** What may come without a byte of a body: heads are limited by themselves, so this is interim answers, or frames of chunks, without end. */
const MAX_BARREN = 256 * 1024;

/** Bodies up to this size are copied behind their head. */
const SMALL_BODY = 16 * 1024;

/** How long an answer that was sent before the connection broke may take to be read; it is in the kernel already. */
const LAST_WORDS = 100;

type Written = (error?: Error | null) => void;

/**
 * Three things that undici leaves to chance, mended at the socket:
 *
 * - A service that refuses an upload answers and closes. The next write then fails (EPIPE, ECONNRESET), and Node throws the
 *   connection away with the answer unread in it. A write that fails while an answer is awaited is therefore held back for a moment: either the
 *   answer is read, or the failure comes out after all.
 * - A `100 Continue` that nobody asked for makes undici drop the connection. It is cut out of what is read.
 * - Interim answers, or what stands beside the size of a chunk, may come without end: never silent, never an answer. There is a limit.
 */
export function guardSocket(socket: Socket, lane: Guarded, reads?: SocketReads): void {
  const write = socket._write;
  const writev = socket._writev;
  const read = socket.read;
  let pending: Written | undefined;
  let partial: Buffer | undefined;

  // One callback for all writes: a stream has one write under way at a time.
  const written: Written = (error) => {
    if (!error && !socket.destroyed) lane.unsent = false;
    const callback = pending as Written;
    if (error && lane.exchange !== undefined && lane.writeFailure === undefined && !socket.destroyed) {
      lane.writeFailure = error;
      setTimeout(() => {
        if (!socket.destroyed) callback(error);
      }, LAST_WORDS);
      return;
    }
    callback(error);
  };
  // A socket may come back here with the callback that it was given: Bun's writes by `_write` what had to wait for the connection.
  const hold = (callback: Written): void => {
    if (callback !== written) pending = callback;
  };
  socket._write = function (chunk: unknown, encoding: BufferEncoding, callback: Written): void {
    hold(callback);
    lane.unsent = true;
    write.call(this, chunk, encoding, written);
  };
  if (writev !== undefined && writev !== null) {
    socket._writev = function (chunks: Parameters<typeof writev>[0], callback: Written): void {
      hold(callback);
      lane.unsent = true;
      const whole = together(chunks);
      if (whole === undefined) writev.call(this, chunks, written);
      else write.call(this, whole, "buffer" as BufferEncoding, written);
    };
  }

  gatherWrites(socket, lane);
  reads?.serve(socket, lane);
  socket.read = function (size?: number): unknown {
    // Without a size, it is undici that asks; with 0, Node makes sure that the socket is read.
    let chunk = (size === 0 ? undefined : reads?.take()) ?? (read.call(this, size) as Buffer | null);
    if (chunk === null) {
      lane.headPending();
      return null;
    }
    // What came before this has been parsed. A chunk says nothing by its own size: Bun's may have megabytes.
    if (lane.barren > MAX_BARREN) {
      lane.flooded();
      return null;
    }
    lane.barren += chunk.length;
    if (partial !== undefined) {
      chunk = Buffer.concat([partial, chunk]);
      partial = undefined;
    }
    while (lane.awaiting && isContinue(chunk)) {
      const end = chunk.indexOf("\r\n\r\n");
      if (end === -1) {
        if (chunk.length > 4096) return chunk; // Not one that we would wait for.
        partial = Buffer.from(chunk);
        return null;
      }
      chunk = chunk.subarray(end + 4);
      if (chunk.length === 0) return this.read(size);
    }
    return chunk;
  };
}

type Chunks = Parameters<NonNullable<Socket["_writev"]>>[0];

/** A head and a small body in one piece of memory: less work for the socket than two pieces of different kinds. */
function together(chunks: Chunks): Buffer | undefined {
  if (chunks.length !== 2) return undefined;
  const { chunk: head, encoding } = chunks[0] as Chunks[number];
  const { chunk: body } = chunks[1] as Chunks[number];
  if (typeof head !== "string" || encoding !== "latin1" || !ArrayBuffer.isView(body) || body.byteLength > SMALL_BODY) {
    return undefined;
  }
  const whole = Buffer.allocUnsafe(head.length + body.byteLength);
  whole.write(head, 0, "latin1");
  whole.set(body as Uint8Array, head.length);
  return whole;
}

/**
 * Pieces of a source that are there at the same time go out together: a frame's line would go through the socket, and through TLS, alone otherwise.
 */
function gatherWrites(socket: Socket, lane: Guarded): void {
  const uncork = socket.uncork;
  let gathering = false;
  const flush = (): void => {
    gathering = false;
    uncork.call(socket);
  };
  socket.uncork = function (): void {
    if (!lane.sendsPieces) uncork.call(this);
    else if (gathering) uncork.call(this);
    else {
      // undici has corked once more by then, or waits for the drain.
      gathering = true;
      process.nextTick(flush);
    }
  };
}

/** Whether it starts as `HTTP/1.1 100` does, as far as it goes. */
function isContinue(chunk: Buffer): boolean {
  // "1" and "0" where the status stands: false at once for every other answer.
  if (chunk.length > 10 && (chunk[9] !== 0x31 || chunk[10] !== 0x30)) return false;
  const head = chunk.toString("latin1", 0, 12);
  return "HTTP/1.1 100".startsWith(head) || "HTTP/1.0 100".startsWith(head);
}

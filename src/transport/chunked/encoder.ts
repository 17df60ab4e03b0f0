import { createHash } from "node:crypto";
import { type ChunkSigner, padChunkSignature } from "../../sigv4/chunk.js";
import { type Checksum, checksumHeader, createChecksum } from "../checksum/index.js";
import { type ChunkedFraming, chunkSizeOf, signatureParameter, trailerSignature } from "./framing.js";

/**
 * Frames a body as aws-chunked, while it comes. Pull-based: it reads no more than the next chunk needs, and holds no more than one
 * chunk and the piece that completes it. Large pieces go through as they are, uncopied, so the source must not write into them again;
 * small ones are copied together.
 *
 * Leaving the loop early ends the source; an error of the source comes through as it is.
 *
 * @param source the body's bytes, in pieces of any size
 * @returns frames whose lengths come to `encodedLength` of the body's
 */
export async function* encodeChunked(
  source: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  framing: ChunkedFraming,
): AsyncGenerator<Uint8Array, void, undefined> {
  const chunker = new Chunker(framing);
  for await (const piece of source) {
    chunker.add(piece);
    for (let frames = chunker.take(); frames; frames = chunker.take()) {
      // Not yield*, which would wait for each frame of the list twice.
      for (const frame of frames) yield frame;
    }
  }
  for (const frame of chunker.end()) yield frame;
}

/** The same for bytes in memory, without a promise. */
export function* encodeChunkedSync(
  source: Iterable<Uint8Array>,
  framing: ChunkedFraming,
): Generator<Uint8Array, void, undefined> {
  const chunker = new Chunker(framing);
  for (const piece of source) {
    chunker.add(piece);
    for (let frames = chunker.take(); frames; frames = chunker.take()) yield* frames;
  }
  yield* chunker.end();
}

/** Pieces below this size are copied together: a frame of its own costs as much as copying this many bytes. */
const small = 4096;

/** Cuts pieces into chunks and puts their lines between them. */
class Chunker {
  readonly #framing: ChunkedFraming;
  readonly #signer: ChunkSigner | undefined;
  readonly #checksum: Checksum | undefined;
  readonly #chunkSize: number;
  /** What came and was not sent, in order. */
  #pieces: Uint8Array[] = [];
  #length = 0;
  /** Where small pieces are gathered, and how far it is full; the last of `#pieces` ends there when `#gathering`. */
  #scratch: Buffer | undefined;
  #scratchEnd = 0;
  #gathering = false;
  /** The line end that closes the chunk before, which the next line brings along. */
  #closing = "";

  constructor(framing: ChunkedFraming) {
    this.#framing = framing;
    this.#signer = framing.signer;
    this.#chunkSize = chunkSizeOf(framing);
    this.#checksum = framing.trailer && createChecksum(framing.trailer);
  }

  add(piece: Uint8Array): void {
    const { length } = piece;
    if (length === 0) return;
    this.#length += length;
    if (length >= small) {
      this.#pieces.push(piece);
      this.#gathering = false;
    } else this.#gather(piece);
  }

  /** The frames of the next chunk, if it is full. */
  take(): Uint8Array[] | undefined {
    if (this.#length < this.#chunkSize) return undefined;
    return this.#chunk(this.#chunkSize);
  }

  /** The frames of what is left, and of the end. */
  end(): Uint8Array[] {
    const frames = this.#length > 0 ? this.#chunk(this.#length) : [];
    const signature = this.#signer?.sign(new Uint8Array(0));
    frames.push(Buffer.from(`${this.#line(0, signature)}${this.#trailer()}\r\n`));
    return frames;
  }

  #gather(piece: Uint8Array): void {
    const { length } = piece;
    if (!this.#scratch || this.#scratch.length - this.#scratchEnd < length) {
      // A new one each time: the frames cut from the last may still be on their way.
      this.#scratch = Buffer.allocUnsafeSlow(Math.min(this.#chunkSize, 16 * 1024));
      this.#scratchEnd = 0;
      this.#gathering = false;
    }
    this.#scratch.set(piece, this.#scratchEnd);
    const begin = this.#gathering ? this.#scratchEnd - this.#pieces.pop()!.length : this.#scratchEnd;
    this.#scratchEnd += length;
    this.#pieces.push(this.#scratch.subarray(begin, this.#scratchEnd));
    this.#gathering = true;
  }

  #chunk(size: number): Uint8Array[] {
    const parts = this.#cut(size);
    for (const part of parts) this.#checksum?.update(part);
    const signature = this.#signer && signParts(this.#signer, parts);
    parts.unshift(Buffer.from(this.#line(size, signature), "latin1"));
    this.#closing = "\r\n";
    return parts;
  }

  /** Takes that many bytes off the front of what is held. */
  #cut(size: number): Uint8Array[] {
    this.#length -= size;
    const pieces = this.#pieces;
    let taken = 0;
    let left = size;
    while (taken < pieces.length && pieces[taken]!.length <= left) left -= pieces[taken++]!.length;
    const parts = pieces.splice(0, taken);
    if (left > 0) {
      const piece = pieces[0]!;
      parts.push(piece.subarray(0, left));
      pieces[0] = piece.subarray(left);
    }
    if (pieces.length === 0) this.#gathering = false;
    return parts;
  }

  #line(size: number, signature: string | undefined): string {
    const parameter = signature === undefined ? "" : signatureParameter + padChunkSignature(signature);
    return `${this.#closing}${size.toString(16)}${parameter}\r\n`;
  }

  #trailer(): string {
    const { trailers, trailer } = this.#framing;
    const headers: Record<string, string> = { ...trailers };
    if (trailer && this.#checksum) headers[checksumHeader(trailer)] = this.#checksum.base64();
    let text = "";
    for (const [name, value] of Object.entries(headers)) text += `${name}:${value}\r\n`;
    if (text !== "" && this.#signer) {
      text += `${trailerSignature}:${padChunkSignature(this.#signer.signTrailer(headers))}\r\n`;
    }
    return text;
  }
}

/** The signature of a chunk in several pieces. */
function signParts(signer: ChunkSigner, parts: readonly Uint8Array[]): string {
  if (parts.length === 1) return signer.sign(parts[0]!);
  const hash = createHash("sha256");
  for (const part of parts) hash.update(part);
  return signer.signHash(hash.digest("hex"));
}

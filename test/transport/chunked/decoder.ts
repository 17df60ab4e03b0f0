import { createHash } from "node:crypto";
import { ChecksumMismatchError } from "../../../src/errors/base.js";
import type { ChunkVerifier } from "../../../src/sigv4/index.js";
import { algorithmOfHeader, type Checksum, createChecksum } from "../../../src/transport/checksum/index.js";
import { leastChunkSize, trailerSignature } from "../../../src/transport/chunked/framing.js";
import { ChunkedEncodingError, type ChunkedFault } from "./error.js";

export interface ChunkedDecoderOptions {
  /** From `createChunkVerifier`: checks signatures, each of which must be there; undefined: the body is not signed, and signatures are passed over. */
  readonly verifier?: ChunkVerifier | undefined;
  /**
   * The names in `x-amz-trailer`: these must follow the last chunk, and no others. Checksums among them are held to the bytes. Undefined: whatever
   * follows is taken.
   */
  readonly trailers?: readonly string[] | undefined;
  /** `x-amz-decoded-content-length`: how many bytes must come out. */
  readonly decodedLength?: number | undefined;
  /** The largest chunk taken, in bytes; 16 MiB unless given when chunks are signed, since they are held until their signature is checked. */
  readonly maxChunkSize?: number | undefined;
  /** The longest line taken, in bytes; 4096 unless given. A trailer has at most 16 KiB. */
  readonly maxLineLength?: number | undefined;
}

const none: readonly Uint8Array[] = [];
const maxTrailerLength = 16 * 1024;
const carriageReturn = 13;
const lineFeed = 10;

/**
 * Takes an aws-chunked body apart: push the raw bytes in, however they are split, and take the body's bytes out. Bytes of a signed chunk come out
 * when its signature has been found right, unsigned ones at once; they are views of what was pushed.
 *
 * After an error nothing more can be pushed.
 */
export class ChunkedDecoder {
  readonly #options: ChunkedDecoderOptions;
  readonly #maxChunkSize: number;
  readonly #maxLineLength: number;
  readonly #checksums: Checksum[] = [];
  #state: "line" | "data" | "line end" | "trailer" | "done" | "failed" = "line";
  /** The beginning of a line whose end has not come. */
  #line = "";
  /** Raw bytes before the ones being looked at. */
  #offset = 0;
  /** Of the chunk under way: its size, the bytes still to come, its signature, its hash, and its bytes as long as they are held. */
  #size = 0;
  #left = 0;
  #signature = "";
  #hash: ReturnType<typeof createHash> | undefined;
  #held: Uint8Array[] = [];
  #decoded = 0;
  #trailers: Record<string, string> = Object.create(null) as Record<string, string>;
  #trailerLength = 0;
  #trailerSignature: string | undefined;

  constructor(options: ChunkedDecoderOptions = {}) {
    this.#options = options;
    this.#maxChunkSize = options.maxChunkSize ?? (options.verifier ? 16 * 1024 * 1024 : Number.MAX_SAFE_INTEGER);
    this.#maxLineLength = options.maxLineLength ?? 4096;
    for (const name of options.trailers ?? []) {
      const algorithm = algorithmOfHeader(name);
      if (algorithm) this.#checksums.push(createChecksum(algorithm));
    }
  }

  /** The whole body and its trailer have come. */
  get done(): boolean {
    return this.#state === "done";
  }

  /** Bytes that came out so far. */
  get decodedLength(): number {
    return this.#decoded;
  }

  /** The headers of the trailer, names in lower case, once the body is done; without the signature of the trailer. */
  get trailers(): Readonly<Record<string, string>> {
    return this.#trailers;
  }

  /**
   * Takes the next raw bytes.
   * @returns bytes of the body, in order
   * @throws ChunkedEncodingError; ChecksumMismatchError when the body is not what its trailer says
   */
  push(bytes: Uint8Array): readonly Uint8Array[] {
    let out: Uint8Array[] | undefined;
    let at = 0;
    try {
      while (at < bytes.length) {
        if (this.#state === "data") {
          const part = bytes.subarray(at, at + Math.min(this.#left, bytes.length - at));
          at += part.length;
          this.#left -= part.length;
          if (this.#options.verifier) {
            this.#hash?.update(part);
            this.#held.push(part);
          } else {
            out = this.#give(part, out);
          }
          if (this.#left === 0) this.#state = "line end";
          continue;
        }
        if (this.#state === "done" || this.#state === "failed") {
          throw this.#fail("IncompleteBody", this.#state === "done" ? "bytes follow its end" : "it failed before", at);
        }
        const begin = at;
        const end = bytes.indexOf(lineFeed, at);
        at = end < 0 ? bytes.length : end + 1;
        this.#line += text(bytes, begin, at);
        if (this.#line.length > this.#maxLineLength) {
          throw this.#fail("IncompleteBody", `a line is longer than ${this.#maxLineLength} bytes`, begin);
        }
        if (end < 0) break;
        if (this.#line.charCodeAt(this.#line.length - 2) !== carriageReturn) {
          throw this.#fail("IncompleteBody", "a line does not end in CRLF", end);
        }
        const line = this.#line.slice(0, -2);
        this.#line = "";
        out = this.#endLine(line, begin, out);
      }
    } catch (error) {
      this.#state = "failed";
      this.#held = [];
      throw error;
    }
    this.#offset += bytes.length;
    return out ?? none;
  }

  /**
   * Says that no more bytes will come.
   * @throws ChunkedEncodingError `IncompleteBody` unless the body is done
   */
  end(): void {
    if (this.#state === "done") return;
    const where =
      this.#state === "data" ? `${this.#left} bytes before the end of a chunk of ${this.#size}` : `in its framing`;
    throw this.#fail("IncompleteBody", `it ends ${where}`, 0);
  }

  #fail(code: ChunkedFault, problem: string, at: number, hint?: string): ChunkedEncodingError {
    this.#state = "failed";
    return new ChunkedEncodingError(code, problem, this.#offset + at, hint);
  }

  #give(part: Uint8Array, out: Uint8Array[] = []): Uint8Array[] {
    for (const checksum of this.#checksums) checksum.update(part);
    this.#decoded += part.length;
    out.push(part);
    return out;
  }

  #endLine(line: string, at: number, out: Uint8Array[] | undefined): Uint8Array[] | undefined {
    if (this.#state === "line end") {
      if (line !== "") throw this.#fail("IncompleteBody", `a chunk is longer than the ${this.#size} bytes it says`, at);
      return this.#endChunk(at, out);
    }
    if (this.#state === "trailer") {
      if (line === "") this.#endTrailer(at);
      else this.#trailer(line, at);
      return out;
    }
    return this.#beginChunk(line, at, out);
  }

  #beginChunk(line: string, at: number, out: Uint8Array[] | undefined): Uint8Array[] | undefined {
    const { verifier, decodedLength } = this.#options;
    const match = /^([\da-f]{1,16})[ \t]*(;.*)?$/i.exec(line);
    if (!match) throw this.#fail("IncompleteBody", `${quoted(line)} is not the line of a chunk`, at);
    const previous = this.#size;
    const size = Number.parseInt(match[1]!, 16);
    if (verifier) {
      if (size > 0 && previous > 0 && previous < leastChunkSize) {
        const problem = `a chunk of ${previous} bytes is not the last`;
        throw this.#fail("InvalidChunkSizeError", problem, at, `Chunks have ${leastChunkSize} bytes at least.`);
      }
      const signature = /;[ \t]*chunk-signature=([\da-f]+\**)[ \t]*(?:;|$)/.exec(match[2] ?? "");
      if (!signature) throw this.#fail("SignatureDoesNotMatch", "a chunk comes without its signature", at);
      this.#signature = signature[1]!;
      this.#hash = createHash("sha256");
    }
    if (size > this.#maxChunkSize) {
      const problem = `a chunk of ${size} bytes is larger than ${this.#maxChunkSize}`;
      throw this.#fail("InvalidChunkSizeError", problem, at);
    }
    const total = this.#decoded + size;
    if (decodedLength !== undefined && (total > decodedLength || (size === 0 && total < decodedLength))) {
      const problem = `it has ${size === 0 ? total : `at least ${total}`} bytes, not the ${decodedLength} announced`;
      throw this.#fail("IncompleteBody", problem, at, "x-amz-decoded-content-length is the length before encoding.");
    }
    this.#size = size;
    this.#left = size;
    if (size > 0) {
      this.#state = "data";
      return out;
    }
    this.#state = "trailer";
    return this.#checkChunk(at, out);
  }

  #endChunk(at: number, out: Uint8Array[] | undefined): Uint8Array[] | undefined {
    this.#state = "line";
    return this.#checkChunk(at, out);
  }

  /** Lets the bytes of a signed chunk out if its signature is right. */
  #checkChunk(at: number, out: Uint8Array[] | undefined): Uint8Array[] | undefined {
    const { verifier } = this.#options;
    if (!verifier || !this.#hash) return out;
    if (!verifier.verifyHash(this.#hash.digest("hex"), this.#signature)) {
      const problem = `the signature of a chunk of ${this.#size} bytes is not right`;
      throw this.#fail(
        "SignatureDoesNotMatch",
        problem,
        at,
        "Each signature covers the one before: check their order.",
      );
    }
    this.#hash = undefined;
    for (const part of this.#held) out = this.#give(part, out);
    this.#held = [];
    return out;
  }

  #trailer(line: string, at: number): void {
    this.#trailerLength += line.length;
    if (this.#trailerLength > maxTrailerLength) {
      throw this.#fail("MalformedTrailerError", `the trailer is longer than ${maxTrailerLength} bytes`, at);
    }
    const match = /^([!#$%&'*+\-.^_`|~\w]+):[ \t]*(.*?)[ \t]*$/.exec(line);
    if (!match) throw this.#fail("MalformedTrailerError", `${quoted(line)} is not a header of a trailer`, at);
    const name = match[1]!.toLowerCase();
    const value = match[2]!;
    if (this.#trailerSignature !== undefined) {
      throw this.#fail("MalformedTrailerError", `${name} comes after the signature of the trailer`, at);
    }
    if (name === trailerSignature) {
      this.#trailerSignature = value;
      return;
    }
    const { trailers } = this.#options;
    if (trailers && !trailers.some((expected) => expected.toLowerCase() === name)) {
      throw this.#fail("MalformedTrailerError", `${name} is not among the headers that x-amz-trailer announces`, at);
    }
    if (name in this.#trailers) throw this.#fail("MalformedTrailerError", `${name} comes twice`, at);
    this.#trailers[name] = value;
  }

  #endTrailer(at: number): void {
    const { verifier, trailers } = this.#options;
    for (const name of trailers ?? []) {
      if (name.toLowerCase() in this.#trailers) continue;
      throw this.#fail("MalformedTrailerError", `${name} is announced by x-amz-trailer and does not come`, at);
    }
    if (verifier && Object.keys(this.#trailers).length > 0) {
      const signature = this.#trailerSignature;
      if (signature === undefined) throw this.#fail("SignatureDoesNotMatch", "the trailer is not signed", at);
      if (!verifier.verifyTrailer(this.#trailers, signature)) {
        throw this.#fail("SignatureDoesNotMatch", "the signature of the trailer is not right", at);
      }
    }
    for (const checksum of this.#checksums) {
      const said = this.#trailers[`x-amz-checksum-${checksum.algorithm.toLowerCase()}`] ?? "";
      const actual = checksum.base64();
      if (said !== actual) throw new ChecksumMismatchError(checksum.algorithm, said, actual);
    }
    this.#state = "done";
  }
}

/** Latin-1 text, as header lines are read. */
function text(bytes: Uint8Array, begin: number, end: number): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset + begin, end - begin).toString("latin1");
}

/** The beginning of a line, for a message. */
function quoted(line: string): string {
  return JSON.stringify(line.length > 80 ? `${line.slice(0, 80)}...` : line);
}

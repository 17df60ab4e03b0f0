import { createHash, type Hash } from "node:crypto";
import type { ChunkSeed } from "./auth.js";
import { hmacHex, sha256Hex } from "./canonical.js";
import { S3Error } from "./errors.js";

const emptyHash = sha256Hex("");
const maxLine = 16 * 1024;
/** The least a signed chunk may hold, but for the last. */
const minSignedChunk = 8192;

/** What comes out of an aws-chunked body. */
export interface ChunkedReader {
  /** Takes bytes of the wire; gives the payload in them. */
  push(bytes: Buffer): Buffer[];
  /** Says that the wire ended; throws unless the body did, too. Gives the trailer, by lower-case name. */
  end(): ReadonlyMap<string, string>;
}

const incomplete = (why: string): S3Error =>
  new S3Error("IncompleteBody", `The aws-chunked body is not whole: ${why}.`);

/** Takes the frames of an aws-chunked body apart, and checks the signature of each chunk and of the trailer where the body is signed. */
export class AwsChunkedReader implements ChunkedReader {
  #state: "head" | "data" | "dataEnd" | "trailer" | "done" = "head";
  #line = "";
  #left = 0;
  #size = 0;
  #previousShort = false;
  #hash: Hash | undefined;
  #chunkSignature = "";
  #previous: string;
  readonly #trailer = new Map<string, string>();
  readonly #seed: ChunkSeed | undefined;
  readonly #hasTrailer: boolean;

  /**
   * @param seed the signature of the request, when chunks are signed
   * @param hasTrailer headers follow the last chunk
   */
  constructor(seed: ChunkSeed | undefined, hasTrailer: boolean) {
    this.#seed = seed;
    this.#previous = seed?.signature ?? "";
    this.#hasTrailer = hasTrailer;
  }

  push(bytes: Buffer): Buffer[] {
    const out: Buffer[] = [];
    let at = 0;
    while (at < bytes.length) {
      if (this.#state === "data") {
        const piece = bytes.subarray(at, at + this.#left);
        this.#hash?.update(piece);
        out.push(piece);
        at += piece.length;
        this.#left -= piece.length;
        if (this.#left === 0) this.#endChunk();
        continue;
      }
      if (this.#state === "done") throw incomplete("there is more behind its end");
      const newline = bytes.indexOf(10, at);
      const end = newline < 0 ? bytes.length : newline + 1;
      this.#line += bytes.toString("latin1", at, end);
      if (this.#line.length > maxLine) throw incomplete("a line is too long");
      at = end;
      if (newline >= 0) {
        const line = this.#line.replace(/\r?\n$/, "");
        this.#line = "";
        this.#readLine(line);
      }
    }
    return out;
  }

  #readLine(line: string): void {
    if (this.#state === "head") this.#readHead(line);
    else if (this.#state === "dataEnd") {
      if (line !== "") throw incomplete("a chunk is longer than it says");
      this.#state = "head";
    } else this.#readTrailer(line);
  }

  #readHead(line: string): void {
    const match = /^([0-9a-fA-F]{1,12})((?:;[^;]*)*)$/.exec(line);
    if (!match) throw incomplete(`${JSON.stringify(line.slice(0, 80))} is no chunk's head`);
    this.#size = Number.parseInt(match[1]!, 16);
    if (this.#seed) {
      const signature = /;\s*chunk-signature=([0-9a-f]{64})\s*(?:;|$)/.exec(match[2]!)?.[1];
      if (!signature) throw new S3Error("SignatureDoesNotMatch", "A chunk comes without its signature.");
      this.#chunkSignature = signature;
      this.#hash = createHash("sha256");
      if (this.#previousShort && this.#size > 0) {
        throw new S3Error("InvalidChunkSizeError", `Only the last chunk may have less than ${minSignedChunk} bytes.`);
      }
      this.#previousShort = this.#size < minSignedChunk;
    }
    this.#left = this.#size;
    if (this.#size > 0) this.#state = "data";
    else this.#endChunk();
  }

  #endChunk(): void {
    if (this.#seed) {
      const digest = this.#hash!.digest("hex");
      this.#check("AWS4-HMAC-SHA256-PAYLOAD", `${emptyHash}\n${digest}`, this.#chunkSignature, "a chunk");
    }
    this.#state = this.#size > 0 ? "dataEnd" : "trailer";
  }

  #check(kind: string, hashes: string, signature: string, what: string): void {
    const { key, timestamp, scope } = this.#seed!;
    const stringToSign = `${kind}\n${timestamp}\n${scope}\n${this.#previous}\n${hashes}`;
    if (hmacHex(key, stringToSign) !== signature) {
      throw new S3Error(
        "SignatureDoesNotMatch",
        `The signature of ${what} of the body is not the one that this server works out.`,
        {
          StringToSign: stringToSign,
          SignatureProvided: signature,
        },
      );
    }
    this.#previous = signature;
  }

  #readTrailer(line: string): void {
    if (line === "") {
      // Some write an empty line before the trailer's signature.
      if (this.#seed && this.#hasTrailer && !this.#trailer.has("x-amz-trailer-signature")) return;
      this.#finish();
      return;
    }
    const colon = line.indexOf(":");
    if (colon < 1 || !this.#hasTrailer)
      throw new S3Error("MalformedTrailerError", "The trailer of the body cannot be read.");
    this.#trailer.set(line.slice(0, colon).trim().toLowerCase(), line.slice(colon + 1).trim());
  }

  #finish(): void {
    const signature = this.#trailer.get("x-amz-trailer-signature");
    this.#trailer.delete("x-amz-trailer-signature");
    if (this.#seed && this.#hasTrailer) {
      let text = "";
      for (const name of [...this.#trailer.keys()].sort()) text += `${name}:${this.#trailer.get(name)}\n`;
      this.#check("AWS4-HMAC-SHA256-TRAILER", sha256Hex(text), signature ?? "", "the trailer");
    }
    this.#state = "done";
  }

  end(): ReadonlyMap<string, string> {
    // The empty line at the very end is left out by some when there is no trailer.
    if (this.#state === "trailer" && this.#line === "" && !this.#seed) this.#finish();
    else if (this.#state === "trailer" && !this.#hasTrailer) this.#finish();
    if (this.#state !== "done") throw incomplete("it ends too early");
    return this.#trailer;
  }
}

import { createHash, type Hash, hash } from "node:crypto";
import { TucuxiError } from "../../errors/base.js";
import { algorithmOf, type ChecksumAlgorithm, digestLengths } from "./algorithms.js";
import { digestBase64 } from "./base64.js";
import { crc32 } from "./crc32.js";
import { type KernelAlgorithm, KernelState, kernelBase64 } from "./kernel.js";

/** A checksum under way. */
export interface Checksum {
  readonly algorithm: ChecksumAlgorithm;
  /** Takes the next bytes, of any number. Not after the digest was asked for. */
  update(bytes: Uint8Array): void;
  /** The digest, most significant byte first. */
  digest(): Uint8Array;
  /** The digest in base64, as S3's headers have it. */
  base64(): string;
}

/** The names of node:crypto for what it computes. */
const cryptoNames = { SHA1: "sha1", SHA256: "sha256", SHA512: "sha512", MD5: "md5" } as const;
type CryptoAlgorithm = keyof typeof cryptoNames;

const isCrypto = (algorithm: ChecksumAlgorithm): algorithm is CryptoAlgorithm => Object.hasOwn(cryptoNames, algorithm);

function known(name: string): ChecksumAlgorithm {
  const algorithm = algorithmOf(name);
  if (algorithm) return algorithm;
  throw new TucuxiError(`There is no checksum algorithm ${JSON.stringify(name)}`, {
    code: "UnknownChecksumAlgorithm",
    hint: `S3 knows ${Object.keys(digestLengths).join(", ")}.`,
  });
}

/**
 * The checksum of bytes in memory, in base64 as S3's headers have it.
 *
 * Each algorithm gets ready on its first use (one millisecond at most); importing this costs nothing.
 * @throws TucuxiError `UnknownChecksumAlgorithm`; `ChecksumUnavailable` where WebAssembly is turned off
 */
export function checksum(algorithm: ChecksumAlgorithm, bytes: Uint8Array): string {
  switch (algorithm) {
    case "CRC32":
      return base64OfCrc(crc32(bytes, 0));
    case "SHA1":
    case "SHA256":
    case "SHA512":
    case "MD5":
      return hash(cryptoNames[algorithm], bytes, "base64");
    case "CRC32C":
    case "CRC64NVME":
    case "XXHASH64":
    case "XXHASH3":
    case "XXHASH128":
      return kernelBase64(algorithm, bytes, digestLengths[algorithm]);
    default:
      // A name in another case, or none of ours.
      return checksum(known(algorithm), bytes);
  }
}

/**
 * Begins a checksum of bytes that come in pieces. The memory it takes does not depend on their number.
 * @throws as `checksum`
 */
export function createChecksum(algorithm: ChecksumAlgorithm): Checksum {
  const name = known(algorithm);
  if (name === "CRC32") return new Crc32Checksum();
  return isCrypto(name) ? new CryptoChecksum(name) : new KernelChecksum(name);
}

/** Of a digest in base64; undefined when the text is no digest of that algorithm. */
export function digestOf(algorithm: ChecksumAlgorithm, text: string): Uint8Array | undefined {
  const bytes = Buffer.from(text, "base64");
  return bytes.length === digestLengths[algorithm] && bytes.toString("base64") === text ? bytes : undefined;
}

const word = new Uint8Array(4);

function base64OfCrc(crc: number): string {
  word[0] = crc >>> 24;
  word[1] = crc >>> 16;
  word[2] = crc >>> 8;
  word[3] = crc;
  return digestBase64(word, 0, 4);
}

class Crc32Checksum implements Checksum {
  readonly algorithm = "CRC32";
  #crc = 0;

  update(bytes: Uint8Array): void {
    this.#crc = crc32(bytes, this.#crc);
  }

  digest(): Uint8Array {
    const digest = Buffer.alloc(4);
    digest.writeUInt32BE(this.#crc);
    return digest;
  }

  base64(): string {
    return base64OfCrc(this.#crc);
  }
}

class CryptoChecksum implements Checksum {
  readonly algorithm: CryptoAlgorithm;
  readonly #hash: Hash;
  #digest: Buffer | undefined;

  constructor(algorithm: CryptoAlgorithm) {
    this.algorithm = algorithm;
    this.#hash = createHash(cryptoNames[algorithm]);
  }

  update(bytes: Uint8Array): void {
    this.#hash.update(bytes);
  }

  digest(): Uint8Array {
    this.#digest ??= this.#hash.digest();
    return this.#digest;
  }

  base64(): string {
    this.#digest ??= this.#hash.digest();
    return this.#digest.toString("base64");
  }
}

class KernelChecksum implements Checksum {
  readonly algorithm: KernelAlgorithm;
  readonly #state: KernelState;

  constructor(algorithm: KernelAlgorithm) {
    this.algorithm = algorithm;
    this.#state = new KernelState(algorithm, digestLengths[algorithm]);
  }

  update(bytes: Uint8Array): void {
    this.#state.update(bytes);
  }

  digest(): Uint8Array {
    return this.#state.digest();
  }

  base64(): string {
    return this.#state.base64();
  }
}

import { createHmac, hash } from "node:crypto";
import { Cache } from "./cache.js";
import { checkScopePart } from "./check.js";

/**
 * The signing key and the HMAC made with it.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html#calculate-signature
 */

const BLOCK = 64;
/** Room for a message beside the key's block: a string to sign has about 140 bytes. */
const MESSAGE = 448;

function hmac(key: string | Uint8Array, message: string): Buffer {
  return createHmac("sha256", key).update(message).digest();
}

/**
 * Derives the key that signs everything of one day, region and service. Throws TypeError for arguments that cannot be used.
 *
 * @param date the day as `20260131`
 * @returns 32 bytes, the caller's to keep
 */
export function deriveSigningKey(secretAccessKey: string, date: string, region: string, service: string): Buffer {
  if (typeof secretAccessKey !== "string" || secretAccessKey === "") {
    throw new TypeError("secretAccessKey: must be a string that is not empty");
  }
  if (typeof date !== "string" || !/^\d{8}$/.test(date)) throw new TypeError("date: must be a day such as 20260131");
  checkScopePart("region", region);
  checkScopePart("service", service);
  return hmac(hmac(hmac(hmac(`AWS4${secretAccessKey}`, date), region), service), "aws4_request");
}

/**
 * A key ready to sign. HMAC is two hashes, each begun with a block that depends on the key alone; with these blocks laid out
 * beforehand, two one-shot `hash()` calls take half the time of `createHmac`.
 */
export class SigningKey {
  readonly #key: Uint8Array;
  readonly #inner = Buffer.alloc(BLOCK + MESSAGE, 0x36);
  readonly #outer = Buffer.alloc(BLOCK + 32, 0x5c);
  /** The part of #inner in use; kept since messages of one key mostly have one length. */
  #message = this.#inner.subarray(0, BLOCK);

  constructor(key: Uint8Array) {
    this.#key = key;
    for (let i = 0; i < key.length; i++) {
      this.#inner[i] = 0x36 ^ (key[i] ?? 0);
      this.#outer[i] = 0x5c ^ (key[i] ?? 0);
    }
  }

  /** HMAC-SHA256 of an ASCII message, in lower-case hex. */
  sign(message: string): string {
    if (message.length > MESSAGE) return hmac(this.#key, message).toString("hex");
    const length = BLOCK + this.#inner.write(message, BLOCK, "latin1");
    if (this.#message.length !== length) this.#message = this.#inner.subarray(0, length);
    // A digest as a binary string: a third of the price of one in a Buffer.
    this.#outer.write(hash("sha256", this.#message, "binary"), BLOCK, "latin1");
    return hash("sha256", this.#outer);
  }
}

/** By the secret itself, not by its access key id: a secret that was rotated must not find the key of the one before. */
const signingKeys = /* @__PURE__ */ new Cache<SigningKey>(100);

/** The signing key of a secret, day, region and service, from the cache where it is there. */
export function signingKeyOf(secretAccessKey: string, date: string, region: string, service: string): SigningKey {
  // The secret comes last: it may have a slash in it, the others have none.
  return signingKeys.get(
    `${date}/${region}/${service}/${secretAccessKey}`,
    () => new SigningKey(deriveSigningKey(secretAccessKey, date, region, service)),
  );
}

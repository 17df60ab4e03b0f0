import { createECDH, createHmac, createPrivateKey, createPublicKey, KeyObject, sign, verify } from "node:crypto";
import { Cache } from "./cache.js";
import type { EcdsaPublicKey } from "./types.js";

/**
 * SigV4A: the P-256 key pair that belongs to a secret, and signatures made with it.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv.html#how-sigv4a-works
 */

/** The order n of P-256's group (FIPS 186-4, D.1.2.3), less two: the greatest candidate that leads to a key. */
const GREATEST_CANDIDATE = "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc63254f";

const ALGORITHM = "AWS4-ECDSA-P256-SHA256";

/** An ECDSA signature in hex, DER form. */
const DER_HEX = /^30[\da-f]{14,142}$/;

/**
 * Derives the private key: FIPS 186-4, B.4.2 (testing candidates), with candidates from the counter-mode KDF of NIST SP 800-108.
 *
 * @returns the 32 bytes of the private number
 */
export function derivePrivateKey(secretAccessKey: string, accessKeyId: string): Buffer {
  for (let counter = 1; counter <= 254; counter++) {
    const candidate = createHmac("sha256", `AWS4A${secretAccessKey}`)
      // Of the KDF: block 1, label, 0, context (key id and counter), and the 256 bits wanted.
      .update(Buffer.from([0, 0, 0, 1]))
      .update(`${ALGORITHM}\0${accessKeyId}`)
      .update(Buffer.from([counter, 0, 0, 1, 0]))
      .digest();
    if (candidate.toString("hex") > GREATEST_CANDIDATE) continue;
    const key = BigInt(`0x${candidate.toString("hex")}`) + 1n;
    return Buffer.from(key.toString(16).padStart(64, "0"), "hex");
  }
  // One candidate in four thousand million fails; 254 in a row do not happen.
  throw new RangeError("credentials: no P-256 key can be derived from them");
}

/** The key pair of a secret, ready to sign and to verify. */
export class EcdsaKey {
  readonly #privateKey: KeyObject;
  #publicKey: KeyObject | undefined;

  constructor(secretAccessKey: string, accessKeyId: string) {
    const d = derivePrivateKey(secretAccessKey, accessKeyId);
    const curve = createECDH("prime256v1");
    curve.setPrivateKey(d);
    const point = curve.getPublicKey();
    this.#privateKey = createPrivateKey({
      format: "jwk",
      key: { kty: "EC", crv: "P-256", d: d.toString("base64url"), ...coordinates(point.subarray(1)) },
    });
  }

  /** The signature of a message in hex, DER form. Differs from call to call: ECDSA draws a random number. */
  sign(message: string): string {
    return sign("sha256", Buffer.from(message), this.#privateKey).toString("hex");
  }

  publicKey(): KeyObject {
    this.#publicKey ??= createPublicKey(this.#privateKey);
    return this.#publicKey;
  }
}

const ecdsaKeys = /* @__PURE__ */ new Cache<EcdsaKey>(20);

/** The key pair of a secret, from the cache where it is there: deriving one costs many signatures. */
export function ecdsaKeyOf(secretAccessKey: string, accessKeyId: string): EcdsaKey {
  // An access key id has no space in it.
  return ecdsaKeys.get(`${accessKeyId} ${secretAccessKey}`, () => new EcdsaKey(secretAccessKey, accessKeyId));
}

/** Does this signature (hex, DER) of the message hold? */
export function verifyEcdsa(message: string, signature: string, publicKey: KeyObject): boolean {
  return DER_HEX.test(signature) && verify("sha256", Buffer.from(message), publicKey, Buffer.from(signature, "hex"));
}

/** Reads a public key in any of the forms taken. */
export function readPublicKey(key: EcdsaPublicKey): KeyObject {
  if (key instanceof KeyObject) return key;
  if (typeof key === "string") return createPublicKey(key);
  if (!/^[\da-f]{64}$/i.test(key.x) || !/^[\da-f]{64}$/i.test(key.y)) {
    throw new TypeError("publicKey: x and y must be 64 hex digits each");
  }
  return createPublicKey({
    format: "jwk",
    key: { kty: "EC", crv: "P-256", ...coordinates(Buffer.from(key.x + key.y, "hex")) },
  });
}

function coordinates(point: Buffer): { x: string; y: string } {
  return { x: point.toString("base64url", 0, 32), y: point.toString("base64url", 32) };
}

import { createPrivateKey, createPublicKey, type KeyObject, randomUUID, sign } from "node:crypto";

/**
 * A proof (RFC 9449) that whoever sends a request holds the key that the tokens are bound to: a JWT signed with it (ES256).
 *
 * @param key PEM of a P-256 private key.
 * @param url of the request, without its query.
 * @param now milliseconds since 1970.
 * @throws TypeError or Error of `node:crypto` where the key is none.
 * @see https://www.rfc-editor.org/rfc/rfc9449#section-4.2
 */
export function dpopProof(key: string, method: string, url: string, now: number): string {
  const privateKey: KeyObject = createPrivateKey(key);
  const { kty, crv, x, y } = createPublicKey(privateKey).export({ format: "jwk" });
  const header = { typ: "dpop+jwt", alg: "ES256", jwk: { kty, crv, x, y } };
  const claims = { jti: randomUUID(), htm: method, htu: url, iat: Math.floor(now / 1000) };
  const signed = `${base64url(header)}.${base64url(claims)}`;
  // JWTs have the two numbers of the signature side by side, not in DER.
  const signature = sign("sha256", Buffer.from(signed), { key: privateKey, dsaEncoding: "ieee-p1363" });
  return `${signed}.${signature.toString("base64url")}`;
}

function base64url(object: object): string {
  return Buffer.from(JSON.stringify(object)).toString("base64url");
}

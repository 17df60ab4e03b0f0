import { EMPTY_HASH, sha256Hex, signedHeaderNames } from "./canonical.js";
import { checkInput, checkMethod, got } from "./check.js";
import { canonicalPath, canonicalQuery } from "./encode.js";
import { entriesOf, type HeaderEntry, headersToSign, joinValues, readHeaders, setField, valuesOf } from "./headers.js";
import { computeSignature, signerAt } from "./signer.js";
import type { SignableBody, SignedRequest, SigningInput, SignRequestInput } from "./types.js";
import { splitUrl, type Target } from "./url.js";

/**
 * Signs a request in its headers (Signature Version 4, or 4A with `algorithm: "AWS4-ECDSA-P256-SHA256"`). Synchronous; nothing of the
 * input is changed. Throws TypeError or RangeError naming the argument that cannot be used.
 *
 * @returns the headers to send, and every step on the way to the signature
 * @see https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html
 */
export function signRequest(input: SignRequestInput): SignedRequest {
  checkInput(input);
  const signer = signerAt(input);
  const method = checkMethod(input.method);
  const target = splitUrl(input.url);
  const given = readHeaders(input.headers);
  const payloadHash = declaredHash(input, given) ?? (input.body === undefined ? EMPTY_HASH : hashBody(input.body));

  const own = hostIfMissing(given, target);
  own.push(["x-amz-date", signer.amzDate]);
  if (signer.regionSet !== undefined) own.push(["x-amz-region-set", signer.regionSet]);
  if (input.signBodyHeader ?? true) own.push(["x-amz-content-sha256", payloadHash]);
  const after: typeof own = [];
  if (signer.sessionToken !== undefined) {
    (input.omitSessionToken ? after : own).push(["x-amz-security-token", signer.sessionToken]);
  }

  // What belongs to the signature is ours: a date or token among the caller's headers may be an earlier signature's.
  const replaced = new Set(["authorization", "x-amz-region-set", ...[...own, ...after].map(([name]) => name)]);
  const kept = given.filter((entry) => !replaced.has(entry.lowerCase));
  const signed = headersToSign([...kept, ...entriesOf(own)], input.unsignableHeaders);
  const signedHeaders = signedHeaderNames(signed);
  const path = canonicalPath(target.path, input.normalizePath ?? false, input.doubleEncodePath ?? false);
  const query = canonicalQuery(target.query);
  const steps = computeSignature(signer, method, path, query, signed, signedHeaders, payloadHash);

  const headers: SignedRequest["headers"] = {};
  for (const { name, values, isList } of kept) setField(headers, name, isList ? [...values] : (values[0] ?? ""));
  for (const [name, value] of [...own, ...after]) headers[name] = value;
  headers["authorization"] = signer.authorization(signedHeaders, steps.signature);
  return { headers, ...steps, signedHeaders };
}

/** The hash that the caller says the payload has, if he says. */
export function declaredHash(input: SigningInput, given: readonly HeaderEntry[]): string | undefined {
  const declared = input.payloadHash ?? valuesOf(given, "x-amz-content-sha256");
  if (declared === undefined) return undefined;
  const hash = Array.isArray(declared) ? joinValues(declared) : declared;
  if (typeof hash === "string" && /^[\w-]+$/.test(hash)) return hash;
  throw new TypeError(`payloadHash: must be a SHA-256 in hex or a word such as UNSIGNED-PAYLOAD${got(hash)}`);
}

/** The SHA-256 of a body that is all there. */
export function hashBody(body: SignableBody, name = "body"): string {
  if (typeof body === "string" || body instanceof Uint8Array) return sha256Hex(body);
  if (body instanceof ArrayBuffer) return sha256Hex(new Uint8Array(body));
  if (ArrayBuffer.isView(body)) return sha256Hex(new Uint8Array(body.buffer, body.byteOffset, body.byteLength));
  throw new TypeError(`${name}: must be a string or bytes; for any other body give its payloadHash`);
}

/** The `host` header from the URL, where the caller gave none: it always gets signed. */
export function hostIfMissing(given: readonly HeaderEntry[], target: Target): [name: string, value: string][] {
  if (given.some((entry) => entry.lowerCase === "host")) return [];
  if (target.host !== undefined) return [["host", target.host]];
  throw new TypeError("url: has no host, and neither have the headers; give one of the two");
}

/** Whether a service signs as S3 does, with payloads that may stay unsigned. */
export function isS3(service: string): boolean {
  return /^s3(express|-outposts|-object-lambda)?$/.test(service);
}

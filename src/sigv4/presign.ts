import { EMPTY_HASH, signedHeaderNames, UNSIGNED_PAYLOAD } from "./canonical.js";
import { checkExpires, checkInput, checkMethod } from "./check.js";
import { canonicalPath, canonicalQuery, mergeQueries } from "./encode.js";
import { entriesOf, headersToSign, readHeaders } from "./headers.js";
import { declaredHash, hashBody, hostIfMissing, isS3 } from "./request.js";
import { computeSignature, signerAt } from "./signer.js";
import type { PresignedUrl, PresignUrlInput, SignableBody } from "./types.js";
import { splitUrl } from "./url.js";

const PRESIGNED = /(?:^|&)(X-Amz-(?:Algorithm|Credential|Date|Expires|SignedHeaders|Signature))=/;

/**
 * Signs a request in its query string: a URL that whoever holds it may use until it expires. Headers given are signed too, and have
 * to be sent with it. Synchronous; nothing of the input is changed. Throws TypeError or RangeError naming the argument that cannot
 * be used.
 *
 * The payload of a request to S3 stays unsigned, unless `payloadHash` or an `x-amz-content-sha256` among the headers says otherwise.
 *
 * @see https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-query-string-auth.html
 */
export function presignUrl(input: PresignUrlInput): PresignedUrl {
  checkInput(input);
  const signer = signerAt(input);
  const method = checkMethod(input.method);
  const expiresIn = checkExpires(input.expiresIn);
  const target = splitUrl(input.url);
  const before = PRESIGNED.exec(target.query);
  if (before !== null) throw new TypeError(`url: is presigned already, it has ${before[1]}`);
  const given = readHeaders(input.headers);
  const payloadHash = declaredHash(input, given) ?? assumedHash(signer.service, input.body);

  // These stand in the query instead.
  const replaced = new Set(["authorization", "x-amz-date", "x-amz-region-set"]);
  if (signer.sessionToken !== undefined) replaced.add("x-amz-security-token");
  const kept = given.filter((entry) => !replaced.has(entry.lowerCase));
  const signed = headersToSign([...kept, ...entriesOf(hostIfMissing(given, target))], input.unsignableHeaders);
  const signedHeaders = signedHeaderNames(signed);
  const path = canonicalPath(target.path, input.normalizePath ?? false, input.doubleEncodePath ?? false);
  const ours = signer.queryParameters(signedHeaders, expiresIn, !input.omitSessionToken);
  const query = mergeQueries(canonicalQuery(target.query), ours);
  const steps = computeSignature(signer, method, path, query, signed, signedHeaders, payloadHash);

  const parameters = target.query === "" ? [ours] : [target.query, ours];
  if (input.omitSessionToken && signer.sessionToken !== undefined) parameters.push(signer.tokenParameter());
  const url = `${target.origin}${target.path}?${parameters.join("&")}&X-Amz-Signature=${steps.signature}`;
  return { url, ...steps, signedHeaders };
}

/** What a server takes for the payload's hash when the request does not say. */
export function assumedHash(service: string, body: SignableBody | undefined): string {
  if (isS3(service)) return UNSIGNED_PAYLOAD;
  return body === undefined ? EMPTY_HASH : hashBody(body);
}

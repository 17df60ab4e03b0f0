import { type SortedHeaders, signedHeaderNames } from "./canonical.js";
import { mergeQueries } from "./encode.js";
import { computeSignature, type Signer } from "./signer.js";

/**
 * Signing for callers who have everything in canonical form already: the client on its road. The same steps as `signRequest` and
 * `presignUrl`, without reading, checking and sorting what the client has just written itself. Keep a `Signer` for a client's
 * credentials, region and service, and set its clock (`at`) before each signature.
 */

export { signedHeaderNames } from "./canonical.js";
export { canonicalPath, canonicalQuery, encodePath, encodeRfc3986 } from "./encode.js";
export { isUnsignable } from "./headers.js";
export { Signer, type SignerInput } from "./signer.js";

/**
 * The value of the `authorization` header.
 *
 * @param path canonical, as it goes out
 * @param query canonical (encoded, sorted by name), as it goes out
 * @param headers flat pairs, lower case, sorted, complete: `host`, `x-amz-date` (the signer's `amzDate`), `x-amz-content-sha256`, and
 *   where the signer has them `x-amz-region-set` and `x-amz-security-token`
 */
export function authorization(
  signer: Signer,
  method: string,
  path: string,
  query: string,
  headers: SortedHeaders,
  payloadHash: string,
): string {
  const names = signedHeaderNames(headers);
  return signer.authorization(
    names,
    computeSignature(signer, method, path, query, headers, names, payloadHash).signature,
  );
}

/**
 * The query string of a presigned URL: the request's own parameters and those of the signature.
 *
 * @param path canonical, as it will go out
 * @param query canonical, empty for none
 * @param headers flat pairs, lower case, sorted: `host`, and what else the sender has to send
 * @param payloadHash `UNSIGNED-PAYLOAD` for S3
 * @param expiresIn seconds, checked by the caller
 */
export function presignedQuery(
  signer: Signer,
  method: string,
  path: string,
  query: string,
  headers: SortedHeaders,
  payloadHash: string,
  expiresIn: number,
): string {
  const names = signedHeaderNames(headers);
  const signed = mergeQueries(query, signer.queryParameters(names, expiresIn, true));
  return `${signed}&X-Amz-Signature=${computeSignature(signer, method, path, signed, headers, names, payloadHash).signature}`;
}

/** What the service sends back of a request it refused may quote the request's secrets: they go no further. */
import type { Credentials } from "../credentials/types.js";
import type { S3ServiceError } from "../errors/service.js";

const HIDDEN = "[hidden]";
/** Lines of a canonical request that hold a secret. */
const secretLines =
  /^(x-amz-security-token|x-amz-s3session-token|x-amz(?:-copy-source)?-server-side-encryption-customer-key):.*$/gim;

/** Takes session token and SSE-C keys out of the error's `response`. */
export function hideSecrets(error: S3ServiceError, credentials: Credentials | undefined): S3ServiceError {
  const token = credentials?.sessionToken || undefined;
  const details = error.response.Error;
  for (const [name, value] of Object.entries(details)) {
    if (value === undefined) continue;
    let shown = value.replace(secretLines, `$1:${HIDDEN}`).replace(/(Signature=)[0-9a-f]{16,}/gi, `$1${HIDDEN}`);
    if (token !== undefined) shown = shown.replaceAll(token, HIDDEN).replaceAll(encodeURIComponent(token), HIDDEN);
    if (shown === value) continue;
    details[name] = shown;
    // The same once more, as a list of bytes.
    if (details[`${name}Bytes`] !== undefined) details[`${name}Bytes`] = HIDDEN;
  }
  return error;
}

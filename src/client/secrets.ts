/** What the service sends back of a request it refused may quote the request's secrets: they go no further. */
import type { Credentials } from "../credentials/types.js";
import { TucuxiError } from "../errors/base.js";
import { S3ServiceError } from "../errors/service.js";
import type { HeaderPairs } from "./signing.js";

const HIDDEN = "[hidden]";
const customerKey = /^x-amz-(?:copy-source-)?server-side-encryption-customer-key$/;
/** Lines of a canonical request that hold a secret. */
const secretLines =
  /^(x-amz-security-token|x-amz-s3session-token|x-amz(?:-copy-source)?-server-side-encryption-customer-key):.*$/gim;

/** What a request says that nobody is to repeat: its session token, and keys for encryption. */
export function secretsOf(headers: HeaderPairs, credentials: Credentials | undefined): string[] {
  const found = credentials?.sessionToken ? [credentials.sessionToken] : [];
  for (let i = 0; i < headers.length; i += 2) if (customerKey.test(headers[i]!)) found.push(headers[i + 1]!);
  // What is this short is no secret, and part of many a word.
  return found.filter((secret) => secret.length >= 8);
}

/** The text without these. */
export function without(secrets: readonly string[], text: string): string {
  let shown = text;
  for (const secret of secrets) {
    shown = shown.replaceAll(secret, HIDDEN).replaceAll(encodeURIComponent(secret), HIDDEN);
  }
  return shown;
}

/** Takes secrets out of an error, wherever they stand in it, and gives it back. */
export function hideSecrets(error: unknown, secrets: readonly string[]): unknown {
  if (!(error instanceof TucuxiError)) return error;
  const hide = (text: string): string =>
    without(secrets, text)
      .replace(secretLines, `$1:${HIDDEN}`)
      .replace(/(Signature=)[0-9a-f]{16,}/gi, `$1${HIDDEN}`);
  for (const name of ["message", "stack", "hint"] as const) {
    const text = error[name];
    if (text === undefined) continue;
    const shown = hide(text);
    if (shown !== text) Object.defineProperty(error, name, { value: shown });
  }
  if (!(error instanceof S3ServiceError)) return error;
  const { Error: details, ResponseMetadata: metadata } = error.response;
  for (const texts of [details, metadata.HTTPHeaders]) {
    for (const [name, value] of Object.entries(texts)) {
      if (value === undefined) continue;
      const shown = hide(value);
      if (shown === value) continue;
      texts[name] = shown;
      // The same once more, as a list of bytes.
      if (texts[`${name}Bytes`] !== undefined) texts[`${name}Bytes`] = HIDDEN;
    }
  }
  return error;
}

import { hash } from "node:crypto";

/**
 * The canonical request: what both sides write down alike and hash. Every signature of this folder goes through these functions.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
 */

/** SHA-256 of nothing. */
export const EMPTY_HASH = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

/** Declared instead of a hash when the payload is not covered by the signature. */
export const UNSIGNED_PAYLOAD = "UNSIGNED-PAYLOAD";

/** SHA-256 in lower-case hex. One shot: half the price of a Hash object. */
export function sha256Hex(data: string | Uint8Array): string {
  return data.length === 0 ? EMPTY_HASH : hash("sha256", data);
}

/** Headers to sign, flat: name, value, name, value, ...; names in lower case, sorted, each once. */
export type SortedHeaders = readonly string[];

/** The names of the signed headers: `host;x-amz-date`. */
export function signedHeaderNames(headers: SortedHeaders): string {
  let names = headers[0] ?? "";
  for (let i = 2; i < headers.length; i += 2) names += `;${headers[i]}`;
  return names;
}

/**
 * Composes the canonical request.
 *
 * @param path canonical, see `canonicalPath`
 * @param query canonical, see `canonicalQuery`
 * @param signedHeaders the names of `headers`, see `signedHeaderNames`
 */
export function canonicalRequest(
  method: string,
  path: string,
  query: string,
  headers: SortedHeaders,
  signedHeaders: string,
  payloadHash: string,
): string {
  let lines = "";
  for (let i = 0; i < headers.length; i += 2) lines += `${headers[i]}:${canonicalValue(headers[i + 1] ?? "")}\n`;
  return `${method}\n${path}\n${query}\n${lines}\n${signedHeaders}\n${payloadHash}`;
}

/** A header's value as it is signed: no white space at the ends, runs of it as one space, line folds too. */
export function canonicalValue(value: string): string {
  // Most values have neither: a look for what would change is cheaper than changing it.
  return /^ | $| {2}|[\t\r\n]/.test(value) ? value.replace(/[ \t\r\n]+/g, " ").replace(/^ | $/g, "") : value;
}

/** Values that are not to be read in a log: tokens of sessions and keys of SSE-C, as headers and as parameters. */
const SECRET = /((?:security-token|s3session-token|customer-key)[:=])[^&]*/gi;

/** The first line in which two canonical requests differ, named by what stands there; undefined when they are equal. */
export function firstDifference(ours: string, theirs: string): string | undefined {
  if (ours === theirs) return undefined;
  const a = ours.split("\n");
  const b = theirs.split("\n");
  let at = 0;
  while (a[at] === b[at]) at++;
  const show = (line: string | undefined) =>
    line === undefined ? "nothing" : JSON.stringify(line.replace(SECRET, "$1..."));
  return `canonical request line ${at + 1} (${lineName(a, at)}): ${show(b[at])} was signed, ${show(a[at])} arrived`;
}

function lineName(lines: readonly string[], at: number): string {
  if (at < 3) return ["method", "path", "query"][at] ?? "";
  const blank = lines.indexOf("", 3);
  if (at < blank) return `header ${lines[at]?.slice(0, lines[at]?.indexOf(":"))}`;
  return at === blank + 1 ? "signed headers" : at === blank + 2 ? "payload hash" : "end of headers";
}

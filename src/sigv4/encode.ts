/**
 * Percent-encoding as Signature Version 4 wants it: everything but the unreserved characters of RFC 3986, in upper-case hex.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
 */

const UNRESERVED_ONLY = /^[\w.~-]*$/;
const PLAIN_PATH = /^[\w.~/-]*$/;
/** One piece of wire text that may need another spelling: an escape, or a character that has to be one. */
const RESPELL = /%[\dA-Fa-f]{2}|[^\w.~-]/gu;

/** Encodes a text, `/` included: a query parameter's name or value. Throws URIError on half a surrogate pair. */
export function encodeRfc3986(text: string): string {
  return UNRESERVED_ONLY.test(text) ? text : encodeURIComponent(text).replace(/[!'()*]/g, encodeAscii);
}

/** Encodes a text but leaves `/` alone: an object's key, as it goes into a path. */
export function encodePath(text: string): string {
  return PLAIN_PATH.test(text) ? text : encodeRfc3986(text).replaceAll("%2F", "/");
}

function encodeAscii(char: string): string {
  return `%${char.charCodeAt(0).toString(16).toUpperCase()}`;
}

/**
 * The path as it is signed. S3 decodes what came over the wire once and encodes it its own way, so `/a@b`, `/a%40b` and a
 * lower-case escape all become `/a%40b`; other services encode what came over the wire once more.
 */
export function canonicalPath(path: string, normalize: boolean, doubleEncode: boolean): string {
  if (normalize) path = removeDotSegments(path);
  if (PLAIN_PATH.test(path)) return path;
  return doubleEncode ? encodePath(path) : path.replace(RESPELL, respellInPath);
}

/**
 * The query string as it is signed: each name and value decoded, encoded again and sorted by name, then value. A parameter without
 * `=` gets one; a `+` is a space, as servers read it.
 */
export function canonicalQuery(query: string): string {
  if (query === "") return "";
  const pairs: [name: string, value: string][] = [];
  for (const piece of query.split("&")) {
    if (piece === "") continue;
    const equals = piece.indexOf("=");
    const name = equals < 0 ? piece : piece.slice(0, equals);
    const value = equals < 0 ? "" : piece.slice(equals + 1);
    pairs.push([name.replace(RESPELL, respellInQuery), value.replace(RESPELL, respellInQuery)]);
  }
  // By name first: sorted as whole pieces, `a-b=` would come before `a=` because `-` is less than `=`.
  pairs.sort((a, b) => (a[0] === b[0] ? order(a[1], b[1]) : order(a[0], b[0])));
  return pairs.map(([name, value]) => `${name}=${value}`).join("&");
}

/** Compares by code unit; never by locale. */
export function order(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function respellInPath(piece: string): string {
  const text = respell(piece);
  return text === "%2F" ? "/" : text;
}

function respellInQuery(piece: string): string {
  return piece === "+" ? "%20" : respell(piece);
}

/** Byte by byte, because an escape need not be UTF-8: `%7e` to `~`, `%c3` to `%C3`, `@` to `%40`, a lone `%` to `%25`. */
function respell(piece: string): string {
  if (piece.length !== 3 || piece[0] !== "%") return encodeRfc3986(piece);
  const char = String.fromCharCode(Number.parseInt(piece.slice(1), 16));
  return UNRESERVED_ONLY.test(char) ? char : piece.toUpperCase();
}

/** `.`, `..` and empty segments resolved; a slash at the end stays. */
function removeDotSegments(path: string): string {
  const kept: string[] = [];
  for (const segment of path.split("/")) {
    if (segment === "..") kept.pop();
    else if (segment !== "" && segment !== ".") kept.push(segment);
  }
  return kept.length === 0 ? "/" : `/${kept.join("/")}${path.endsWith("/") ? "/" : ""}`;
}

/** Puts a request's own parameters (canonical) and those of a presigned URL's signature in one order. */
export function mergeQueries(query: string, ours: string): string {
  if (query === "") return ours;
  // All of ours begin with `X-Amz-`, and S3's own names in lower case, which comes behind.
  return query > "Y" ? `${ours}&${query}` : canonicalQuery(`${query}&${ours}`);
}

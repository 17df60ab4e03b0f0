/** Headers that a caller or a hook adds to a request. */
import { ParamValidationError } from "../errors/base.js";
import { isUnsignable } from "../sigv4/fast.js";
import { type HeaderPairs, pairIndex } from "./signing.js";

/** Headers that say how the message travels, or that it is ours: two of them would contradict each other. */
const ours =
  /^(host|connection|keep-alive|content-length|transfer-encoding|te|trailer|upgrade|expect|proxy-.*|x-amz-(date|content-sha256|security-token|s3session-token|decoded-content-length|trailer|region-set))$/;
const token = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;

/**
 * Refuses headers that cannot be sent, before anything is.
 * @throws ParamValidationError naming every one that is wrong
 */
export function checkExtraHeaders(headers: unknown, operation: string): void {
  if (typeof headers !== "object" || headers === null || Symbol.iterator in headers) {
    const problem = "must be a plain object of strings by name";
    throw new ParamValidationError([{ path: "headers", problem }], { operation });
  }
  const faults = Object.entries(headers).flatMap(([name, value]) => {
    const problem = faultOf(name, value);
    return problem === undefined ? [] : [{ path: `headers[${JSON.stringify(name)}]`, problem }];
  });
  if (faults.length > 0) throw new ParamValidationError(faults, { operation });
}

function faultOf(name: string, value: unknown): string | undefined {
  if (!token.test(name)) return "is not a header name";
  if (ours.test(name.toLowerCase())) return "is written by the client itself";
  if (typeof value !== "string" && value !== undefined) return `must be a string, got ${typeof value}`;
  if (value !== undefined && /[\0-\x08\x0a-\x1f\x7f]/.test(value))
    return "has a line end or another control character in its value";
  return undefined;
}

/** Adds extra headers of a call; one that the request has already is replaced. Those that must not be signed go to `unsigned`. */
export function addHeaders(
  headers: HeaderPairs,
  unsigned: HeaderPairs,
  extra: Readonly<Record<string, string | undefined>>,
): void {
  for (const [given, value] of Object.entries(extra)) {
    if (value === undefined) continue;
    const name = given.toLowerCase();
    const list = isUnsignable(name) ? unsigned : headers;
    const at = pairIndex(list, name);
    if (at < 0) list.push(name, value);
    else list[at + 1] = value;
  }
}

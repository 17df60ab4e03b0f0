import { canonicalValue, type SortedHeaders } from "./canonical.js";
import { got, isHeaderName } from "./check.js";
import { order } from "./encode.js";
import type { HeaderRecord } from "./types.js";

/** A header as the caller gave it. */
export interface HeaderEntry {
  readonly name: string;
  readonly lowerCase: string;
  readonly values: readonly string[];
  readonly isList: boolean;
}

/** Headers that proxies and HTTP clients set, change or drop on the way; a signature over them would break. */
const UNSIGNABLE: ReadonlySet<string> = /* @__PURE__ */ new Set([
  "authorization",
  "connection",
  "expect",
  "keep-alive",
  "proxy-authenticate",
  "proxy-authorization",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
  "user-agent",
  "x-amzn-trace-id",
]);

/** Whether a header (lower case) goes out unsigned. */
export function isUnsignable(lowerCase: string): boolean {
  return UNSIGNABLE.has(lowerCase);
}

/** A line end with white space behind it: the fold that HTTP once had for long values. */
const FOLD = /\r?\n(?=[ \t])/;
/** Characters that end a header or cannot be sent in one. */
const FORBIDDEN = /[\0-\x08\x0a-\x1f\x7f]/;

/** Reads the caller's headers. Throws TypeError for what cannot be sent, a value with a line end above all. */
export function readHeaders(headers: HeaderRecord | undefined): HeaderEntry[] {
  if (headers !== undefined && (typeof headers !== "object" || headers === null || Symbol.iterator in headers)) {
    // A Headers object or a list of pairs has no fields of its own: its headers would go unsigned.
    throw new TypeError("headers: must be a plain object of strings and lists of strings, by name");
  }
  const entries: HeaderEntry[] = [];
  for (const name of Object.keys(headers ?? {})) {
    const value = headers?.[name];
    if (value === undefined || (Array.isArray(value) && value.length === 0)) continue;
    if (!isHeaderName(name)) throw new TypeError(`headers: ${JSON.stringify(name)} is not a header name`);
    const isList = Array.isArray(value);
    const values = (isList ? value : [value]).map((text: unknown) => readValue(name, text));
    entries.push({ name, lowerCase: name.toLowerCase(), values, isList });
  }
  return entries;
}

function readValue(name: string, value: unknown): string {
  if (typeof value !== "string")
    throw new TypeError(`headers[${JSON.stringify(name)}]: must be a string or a list of strings${got(value)}`);
  const parts = value.split(FOLD);
  const text = parts.join(" ");
  if (FORBIDDEN.test(text))
    throw new TypeError(`headers[${JSON.stringify(name)}]: has a line end or another control character in its value`);
  // Folds may not be sent any more (RFC 9112, 5.2), but what they mean is settled: one space.
  return parts.length === 1 ? text : canonicalValue(text);
}

/** All values of a header; a name that was given in two spellings is one header. Undefined when it is not there. */
export function valuesOf(entries: readonly HeaderEntry[], lowerCase: string): readonly string[] | undefined {
  const found = entries.filter((entry) => entry.lowerCase === lowerCase);
  return found.length === 0 ? undefined : found.flatMap((entry) => entry.values);
}

/** The headers that get signed, sorted, repeated ones joined. */
export function headersToSign(entries: readonly HeaderEntry[], unsignable?: Iterable<string>): SortedHeaders {
  const left = unsignable === undefined ? undefined : readNames(unsignable);
  const sorted = entries
    .filter(({ lowerCase }) => !isUnsignable(lowerCase) && !left?.has(lowerCase))
    .sort((a, b) => order(a.lowerCase, b.lowerCase));
  const flat: string[] = [];
  for (const { lowerCase, values } of sorted) {
    // Names in two spellings are neighbours now, in the order they were given.
    if (flat.at(-2) === lowerCase) flat.push(`${flat.pop()},${joinValues(values)}`);
    else flat.push(lowerCase, joinValues(values));
  }
  return flat;
}

/** Names of headers in lower case. A text alone would be taken for its letters. */
function readNames(names: Iterable<string>): Set<string> {
  if (typeof names === "object") {
    const list = [...names];
    if (list.every((name) => typeof name === "string")) return new Set(list.map((name) => name.toLowerCase()));
  }
  throw new TypeError(`unsignableHeaders: must be a list or set of header names${got(names)}`);
}

/** Repeated values as one: each in canonical form, with a comma between. */
export function joinValues(values: readonly string[]): string {
  return values.map(canonicalValue).join(",");
}

/** Headers of our own, as entries beside the caller's. */
export function entriesOf(own: readonly (readonly [name: string, value: string])[]): HeaderEntry[] {
  return own.map(([name, value]) => ({ name, lowerCase: name, values: [value], isList: false }));
}

/** Sets a field whatever its name: plain assignment to `__proto__` would be lost. */
export function setField<T>(record: Record<string, T>, name: string, value: T): void {
  Object.defineProperty(record, name, { value, writable: true, enumerable: true, configurable: true });
}

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

/** A line end with white space behind it: the fold that HTTP once had for long values. */
const FOLD = /[ \t]*\r?\n[ \t]+/g;
/** Characters that end a header or cannot be sent in one. */
const FORBIDDEN = /[\0-\x08\x0a-\x1f\x7f]/;

/** Reads the caller's headers. Throws TypeError for what cannot be sent, a value with a line end above all. */
export function readHeaders(headers: HeaderRecord | undefined): HeaderEntry[] {
  const entries: HeaderEntry[] = [];
  for (const name of Object.keys(headers ?? {})) {
    const value = headers?.[name];
    if (value === undefined || (value.length === 0 && Array.isArray(value))) continue;
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
  // Folds may not be sent any more (RFC 9112, 5.2), but are well defined: one space.
  const unfolded = value.includes("\n") ? value.replace(FOLD, " ") : value;
  if (FORBIDDEN.test(unfolded))
    throw new TypeError(`headers[${JSON.stringify(name)}]: has a line end or another control character in its value`);
  return unfolded;
}

/** All values of a header; a name that was given in two spellings is one header. Undefined when it is not there. */
export function valuesOf(entries: readonly HeaderEntry[], lowerCase: string): readonly string[] | undefined {
  const found = entries.filter((entry) => entry.lowerCase === lowerCase);
  return found.length === 0 ? undefined : found.flatMap((entry) => entry.values);
}

/** The headers that get signed, sorted, repeated ones joined. */
export function headersToSign(entries: readonly HeaderEntry[], unsignable?: Iterable<string>): SortedHeaders {
  const left = new Set<string>();
  for (const name of unsignable ?? []) left.add(name.toLowerCase());
  const byName = new Map<string, string>();
  for (const { lowerCase, values } of entries) {
    if (UNSIGNABLE.has(lowerCase) || left.has(lowerCase)) continue;
    const before = byName.get(lowerCase);
    byName.set(lowerCase, joinValues(before === undefined ? values : [before, ...values]));
  }
  return [...byName].sort((a, b) => order(a[0], b[0])).flat();
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

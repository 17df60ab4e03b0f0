import { Buffer, isAscii, isUtf8 } from "node:buffer";
import { inspect } from "node:util";

/** The answer's headers by lower-case name, as every part of the client reads them. */
export type HeaderRecord = Record<string, string>;

/**
 * What records are made of: objects that inherit nothing. Made by a constructor they keep V8's fast form, which those of
 * `Object.create(null)` do not have; filling one costs half.
 */
function Table(): void {}
Table.prototype = Object.create(null);
// Printed, the constructor's name would stand before the headers.
Object.defineProperty(Table.prototype, inspect.custom, {
  value(this: HeaderRecord): HeaderRecord {
    return { ...this };
  },
});
const Headers = Table as unknown as new () => HeaderRecord;

/** Headers that only requests have. In an answer they are an echo, and secrets: they go no further. */
const requestsOnly = new Set([
  "authorization",
  "proxy-authorization",
  "cookie",
  "x-amz-security-token",
  "x-amz-s3session-token",
  "x-amz-server-side-encryption-customer-key",
  "x-amz-copy-source-server-side-encryption-customer-key",
]);

/** A record without headers. */
export const noHeaders = (): HeaderRecord => new Headers();

/**
 * Names and values, alternating, as undici hands them over, to a record. A value beyond ASCII is read as the UTF-8 that we send ourselves, so
 * that what was stored comes back, or as Latin-1 where it is none; a name that comes more than once has its values joined by `, `.
 */
export function readHeaders(raw: readonly (Buffer | string | string[])[]): HeaderRecord {
  const count = raw.length - 1;
  const first = raw[0];
  const last = raw[count];
  // The usual head lies in one piece: one decoding and substrings cost a third of two decodings for each header.
  if (Buffer.isBuffer(first) && Buffer.isBuffer(last) && first.buffer === last.buffer) {
    const base = first.byteOffset;
    const length = last.byteOffset - base + last.length;
    const bytes = length > 0 ? Buffer.from(first.buffer, base, length) : undefined;
    const block =
      bytes !== undefined && isAscii(bytes) ? readBlock(raw as readonly Buffer[], bytes.toString("latin1")) : undefined;
    if (block !== undefined) return block;
  }
  const headers = new Headers();
  for (let i = 0; i < count; i += 2) {
    const value = raw[i + 1];
    addAs(headers, asText(raw[i]), Array.isArray(value) ? value.map((one) => asText(one)).join(", ") : asText(value));
  }
  return headers;
}

/** Reads `name: value\r\n` again and again, as long as the text is written exactly so; undefined if it is not. */
function readBlock(raw: readonly Buffer[], text: string): HeaderRecord | undefined {
  const headers = new Headers();
  const last = raw.length - 1;
  let at = 0;
  for (let i = 0; i < last; i += 2) {
    const colon = at + (raw[i] as Buffer).length;
    const from = colon + 2;
    const to = from + (raw[i + 1] as Buffer).length;
    if (text.charCodeAt(colon) !== COLON || text.charCodeAt(colon + 1) !== SPACE) return undefined;
    if (i + 1 === last ? to !== text.length : text.charCodeAt(to) !== CR || text.charCodeAt(to + 1) !== LF)
      return undefined;
    const name = nameAt(text, at, colon);
    if (name !== undefined) add(headers, name, text.slice(from, to));
    at = to + 2;
  }
  return headers;
}

const COLON = 0x3a;
const SPACE = 0x20;
const CR = 0x0d;
const LF = 0x0a;

/** Names met lately, as they came and in lower case: answers of one service have the same few dozen. */
const SLOTS = 64;
const met: string[] = [];
const lowered: string[] = [];

/**
 * The name at a place of a text, in lower case; undefined where it is none of an answer's. Knowing it again spares a substring, a conversion and a
 * look-up.
 */
function nameAt(text: string, at: number, end: number): string | undefined {
  const slot = ((end - at) * 31 + text.charCodeAt(at) * 7 + text.charCodeAt(end - 1)) % SLOTS;
  const known = met[slot];
  if (known !== undefined && known.length === end - at && text.startsWith(known, at)) return lowered[slot] as string;
  const name = text.slice(at, end);
  const lower = name.toLowerCase();
  if (requestsOnly.has(lower)) return undefined;
  met[slot] = name;
  lowered[slot] = lower;
  return lower;
}

/** The same from a record, as newer dispatchers give it. */
export function copyHeaders(given: Record<string, string | string[] | undefined>): HeaderRecord {
  const headers = new Headers();
  for (const name of Object.keys(given)) {
    const value = given[name];
    if (value !== undefined) {
      addAs(headers, name, Array.isArray(value) ? value.join(", ") : String(value));
    }
  }
  return headers;
}

/** The announced length of a body, or undefined when none, or none that can be one, is announced. */
export function contentLength(headers: HeaderRecord): number | undefined {
  const text = headers["content-length"];
  if (text === undefined || !/^\d{1,15}$/.test(text)) return undefined;
  return Number(text);
}

function add(headers: HeaderRecord, name: string, value: string): void {
  const before = headers[name];
  headers[name] = before === undefined ? value : `${before}, ${value}`;
}

/** The same of a name as it came. */
function addAs(headers: HeaderRecord, given: string, value: string): void {
  const name = given.toLowerCase();
  if (!requestsOnly.has(name)) add(headers, name, value);
}

function asText(value: unknown): string {
  return Buffer.isBuffer(value) ? value.toString(isUtf8(value) ? "utf8" : "latin1") : String(value ?? "");
}

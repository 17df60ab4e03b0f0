import { Buffer } from "node:buffer";

/** The answer's headers by lower-case name, as every part of the client reads them. */
export type HeaderRecord = Record<string, string>;

/**
 * Names and values, alternating, as undici hands them over, to a record. Values are read as Latin-1, byte for byte; a name that
 * comes more than once has its values joined by `, `.
 */
export function readHeaders(raw: readonly (Buffer | string | string[])[]): HeaderRecord {
  const headers: HeaderRecord = Object.create(null) as HeaderRecord;
  const first = raw[0];
  const last = raw[raw.length - 1];
  if (
    first instanceof Buffer &&
    last instanceof Buffer &&
    first.buffer === last.buffer &&
    last.byteOffset > first.byteOffset
  ) {
    // The usual head lies in one piece: one decoding and substrings cost a fifth of two decodings for each header.
    const base = first.byteOffset;
    const text = Buffer.from(first.buffer, base, last.byteOffset + last.length - base).toString("latin1");
    for (let i = 0; i + 1 < raw.length; i += 2) {
      const name = raw[i] as Buffer;
      const value = raw[i + 1] as Buffer;
      if (name.buffer === first.buffer && value.buffer === first.buffer) {
        const at = name.byteOffset - base;
        const from = value.byteOffset - base;
        if (at >= 0 && from >= 0) {
          add(headers, text.slice(at, at + name.length), text.slice(from, from + value.length));
          continue;
        }
      }
      add(headers, name.toString("latin1"), value.toString("latin1"));
    }
    return headers;
  }
  for (let i = 0; i + 1 < raw.length; i += 2) {
    const value = raw[i + 1];
    add(
      headers,
      asText(raw[i]),
      Array.isArray(value) ? value.map((one) => asText(one as string | Buffer)).join(", ") : asText(value),
    );
  }
  return headers;
}

/** The same from a record, as newer dispatchers give it. */
export function copyHeaders(given: Record<string, string | string[] | undefined>): HeaderRecord {
  const headers: HeaderRecord = Object.create(null) as HeaderRecord;
  for (const name of Object.keys(given)) {
    const value = given[name];
    if (value !== undefined) add(headers, name, Array.isArray(value) ? value.join(", ") : String(value));
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
  const key = name.toLowerCase();
  const before = headers[key];
  headers[key] = before === undefined ? value : `${before}, ${value}`;
}

function asText(value: unknown): string {
  return Buffer.isBuffer(value) ? value.toString("latin1") : String(value ?? "");
}

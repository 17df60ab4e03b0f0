/**
 * Percent-encoding as RFC 3986 and Signature Version 4 have it: everything but letters, digits and `-._~` is encoded, byte by
 * byte of its UTF-8. Most keys need none of it, so a loop looks first, and copies only from where it must.
 */

/** Thrown where a value cannot go on the wire; the slow path then finds out what is wrong with it, and everything else. */
export const fault = new Error("a value that cannot be sent");

/** `%20` and its like, made on demand: by code, of ASCII alone. */
const escapes: string[] = [];
const escapeOf = (code: number): string => (escapes[code] ??= `%${code.toString(16).toUpperCase().padStart(2, "0")}`);

/** Letters, digits, `-._~`, and `/` too: the punctuation before the digits is `-./`. */
const isPlain = (code: number): boolean =>
  (code >= 97 && code <= 122) ||
  (code >= 45 && code <= 57) ||
  (code >= 65 && code <= 90) ||
  code === 95 ||
  code === 126;

/** A key as a path: slashes stay, and so do empty and dotted segments. */
export function encodeKey(key: string): string {
  for (let i = 0; i < key.length; i++) if (!isPlain(key.charCodeAt(i))) return encodeFrom(key, i, true);
  return key;
}

/** A name or value of the query. */
export function encodeQuery(text: string): string {
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code === 47 || !isPlain(code)) return encodeFrom(text, i, false);
  }
  return text;
}

function encodeFrom(text: string, from: number, slashes: boolean): string {
  let out = "";
  let done = 0;
  for (let i = from; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code === 47 ? slashes : isPlain(code)) continue;
    if (i > done) out += text.slice(done, i);
    if (code < 128) {
      out += escapeOf(code);
      done = i + 1;
      continue;
    }
    let end = i + 1;
    while (end < text.length && text.charCodeAt(end) > 127) end++;
    out += encodeUtf8(text.slice(i, end));
    done = end;
    i = end - 1;
  }
  return done < text.length ? out + text.slice(done) : out;
}

function encodeUtf8(text: string): string {
  try {
    return encodeURIComponent(text);
  } catch {
    // Half of a surrogate pair has no UTF-8: what would be stored is not what was asked for.
    throw fault;
  }
}

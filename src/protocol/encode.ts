/**
 * Percent-encoding as RFC 3986 and Signature Version 4 have it: everything but letters, digits and `-._~` is encoded, byte by
 * byte of its UTF-8. Most keys need none of it, so a loop looks first.
 */

/** Thrown where a value cannot go on the wire; the slow path then finds out what is wrong with it, and everything else. */
export const fault = new Error("a value that cannot be sent");

/** What `encodeURIComponent` leaves alone and Signature Version 4 does not. */
const leftOver = /[!'()*]/g;
const leftOverOrSlash = /[!'()*]|%2F/g;

const encodeOne = (text: string): string =>
  text === "%2F" ? "/" : `%${text.charCodeAt(0).toString(16).toUpperCase()}`;

function encode(text: string): string {
  try {
    return encodeURIComponent(text);
  } catch {
    // Half of a surrogate pair has no UTF-8: what would be stored is not what was asked for.
    throw fault;
  }
}

/** A key as a path: slashes stay, and so do empty and dotted segments. */
export function encodeKey(key: string): string {
  for (let i = 0; i < key.length; i++) {
    const c = key.charCodeAt(i);
    // `-./0-9` are neighbours.
    if ((c >= 97 && c <= 122) || (c >= 45 && c <= 57) || (c >= 65 && c <= 90) || c === 95 || c === 126) continue;
    return encode(key).replace(leftOverOrSlash, encodeOne);
  }
  return key;
}

/** A name or value of the query. */
export function encodeQuery(text: string): string {
  for (let i = 0; i < text.length; i++) {
    const c = text.charCodeAt(i);
    if (
      (c >= 97 && c <= 122) ||
      (c >= 48 && c <= 57) ||
      (c >= 65 && c <= 90) ||
      c === 45 ||
      c === 46 ||
      c === 95 ||
      c === 126
    )
      continue;
    return encode(text).replace(leftOver, encodeOne);
  }
  return text;
}

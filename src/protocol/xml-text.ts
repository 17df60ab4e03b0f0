/** What both readers of XML share: what is no XML, how deep it may go, and what text means. */

/** The text is not the XML that it should be. */
export class XmlError extends Error {}

/** How deep elements may nest; S3's own documents go down seven. */
export const depthLimit = 64;

/** Without its byte order mark, and with the line ends that XML prescribes: a CR that is meant as one comes as `&#13;`. */
export function normalise(text: string): string {
  if (text.charCodeAt(0) === 0xfeff) text = text.slice(1);
  return text.includes("\r") ? text.replace(/\r\n?/g, "\n") : text;
}

/** Text with its references resolved. Only XML's own five names are known: there is no DOCTYPE to define others. */
export function decodeText(text: string): string {
  let from = text.indexOf("&");
  if (from < 0) return text;
  // An ETag, in quotes: the one reference that listings are full of.
  if (from === 0 && text.startsWith("&quot;") && text.indexOf("&", 6) === text.length - 6 && text.endsWith("&quot;")) {
    return `"${text.slice(6, -6)}"`;
  }
  let out = "";
  let done = 0;
  while (from >= 0) {
    const end = text.indexOf(";", from + 1);
    // The longest reference is `&#1114111;`, with room for zeros in front.
    if (end < 0 || end - from > 16) throw new XmlError("an ampersand that begins no reference");
    out += text.slice(done, from) + decodeReference(text, from + 1, end);
    done = end + 1;
    from = text.indexOf("&", done);
  }
  return done === text.length ? out : out + text.slice(done);
}

function decodeReference(text: string, from: number, end: number): string {
  if (text.charCodeAt(from) === 35) {
    const name = text.slice(from + 1, end);
    const code = /^\d+$/.test(name)
      ? Number(name)
      : /^x[0-9a-fA-F]+$/.test(name)
        ? Number.parseInt(name.slice(1), 16)
        : -1;
    // Control characters are beyond XML 1.0, but S3 has keys with them and writes them so.
    if (code < 0 || code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff)) {
      throw new XmlError(`a reference to no character, &${text.slice(from, end)};`);
    }
    return String.fromCodePoint(code);
  }
  switch (text.slice(from, end)) {
    case "quot":
      return '"';
    case "amp":
      return "&";
    case "lt":
      return "<";
    case "gt":
      return ">";
    case "apos":
      return "'";
    default:
      throw new XmlError("a reference to an entity that is not defined");
  }
}

/** The name without its namespace's prefix. */
export function localName(name: string): string {
  const colon = name.indexOf(":");
  return colon < 0 ? name : name.slice(colon + 1);
}

/** Blanks, as XML has them. */
export const isBlank = (code: number): boolean => code === 32 || code === 10 || code === 9 || code === 13;

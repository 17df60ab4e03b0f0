/** Which characters may stand where. */

/** Does the text have UTF-8 of its own? Half of a surrogate pair has none. */
export const isWellFormed = (text: string): boolean => (text as unknown as { isWellFormed(): boolean }).isWellFormed();

/** Can this text be a header's value? No control characters but tabs: a line break would begin another header. */
export function isHeaderValue(text: string): boolean {
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code < 32 ? code !== 9 : code === 127) return false;
    if (code > 127) return !/[\0-\x08\n-\x1f\x7f]/.test(text) && isWellFormed(text);
  }
  return true;
}

/** Can this text be (part of) a header's name? */
export const isHeaderName = (text: string): boolean => /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/.test(text);

/** Can this text be a label of a host name, or some with dots between? */
export const isHostLabel = (text: string): boolean => /^[A-Za-z0-9.-]+$/.test(text);

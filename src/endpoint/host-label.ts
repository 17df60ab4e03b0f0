// Host names as S3's endpoint rules see them. Loops over character codes: linear in the length whatever comes in, and faster than
// the regular expressions they stand for.

const longestLabel = 63;

const isDigit = (code: number): boolean => code >= 48 && code <= 57;
const isLower = (code: number): boolean => code >= 97 && code <= 122;
const isUpper = (code: number): boolean => code >= 65 && code <= 90;

/** Letters, digits and hyphens, 1 to 63 of them, no hyphen at either end; with `allowDots`, several of these with dots between. */
export function isHostLabel(value: string, allowDots: boolean): boolean {
  const length = value.length;
  let start = 0;
  for (let index = 0; index < length; index++) {
    const code = value.charCodeAt(index);
    if (isLower(code) || isDigit(code) || isUpper(code)) continue;
    if (code === 45 /* - */) {
      if (index === start) return false;
      continue;
    }
    if (code !== 46 /* . */ || !allowDots || !closesLabel(value, start, index)) return false;
    start = index + 1;
  }
  return closesLabel(value, start, length);
}

function closesLabel(value: string, start: number, end: number): boolean {
  return end > start && end - start <= longestLabel && value.charCodeAt(end - 1) !== 45;
}

/** Whether the bucket can be the first part of a host name: a lower-case host label of at least 3 characters, and no IPv4 address. */
export function isVirtualHostable(bucket: string, allowDots: boolean): boolean {
  if (bucket.length < 3 || !isHostLabel(bucket, allowDots)) return false;
  for (let index = 0; index < bucket.length; index++) {
    if (isUpper(bucket.charCodeAt(index))) return false;
  }
  return !allowDots || !isDottedQuad(bucket);
}

/** Four groups of one to three digits. */
export function isDottedQuad(host: string): boolean {
  return /^\d{1,3}\.\d{1,3}\.\d{1,3}\.\d{1,3}$/.test(host);
}

/** Whether every character is ASCII: the rules cut no other names apart. */
export function isAscii(value: string): boolean {
  for (let index = 0; index < value.length; index++) {
    if (value.charCodeAt(index) > 127) return false;
  }
  return true;
}

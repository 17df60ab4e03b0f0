/** S3's order of keys: that of their bytes in UTF-8. JavaScript's own, by UTF-16, puts U+10000 and up before U+E000. */
export function compareKeys(a: string, b: string): number {
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) {
    const x = a.charCodeAt(i);
    const y = b.charCodeAt(i);
    if (x === y) continue;
    const high = x >= 0xd800 && x <= 0xdfff;
    // A surrogate stands for a character beyond all others.
    if (high !== (y >= 0xd800 && y <= 0xdfff)) return high ? 1 : -1;
    return x - y;
  }
  return a.length - b.length;
}

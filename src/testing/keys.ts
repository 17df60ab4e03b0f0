/**
 * Compares two keys by their UTF-8 bytes, the order of S3's lists. UTF-16 units have the same order but for surrogates, which stand for characters
 * above U+FFFF and so come after U+E000..U+FFFF.
 */
export function compareKeys(a: string, b: string): number {
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) {
    let x = a.charCodeAt(i);
    let y = b.charCodeAt(i);
    if (x === y) continue;
    if (x >= 0xd800 && y >= 0xd800) {
      x = x >= 0xe000 ? x - 0x800 : x + 0x2000;
      y = y >= 0xe000 ? y - 0x800 : y + 0x2000;
    }
    return x - y;
  }
  return a.length - b.length;
}

/** Index of the first item for which `after` holds; items before don't, items behind do. */
export function firstIndex<T>(items: readonly T[], after: (item: T) => boolean, from = 0): number {
  let low = from;
  let high = items.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (after(items[middle]!)) high = middle;
    else low = middle + 1;
  }
  return low;
}

/**
 * Values by key, with the keys in S3's order when a list asks. Sorting waits until then: a test that writes a hundred thousand objects and lists
 * once pays for one merge.
 */
export class SortedMap<T> {
  readonly #values = new Map<string, T>();
  #sorted: string[] = [];
  readonly #added = new Set<string>();
  #removed = false;

  get size(): number {
    return this.#values.size;
  }

  get(key: string): T | undefined {
    return this.#values.get(key);
  }

  set(key: string, value: T): void {
    if (!this.#values.has(key)) this.#added.add(key);
    this.#values.set(key, value);
  }

  delete(key: string): void {
    if (!this.#values.delete(key)) return;
    if (!this.#added.delete(key)) this.#removed = true;
  }

  values(): IterableIterator<T> {
    return this.#values.values();
  }

  /** All keys in order. Not to be kept over a change. */
  keys(): readonly string[] {
    if (this.#added.size > 0 || this.#removed) this.#sorted = this.#merge();
    return this.#sorted;
  }

  #merge(): string[] {
    const fresh = [...this.#added].sort(compareKeys);
    // A key that was removed and came back stands in both lists.
    const old = this.#removed
      ? this.#sorted.filter((key) => this.#values.has(key) && !this.#added.has(key))
      : this.#sorted;
    this.#added.clear();
    this.#removed = false;
    if (old.length === 0) return fresh;
    const merged: string[] = [];
    let i = 0;
    let j = 0;
    while (i < old.length && j < fresh.length) {
      merged.push(compareKeys(old[i]!, fresh[j]!) < 0 ? old[i++]! : fresh[j++]!);
    }
    while (i < old.length) merged.push(old[i++]!);
    while (j < fresh.length) merged.push(fresh[j++]!);
    return merged;
  }
}

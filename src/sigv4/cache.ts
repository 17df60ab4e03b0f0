/** Things that are costly to make, a bounded number of them; the least recently used goes first. */
export class Cache<T> {
  // Private for more than style: ids have secrets in them, and private fields are not printed.
  readonly #entries = new Map<string, T>();
  readonly #limit: number;

  constructor(limit: number) {
    this.#limit = limit;
  }

  get size(): number {
    return this.#entries.size;
  }

  get(id: string, make: () => T): T {
    let entry = this.#entries.get(id);
    if (entry === undefined) {
      entry = make();
      for (const oldest of this.#entries.keys()) {
        if (this.#entries.size < this.#limit) break;
        this.#entries.delete(oldest);
      }
    }
    // A Map keeps the order of insertion: taken out and put in again, an entry becomes the youngest.
    this.#entries.delete(id);
    this.#entries.set(id, entry);
    return entry;
  }
}

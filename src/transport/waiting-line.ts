/** Something that can wait in a line, and keeps its place for it. */
export interface Waiter {
  place: number;
}

/** First come, first served; whoever leaves in between leaves a gap. Each step costs the same however long the line is. */
export class WaitingLine<T extends Waiter> {
  size = 0;
  #line: (T | undefined)[] = [];
  #head = 0;
  /** Places given out before the first of `#line`. */
  #gone = 0;

  push(waiter: T): void {
    waiter.place = this.#gone + this.#line.length;
    this.#line.push(waiter);
    this.size++;
  }

  /** Whoever is next, still in the line. */
  first(): T | undefined {
    while (this.#head < this.#line.length) {
      const waiter = this.#line[this.#head];
      if (waiter !== undefined) return waiter;
      this.#head++;
    }
    return undefined;
  }

  /** Takes one out, from wherever it stands; one that is not in the line stays out. */
  remove(waiter: T): void {
    const at = waiter.place - this.#gone;
    if (this.#line[at] !== waiter) return;
    this.#line[at] = undefined;
    this.size--;
    if (this.size === 0) {
      this.#gone += this.#line.length;
      this.#line = [];
      this.#head = 0;
    } else if (this.#head > 1024 && this.#head > this.#line.length / 2) {
      this.#line.splice(0, this.#head);
      this.#gone += this.#head;
      this.#head = 0;
    }
  }

  /** All of them as they stand now. */
  all(): T[] {
    return this.#line.filter((waiter) => waiter !== undefined);
  }
}

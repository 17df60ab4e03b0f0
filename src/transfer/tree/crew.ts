/**
 * Carries out the jobs of a tree: many files at once, and of the large ones only few, so that neither kind waits for the other. The jobs come
 * from a listing that is read no faster than they are done.
 */
export interface Job {
  readonly large: boolean;
  run(): Promise<void>;
}

/** Large files under way at once: each has parts enough to keep the connections busy. */
const LARGE = 2;
/** Large files that may wait while small ones behind them go first. */
const WAITING = 64;

export class Crew {
  readonly #most: number;
  #small = 0;
  #large = 0;
  #queue: Job[] = [];
  #failed = false;
  #failure: unknown;
  #wake: (() => void) | undefined;

  constructor(most: number) {
    this.#most = most;
  }

  /** Takes a job as soon as there is somebody for it. @throws what a job threw */
  async take(job: Job): Promise<void> {
    if (job.large) {
      while (this.#queue.length >= WAITING) await this.#change();
      this.#queue.push(job);
      this.#next();
    } else {
      while (this.#small >= this.#most) await this.#change();
      this.#small++;
      void this.#do(job);
    }
    if (this.#failed) throw this.#failure;
  }

  /** Waits for all. @throws what a job threw */
  async finish(): Promise<void> {
    while (this.#small + this.#large + this.#queue.length > 0) await this.#change();
    if (this.#failed) throw this.#failure;
  }

  /** Waits for those under way; those that wait are dropped. */
  async stop(): Promise<void> {
    this.#queue = [];
    while (this.#small + this.#large > 0) await this.#change();
  }

  #next(): void {
    while (this.#large < LARGE && this.#queue.length > 0) {
      this.#large++;
      void this.#do(this.#queue.shift()!);
    }
  }

  async #do(job: Job): Promise<void> {
    try {
      await job.run();
    } catch (error) {
      if (!this.#failed) this.#failure = error;
      this.#failed = true;
      this.#queue = [];
    }
    if (job.large) this.#large--;
    else this.#small--;
    this.#next();
    const wake = this.#wake;
    this.#wake = undefined;
    wake?.();
  }

  #change(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve;
    });
  }
}

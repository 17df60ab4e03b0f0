/** The life of one transfer: what runs in it ends together, whoever says so. */
import { setMaxListeners } from "node:events";

export class Scope {
  readonly #controller = new AbortController();
  readonly #outer: AbortSignal | undefined;
  #stopped: { readonly reason: unknown } | undefined;

  /** @throws the reason of a signal that is aborted already */
  constructor(outer: AbortSignal | undefined) {
    outer?.throwIfAborted();
    this.#outer = outer;
    // Every request under way listens to ours, and every transfer to the caller's: many are no leak.
    setMaxListeners(0, this.#controller.signal, ...(outer ? [outer] : []));
    outer?.addEventListener("abort", this, { once: true });
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  handleEvent(): void {
    this.#controller.abort(this.#outer?.reason);
  }

  /** Stops what is under way. */
  fail(reason: unknown): void {
    this.#controller.abort(reason);
  }

  /** The caller wants it to end, by other means than the signal. */
  stop(reason: unknown): void {
    this.#stopped ??= { reason };
    this.#controller.abort(reason);
  }

  /** What ended it: the caller's own reason before all others. */
  reasonOf(error: unknown): unknown {
    if (this.#outer?.aborted) return this.#outer.reason;
    return this.#stopped ? this.#stopped.reason : error;
  }

  /** Lets go of the caller's signal. */
  end(): void {
    this.#outer?.removeEventListener("abort", this);
  }

  /**
   * Runs `lane` so many times side by side until all have returned. When one fails the others are stopped and waited for, and the first
   * failure is thrown.
   */
  async lanes(count: number, lane: () => Promise<void>): Promise<void> {
    let failed = false;
    let failure: unknown;
    const guarded = async (): Promise<void> => {
      try {
        await lane();
      } catch (error) {
        if (failed) return;
        failed = true;
        failure = error;
        this.fail(error);
      }
    };
    const all: Promise<void>[] = [];
    for (let i = 0; i < count; i++) all.push(guarded());
    await Promise.all(all);
    if (failed) throw this.reasonOf(failure);
  }
}

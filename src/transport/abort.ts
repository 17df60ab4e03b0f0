/** What wants to know of an abort. */
export interface Abortable {
  abort(reason: unknown): void;
}

/** All that listen to one signal, through one listener. */
class Listeners {
  readonly all = new Set<Abortable>();
  readonly #signal: AbortSignal;

  constructor(signal: AbortSignal) {
    this.#signal = signal;
  }

  handleEvent(): void {
    groups.delete(this.#signal);
    for (const one of this.all) one.abort(this.#signal.reason);
  }
}

const groups = new WeakMap<AbortSignal, Listeners>();

/**
 * Listens to a signal that is not aborted yet. One signal often steers hundreds of calls, and Node warns of a leak at the eleventh listener: so
 * there is one for all of them, and it goes with the last.
 */
export function listen(signal: AbortSignal, one: Abortable): void {
  let group = groups.get(signal);
  if (group === undefined) {
    group = new Listeners(signal);
    groups.set(signal, group);
    signal.addEventListener("abort", group, { once: true });
  }
  group.all.add(one);
}

/** Listens no more. */
export function unlisten(signal: AbortSignal, one: Abortable): void {
  const group = groups.get(signal);
  if (group === undefined) return;
  group.all.delete(one);
  if (group.all.size > 0) return;
  groups.delete(signal);
  signal.removeEventListener("abort", group);
}

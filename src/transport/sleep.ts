/** The longest that a timer of Node's can run: asked for more, it goes off at once. */
export const timerOf = (ms: number): number => Math.min(ms, 2 ** 31 - 1);

import { listen, unlisten } from "./abort.js";

/** Waits `ms` milliseconds. Rejects with the signal's reason as soon as it is aborted; leaves no timer and no listener behind. */
export function sleep(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) {
      reject(signal.reason);
      return;
    }
    const sleeper = {
      abort(reason: unknown): void {
        clearTimeout(timer);
        reject(reason);
      },
    };
    const timer = setTimeout(() => {
      if (signal !== undefined) unlisten(signal, sleeper);
      resolve();
    }, ms);
    if (signal !== undefined) listen(signal, sleeper);
  });
}

import type { Exchange, UnreadWatch } from "./exchange.js";

export interface UnreadOptions {
  /** ms that an unread body may hold its connection. */
  readonly grace: number;
  /** The same while others wait for one. */
  readonly graceUnderPressure: number;
  /** Where the warning goes. */
  readonly warn: (message: string) => void;
  /** Called at each look, with the time; says whether somebody waits for a connection. */
  readonly look: (now: number) => boolean;
}

/** How often it looks, ms. */
const PERIOD = 250;

/**
 * Watches over bodies that are too large for the queue and that nobody reads: each holds a connection. After a grace time they are let go,
 * sooner when others wait or the client closes; those that somebody has begun to read, only then, and after the whole grace time. One timer for
 * all, that runs only while there is something to watch.
 */
export class Unread implements UnreadWatch {
  /** Bodies let go so far. */
  abandoned = 0;
  #options: UnreadOptions;
  #paused = new Set<Exchange>();
  #timer: NodeJS.Timeout | undefined;
  #closing = false;

  constructor(options: UnreadOptions) {
    this.#options = options;
  }

  add(exchange: Exchange): void {
    exchange.pausedAt = performance.now();
    this.#paused.add(exchange);
    this.wake();
  }

  delete(exchange: Exchange): void {
    exchange.pausedAt = 0;
    this.#paused.delete(exchange);
  }

  forgotten(exchange: Exchange): void {
    this.#warn(exchange, exchange.touched ? "it was not read to its end" : "it was never read");
  }

  /** The client closes: what nobody reads must not hold it up. */
  close(): void {
    this.#closing = true;
    this.wake();
  }

  /** Somebody waits: look now and then until nobody does. */
  wake(): void {
    this.#timer ??= setInterval(this.#look, PERIOD).unref();
  }

  /** One warning a process: the first body tells where to look, a thousand more would tell nothing else. */
  #warn({ request: { label, origin } }: Exchange, why: string): void {
    this.abandoned++;
    if (warned) return;
    warned = true;
    this.#options.warn(
      `The body of ${label ?? `an answer of ${origin}`} was let go, because ${why}. Read every body, or call its destroy(): unread ones hold connections.`,
    );
  }

  #look = (): void => {
    const now = performance.now();
    const awaited = this.#options.look(now);
    const pressed = awaited || this.#closing;
    const { grace, graceUnderPressure } = this.#options;
    for (const exchange of this.#paused) {
      const waited = now - exchange.pausedAt;
      if (waited < (pressed && !exchange.touched ? graceUnderPressure : grace)) continue;
      if (exchange.touched && !pressed) continue;
      this.#paused.delete(exchange);
      this.#warn(exchange, `nobody had read it for ${Math.round(waited / 1000)} s`);
      exchange.abandon(waited);
    }
    if (!awaited && this.#paused.size === 0) {
      clearInterval(this.#timer);
      this.#timer = undefined;
    }
  };
}

let warned = false;

/** A warning of the process. */
export function emitUnreadWarning(message: string): void {
  process.emitWarning(message, { type: "TucuxiWarning", code: "TUCUXI_UNREAD_BODY" });
}

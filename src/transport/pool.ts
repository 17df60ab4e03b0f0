import type Client from "undici/lib/dispatcher/client.js";
import { Connector } from "./connect.js";
import type { Exchange } from "./exchange.js";
import { timeoutFailure } from "./failure.js";
import { Lane, type LaneOwner, type Route } from "./lane.js";
import type { ProxySettings } from "./proxy.js";
import { WaitingLine } from "./waiting-line.js";

export interface PoolOptions {
  /** undici's; given, so that bundlers leave the loading of it to the first request. */
  readonly client: typeof Client;
  readonly connectTimeout: number;
  readonly requestTimeout: number;
  readonly maxConnections: number;
  readonly keepAlive: number;
  readonly queueTimeout: number;
  readonly ca: string | undefined;
  readonly proxies: ProxySettings | undefined;
}

const DIRECT: Route = { proxy: undefined, tunnel: false };

/**
 * The connections of one client, to all its hosts together: as many as there are requests under way, at most `maxConnections`. An exchange takes
 * the idle connection to its host that was used last (the others age and close), else opens one, else waits its turn.
 */
export class Pool implements LaneOwner {
  readonly connector: Connector;
  readonly requestTimeout: number;
  readonly keepAlive: number;
  connecting = 0;
  sockets = 0;
  openedSoFar = 0;
  #options: PoolOptions;
  #lanes = new Set<Lane>();
  #idle = new Map<string, Lane[]>();
  #idleCount = 0;
  #waiting = new WaitingLine<Exchange>();
  #lastGrant = 0;
  #servingSoon = false;
  #forwarded: Set<string> | undefined;
  #whenEmpty: (() => void) | undefined;

  constructor(options: PoolOptions) {
    this.#options = options;
    this.requestTimeout = options.requestTimeout;
    this.keepAlive = options.keepAlive;
    this.connector = new Connector({ connectTimeout: options.connectTimeout, ca: options.ca });
  }

  get idleCount(): number {
    return this.#idleCount;
  }

  get queued(): number {
    return this.#waiting.size;
  }

  get running(): number {
    return this.#lanes.size - this.#idleCount;
  }

  /** Sends the exchange, now or when a connection is free. */
  start(exchange: Exchange): void {
    if (this.#waiting.size > 0 || !this.#serve(exchange)) {
      if (this.#waiting.size === 0) this.#lastGrant = performance.now();
      exchange.leaveQueue = this.#leave;
      this.#waiting.push(exchange);
    }
  }

  /** Times out those who have waited too long while no connection came free. */
  sweep(now: number): void {
    const limit = this.#options.queueTimeout;
    if (limit === 0 || now - this.#lastGrant < limit) return;
    for (const exchange of this.#waiting.all().filter((one) => now - one.startedAt >= limit)) {
      const what = `All ${this.#options.maxConnections} connections were busy`;
      exchange.fail(timeoutFailure("QueueTimeout", limit, what, exchange.context(), QUEUE_HINT));
    }
  }

  /** Resolves when nothing is under way; idle connections are closed then. */
  close(): Promise<void> {
    return new Promise((resolve) => {
      this.#whenEmpty = resolve;
      for (const lanes of [...this.#idle.values()]) for (const lane of [...lanes]) lane.discard();
      this.#checkEmpty();
    });
  }

  /** Ends everything now, with this reason. */
  destroy(reason: unknown): void {
    for (const exchange of this.#waiting.all()) exchange.cancel(reason);
    for (const lane of [...this.#lanes]) {
      if (lane.exchange !== undefined) lane.exchange.cancel(reason);
      lane.discard();
    }
  }

  // What lanes tell.

  free(lane: Lane): void {
    const next = this.#waiting.first();
    if (next?.request.origin === lane.origin) {
      this.#grant(next);
      lane.run(next);
      return;
    }
    if (this.#whenEmpty !== undefined) {
      lane.discard();
      return;
    }
    const idle = this.#idle.get(lane.origin);
    if (idle === undefined) this.#idle.set(lane.origin, [lane]);
    else idle.push(lane);
    this.#idleCount++;
    if (next !== undefined) this.#serveWaiting();
  }

  drop(lane: Lane): void {
    this.#lanes.delete(lane);
    const idle = this.#idle.get(lane.origin);
    const at = idle?.indexOf(lane) ?? -1;
    if (idle !== undefined && at !== -1) {
      idle.splice(at, 1);
      this.#idleCount--;
      if (idle.length === 0) this.#idle.delete(lane.origin);
    }
    this.#serveSoon();
    this.#checkEmpty();
  }

  forward(exchange: Exchange): void {
    this.#forwarded ??= new Set();
    this.#forwarded.add(exchange.request.origin);
    this.start(exchange);
  }

  opening(): void {
    this.sockets++;
    this.connecting++;
  }

  opened(): void {
    this.connecting--;
    this.openedSoFar++;
  }

  closed(wasOpening: boolean): void {
    this.sockets--;
    if (wasOpening) this.connecting--;
    this.#serveSoon();
  }

  #serve(exchange: Exchange): boolean {
    const { origin } = exchange.request;
    const idle = this.#idle.get(origin);
    // The one used last was closed: so, most likely, are those that have been idle for longer.
    if (exchange.request.fresh === true) for (const lane of [...(idle ?? [])]) lane.discard();
    const lane = idle?.pop();
    if (lane !== undefined) {
      this.#idleCount--;
      lane.run(exchange);
      return true;
    }
    const { maxConnections } = this.#options;
    if (this.#lanes.size >= maxConnections && !this.#evict()) return false;
    // What was thrown away, just now or a moment ago, may still be closing.
    if (this.sockets >= maxConnections) return false;
    let fresh: Lane;
    try {
      fresh = new Lane(this, this.#options.client, origin, this.#routeTo(origin));
    } catch (error) {
      exchange.fail(error);
      return true;
    }
    this.#lanes.add(fresh);
    fresh.run(exchange);
    return true;
  }

  /** Closes the longest idle connection of any host, to make room for another host. */
  #evict(): boolean {
    for (const lanes of this.#idle.values()) {
      const oldest = lanes[0];
      if (oldest !== undefined) {
        oldest.discard();
        return true;
      }
    }
    return false;
  }

  #routeTo(origin: string): Route {
    const proxy = this.#options.proxies?.for(origin);
    return proxy === undefined ? DIRECT : { proxy, tunnel: this.#forwarded?.has(origin) !== true };
  }

  /** Serves as many of those that wait as there is room for. */
  #serveWaiting(): void {
    for (let next = this.#waiting.first(); next !== undefined; next = this.#waiting.first()) {
      if (!this.#serve(next)) return;
      this.#grant(next);
    }
  }

  /**
   * The same in a moment: an abort that ends many calls must not open connections for those of them that wait, only to close them
   * again.
   */
  #serveSoon(): void {
    if (this.#servingSoon || this.#waiting.size === 0) return;
    this.#servingSoon = true;
    setImmediate(() => {
      this.#servingSoon = false;
      this.#serveWaiting();
    });
  }

  #grant(exchange: Exchange): void {
    this.#waiting.remove(exchange);
    exchange.leaveQueue = undefined;
    this.#lastGrant = performance.now();
  }

  #leave = (exchange: Exchange): void => {
    this.#waiting.remove(exchange);
    exchange.leaveQueue = undefined;
    this.#checkEmpty();
  };

  #checkEmpty(): void {
    if (this.#whenEmpty !== undefined && this.#lanes.size === 0 && this.#waiting.size === 0) this.#whenEmpty();
  }
}

const QUEUE_HINT =
  "Raise `maxConnections`, call less at once, and read or destroy() every body: one that nobody reads holds its connection.";

import { createRequire } from "node:module";
import type { Dispatcher } from "undici";
import type Client from "undici/lib/dispatcher/client.js";
import { ConfigError, TransportError } from "../errors/base.js";
import { Exchange } from "./exchange.js";
import { dispatchForeign } from "./foreign.js";
import type { Pool } from "./pool.js";
import { ProxySettings } from "./proxy.js";
import type { TransportOptions, TransportRequest, TransportResponse, TransportStats } from "./types.js";
import { emitUnreadWarning, Unread } from "./unread.js";

/**
 * What carries requests: a pool of connections of its own, or a dispatcher of the caller's. Nothing is loaded, and no connection opened, before
 * the first request.
 */
export class Transport {
  #options: TransportOptions;
  #dispatcher: Pick<Dispatcher, "dispatch"> | undefined;
  #requestTimeout: number;
  #pool: Pool | undefined;
  #loading: Promise<Pool> | undefined;
  #unread: Unread;
  #closed = false;
  #requests = 0;

  constructor(options: TransportOptions = {}) {
    this.#options = options;
    this.#dispatcher = options.dispatcher;
    this.#requestTimeout = options.requestTimeout ?? 60_000;
    this.#unread = new Unread({
      grace: options.unreadGrace ?? 60_000,
      warn: options.warn ?? emitUnreadWarning,
      graceUnderPressure: options.unreadGraceUnderPressure ?? 1000,
      look: (now) => {
        this.#pool?.sweep(now);
        return this.#pool !== undefined && this.#pool.queued > 0;
      },
    });
  }

  /**
   * Sends one request and gives its final answer. Rejects with a TransportError or TimeoutError (see {@link TransportFacts} for what
   * they carry), or the reason of the signal.
   */
  send(request: TransportRequest): Promise<TransportResponse> {
    this.#requests++;
    return new Promise((resolve, reject) => {
      const exchange = new Exchange(request, this.#unread, resolve, reject);
      if (this.#closed) {
        exchange.fail(closedFailure());
        return;
      }
      if (!exchange.arm()) return;
      if (this.#dispatcher !== undefined) dispatchForeign(this.#dispatcher, exchange, this.#requestTimeout);
      else if (this.#pool !== undefined) this.#start(this.#pool, exchange);
      else this.#load(exchange);
    });
  }

  /** Waits for what is under way, then closes idle connections. A dispatcher of the caller's is left alone. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#unread.close();
    const pool = this.#pool ?? (await this.#loading?.catch(() => undefined));
    await pool?.close();
  }

  /** Ends everything now; what is under way fails with `reason`. */
  async destroy(reason: unknown = closedFailure()): Promise<void> {
    this.#closed = true;
    const pool = this.#pool ?? (await this.#loading?.catch(() => undefined));
    pool?.destroy(reason);
  }

  /** What goes on at this moment. Through a dispatcher of the caller's, sockets are not ours to count: they are 0. */
  stats(): TransportStats {
    const pool = this.#pool;
    return {
      sockets: pool?.sockets ?? 0,
      connecting: pool?.connecting ?? 0,
      idle: pool?.idleCount ?? 0,
      running: pool?.running ?? 0,
      queued: pool?.queued ?? 0,
      requests: this.#requests,
      opened: pool?.openedSoFar ?? 0,
      abandoned: this.#unread.abandoned,
    };
  }

  #start(pool: Pool, exchange: Exchange): void {
    pool.start(exchange);
    if (pool.queued > 0) this.#unread.wake();
  }

  #load(exchange: Exchange): void {
    this.#loading ??= makePool(this.#options, this.#requestTimeout);
    this.#loading.then(
      (pool) => {
        this.#pool = pool;
        if (!exchange.over) this.#start(pool, exchange);
      },
      (error: unknown) => {
        this.#loading = undefined;
        exchange.fail(error);
      },
    );
  }
}

async function makePool(options: TransportOptions, requestTimeout: number): Promise<Pool> {
  const env = options.env ?? process.env;
  const [{ Pool }, client, ca] = await Promise.all([
    import("./pool.js"),
    loadClient(),
    readCaBundle(options.caBundle ?? env["AWS_CA_BUNDLE"]),
  ]);
  return new Pool({
    client,
    connectTimeout: options.connectTimeout ?? 10_000,
    requestTimeout,
    maxConnections: options.maxConnections ?? 128,
    keepAlive: options.keepAlive ?? 15_000,
    queueTimeout: options.queueTimeout ?? 60_000,
    ca,
    proxies: ProxySettings.from(env),
  });
}

/** undici's client. By path: its main entry costs 100 ms and, on Node 20, replaces the dispatcher of the host's own `fetch`. */
async function loadClient(): Promise<typeof Client> {
  // An import of CommonJS has Node read each file twice, once for the names it exports: 4 ms. So it is required where this stands as it was
  // installed. A bundler follows the import alone, and what it makes may lie beside an undici of another version.
  if (import.meta.url?.endsWith("/dist/chunks/road.js")) {
    try {
      return createRequire(import.meta.url)("undici/lib/dispatcher/client.js") as typeof Client;
    } catch {
      // The import says what is wrong, or finds what only a loader of modules does.
    }
  }
  return (await import("undici/lib/dispatcher/client.js")).default;
}

/** The PEM text itself, or that of the file it names. */
async function readCaBundle(bundle: string | undefined): Promise<string | undefined> {
  if (bundle === undefined || bundle.trim() === "") return undefined;
  if (bundle.includes("-----BEGIN")) return bundle;
  const { readFile } = await import("node:fs/promises");
  try {
    return await readFile(bundle, "utf8");
  } catch (cause) {
    throw new ConfigError(`The CA bundle ${bundle} cannot be read`, {
      code: "InvalidCaBundle",
      cause,
      hint: "AWS_CA_BUNDLE (or `caBundle`) must name a file of certificates in PEM form.",
    });
  }
}

function closedFailure(): TransportError {
  return new TransportError("The client is closed", { code: "TransportClosed", hint: "Make a new one." });
}

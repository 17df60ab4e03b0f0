import type { Socket } from "node:net";
import type Client from "undici/lib/dispatcher/client.js";
import { TransportError } from "../errors/base.js";
import type { Connector } from "./connect.js";
import { type Connection, type Exchange, isSource } from "./exchange.js";
import { timeoutFailure } from "./failure.js";
import { readHeaders } from "./headers.js";
import { withLateTierUp } from "./late-tier-up.js";
import type { ProxyServer } from "./proxy.js";
import { guardSocket } from "./socket-guard.js";
import type { SocketReads } from "./socket-reads.js";
import { TUNNEL_REFUSED } from "./tunnel.js";

/** What a lane needs of the pool it belongs to. */
export interface LaneOwner {
  readonly connector: Connector;
  readonly requestTimeout: number;
  readonly keepAlive: number;
  /** The exchange goes again, without a tunnel: its proxy gives none. Nothing was sent. */
  forward(exchange: Exchange): void;
  /** The lane is free, for the next exchange of its origin. */
  free(lane: Lane): void;
  /** The lane is no more. */
  drop(lane: Lane): void;
  opening(): void;
  opened(): void;
  closed(wasOpening: boolean): void;
}

/** How a lane reaches its host: directly, through a proxy's tunnel, or by handing requests to a proxy that forwards them. */
export interface Route {
  readonly proxy: ProxyServer | undefined;
  readonly tunnel: boolean;
}

/** Header block of an answer, at most, bytes. */
const MAX_HEADERS = 64 * 1024;

/**
 * One connection and the undici client that speaks HTTP over it, one exchange at a time. A pool of undici's own opens up to twice
 * the sockets that are needed, since its clients count as busy for a turn of the event loop after each answer; a lane takes its next
 * request at once, and undici writes it when it is sure that the connection stands.
 */
export class Lane implements Connection {
  readonly origin: string;
  exchange: Exchange | undefined;
  /** The timer of silence went off when it was nobody's fault; whoever changes that must start it again. */
  quiet = false;
  writeFailure: Error | undefined;
  unsent = false;
  barren = 0;
  lent = false;
  socket: Socket | undefined;
  #owner: LaneOwner;
  #route: Route;
  #client: Client;
  #served = 0;
  #dead = false;
  #headTimer: NodeJS.Timeout | undefined;

  constructor(owner: LaneOwner, make: typeof Client, origin: string, route: Route) {
    this.origin = origin;
    this.#owner = owner;
    this.#route = route;
    const { proxy, tunnel } = route;
    const host = proxy === undefined || tunnel ? origin : `${proxy.secure ? "https" : "http"}://${proxy.name}`;
    this.#client = new make(host, {
      pipelining: 1,
      // Silence is watched on the socket (see #tend): undici's timers know nothing of bytes that still go out.
      headersTimeout: 0,
      bodyTimeout: 0,
      keepAliveTimeout: owner.keepAlive || 1,
      keepAliveMaxTimeout: 600_000,
      keepAliveTimeoutThreshold: 1000,
      maxHeaderSize: MAX_HEADERS,
      connect: (target, callback) => {
        this.#connect(target, callback);
      },
    });
  }

  get reused(): boolean {
    return this.#served > 0;
  }

  /** Sends the request of an exchange. */
  run(exchange: Exchange): void {
    this.exchange = exchange;
    exchange.connection = this;
    this.barren = 0;
    const { request } = exchange;
    const { method, body } = request;
    let { path, headers } = request;
    if (isSource(body)) headers = withLength(headers, request.contentLength);
    const { proxy, tunnel } = this.#route;
    if (proxy !== undefined && !tunnel) {
      path = this.origin + path;
      if (proxy.authorization !== undefined) headers = [...headers, "proxy-authorization", proxy.authorization];
    }
    this.#client.dispatch(
      {
        path,
        method,
        headers,
        body,
        // undici closes the connection after every HEAD unless it is told not to.
        reset: this.#owner.keepAlive === 0 ? true : method === "HEAD" ? false : undefined,
      },
      this,
    );
  }

  release(reusable: boolean): void {
    this.exchange = undefined;
    this.#clearHeadTimer();
    if (reusable && !this.#dead) {
      this.#served++;
      this.#owner.free(this);
    } else this.discard();
  }

  attend(): void {
    this.socket?.ref();
    if (this.quiet) this.#listenForSilence();
  }

  ignore(): void {
    this.socket?.unref();
  }

  /** Throws the connection away, in whatever state. */
  discard(): void {
    if (this.#dead) return;
    this.#dead = true;
    this.#owner.drop(this);
    this.#client.destroy(null, noop);
    this.socket?.destroy(); // One that is still being opened, undici does not know of.
  }

  // What undici calls, in this order.

  onConnect(abort: (reason?: Error) => void): void {
    const { exchange } = this;
    if (exchange === undefined) {
      abort();
      return;
    }
    exchange.begin();
    if (this.quiet) this.#listenForSilence();
  }

  onBodySent(chunk: Uint8Array): void {
    if (this.exchange !== undefined) this.exchange.bytesSent += chunk.length;
  }

  onRequestSent(): void {
    this.exchange?.sent();
    if (this.quiet) this.#listenForSilence();
  }

  onResponseStarted(): void {
    if (this.exchange !== undefined) this.exchange.begun = true;
  }

  onHeaders(status: number, headers: Buffer[] | string[], resume: () => void): boolean {
    const { exchange } = this;
    if (exchange === undefined) return true;
    if (status < 200) {
      exchange.begun = false;
      return true;
    }
    this.#clearHeadTimer();
    return exchange.head(status, readHeaders(headers), resume);
  }

  onData(chunk: Buffer): boolean {
    this.barren = 0;
    return this.exchange?.data(chunk, this.lent) ?? true;
  }

  onComplete(): void {
    this.exchange?.complete();
  }

  onError(error: Error): void {
    const { exchange } = this;
    if (exchange === undefined) return;
    if (error instanceof TransportError && error.code === TUNNEL_REFUSED && this.origin.startsWith("http:")) {
      this.exchange = undefined;
      exchange.connection = undefined;
      this.discard();
      this.#owner.forward(exchange);
    } else exchange.fail(error);
  }

  #connect(
    target: Parameters<Connector["connect"]>[0],
    callback: (error: Error | null, socket?: Socket) => void,
  ): void {
    const owner = this.#owner;
    let opening = true;
    let counted = true;
    owner.opening();
    const gone = (): void => {
      if (!counted) return;
      counted = false;
      owner.closed(opening);
    };
    const closed = (): void => {
      gone();
      this.socket = undefined;
      if (this.exchange === undefined) this.discard();
    };
    this.#served = 0;
    this.writeFailure = undefined;
    this.unsent = false;
    const { proxy, tunnel } = this.#route;
    const to = proxy === undefined || tunnel ? target : { ...target, servername: null };
    try {
      this.socket = owner.connector.connect(to, this.origin, tunnel ? proxy : undefined, (error, socket, reads) => {
        if (error !== null) {
          gone();
          this.socket = undefined;
          callback(error);
          return;
        }
        opening = false;
        owner.opened();
        this.socket = socket;
        socket.once("close", closed);
        this.#tend(socket, reads);
        withLateTierUp(() => callback(null, socket));
      });
    } catch (error) {
      gone();
      callback(error as Error);
    }
  }

  #tend(socket: Socket, reads: SocketReads | undefined): void {
    guardSocket(socket, this, reads);
    socket.on("timeout", () => {
      this.quiet = true;
      const { bytesRead } = socket;
      // After a long turn of the event loop the timer comes before the bytes that have come meanwhile: they go first.
      setImmediate(() => {
        if (this.socket !== socket || !this.quiet) return;
        if (socket.bytesRead !== bytesRead) this.#listenForSilence();
        else this.exchange?.fallSilent(this.#limit());
      });
    });
    this.#listenForSilence();
  }

  #limit(): number {
    return this.exchange?.request.requestTimeout ?? this.#owner.requestTimeout;
  }

  #listenForSilence(): void {
    this.quiet = false;
    this.socket?.setTimeout(this.#limit());
  }

  // What the guard of the socket asks and tells.

  /** An answer is awaited, and not a byte of it has come. */
  get awaiting(): boolean {
    const { exchange } = this;
    return exchange !== undefined && !exchange.begun && exchange.phase !== "reading" && exchange.phase !== "connecting";
  }

  get sendsPieces(): boolean {
    const { exchange } = this;
    return exchange !== undefined && !exchange.sentWhole && isSource(exchange.request.body);
  }

  get inBody(): boolean {
    return this.exchange?.inBody === true;
  }

  /** A head came in part: the rest of it has as long as silence may last. Bytes that trickle are no excuse. */
  headPending(): void {
    if (this.exchange?.begun !== true || this.#headTimer !== undefined) return;
    const limit = this.#limit();
    if (limit === 0) return;
    this.#headTimer = setTimeout(() => {
      const { exchange } = this;
      exchange?.fail(
        timeoutFailure(
          "ReadTimeout",
          limit,
          "The headers did not come to an end",
          exchange.context(),
          "Look at the server, or at a proxy before it.",
        ),
      );
    }, limit);
  }

  /** An answer that never comes to the point. */
  flooded(): void {
    const { exchange } = this;
    if (exchange === undefined) this.discard();
    else {
      const what = "What came is not an HTTP answer (interim answers or frames without end)";
      const hint = "Look at the server, or at a proxy before it.";
      exchange.fail(new TransportError(what, { code: "MalformedHttp", hint }));
    }
  }

  #clearHeadTimer(): void {
    if (this.#headTimer === undefined) return;
    clearTimeout(this.#headTimer);
    this.#headTimer = undefined;
  }
}

/** undici takes the length of a source from the header, and wants it once. */
export function withLength(headers: string[], length: number | undefined): string[] {
  const out: string[] = [];
  for (let i = 0; i + 1 < headers.length; i += 2) {
    const name = headers[i] as string;
    if (name !== "content-length" && name !== "transfer-encoding") out.push(name, headers[i + 1] as string);
  }
  if (length !== undefined) out.push("content-length", String(length));
  return out;
}

function noop(): void {}

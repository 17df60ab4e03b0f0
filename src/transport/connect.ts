import { X509Certificate } from "node:crypto";
import net, { type Socket } from "node:net";
import tls, { type SecureContext } from "node:tls";
import { ConfigError, TransportError } from "../errors/base.js";
import { hostOf, timeoutFailure, transportFailure } from "./failure.js";
import type { ProxyServer } from "./proxy.js";
import { SocketReads } from "./socket-reads.js";
import { openTunnel } from "./tunnel.js";

/** Where to, as undici asks for it. */
export interface Target {
  readonly protocol: string;
  readonly hostname: string;
  /** Empty for the scheme's own. */
  readonly port: string;
  /** Name for TLS (from the Host header), or null for the host itself. */
  readonly servername: string | null;
}

export interface ConnectorOptions {
  /** ms, TLS and proxy included; 0: none. */
  readonly connectTimeout: number;
  /** PEM text of the certificates to trust; undefined: Node's own. */
  readonly ca: string | undefined;
}

/** `reads` is where the bytes come out of a socket that reads into our memory; others are read as usual. */
type Connected = (error: Error | null, socket: Socket, reads: SocketReads | undefined) => void;

/** Sessions kept for resumption: a TLS handshake with one costs half of one without. */
const MAX_SESSIONS = 100;

/** Opens connections: plain, TLS, and either through a proxy's tunnel. */
export class Connector {
  #options: ConnectorOptions;
  #context: SecureContext | undefined;
  #sessions = new Map<string, Buffer>();

  constructor(options: ConnectorOptions) {
    this.#options = options;
  }

  /**
   * Opens one, through a tunnel of `proxy` if one is given; `origin` is what messages name. The callback is called once, never before this
   * returns; destroying the socket that is returned gives up. Throws a ConfigError for a CA bundle that can't be used.
   */
  connect(target: Target, origin: string, proxy: ProxyServer | undefined, callback: Connected): Socket {
    const startedAt = performance.now();
    const { connectTimeout } = this.#options;
    const secure = target.protocol === "https:";
    let timer: NodeJS.Timeout | undefined;
    let current: Socket;
    let over = false;
    // A tunnel is read by whoever opens it.
    const reads = proxy === undefined && SocketReads.work() ? new SocketReads() : undefined;

    const finish = (error: Error | null, socket: Socket): void => {
      if (over) return;
      over = true;
      clearTimeout(timer);
      socket.removeListener("error", fail);
      socket.removeListener("close", closed);
      if (error !== null) {
        socket.on("error", ignore);
        socket.destroy();
      }
      callback(error, socket, reads);
    };
    const context = () => ({
      origin,
      phase: "connecting" as const,
      elapsed: performance.now() - startedAt,
      reused: false,
    });
    const fail = (error: Error): void => {
      finish(transportFailure(error, context()), current);
    };
    const closed = (): void => {
      fail(new TransportError(`The connection was closed before it stood`, { code: "ConnectionClosed" }));
    };
    const watch = (socket: Socket): Socket => {
      current = socket;
      return socket.on("error", fail).on("close", closed);
    };
    const encrypt = (under: Socket | undefined): void => {
      const socket = this.#openTls(target, under, reads);
      watch(socket).once("secureConnect", () => finish(null, socket));
    };

    if (proxy !== undefined) {
      current = proxy.secure
        ? tls.connect({
            host: proxy.host,
            port: proxy.port,
            servername: serverName(proxy.host),
            ALPNProtocols: ["http/1.1"],
            secureContext: this.#secureContext(),
          })
        : openTcp(proxy.host, proxy.port);
      const under = watch(current);
      under.once(proxy.secure ? "secureConnect" : "connect", () => {
        const port = target.port || (secure ? "443" : "80");
        openTunnel(under, proxy, `${target.hostname}:${port}`, (error) => {
          if (over) return;
          if (error !== null) fail(error);
          else if (!secure) finish(null, under);
          else {
            under.removeListener("close", closed);
            encrypt(under);
          }
        });
      });
    } else if (secure) {
      encrypt(undefined);
    } else {
      const socket = openTcp(bare(target.hostname), Number(target.port) || 80, reads);
      watch(socket).once("connect", () => finish(null, socket));
    }
    const opened = current! as Socket;
    if (connectTimeout > 0) {
      timer = setTimeout(() => {
        const what = `No connection to ${proxy === undefined ? hostOf(origin) : `the proxy ${proxy.name}`}`;
        // After a long turn of the event loop, a connection that stands by now goes first.
        setImmediate(() => {
          if (!over) fail(timeoutFailure("ConnectTimeout", connectTimeout, what, context(), CONNECT_HINT));
        });
      }, connectTimeout);
    }
    return opened;
  }

  #openTls(target: Target, under: Socket | undefined, reads: SocketReads | undefined): Socket {
    const host = bare(target.hostname);
    const port = Number(target.port) || 443;
    const servername = target.servername || serverName(host);
    const key = `${servername || host}:${port}`;
    const session = this.#sessions.get(key);
    const socket = tls.connect({
      ...(under === undefined ? { ...TCP, host, port } : { socket: under, host }),
      ...(reads === undefined ? undefined : { onread: reads.onread }),
      servername,
      ALPNProtocols: ["http/1.1"],
      secureContext: this.#secureContext(),
      ...(session === undefined ? undefined : { session }),
    });
    return socket.on("session", (ticket) => {
      this.#sessions.delete(key);
      if (this.#sessions.size >= MAX_SESSIONS) {
        for (const oldest of this.#sessions.keys()) {
          this.#sessions.delete(oldest);
          break;
        }
      }
      this.#sessions.set(key, ticket);
    });
  }

  /** One for all connections: reading a bundle of certificates takes milliseconds. */
  #secureContext(): SecureContext {
    if (this.#context === undefined) {
      const { ca } = this.#options;
      try {
        // Node takes text that holds no certificate without a word, and then trusts nobody.
        if (ca !== undefined) new X509Certificate(ca);
        this.#context = tls.createSecureContext(ca === undefined ? {} : { ca });
      } catch (cause) {
        throw new ConfigError("The CA bundle holds no certificate that can be used", {
          code: "InvalidCaBundle",
          cause,
          hint: "AWS_CA_BUNDLE (or `caBundle`) must name a file of certificates in PEM form.",
        });
      }
    }
    return this.#context;
  }
}

const CONNECT_HINT =
  "Raise `connectTimeout` for a slow network; otherwise check endpoint, firewall and proxy settings.";

const TCP = {
  noDelay: true,
  keepAlive: true,
  keepAliveInitialDelay: 60_000,
  // As much as the kernel gives at once: larger reads, fewer turns.
  highWaterMark: 64 * 1024,
};

function openTcp(host: string, port: number, reads?: SocketReads): Socket {
  return net.connect({ ...TCP, host, port, ...(reads === undefined ? undefined : { onread: reads.onread }) });
}

/** An IPv6 address without the brackets it has in a URL. */
function bare(hostname: string): string {
  return hostname.startsWith("[") ? hostname.slice(1, -1) : hostname;
}

/** TLS names hosts, not addresses. */
function serverName(host: string): string {
  return net.isIP(host) === 0 ? host : "";
}

function ignore(): void {}

import type { Dispatcher } from "undici";

/**
 * How far an attempt had come when it failed, which decides what a retry may do:
 *
 * - `connecting`: no connection yet (queued, DNS, TCP, TLS, proxy); the service saw nothing.
 * - `before-sent`: the request had not gone out whole; the service cannot have acted on all of it.
 * - `sent`: it had gone out whole, no answer came; the outcome is unknown.
 * - `reading`: the answer had begun.
 */
export type Phase = "connecting" | "before-sent" | "sent" | "reading";

/** Facts that every failure of the transport carries beside its code and message. */
export interface TransportFacts {
  readonly phase: Phase;
  /** Scheme, host and port it was for. */
  readonly origin: string;
  /** Milliseconds since the request was handed over. */
  readonly elapsed: number;
  /** The connection had served before: a `sent` failure on it is most likely a connection the server had just closed. */
  readonly reused: boolean;
}

/** How the answer's body is wanted. */
export type Expectation = "buffer" | "stream" | "none";

/** One HTTP request, ready for the wire. */
export interface TransportRequest {
  /** `https://host[:port]`. */
  readonly origin: string;
  /** Path and query as on the wire; never touched. */
  readonly path: string;
  readonly method: string;
  /** Name, value, name, value...; names in lower case. `content-length` is ours to write. */
  readonly headers: string[];
  /** Bytes, a text (sent as UTF-8) or a source of bytes; null or absent: none. */
  readonly body?: string | Uint8Array | AsyncIterable<Uint8Array> | null | undefined;
  /** Length of a body that is a source; without it the body goes out in HTTP's own chunks. */
  readonly contentLength?: number | undefined;
  /** Error answers (300 and above) are always given as a buffer, of at most 1 MiB. */
  readonly expect: Expectation;
  /** Aborts in any phase, the reading of a streamed body included, with the signal's own reason. */
  readonly signal?: AbortSignal | undefined;
  /** When the call must be over, in `Date.now()` milliseconds; a streamed body included unless `deadlineOnBody` is false. */
  readonly deadline?: number | undefined;
  readonly deadlineOnBody?: boolean | undefined;
  /** Inactivity limit for this request alone, ms; 0: none. */
  readonly requestTimeout?: number | undefined;
  /** Not on a connection that is kept: those to this host may all be closed at the other end. */
  readonly fresh?: boolean | undefined;
  /** What to call the body in a warning that nobody read it: `getObject bucket/key`. Turned into text only then. */
  readonly label?: { toString(): string } | undefined;
}

/** An answer; a final one, interim ones are passed over. */
export interface TransportResponse {
  readonly status: number;
  /** By lower-case name; a header that came more than once is joined by `, `. No prototype. */
  readonly headers: Record<string, string>;
  /** The whole body, for `buffer` and error answers; empty for `none` and for streamed ones. */
  readonly body: Buffer;
  /** The body to come, for `stream` answers below 300. */
  readonly source: BodySource | undefined;
  /** The body in `body` was longer than is kept of an error answer, or broke off before its end. */
  readonly truncated: boolean;
}

/** Bytes that come from somewhere, pulled piece by piece; what lies under a `ResponseBody`, and may be replaced mid-way. */
export interface BodySource {
  /**
   * The next piece, or null at the end: at once if it is there, otherwise a promise. One read at a time. Throws or rejects with
   * the failure; never both before it is asked.
   */
  read(): Uint8Array | null | Promise<Uint8Array | null>;
  /**
   * Gives `take` each piece as it comes, lent for the time of the call: a reader that copies anyway is spared the memory in between. False
   * means that no more is wanted for now. Resolves with true at the end, with false when no more was wanted. In place of `read`, or between two.
   */
  feed?(take: (bytes: Uint8Array) => boolean): Promise<boolean>;
  /** Gives up the rest. Reads from then on fail with `reason`. */
  cancel(reason: unknown): void;
}

/** What a Transport is made of; everything is optional. */
export interface TransportOptions {
  /** Limit on opening a connection, TLS and proxy included, ms. Default 10,000; 0: none. */
  connectTimeout?: number | undefined;
  /** Limit on silence, ms: no byte taken by or come from the service. Default 60,000; 0: none. */
  requestTimeout?: number | undefined;
  /** Most connections at once, all hosts together. Default 128. */
  maxConnections?: number | undefined;
  /** How long an idle connection is kept, ms. Default 15,000; a server's own `Keep-Alive: timeout` is honoured. 0: one request a connection. */
  keepAlive?: number | undefined;
  /** Limit on waiting for a free connection while none comes free, ms. Default 60,000; 0: none. */
  queueTimeout?: number | undefined;
  /** How long a large body may lie unread before its connection is let go, ms. Default 60,000. */
  unreadGrace?: number | undefined;
  /** The same while other calls wait for a connection, ms. Default 1,000. */
  unreadGraceUnderPressure?: number | undefined;
  /** Where the warning that a body was let go unread goes. Default: a warning of the process. */
  warn?: ((message: string) => void) | undefined;
  /** A dispatcher of the caller's; used as it is, never closed. */
  dispatcher?: Pick<Dispatcher, "dispatch"> | undefined;
  /** Where proxies and the CA bundle are looked up. Default `process.env`. */
  env?: Record<string, string | undefined> | undefined;
  /** Certificates to trust instead of Node's: PEM text or the path of a PEM file. Default `AWS_CA_BUNDLE`. */
  caBundle?: string | undefined;
}

/** What a Transport is doing right now. */
export interface TransportStats {
  /** Connections open or being opened. */
  sockets: number;
  /** Of these, being opened. */
  connecting: number;
  /** Of these, without a request. */
  idle: number;
  /** Requests under way, the reading of their bodies included. */
  running: number;
  /** Requests waiting for a connection. */
  queued: number;
  /** Requests taken so far. */
  requests: number;
  /** Connections opened so far. */
  opened: number;
  /** Bodies let go unread so far. */
  abandoned: number;
}

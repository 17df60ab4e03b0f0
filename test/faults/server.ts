import { createServer, type Server, type Socket } from "node:net";
import { TLSSocket } from "node:tls";

/** A request as it came in, byte for byte. */
export interface Seen {
  method: string;
  target: string;
  headers: Record<string, string>;
  /** As far as it had come when the play began. */
  body: Buffer;
  /** The connection it came on, 1 for the first. */
  connection: number;
}

/** One connection, as a play deals with it. */
export interface Line {
  readonly socket: Socket;
  readonly server: FaultServer;
}

type Act = (line: Line, seen: Seen) => void | Promise<void>;

/**
 * What the server does, once, when its turn comes: as soon as a connection is there (`connect`), as soon as a request's head is (`head`), or when the
 * whole request is (`request`).
 */
export interface Play {
  readonly when: "connect" | "head" | "request";
  readonly act: Act;
}

export const onConnect = (act: (line: Line) => void): Play => ({ when: "connect", act });
export const onHead = (act: Act): Play => ({ when: "head", act });
export const onRequest = (act: Act): Play => ({ when: "request", act });

/** The connection under one that speaks TLS. */
const under = new WeakMap<Socket, Socket>();

/** Ends a connection with a reset. */
export function reset(socket: Socket): void {
  (under.get(socket) ?? socket).resetAndDestroy();
  socket.destroy();
}

/** A server over TCP, or TLS, that says and does what its plays tell it, in turn; the last one again and again. */
export class FaultServer {
  readonly seen: Seen[] = [];
  /** Bodies that were answered with success, as S3 would have stored them. */
  readonly stored: Buffer[] = [];
  readonly open = new Set<Socket>();
  accepted = 0;
  /** Plays that have begun. */
  played = 0;
  /** What it still does on its own, by which it must not outlive the test. */
  readonly timers = new Set<NodeJS.Timeout>();
  readonly secure: boolean;
  #port = 0;
  #server: Server | undefined;
  readonly #plays: readonly Play[];
  readonly #pem: Buffer | undefined;

  constructor(plays: readonly Play[], pem?: Buffer) {
    this.#plays = plays;
    this.#pem = pem;
    this.secure = pem !== undefined;
  }

  static async start(plays: readonly Play[], pem?: Buffer): Promise<FaultServer> {
    const server = new FaultServer(plays, pem);
    await server.listen();
    return server;
  }

  get port(): number {
    return this.#port;
  }

  /** Listens, on the same port again if it had one. */
  async listen(): Promise<void> {
    const pem = this.#pem;
    const server = createServer((socket) => {
      if (!pem) this.#serve(socket);
      else {
        const secure = new TLSSocket(socket, { isServer: true, key: pem, cert: pem });
        under.set(
          secure,
          socket.on("error", () => {}),
        );
        this.#serve(secure);
      }
    });
    await new Promise<void>((resolve) => server.listen(this.#port, "127.0.0.1", resolve));
    this.#port = (server.address() as { port: number }).port;
    this.#server = server;
  }

  /** Stops listening, and ends what is still open. */
  async stop(): Promise<void> {
    for (const timer of this.timers) clearInterval(timer);
    for (const socket of this.open) socket.destroy();
    const server = this.#server;
    this.#server = undefined;
    if (server) await new Promise<void>((resolve) => server.close(() => resolve()));
  }

  /** Reads on where a play has stopped reading: only who reads notices that the other side has gone. */
  thaw(): void {
    for (const timer of this.timers) clearInterval(timer);
    for (const socket of this.open) {
      socket.removeAllListeners("data");
      socket.resume();
    }
  }

  /** Does something again and again until the test is over. */
  repeat(ms: number, act: (timer: NodeJS.Timeout) => void): void {
    const timer = setInterval(() => act(timer), ms);
    this.timers.add(timer);
  }

  #next(): Play {
    return this.#plays[Math.min(this.played, this.#plays.length - 1)]!;
  }

  #serve(socket: Socket): void {
    this.accepted++;
    const connection = this.accepted;
    this.open.add(socket);
    socket.on("error", () => {});
    socket.on("close", () => this.open.delete(socket));
    const line: Line = { socket, server: this };
    const seen = { connection };
    const begin = (play: Play, request: Seen): void => {
      this.played++;
      void play.act(line, request);
    };
    if (this.#next().when === "connect") {
      begin(this.#next(), { method: "", target: "", headers: {}, body: Buffer.alloc(0), ...seen });
      return;
    }
    let bytes: Buffer = Buffer.alloc(0);
    /** Not looked at yet: joined with the rest when it is worth it. */
    let fresh: Buffer[] = [];
    let wanted = 0;
    socket.on("data", (chunk: Buffer) => {
      fresh.push(chunk);
      wanted -= chunk.length;
      if (wanted > 0) return;
      bytes = Buffer.concat([bytes, ...fresh]);
      fresh = [];
      for (;;) {
        const head = readHead(bytes);
        if (!head) return;
        if (this.#next().when === "head") {
          const request = { ...head, body: bytes.subarray(head.end), ...seen };
          this.seen.push(request);
          // The play has the socket to itself from here on.
          socket.removeAllListeners("data");
          begin(this.#next(), request);
          return;
        }
        const whole = readBody(bytes, head);
        if (!whole) {
          wanted = head.end + Number(head.headers["content-length"] ?? 0) - bytes.length;
          return;
        }
        bytes = bytes.subarray(whole.end);
        const request = { method: head.method, target: head.target, headers: head.headers, body: whole.body, ...seen };
        this.seen.push(request);
        begin(this.#next(), request);
      }
    });
  }
}

interface Head {
  method: string;
  target: string;
  headers: Record<string, string>;
  end: number;
}

function readHead(bytes: Buffer): Head | undefined {
  const end = bytes.indexOf("\r\n\r\n");
  if (end < 0) return undefined;
  const [start = "", ...lines] = bytes.toString("latin1", 0, end).split("\r\n");
  const [method = "", target = ""] = start.split(" ");
  const headers: Record<string, string> = {};
  for (const line of lines) {
    const colon = line.indexOf(":");
    headers[line.slice(0, colon).toLowerCase()] = line.slice(colon + 1).trim();
  }
  return { method, target, headers, end: end + 4 };
}

function readBody(bytes: Buffer, head: Head): { body: Buffer; end: number } | undefined {
  if (head.headers["transfer-encoding"] === "chunked") return readChunks(bytes, head.end);
  const length = Number(head.headers["content-length"] ?? 0);
  const end = head.end + length;
  return bytes.length < end ? undefined : { body: bytes.subarray(head.end, end), end };
}

/** Chunks of HTTP, or of S3: what stands behind a size is passed over. */
export function readChunks(bytes: Buffer, from: number): { body: Buffer; end: number } | undefined {
  const pieces: Buffer[] = [];
  let at = from;
  for (;;) {
    const line = bytes.indexOf("\r\n", at);
    if (line < 0) return undefined;
    const size = Number.parseInt(bytes.toString("latin1", at, line), 16);
    if (size === 0) {
      // Trailers, and the blank line that ends them.
      const end = bytes.indexOf("\r\n\r\n", line);
      return end < 0 ? undefined : { body: Buffer.concat(pieces), end: end + 4 };
    }
    if (bytes.length < line + 2 + size + 2) return undefined;
    pieces.push(bytes.subarray(line + 2, line + 2 + size));
    at = line + 2 + size + 2;
  }
}

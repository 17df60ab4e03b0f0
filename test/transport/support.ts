import { createServer, type Server, type Socket } from "node:net";
import { setTimeout as delay } from "node:timers/promises";
import { afterEach, expect } from "vitest";
import { Transport, type TransportOptions, type TransportRequest } from "../../src/transport/index.js";

/** A server that speaks bytes: what it says is up to the test. */
export interface RawServer {
  readonly origin: string;
  readonly port: number;
  /** Connections accepted so far. */
  accepted: number;
  /** Connections open now. */
  readonly open: Set<Socket>;
  /** Everything that came, in order, all connections together. */
  received: string;
  stop(): Promise<void>;
}

const servers: RawServer[] = [];
const transports: Transport[] = [];

/** Starts one; `onSocket` sees each connection, `onHead` each request head with the number of the request on that connection. */
export async function rawServer(onSocket: (socket: Socket, server: RawServer) => void): Promise<RawServer> {
  const open = new Set<Socket>();
  const server: Server = createServer((socket) => {
    raw.accepted++;
    open.add(socket);
    socket.on("error", () => {});
    socket.on("close", () => open.delete(socket));
    onSocket(socket, raw);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as { port: number };
  const raw: RawServer = {
    origin: `http://127.0.0.1:${port}`,
    port,
    accepted: 0,
    open,
    received: "",
    stop: () =>
      new Promise((resolve) => {
        for (const socket of open) socket.destroy();
        server.close(() => resolve());
      }),
  };
  servers.push(raw);
  return raw;
}

/** A server that answers each request, once its body is there, with what `answer` gives for its head; all that came is in `received`. */
export function answering(
  answer: (head: string, socket: Socket, index: number) => string | Buffer | undefined,
): Promise<RawServer> {
  let index = 0;
  return rawServer((socket, server) => {
    let pending = "";
    socket.on("data", (chunk) => {
      const text = chunk.toString("latin1");
      server.received += text;
      pending += text;
      for (;;) {
        const end = pending.indexOf("\r\n\r\n");
        const head = pending.slice(0, end);
        const length = Number(/content-length: (\d+)/i.exec(head)?.[1] ?? 0);
        if (end === -1 || pending.length < end + 4 + length) return;
        pending = pending.slice(end + 4 + length);
        const bytes = answer(head, socket, index++);
        if (bytes !== undefined) socket.write(bytes);
      }
    });
  });
}

/** A whole answer with a body and its length. */
export function reply(body: string | Buffer, status = "200 OK", headers: Record<string, string> = {}): Buffer {
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  const head = `HTTP/1.1 ${status}\r\ncontent-length: ${Buffer.byteLength(body)}\r\n${lines.join("")}\r\n`;
  return Buffer.concat([Buffer.from(head, "latin1"), Buffer.from(body)]);
}

/** A transport that the test need not close. Environment: none, but for what is given. */
export function transport(options: TransportOptions = {}): Transport {
  const made = new Transport({ env: {}, ...options });
  transports.push(made);
  return made;
}

/** A request for `server` with sensible defaults. */
export function get(server: { origin: string }, more: Partial<TransportRequest> = {}): TransportRequest {
  return { origin: server.origin, path: "/bucket/key", method: "GET", headers: [], expect: "buffer", ...more };
}

/** What a promise rejects with; fails if it does not. */
export async function failure(promise: Promise<unknown>): Promise<Error & Record<string, unknown>> {
  try {
    await promise;
  } catch (error) {
    return error as Error & Record<string, unknown>;
  }
  throw new Error("expected a rejection");
}

/** Waits until it holds; what has not come about by then, hangs. */
export async function eventually(holds: () => boolean, limit = 60_000): Promise<void> {
  const end = performance.now() + limit;
  while (!holds()) {
    if (performance.now() > end) throw new Error("it did not come to be");
    await delay(5);
  }
}

/** Whatever was rejected and not handled, or thrown into the void, since the test began. */
export const unhandled: unknown[] = [];
process.on("unhandledRejection", (reason) => unhandled.push(reason));
process.on("uncaughtException", (error) => unhandled.push(error));

afterEach(async () => {
  for (const made of transports.splice(0)) {
    await made.destroy();
    await eventually(() => made.stats().sockets === 0);
  }
  for (const server of servers.splice(0)) await server.stop();
  expect(unhandled.splice(0)).toEqual([]);
});

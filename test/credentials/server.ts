import { createServer, type IncomingHttpHeaders, type Server } from "node:http";
import type { AddressInfo } from "node:net";

/** A request that a played service got. */
export interface Received {
  method: string;
  /** Path and query. */
  target: string;
  headers: IncomingHttpHeaders;
  body: string;
}

/** What it answers; undefined: nothing at all. */
export type Answer = { status?: number; headers?: Record<string, string>; body?: string | object } | undefined;

/** A service on a loopback socket; it notes what it gets, and hangs where it is told not to answer. */
export class PlayedServer {
  readonly received: Received[] = [];
  readonly #server: Server;

  private constructor(server: Server) {
    this.#server = server;
  }

  static async start(answer: (request: Received) => Answer): Promise<PlayedServer> {
    const server = createServer((incoming, outgoing) => {
      const chunks: Buffer[] = [];
      incoming.on("data", (chunk: Buffer) => chunks.push(chunk));
      incoming.on("end", () => {
        const request = {
          method: incoming.method!,
          target: incoming.url!,
          headers: incoming.headers,
          body: Buffer.concat(chunks).toString("utf8"),
        };
        played.received.push(request);
        const { status = 200, headers = {}, body = "" } = answer(request) ?? { status: 0 };
        if (status === 0) return;
        outgoing.writeHead(status, headers);
        outgoing.end(typeof body === "string" ? body : JSON.stringify(body));
      });
    });
    const played = new PlayedServer(server);
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    return played;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}

/** Starts a service, runs `body` with it, stops it. */
export async function withServer<T>(
  answer: (request: Received) => Answer,
  body: (server: PlayedServer) => Promise<T>,
): Promise<T> {
  const server = await PlayedServer.start(answer);
  try {
    return await body(server);
  } finally {
    await server.stop();
  }
}

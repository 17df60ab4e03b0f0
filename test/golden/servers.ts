import type { AddressInfo } from "node:net";
import { createServer, type Server, type Socket } from "node:net";
import { Dispatcher } from "undici";
import type { Sent } from "./wire.js";

/** An answer of the raw server, byte for byte. */
export interface Answer {
  status: number;
  reason: string;
  headers: [string, string][];
  body: Buffer;
  /** `pieces`: chunked, a few bytes a chunk. */
  framing: "length" | "chunked" | "pieces" | "close" | "none";
  /** A Content-Length that is not the body's. */
  declared?: number | undefined;
}

const refusal: Answer = {
  status: 400,
  reason: "Bad Request",
  headers: [["content-type", "application/xml"]],
  body: Buffer.from("<Error><Code>Captured</Code><Message>captured</Message></Error>"),
  framing: "length",
};

/** A server of our own over TCP, which reads requests byte by byte and answers what it is told. */
export class RawServer {
  readonly sent: Sent[] = [];
  answer: Answer = refusal;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  private constructor(server: Server) {
    this.#server = server;
  }

  static async start(): Promise<RawServer> {
    const server = createServer();
    const raw = new RawServer(server);
    server.on("connection", (socket) => raw.#serve(socket));
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    return raw;
  }

  get origin(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async stop(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #serve(socket: Socket): void {
    this.#sockets.add(socket);
    socket.on("close", () => this.#sockets.delete(socket));
    socket.on("error", () => {});
    let buffer = Buffer.alloc(0);
    socket.on("data", (data) => {
      buffer = Buffer.concat([buffer, data]);
      for (;;) {
        const read = readRequest(buffer);
        if (!read) return;
        buffer = buffer.subarray(read.used);
        this.sent.push(read.sent);
        this.#reply(socket, read.sent.method);
      }
    });
  }

  #reply(socket: Socket, method: string): void {
    const { status, reason, headers, body, framing, declared } = this.answer;
    const lines = [`HTTP/1.1 ${status} ${reason}`, ...headers.map(([name, value]) => `${name}: ${value}`)];
    if (framing === "length") lines.push(`Content-Length: ${declared ?? body.length}`);
    const chunked = framing === "chunked" || framing === "pieces";
    if (chunked) lines.push("Transfer-Encoding: chunked");
    if (framing === "close" || declared !== undefined) lines.push("Connection: close");
    socket.write(Buffer.from(`${lines.join("\r\n")}\r\n\r\n`, "utf8"));
    if (method !== "HEAD" && framing !== "none") {
      if (chunked) {
        const step = framing === "pieces" ? 7 : 1000;
        for (let at = 0; at < body.length; at += step) {
          const piece = body.subarray(at, at + step);
          socket.write(`${piece.length.toString(16)}\r\n`);
          socket.write(piece);
          socket.write("\r\n");
        }
        socket.write("0\r\n\r\n");
      } else socket.write(body);
    }
    if (framing === "close" || declared !== undefined) socket.end();
  }
}

function readRequest(buffer: Buffer): { sent: Sent; used: number } | undefined {
  const end = buffer.indexOf("\r\n\r\n");
  if (end < 0) return undefined;
  const [start = "", ...lines] = buffer.toString("latin1", 0, end).split("\r\n");
  const headers = lines.map((line): [string, string] => {
    const colon = line.indexOf(":");
    const value = Buffer.from(line.slice(colon + 1), "latin1").toString("utf8");
    return [line.slice(0, colon).toLowerCase(), value.replace(/^[ \t]+|[ \t]+$/g, "")];
  });
  const of = (name: string): string | undefined => headers.find(([key]) => key === name)?.[1];
  let at = end + 4;
  let body: Buffer;
  if (of("transfer-encoding") === "chunked") {
    const parts: Buffer[] = [];
    for (;;) {
      const line = buffer.indexOf("\r\n", at);
      if (line < 0) return undefined;
      const size = Number.parseInt(buffer.toString("latin1", at, line), 16);
      if (buffer.length < line + 2 + size + 2) return undefined;
      parts.push(buffer.subarray(line + 2, line + 2 + size));
      at = line + 2 + size + 2;
      if (size === 0) break;
    }
    body = Buffer.concat(parts);
  } else {
    const length = Number(of("content-length") ?? 0);
    if (buffer.length < at + length) return undefined;
    body = Buffer.from(buffer.subarray(at, at + length));
    at += length;
  }
  const [method = "", target = ""] = start.split(" ");
  const mark = target.indexOf("?");
  return {
    sent: {
      method,
      scheme: "http",
      host: of("host") ?? "",
      path: mark < 0 ? target : target.slice(0, mark),
      query: mark < 0 ? "" : target.slice(mark + 1),
      headers,
      body,
    },
    used: at,
  };
}

/** A dispatcher that records what it is given and refuses it, for hosts that are not ours to reach. */
export class Capture extends Dispatcher {
  readonly sent: Sent[] = [];

  override dispatch(options: Dispatcher.DispatchOptions, handler: Dispatcher.DispatchHandler): boolean {
    void this.#record(options, handler);
    return true;
  }

  async #record(options: Dispatcher.DispatchOptions, handler: Dispatcher.DispatchHandler): Promise<void> {
    const origin = String(options.origin);
    const flat: string[] = Array.isArray(options.headers)
      ? (options.headers as string[])
      : Object.entries((options.headers ?? {}) as Record<string, string>).flat();
    const headers: [string, string][] = [];
    for (let at = 0; at < flat.length; at += 2) headers.push([flat[at]!.toLowerCase(), flat[at + 1]!]);
    const body = await collect(options.body);
    const mark = options.path.indexOf("?");
    this.sent.push({
      method: options.method,
      scheme: origin.split(":")[0]!,
      host: headers.find(([name]) => name === "host")?.[1] ?? origin.split("://")[1]!,
      path: mark < 0 ? options.path : options.path.slice(0, mark),
      query: mark < 0 ? "" : options.path.slice(mark + 1),
      headers,
      body,
    });
    const raw = [...refusal.headers.flat(), "content-length", String(refusal.body.length)].map((text) =>
      Buffer.from(text),
    );
    if (handler.onRequestStart) {
      const controller = {
        aborted: false,
        paused: false,
        reason: null,
        rawHeaders: raw,
        rawTrailers: [],
        abort() {},
        pause() {},
        resume() {},
      };
      handler.onRequestStart(controller as never, {});
      handler.onResponseStart?.(controller as never, 400, Object.fromEntries(refusal.headers), "Bad Request");
      handler.onResponseData?.(controller as never, refusal.body);
      handler.onResponseEnd?.(controller as never, {});
    } else {
      handler.onConnect?.(() => {});
      handler.onHeaders?.(400, raw, () => {}, "Bad Request");
      handler.onData?.(refusal.body);
      handler.onComplete?.([]);
    }
  }

  override async close(): Promise<void> {}
  override async destroy(): Promise<void> {}
}

async function collect(body: unknown): Promise<Buffer> {
  if (body === undefined || body === null) return Buffer.alloc(0);
  if (typeof body === "string" || body instanceof Uint8Array) return Buffer.from(body as Uint8Array);
  const parts: Buffer[] = [];
  for await (const piece of body as AsyncIterable<Uint8Array>) parts.push(Buffer.from(piece));
  return Buffer.concat(parts);
}

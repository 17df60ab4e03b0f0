import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { S3Client, type S3ClientOptions } from "tucuxi";
import { createChunkVerifier, type Verification, verifySignature } from "tucuxi/sigv4";
import { Dispatcher } from "undici";
import { ChunkedDecoder } from "../transport/chunked/decoder.js";

export const keys = { accessKeyId: "AKIDCLIENT", secretAccessKey: "client/secret+of/tests" };

/** A request as it arrived. */
export interface Sent {
  method: string;
  origin: string;
  /** Path and query. */
  target: string;
  path: string;
  query: URLSearchParams;
  headers: Record<string, string>;
  body: Buffer;
}

export interface Answer {
  status?: number;
  headers?: Record<string, string>;
  body?: string | Uint8Array;
}

type Script = (sent: Sent, number: number) => Answer | Promise<Answer>;

export const xml = (text: string): string => `<?xml version="1.0" encoding="UTF-8"?>\n${text}`;

/** An error of the service; `more`: other elements of the document. */
export const fail = (
  status: number,
  code: string,
  more: Record<string, string> = {},
  headers: Record<string, string> = {},
): Answer => ({
  status,
  headers: { "content-type": "application/xml", ...headers },
  body: xml(
    `<Error><Code>${code}</Code><Message>${code}, says the test</Message>${Object.entries(more)
      .map(([name, value]) => `<${name}>${value}</${name}>`)
      .join("")}</Error>`,
  ),
});

/** Answers in turn; the last one again and again. */
export const inTurn = (...answers: (Answer | Script)[]): Script => {
  return (sent, number) => {
    const answer = answers[Math.min(number, answers.length) - 1]!;
    return typeof answer === "function" ? answer(sent, number) : answer;
  };
};

const sentOf = (
  method: string,
  origin: string,
  target: string,
  headers: Record<string, string>,
  body: Buffer,
): Sent => {
  const mark = target.indexOf("?");
  return {
    method,
    origin,
    target,
    path: mark < 0 ? target : target.slice(0, mark),
    query: new URLSearchParams(mark < 0 ? "" : target.slice(mark + 1)),
    headers,
    body,
  };
};

/** A dispatcher that plays services on hosts that are not ours to reach. */
export class Play extends Dispatcher {
  readonly sent: Sent[] = [];
  readonly #script: Script;

  constructor(script: Script = () => ({})) {
    super();
    this.#script = script;
  }

  override dispatch(options: Dispatcher.DispatchOptions, handler: Dispatcher.DispatchHandler): boolean {
    void this.#play(options, handler);
    return true;
  }

  async #play(options: Dispatcher.DispatchOptions, handler: Dispatcher.DispatchHandler): Promise<void> {
    let aborted = false;
    handler.onConnect?.((reason) => {
      aborted = true;
      handler.onError?.(reason ?? new Error("aborted"));
    });
    if (aborted) return;
    try {
      const headers: Record<string, string> = {};
      for (const [name, value] of Object.entries((options.headers ?? {}) as Record<string, string>)) {
        headers[name] = Buffer.from(value, "latin1").toString("utf8");
      }
      const body = await collect(options.body);
      (handler as { onRequestSent?: () => void }).onRequestSent?.();
      const sent = sentOf(options.method, String(options.origin), options.path, headers, body);
      this.sent.push(sent);
      const answer = await this.#script(sent, this.sent.length);
      if (aborted) return;
      const bytes = Buffer.from(answer.body ?? "");
      const all = { "content-length": String(bytes.length), ...answer.headers };
      const raw = Object.entries(all).flatMap(([name, value]) => [Buffer.from(name), Buffer.from(value)]);
      handler.onHeaders?.(answer.status ?? 200, raw, () => {}, "");
      if (options.method !== "HEAD" && bytes.length > 0) handler.onData?.(bytes);
      handler.onComplete?.([]);
    } catch (error) {
      if (!aborted) handler.onError?.(error as Error);
    }
  }

  get last(): Sent {
    return this.sent.at(-1)!;
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

/** What a script may do with an answer besides giving one. */
export interface Exchange {
  request: IncomingMessage;
  response: ServerResponse;
  socket: Socket;
}

/** A service over a real socket, that does what a script says; request bodies are read whole before it is asked, unless `early`. */
export class Service {
  readonly sent: Sent[] = [];
  readonly sockets = new Set<Socket>();
  opened = 0;
  script: (sent: Sent, number: number, exchange: Exchange) => Answer | undefined | Promise<Answer | undefined>;
  /** Asks the script before the body has come. */
  early = false;
  readonly #server: Server;

  private constructor(script: Service["script"]) {
    this.script = script;
    this.#server = createServer((request, response) => void this.#serve(request, response));
    this.#server.on("connection", (socket) => {
      this.opened++;
      this.sockets.add(socket);
      socket.on("close", () => this.sockets.delete(socket));
      socket.on("error", () => {});
    });
  }

  static async start(script: Service["script"] = () => ({})): Promise<Service> {
    const service = new Service(script);
    await new Promise<void>((resolve) => service.#server.listen(0, "127.0.0.1", resolve));
    return service;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    request.on("error", () => {});
    response.on("error", () => {});
    const parts: Buffer[] = [];
    if (!this.early) {
      try {
        for await (const piece of request) parts.push(piece as Buffer);
      } catch {
        return;
      }
    }
    const headers = { ...request.headers } as Record<string, string>;
    const sent = sentOf(request.method!, this.url, request.url!, headers, Buffer.concat(parts));
    this.sent.push(sent);
    const answer = await this.script(sent, this.sent.length, { request, response, socket: request.socket });
    if (answer === undefined) return;
    const bytes = Buffer.from(answer.body ?? "");
    response.writeHead(answer.status ?? 200, { "content-length": String(bytes.length), ...answer.headers });
    response.end(request.method === "HEAD" ? undefined : bytes);
  }

  get last(): Sent {
    return this.sent.at(-1)!;
  }

  async stop(): Promise<void> {
    for (const socket of this.sockets) socket.destroy();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }
}

/** An environment in which nothing of the machine's is found. */
export const nowhere = { HOME: "/nonexistent", AWS_EC2_METADATA_DISABLED: "true" };

/** A client on Amazon's hosts, played by a dispatcher. */
export const onAws = (dispatcher: Dispatcher, options: S3ClientOptions = {}): S3Client =>
  new S3Client({ region: "eu-central-1", credentials: keys, maxAttempts: 1, ...options, dispatcher });

/** A client of a service on this machine. */
export const onService = (service: { url: string }, options: S3ClientOptions = {}): S3Client =>
  new S3Client({ region: "eu-central-1", credentials: keys, endpoint: service.url, ...options });

export interface Scope {
  credentials?: { accessKeyId: string; secretAccessKey: string; sessionToken?: string };
  region?: string;
  service?: string;
  date?: Date;
}

/** Is the request signed as it should be? */
export function verdict(sent: Sent, scope: Scope = {}): Verification {
  return verifySignature({
    method: sent.method,
    url: `${sent.origin}${sent.target}`,
    headers: { host: sent.origin.split("://")[1]!, ...sent.headers },
    credentials: scope.credentials ?? keys,
    region: scope.region ?? "eu-central-1",
    service: scope.service ?? "s3",
    date: scope.date,
  });
}

/** The payload without its framing; every signature in it is checked. */
export function unframe(sent: Sent, scope: Scope = {}): { body: Buffer; trailers: Record<string, string> } {
  const declared = sent.headers["x-amz-content-sha256"] ?? "";
  if (!declared.startsWith("STREAMING-")) return { body: sent.body, trailers: {} };
  const signed = declared.startsWith("STREAMING-AWS4-");
  const date = (sent.headers["x-amz-date"] ?? "").replace(
    /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/,
    "$1-$2-$3T$4:$5:$6Z",
  );
  const ecdsa = declared.includes("ECDSA");
  const verifier = signed
    ? createChunkVerifier({
        seedSignature: /Signature=([0-9a-f]+)/.exec(sent.headers["authorization"]!)![1]!,
        credentials: scope.credentials ?? keys,
        region: scope.region ?? "eu-central-1",
        service: scope.service ?? "s3",
        date: new Date(date),
        ...(ecdsa ? { algorithm: "AWS4-ECDSA-P256-SHA256" as const, regionSet: "*" } : {}),
      })
    : undefined;
  const decoder = new ChunkedDecoder({
    verifier,
    trailers: sent.headers["x-amz-trailer"]?.split(",") ?? [],
    decodedLength: Number(sent.headers["x-amz-decoded-content-length"]),
  });
  const body = Buffer.concat(decoder.push(sent.body));
  if (!decoder.done) throw new Error("the aws-chunked body does not end");
  return { body, trailers: { ...decoder.trailers } };
}

/** The error that a promise ends with. */
export const failureOf = <E = Error & { code: string; hint?: string; attempts?: number }>(
  promise: Promise<unknown>,
): Promise<E> =>
  promise.then(
    () => {
      throw new Error("it succeeded");
    },
    (error: E) => error,
  );

/** Waits until something is so. */
export async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 5));
}

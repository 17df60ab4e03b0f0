/**
 * What public stores are asked and answer, as their documentation and well documented threads show it, restated in `fixtures/stores`: the
 * request must be one that the store takes, and the answer must be understood. Each is played twice: to the store's own name by way of a
 * dispatcher, and as bytes of a socket.
 */
import { readdirSync, readFileSync } from "node:fs";
import { createServer, type Socket } from "node:net";
import { Readable } from "node:stream";
import {
  AccessDenied,
  IllegalLocationConstraintException,
  NoSuchKey,
  S3Client,
  type S3ClientOptions,
  S3ServiceError,
} from "tucuxi";
import { describe, expect, onTestFinished, test } from "vitest";
import { keys, Play, type Sent, verdict } from "../client/support.js";

interface Store {
  store: string;
  endpoint: string;
  region: string;
  exchanges: Exchange[];
}

interface Exchange {
  what: string;
  /** Where it is documented. */
  page: string;
  call: keyof S3Client;
  /** `{ $stream: [...] }` is a stream of those pieces. */
  input: Record<string, unknown>;
  options?: S3ClientOptions;
  /** Of the call. */
  headers?: Record<string, string>;
  request: {
    method: string;
    /** Where it is not the endpoint. */
    origin?: string;
    /** Path and query, the query in any order. */
    target: string;
    /** A value, `true` for any, `null` for none. */
    headers?: Record<string, string | true | null>;
    signed?: string[];
    unsigned?: string[];
    body?: string;
  };
  answer: { status: number; headers?: Record<string, string>; body?: string | string[] };
  /** The dictionary, without `ResponseMetadata` and `Body`. `{ $date }` is a Date. */
  output?: Record<string, unknown>;
  bodyText?: string;
  requestId?: string;
  /** How many pages a paginator takes it for. */
  pages?: number;
  error?: {
    class?: keyof typeof classes;
    code?: string;
    statusCode: number;
    message?: string;
    requestId?: string;
    hostId?: string | null;
    retryable?: boolean;
    /** What the hint speaks of: a pattern. */
    hint?: string;
    attempts?: number;
    /** `response.Error`. */
    Error?: Record<string, string>;
  };
}

const classes = { AccessDenied, IllegalLocationConstraintException, NoSuchKey };
const folder = new URL("../../fixtures/stores/", import.meta.url);
const stores = readdirSync(folder).map((name): Store => JSON.parse(readFileSync(new URL(name, folder), "utf8")));

const textOf = ({ answer: { body = "" } }: Exchange): string => (Array.isArray(body) ? body.join("\n") : body);

/** Dates and streams for what stands for them in JSON. */
function revive(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(revive);
  if (typeof value !== "object" || value === null) return value;
  if ("$date" in value) return new Date(value.$date as string);
  if ("$stream" in value) return Readable.from((value.$stream as string[]).map((piece) => Buffer.from(piece)));
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, revive(inner)]));
}

type Method = (input: object, options?: object) => Promise<Record<string, unknown>>;

const call = (s3: S3Client, { call: name, input, headers }: Exchange): Promise<Record<string, unknown>> =>
  (s3[name] as unknown as Method).call(s3, revive(input) as object, headers && { headers });

/** The query's parameters in an order of our own. */
const inOrder = (target: string): string => {
  const [path, query] = target.split("?");
  return query === undefined ? path! : `${path}?${query.split("&").sort().join("&")}`;
};

function checkRequest(sent: Sent, exchange: Exchange, store: Store): void {
  const { request } = exchange;
  expect(`${sent.method} ${sent.origin} ${inOrder(sent.target)}`).toBe(
    `${request.method} ${request.origin ?? store.endpoint} ${inOrder(request.target)}`,
  );
  for (const [name, value] of Object.entries(request.headers ?? {})) {
    if (value === true) expect(sent.headers, name).toHaveProperty([name]);
    else if (value === null) expect(sent.headers, name).not.toHaveProperty([name]);
    else expect(sent.headers[name], name).toBe(value);
  }
  if (request.body !== undefined) expect(sent.body.toString()).toBe(request.body);
  const signed = /SignedHeaders=([^,]+)/.exec(sent.headers["authorization"]!)![1]!.split(";");
  expect(signed).toEqual(expect.arrayContaining(["host", "x-amz-date", ...(request.signed ?? [])]));
  for (const name of request.unsigned ?? []) expect(signed).not.toContain(name);
  expect(verdict(sent, { region: store.region })).toMatchObject({ valid: true });
}

async function checkOutcome(outcome: Promise<Record<string, unknown>>, exchange: Exchange): Promise<void> {
  const { error: wanted } = exchange;
  if (wanted === undefined) {
    const { ResponseMetadata, Body, ...output } = await outcome;
    expect(output).toEqual(revive(exchange.output));
    expect(ResponseMetadata).toMatchObject({ HTTPStatusCode: exchange.answer.status, RetryAttempts: 0 });
    if (exchange.requestId) expect(ResponseMetadata).toMatchObject({ RequestId: exchange.requestId });
    if (Body !== undefined) expect(await (Body as { text(): Promise<string> }).text()).toBe(exchange.bodyText);
    return;
  }
  const error = await outcome.then(
    () => expect.fail("it succeeded"),
    (thrown: unknown) => thrown as S3ServiceError,
  );
  expect(error).toBeInstanceOf(S3ServiceError);
  const { class: name, hint, Error: details, hostId, ...facts } = wanted;
  expect(error).toMatchObject(facts);
  if (name !== undefined) expect(error).toBeInstanceOf(classes[name]);
  if (hint !== undefined) expect(error.hint).toMatch(new RegExp(hint));
  if (details !== undefined) expect(error.response.Error).toEqual(details);
  if (hostId !== undefined) expect(error.hostId ?? null).toBe(hostId);
}

/** A store of one answer, written as it stands. No store takes a body whose length is not told. */
async function listen({ answer, request }: Exchange, text: string): Promise<string> {
  const sockets = new Set<Socket>();
  const body = Buffer.from(text);
  const length: Record<string, string> = answer.status === 204 ? {} : { "Content-Length": String(body.length) };
  const headers = { ...length, ...answer.headers };
  const head = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => {});
    let seen = "";
    socket.on("data", (bytes) => {
      seen += bytes.toString("latin1");
      const end = seen.indexOf("\r\n\r\n");
      if (end < 0) return;
      expect(seen).not.toMatch(/\r\ntransfer-encoding:/i);
      const length = Number(/\r\ncontent-length: (\d+)/i.exec(seen)?.[1] ?? 0);
      if (seen.length < end + 4 + length) return;
      seen = seen.slice(end + 4 + length);
      socket.write(`HTTP/1.1 ${answer.status} Said So\r\n${head.join("")}\r\n`);
      if (request.method !== "HEAD") socket.write(body);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as { port: number }).port}`;
}

describe.each(stores)("$store", (store) => {
  const options = (exchange: Exchange): S3ClientOptions => ({
    endpoint: store.endpoint,
    region: store.region,
    credentials: keys,
    maxAttempts: 1,
    ...exchange.options,
  });

  test.each(store.exchanges)("$call: $what", async (exchange) => {
    const { status, headers = {} } = exchange.answer;
    const lower = Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
    const play = new Play(() => ({ status, headers: lower, body: textOf(exchange) }));
    const s3 = new S3Client({ ...options(exchange), dispatcher: play });
    onTestFinished(() => s3.close());
    await checkOutcome(call(s3, exchange), exchange);
    checkRequest(play.sent[0]!, exchange, store);
    if (exchange.pages === undefined) return;
    const pages = s3.paginate(exchange.call as "listObjectsV2", exchange.input as { Bucket: string });
    let count = 0;
    for await (const _ of pages) count++;
    expect(count).toBe(exchange.pages);
  });

  test.each(store.exchanges)("as bytes, $call: $what", async (exchange) => {
    const s3 = new S3Client({
      ...options(exchange),
      endpoint: await listen(exchange, textOf(exchange)),
      forcePathStyle: true,
    });
    onTestFinished(() => s3.close());
    await checkOutcome(call(s3, exchange), exchange);
  });
});

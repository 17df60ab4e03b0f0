import { readFileSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { type S3Client, type S3ClientOptions, Session } from "tucuxi";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { object } from "./plays.js";
import { FaultServer, type Play } from "./server.js";

/** One fault, and what comes of it. */
export interface Row {
  /** What goes wrong. */
  readonly fault: string;
  readonly server: readonly Play[];
  /** What is called, and looked at; default: an object is got, and all its bytes compared. */
  readonly call?: (s3: S3Client, server: FaultServer) => Promise<unknown>;
  readonly options?: S3ClientOptions;
  readonly env?: Record<string, string>;
  /** The certificate of a server that speaks TLS, by its name among the fixtures. */
  readonly tls?: string;
  /** The scheme and host that the client is told, where they are not the server's. */
  readonly endpoint?: (port: number) => string;
  /** It is healed: the call succeeds, after so many plays of the server's. */
  readonly healed?: number;
  /** It is not: the error has these properties. */
  readonly error?: Record<string, unknown>;
  /** How many plays of the server's it took to fail. */
  readonly after?: number;
}

const pem = (name: string): string => fileURLToPath(new URL(`../../fixtures/tls/${name}.pem`, import.meta.url));
export const caBundle = pem("authority");

/** An environment in which nothing of the machine's is found. */
const nowhere = { HOME: "/nonexistent", AWS_EC2_METADATA_DISABLED: "true" };

/** For faults that are a silence: long enough for what is right on a busy machine. */
export const soon = { requestTimeout: 700 };

/** A client with less patience than most. */
export function impatient(endpoint: string, options: S3ClientOptions = {}, env: Record<string, string> = {}): S3Client {
  return new Session({ env: { ...nowhere, ...env } }).client({
    region: "us-east-1",
    credentials: { accessKeyId: "AKIDFAULTS", secretAccessKey: "secret" },
    endpoint,
    connectTimeout: 20_000,
    requestTimeout: 20_000,
    ...options,
  });
}

export const there = { Bucket: "bucket", Key: "key" };

/** Gets the object, whole. */
export async function getIt(s3: S3Client): Promise<void> {
  const { Body } = await s3.getObject(there);
  const bytes = await Body.bytes();
  expect(Buffer.compare(bytes, object)).toBe(0);
}

/** Lists the bucket. */
export async function listIt(s3: S3Client): Promise<void> {
  const { Contents, KeyCount } = await s3.listObjectsV2({ Bucket: "bucket" });
  expect([Contents.map(({ Key }) => Key), KeyCount]).toEqual([["k"], 1]);
}

/** Puts an object, and looks whether it has come in one piece, once. */
export const putting =
  (body: (() => Parameters<S3Client["putObject"]>[0]["Body"]) | undefined = () => object, more: object = {}) =>
  async (s3: S3Client, server: FaultServer): Promise<void> => {
    await s3.putObject({ ...there, Body: body(), ...more });
    const last = server.stored.at(-1);
    expect(last !== undefined && Buffer.compare(last, object) === 0).toBe(true);
  };

/** Runs a table of faults: one test a row. */
export function faults(rows: readonly Row[]): void {
  it.each(rows.map((row) => [row.fault, row] as const))("%s", async (_, row) => play(row));
}

const unhandled: unknown[] = [];
process.on("unhandledRejection", (reason) => unhandled.push(reason));
process.on("uncaughtException", (error) => unhandled.push(error));
const warnings: string[] = [];
process.on("warning", (warning) => warnings.push(String(warning)));

beforeEach(() => {
  // Chance decides on pauses only; a small one keeps them short.
  vi.spyOn(Math, "random").mockReturnValue(0.01);
});
afterEach(() => {
  vi.restoreAllMocks();
  expect(unhandled.splice(0)).toEqual([]);
  // A listener left behind at each attempt makes Node warn; nothing here may.
  expect(warnings.splice(0).filter((text) => !text.includes("TucuxiWarning"))).toEqual([]);
});

/** Longer than anything may take: what lasts longer, hangs. */
const DEADLINE = 60_000;

async function play(row: Row): Promise<void> {
  const before = handles();
  const server = await FaultServer.start(row.server, row.tls ? readFileSync(pem(row.tls)) : undefined);
  const scheme = server.secure ? "https://localhost" : "http://127.0.0.1";
  const s3 = impatient(row.endpoint?.(server.port) ?? `${scheme}:${server.port}`, row.options, row.env);
  try {
    const call = (row.call ?? getIt)(s3, server);
    const failure = await within(
      DEADLINE,
      call.then(
        () => undefined,
        (error: unknown) => error ?? new Error("rejected with nothing"),
      ),
    );
    if (row.error === undefined) {
      if (failure !== undefined) throw failure;
      expect(server.played).toBe(row.healed);
    } else {
      expect(failure).toMatchObject(row.error);
      expect(failure).toHaveProperty("name");
      const { after } = row;
      if (after === undefined) return;
      // A connection that was given up may still be on its way to the server.
      await eventually(
        () => server.played >= after,
        () => `the server had ${server.played} plays of ${after}`,
      );
      expect(server.played).toBe(after);
    }
  } finally {
    await leavesNothing(s3, server, before);
  }
}

/** Whatever has happened: no call, socket, timer or handle is left, on neither side. */
export async function leavesNothing(s3: S3Client, server: FaultServer, before: number[]): Promise<void> {
  await within(DEADLINE, s3.close());
  server.thaw();
  await eventually(() => server.open.size === 0, "the server has open connections");
  const left = (): string => {
    const { sockets = 0, connecting = 0, running = 0, queued = 0 } = s3.stats() ?? {};
    return JSON.stringify({ sockets, connecting, running, queued });
  };
  const none = left().replace(/\d+/g, "0");
  await eventually(
    () => left() === none,
    () => `the client still has ${left()}`,
  );
  await server.stop();
  await eventually(
    () => handles().every((count, kind) => count <= before[kind]!),
    () => `there were ${before} ${kinds} and now are ${handles()}`,
  );
}

const kinds = ["TCPSocketWrap", "TCPServerWrap", "TLSWrap", "Timeout", "GetAddrInfoReqWrap", "FSReqPromise"];

/** How many of each of these keep the process alive. */
export function handles(): number[] {
  const active = process.getActiveResourcesInfo();
  return kinds.map((kind) => active.filter((one) => one === kind).length);
}

/** The same, but not for ever. */
export async function within<T>(ms: number, promise: Promise<T>): Promise<T> {
  const ended = new AbortController();
  const late = delay(ms, undefined, { signal: ended.signal }).then(
    () => {
      throw new Error(`hangs: no end after ${ms} ms`);
    },
    () => promise,
  );
  try {
    return await Promise.race([promise, late]);
  } finally {
    ended.abort();
  }
}

export async function eventually(holds: () => boolean, otherwise: string | (() => string)): Promise<void> {
  const end = performance.now() + DEADLINE;
  while (!holds()) {
    if (performance.now() > end) throw new Error(typeof otherwise === "string" ? otherwise : otherwise());
    await delay(5);
  }
}

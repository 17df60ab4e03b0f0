import { createServer as createHttpServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { readAcl } from "./acl.js";
import { bucketNameFault } from "./buckets.js";
import type { World } from "./call.js";
import { checkServerOptions } from "./check-options.js";
import { Exchange } from "./exchange.js";
import { checkFault, Fault, type FaultOptions } from "./faults.js";
import type { Folder } from "./folder.js";
import type { RequestLog } from "./request-log.js";
import { MemoryStorage } from "./storage.js";
import { Bucket } from "./store.js";
import { type ServerCredentials, Users } from "./users.js";

/** How a server is started; everything has a default. */
export interface S3ServerOptions {
  /** Default 0: any free port. */
  port?: number | undefined;
  /** The address to listen on. Default `127.0.0.1`. */
  host?: string | undefined;
  /** Whose signatures are good: one, or several users that share the server. The first owns the buckets given here. */
  credentials?: ServerCredentials | readonly ServerCredentials[] | undefined;
  /** Names of buckets that are there from the start, and after every `reset()`. */
  buckets?: readonly string[] | undefined;
  /** The region that signatures must name. Default `us-east-1`. */
  region?: string | undefined;
  /** More regions that buckets may be made in; a request for a bucket that is signed for another region is sent on with a 301. */
  regions?: readonly string[] | undefined;
  /** The time, as a `Date` or in milliseconds since 1970. Default the machine's. */
  clock?: (() => Date | number) | undefined;
  /** Key and certificate, in PEM, to speak TLS. */
  tls?: { key: string | Buffer; cert: string | Buffer } | undefined;
  /**
   * Keeps everything in this folder and not in memory: a server that is started on it later has the same buckets and objects, whatever became of this one. It
   * is made when it is not there, and one server at a time can have it. File names in it have nothing to do with keys.
   */
  folder?: string | undefined;
  /** Bytes that all objects and parts may have together. Default 1 GiB, and with `folder` no bound. */
  maxBytes?: number | undefined;
  /** Items on a page of a list at most: fewer than S3's 1000 make clients turn pages. */
  pageSize?: number | undefined;
  /** Bytes that parts must have at least, but for the last. Default S3's 5 MiB. */
  minPartSize?: number | undefined;
  /** What decides on faults with a chance. Default `Math.random`. */
  random?: (() => number) | undefined;
  /** Host names whose first label is a bucket, besides `localhost` and S3's own: `bucket.s3.test`. */
  domains?: readonly string[] | undefined;
}

const defaultCredentials: ServerCredentials = {
  accessKeyId: "AKIATUCUXITESTING000",
  secretAccessKey: "tucuxi/testing/secret+access/key/0123456",
};

const maxLog = 10_000;
const maxMemory = 1024 ** 3;

/**
 * An S3 in memory behind a real socket, for tests of any client: it checks every signature, checksum and limit as S3 does and answers with S3's own
 * codes and statuses. What it can't do it answers with NotImplemented.
 *
 * ```ts
 * const server = await S3Server.start({ buckets: ["my-bucket"] });
 * const s3 = new S3Client({ endpoint: server.url, region: server.region, credentials: server.credentials });
 * await s3.putObject({ Bucket: "my-bucket", Key: "hello", Body: "world" });
 * await server.stop();
 * ```
 */
export class S3Server {
  /** Where to send requests: `http://127.0.0.1:12345`. */
  readonly url: string;
  readonly port: number;
  /** Good credentials: the first of those given, or made up. */
  readonly credentials: { accessKeyId: string; secretAccessKey: string; sessionToken?: string };
  /** The region that signatures must name. */
  readonly region: string;
  /** What was asked so far, the oldest first; the last ten thousand. */
  readonly requests: RequestLog[] = [];

  readonly #server: Server;
  readonly #world: World;
  readonly #folder: Folder | undefined;
  readonly #options: S3ServerOptions;
  #faults: Fault[] = [];

  /** Starts a server and resolves when it listens. Rejects when the port or the folder is taken, or an option is misspelt. */
  static async start(options: S3ServerOptions = {}): Promise<S3Server> {
    checkServerOptions(options);
    const settings = {
      keepAliveTimeout: 30_000,
      requestTimeout: 0,
      maxHeaderSize: 64 * 1024,
      highWaterMark: 64 * 1024,
    };
    const server: Server = options.tls
      ? (await import("node:https")).createServer({ ...settings, key: options.tls.key, cert: options.tls.cert })
      : createHttpServer(settings);
    const folder =
      options.folder === undefined
        ? undefined
        : new (await import("./folder.js")).Folder(options.folder, options.maxBytes ?? Number.POSITIVE_INFINITY);
    try {
      await new Promise<void>((resolve, reject) => {
        server.once("error", reject);
        server.listen(options.port ?? 0, options.host ?? "127.0.0.1", () => {
          server.off("error", reject);
          resolve();
        });
      });
      return new S3Server(server, options, folder);
    } catch (error) {
      server.close();
      folder?.close();
      throw error;
    }
  }

  private constructor(server: Server, options: S3ServerOptions, folder: Folder | undefined) {
    this.#server = server;
    this.#options = options;
    const { port, address } = server.address() as AddressInfo;
    const name = address.includes(":") ? `[${address}]` : address;
    this.port = port;
    this.url = `${options.tls ? "https" : "http"}://${name}:${port}`;
    this.region = options.region ?? "us-east-1";
    const given = options.credentials ?? defaultCredentials;
    const list = (Array.isArray(given) ? given : [given]) as readonly ServerCredentials[];
    const { accessKeyId, secretAccessKey, sessionToken } = list[0] ?? defaultCredentials;
    this.credentials = { accessKeyId, secretAccessKey, ...(sessionToken === undefined ? {} : { sessionToken }) };
    this.#folder = folder;
    const documents = new MemoryStorage(maxMemory);
    this.#world = {
      users: new Users(list.length > 0 ? list : [defaultCredentials]),
      buckets: new Map(),
      region: this.region,
      regions: [this.region, ...(options.regions ?? [])],
      storage: folder?.files ?? new MemoryStorage(options.maxBytes ?? maxMemory),
      documents,
      journal: folder,
      maxPage: options.pageSize ?? 1000,
      minPartSize: options.minPartSize ?? 5 * 1024 * 1024,
      url: this.url,
    };
    folder?.load(this.#world);
    this.#fill();
    const ownHosts = [
      name,
      options.host ?? "127.0.0.1",
      "127.0.0.1",
      "[::1]",
      "localhost",
      ...(options.domains ?? []),
    ].map((host) => host.toLowerCase());
    const host = {
      world: this.#world,
      ownHosts: [...new Set(ownHosts)],
      now: () => this.#now(),
      log: (entry: RequestLog) => this.#log(entry),
      fault: (operation: string, bucket: string | undefined, key: string | undefined) =>
        this.#faults.find((fault) => fault.meets(operation, bucket, key, this.#options.random ?? Math.random))?.options,
    };
    const answer = (expectsContinue: boolean) => (request: IncomingMessage, response: ServerResponse) => {
      // A client that goes away in the middle is no fault of the server's.
      request.on("error", () => {});
      response.on("error", () => {});
      void new Exchange(host, request, response, expectsContinue).run();
    };
    server.on("request", answer(false));
    server.on("checkContinue", answer(true));
    server.on("clientError", (_error, socket) => {
      if (socket.writable) socket.end("HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Length: 0\r\n\r\n");
    });
  }

  #now(): Date {
    const { clock } = this.#options;
    return new Date(clock === undefined ? Date.now() : clock());
  }

  #log(entry: RequestLog): void {
    this.requests.push(entry);
    if (this.requests.length > maxLog) this.requests.splice(0, this.requests.length - maxLog);
  }

  #fill(): void {
    const { users, buckets } = this.#world;
    const owner = users.first;
    for (const name of this.#options.buckets ?? []) {
      const fault = bucketNameFault(name);
      if (fault) throw new Error(`S3Server: ${JSON.stringify(name)} can't be a bucket: ${fault}.`);
      if (buckets.has(name)) continue;
      const acl = readAcl(this.#world, {}, owner, undefined);
      const bucket = new Bucket(name, this.region, this.#now(), owner, acl, false);
      bucket.journal = this.#folder;
      buckets.set(name, bucket);
      bucket.changedSettings();
    }
  }

  /**
   * Makes requests go wrong from now on: which ones, how many, and how. The first fault that meets a request is the one that counts.
   *
   * ```ts
   * server.fault({ operation: "PutObject", times: 2, code: "SlowDown" });
   * server.fault({ operation: "GetObject", key: "big", resetAfter: 100_000, times: 1 });
   * ```
   */
  fault(options: FaultOptions): Fault {
    checkFault(options);
    const fault = new Fault(options, (gone) => {
      this.#faults = this.#faults.filter((other) => other !== gone);
    });
    this.#faults.push(fault);
    return fault;
  }

  /** Takes all faults away. */
  clearFaults(): void {
    this.#faults = [];
  }

  /** Forgets everything, also what is in its folder: objects, buckets but those of the options, faults, the log. Connections stay open. */
  reset(): void {
    this.#world.buckets.clear();
    this.#world.users.reset();
    if (this.#folder) this.#folder.clear(this.#world);
    else this.#world.storage.clear();
    this.requests.length = 0;
    this.clearFaults();
    this.#fill();
  }

  /** Stops listening and closes all connections. What is in its folder stays there. */
  async stop(): Promise<void> {
    if (!this.#server.listening) return;
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    this.#server.closeAllConnections();
    await closed;
    this.#folder?.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }
}

import type { Credentials } from "../credentials/types.js";
import { TucuxiError } from "../errors/base.js";
import { S3ServiceError } from "../errors/service.js";
import type { Operations } from "../model/generated/methods.js";
import type { PageOperations } from "../model/generated/pages.js";
import type { CreateSessionOutput, HeadBucketOutput } from "../model/generated/types.js";
import type { Waiters } from "../model/generated/waiters.js";
import { type OperationName, operation } from "../model/operation.js";
import { encodeKey } from "../protocol/encode.js";
import type { PresignedPost } from "../sigv4/index.js";
import type { TransferContext } from "../transfer/context.js";
import { claimBody } from "../transport/claim.js";
import type { TransportStats } from "../transport/index.js";
import { checkClientOptions } from "./check-options.js";
import { anonymous, Engine, type Equipment, type KeySource, keysAlways, keysFrom, keysLater } from "./engine.js";
import { ExpressSessions } from "./express.js";
import type { CallOptions, PresignOptions, S3ClientOptions } from "./options.js";
import { type Pages, type PaginateOptions, paginate } from "./pages.js";
import { draftUrl } from "./presign.js";
import type { PresignPostInput } from "./presign-post.js";
import { ProfileSession } from "./profile-session.js";
import { isRegion, regionNamed } from "./redirect.js";
import { clientSettings } from "./settings.js";
import { S3Transfers } from "./transfers.js";
import { type WaitOptions, waitUntil } from "./waiters.js";

/** Methods that need nothing in their input. */
type Inputless = { [M in keyof Operations]: object extends Operations[M]["input"] ? M : never }[keyof Operations];

/**
 * A client of S3: one method for every operation of its API, each from a typed dictionary to a typed dictionary.
 *
 * ```ts
 * const s3 = new S3Client({ region: "eu-central-1" });
 * const { Body } = await s3.getObject({ Bucket: "river", Key: "tucuxi.jpg" });
 * ```
 *
 * Making one costs nothing: files are read, and code is loaded, on the first call. It holds connections: share one, and
 * `close()` it at the end (or declare it with `await using`).
 */
export class S3Client extends S3Transfers {
  readonly #options: S3ClientOptions;
  readonly #session: ProfileSession;
  #engine: Engine | undefined;
  #starting: Promise<Engine> | undefined;
  #closed = false;
  #closing: Promise<void> | undefined;
  /** Calls under way. */
  #running = 0;
  #whenIdle: (() => void) | undefined;

  /**
   * @param options see S3ClientOptions; what is not given comes from the session, the environment and the shared files
   * @param session where profile and credentials come from; default: one of its own
   * @throws ConfigError for an option that is misspelt or of the wrong kind
   */
  constructor(
    options: S3ClientOptions = {},
    session: ProfileSession = new ProfileSession({ profile: options?.profile }),
  ) {
    super();
    this.#options = checkClientOptions(options);
    this.#session = session;
  }

  /** The region that requests go to, unless a bucket is known to be elsewhere. */
  get region(): string {
    return this.#now().settings.region;
  }

  protected override async call(name: OperationName, input: object, options: CallOptions | undefined): Promise<object> {
    const op = operation(name);
    // From here on an error of a stream is the call's, also while settings and credentials are awaited.
    const payload = op.input.payload;
    if (payload?.streaming) claimBody((input as Record<string, unknown> | undefined)?.[payload.name]);
    const engine = this.#engine ?? (await this.#start());
    const { travel } = engine.equipment ?? (await this.#equip(engine));
    if (this.#closed) throw closed();
    this.#running++;
    let output: object;
    try {
      output = await travel(engine, op, input, options);
    } finally {
      if (--this.#running === 0) this.#whenIdle?.();
    }
    // What was learnt of a bucket ends with it: the next of that name may be anywhere.
    if (name === "DeleteBucket" || name === "CreateBucket") engine.regions.forget((input as { Bucket: string }).Bucket);
    return output;
  }

  /** Where the input needs no member, it may be left out. */
  paginate(method: "listBuckets", input?: undefined, options?: PaginateOptions): Pages<"listBuckets">;
  /** The same of directory buckets. */
  paginate(method: "listDirectoryBuckets", input?: undefined, options?: PaginateOptions): Pages<"listDirectoryBuckets">;
  /**
   * A listing of any length, page by page or item by item: `for await (const object of s3.paginate("listObjectsV2", { Bucket }).items())`.
   * @param method a listing operation, by the name of its method
   * @returns an async iterable of pages; nothing is sent before it is iterated
   * @throws PaginationError for an operation that lists nothing
   */
  paginate<M extends keyof PageOperations>(
    method: M,
    input: Operations[M]["input"],
    options?: PaginateOptions,
  ): Pages<M>;
  paginate<M extends keyof PageOperations>(
    method: M,
    input = {} as Operations[M]["input"],
    options?: PaginateOptions,
  ): Pages<M> {
    return paginate(this, method, input, options);
  }

  /**
   * Asks again and again until it is so: `bucketExists`, `bucketNotExists`, `objectExists` or `objectNotExists`.
   * @param options `delay` in seconds (5), `maxAttempts` (20), `jitter`, `signal`
   * @returns the answer that ended the wait, if that was no error
   * @throws WaiterError when it is not so after all attempts, or the answer says nothing about it
   */
  waitUntil<N extends keyof Waiters>(
    name: N,
    input: Waiters[N]["input"],
    options?: WaitOptions,
  ): Promise<Waiters[N]["output"]> {
    return waitUntil(this, name, input, options);
  }

  /** Where the input needs no member, it may be left out. */
  presign(method: Inputless, input?: undefined, options?: PresignOptions): Promise<string>;
  /**
   * A URL with which anybody can make one request, without credentials, until it expires.
   * @param method the operation, by the name of its method: `"getObject"`, `"putObject"`
   * @param input the operation's input; members that travel in headers must be sent by whoever uses the URL
   * @returns the URL
   * @see {@link https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-query-string-auth.html Query parameters of a signature}
   */
  presign<M extends keyof Operations>(
    method: M,
    input: Operations[M]["input"],
    options?: PresignOptions,
  ): Promise<string>;
  async presign(method: keyof Operations, input?: object, options: PresignOptions = {}): Promise<string> {
    const engine = this.#engine ?? (await this.#start());
    const draft = draftUrl(engine, method, input, options);
    return draft.sign(await engine.keysFor(draft.endpoint, draft.bucket));
  }

  /** Where the input needs no member, it may be left out. */
  presignSync(method: Inputless, input?: undefined, options?: PresignOptions): string;
  /**
   * The same without a promise.
   * @throws CredentialsError when credentials are not there yet: they come with the first call, or with `await session.credentials()`
   */
  presignSync<M extends keyof Operations>(method: M, input: Operations[M]["input"], options?: PresignOptions): string;
  presignSync(method: keyof Operations, input?: object, options: PresignOptions = {}): string {
    const engine = this.#now();
    const draft = draftUrl(engine, method, input, options);
    return draft.sign(engine.peekKeys(draft.endpoint, draft.bucket));
  }

  /**
   * URL and fields of a form with which a browser uploads one object.
   * @see {@link https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-HTTPPOSTConstructPolicy.html POST policy}
   */
  async presignPost(
    input: PresignPostInput,
    options: Pick<PresignOptions, "expiresIn" | "signingDate"> = {},
  ): Promise<PresignedPost> {
    const engine = this.#engine ?? (await this.#start());
    const { presignedPost } = await import("./presign-post.js");
    return presignedPost(engine, input, options, await engine.keys.get());
  }

  /** The region a bucket is in: as learnt before, or by one HEAD. */
  async bucketRegion(bucket: string, options?: CallOptions): Promise<string> {
    const engine = this.#engine ?? (await this.#start());
    const known = engine.regions.get(bucket);
    if (known !== undefined) return known;
    const region = (await this.#askRegion(bucket, options)) ?? engine.settings.region;
    engine.regions.set(bucket, region);
    return region;
  }

  /** Connections, waiting calls and attempts at this moment; undefined before the first call. */
  stats(): TransportStats | undefined {
    return this.#engine?.equipment?.transport.stats();
  }

  /**
   * Lets go of all connections once the calls under way are done, and the bodies that are being read; those that nobody reads are let go.
   * Calls after it are refused.
   */
  close(): Promise<void> {
    this.#closed = true;
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    const engine = this.#engine ?? (await this.#starting?.catch(() => undefined));
    // A call under way may need more than one request.
    if (this.#running > 0) {
      await new Promise<void>((resolve) => {
        this.#whenIdle = resolve;
      });
    }
    await engine?.equipment?.transport.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  protected override async transfers(): Promise<TransferContext> {
    const engine = this.#engine ?? (await this.#start());
    const { service, requestChecksums, askChecksums, checkChecksums } = engine.settings;
    return {
      client: this,
      service,
      checksums: requestChecksums === "supported",
      askChecksums,
      checkChecksums,
      location: (bucket, key) => {
        const { origin, basePath } = engine.endpoint(operation("PutObject"), bucket, undefined);
        return `${origin}${basePath}/${encodeKey(key)}`;
      },
    };
  }

  #start(): Promise<Engine> {
    if (this.#closed) return Promise.reject(closed());
    this.#starting ??= this.#make().catch((error: unknown) => {
      this.#starting = undefined;
      throw error;
    });
    return this.#starting;
  }

  async #make(): Promise<Engine> {
    const [keys] = await Promise.all([this.#keysNow() ?? this.#keys(), this.#session.load()]);
    this.#engine ??= this.#assemble(keys);
    return this.#engine;
  }

  /** The engine without a wait, for what is synchronous: keys that take time to come are not there yet. */
  #now(): Engine {
    this.#engine ??= this.#assemble(
      this.#keysNow() ??
        keysLater(
          () => this.#keys(),
          () => this.#keysNow(),
        ),
    );
    return this.#engine;
  }

  #assemble(keys: KeySource): Engine {
    const settings = clientSettings(this.#options, this.#session.settings(this.#options), this.#session.env);
    return new Engine({
      settings,
      keys,
      express: settings.expressSessions ? new ExpressSessions((bucket) => this.#createSession(bucket)) : undefined,
      askRegion: (bucket, signal) => this.#askRegion(bucket, { signal }),
    });
  }

  async #equip(engine: Engine): Promise<Equipment> {
    const { equip } = await import("./road.js");
    engine.equipment ??= equip(engine, {
      env: this.#session.env,
      dispatcher: this.#options.dispatcher ?? this.#session.options.dispatcher,
    });
    return engine.equipment;
  }

  /** Keys that need no fetching, or were fetched for the session. */
  #keysNow(): KeySource | undefined {
    const given = this.#options.credentials ?? this.#session.given;
    if (given === "anonymous") return anonymous;
    if (typeof given === "object") return keysAlways(given);
    const loaded = this.#options.credentials === undefined ? this.#session.loadedCredentials : undefined;
    return loaded && keysFrom(loaded);
  }

  async #keys(): Promise<KeySource> {
    const given = this.#options.credentials;
    return keysFrom(
      await this.#session.credentialCache(typeof given === "function" ? given : undefined, this.#options.logger),
    );
  }

  async #createSession(bucket: string): Promise<{ credentials: Credentials; expires: number }> {
    const output = await this.#ask("CreateSession", { Bucket: bucket }, undefined);
    const { Credentials: keys } = output as CreateSessionOutput;
    return {
      credentials: {
        accessKeyId: keys.AccessKeyId,
        secretAccessKey: keys.SecretAccessKey,
        sessionToken: keys.SessionToken,
      },
      expires: keys.Expiration.getTime(),
    };
  }

  /** A call that is part of another, which may be under way when the client is closed; what it is answered is the answer, redirect or not. */
  async #ask(name: OperationName, input: object, options: CallOptions | undefined): Promise<object> {
    const engine = this.#now();
    const { travel } = engine.equipment ?? (await this.#equip(engine));
    return travel(engine, operation(name), input, options, true);
  }

  /** By the headers of a HEAD, whether it succeeds or not. */
  async #askRegion(bucket: string, options: CallOptions | undefined): Promise<string | undefined> {
    try {
      const output = await this.#ask("HeadBucket", { Bucket: bucket }, options);
      const { BucketRegion: region } = output as HeadBucketOutput;
      return region !== undefined && isRegion(region) ? region : undefined;
    } catch (error) {
      const region = error instanceof S3ServiceError ? regionNamed(error) : undefined;
      if (region === undefined) throw error;
      return region;
    }
  }
}

function closed(): TucuxiError {
  return new TucuxiError("The client is closed", {
    code: "ClientClosed",
    hint: "Make a new S3Client, or close this one later.",
  });
}

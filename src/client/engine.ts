/** What a client is made of once its settings are known: the state that all its calls share. */
import type { CredentialCache } from "../credentials/cache.js";
import type { Credentials } from "../credentials/types.js";
import { type OperationTraits, traitsKey } from "../endpoint/cache.js";
import { type PreparedEndpoint, withHostPrefix } from "../endpoint/prepared.js";
import { CredentialsError } from "../errors/base.js";
import type { Operation } from "../model/operation.js";
import type { RetryPolicy, Transport } from "../transport/index.js";
import { sleep } from "../transport/sleep.js";
import type { ExpressSessions } from "./express.js";
import type { CallOptions } from "./options.js";
import { BucketRegions } from "./regions.js";
import type { ClientSettings } from "./settings.js";
import { Signers } from "./signing.js";

/** Where keys come from: undefined means that requests go out unsigned. */
export interface KeySource {
  /** Keys that are good now, or the wait for them. */
  get(signal?: AbortSignal): Credentials | undefined | Promise<Credentials | undefined>;
  /** Keys at hand, without a wait; throws CredentialsError when there are none yet. */
  peek(): Credentials | undefined;
  /** The service says that these have expired: fetch others. False where there are no others. */
  refresh(refused: Credentials | undefined, signal?: AbortSignal): Promise<boolean>;
}

/** Keys from a cache that refreshes itself. */
export function keysFrom(cache: CredentialCache): KeySource {
  return {
    get: (signal) => cache.get(signal),
    peek: () => cache.peekOrThrow(),
    refresh: async (refused, signal) => (await cache.forceRefresh(refused, signal)) !== refused,
  };
}

/** Keys that come from somewhere that takes time: the first wait fetches the source itself, unless somebody else has. */
export function keysLater(fetch: () => Promise<KeySource>, atHand: () => KeySource | undefined): KeySource {
  let source: KeySource | undefined;
  let loading: Promise<KeySource> | undefined;
  const load = (): Promise<KeySource> => {
    loading ??= fetch().then(
      (fetched) => {
        source = fetched;
        return fetched;
      },
      (error: unknown) => {
        loading = undefined;
        throw error;
      },
    );
    return loading;
  };
  return {
    get: (signal) => (source ? source.get(signal) : load().then((loaded) => loaded.get(signal))),
    peek() {
      source ??= atHand();
      return source ? source.peek() : notLoaded();
    },
    refresh: async (refused, signal) => (await load()).refresh(refused, signal),
  };
}

function notLoaded(): never {
  throw new CredentialsError("There are no credentials yet: they are fetched by the first call that waits for them", {
    code: "CredentialsNotLoaded",
    hint: "Await `session.credentials()`, `client.presign(...)` or any operation once, then presign without waiting.",
  });
}

/** No keys: unsigned requests. */
export const anonymous: KeySource = { get: () => undefined, peek: () => undefined, refresh: async () => false };

/** Keys that never change. */
export const keysAlways = (credentials: Credentials): KeySource => ({
  get: () => credentials,
  peek: () => credentials,
  refresh: async () => false,
});

/** The endpoint traits of operations: a number each, worked out once. */
const traits = new WeakMap<Operation, number>();

function traitsOf(op: Operation): number {
  let key = traits.get(op);
  if (key === undefined) {
    const own: OperationTraits = {
      ...op,
      pathStyle: op.name === "GetBucketLocation",
      // What makes and configures directory buckets has no session, at endpoints of one's own either: there is no bucket yet to have one.
      noExpressSession: op.noExpressSession || op.expressControl,
    };
    key = traitsKey(own);
    traits.set(op, key);
  }
  return key;
}

/** The trait that keeps presigned URLs on the regional host. */
const REGIONAL = traitsKey({ regionalHost: true });

/** What requests are sent with. Its code is loaded with the first of them: a program that only presigns never needs it. */
export interface Equipment {
  readonly transport: Transport;
  readonly retry: RetryPolicy;
  /** Takes one call down the road. */
  readonly travel: (
    engine: Engine,
    op: Operation,
    input: object,
    options: CallOptions | undefined,
    stay?: boolean,
  ) => Promise<object>;
}

export class Engine {
  readonly settings: ClientSettings;
  /** There from the first call on. */
  equipment: Equipment | undefined;
  readonly keys: KeySource;
  readonly express: ExpressSessions | undefined;
  /** Asks the service where a bucket is. */
  readonly askRegion: (bucket: string, signal: AbortSignal | undefined) => Promise<string | undefined>;
  readonly regions = new BucketRegions();
  readonly signers = new Signers();
  /** Milliseconds by which the service's clock is ahead of ours. */
  skew = 0;

  constructor(parts: Pick<Engine, "settings" | "keys" | "express" | "askRegion">) {
    this.settings = parts.settings;
    this.keys = parts.keys;
    this.express = parts.express;
    this.askRegion = parts.askRegion;
  }

  get transport(): Transport {
    return this.equipment!.transport;
  }

  get retry(): RetryPolicy {
    return this.equipment!.retry;
  }

  /** Waits; the signal cuts it short. */
  pause(ms: number, signal: AbortSignal | undefined): Promise<void> {
    return sleep(ms, signal);
  }

  /** Requests go out unsigned. */
  get isAnonymous(): boolean {
    return this.keys === anonymous;
  }

  /** The time, as the service has it. */
  now(): number {
    return Date.now() + this.skew;
  }

  /** Where a request goes. `presigned`: to the regional host in any case. */
  endpoint(
    op: Operation,
    bucket: string | undefined,
    hostPrefix: string | undefined,
    presigned = false,
  ): PreparedEndpoint {
    const region = bucket === undefined ? undefined : this.regions.get(bucket);
    const key = presigned ? traitsOf(op) | REGIONAL : traitsOf(op);
    const endpoint = this.settings.endpoints.get(bucket, key, region);
    return hostPrefix === undefined ? endpoint : withHostPrefix(endpoint, hostPrefix);
  }

  /** The keys that sign for an endpoint: the client's own, or those of a directory bucket's session. */
  keysFor(
    endpoint: PreparedEndpoint,
    bucket: string | undefined,
    signal?: AbortSignal,
  ): Credentials | undefined | Promise<Credentials | undefined> {
    return bucket !== undefined && this.express && this.#wantsSession(endpoint)
      ? this.express.get(bucket, this.now(), signal)
      : this.keys.get(signal);
  }

  /** The same without a wait. */
  peekKeys(endpoint: PreparedEndpoint, bucket: string | undefined): Credentials | undefined {
    return bucket !== undefined && this.express && this.#wantsSession(endpoint)
      ? (this.express.peek(bucket, this.now()) ?? notLoaded())
      : this.keys.peek();
  }

  /** Whoever signs nothing has nothing to open a session with. */
  #wantsSession({ signing }: PreparedEndpoint): boolean {
    return signing.name === "sigv4-s3express" && !this.isAnonymous;
  }
}

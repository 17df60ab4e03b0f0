import type { Credentials } from "../credentials/types.js";

/** What CreateSession gives. */
export interface ExpressSession {
  readonly credentials: Credentials;
  /** When the session ends, in milliseconds since 1970. */
  readonly expires: number;
}

/** A session is made anew this long before its end while the old one is still used... */
const ADVISORY_MS = 45_000;
/** ...and waited for from here on. */
const MANDATORY_MS = 10_000;
const LIMIT = 100;

/**
 * The sessions of directory buckets (S3 Express One Zone): one a bucket, made on first use, renewed ahead of their end, one
 * request for a session at a time however many wait.
 * @see {@link https://docs.aws.amazon.com/AmazonS3/latest/API/API_CreateSession.html CreateSession}
 */
export class ExpressSessions {
  readonly #create: (bucket: string) => Promise<ExpressSession>;
  readonly #now: () => number;
  readonly #sessions = new Map<string, ExpressSession>();
  readonly #pending = new Map<string, Promise<ExpressSession>>();

  /** @param create calls CreateSession for a bucket */
  constructor(create: (bucket: string) => Promise<ExpressSession>, now: () => number = Date.now) {
    this.#create = create;
    this.#now = now;
  }

  /** The session's credentials: at once where one is good, after CreateSession where none is. */
  get(bucket: string): Credentials | Promise<Credentials> {
    const session = this.#sessions.get(bucket);
    const left = session ? session.expires - this.#now() : 0;
    if (session && left > ADVISORY_MS) return session.credentials;
    const renewal = this.#renew(bucket);
    if (session && left > MANDATORY_MS) {
      // The old session still holds; whoever comes after it has ended sees the failure.
      renewal.catch(() => {});
      return session.credentials;
    }
    return renewal.then((renewed) => renewed.credentials);
  }

  /** The session's credentials, if one is good now. */
  peek(bucket: string): Credentials | undefined {
    const session = this.#sessions.get(bucket);
    return session && session.expires - this.#now() > 0 ? session.credentials : undefined;
  }

  /** The service refused the session: the next request makes another. */
  forget(bucket: string): void {
    this.#sessions.delete(bucket);
  }

  #renew(bucket: string): Promise<ExpressSession> {
    let pending = this.#pending.get(bucket);
    if (!pending) {
      pending = this.#create(bucket).then(
        (session) => {
          this.#pending.delete(bucket);
          this.#sessions.delete(bucket);
          if (this.#sessions.size >= LIMIT) this.#sessions.delete(this.#sessions.keys().next().value as string);
          this.#sessions.set(bucket, session);
          return session;
        },
        (error: unknown) => {
          this.#pending.delete(bucket);
          throw error;
        },
      );
      this.#pending.set(bucket, pending);
    }
    return pending;
  }
}

import { makeCredentials } from "../credentials/make.js";
import type { Credentials } from "../credentials/types.js";
import { orAborted } from "./limits.js";

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
/** After a renewal ahead of time that failed, the next one waits this long. */
const PAUSE_MS = 5_000;
const LIMIT = 100;

interface Kept {
  readonly credentials: Credentials;
  readonly expires: number;
  /** From here on a renewal is tried while these are still used. */
  renewFrom: number;
}

/**
 * The sessions of directory buckets (S3 Express One Zone): one a bucket, made on first use, renewed ahead of their end, one
 * request for a session at a time however many wait. Times are the service's, in milliseconds since 1970.
 * @see {@link https://docs.aws.amazon.com/AmazonS3/latest/API/API_CreateSession.html CreateSession}
 */
export class ExpressSessions {
  readonly #create: (bucket: string) => Promise<ExpressSession>;
  readonly #sessions = new Map<string, Kept>();
  readonly #pending = new Map<string, Promise<Kept>>();

  /** @param create calls CreateSession for a bucket */
  constructor(create: (bucket: string) => Promise<ExpressSession>) {
    this.#create = create;
  }

  /** The session's credentials: at once where one is good, after CreateSession where none is. The signal ends the wait, not CreateSession. */
  get(bucket: string, now: number, signal?: AbortSignal): Credentials | Promise<Credentials> {
    const session = this.#sessions.get(bucket);
    if (session && now < session.renewFrom) return session.credentials;
    if (session && session.expires - now > MANDATORY_MS) {
      if (!this.#pending.has(bucket)) {
        // The old session still holds; whoever comes after it has ended sees the failure.
        this.#renew(bucket).catch(() => {
          session.renewFrom = Math.min(now + PAUSE_MS, session.expires - MANDATORY_MS);
        });
      }
      return session.credentials;
    }
    return orAborted(this.#renew(bucket), signal).then((renewed) => renewed.credentials);
  }

  /** The session's credentials, if one is good now. */
  peek(bucket: string, now: number): Credentials | undefined {
    const session = this.#sessions.get(bucket);
    return session && session.expires > now ? session.credentials : undefined;
  }

  /** The service refused these credentials: the next request makes a session anew, unless another has done so. */
  forget(bucket: string, refused: Credentials | undefined): void {
    if (this.#sessions.get(bucket)?.credentials === refused) this.#sessions.delete(bucket);
  }

  #renew(bucket: string): Promise<Kept> {
    let pending = this.#pending.get(bucket);
    if (!pending) {
      pending = this.#create(bucket).then(
        ({ credentials, expires }) => {
          this.#pending.delete(bucket);
          this.#sessions.delete(bucket);
          if (this.#sessions.size >= LIMIT) this.#sessions.delete(this.#sessions.keys().next().value as string);
          const kept = { credentials: makeCredentials(credentials), expires, renewFrom: expires - ADVISORY_MS };
          this.#sessions.set(bucket, kept);
          return kept;
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

import { CredentialsError, TucuxiError } from "../errors/base.js";
import { checkCredentials } from "./make.js";
import type { Clock, Credentials, CredentialsLogger, CredentialsProvider } from "./types.js";

/** Credentials with less than this left are renewed while they are still used, in milliseconds... */
export const ADVISORY_WINDOW = 15 * 60_000;
/** ...and with less than this, waited for. */
export const MANDATORY_WINDOW = 10 * 60_000;
/** After a renewal in the background that failed, the next one waits this long, in milliseconds. */
const PAUSE = 5_000;

/** Options of a `CredentialCache`. */
export interface CredentialCacheOptions {
  /** The time. Default: `Date.now`. */
  readonly clock?: Clock | undefined;
  /** Where warnings go. Default: `process.emitWarning`. */
  readonly logger?: CredentialsLogger | undefined;
}

/**
 * Keeps the credentials of one provider and renews them before they end, one renewal at a time however many requests ask.
 * Credentials without an end are kept until `forceRefresh`.
 */
export class CredentialCache {
  readonly #provider: CredentialsProvider;
  readonly #now: () => number;
  readonly #logger: CredentialsLogger | undefined;
  #current: Credentials | undefined;
  #pending: Promise<Credentials> | undefined;
  // The current credentials' limits in milliseconds since 1970, kept apart so that a request costs two comparisons.
  #advisory = 0;
  #mandatory = 0;
  #end = 0;
  /** Whether the credentials before these held for no longer than the advisory window, either. */
  #shortLived = false;

  constructor(provider: CredentialsProvider, { clock = () => Date.now(), logger }: CredentialCacheOptions = {}) {
    this.#provider = provider;
    this.#now = () => Number(clock());
    this.#logger = logger;
  }

  /**
   * Credentials that hold: at once where there are some, else a promise of them.
   *
   * @param signal ends this wait, not the renewal, for which others may wait.
   */
  get(signal?: AbortSignal): Credentials | Promise<Credentials> {
    return this.#usable(MANDATORY) ?? this.#wait(this.#renew(), signal);
  }

  /** Credentials that have not ended, without waiting; a renewal that is due begins in the background. */
  peek(): Credentials | undefined {
    return this.#usable(END);
  }

  /**
   * The same, or why there are none.
   *
   * @throws CredentialsError that says to load them first.
   */
  peekOrThrow(): Credentials {
    const credentials = this.peek();
    if (credentials !== undefined) return credentials;
    const ended = this.#current !== undefined;
    throw new CredentialsError(
      ended ? "The credentials have ended, and new ones are not here yet" : "The credentials are not loaded yet",
      {
        code: ended ? "CredentialsExpired" : "CredentialsNotLoaded",
        hint: "Use the asynchronous form, or `await` any call of the client (or session.credentials()) first.",
      },
    );
  }

  /**
   * The service says that these credentials have ended: new ones, unless there are others already.
   *
   * @param refused the credentials that the service refused.
   */
  forceRefresh(refused?: Credentials, signal?: AbortSignal): Promise<Credentials> {
    const current = this.#current;
    if (refused !== undefined && current !== undefined && !isSame(current, refused)) return Promise.resolve(current);
    return this.#wait(this.#renew(), signal);
  }

  #usable(limit: typeof MANDATORY | typeof END): Credentials | undefined {
    const current = this.#current;
    if (current === undefined || this.#advisory === Number.POSITIVE_INFINITY) return current;
    const now = this.#now();
    if (now < this.#advisory) return current;
    if (now >= (limit === MANDATORY ? this.#mandatory : this.#end)) {
      if (limit === END) this.#renewBehind();
      return undefined;
    }
    this.#renewBehind();
    return current;
  }

  #renewBehind(): void {
    if (this.#pending !== undefined) return;
    this.#renew().catch((error: unknown) => {
      this.#advisory = Math.min(this.#now() + PAUSE, this.#mandatory);
      const message = `Credentials could not be renewed yet; the old ones are used until they end: ${(error as Error).message}`;
      if (this.#logger?.warn) this.#logger.warn(message);
      else process.emitWarning(message, "TucuxiWarning");
    });
  }

  #renew(): Promise<Credentials> {
    this.#pending ??= this.#fetch().finally(() => {
      this.#pending = undefined;
    });
    return this.#pending;
  }

  /** Asks the provider; what a provider of the user's throws is told as what it means here, with the cause kept. */
  async #ask(): Promise<Credentials> {
    try {
      return await this.#provider();
    } catch (cause) {
      if (cause instanceof TucuxiError) throw cause;
      throw new CredentialsError(
        `The credentials provider failed: ${cause instanceof Error ? cause.message : String(cause)}`,
        {
          code: "CredentialsProviderFailed",
          cause,
          hint: "See `cause`: it is what the function given as `credentials` threw.",
        },
      );
    }
  }

  async #fetch(): Promise<Credentials> {
    const credentials = checkCredentials(await this.#ask(), "credentials provider");
    const now = this.#now();
    const end = credentials.expiration?.getTime() ?? Number.POSITIVE_INFINITY;
    if (end <= now) {
      throw new CredentialsError(`The provider's new credentials ended at ${credentials.expiration!.toISOString()}`, {
        code: "CredentialsExpired",
        hint: "Log in again, or check this machine's clock.",
      });
    }
    const short = end - now <= ADVISORY_WINDOW;
    // Some credentials never hold longer than the window: renewed by its rule, they would be renewed without end.
    const scale = short && this.#shortLived ? (end - now) / (4 * ADVISORY_WINDOW) : 1;
    this.#current = credentials;
    this.#shortLived = short;
    this.#advisory = end - ADVISORY_WINDOW * scale;
    this.#mandatory = end - MANDATORY_WINDOW * scale;
    this.#end = end;
    return credentials;
  }

  #wait(pending: Promise<Credentials>, signal: AbortSignal | undefined): Promise<Credentials> {
    if (signal === undefined) return pending;
    return new Promise((resolve, reject) => {
      const stop = (): void => reject(signal.reason);
      if (signal.aborted) {
        pending.catch(() => {});
        stop();
        return;
      }
      signal.addEventListener("abort", stop, { once: true });
      pending.then(resolve, reject).finally(() => signal.removeEventListener("abort", stop));
    });
  }
}

const isSame = (one: Credentials, other: Credentials): boolean =>
  one.accessKeyId === other.accessKeyId && one.sessionToken === other.sessionToken;

const MANDATORY = 0;
const END = 1;

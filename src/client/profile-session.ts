import { inspect } from "node:util";
import { SharedConfigFiles } from "../config/files.js";
import { chooseProfile } from "../config/profile.js";
import { type GivenSettings, resolveSettings, type Settings } from "../config/settings.js";
import type { Env } from "../config/types.js";
import type { CredentialCache } from "../credentials/cache.js";
import type {
  Credentials,
  CredentialsInput,
  CredentialsLogger,
  CredentialsProvider,
  ProviderOptions,
} from "../credentials/types.js";
import { checkSessionOptions } from "./check-options.js";

/**
 * What a session is made from; all optional. `dispatcher` is that of its credentials and of clients that name none; `fetch`, `clock`
 * and `logger` are those of its credentials.
 */
export interface SessionOptions extends Pick<ProviderOptions, "dispatcher" | "fetch" | "clock" | "now" | "logger"> {
  /** Profile of the shared files. Default: `AWS_PROFILE`, `AWS_DEFAULT_PROFILE`, `default`. */
  profile?: string | undefined;
  /** Region of the clients made here. Default: environment, profile. */
  region?: string | undefined;
  /** Keys, a function that fetches them, or `"anonymous"`. Default: the chain of AWS's tools. */
  credentials?: CredentialsInput | undefined;
  /** Path of the config file. Default: `AWS_CONFIG_FILE`, `~/.aws/config`. */
  configFile?: string | undefined;
  /** Path of the credentials file. Default: `AWS_SHARED_CREDENTIALS_FILE`, `~/.aws/credentials`. */
  credentialsFile?: string | undefined;
  /** The environment to read. Default: `process.env`. */
  env?: Env | undefined;
  /** Asks the user for the code of an MFA device, for profiles that name one. */
  mfaCodeProvider?: ((serial: string) => string | Promise<string>) | undefined;
}

/**
 * What a client takes from its session: a profile's settings and credentials. `Session` adds what users ask a session for; it stands
 * apart because it makes clients, and a client makes one of these when it is given none.
 */
export class ProfileSession {
  readonly #options: SessionOptions;
  readonly #files: SharedConfigFiles;
  #cache: CredentialCache | undefined;

  /** @throws ConfigError for an option that is misspelt or of the wrong kind */
  constructor(options: SessionOptions = {}) {
    this.#options = checkSessionOptions(options);
    this.#files = new SharedConfigFiles(this.#options);
  }

  /** What the session was made from. Not a field: it holds credentials, and whoever prints a session shall not see them. @internal */
  get options(): SessionOptions {
    return this.#options;
  }

  /** As it prints: an inspection that calls getters would find the environment, and in it secrets. */
  [inspect.custom](): string {
    return `${this.constructor.name} { profile: ${JSON.stringify(this.profile)} }`;
  }

  /** The environment. @internal */
  get env(): Env {
    return this.options.env ?? process.env;
  }

  /** The profile in use. */
  get profile(): string {
    return chooseProfile(this.options.profile, this.env).name;
  }

  /** The region that clients of this session use unless told otherwise; undefined when nothing names one. */
  get region(): string | undefined {
    return this.options.region ?? this.settings({}).region;
  }

  /** The profiles of both shared files, in their order. */
  get availableProfiles(): string[] {
    return Object.keys(this.#files.loadSync().profiles);
  }

  /** Reads the shared files, if that has not happened: what asks them afterwards need not wait. */
  async load(): Promise<this> {
    await this.#files.load();
    return this;
  }

  /**
   * Credentials that are good now, with the provider they came from (`source`).
   * @throws CredentialsError naming every provider that was tried and what it lacked
   */
  async credentials(): Promise<Credentials> {
    return (await this.credentialCache()).get();
  }

  /** The shared files. @internal */
  get files(): SharedConfigFiles {
    return this.#files;
  }

  /** A client's settings: its options over environment over files. The files must be loaded, or are read at once. @internal */
  settings(given: GivenSettings): Settings {
    return resolveSettings(
      { ...given, region: given.region ?? this.options.region },
      { env: this.env, config: this.#files.loadSync(), profile: this.options.profile },
    );
  }

  /** Credentials given to the session, without a chain. @internal */
  get given(): CredentialsInput | undefined {
    return this.options.credentials;
  }

  /**
   * Where clients take their credentials from: the session's own cache, or one for the provider of a client.
   * @internal
   */
  async credentialCache(provider?: CredentialsProvider, logger?: CredentialsLogger): Promise<CredentialCache> {
    if (this.#cache && !provider) return this.#cache;
    const { credentialCache } = await import("../credentials/session-cache.js");
    const options = { ...this.options, env: this.env, sharedConfig: this.#files };
    if (provider) return credentialCache({ ...options, credentials: provider, logger });
    this.#cache ??= credentialCache(options);
    return this.#cache;
  }

  /** The session's cache, if somebody has asked for credentials. @internal */
  get loadedCredentials(): CredentialCache | undefined {
    return this.#cache;
  }
}

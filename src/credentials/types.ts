import type { Dispatcher } from "undici";
import type { Env, SharedConfig } from "../config/types.js";

/** What signs requests. */
export interface Credentials {
  /** Public name of the key. */
  readonly accessKeyId: string;
  /** The secret that signs; it is never sent. */
  readonly secretAccessKey: string;
  /** Sent along by temporary credentials. */
  readonly sessionToken?: string | undefined;
  /** When they end; absent where they don't, or where that is not known. */
  readonly expiration?: Date | undefined;
  /** The account they belong to, where the source says so. */
  readonly accountId?: string | undefined;
  /** Who gave them, in words: `environment`, `profile 'work': role arn:...`, `instance metadata`. */
  readonly source?: string | undefined;
}

/** What a provider may be told at each call. */
export interface ProviderCallOptions {
  /** Ends the call; it rejects with the signal's own reason. */
  readonly signal?: AbortSignal | undefined;
}

/** Fetches credentials anew at each call: nothing is kept between calls but what the AWS tools keep in files. */
export type CredentialsProvider = (options?: ProviderCallOptions) => Promise<Credentials>;

/** What a client takes for `credentials`: keys, a function that fetches them, or `"anonymous"` for unsigned requests. */
export type CredentialsInput = Credentials | CredentialsProvider | "anonymous";

/** The part of `console` that providers write to. */
export interface CredentialsLogger {
  warn?: ((message: string, ...details: unknown[]) => void) | undefined;
}

/** A point in time, as a `Date` or in milliseconds since 1970. */
export type Clock = () => Date | number;

/** Where providers read the shared files; `SharedConfigFiles` of the config room is one. */
export interface SharedConfigSource {
  /** What the files say, read at first need. */
  load(): Promise<SharedConfig>;
  /** What the files say now. */
  reload(): Promise<SharedConfig>;
}

/** What every provider takes; all optional. */
export interface ProviderOptions {
  /** Profile of the shared files. Default: `AWS_PROFILE`, `AWS_DEFAULT_PROFILE`, `default`. */
  profile?: string | undefined;
  /** Path of the config file. Default: `AWS_CONFIG_FILE`, `~/.aws/config`. */
  configFile?: string | undefined;
  /** Path of the credentials file. Default: `AWS_SHARED_CREDENTIALS_FILE`, `~/.aws/credentials`. */
  credentialsFile?: string | undefined;
  /** The environment to read. Default: `process.env`, as it is at each call. */
  env?: Env | undefined;
  /** Region of the STS and sign-in hosts. Default: environment, profile, `us-east-1`. */
  region?: string | undefined;
  /** An undici Dispatcher to send through. Default: a connection of one's own, by proxy where the environment names one. */
  dispatcher?: Pick<Dispatcher, "dispatch"> | undefined;
  /** A `fetch` to send with, where there is no dispatcher. */
  fetch?: typeof globalThis.fetch | undefined;
  /** The time. Default: `Date.now`. */
  clock?: Clock | undefined;
  /** The same under the name that other libraries give it. */
  now?: Clock | undefined;
  /** Where warnings go. Default: `process.emitWarning`. */
  logger?: CredentialsLogger | undefined;
  /** Asks the user for the code of an MFA device; it is given the device's serial number or ARN. */
  mfaCodeProvider?: ((serial: string) => string | Promise<string>) | undefined;
  /** The shared files, where someone reads them already; instead of `configFile` and `credentialsFile`. */
  sharedConfig?: SharedConfigSource | undefined;
}

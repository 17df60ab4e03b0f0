import type { Sources } from "../config/endpoint-url.js";
import { SharedConfigFiles } from "../config/files.js";
import { chooseProfile, type ProfileChoice } from "../config/profile.js";
import { readSetting } from "../config/settings.js";
import { type Env, emptyRecord, type SharedConfig } from "../config/types.js";
import { ConfigError } from "../errors/base.js";
import { type Lack, NoCredentialsError } from "./errors.js";
import { type HttpSend, makeSend } from "./http.js";
import type { Credentials, CredentialsProvider, ProviderOptions } from "./types.js";

/** What the providers share during one call: the world they look at, and what they found lacking in it. */
export interface Context {
  readonly options: ProviderOptions;
  readonly env: Env;
  readonly signal: AbortSignal | undefined;
  /** The profile that applies; `from: "option"` where the program named it. */
  readonly choice: ProfileChoice;
  readonly send: HttpSend;
  /** Providers that had nothing to go by so far. */
  readonly lacks: Lack[];
  /** Milliseconds since 1970. */
  now(): number;
  /** The shared files; read once a call. */
  config(): Promise<SharedConfig>;
  warn(message: string): void;
}

/** A loader gives credentials, or notes in the context what it lacks and gives undefined; it throws where something is wrong. */
export type Loader = (context: Context) => Promise<Credentials | undefined>;

/**
 * Makes a provider of a loader.
 *
 * @param texts names of the provider's own options that must be texts, where they are given
 * @throws ConfigError at once for an option of the wrong kind
 */
export function makeProvider<Options extends ProviderOptions>(
  options: Options,
  load: Loader,
  texts: readonly (keyof Options & string)[] = [],
): CredentialsProvider {
  checkKinds(options, texts);
  let calls = 0;
  return async (call = {}) => {
    call.signal?.throwIfAborted();
    const context = makeContext(options, call.signal, calls++ > 0);
    const credentials = await load(context);
    if (credentials !== undefined) return credentials;
    throw new NoCredentialsError(context.lacks);
  };
}

const texts = ["profile", "configFile", "credentialsFile", "region"] as const;
const functions = ["fetch", "clock", "now", "mfaCodeProvider"] as const;

function checkKinds(options: ProviderOptions, own: readonly string[]): void {
  if (typeof options !== "object" || options === null) throw wrongKind("options", "an object", options);
  const given = options as Readonly<Record<string, unknown>>;
  const check = (names: readonly string[], kind: "string" | "function" | "object"): void => {
    for (const name of names) {
      if (given[name] !== undefined && typeof given[name] !== kind) throw wrongKind(name, `a ${kind}`, given[name]);
    }
  };
  check([...texts, ...own], "string");
  check(functions, "function");
  check(["env"], "object");
  const seconds = given["durationSeconds"];
  if (seconds !== undefined && !(Number.isInteger(seconds) && (seconds as number) > 0)) {
    throw wrongKind("durationSeconds", "a whole number above 0", seconds);
  }
}

function wrongKind(name: string, expected: string, value: unknown): ConfigError {
  return new ConfigError(`${name}: must be ${expected}; got ${value === null ? "null" : typeof value}`, {
    code: "InvalidOption",
  });
}

/** @param again whether the shared files, if someone holds them, are to be read again: this is a refresh. */
export function makeContext(options: ProviderOptions, signal?: AbortSignal, again = false): Context {
  const env = options.env ?? process.env;
  const clock = options.clock ?? options.now ?? Date.now;
  const files = options.sharedConfig ?? new SharedConfigFiles(options);
  let config: Promise<SharedConfig> | undefined;
  return {
    options,
    env,
    signal,
    choice: chooseProfile(options.profile, env),
    send: makeSend(options, env, signal),
    lacks: [],
    now: () => Number(clock()),
    config: () => {
      config ??= again ? files.reload() : files.load();
      return config;
    },
    warn: (message) => {
      if (options.logger?.warn) options.logger.warn(message);
      else process.emitWarning(message, "TucuxiWarning");
    },
  };
}

/** The same world with a clean list of lacks: for a source that another provider needs. */
export function forkContext(context: Context): Context {
  return { ...context, lacks: [] };
}

/** Notes what a provider lacks. */
export function lacking(context: Context, provider: string, lack: string): undefined {
  context.lacks.push({ provider, lack });
  return undefined;
}

/** Where settings are read, with the profile that applies (empty where there is no such profile). */
export async function settingSources(context: Context): Promise<Sources> {
  const config = await context.config();
  return { env: context.env, config, profile: config.profiles[context.choice.name] ?? emptyRecord() };
}

/** The region told by option, environment or profile. */
export async function contextRegion(context: Context): Promise<string | undefined> {
  return context.options.region ?? readSetting("region", await settingSources(context));
}

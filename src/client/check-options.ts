/** What a session and a client may be told, and of which kind. */
import { isRegionPattern } from "../config/values.js";
import { checkCredentials } from "../credentials/make.js";
import type { CredentialsInput } from "../credentials/types.js";
import { ConfigError } from "../errors/base.js";
import { refuseUnknown } from "../errors/names.js";
import type { S3ClientOptions } from "./options.js";
import type { SessionOptions } from "./profile-session.js";

type Check = (value: unknown) => boolean;
const text: Check = (value) => typeof value === "string" && value !== "";
const names: Check = (value) => Array.isArray(value) && value.length > 0 && value.every(text);
const flag: Check = (value) => typeof value === "boolean";
const positive: Check = (value) => typeof value === "number" && value > 0;
const whole: Check = (value) => Number.isInteger(value) && (value as number) > 0;
const object: Check = (value) => typeof value === "object" && value !== null;
const hooksOnly: Check = (value) =>
  object(value) &&
  Object.keys(value as object).every((name) => /^(beforeSign|beforeSend|afterResponse|onRetry)$/.test(name)) &&
  Object.values(value as object).every((hook) => hook === undefined || typeof hook === "function");
const mode: Check = (value) => value === "WHEN_SUPPORTED" || value === "WHEN_REQUIRED";

/** Options with what they must be. */
type Checks<Options> = Record<keyof Options, readonly [check: Check, kind: string]>;

const credentials = [
  (value: unknown) => value === "anonymous" || typeof value === "function" || object(value),
  'an object with accessKeyId and secretAccessKey, a function that returns one, or "anonymous"',
] as const;
const dispatcher = [
  (value: unknown) => object(value) && typeof (value as { dispatch?: unknown }).dispatch === "function",
  "an undici Dispatcher",
] as const;
const logger = [object, "an object with methods like console's"] as const;
const callable = [(value: unknown) => typeof value === "function", "a function"] as const;

const sessionChecks: Checks<SessionOptions> = {
  profile: [text, "a profile's name"],
  region: [text, "a region name"],
  credentials,
  configFile: [text, "a path"],
  credentialsFile: [text, "a path"],
  env: [object, "an object of variables, such as process.env"],
  mfaCodeProvider: callable,
  dispatcher,
  fetch: callable,
  clock: callable,
  now: callable,
  logger,
};

const clientChecks: Checks<S3ClientOptions> = {
  region: [text, "a region name"],
  endpoint: [text, 'a string such as "https://s3.example.com:9000"'],
  credentials,
  profile: [text, "a profile's name"],
  ignoreConfiguredEndpointUrls: [flag, "a boolean"],
  forcePathStyle: [flag, "a boolean"],
  useAccelerateEndpoint: [flag, "a boolean"],
  useDualstackEndpoint: [flag, "a boolean"],
  useFipsEndpoint: [flag, "a boolean"],
  useArnRegion: [flag, "a boolean"],
  useGlobalEndpoint: [flag, "a boolean"],
  disableMultiregionAccessPoints: [flag, "a boolean"],
  disableS3ExpressSessionAuth: [flag, "a boolean"],
  sigv4aSigningRegionSet: [
    (value) => names(value) && (value as unknown[]).every(isRegionPattern),
    'a list of region names, or ["*"]',
  ],
  authSchemePreference: [names, 'a list of "sigv4", "sigv4a"'],
  followRegionRedirects: [flag, "a boolean"],
  retryMode: [(value) => value === "standard" || value === "adaptive", '"standard" or "adaptive"'],
  maxAttempts: [whole, "a whole number from 1 up"],
  connectTimeout: [positive, "a number of milliseconds above 0"],
  requestTimeout: [positive, "a number of milliseconds above 0"],
  maxConnections: [whole, "a whole number from 1 up"],
  dispatcher,
  requestChecksumCalculation: [mode, '"WHEN_SUPPORTED" or "WHEN_REQUIRED"'],
  responseChecksumValidation: [mode, '"WHEN_SUPPORTED" or "WHEN_REQUIRED"'],
  payloadSigning: [flag, "a boolean"],
  userAgentAppId: [text, "a short name"],
  resumeDownloads: [flag, "a boolean"],
  logger,
  hooks: [hooksOnly, "an object of functions: beforeSign, beforeSend, afterResponse, onRetry"],
};

/** A copy of a session's options, credentials shielded. Refuses options as `checkClientOptions` does. */
export function checkSessionOptions(options: SessionOptions): SessionOptions {
  return checked("Session", sessionChecks, options);
}

/** A copy of the options, credentials shielded. Refuses options that are misspelt or of the wrong kind; `undefined` counts as not given. */
export function checkClientOptions(options: S3ClientOptions): S3ClientOptions {
  return checked("S3Client", clientChecks, options);
}

function checked<Options extends { credentials?: CredentialsInput | undefined }>(
  owner: string,
  checks: Checks<Options>,
  options: Options,
): Options {
  if (typeof options !== "object" || options === null)
    throw new ConfigError(`${owner}: its options must be an object`, { code: "InvalidOption" });
  refuseUnknown(options, Object.keys(checks), owner);
  for (const [name, value] of Object.entries(options)) {
    const [check, kind] = checks[name as keyof Options];
    if (value !== undefined && !check(value))
      throw new ConfigError(`${name}: must be ${kind}`, { code: "InvalidOption" });
  }
  const given = options.credentials;
  return typeof given === "object"
    ? { ...options, credentials: checkCredentials(given, "credentials") }
    : { ...options };
}

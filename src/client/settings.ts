/** A client's options, environment and profile, boiled down to what the road asks on every call. */
import { platform } from "node:os";
import { connectTimeoutOf, type Settings } from "../config/settings.js";
import type { Env } from "../config/types.js";
import { isRegionPattern } from "../config/values.js";
import { checkCredentials } from "../credentials/make.js";
import { EndpointCache } from "../endpoint/cache.js";
import { allPartitions } from "../endpoint/partitions/partition.js";
import { partitionForRegion } from "../endpoint/region.js";
import { ConfigError } from "../errors/base.js";
import { refuseUnknown } from "../errors/names.js";
import { timerOf } from "../transport/sleep.js";
import { version } from "../version.js";
import type { Hooks, Logger } from "./hooks.js";
import type { S3ClientOptions } from "./options.js";
import { type WireLog, wireLog } from "./wire-log.js";

/** Which checksum a request gets when nobody names one: see README's table of checksums. */
export type RequestChecksums =
  /** CRC32 wherever S3 takes one. */
  | "supported"
  /** CRC32 where S3 wants one. */
  | "required"
  /** Content-MD5 where S3 wants a checksum: the form that every store knows. */
  | "content-md5";

/** What the road asks on every call. */
export interface ClientSettings {
  readonly region: string;
  readonly endpoints: EndpointCache;
  /** Not one of Amazon's hosts. */
  readonly custom: boolean;
  /** Whose buckets these are: the partition of Amazon's, else the endpoint. */
  readonly service: string;
  readonly requestChecksums: RequestChecksums;
  /** Ask S3 for an object's checksum when getting it. */
  readonly askChecksums: boolean;
  /** Check the checksums that answers carry, asked for or not. */
  readonly checkChecksums: boolean;
  readonly payloadSigning: boolean | undefined;
  readonly expressSessions: boolean;
  readonly followRegionRedirects: boolean;
  readonly retryMode: "standard" | "adaptive";
  readonly maxAttempts: number;
  readonly connectTimeout: number;
  readonly requestTimeout: number;
  readonly maxConnections: number;
  readonly caBundle: string | undefined;
  readonly userAgent: string;
  readonly resumeDownloads: boolean;
  readonly logger: Logger | undefined;
  /** Takes what goes over the wire, if anybody wants to see it. */
  readonly wireLog: WireLog | undefined;
  readonly hooks: Hooks | undefined;
}

const DEFAULT_REGION = "us-east-1";

/** Turns what was resolved from options, environment and files into what the road asks. */
export function clientSettings(options: S3ClientOptions, resolved: Settings, env: Env): ClientSettings {
  const region = resolved.region ?? DEFAULT_REGION;
  const custom = resolved.endpoint !== undefined && !isAwsHost(hostOf(resolved.endpoint));
  const request = resolved.requestChecksumCalculation;
  const response = resolved.responseChecksumValidation;
  return {
    region,
    endpoints: new EndpointCache({
      Region: region,
      Endpoint: resolved.endpoint,
      UseFIPS: resolved.useFipsEndpoint,
      UseDualStack: resolved.useDualstackEndpoint,
      Accelerate: resolved.useAccelerateEndpoint,
      UseGlobalEndpoint: resolved.useGlobalEndpoint,
      UseArnRegion: resolved.useArnRegion,
      DisableMultiRegionAccessPoints: resolved.disableMultiregionAccessPoints,
      DisableS3ExpressSessionAuth: resolved.disableS3ExpressSessionAuth,
      signingRegionSet: resolved.sigv4aSigningRegionSet,
      authSchemePreference: resolved.authSchemePreference,
      // A store of one's own seldom has a host name for every bucket. Whoever asks for Amazon's global host means a host of
      // Amazon's kind, where buckets are part of the name.
      ForcePathStyle:
        resolved.forcePathStyle ??
        (resolved.endpoint === undefined || options.useGlobalEndpoint === true ? false : "unless-arn"),
    }),
    custom,
    service: custom ? String(resolved.endpoint).replace(/\/+$/, "").toLowerCase() : partitionForRegion(region),
    requestChecksums: request
      ? request === "WHEN_SUPPORTED"
        ? "supported"
        : "required"
      : custom
        ? "content-md5"
        : "supported",
    askChecksums: response ? response === "WHEN_SUPPORTED" : !custom,
    checkChecksums: response !== "WHEN_REQUIRED",
    payloadSigning: resolved.payloadSigning,
    expressSessions: resolved.disableS3ExpressSessionAuth !== true,
    followRegionRedirects: options.followRegionRedirects ?? true,
    retryMode: resolved.retryMode ?? "standard",
    maxAttempts: resolved.maxAttempts ?? 3,
    connectTimeout: timerOf(options.connectTimeout ?? connectTimeoutOf(resolved.defaultsMode, region, env) ?? 10_000),
    requestTimeout: timerOf(options.requestTimeout ?? 60_000),
    maxConnections: options.maxConnections ?? 128,
    caBundle: resolved.caBundle,
    userAgent: userAgent(resolved.userAgentAppId),
    resumeDownloads: options.resumeDownloads ?? true,
    logger: options.logger,
    wireLog: wireLog(options.logger, env),
    hooks: options.hooks,
  };
}

/** Whether a host is Amazon's: its own name, or that of a VPC endpoint. */
function isAwsHost(host: string): boolean {
  return allPartitions().some(({ dnsSuffix }) => host.endsWith(`.${dnsSuffix}`));
}

function hostOf(endpoint: string): string {
  return /^[a-z]+:\/\/(\[[^\]]*\]|[^/:?#]*)/i.exec(endpoint)?.[1]?.toLowerCase() ?? "";
}

function userAgent(app: string | undefined): string {
  const base = `tucuxi/${version} os/${platform()} lang/js md/nodejs#${process.versions.node}`;
  // Characters beyond those of a token would end the header's word, or the header.
  return app ? `${base} app/${app.slice(0, 50).replace(/[^!#$%&'*+\-.^_`|~0-9A-Za-z]/g, "-")}` : base;
}

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

/** Every option with what it must be. */
const checks: Record<keyof S3ClientOptions, [check: Check, kind: string]> = {
  region: [text, "a region name"],
  endpoint: [text, "a URL"],
  credentials: [
    (value) => value === "anonymous" || typeof value === "function" || object(value),
    'an object with accessKeyId and secretAccessKey, a function that returns one, or "anonymous"',
  ],
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
  dispatcher: [
    (value) => object(value) && typeof (value as { dispatch?: unknown }).dispatch === "function",
    "an undici Dispatcher",
  ],
  requestChecksumCalculation: [mode, '"WHEN_SUPPORTED" or "WHEN_REQUIRED"'],
  responseChecksumValidation: [mode, '"WHEN_SUPPORTED" or "WHEN_REQUIRED"'],
  payloadSigning: [flag, "a boolean"],
  userAgentAppId: [text, "a short name"],
  resumeDownloads: [flag, "a boolean"],
  logger: [object, "an object with methods like console's"],
  hooks: [hooksOnly, "an object of functions: beforeSign, beforeSend, afterResponse, onRetry"],
};

/** A copy of the options, credentials shielded. Refuses options that are misspelt or of the wrong kind; `undefined` counts as not given. */
export function checkOptions(options: S3ClientOptions): S3ClientOptions {
  if (typeof options !== "object" || options === null)
    throw new ConfigError("S3Client: its options must be an object", { code: "InvalidOption" });
  refuseUnknown(options, Object.keys(checks), "S3Client");
  for (const [name, value] of Object.entries(options)) {
    const [check, kind] = checks[name as keyof S3ClientOptions];
    if (value !== undefined && !check(value))
      throw new ConfigError(`${name}: must be ${kind}`, { code: "InvalidOption" });
  }
  const { credentials } = options;
  return typeof credentials === "object"
    ? { ...options, credentials: checkCredentials(credentials, "credentials") }
    : { ...options };
}

/** A client's options, environment and profile, boiled down to what the road asks on every call. */
import { connectTimeoutOf, type Settings } from "../config/settings.js";
import type { Env } from "../config/types.js";
import { EndpointCache } from "../endpoint/cache.js";
import { allPartitions } from "../endpoint/partitions/partition.js";
import { partitionForRegion } from "../endpoint/region.js";
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
      ForcePathStyle: options.forcePathStyle ?? pathStyle(options, resolved),
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

/** Where buckets go when the program does not say. The profile speaks of buckets' names, as in boto3: an ARN goes where it belongs. */
function pathStyle(options: S3ClientOptions, { forcePathStyle, endpoint }: Settings): false | "unless-arn" {
  if (forcePathStyle !== undefined) return forcePathStyle && "unless-arn";
  // A store of one's own seldom has a host name for every bucket. Whoever asks for Amazon's global host means a host of Amazon's kind,
  // where buckets are part of the name.
  return endpoint === undefined || options.useGlobalEndpoint === true ? false : "unless-arn";
}

/** Whether a host is Amazon's: its own name, or that of a VPC endpoint. */
function isAwsHost(host: string): boolean {
  return allPartitions().some(({ dnsSuffix }) => host.endsWith(`.${dnsSuffix}`));
}

function hostOf(endpoint: string): string {
  return /^[a-z]+:\/\/(\[[^\]]*\]|[^/:?#]*)/i.exec(endpoint)?.[1]?.toLowerCase() ?? "";
}

function userAgent(app: string | undefined): string {
  const base = `tucuxi/${version} os/${process.platform} lang/js md/nodejs#${process.versions.node}`;
  // Characters beyond those of a token would end the header's word, or the header.
  return app ? `${base} app/${app.slice(0, 50).replace(/[^!#$%&'*+\-.^_`|~0-9A-Za-z]/g, "-")}` : base;
}

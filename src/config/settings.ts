import { configuredEndpointUrl, type Sources } from "./endpoint-url.js";
import { expandPath, present } from "./locate.js";
import { describeOrigin, nestedSection } from "./parse.js";
import { chooseProfile, selectProfile } from "./profile.js";
import type { Env, SharedConfig } from "./types.js";
import {
  parseBoolean,
  parseCount,
  parseNames,
  parseRegionSet,
  parseText,
  parseWord,
  type ValueParser,
} from "./values.js";

/** When checksums are added to requests or checked on responses. */
export type ChecksumSetting = "WHEN_SUPPORTED" | "WHEN_REQUIRED";

/** AWS's sets of defaults; `legacy` is none. */
export type DefaultsMode = "legacy" | "standard" | "in-region" | "cross-region" | "mobile" | "auto";

/**
 * What a client can be told by options, environment and shared files; a member is undefined where none of them says
 * anything, and then the client's own default holds. Names are those of the client's options.
 */
export interface Settings {
  /** Region to sign for and to send to. */
  region: string | undefined;
  /** URL of another S3 than Amazon's. */
  endpoint: string | undefined;
  /** Whether hosts that answer over IPv6 too are used. */
  useDualstackEndpoint: boolean | undefined;
  /** Whether FIPS 140 hosts are used. */
  useFipsEndpoint: boolean | undefined;
  /** Whether the region of a bucket ARN beats the client's. */
  useArnRegion: boolean | undefined;
  /** Whether us-east-1 means the global host `s3.amazonaws.com`. */
  useGlobalEndpoint: boolean | undefined;
  /** Whether Multi-Region Access Points are refused. */
  disableMultiregionAccessPoints: boolean | undefined;
  /** Whether directory buckets are addressed without CreateSession. */
  disableS3ExpressSessionAuth: boolean | undefined;
  /** true: bucket in the path; false: bucket in the host, even of an endpoint of one's own; undefined: whichever suits. */
  forcePathStyle: boolean | undefined;
  /** Whether S3 Transfer Acceleration is used. */
  useAccelerateEndpoint: boolean | undefined;
  /** Whether bodies are signed: always, never, or (undefined) where it is needed. */
  payloadSigning: boolean | undefined;
  /** When a checksum of ours is added to a request. */
  requestChecksumCalculation: ChecksumSetting | undefined;
  /** When the checksum of an answer is asked for and checked. */
  responseChecksumValidation: ChecksumSetting | undefined;
  /** How failed requests are repeated. AWS's `legacy` is read as `standard`. */
  retryMode: "standard" | "adaptive" | undefined;
  /** Attempts in all, the first included. */
  maxAttempts: number | undefined;
  /** File with certificates (PEM) to trust besides none other. */
  caBundle: string | undefined;
  /** Name of the application in the User-Agent header. */
  userAgentAppId: string | undefined;
  /** Set of defaults. */
  defaultsMode: DefaultsMode | undefined;
  /** Region set of SigV4a signatures. */
  sigv4aSigningRegionSet: readonly string[] | undefined;
  /** Auth schemes in the order preferred: `sigv4a`, `sigv4`. */
  authSchemePreference: readonly string[] | undefined;
}

/** What the program says itself: settings, and whether to pass over the endpoints that environment and files configure. */
export interface GivenSettings extends Partial<Settings> {
  ignoreConfiguredEndpointUrls?: boolean | undefined;
}

/** Where one setting is found, besides the client's option of the same name. */
interface Row<T> {
  /** Environment variables, the first that is set wins. */
  readonly env?: readonly string[];
  /** Keys of the profile, after the variables. */
  readonly profile?: readonly string[];
  /** Keys of the profile's nested `s3 =` section, after its own keys. */
  readonly s3?: readonly string[];
  /** Variables of other programs, after the profile. */
  readonly envAfter?: readonly string[];
  /** Whether a home folder (`~`) and variables are put into the text. */
  readonly isPath?: true;
  /** Text to value. */
  readonly parse: ValueParser<Exclude<T, undefined>>;
}

type Rows = { readonly [K in Exclude<keyof Settings, "endpoint">]: Row<Settings[K]> };

const checksum = parseWord<ChecksumSetting>({ when_supported: "WHEN_SUPPORTED", when_required: "WHEN_REQUIRED" });

/**
 * Every setting but `endpoint` (see `configuredEndpointUrl`) and the places it is read from, in order: option, environment,
 * profile, default. Names are those of the AWS SDKs.
 *
 * @see https://docs.aws.amazon.com/sdkref/latest/guide/settings-reference.html
 */
const rows: Rows = {
  region: { env: ["AWS_REGION", "AWS_DEFAULT_REGION"], profile: ["region"], parse: parseText },
  useDualstackEndpoint: {
    env: ["AWS_USE_DUALSTACK_ENDPOINT"],
    profile: ["use_dualstack_endpoint"],
    parse: parseBoolean,
  },
  useFipsEndpoint: { env: ["AWS_USE_FIPS_ENDPOINT"], profile: ["use_fips_endpoint"], parse: parseBoolean },
  useArnRegion: {
    env: ["AWS_S3_USE_ARN_REGION"],
    profile: ["s3_use_arn_region"],
    s3: ["use_arn_region"],
    parse: parseBoolean,
  },
  useGlobalEndpoint: {
    env: ["AWS_S3_US_EAST_1_REGIONAL_ENDPOINT"],
    profile: ["s3_us_east_1_regional_endpoint"],
    s3: ["us_east_1_regional_endpoint"],
    parse: parseWord({ legacy: true, regional: false }),
  },
  disableMultiregionAccessPoints: {
    env: ["AWS_S3_DISABLE_MULTIREGION_ACCESS_POINTS"],
    profile: ["s3_disable_multiregion_access_points"],
    s3: ["s3_disable_multiregion_access_points"],
    parse: parseBoolean,
  },
  disableS3ExpressSessionAuth: {
    env: ["AWS_S3_DISABLE_EXPRESS_SESSION_AUTH"],
    profile: ["s3_disable_express_session_auth"],
    s3: ["disable_s3_express_session_auth"],
    parse: parseBoolean,
  },
  forcePathStyle: {
    s3: ["addressing_style"],
    parse: parseWord({ auto: undefined, path: true, virtual: false }) as ValueParser<boolean>,
  },
  useAccelerateEndpoint: { s3: ["use_accelerate_endpoint"], parse: parseBoolean },
  payloadSigning: { s3: ["payload_signing_enabled"], parse: parseBoolean },
  requestChecksumCalculation: {
    env: ["AWS_REQUEST_CHECKSUM_CALCULATION"],
    profile: ["request_checksum_calculation"],
    parse: checksum,
  },
  responseChecksumValidation: {
    env: ["AWS_RESPONSE_CHECKSUM_VALIDATION"],
    profile: ["response_checksum_validation"],
    parse: checksum,
  },
  retryMode: {
    env: ["AWS_RETRY_MODE"],
    profile: ["retry_mode"],
    parse: parseWord({ legacy: "standard", standard: "standard", adaptive: "adaptive" }),
  },
  maxAttempts: { env: ["AWS_MAX_ATTEMPTS"], profile: ["max_attempts"], parse: parseCount },
  caBundle: {
    env: ["AWS_CA_BUNDLE"],
    profile: ["ca_bundle"],
    envAfter: ["REQUESTS_CA_BUNDLE"],
    parse: parseText,
    isPath: true,
  },
  userAgentAppId: { env: ["AWS_SDK_UA_APP_ID"], profile: ["sdk_ua_app_id"], parse: parseText },
  defaultsMode: {
    env: ["AWS_DEFAULTS_MODE"],
    profile: ["defaults_mode"],
    parse: parseWord<DefaultsMode>({
      legacy: "legacy",
      standard: "standard",
      "in-region": "in-region",
      "cross-region": "cross-region",
      mobile: "mobile",
      auto: "auto",
    }),
  },
  sigv4aSigningRegionSet: {
    env: ["AWS_SIGV4A_SIGNING_REGION_SET"],
    profile: ["sigv4a_signing_region_set"],
    parse: parseRegionSet,
  },
  authSchemePreference: {
    env: ["AWS_AUTH_SCHEME_PREFERENCE"],
    profile: ["auth_scheme_preference"],
    parse: parseNames,
  },
};

/** What stands below the client's options: the environment, the files, and the profile that the program named, if any. */
export interface SettingsContext {
  readonly env: Env;
  readonly config: SharedConfig;
  /** Profile named in code. Default: `AWS_PROFILE`, `AWS_DEFAULT_PROFILE`, `default`. */
  readonly profile?: string | undefined;
}

/**
 * All settings of a client: what `given` has is taken as it is, the rest comes from environment, then profile. A faulty
 * value does no harm where an option stands before it.
 *
 * @throws ConfigError for a value that cannot be read (it names the variable, or file, line and key), and for a named
 *   profile that is in neither file.
 */
export function resolveSettings(given: GivenSettings, context: SettingsContext): Settings {
  const { env, config } = context;
  const profile = selectProfile(config, chooseProfile(context.profile, env));
  const sources: Sources = { env, config, profile };
  const s3 = nestedSection(profile, "s3");

  const settings = {
    endpoint: given.endpoint ?? configuredEndpointUrl("S3", sources, given.ignoreConfiguredEndpointUrls),
  } as Settings;
  for (const name of Object.keys(rows) as (keyof Rows)[]) {
    set(settings, name, given[name] ?? readRow(rows[name] as Row<unknown>, sources, s3));
  }

  // The one key of the `s3` section that beats a variable: it speaks of S3, the variable of every service.
  if (given.useDualstackEndpoint === undefined && s3?.use_dualstack_endpoint?.trim().toLowerCase() === "true") {
    settings.useDualstackEndpoint = true;
  }
  // Pseudo-regions of old: they asked for FIPS by the region's name.
  const pseudo = /^fips-(.+)$|^(.+)-fips$/.exec(settings.region ?? "");
  if (pseudo !== null) {
    settings.region = pseudo[1] ?? pseudo[2];
    settings.useFipsEndpoint = given.useFipsEndpoint ?? true;
  }
  return settings;
}

/** One setting from environment or profile. @throws ConfigError naming the place of a value that cannot be read. */
export function readSetting<K extends keyof Rows>(name: K, sources: Sources): Settings[K] {
  return readRow(rows[name] as Row<unknown>, sources, nestedSection(sources.profile, "s3")) as Settings[K];
}

function readRow<T>(row: Row<T>, sources: Sources, s3: Record<string, string> | undefined): T | undefined {
  const { env, profile } = sources;
  const parse = (text: string, source: string) => row.parse(row.isPath ? expandPath(text.trim(), env) : text, source);
  for (const variable of row.env ?? []) {
    const text = present(env[variable]);
    if (text !== undefined) return parse(text, variable);
  }
  for (const key of row.profile ?? []) {
    const text = present(profile[key]);
    if (text !== undefined) return parse(text, describeOrigin(profile, key));
  }
  for (const key of row.s3 ?? []) {
    const text = present(s3?.[key]);
    if (text !== undefined) return parse(text, `s3.${key} below ${describeOrigin(profile, "s3")}`);
  }
  for (const variable of row.envAfter ?? []) {
    const text = present(env[variable]);
    if (text !== undefined) return parse(text, variable);
  }
  return undefined;
}

function set(settings: Settings, name: keyof Rows, value: unknown): void {
  (settings as unknown as Record<string, unknown>)[name] = value;
}

/**
 * The connection time limit of a set of defaults, in milliseconds; undefined for `legacy`. `auto` knows the machine's
 * region from the environment of Lambda and its like; elsewhere it means `standard` (instance metadata is not asked).
 */
export function connectTimeoutOf(
  mode: DefaultsMode | undefined,
  region: string | undefined,
  env: Env,
): number | undefined {
  if (mode === undefined || mode === "legacy") return undefined;
  if (mode === "auto") {
    const here = present(env.AWS_EXECUTION_ENV) && (present(env.AWS_REGION) ?? present(env.AWS_DEFAULT_REGION));
    return here === region && here !== undefined ? 1100 : 3100;
  }
  if (mode === "in-region") return 1100;
  return mode === "mobile" ? 30_000 : 3100;
}

import { describe, expect, it } from "vitest";
import { configuredEndpointUrl } from "../../src/config/endpoint-url.js";
import { parseProfileFile } from "../../src/config/index.js";
import { chooseProfile, selectProfile } from "../../src/config/profile.js";
import { connectTimeoutOf, resolveSettings, type Settings } from "../../src/config/settings.js";
import type { Env } from "../../src/config/types.js";
import { ConfigError } from "../../src/errors/base.js";
import { sharedVectors } from "../support/shared.js";

function settings(file: string, env: Env = {}, given: Partial<Settings> = {}, profile?: string): Settings {
  return resolveSettings(given, { env, config: parseProfileFile(file, "config"), profile });
}

describe("settings", () => {
  it("says nothing where nobody says anything", () => {
    for (const value of Object.values(settings(""))) expect(value).toBeUndefined();
  });

  /** Of each setting: a variable with its text, a line of the profile, and what the two come to. */
  const places: [keyof Settings, string, string, unknown, string, unknown][] = [
    ["region", "AWS_REGION", " eu-west-1 ", "eu-west-1", "region = eu-west-2", "eu-west-2"],
    ["region", "AWS_DEFAULT_REGION", "eu-west-1", "eu-west-1", "region = eu-west-2", "eu-west-2"],
    ["useDualstackEndpoint", "AWS_USE_DUALSTACK_ENDPOINT", "TRUE", true, "use_dualstack_endpoint = false", false],
    ["useFipsEndpoint", "AWS_USE_FIPS_ENDPOINT", "true", true, "use_fips_endpoint = False", false],
    ["useArnRegion", "AWS_S3_USE_ARN_REGION", "false", false, "s3_use_arn_region = true", true],
    ["useArnRegion", "AWS_S3_USE_ARN_REGION", "true", true, "s3 =\n  use_arn_region = false", false],
    [
      "useGlobalEndpoint",
      "AWS_S3_US_EAST_1_REGIONAL_ENDPOINT",
      "legacy",
      true,
      "s3_us_east_1_regional_endpoint = Regional",
      false,
    ],
    [
      "useGlobalEndpoint",
      "AWS_S3_US_EAST_1_REGIONAL_ENDPOINT",
      "regional",
      false,
      "s3 =\n  us_east_1_regional_endpoint = legacy",
      true,
    ],
    [
      "disableMultiregionAccessPoints",
      "AWS_S3_DISABLE_MULTIREGION_ACCESS_POINTS",
      "false",
      false,
      "s3 =\n  s3_disable_multiregion_access_points = true",
      true,
    ],
    [
      "disableS3ExpressSessionAuth",
      "AWS_S3_DISABLE_EXPRESS_SESSION_AUTH",
      "true",
      true,
      "s3_disable_express_session_auth = false",
      false,
    ],
    [
      "requestChecksumCalculation",
      "AWS_REQUEST_CHECKSUM_CALCULATION",
      "when_required",
      "WHEN_REQUIRED",
      "request_checksum_calculation = WHEN_SUPPORTED",
      "WHEN_SUPPORTED",
    ],
    [
      "responseChecksumValidation",
      "AWS_RESPONSE_CHECKSUM_VALIDATION",
      "WHEN_SUPPORTED",
      "WHEN_SUPPORTED",
      "response_checksum_validation = when_required",
      "WHEN_REQUIRED",
    ],
    ["retryMode", "AWS_RETRY_MODE", "adaptive", "adaptive", "retry_mode = legacy", "standard"],
    ["maxAttempts", "AWS_MAX_ATTEMPTS", "7", 7, "max_attempts = 1", 1],
    ["caBundle", "AWS_CA_BUNDLE", "/etc/a.pem", "/etc/a.pem", "ca_bundle = /etc/b.pem", "/etc/b.pem"],
    ["userAgentAppId", "AWS_SDK_UA_APP_ID", "shop", "shop", "sdk_ua_app_id = mill", "mill"],
    ["defaultsMode", "AWS_DEFAULTS_MODE", "In-Region", "in-region", "defaults_mode = mobile", "mobile"],
    [
      "sigv4aSigningRegionSet",
      "AWS_SIGV4A_SIGNING_REGION_SET",
      "a, b,",
      ["a", "b"],
      "sigv4a_signing_region_set = *",
      ["*"],
    ],
    [
      "authSchemePreference",
      "AWS_AUTH_SCHEME_PREFERENCE",
      "sigv4a,sigv4",
      ["sigv4a", "sigv4"],
      "auth_scheme_preference = sigv4",
      ["sigv4"],
    ],
    ["endpoint", "AWS_ENDPOINT_URL_S3", "http://a:1", "http://a:1", "endpoint_url = https://b", "https://b"],
    ["endpoint", "AWS_ENDPOINT_URL", "http://a:1/x", "http://a:1/x", "endpoint_url = https://b", "https://b"],
  ];
  it.each(places)("%s: option, then %s, then profile", (name, variable, text, fromEnv, line, fromProfile) => {
    const file = `[default]\n${line}`;
    expect(settings(file)[name]).toEqual(fromProfile);
    expect(settings(file, { [variable]: text })[name]).toEqual(fromEnv);
    expect(settings(file, { [variable]: "  " })[name]).toEqual(fromProfile);
    expect(settings(file, { [variable]: "\u0000faulty" }, { [name]: fromProfile })[name]).toEqual(fromProfile);
  });

  it("reads what only the s3 section has", () => {
    const s3 = (line: string): Settings => settings(`[default]\ns3 =\n  ${line}`);
    expect(s3("addressing_style = path").forcePathStyle).toBe(true);
    expect(s3("addressing_style = virtual").forcePathStyle).toBe(false);
    expect(s3("addressing_style = auto").forcePathStyle).toBeUndefined();
    expect(s3("use_accelerate_endpoint = true").useAccelerateEndpoint).toBe(true);
    expect(s3("payload_signing_enabled = false").payloadSigning).toBe(false);
    expect(s3("signature_version = s3v4").region).toBeUndefined();
  });

  it("lets s3.use_dualstack_endpoint beat the variable, but not the option", () => {
    const file = "[default]\ns3 =\n  use_dualstack_endpoint = true";
    expect(settings(file, { AWS_USE_DUALSTACK_ENDPOINT: "false" }).useDualstackEndpoint).toBe(true);
    expect(settings(file, {}, { useDualstackEndpoint: false }).useDualstackEndpoint).toBe(false);
  });

  it("prefers AWS_REGION to AWS_DEFAULT_REGION, and AWS_CA_BUNDLE and the profile to REQUESTS_CA_BUNDLE", () => {
    expect(settings("", { AWS_REGION: "a", AWS_DEFAULT_REGION: "b" }).region).toBe("a");
    expect(settings("", { REQUESTS_CA_BUNDLE: "/r" }).caBundle).toBe("/r");
    expect(settings("[default]\nca_bundle=/p", { REQUESTS_CA_BUNDLE: "/r" }).caBundle).toBe("/p");
  });

  it("puts the home folder into the path of certificates", () => {
    const home = { HOME: "/home/me", CERTS: "/etc/certs" };
    expect(settings("[default]\nca_bundle = ~/ca.pem", home).caBundle).toBe("/home/me/ca.pem");
    expect(settings("", { ...home, AWS_CA_BUNDLE: "$CERTS/ca.pem" }).caBundle).toBe("/etc/certs/ca.pem");
    expect(settings("", home, { caBundle: "~/as-given" }).caBundle).toBe("~/as-given");
  });

  it("turns FIPS pseudo-regions into region and flag", () => {
    for (const region of ["fips-us-gov-west-1", "us-gov-west-1-fips"]) {
      expect(settings("", { AWS_REGION: region })).toMatchObject({ region: "us-gov-west-1", useFipsEndpoint: true });
    }
  });

  it("names the source of a value that cannot be read", () => {
    const faults: [string, Env, RegExp][] = [
      ["", { AWS_MAX_ATTEMPTS: "0" }, /^AWS_MAX_ATTEMPTS: '0' /],
      ["[default]\nmax_attempts = 1.5", {}, /^max_attempts \(config file, line 2\): '1.5'/],
      [
        "[default]\nregion = r\nretry_mode = often",
        {},
        /^retry_mode \(config file, line 3\).*legacy, standard, adaptive/,
      ],
      ["", { AWS_USE_FIPS_ENDPOINT: "1" }, /^AWS_USE_FIPS_ENDPOINT: '1'.*true or false/],
      ["[default]\ns3 =\n  addressing_style = host", {}, /^s3.addressing_style below s3 \(config file, line 2\)/],
      ["", { AWS_DEFAULTS_MODE: "constructor" }, /^AWS_DEFAULTS_MODE/],
      ["", { AWS_ENDPOINT_URL_S3: "localhost:9000" }, /^AWS_ENDPOINT_URL_S3: 'localhost:9000'/],
      ["[default]\nendpoint_url = ftp://x", {}, /^endpoint_url \(config file, line 2\)/],
      ["[default]\nservices = nix\n[services some]", {}, /^services \(config file, line 2\).*\[services nix\]/],
    ];
    for (const [file, env, message] of faults) {
      expect(() => settings(file, env)).toThrow(ConfigError);
      expect(() => settings(file, env)).toThrow(message);
    }
  });

  it("knows the connection limits of the defaults modes", () => {
    expect(connectTimeoutOf(undefined, "r", {})).toBeUndefined();
    expect(connectTimeoutOf("legacy", "r", {})).toBeUndefined();
    expect(connectTimeoutOf("standard", "r", {})).toBe(3100);
    expect(connectTimeoutOf("in-region", "r", {})).toBe(1100);
    expect(connectTimeoutOf("cross-region", "r", {})).toBe(3100);
    expect(connectTimeoutOf("mobile", "r", {})).toBe(30_000);
    expect(connectTimeoutOf("auto", "r", {})).toBe(3100);
    expect(connectTimeoutOf("auto", "r", { AWS_EXECUTION_ENV: "x", AWS_REGION: "r" })).toBe(1100);
    expect(connectTimeoutOf("auto", "r", { AWS_EXECUTION_ENV: "x", AWS_REGION: "q" })).toBe(3100);
  });
});

describe("profile choice", () => {
  it("goes: code, AWS_PROFILE, AWS_DEFAULT_PROFILE, default", () => {
    expect(chooseProfile("a", { AWS_PROFILE: "b" })).toEqual({ name: "a", from: "option" });
    expect(chooseProfile(undefined, { AWS_PROFILE: "b", AWS_DEFAULT_PROFILE: "c" }).name).toBe("b");
    expect(chooseProfile(undefined, { AWS_PROFILE: " ", AWS_DEFAULT_PROFILE: "c" }).name).toBe("c");
    expect(chooseProfile(undefined, {})).toEqual({ name: "default", from: "default" });
  });

  it("lists the profiles there are when a named one is missing, and minds only named ones", () => {
    const config = parseProfileFile("[default]\n[profile prod]", "config");
    expect(() => selectProfile(config, { name: "work", from: "AWS_PROFILE" })).toThrow(
      /'work' \(named by AWS_PROFILE\).*have: default, prod/,
    );
    expect(() => selectProfile(config, { name: "__proto__", from: "option" })).toThrow(ConfigError);
    const none = parseProfileFile("", "config");
    expect(() => selectProfile(none, { name: "work", from: "option" })).toThrow(/have none/);
    expect(selectProfile(none, { name: "default", from: "default" })).toEqual({});
  });
});

interface EndpointVector {
  name: string;
  profile: string;
  env: Record<string, string>;
  files: Record<string, string>;
  options: { endpoint?: string };
  expect: { origin: string };
}

const vectors = sharedVectors<EndpointVector>("endpoint-urls.json");

describe.runIf(vectors !== undefined)("configured endpoints, shared vectors", () => {
  it.each(vectors ?? [])("$name", ({ profile, env, files, options, expect: expected }) => {
    const { endpoint, region } = settings(files["home/.aws/config"]!, env, options, profile);
    expect(endpoint ?? `https://s3.${region}.amazonaws.com`).toBe(expected.origin);
  });
});

describe("configured endpoints", () => {
  const config = parseProfileFile(
    "[default]\nservices = box\nendpoint_url = http://all\n[services box]\nsso_oidc =\n  endpoint_url = http://oidc",
    "config",
  );
  const url = (serviceId: string, env: Env = {}): string | undefined =>
    configuredEndpointUrl(serviceId, { env, config, profile: config.profiles["default"]! });

  it("reads the line of the service asked for", () => {
    expect(url("SSO OIDC")).toBe("http://oidc");
    expect(url("SSO")).toBe("http://all");
    expect(url("SSO", { AWS_ENDPOINT_URL_SSO_OIDC: "http://no", AWS_ENDPOINT_URL_SSO: "http://sso" })).toBe(
      "http://sso",
    );
  });

  it("reads none of them when told to ignore them", () => {
    expect(url("S3", { AWS_IGNORE_CONFIGURED_ENDPOINT_URLS: "true", AWS_ENDPOINT_URL: "http://x" })).toBeUndefined();
    expect(url("S3", { AWS_IGNORE_CONFIGURED_ENDPOINT_URLS: "false" })).toBe("http://all");
  });
});

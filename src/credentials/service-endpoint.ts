import { configuredEndpointUrl } from "../config/endpoint-url.js";
import { readSetting } from "../config/settings.js";
import { findPartition } from "../endpoint/partitions/partition.js";
import { ConfigError } from "../errors/base.js";
import { type Context, settingSources } from "./context.js";
import type { HttpLimits } from "./http.js";

/** The services that give credentials, by AWS's id. */
export type CredentialService = "STS" | "SSO" | "SSO OIDC" | "Signin";

/** Milliseconds for a connection, and then for an answer. */
const SERVICE_TIMEOUT = 10_000;

/**
 * Base URL of a service in a region, without a slash at its end: the configured endpoint, else AWS's host, with FIPS and
 * dual-stack as the settings say.
 */
export async function serviceEndpoint(context: Context, service: CredentialService, region: string): Promise<string> {
  const sources = await settingSources(context);
  const configured = configuredEndpointUrl(service, sources);
  if (configured !== undefined) return configured.replace(/\/+$/, "");
  const fips = readSetting("useFipsEndpoint", sources) === true;
  const dualstack = readSetting("useDualstackEndpoint", sources) === true;
  return `https://${serviceHost(service, region, fips, dualstack)}`;
}

/** Limits of a request to one of these services: by proxy and with the certificates that the settings name. */
export async function serviceLimits(context: Context): Promise<HttpLimits> {
  return { timeout: SERVICE_TIMEOUT, proxy: true, caBundle: readSetting("caBundle", await settingSources(context)) };
}

const prefixes = { STS: "sts", SSO: "portal.sso", "SSO OIDC": "oidc", Signin: "signin" };

/** Sign-in has domains of its own in these partitions. */
const signinDomains: Readonly<Record<string, string>> = {
  aws: "signin.aws.amazon.com",
  "aws-cn": "signin.amazonaws.cn",
  "aws-us-gov": "signin.amazonaws-us-gov.com",
  "aws-eusc": "signin.amazonaws-eusc.eu",
  "aws-iso": "signin.c2shome.ic.gov",
  "aws-iso-b": "signin.sc2shome.sgov.gov",
  "aws-iso-e": "signin.csphome.adc-e.uk",
  "aws-iso-f": "signin.csphome.hci.ic.gov",
};

function serviceHost(service: CredentialService, region: string, fips: boolean, dualstack: boolean): string {
  if (!/^[A-Za-z0-9][A-Za-z0-9-]{0,62}$/.test(region)) {
    throw new ConfigError(`'${region}' is not the name of a region`, {
      hint: "Regions look like us-east-1. Check AWS_REGION and the profile's region, or sso_region.",
    });
  }
  const partition = findPartition(region);
  const prefix = prefixes[service];
  if (service === "STS" && region.endsWith("-global")) return `sts.${partition.dnsSuffix}`;
  if (dualstack) return `${prefix}${fips ? "-fips" : ""}.${region}.${partition.dualStackDnsSuffix}`;
  // The hosts of GovCloud are FIPS hosts under their plain names, but for sign-in, which is at home in the west.
  if (fips && partition.name === "aws-us-gov" && service === "Signin") {
    return `${region === "us-gov-west-1" ? "" : `${region}.`}signin-fips.amazonaws-us-gov.com`;
  }
  if (fips && partition.name !== "aws-us-gov") return `${prefix}-fips.${region}.${partition.dnsSuffix}`;
  const domain = service === "Signin" ? signinDomains[partition.name] : undefined;
  return `${domain === undefined ? `${prefix}.` : ""}${region}.${domain ?? partition.dnsSuffix}`;
}

import { sigv4, sigv4S3Express } from "./auth-scheme.js";
import type { CustomEndpoint } from "./custom-endpoint.js";
import { fault } from "./fault.js";
import { isAscii, isVirtualHostable } from "./host-label.js";
import type { AuthScheme, ResolvedEndpoint } from "./parameters.js";
import { dualStackHost, type RuleInput, regionalHost } from "./rule-input.js";
import { bucketSegment } from "./uri-encode.js";

const bucketSuffix = "--x-s3";
const accessPointSuffix = "--xa-s3";

/** The lengths that names of zones have, in the order in which they are tried: `usw2-az1`, `apne1-az10`, local zones. */
const zoneLengths = [8, 9, 13, 14, 20];

/**
 * Directory buckets (`name--zone--x-s3`) and their access points (`name--zone--xa-s3`); undefined for all other names.
 *
 * @see https://docs.aws.amazon.com/AmazonS3/latest/userguide/directory-bucket-naming-rules.html
 */
export function directoryBucket(input: RuleInput, bucket: string): ResolvedEndpoint | undefined {
  const suffix = bucket.endsWith(bucketSuffix)
    ? bucketSuffix
    : bucket.endsWith(accessPointSuffix)
      ? accessPointSuffix
      : undefined;
  if (suffix === undefined || !isAscii(bucket)) return undefined;
  if (input.accelerate) {
    throw fault("S3Express does not support S3 Accelerate.", "Turn useAccelerateEndpoint off for directory buckets.");
  }
  if (input.custom) return atCustomEndpoint(input, input.custom, bucket);
  if (suffix === bucketSuffix && input.given.UseS3ExpressControlEndpoint === true) {
    return express(`https://${controlHost(input)}/${bucketSegment(bucket)}`, sigv4("s3express", input.region));
  }
  if (!isVirtualHostable(bucket, false)) throw unhostable(bucket);
  const zone = zoneOf(bucket, suffix);
  const host = dualStackHost(input, `s3express-${input.fips ? "fips-" : ""}${zone}`, input.region);
  return express(`https://${bucket}.${host}`, dataScheme(input));
}

/** ListDirectoryBuckets: the control endpoint without a bucket. */
export function expressControl(input: RuleInput): ResolvedEndpoint {
  const { custom } = input;
  const url = custom ? `${custom.scheme}://${custom.authority}${custom.path}` : `https://${controlHost(input)}`;
  return express(url, sigv4("s3express", input.region));
}

function atCustomEndpoint(input: RuleInput, custom: CustomEndpoint, bucket: string): ResolvedEndpoint {
  if (custom.isIp) {
    const url = `${custom.scheme}://${custom.authority}/${bucketSegment(bucket)}${custom.path}`;
    return express(url, dataScheme(input));
  }
  if (!isVirtualHostable(bucket, false)) throw unhostable(bucket);
  return express(`${custom.scheme}://${bucket}.${custom.authority}${custom.path}`, dataScheme(input));
}

function controlHost(input: RuleInput): string {
  return regionalHost(input, "s3express-control", input.region);
}

/** Calls on objects are signed with the bucket's session, unless that is turned off. */
function dataScheme(input: RuleInput): AuthScheme {
  return input.given.DisableS3ExpressSessionAuth === true
    ? sigv4("s3express", input.region)
    : sigv4S3Express(input.region);
}

/** `usw2-az1` of `name--usw2-az1--x-s3`. */
function zoneOf(bucket: string, suffix: string): string {
  const end = bucket.length - suffix.length;
  for (const length of zoneLengths) {
    const start = end - length;
    if (start >= 2 && bucket.startsWith("--", start - 2)) return bucket.slice(start, end);
  }
  throw fault(
    "Unrecognized S3Express bucket name format.",
    `A directory bucket is called "name--zone-id${suffix}", as in "name--usw2-az1${suffix}".`,
  );
}

function express(url: string, scheme: AuthScheme): ResolvedEndpoint {
  return { url, headers: {}, properties: { backend: "S3Express", authSchemes: [scheme] } };
}

function unhostable(bucket: string): Error {
  return fault(
    "S3Express bucket name is not a valid virtual hostable name.",
    `${JSON.stringify(bucket)} must be 3 to 63 lower-case letters, digits and hyphens, without dots.`,
  );
}

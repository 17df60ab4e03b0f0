import { arnBucket } from "./access-point.js";
import { parseArn } from "./arn.js";
import { parseCustomEndpoint } from "./custom-endpoint.js";
import { directoryBucket, expressControl } from "./express.js";
import { fault, invalidEndpoint } from "./fault.js";
import { isAscii, isVirtualHostable } from "./host-label.js";
import { objectLambdaService, withoutBucket } from "./no-bucket.js";
import { outpostAlias } from "./outposts.js";
import type { EndpointParameters, ResolvedEndpoint } from "./parameters.js";
import { findPartition } from "./partitions/partition.js";
import { dottedVirtualHosted, pathStyle, virtualHosted } from "./plain-bucket.js";
import type { RuleInput } from "./rule-input.js";

/**
 * Where a request goes and how it is signed, as AWS's published S3 endpoint rules have it, checked in their order.
 *
 * Stricter than the rules in three places, where they would let a name out of its place in the URL: a region that cannot be part of a
 * host name or credential scope, a custom endpoint that is no plain URI, and a bucket called nothing, `.` or `..` are always an error.
 *
 * @param parameters region, bucket and flags.
 * @returns the URL before `/key`, and the ways to sign, the most preferred first.
 * @throws {@link EndpointError} with the rules' own message where they lead nowhere; `hint` says what to change.
 * @see https://docs.aws.amazon.com/general/latest/gr/s3.html
 */
export function resolveEndpoint(parameters: EndpointParameters): ResolvedEndpoint {
  checkKinds(parameters);
  const input = ruleInput(parameters);
  const bucket = text(parameters.Bucket, "Bucket");
  if (bucket !== undefined) return withBucket(input, bucket);
  if (parameters.UseS3ExpressControlEndpoint === true) return expressControl(input);
  if (parameters.UseObjectLambdaEndpoint === true) return objectLambdaService(input);
  return withoutBucket(input);
}

function ruleInput(parameters: EndpointParameters): RuleInput {
  const region = text(parameters.Region, "Region");
  if (region === undefined) {
    throw fault(
      "A region must be set when sending requests to S3.",
      "Give the client a region, set AWS_REGION, or set region in the profile.",
    );
  }
  const input: RuleInput = {
    region,
    partition: findPartition(region),
    fips: parameters.UseFIPS === true,
    dualStack: parameters.UseDualStack === true,
    accelerate: parameters.Accelerate === true,
    forcePathStyle: parameters.ForcePathStyle === true,
    useGlobalEndpoint: parameters.UseGlobalEndpoint === true,
    custom: undefined,
    given: parameters,
  };
  const endpoint = text(parameters.Endpoint, "Endpoint");
  refuseConflicts(input, endpoint !== undefined);
  if (endpoint !== undefined) {
    input.custom = parseCustomEndpoint(endpoint);
    if (input.custom === undefined) throw invalidEndpoint(endpoint);
  }
  return input;
}

const flags = [
  "UseFIPS",
  "UseDualStack",
  "ForcePathStyle",
  "Accelerate",
  "UseGlobalEndpoint",
  "UseObjectLambdaEndpoint",
  "DisableAccessPoints",
  "DisableMultiRegionAccessPoints",
  "UseArnRegion",
  "UseS3ExpressControlEndpoint",
  "DisableS3ExpressSessionAuth",
] as const satisfies (keyof EndpointParameters)[];

/** A `"true"` that counted as false would send to a host that was not meant: without FIPS, say. */
function checkKinds(parameters: EndpointParameters): void {
  if (typeof parameters !== "object" || parameters === null) {
    throw fault(`Invalid parameters: expected an object, got ${typeof parameters}`, "Give { Region, Bucket, ... }.");
  }
  for (const name of flags) {
    const value: unknown = parameters[name];
    if (value === undefined || value === null || typeof value === "boolean") continue;
    throw fault(`Invalid ${name}: expected a boolean, got ${typeof value}`, `Give ${name} as true or false.`);
  }
}

/** Programs without types pass anything; null is what JSON has for undefined. */
function text(value: string | null | undefined, name: string): string | undefined {
  if (value === undefined || value === null) return undefined;
  if (typeof value === "string") return value;
  throw fault(`Invalid ${name}: expected a string, got ${typeof value}`, `Give ${name} as a string, or leave it out.`);
}

/** Flags that exclude each other, whatever the bucket. */
function refuseConflicts({ accelerate, fips, dualStack, partition }: RuleInput, hasEndpoint: boolean): void {
  if (accelerate && fips) {
    throw fault("Accelerate cannot be used with FIPS", "Turn useAccelerateEndpoint or useFipsEndpoint off.");
  }
  if (hasEndpoint) {
    if (dualStack) {
      throw fault(
        "Cannot set dual-stack in combination with a custom endpoint.",
        "Turn useDualstackEndpoint off; a custom endpoint is called as it is.",
      );
    }
    if (fips) {
      throw fault(
        "A custom endpoint cannot be combined with FIPS",
        "Turn useFipsEndpoint off, or give the FIPS endpoint's URL as endpoint.",
      );
    }
    if (accelerate) {
      throw fault("A custom endpoint cannot be combined with S3 Accelerate", "Turn useAccelerateEndpoint off.");
    }
  }
  if (fips && partition.name === "aws-cn") {
    throw fault("Partition does not support FIPS", "China has no FIPS endpoints: turn useFipsEndpoint off.");
  }
}

function withBucket(input: RuleInput, bucket: string): ResolvedEndpoint {
  const special = directoryBucket(input, bucket) ?? outpostAlias(input, bucket);
  if (special) return special;

  if (!input.forcePathStyle && isVirtualHostable(bucket, false)) return virtualHosted(input, bucket);
  const dotted = dottedVirtualHosted(input, bucket);
  if (dotted) return dotted;

  if (bucket.startsWith("arn:")) {
    const arn = parseArn(bucket);
    if (arn && !input.forcePathStyle) return arnBucket(input, bucket, arn);
    if (arn) {
      throw fault(
        "Path-style addressing cannot be used with ARN buckets",
        "Turn forcePathStyle off for calls with an ARN in the place of the bucket.",
      );
    }
    if (isAscii(bucket)) {
      throw fault(
        `Invalid ARN: \`${bucket}\` was not a valid ARN`,
        "The ARN of an access point: arn:aws:s3:region:account:accesspoint/name.",
      );
    }
  }
  return pathStyle(input, bucket);
}

import { signedEndpoint } from "./auth-scheme.js";
import { fault, invalidRegion } from "./fault.js";
import { isHostLabel, isVirtualHostable } from "./host-label.js";
import type { ResolvedEndpoint } from "./parameters.js";
import { type RuleInput, regionalHost } from "./rule-input.js";
import { bucketSegment } from "./uri-encode.js";

/** The host of S3 itself: `s3.eu-west-1.amazonaws.com`, or the global `s3.amazonaws.com` where it is asked for. */
export function s3Host(input: RuleInput): string {
  const global = input.region === "aws-global" || (input.useGlobalEndpoint && input.region === "us-east-1");
  if (global && !input.fips && !input.dualStack) return `s3.${input.partition.dnsSuffix}`;
  return regionalHost(input, "s3", s3Region(input));
}

/** The region that S3 signs for: the global endpoint stands in us-east-1. */
export function s3Region(input: RuleInput): string {
  return input.region === "aws-global" ? "us-east-1" : input.region;
}

/** A bucket whose name can be a host label, with the bucket in the host name. */
export function virtualHosted(input: RuleInput, bucket: string): ResolvedEndpoint {
  const { custom, partition } = input;
  if (!isHostLabel(input.region, false)) throw invalidRegion(input.region);
  if (input.accelerate) {
    if (partition.name === "aws-cn") {
      throw fault(
        "S3 Accelerate cannot be used in this region",
        "China has no Transfer Acceleration: turn useAccelerateEndpoint off.",
      );
    }
    return signedEndpoint(`https://${bucket}.${accelerateHost(input)}`, "s3", s3Region(input));
  }
  if (custom === undefined) return signedEndpoint(`https://${bucket}.${s3Host(input)}`, "s3", s3Region(input));
  // Nothing can stand in front of an address, so the bucket goes into the path.
  const url = custom.isIp
    ? `${custom.scheme}://${custom.authority}${custom.normalizedPath}${bucket}`
    : `${custom.scheme}://${bucket}.${custom.authority}${custom.path}`;
  return signedEndpoint(url, "s3", s3Region(input));
}

function accelerateHost({ dualStack, partition, region }: RuleInput): string {
  if (!dualStack) return `s3-accelerate.${partition.dnsSuffix}`;
  // The one host of its kind with a region in it; so the rules have it.
  return `s3-accelerate.dualstack.${region === "aws-global" ? "us-east-1." : ""}${partition.dnsSuffix}`;
}

/**
 * A bucket with dots in the host name of a custom endpoint over plain HTTP; undefined where that does not hold. Over HTTPS no wildcard
 * certificate covers such a host, so there it goes into the path.
 */
export function dottedVirtualHosted(input: RuleInput, bucket: string): ResolvedEndpoint | undefined {
  const { custom } = input;
  if (custom?.scheme !== "http" || input.forcePathStyle || !isVirtualHostable(bucket, true)) return undefined;
  if (!isHostLabel(input.region, false)) throw invalidRegion(input.region);
  return signedEndpoint(`http://${bucket}.${custom.authority}${custom.path}`, "s3", input.region);
}

/** A bucket in the path: asked for, or its name cannot be a host label. */
export function pathStyle(input: RuleInput, bucket: string): ResolvedEndpoint {
  if (input.accelerate) {
    throw fault(
      "Path-style addressing cannot be used with S3 Accelerate",
      "Acceleration needs the bucket in the host name: a name without dots, and forcePathStyle off.",
    );
  }
  const { custom } = input;
  const before = custom
    ? `${custom.scheme}://${custom.authority}${custom.normalizedPath}`
    : `https://${s3Host(input)}/`;
  return signedEndpoint(before + bucketSegment(bucket), "s3", s3Region(input));
}

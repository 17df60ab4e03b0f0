import type { Arn } from "./arn.js";
import { requireAccessPointName, requireAccountId, requireArnRegion } from "./arn-checks.js";
import { endpoint, sigv4, sigv4a } from "./auth-scheme.js";
import { fault } from "./fault.js";
import { isAscii, isHostLabel, isVirtualHostable } from "./host-label.js";
import type { ResolvedEndpoint } from "./parameters.js";
import { hostInRegion, type RuleInput } from "./rule-input.js";

const aliasSuffix = "--op-s3";

/**
 * The alias of an access point on Outposts, `…o01234567890123456…use10--op-s3`; undefined for all other names. Its places count from
 * the end: 49 the kind of hardware, 32 to 48 the outpost's id, 8 to 11 the word `beta` for test endpoints.
 *
 * @see https://docs.aws.amazon.com/AmazonS3/latest/s3-outposts/s3-outposts-access-points-alias.html
 */
export function outpostAlias(input: RuleInput, bucket: string): ResolvedEndpoint | undefined {
  const length = bucket.length;
  if (length < 50 || !bucket.endsWith(aliasSuffix) || !isAscii(bucket)) return undefined;
  const outpostId = bucket.slice(length - 49, length - 32);
  if (!isHostLabel(outpostId, false)) {
    throw fault(
      "Invalid ARN: The outpost Id must only contain a-z, A-Z, 0-9 and `-`.",
      `The alias ${JSON.stringify(bucket)} has ${JSON.stringify(outpostId)} for the outpost's id.`,
    );
  }
  if (!isVirtualHostable(bucket, false)) {
    throw fault(
      "Invalid Outposts Bucket alias - it must be a valid bucket name.",
      `${JSON.stringify(bucket)} must be at most 63 lower-case letters, digits and hyphens.`,
    );
  }
  const hardware = bucket[length - 50];
  if (hardware !== "e" && hardware !== "o") {
    throw fault(
      `Unrecognized hardware type: "Expected hardware type o or e but got ${hardware}"`,
      `The alias ${JSON.stringify(bucket)} is none of S3 on Outposts: copy it again from the access point.`,
    );
  }
  const prefix = `${bucket}.${hardware === "e" ? "ec2" : `op-${outpostId}`}`;
  const isBeta = bucket.slice(length - 12, length - 8) === "beta";
  const host = isBeta ? betaAuthority(input) : hostInRegion(input, "s3-outposts", input.region);
  return outpostEndpoint(`https://${prefix}.${host}`, input.region);
}

function betaAuthority({ custom }: RuleInput): string {
  if (custom) return custom.authority;
  throw fault(
    "Expected a endpoint to be specified but no endpoint was found",
    "An alias of the beta kind is only reached through a custom endpoint: give the client an endpoint.",
  );
}

/** The ARN of an access point on Outposts: `arn:aws:s3-outposts:region:account:outpost/op-id/accesspoint/name`. */
export function outpostAccessPoint(input: RuleInput, bucket: string, arn: Arn): ResolvedEndpoint {
  refuseForOutposts(input);
  const [, outpostId, type, name, extra] = arn.resource;
  if (extra !== undefined) {
    throw fault(
      "Invalid Arn: Outpost Access Point ARN contains sub resources",
      "The ARN ends with accesspoint/name; an object belongs into Key.",
    );
  }
  if (outpostId === undefined) throw fault("Invalid ARN: The Outpost Id was not set", arnShape);
  if (!isHostLabel(outpostId, false)) {
    throw fault(
      `Invalid ARN: The outpost Id may only contain a-z, A-Z, 0-9 and \`-\`. Found: \`${outpostId}\``,
      arnShape,
    );
  }
  requireArnRegion(input, bucket, arn);
  requireAccountId(arn);
  if (type === undefined) throw fault("Invalid ARN: Expected a 4-component resource", arnShape);
  if (name === undefined) throw fault("Invalid ARN: expected an access point name", arnShape);
  if (type !== "accesspoint") throw fault(`Expected an outpost type \`accesspoint\`, found ${type}`, arnShape);
  requireAccessPointName(name);
  const host = input.custom?.authority ?? hostInRegion(input, "s3-outposts", arn.region);
  return outpostEndpoint(`https://${name}-${arn.accountId}.${outpostId}.${host}`, arn.region);
}

const arnShape =
  "The ARN of an access point on Outposts: arn:aws:s3-outposts:region:account:outpost/op-id/accesspoint/name.";

function refuseForOutposts(input: RuleInput): void {
  if (input.dualStack) {
    throw fault("S3 Outposts does not support Dual-stack", "Turn useDualstackEndpoint off for this bucket.");
  }
  if (input.fips) throw fault("S3 Outposts does not support FIPS", "Turn useFipsEndpoint off for this bucket.");
  if (input.accelerate) {
    throw fault("S3 Outposts does not support S3 Accelerate", "Turn useAccelerateEndpoint off for this bucket.");
  }
}

/** An outpost takes a signature for every region, or for its own. */
function outpostEndpoint(url: string, region: string): ResolvedEndpoint {
  return endpoint(url, [sigv4a("s3-outposts"), sigv4("s3-outposts", region)]);
}

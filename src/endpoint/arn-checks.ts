import type { Arn } from "./arn.js";
import { fault } from "./fault.js";
import { isHostLabel } from "./host-label.js";
import { findPartition } from "./partitions/partition.js";
import type { RuleInput } from "./rule-input.js";

// What the ARNs of access points of all kinds have in common. The rules check in one order, and say what they find first.

/** The ARN's region may be used, lies in the client's partition, and can be part of a host name. */
export function requireArnRegion(input: RuleInput, bucket: string, arn: Arn): void {
  if (input.given.UseArnRegion === false && arn.region !== input.region) {
    throw fault(
      `Invalid configuration: region from ARN \`${arn.region}\` does not match client region \`${input.region}\` and UseArnRegion is \`false\``,
      "Make a client for the ARN's region, or let useArnRegion be true.",
    );
  }
  const partition = findPartition(arn.region);
  if (partition.name !== input.partition.name) {
    throw fault(
      `Client was configured for partition \`${input.partition.name}\` but ARN (\`${bucket}\`) has \`${partition.name}\``,
      "Credentials are good in one partition only: make a client with a region and credentials of the ARN's.",
    );
  }
  if (!isHostLabel(arn.region, true)) {
    throw fault(
      `Invalid region in ARN: \`${arn.region}\` (invalid DNS name)`,
      "A region has letters, digits and hyphens only.",
    );
  }
}

/** The account is letters, digits and hyphens. */
export function requireAccountId(arn: Arn): void {
  if (!isHostLabel(arn.accountId, false)) {
    throw fault(
      `Invalid ARN: The account id may only contain a-z, A-Z, 0-9 and \`-\`. Found: \`${arn.accountId}\``,
      "An account id is 12 digits.",
    );
  }
}

/** The access point's name is letters, digits and hyphens. */
export function requireAccessPointName(name: string): void {
  if (!isHostLabel(name, false)) {
    throw fault(
      `Invalid ARN: The access point name may only contain a-z, A-Z, 0-9 and \`-\`. Found: \`${name}\``,
      "Copy the ARN again from the access point.",
    );
  }
}

/** The operation takes access points, and the ARN names one and nothing behind it. */
export function requireOneAccessPoint(input: RuleInput, arn: Arn): void {
  if (input.given.DisableAccessPoints === true) {
    throw fault("Access points are not supported for this operation", "Call it with the name of the bucket.");
  }
  if (arn.resource[2] !== undefined) {
    throw fault(
      "Invalid ARN: The ARN may only contain a single resource component after `accesspoint`.",
      "The ARN ends with accesspoint/name; an object belongs into Key.",
    );
  }
}

/** The name of `accesspoint/name`. */
export function accessPointName(arn: Arn): string {
  const name = arn.resource[1];
  if (name) return name;
  throw fault(
    "Invalid ARN: Expected a resource of the format `accesspoint:<accesspoint name>` but no name was provided",
    "The ARN of an access point: arn:aws:s3:region:account:accesspoint/name.",
  );
}

import type { Arn } from "./arn.js";
import {
  accessPointName,
  requireAccessPointName,
  requireAccountId,
  requireArnRegion,
  requireOneAccessPoint,
} from "./arn-checks.js";
import { endpoint, signedEndpoint, sigv4a } from "./auth-scheme.js";
import { fault } from "./fault.js";
import { isHostLabel } from "./host-label.js";
import { refuseForObjectLambda } from "./no-bucket.js";
import { outpostAccessPoint } from "./outposts.js";
import type { ResolvedEndpoint } from "./parameters.js";
import { type RuleInput, regionalHost } from "./rule-input.js";

/**
 * A bucket given as an ARN.
 *
 * @see https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-points-naming.html
 */
export function arnBucket(input: RuleInput, bucket: string, arn: Arn): ResolvedEndpoint {
  const type = arn.resource[0];
  if (!type)
    throw fault("Invalid ARN: No ARN type specified", "The ARN goes on with accesspoint/name or outpost/op-id.");
  if (arn.service === "s3-object-lambda") return objectLambdaAccessPoint(input, bucket, arn, type);
  if (type === "accesspoint") {
    const name = accessPointName(arn);
    return arn.region === "" ? multiRegionAccessPoint(input, arn, name) : accessPoint(input, bucket, arn, name);
  }
  if (arn.service === "s3-outposts") return outpostAccessPoint(input, bucket, arn);
  throw fault(
    `Invalid ARN: Unrecognized format: ${bucket} (type: ${type})`,
    "A bucket's own ARN is not taken: give its name. ARNs of access points are.",
  );
}

/** `arn:aws:s3:region:account:accesspoint/name`. */
function accessPoint(input: RuleInput, bucket: string, arn: Arn, name: string): ResolvedEndpoint {
  requireOneAccessPoint(input, arn);
  requireArnRegion(input, bucket, arn);
  if (arn.service !== "s3") {
    throw fault(
      `Invalid ARN: The ARN was not for the S3 service, found: ${arn.service}`,
      "The ARN of an access point begins with arn:aws:s3: or arn:aws:s3-object-lambda:.",
    );
  }
  requireAccountId(arn);
  requireAccessPointName(name);
  if (input.accelerate) {
    throw fault("Access Points do not support S3 Accelerate", "Turn useAccelerateEndpoint off for this bucket.");
  }
  return atAccessPoint(input, arn, name, "s3-accesspoint", "s3");
}

/** `arn:aws:s3-object-lambda:region:account:accesspoint/name`. */
function objectLambdaAccessPoint(input: RuleInput, bucket: string, arn: Arn, type: string): ResolvedEndpoint {
  if (type !== "accesspoint") {
    throw fault(
      `Invalid ARN: Object Lambda ARNs only support \`accesspoint\` arn types, but found: \`${type}\``,
      "The ARN of an Object Lambda access point: arn:aws:s3-object-lambda:region:account:accesspoint/name.",
    );
  }
  const name = accessPointName(arn);
  refuseForObjectLambda(input);
  if (arn.region === "") {
    throw fault("Invalid ARN: bucket ARN is missing a region", "Copy the ARN again from the access point.");
  }
  requireOneAccessPoint(input, arn);
  requireArnRegion(input, bucket, arn);
  if (arn.accountId === "") {
    throw fault("Invalid ARN: Missing account id", "Copy the ARN again from the access point.");
  }
  requireAccountId(arn);
  requireAccessPointName(name);
  return atAccessPoint(input, arn, name, "s3-object-lambda", "s3-object-lambda");
}

function atAccessPoint(
  input: RuleInput,
  arn: Arn,
  name: string,
  service: string,
  signingName: "s3" | "s3-object-lambda",
): ResolvedEndpoint {
  const { custom } = input;
  const prefix = `${name}-${arn.accountId}`;
  const url = custom
    ? `${custom.scheme}://${prefix}.${custom.authority}${custom.path}`
    : `https://${prefix}.${regionalHost(input, service, arn.region)}`;
  return signedEndpoint(url, signingName, arn.region);
}

/**
 * `arn:aws:s3::account:accesspoint/alias.mrap`: no region, so the signature is good for all of them.
 *
 * @see https://docs.aws.amazon.com/AmazonS3/latest/userguide/MultiRegionAccessPoints.html
 */
function multiRegionAccessPoint(input: RuleInput, arn: Arn, name: string): ResolvedEndpoint {
  if (!isHostLabel(name, true)) {
    throw fault("Invalid Access Point Name", "Copy the ARN again: it ends with the access point's alias and .mrap.");
  }
  if (input.dualStack) {
    throw fault("S3 MRAP does not support dual-stack", "Turn useDualstackEndpoint off for this bucket.");
  }
  if (input.fips) throw fault("S3 MRAP does not support FIPS", "Turn useFipsEndpoint off for this bucket.");
  if (input.accelerate) {
    throw fault("S3 MRAP does not support S3 Accelerate", "Turn useAccelerateEndpoint off for this bucket.");
  }
  if (input.given.DisableMultiRegionAccessPoints === true) {
    throw fault(
      "Invalid configuration: Multi-Region Access Point ARNs are disabled.",
      "The option disableMultiregionAccessPoints, or its environment or profile key, turned them off.",
    );
  }
  const { partition } = input;
  if (partition.name !== arn.partition) {
    throw fault(
      `Client was configured for partition \`${partition.name}\` but bucket referred to partition \`${arn.partition}\``,
      "Credentials are good in one partition only: make a client with a region and credentials of the ARN's.",
    );
  }
  return endpoint(`https://${name}.accesspoint.s3-global.${partition.dnsSuffix}`, [sigv4a("s3")]);
}

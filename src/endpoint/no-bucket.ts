import { signedEndpoint } from "./auth-scheme.js";
import { fault, invalidRegion } from "./fault.js";
import { isHostLabel } from "./host-label.js";
import type { ResolvedEndpoint } from "./parameters.js";
import { s3Host, s3Region } from "./plain-bucket.js";
import { type RuleInput, regionalHost } from "./rule-input.js";

/** A call without a bucket, such as ListBuckets. */
export function withoutBucket(input: RuleInput): ResolvedEndpoint {
  if (!isHostLabel(input.region, true)) throw invalidRegion(input.region);
  const { custom } = input;
  const url = custom ? `${custom.scheme}://${custom.authority}${custom.path}` : `https://${s3Host(input)}`;
  return signedEndpoint(url, "s3", s3Region(input));
}

/** A call of Object Lambda's own, WriteGetObjectResponse. */
export function objectLambdaService(input: RuleInput): ResolvedEndpoint {
  if (!isHostLabel(input.region, true)) throw invalidRegion(input.region);
  refuseForObjectLambda(input);
  const { custom } = input;
  const url = custom
    ? `${custom.scheme}://${custom.authority}${custom.path}`
    : `https://${regionalHost(input, "s3-object-lambda", input.region)}`;
  return signedEndpoint(url, "s3-object-lambda", input.region);
}

/** Object Lambda has neither dual-stack nor accelerate endpoints. */
export function refuseForObjectLambda(input: RuleInput): void {
  if (input.dualStack) {
    throw fault("S3 Object Lambda does not support Dual-stack", "Turn useDualstackEndpoint off for this call.");
  }
  if (input.accelerate) {
    throw fault("S3 Object Lambda does not support S3 Accelerate", "Turn useAccelerateEndpoint off for this call.");
  }
}

// Where requests go: AWS's endpoint rules for S3, and what is known of regions and partitions.
export { EndpointError } from "../errors/base.js";
export { type Arn, parseArn } from "./arn.js";
export type {
  AuthScheme,
  EndpointParameters,
  ResolvedEndpoint,
  SigningName,
  SigV4AuthScheme,
  SigV4aAuthScheme,
} from "./parameters.js";
export { availablePartitions, availableRegions, normalizeRegion, partitionForRegion } from "./region.js";
export { resolveEndpoint } from "./resolve.js";

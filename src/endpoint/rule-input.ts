import type { CustomEndpoint } from "./custom-endpoint.js";
import { invalidRegion } from "./fault.js";
import { isHostLabel } from "./host-label.js";
import type { EndpointParameters } from "./parameters.js";
import type { Partition } from "./partitions/partition.js";

/** What every rule reads: the parameters with their defaults, the region's partition, the custom endpoint taken apart. */
export interface RuleInput {
  region: string;
  /** The partition of `region`. */
  partition: Partition;
  fips: boolean;
  dualStack: boolean;
  accelerate: boolean;
  forcePathStyle: boolean;
  useGlobalEndpoint: boolean;
  /** The custom endpoint; undefined without one. */
  custom: CustomEndpoint | undefined;
  /** Everything else, as it was given. */
  given: EndpointParameters;
}

/** `service.region.suffix` with the FIPS and dual-stack words of the input: `s3-fips.dualstack.eu-west-1.amazonaws.com`. */
export function regionalHost(input: RuleInput, service: string, region: string): string {
  return dualStackHost(input, input.fips ? `${service}-fips` : service, region);
}

/** The same for a service that says FIPS in another way. */
export function dualStackHost(input: RuleInput, service: string, region: string): string {
  return hostInRegion(input, input.dualStack ? `${service}.dualstack` : service, region);
}

/**
 * `service.region.suffix`. Some of the rules put an unchecked region here, and `evil.example/` would make it somebody else's host:
 * that is refused.
 */
export function hostInRegion(input: RuleInput, service: string, region: string): string {
  if (!isHostLabel(region, true)) throw invalidRegion(region);
  return `${service}.${region}.${input.partition.dnsSuffix}`;
}

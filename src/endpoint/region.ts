import { invalidRegion } from "./fault.js";
import { isHostLabel } from "./host-label.js";
import { allPartitions, findPartition } from "./partitions/partition.js";

/**
 * Takes a region as people write it: the pseudo-regions `fips-us-east-1` and `us-east-1-fips` mean us-east-1 with FIPS endpoints.
 *
 * @returns the region itself, and whether FIPS endpoints are meant.
 * @throws {@link EndpointError} if the region is no host label (letters, digits and hyphens, at most 63).
 */
export function normalizeRegion(region: string): { region: string; fips: boolean } {
  if (!isHostLabel(region, false)) throw invalidRegion(region);
  if (region === "aws-fips") return { region: "us-east-1", fips: true };
  if (region.startsWith("fips-")) return { region: region.slice(5), fips: true };
  if (region.endsWith("-fips")) return { region: region.slice(0, -5), fips: true };
  return { region, fips: false };
}

/** The partition that a region belongs to, such as `aws-cn`; `aws` for a region that fits nowhere. */
export function partitionForRegion(region: string): string {
  return findPartition(region).name;
}

/** The names of all partitions, `aws` first. */
export function availablePartitions(): string[] {
  return allPartitions().map((partition) => partition.name);
}

/** The regions that a partition is known to have, without pseudo-regions; none for a partition that does not exist. Default `aws`. */
export function availableRegions(partition = "aws"): string[] {
  const found = allPartitions().find(({ name }) => name === partition);
  return found ? found.regions.filter((region) => !region.endsWith("-global")) : [];
}

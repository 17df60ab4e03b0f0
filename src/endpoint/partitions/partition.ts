import { makeTable } from "./table.js";

/** A set of regions with credentials, ARNs and host names of its own, such as `aws`, `aws-cn` and `aws-us-gov`. */
export interface Partition {
  /** The second part of its ARNs. */
  readonly name: string;
  /** The end of its host names; S3 uses it for dual-stack hosts too. */
  readonly dnsSuffix: string;
  /** The end of the dual-stack host names of services other than S3. */
  readonly dualStackDnsSuffix: string;
  /** The region that its global services sign for. */
  readonly implicitGlobalRegion: string;
  /** What its regions look like, those of tomorrow too. */
  readonly pattern: RegExp;
  /** The regions it is known to have, with the pseudo-region for global services (`aws-global`). */
  readonly regions: readonly string[];
}

let table: readonly [Partition, ...Partition[]] | undefined;

/** All partitions, `aws` first. */
export function allPartitions(): readonly [Partition, ...Partition[]] {
  table ??= makeTable();
  return table;
}

/** The partition of a region: by its pattern or its list, and `aws` for regions that fit nowhere. */
export function findPartition(region: string): Partition {
  const partitions = allPartitions();
  for (const partition of partitions) {
    if (partition.pattern.test(region) || partition.regions.includes(region)) return partition;
  }
  return partitions[0];
}

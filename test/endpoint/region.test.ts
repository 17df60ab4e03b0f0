import { describe, expect, it } from "vitest";
import {
  availablePartitions,
  availableRegions,
  EndpointError,
  normalizeRegion,
  partitionForRegion,
} from "../../src/endpoint/index.js";
import { allPartitions } from "../../src/endpoint/partitions/partition.js";
import { loadPartitions } from "./ruleset-interpreter.js";

describe("normalizeRegion", () => {
  it.each([
    ["us-east-1", "us-east-1", false],
    ["fips-us-east-1", "us-east-1", true],
    ["us-gov-west-1-fips", "us-gov-west-1", true],
    ["fips-aws-global", "aws-global", true],
    ["aws-fips", "us-east-1", true],
    ["snow", "snow", false],
  ])("%s", (given, region, fips) => {
    expect(normalizeRegion(given)).toEqual({ region, fips });
  });

  it.each(["", "us east 1", "us_east_1", "us-east-1/", "us.east", "-a", "a-", "x".repeat(64), "ü", "us-east-1\n"])(
    "refuses %j",
    (region) => {
      expect(() => normalizeRegion(region)).toThrow(EndpointError);
    },
  );
});

describe("partitions", () => {
  it.each([
    ["us-east-1", "aws"],
    ["aws-global", "aws"],
    ["mx-west-17", "aws"],
    ["cn-north-1", "aws-cn"],
    ["cn-east-9", "aws-cn"],
    ["us-gov-east-1", "aws-us-gov"],
    ["us-iso-south-2", "aws-iso"],
    ["us-isob-east-1", "aws-iso-b"],
    ["eu-isoe-west-1", "aws-iso-e"],
    ["us-isof-south-1", "aws-iso-f"],
    ["aws-iso-f-global", "aws-iso-f"],
    ["eusc-de-north-3", "aws-eusc"],
    ["moon-1", "aws"],
    ["", "aws"],
  ])("%j is in %s", (region, partition) => {
    expect(partitionForRegion(region)).toBe(partition);
  });

  it("lists partitions and their regions", () => {
    expect(availablePartitions()[0]).toBe("aws");
    expect(availableRegions()).toContain("eu-central-1");
    expect(availableRegions()).not.toContain("aws-global");
    expect(availableRegions("aws-cn")).toEqual(["cn-north-1", "cn-northwest-1"]);
    expect(availableRegions("atlantis")).toEqual([]);
  });

  it("know each of their regions for their own", () => {
    for (const { name, regions } of allPartitions()) {
      for (const region of regions) expect([region, partitionForRegion(region)]).toEqual([region, name]);
    }
  });

  const published = loadPartitions();
  it.runIf(published)("are those that AWS publishes", () => {
    expect(allPartitions().map(({ pattern, ...rest }) => ({ ...rest, pattern: pattern.source }))).toEqual(
      published?.map(({ id, outputs, regions, regionRegex }) => ({
        name: id,
        dnsSuffix: outputs["dnsSuffix"],
        dualStackDnsSuffix: outputs["dualStackDnsSuffix"],
        implicitGlobalRegion: outputs["implicitGlobalRegion"],
        regions: Object.keys(regions).sort(),
        pattern: regionRegex.replaceAll("\\-", "-"),
      })),
    );
  });
});

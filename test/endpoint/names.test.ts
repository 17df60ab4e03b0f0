import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { isHostLabel, isVirtualHostable } from "../../src/endpoint/host-label.js";
import { parseArn } from "../../src/endpoint/index.js";
import {
  isVirtualHostable as isHostableByRule,
  isValidHostLabel,
  parseArn as parseArnByRule,
} from "./ruleset-interpreter.js";

const nearNames = fc.string({ unit: fc.constantFrom(..."aZ09-._:/ ä\n"), maxLength: 70 });

describe("host labels", () => {
  it("are those of the rules", () => {
    fc.assert(
      fc.property(nearNames, fc.boolean(), (value, dots) => {
        expect(isHostLabel(value, dots)).toBe(isValidHostLabel(value, dots));
        expect(isVirtualHostable(value, dots)).toBe(isHostableByRule(value, dots));
      }),
      { numRuns: 2000 },
    );
  });

  it.each([
    ["a", true],
    ["a".repeat(63), true],
    ["a".repeat(64), false],
    ["", false],
    ["-a", false],
    ["a-", false],
    ["a_b", false],
    ["a.b", false],
    ["a\n", false],
  ])("%j: %s", (label, valid) => {
    expect(isHostLabel(label, false)).toBe(valid);
  });

  it("of a bucket are lower case, three characters and no address", () => {
    expect(["ab", "abc", "aBc", "a.c", "127.0.0.1"].map((name) => isVirtualHostable(name, false))).toEqual([
      false,
      true,
      false,
      false,
      false,
    ]);
    expect(["a.c", "127.0.0.1", "1.2.3.com", "a..c"].map((name) => isVirtualHostable(name, true))).toEqual([
      true,
      false,
      true,
      false,
    ]);
  });
});

describe("parseArn", () => {
  it("takes apart what the rules take apart", () => {
    const part = fc.constantFrom("", "aws", "s3", "us-east-1", "111122223333", "a/b", "accesspoint", "ä", ":");
    fc.assert(
      fc.property(fc.array(part, { maxLength: 9 }), fc.constantFrom("arn:", "arn", "", "ARN:"), (parts, lead) => {
        const value = lead + parts.join(":");
        const arn = parseArn(value);
        const { resourceId, ...rest } = parseArnByRule(value) ?? {};
        expect(arn).toEqual(resourceId && { ...rest, resource: resourceId });
      }),
      { numRuns: 2000 },
    );
  });

  it("names its parts", () => {
    expect(parseArn("arn:aws:s3-outposts:us-west-2:111122223333:outpost/op-1:accesspoint/ap")).toEqual({
      partition: "aws",
      service: "s3-outposts",
      region: "us-west-2",
      accountId: "111122223333",
      resource: ["outpost", "op-1", "accesspoint", "ap"],
    });
  });
});

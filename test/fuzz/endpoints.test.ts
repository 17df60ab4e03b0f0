import fc from "fast-check";
import { EndpointError, type EndpointParameters, parseArn, resolveEndpoint } from "tucuxi/endpoint";
import { describe, expect, it } from "vitest";
import { anyText, hostileNames, outcome, runs } from "./support.js";

const arnPart = fc.oneof(
  fc.constantFrom(
    "arn",
    "aws",
    "aws-cn",
    "s3",
    "s3-object-lambda",
    "s3-outposts",
    "us-west-2",
    "",
    "123456789012",
    "accesspoint",
    "outpost",
    "op-01234567890123456",
    "my-point",
    "mrap.accesspoint",
    "evil.example",
    "a/b",
    "@",
  ),
  anyText(6),
);
const arns = fc
  .array(arnPart, { minLength: 1, maxLength: 9 })
  .chain((parts) => fc.constantFrom(":", "/").map((mark) => `arn:${parts.join(mark === "/" ? "/" : ":")}`));
const buckets = fc.oneof(
  arns,
  fc.tuple(arnPart, arnPart, arnPart, arnPart).map(([a, b, c, d]) => `arn:aws:${a}:${b}:123456789012:${c}:${d}`),
  anyText(20),
  fc.constantFrom("bucket", "my.bucket", "b--usw2-az1--x-s3", "B_1", ...hostileNames),
);
const regions = fc.oneof(
  fc.constantFrom(
    "us-east-1",
    "eu-west-1",
    "cn-north-1",
    "us-gov-west-1",
    "aws-global",
    "us-iso-east-1",
    ...hostileNames,
  ),
  anyText(10),
);
const endpoints = fc.option(
  fc.oneof(
    fc.constantFrom(
      "https://s3.example.com",
      "http://example.com:9000/prefix",
      "https://[::1]:9000",
      "https://example.com/?x=1",
    ),
    anyText(20).map((text) => `https://${text}`),
    anyText(20),
  ),
  { nil: undefined },
);
const flag = fc.option(fc.boolean(), { nil: undefined });

describe("endpoint parameters", () => {
  it("of any value give a URL with its own host, or an EndpointError", () => {
    let found = 0;
    fc.assert(
      fc.property(
        fc.record({
          Region: fc.option(regions, { nil: undefined }),
          Bucket: fc.option(buckets, { nil: undefined }),
          Endpoint: endpoints,
          UseFIPS: flag,
          UseDualStack: flag,
          Accelerate: flag,
          ForcePathStyle: flag,
          UseArnRegion: flag,
          DisableMultiRegionAccessPoints: flag,
          UseGlobalEndpoint: flag,
        }),
        (parameters: EndpointParameters) => {
          const { value, error } = outcome(() => resolveEndpoint(parameters));
          if (value === undefined) {
            expect(error).toBeInstanceOf(EndpointError);
            return;
          }
          found++;
          expect(value.url).toMatch(/^https?:\/\/[\x21-\x7e]+$/);
          if (parameters.Endpoint !== undefined) return;
          // Without an endpoint of one's own there is no other host than Amazon's.
          const { hostname, username, port, hash, search } = new URL(value.url);
          expect(hostname).toMatch(
            /^([a-z0-9_-]+\.)+(amazonaws\.com(\.cn)?|api\.aws|api\.amazonwebservices\.com\.cn|[a-z0-9.-]*(c2s\.ic\.gov|sc2s\.sgov\.gov|amazonaws\.eu|cloud\.adc-e\.uk|hci\.ic\.gov|csp\.hci\.ic\.gov|aws\.dev))$/,
          );
          expect([username, port, hash, search]).toEqual(["", "", "", ""]);
        },
      ),
      { numRuns: runs(2500) },
    );
    expect(found).toBeGreaterThan(5);
  });

  it("that are ARNs are taken apart, or are none", () => {
    fc.assert(
      fc.property(arns, (text) => {
        const arn = parseArn(text);
        if (arn === undefined || arn === null) return;
        expect(text.startsWith("arn:")).toBe(true);
        expect(JSON.stringify(arn)).not.toContain('polluted":1');
      }),
      { numRuns: runs(1000) },
    );
    for (const text of [
      `arn:${":".repeat(1_000_000)}`,
      `arn:aws:s3:::${"a/".repeat(500_000)}`,
      "a".repeat(2_000_000),
    ]) {
      expect([undefined, null, "object"]).toContain(parseArn(text) && typeof parseArn(text));
      const { error } = outcome(() => resolveEndpoint({ Region: "us-east-1", Bucket: text }));
      if (error !== undefined) expect(error).toBeInstanceOf(EndpointError);
    }
  });
});

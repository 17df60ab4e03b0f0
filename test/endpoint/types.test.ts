import { describe, expectTypeOf, it } from "vitest";
import type { EndpointCache, OperationTraits } from "../../src/endpoint/cache.js";
import {
  type AuthScheme,
  type EndpointParameters,
  normalizeRegion,
  partitionForRegion,
  type ResolvedEndpoint,
  resolveEndpoint,
  type SigV4AuthScheme,
  type SigV4aAuthScheme,
} from "../../src/endpoint/index.js";
import type { PreparedEndpoint } from "../../src/endpoint/prepared.js";
import type { Operation } from "../../src/model/operation.js";

describe("the types of the endpoint room", () => {
  it("let every parameter be left out or undefined, and none be misspelt", () => {
    expectTypeOf<object>().toExtend<EndpointParameters>();
    expectTypeOf<EndpointParameters["Bucket"]>().toEqualTypeOf<string | undefined>();
    expectTypeOf<EndpointParameters["UseFIPS"]>().toEqualTypeOf<boolean | undefined>();
    // @ts-expect-error the rules spell it UseFIPS
    resolveEndpoint({ Region: "us-east-1", UseFips: true });
    expectTypeOf(resolveEndpoint).parameters.toEqualTypeOf<[EndpointParameters]>();
  });

  it("narrow an auth scheme by its name", () => {
    expectTypeOf(resolveEndpoint).returns.toEqualTypeOf<ResolvedEndpoint>();
    expectTypeOf<AuthScheme>().toEqualTypeOf<SigV4AuthScheme | SigV4aAuthScheme>();
    expectTypeOf<Extract<AuthScheme, { name: "sigv4a" }>["signingRegionSet"]>().toEqualTypeOf<string[]>();
    expectTypeOf<Extract<AuthScheme, { signingRegion: string }>["name"]>().toEqualTypeOf<"sigv4" | "sigv4-s3express">();
    expectTypeOf<ResolvedEndpoint["properties"]["backend"]>().toEqualTypeOf<"S3Express" | undefined>();
  });

  it("narrow the signing of a prepared endpoint too", () => {
    expectTypeOf<EndpointCache["get"]>().returns.toEqualTypeOf<PreparedEndpoint>();
    expectTypeOf<Extract<PreparedEndpoint["signing"], { name: "sigv4a" }>["region"]>().toEqualTypeOf<undefined>();
    expectTypeOf<
      Extract<PreparedEndpoint["signing"], { name: "sigv4" | "sigv4-s3express" }>["region"]
    >().toEqualTypeOf<string>();
  });

  it("take an operation of the model for its traits", () => {
    expectTypeOf<Operation>().toExtend<OperationTraits>();
    expectTypeOf(normalizeRegion).returns.toEqualTypeOf<{ region: string; fips: boolean }>();
    expectTypeOf(partitionForRegion).toEqualTypeOf<(region: string) => string>();
  });
});

import { describe, expect, it } from "vitest";
import { EndpointCache, type EndpointConfiguration, traitsKey } from "../../src/endpoint/cache.js";
import { EndpointError } from "../../src/endpoint/index.js";
import { operation } from "../../src/model/operation.js";

const url = (configuration: EndpointConfiguration, bucket?: string, key?: number): string =>
  new EndpointCache({ Region: "us-east-1", ...configuration }).get(bucket, key).url;

describe("EndpointCache", () => {
  it("gives the same object for the same bucket and traits", () => {
    const cache = new EndpointCache({ Region: "eu-west-1" });
    const first = cache.get("river");
    expect(cache.get("river")).toBe(first);
    expect(cache.get("river", traitsKey({ pathStyle: true }))).not.toBe(first);
    expect(cache.get("lake")).not.toBe(first);
    expect(cache.get(undefined)).toBe(cache.get(undefined));
    expect(cache.size).toBe(3);
  });

  it("forgets the first when it is full", () => {
    const cache = new EndpointCache({ Region: "eu-west-1" }, 3);
    const first = cache.get("b-1");
    for (const name of ["b-2", "b-3"]) cache.get(name);
    expect(cache.get("b-1")).toBe(first);
    cache.get("b-4");
    expect(cache.size).toBe(3);
    expect(cache.get("b-1")).not.toBe(first);
    expect(cache.get("b-1")).toEqual(first);
    expect(cache.size).toBe(3);
  });

  it("does not remember errors", () => {
    const cache = new EndpointCache({ Region: "eu-west-1" });
    for (let time = 0; time < 2; time++) expect(() => cache.get("arn:aws:s3")).toThrow(EndpointError);
    expect(cache.size).toBe(0);
  });

  it("keeps other regions apart, and bounded", () => {
    const cache = new EndpointCache({ Region: "eu-west-1", UseDualStack: true });
    expect(cache.get("river", 0, "eu-central-1").url).toBe("https://river.s3.dualstack.eu-central-1.amazonaws.com");
    expect(cache.get("river", 0, "eu-central-1")).toBe(cache.get("river", 0, "eu-central-1"));
    expect(cache.get("river", 0, "eu-west-1")).toBe(cache.get("river"));
    const central = cache.get("river", 0, "eu-central-1");
    for (let number = 0; number < 100; number++) cache.get("river", 0, `eu-west-${number + 10}`);
    expect(cache.get("river", 0, "eu-central-1")).not.toBe(central);
    expect(() => cache.get("river", 0, "evil.example/")).toThrow(EndpointError);
  });

  it("passes the configuration on", () => {
    expect(url({ UseFIPS: true }, "river")).toBe("https://river.s3-fips.us-east-1.amazonaws.com");
    expect(url({ UseGlobalEndpoint: true }, "river")).toBe("https://river.s3.amazonaws.com");
    expect(url({ Accelerate: true }, "river")).toBe("https://river.s3-accelerate.amazonaws.com");
    expect(() => url({ UseArnRegion: false }, "arn:aws:s3:eu-west-1:111122223333:accesspoint/ap")).toThrow(
      "UseArnRegion",
    );
    expect(() => url({ DisableMultiRegionAccessPoints: true }, "arn:aws:s3::111122223333:accesspoint/a.mrap")).toThrow(
      "are disabled",
    );
    const express = new EndpointCache({ Region: "us-east-1", DisableS3ExpressSessionAuth: true });
    expect(express.get("river--use1-az1--x-s3").signing.name).toBe("sigv4");
  });

  it("takes the traits of an operation of the model", () => {
    const bucket = "river--use1-az1--x-s3";
    const cache = new EndpointCache({ Region: "us-east-1" });
    const of = (name: Parameters<typeof operation>[0], given?: string) => cache.get(given, traitsKey(operation(name)));
    expect(of("GetObject", bucket).signing.name).toBe("sigv4-s3express");
    expect(of("CreateSession", bucket)).toMatchObject({
      signing: { name: "sigv4" },
      host: `${bucket}.s3express-use1-az1.us-east-1.amazonaws.com`,
    });
    expect(of("CreateBucket", bucket).url).toBe(`https://s3express-control.us-east-1.amazonaws.com/${bucket}`);
    expect(of("ListDirectoryBuckets").host).toBe("s3express-control.us-east-1.amazonaws.com");
    expect(of("ListBuckets").host).toBe("s3.us-east-1.amazonaws.com");
    expect(of("WriteGetObjectResponse").host).toBe("s3-object-lambda.us-east-1.amazonaws.com");
    expect(() => of("CreateBucket", "arn:aws:s3:us-east-1:111122223333:accesspoint/ap")).toThrow(
      "not supported for this operation",
    );
  });

  it("asks for a bucket's location in the path, accelerated or not", () => {
    const key = traitsKey({ pathStyle: true });
    expect(url({ Accelerate: true }, "river", key)).toBe("https://s3.us-east-1.amazonaws.com/river");
    expect(url({}, "arn:aws:s3:us-east-1:111122223333:accesspoint/ap", key)).toBe(
      "https://ap-111122223333.s3-accesspoint.us-east-1.amazonaws.com",
    );
  });

  it("gives presigned URLs the regional host", () => {
    expect(url({ UseGlobalEndpoint: true }, "river", traitsKey({ regionalHost: true }))).toBe(
      "https://river.s3.us-east-1.amazonaws.com",
    );
  });

  it("tells a path style that was asked for from one by default", () => {
    const arn = "arn:aws:s3:us-east-1:111122223333:accesspoint/ap";
    const Endpoint = "http://storage.example:9000";
    expect(url({ Endpoint, ForcePathStyle: "unless-arn" }, "river")).toBe("http://storage.example:9000/river");
    expect(url({ Endpoint, ForcePathStyle: "unless-arn" }, arn)).toBe("http://ap-111122223333.storage.example:9000");
    expect(url({ Endpoint }, "river")).toBe("http://river.storage.example:9000");
    expect(() => url({ Endpoint, ForcePathStyle: true }, arn)).toThrow(
      "Path-style addressing cannot be used with ARN buckets",
    );
  });
});

import { describe, expect, it } from "vitest";
import { EndpointError, type EndpointParameters, resolveEndpoint } from "../../src/endpoint/index.js";
import { type PreparedEndpoint, prepareEndpoint, withHostPrefix } from "../../src/endpoint/prepared.js";

const prepare = (parameters: EndpointParameters): PreparedEndpoint =>
  prepareEndpoint(resolveEndpoint({ Region: "eu-west-1", ...parameters }));

describe("prepareEndpoint", () => {
  it("takes a virtual-hosted endpoint apart", () => {
    expect(prepare({ Bucket: "river" })).toEqual({
      url: "https://river.s3.eu-west-1.amazonaws.com",
      scheme: "https:",
      host: "river.s3.eu-west-1.amazonaws.com",
      origin: "https://river.s3.eu-west-1.amazonaws.com",
      basePath: "",
      signing: { name: "sigv4", service: "s3", region: "eu-west-1", regionSet: undefined, doubleEncode: false },
      backend: undefined,
    });
  });

  it.each<[EndpointParameters, string, string]>([
    [{}, "https://s3.eu-west-1.amazonaws.com", ""],
    [{ Bucket: "My Bucket" }, "https://s3.eu-west-1.amazonaws.com", "/My%20Bucket"],
    [{ Endpoint: "https://example.com/" }, "https://example.com", ""],
    [{ Endpoint: "https://example.com/pre/" }, "https://example.com", "/pre"],
    [{ Endpoint: "https://example.com/pre/", Bucket: "river" }, "https://river.example.com", "/pre"],
    [
      { Endpoint: "https://example.com/pre", Bucket: "river", ForcePathStyle: true },
      "https://example.com",
      "/pre/river",
    ],
    [{ Endpoint: "https://example.com:443", Bucket: "river" }, "https://river.example.com", ""],
    [{ Endpoint: "http://example.com:80/", Bucket: "a.b_c" }, "http://example.com", "/a.b_c"],
    [{ Endpoint: "http://example.com:443" }, "http://example.com:443", ""],
    [{ Endpoint: "http://Example.COM:09000", Bucket: "river" }, "http://river.example.com:9000", ""],
    [{ Endpoint: "http://127.0.0.1:9000", Bucket: "river" }, "http://127.0.0.1:9000", "/river"],
    [{ Endpoint: "http://[::1]:9000", Bucket: "river" }, "http://[::1]:9000", "/river"],
    [{ Endpoint: "http://[0:0:0:0:0:0:0:80]/p", Bucket: "river" }, "http://[::80]", "/p/river"],
    [
      { Bucket: "arn:aws:s3:eu-west-1:111122223333:accesspoint/MyAp" },
      "https://myap-111122223333.s3-accesspoint.eu-west-1.amazonaws.com",
      "",
    ],
    [
      { Bucket: "river--euw1-az1--x-s3", UseS3ExpressControlEndpoint: true },
      "https://s3express-control.eu-west-1.amazonaws.com",
      "/river--euw1-az1--x-s3",
    ],
  ])("%j", (parameters, origin, basePath) => {
    expect(prepare(parameters)).toMatchObject({ origin, basePath, host: origin.replace(/^https?:\/\//, "") });
  });

  it("signs Multi-Region Access Points with SigV4A, and Outposts, which take both, with SigV4", () => {
    expect(prepare({ Bucket: "arn:aws:s3::111122223333:accesspoint/river.mrap" }).signing).toEqual({
      name: "sigv4a",
      service: "s3",
      region: undefined,
      regionSet: ["*"],
      doubleEncode: false,
    });
    expect(
      prepare({ Bucket: "arn:aws:s3-outposts:eu-west-1:111122223333:outpost/op-1/accesspoint/ap" }).signing,
    ).toMatchObject({
      name: "sigv4",
      service: "s3-outposts",
      region: "eu-west-1",
    });
  });

  it("says that a directory bucket is one", () => {
    expect(prepare({ Bucket: "river--euw1-az1--x-s3" })).toMatchObject({
      backend: "S3Express",
      signing: { name: "sigv4-s3express", service: "s3express" },
    });
  });

  it.each(["http://127.0.0.1:9000", "http://[::1]:9000"])("refuses a name in front of the address %s", (Endpoint) => {
    expect(() => prepare({ Endpoint, Bucket: "arn:aws:s3:eu-west-1:111122223333:accesspoint/ap" })).toThrow(
      expect.objectContaining({ name: "EndpointError", hint: expect.stringContaining("forcePathStyle") }),
    );
    expect(() => prepare({ Endpoint, Bucket: "a.b.c" })).toThrow(EndpointError);
  });

  it("refuses a host name that is too long for DNS", () => {
    expect(() => prepare({ Endpoint: "http://example.com", Bucket: `${"a.".repeat(150)}b` })).toThrow(EndpointError);
  });
});

describe("withHostPrefix", () => {
  const lambda = prepare({ UseObjectLambdaEndpoint: true });

  it("puts the route of WriteGetObjectResponse in front", () => {
    expect(withHostPrefix(lambda, "io-1a2b.")).toEqual({
      ...lambda,
      url: "https://io-1a2b.s3-object-lambda.eu-west-1.amazonaws.com",
      host: "io-1a2b.s3-object-lambda.eu-west-1.amazonaws.com",
      origin: "https://io-1a2b.s3-object-lambda.eu-west-1.amazonaws.com",
    });
  });

  it.each(["", ".", "evil.example/.", "a", "a b.", "a@.", "a\r\n.", "-a."])("refuses %j", (prefix) => {
    expect(() => withHostPrefix(lambda, prefix)).toThrow(EndpointError);
  });

  it.each(["http://127.0.0.1:9", "http://[::1]:9", "http://localhost:9", "https://minio"])(
    "leaves %s alone",
    (Endpoint) => {
      const endpoint = prepare({ Endpoint });
      expect(withHostPrefix(endpoint, "route.")).toBe(endpoint);
    },
  );

  it("goes before a name of one's own, its port and its path", () => {
    expect(withHostPrefix(prepare({ Endpoint: "https://lambda.example.com:8443/p" }), "route.")).toMatchObject({
      host: "route.lambda.example.com:8443",
      origin: "https://route.lambda.example.com:8443",
      basePath: "/p",
    });
  });
});

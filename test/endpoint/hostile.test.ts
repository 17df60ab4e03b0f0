import { describe, expect, it } from "vitest";
import { EndpointCache } from "../../src/endpoint/cache.js";
import { EndpointError, type EndpointParameters, resolveEndpoint } from "../../src/endpoint/index.js";

const hosts = /^(?:[\w-]+\.)*(?:example\.com|amazonaws\.com)$/;

/** Nothing but an EndpointError, or a URL that two parsers read alike, with the host that was meant. */
function staysInPlace(parameters: EndpointParameters): void {
  let url: string;
  try {
    url = resolveEndpoint(parameters).url;
  } catch (error) {
    expect(error).toBeInstanceOf(EndpointError);
    return;
  }
  expect(url).toMatch(/^https?:\/\/[\x21-\x7e]+$/);
  const parsed = new URL(url);
  expect(parsed.hostname).toMatch(hosts);
  const asSeen = url.replace(/^[^/]*\/\/[^/]*/, (origin) => origin.toLowerCase());
  expect(parsed.href).toBe(parsed.pathname === "/" ? `${asSeen}/` : asSeen);
  expect([parsed.username, parsed.password, parsed.search, parsed.hash]).toEqual(["", "", "", ""]);
}

describe("parameters of the wrong kind", () => {
  it.each<[string, unknown]>([
    ["Region", 5],
    ["Bucket", {}],
    ["Endpoint", new URL("https://example.com")],
    ["UseFIPS", "true"],
    ["UseDualStack", 1],
    ["UseArnRegion", "false"],
    ["DisableS3ExpressSessionAuth", {}],
  ])("are refused by name: %s", (name, value) => {
    expect(() => resolveEndpoint({ Region: "us-east-1", [name]: value })).toThrow(
      expect.objectContaining({
        name: "EndpointError",
        message: `Invalid ${name}: expected a ${["Region", "Bucket", "Endpoint"].includes(name) ? "string" : "boolean"}, got ${typeof value}`,
      }),
    );
  });

  it("are an object", () => {
    for (const wrong of [undefined, null, "us-east-1"])
      expect(() => resolveEndpoint(wrong as never)).toThrow(/^Invalid parameters: expected an object/);
    const nulls = { Region: "us-east-1", Bucket: null, UseFIPS: null } as never;
    expect(resolveEndpoint(nulls).url).toBe("https://s3.us-east-1.amazonaws.com");
  });
});

const buckets = [
  ...[
    "a\r\nHost: evil.example",
    "a\nb",
    "\0",
    "a/b",
    "/",
    "//evil.example",
    "\\evil",
    "..",
    ".",
    "../x",
    "..%2f",
    "%2e%2e",
    "a b",
    " ",
    "",
  ],
  ...[
    "ünïcode",
    "日本",
    "\u{1f42c}",
    "\ud800",
    "a?x=1",
    "a#b",
    "a@evil.example",
    "user:pass@x",
    "a:80",
    "[::1]",
    "%",
    "%zz",
    "*",
    "'",
    "(",
  ],
  ...[
    "arn:aws:s3:us-east-1:1:accesspoint/a/../b",
    "arn:aws:s3:us-east-1@evil.example/:1:accesspoint/a",
    "arn:aws:s3::1:accesspoint/a/b.mrap",
  ],
  ...[
    "arn:aws:s3::1:accesspoint/evil.example",
    "arn:aws:s3:us-east-1:1.evil.example:accesspoint/a",
    "arn:aws:s3:us-east-1:1:accesspoint/a\r\nb",
  ],
  ...[
    "a\r\n--usw2-az1--x-s3",
    "evil.example/--usw2-az1--x-s3",
    "ä--usw2-az1--x-s3",
    "x".repeat(300),
    `${"a.".repeat(200)}b`,
  ],
];
const regions = [
  ...[
    "evil.example/",
    "evil.example#",
    "evil.example?",
    "x@evil.example/",
    "a b",
    "a\r\nb",
    "..",
    ".",
    "",
    "/",
    "\\",
    "a.b",
    "ü",
    "%2e",
    "us-east-1:80",
  ],
  ...["x".repeat(64), "a,b", "*", "us-east-1\n"],
];

describe("names that try to leave their place", () => {
  const flags: EndpointParameters[] = [
    {},
    { ForcePathStyle: true },
    { Accelerate: true },
    { UseS3ExpressControlEndpoint: true },
    { UseFIPS: true },
  ];
  const endpoints = [undefined, "https://example.com", "http://example.com/prefix"];

  it.each(buckets)("bucket %j", (Bucket) => {
    for (const flag of flags) {
      for (const Endpoint of endpoints) staysInPlace({ Region: "us-west-2", Bucket, Endpoint, ...flag });
    }
  });

  it.each(regions)("region %j", (Region) => {
    const names = [
      undefined,
      "bucket",
      "My_Bucket",
      "b--usw2-az1--x-s3",
      "arn:aws:s3:us-east-1:1:accesspoint/a",
      "arn:aws:s3::1:accesspoint/a.mrap",
    ];
    const alias = `ap-o${"0123456789abcdef0"}${"x".repeat(20)}use10--op-s3`;
    for (const flag of [...flags, { UseObjectLambdaEndpoint: true }]) {
      for (const Bucket of [...names, alias]) {
        for (const Endpoint of endpoints) staysInPlace({ Region, Bucket, Endpoint, ...flag });
      }
    }
  });

  it("keeps a region that would split the Authorization header out of the credential scope", () => {
    for (const Region of ["a/b", "a,b", "a b", "a\r\nb", ""]) {
      expect(() => resolveEndpoint({ Region, Bucket: "b_1", Endpoint: "https://example.com" })).toThrow(
        "Invalid region",
      );
    }
    const { properties } = resolveEndpoint({ Region: "rack_7", Bucket: "b_1", Endpoint: "https://example.com" });
    expect(properties.authSchemes[0]).toMatchObject({ signingRegion: "rack_7" });
  });

  it("encodes what it can and refuses what it cannot", () => {
    const path = (Bucket: string): string =>
      resolveEndpoint({ Region: "us-west-2", Bucket }).url.slice("https://s3.us-west-2.amazonaws.com".length);
    expect(path("a/b")).toBe("/a%2Fb");
    expect(path("a\r\nb")).toBe("/a%0D%0Ab");
    expect(path("%2e%2e")).toBe("/%252e%252e");
    expect(path("ü'()*!~")).toBe("/%C3%BC%27%28%29%2A%21~");
    for (const bucket of ["", ".", "..", "\ud800"]) expect(() => path(bucket)).toThrow("Invalid bucket name");
  });
});

describe("custom endpoints", () => {
  const refused = [
    ...[
      "example.com",
      "//example.com",
      "ftp://example.com",
      "https:/example.com",
      "https:example.com",
      "https://",
      "https:///x",
      "",
      " ",
    ],
    ...[
      "https://example.com?x=1",
      "https://example.com?",
      "https://example.com#f",
      "https://example.com/#",
      "https://example.com/a?b",
    ],
    ...[
      "https://user@example.com",
      "https://user:secret@example.com",
      "https://example.com@evil.example",
      "https://u:se/cret@example.com",
    ],
    ...[
      "https://exa mple.com",
      "https://example.com\r\nX: y",
      " https://example.com",
      "https://example.com ",
      "https://ex\\ample.com",
      "https://ü.example",
    ],
    ...[
      "https://example.com:",
      "https://example.com:99999",
      "https://example.com:8a",
      "https://example.com:-1",
      "https://:443",
      "https://a..b",
      "https://-a.b",
      "https://a-.b",
    ],
    ...[
      "https://[::1",
      "https://::1",
      "https://[]",
      "https://[::1]x",
      "https://[::g]",
      "https://[fe80::1%25eth0]",
      "https://[1::2::3]",
    ],
    ...[
      "https://2130706433",
      "https://0x7f000001",
      "https://127.1",
      "https://300.1.1.1",
      "https://010.0.0.1",
      "https://1.2.3.4.5",
      "https://a.1",
    ],
    ...[
      "https://example.com/../x",
      "https://example.com/a/..",
      "https://example.com/./x",
      "https://example.com/%2e%2E/x",
      "https://example.com/a b",
      "https://example.com/%zz",
    ],
    ...[`https://${"x".repeat(64)}.com`, `https://${"x.".repeat(130)}com`],
  ];

  it.each(refused)("%j is refused, whatever the call", (Endpoint) => {
    for (const more of [
      {},
      { Bucket: "bucket" },
      { Bucket: "b--usw2-az1--x-s3" },
      { Bucket: "My_b" },
      { UseObjectLambdaEndpoint: true },
      { UseS3ExpressControlEndpoint: true },
    ]) {
      expect(() => resolveEndpoint({ Region: "us-west-2", Endpoint, ...more })).toThrow(
        /^Custom endpoint `.*` was not a valid URI$/s,
      );
    }
  });

  it("never repeats a password", () => {
    for (const Endpoint of [
      "https://user:hunter2@example.com",
      "user:hunter2@example.com",
      "https://u:hun/hunter2@example.com",
      "https://user:hunter2@a/@b",
    ]) {
      expect(() => resolveEndpoint({ Region: "us-west-2", Endpoint })).toThrow(
        expect.objectContaining({ message: expect.not.stringContaining("hunter2") }),
      );
    }
  });

  it.each([
    ["HTTPS://Example.COM", "https://Example.COM"],
    ["http://localhost:9000", "http://localhost:9000"],
    ["http://minio_1:9000/", "http://minio_1:9000/"],
    ["http://[2001:db8::1]:9000/p", "http://[2001:db8::1]:9000/p"],
    ["https://example.com./a//b", "https://example.com./a//b"],
  ])("%s is taken", (Endpoint, url) => {
    expect(resolveEndpoint({ Region: "us-west-2", Endpoint }).url).toBe(url);
  });

  it("takes parameters of the wrong type for what they are: mistakes", () => {
    for (const [name, value] of Object.entries({ Bucket: 7, Region: {}, Endpoint: new URL("https://example.com") })) {
      expect(() => resolveEndpoint({ Region: "us-west-2", [name]: value })).toThrow(EndpointError);
    }
    expect(resolveEndpoint({ Region: "us-west-2", Bucket: null } as never).url).toBe(
      "https://s3.us-west-2.amazonaws.com",
    );
  });
});

describe("length", () => {
  it("costs time in proportion", () => {
    const long = 1_000_000;
    const texts = ["-", "a", ".", "a.", "/", ":", "%", "@", "ä", "arn:", "a-", "[", "1.", "--x-s3"].map((unit) =>
      unit.repeat(long / unit.length),
    );
    for (const text of texts) {
      for (const Bucket of [text, `arn:aws:s3:us-east-1:1:${text}`, `arn:${text}`, `${text}--x-s3`]) {
        staysInPlaceBriefly({ Region: "us-west-2", Bucket });
        staysInPlaceBriefly({ Region: "us-west-2", Bucket, Endpoint: "http://example.com" });
      }
      staysInPlaceBriefly({ Region: text, Bucket: "b" });
      for (const Endpoint of [text, `https://${text}`, `https://[${text}]`, `https://a/${text}`, `https://a:${text}`]) {
        staysInPlaceBriefly({ Region: "us-west-2", Bucket: "b", Endpoint });
      }
    }
    // Quadratic work on a million characters would run into the test's time limit; here it is enough to have come this far.
    expect(texts.length).toBe(14);
  });

  it("does not fill the cache with what cannot be a bucket", () => {
    const cache = new EndpointCache({ Region: "us-west-2" });
    cache.get("x".repeat(5000));
    expect(cache.size).toBe(0);
  });
});

function staysInPlaceBriefly(parameters: EndpointParameters): void {
  try {
    expect(resolveEndpoint(parameters).url).toMatch(/^https?:/);
  } catch (error) {
    if (!(error instanceof EndpointError)) throw error;
  }
}

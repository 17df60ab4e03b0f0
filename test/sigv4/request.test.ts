import { createHash } from "node:crypto";
import { describe, expect, it } from "vitest";
import { createChunkSigner, presignPost, presignUrl, signRequest, verifySignature } from "../../src/sigv4/index.js";
import { common, credentials } from "./support.js";

const request = { ...common, method: "GET", url: "https://bucket.s3.amazonaws.com/key" };
const lines = (input: Partial<Parameters<typeof signRequest>[0]>) =>
  signRequest({ ...request, ...input }).canonicalRequest.split("\n");
const sha256 = (data: string | Uint8Array) => createHash("sha256").update(data).digest("hex");

describe("headers to send", () => {
  it("are the caller's under the caller's names, and ours in lower case", () => {
    const headers = { Range: "bytes=0-9", "X-Amz-Meta-A": ["1", "2"] };
    const signed = signRequest({ ...request, credentials: { ...credentials, sessionToken: "t0ken" }, headers });
    expect(signed.headers).toEqual({
      Range: "bytes=0-9",
      "X-Amz-Meta-A": ["1", "2"],
      host: "bucket.s3.amazonaws.com",
      "x-amz-date": "20260131T120000Z",
      "x-amz-content-sha256": sha256(""),
      "x-amz-security-token": "t0ken",
      authorization: `AWS4-HMAC-SHA256 Credential=${credentials.accessKeyId}/20260131/us-east-1/s3/aws4_request, SignedHeaders=host;range;x-amz-content-sha256;x-amz-date;x-amz-meta-a;x-amz-security-token, Signature=${signed.signature}`,
    });
    expect(headers).toEqual({ Range: "bytes=0-9", "X-Amz-Meta-A": ["1", "2"] });
    expect(signed.headers["X-Amz-Meta-A"]).not.toBe(headers["X-Amz-Meta-A"]);
  });

  it("keep the caller's host and replace what belongs to an earlier signature", () => {
    const headers = {
      HOST: "proxy:8080",
      "X-Amz-Date": "19990101T000000Z",
      Authorization: "old",
      "X-Amz-Content-SHA256": "UNSIGNED-PAYLOAD",
      "X-Amz-Region-Set": "old",
      "X-Amz-Security-Token": "old",
    };
    const signed = signRequest({ ...request, credentials: { ...credentials, sessionToken: "new" }, headers });
    expect(Object.keys(signed.headers)).toEqual([
      "HOST",
      "x-amz-date",
      "x-amz-content-sha256",
      "x-amz-security-token",
      "authorization",
    ]);
    expect(signed.headers["x-amz-content-sha256"]).toBe("UNSIGNED-PAYLOAD");
    expect(signed.headers["x-amz-security-token"]).toBe("new");
    expect(signed.canonicalRequest).toContain("\nhost:proxy:8080\n");
    const again = signRequest({
      ...request,
      headers: signed.headers,
      credentials: { ...credentials, sessionToken: "new" },
    });
    expect(again).toEqual(signed);
  });

  it("keep a Date header and a session token that is not ours", () => {
    const headers = { Date: "Sat, 31 Jan 2026 12:00:00 GMT", "x-amz-security-token": "theirs" };
    expect(signRequest({ ...request, headers }).signedHeaders).toBe(
      "date;host;x-amz-content-sha256;x-amz-date;x-amz-security-token",
    );
  });

  it("leave out undefined values and empty lists", () => {
    const signed = signRequest({ ...request, headers: { a: undefined, b: [], c: "" } });
    expect(signed.signedHeaders).toBe("c;host;x-amz-content-sha256;x-amz-date");
    expect(signed.headers).not.toHaveProperty("a");
    expect(signed.headers).not.toHaveProperty("b");
  });

  it("may be called like an object's own parts", () => {
    const headers = JSON.parse('{"__proto__":"a","constructor":"b","hasOwnProperty":"c"}') as Record<string, string>;
    const signed = signRequest({ ...request, headers });
    expect(Object.keys(signed.headers).slice(0, 3)).toEqual(["__proto__", "constructor", "hasOwnProperty"]);
    expect(Object.getPrototypeOf(signed.headers)).toBe(Object.prototype);
    expect(signed.canonicalRequest).toContain("\n__proto__:a\nconstructor:b\nhasownproperty:c\nhost:");
    expect(verifySignature({ ...request, headers: signed.headers }).valid).toBe(true);
  });
});

describe("values", () => {
  it("are trimmed and squeezed for signing, and sent as they are but for folds", () => {
    const signed = signRequest({ ...request, headers: { a: "  x \t  y  ", b: "1\r\n  2\n\t3", c: [" p  q ", "r"] } });
    expect(signed.canonicalRequest).toContain("\na:x y\nb:1 2 3\nc:p q,r\n");
    expect(signed.headers).toMatchObject({ a: "  x \t  y  ", b: "1 2 3", c: [" p  q ", "r"] });
  });

  it("of one header in two spellings are joined in their order", () => {
    expect(signRequest({ ...request, headers: { "X-A": "1", "x-a": ["2", "3"] } }).canonicalRequest).toContain(
      "\nx-a:1,2,3\n",
    );
  });

  it.each(["a\r\nx-evil: 1", "a\nb", "a\rb", "a\n", "\n b\nx: y", "nul\0", "\x7f"])(
    "with control characters are refused: %j",
    (value) => {
      expect(() => signRequest({ ...request, headers: { "X-A": value } })).toThrow(
        new TypeError('headers["X-A"]: has a line end or another control character in its value'),
      );
      expect(() => signRequest({ ...request, headers: { "X-A": ["ok", value] } })).toThrow(TypeError);
    },
  );

  it.each(["", "a b", "a:b", "a\r\nb", "é"])("under a name that is none are refused: %j", (name) => {
    expect(() => signRequest({ ...request, headers: { [name]: "x" } })).toThrow(/is not a header name/);
  });

  it("of another type are refused, and so are containers other than plain objects", () => {
    const wrong = (headers: unknown) => () => signRequest({ ...request, headers: headers as Record<string, string> });
    expect(wrong({ "Content-Length": 5 })).toThrow(
      'headers["Content-Length"]: must be a string or a list of strings, got 5',
    );
    expect(wrong({ a: [1] })).toThrow(/headers\["a"\]: must be/);
    expect(wrong(new Headers({ a: "b" }))).toThrow(/^headers: must be a plain object/);
    expect(wrong([["a", "b"]])).toThrow(/^headers: must be a plain object/);
  });
});

describe("unsignable headers", () => {
  const names =
    "connection expect keep-alive proxy-authenticate proxy-authorization te trailer transfer-encoding upgrade user-agent x-amzn-trace-id".split(
      " ",
    );

  it("are sent but not signed", () => {
    const headers = Object.fromEntries(names.map((name) => [name.toUpperCase(), "x"]));
    const signed = signRequest({ ...request, headers });
    expect(signed.signedHeaders).toBe("host;x-amz-content-sha256;x-amz-date");
    expect(signed.headers).toMatchObject(headers);
  });

  it("are joined by those given, as list or set, in any case", () => {
    const headers = { "X-Forwarded-For": "1", "User-Agent": "2", accept: "3" };
    for (const unsignableHeaders of [["x-forwarded-FOR"], new Set(["X-Forwarded-For"])]) {
      expect(signRequest({ ...request, headers, unsignableHeaders }).signedHeaders).toBe(
        "accept;host;x-amz-content-sha256;x-amz-date",
      );
    }
  });
});

describe("the payload's hash", () => {
  it("is the one given, else declared, else the body's, else that of nothing", () => {
    const headers = { "x-amz-content-sha256": "UNSIGNED-PAYLOAD" };
    expect(lines({ payloadHash: "STREAMING-UNSIGNED-PAYLOAD-TRAILER", headers, body: "x" }).at(-1)).toBe(
      "STREAMING-UNSIGNED-PAYLOAD-TRAILER",
    );
    expect(lines({ headers, body: "x" }).at(-1)).toBe("UNSIGNED-PAYLOAD");
    expect(lines({ body: "é" }).at(-1)).toBe(sha256("é"));
    expect(lines({ body: Buffer.from("xéx").subarray(1, 3) }).at(-1)).toBe(sha256("é"));
    expect(lines({ body: new Uint8Array(0) }).at(-1)).toBe(sha256(""));
    expect(lines({}).at(-1)).toBe(sha256(""));
  });

  it("has its header unless that is switched off", () => {
    const payloadHash = "UNSIGNED-PAYLOAD";
    expect(signRequest({ ...request, payloadHash }).headers["x-amz-content-sha256"]).toBe(payloadHash);
    const without = signRequest({ ...request, payloadHash, signBodyHeader: false });
    expect(without.headers).not.toHaveProperty("x-amz-content-sha256");
    expect(without.canonicalRequest.endsWith("\n\nhost;x-amz-date\nUNSIGNED-PAYLOAD")).toBe(true);
  });

  it("must be one, and the body something that can be hashed", () => {
    expect(() => lines({ payloadHash: "a\nb" })).toThrow(/^payloadHash: must be/);
    expect(() => lines({ payloadHash: "" })).toThrow(/^payloadHash: must be/);
    expect(() => lines({ headers: { "x-amz-content-sha256": ["a", "b"] } })).toThrow(/^payloadHash: must be/);
    const bytes = Uint8Array.of(0, 0x68, 0x69, 0);
    for (const body of [bytes.subarray(1, 3), new DataView(bytes.buffer, 1, 2), bytes.slice(1, 3).buffer]) {
      expect(lines({ body }).at(-1)).toBe(lines({ body: "hi" }).at(-1));
    }
    expect(() => lines({ body: 5 as unknown as string })).toThrow(/^body: must be a string or bytes/);
  });
});

describe("the URL", () => {
  it.each([
    ["https://h/a//b/./../c", "/a//b/./../c"],
    ["https://h/a@b:c=d&e+f", "/a%40b%3Ac%3Dd%26e%2Bf"],
    ["https://h/%7euser/%c3%a9/é", "/~user/%C3%A9/%C3%A9"],
    ["https://h/100%/%zz", "/100%25/%25zz"],
    ["https://h/a\\b\tc#d", "/a%5Cb%09c%23d"],
    ["https://h/%ff%2F", "/%FF/"],
    ["https://h", "/"],
    ["https://h?a", "/"],
    ["HTTPS://h/x", "/x"],
  ])("%s has the path %s to S3", (url, path) => {
    expect(lines({ url })[1]).toBe(path);
  });

  it.each([
    ["?lifecycle", "lifecycle="],
    ["?b=2&a=1&a=0&B=3", "B=3&a=0&a=1&b=2"],
    ["?a-b=1&a=2&a%2Db=0", "a=2&a-b=0&a-b=1"],
    ["?a=x+y&b=%2b&c=a=b/c", "a=x%20y&b=%2B&c=a%3Db%2Fc"],
    ["?&&x&", "x="],
    ["?q=?#", "q=%3F%23"],
    ["?a=%e2%82%ac&b=€&c=%&d=%2", "a=%E2%82%AC&b=%E2%82%AC&c=%25&d=%252"],
    ["?__proto__=1&constructor", "__proto__=1&constructor="],
  ])("%s is signed as %s", (query, signed) => {
    expect(lines({ url: `https://h/${query}` })[2]).toBe(signed);
  });

  it.each([
    ["https://H.example:443/", "h.example"],
    ["http://h:80/", "h"],
    ["http://h:443/", "h:443"],
    ["https://h:9000", "h:9000"],
    ["https://h:/", "h"],
    ["http://[::1]:9000/b", "[::1]:9000"],
  ])("%s has the host %s", (url, host) => {
    expect(signRequest({ ...request, url }).headers["host"]).toBe(host);
  });

  it("may be the path alone when the host is among the headers", () => {
    expect(lines({ url: "//a?b", headers: { Host: "h" } }).slice(1, 4)).toEqual(["//a", "b=", "host:h"]);
    expect(() => lines({ url: "/a" })).toThrow(/^url: has no host, and neither have the headers/);
  });

  it.each([
    "",
    "a/b",
    "https:///x",
    "https://user:pw@h/",
    "mailto:x",
    "https://h\\x/",
    "https://h/a\nb",
    "https://h/\udc00",
  ])("is refused: %j", (url) => {
    expect(() => lines({ url })).toThrow(/^url: /);
  });

  it("is normalised and encoded twice for other services", () => {
    const other = { normalizePath: true, doubleEncodePath: true };
    expect(lines({ ...other, url: "https://h/a/./b//../c%20d/" })[1]).toBe("/a/c%2520d/");
    expect(lines({ ...other, url: "https://h/a/b/.." })[1]).toBe("/a");
    expect(lines({ ...other, url: "https://h/../.." })[1]).toBe("/");
    expect(lines({ doubleEncodePath: true, url: "https://h//a%2Fb" })[1]).toBe("//a%252Fb");
    expect(lines({ normalizePath: true, url: "https://h//a/../b%20" })[1]).toBe("/b%20");
  });
});

describe("arguments", () => {
  it.each<[RegExp, unknown]>([
    [/^credentials: must be an object/, { credentials: undefined }],
    [/^credentials.accessKeyId: must be/, { credentials: { accessKeyId: "", secretAccessKey: "s" } }],
    [/^credentials.accessKeyId: must be/, { credentials: { accessKeyId: "a\r\nb", secretAccessKey: "s" } }],
    [/^credentials.accessKeyId: must be/, { credentials: { accessKeyId: "a, b", secretAccessKey: "s" } }],
    [/^credentials.secretAccessKey: must be/, { credentials: { accessKeyId: "a" } }],
    [
      /^credentials.secretAccessKey: has white space/,
      { credentials: { accessKeyId: "a", secretAccessKey: "s3cr3t\n" } },
    ],
    [/^credentials.sessionToken: must be/, { credentials: { ...credentials, sessionToken: "s3cr3t\r\nx: y" } }],
    [/^region: must be/, { region: undefined }],
    [/^region: must be .*, got "a\/b"/, { region: "a/b" }],
    [/^region: must be/, { region: "a\nb" }],
    [/^service: must be/, { service: "" }],
    [/^method: must be an HTTP method, got "GET \/"/, { method: "GET /" }],
    [/^method: must be/, { method: undefined }],
    [/^date: must be a valid Date/, { date: new Date(Number.NaN) }],
    [/^date: must be a valid Date/, { date: "2026-01-31" }],
    [/^date: must be a valid Date/, { date: new Date(8.64e15) }],
    [/^algorithm: must be/, { algorithm: "AWS4-HMAC-SHA512" }],
    [/^regionSet: must/, { algorithm: "AWS4-ECDSA-P256-SHA256", regionSet: [] }],
    [/^regionSet: must/, { algorithm: "AWS4-ECDSA-P256-SHA256", regionSet: "a,,b" }],
    [/^regionSet: must be a list .*, got 5/, { algorithm: "AWS4-ECDSA-P256-SHA256", regionSet: 5 }],
    [/^headers\["a"\]: must be a string/, { headers: { a: null } }],
    [/^payloadHash: must be .*, got 5/, { payloadHash: 5 }],
    [/^unsignableHeaders: must be a list or set of header names, got "x-a"/, { unsignableHeaders: "x-a" }],
    [/^unsignableHeaders: must be/, { unsignableHeaders: [5] }],
    [/^unsignableHeaders: must be/, { unsignableHeaders: 5 }],
  ])("are refused with %s", (message, wrong) => {
    const sign = () => signRequest({ ...request, ...(wrong as object) });
    expect(sign).toThrow(message);
    expect(sign).not.toThrow(/s3cr3t/);
  });

  it.each([undefined, null, "GET"])("are an object, not %s", (wrong) => {
    for (const call of [signRequest, presignUrl, presignPost, verifySignature, createChunkSigner] as const) {
      expect(() => (call as (input: unknown) => unknown)(wrong)).toThrow(/^input: must be an object, got/);
    }
  });

  it("have sensible defaults", () => {
    const before = Math.floor(Date.now() / 1000) * 1000;
    const { headers } = signRequest({ method: "get", url: "https://h/", credentials, region: "auto" });
    const verified = verifySignature({ method: "GET", url: "/", headers, credentials, region: "auto" });
    expect(verified.valid).toBe(true);
    expect(verified.signedAt!.getTime()).toBeGreaterThanOrEqual(before);
    expect(String(headers["authorization"])).toContain("/auto/s3/aws4_request");
  });

  it("for ECDSA name regions as a list, a text, or by the region", () => {
    const set = (regionSet?: string | string[]) =>
      signRequest({ ...request, algorithm: "AWS4-ECDSA-P256-SHA256", regionSet }).headers["x-amz-region-set"];
    expect(set()).toBe("us-east-1");
    expect(set("*")).toBe("*");
    expect(set("us-east-1,eu-west-1")).toBe("us-east-1,eu-west-1");
    expect(set(["us-east-1", "eu-west-1"])).toBe("us-east-1,eu-west-1");
  });
});

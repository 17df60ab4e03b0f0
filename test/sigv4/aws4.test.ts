import aws4 from "aws4";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { authorization, canonicalQuery, encodePath, presignedQuery, Signer } from "../../src/sigv4/fast.js";
import { presignUrl, signRequest, verifySignature } from "../../src/sigv4/index.js";

/** A second opinion: `aws4`, written by others, has to come to the same signature for whatever we are asked to sign. */

const text = fc.string({ unit: "grapheme", maxLength: 20 });
const word = fc.stringMatching(/^[A-Za-z0-9+/=]{1,40}$/);
const key = fc.oneof(
  text,
  fc.constantFrom(
    "a//b",
    "./x",
    "../y",
    "/lead",
    "trail/",
    "a b+c",
    "100%",
    "%41",
    "a?b#c",
    "\\",
    "é/日本",
    "~!*'()",
    'a:@&=$,;|^`{}[]<>"',
  ),
);
const request = fc.record({
  method: fc.constantFrom("GET", "PUT", "POST", "DELETE", "HEAD"),
  key,
  query: fc.uniqueArray(
    fc.tuple(
      text.filter((name) => name !== "" && name !== "__proto__"),
      text,
    ),
    {
      selector: ([name]) => name,
      maxLength: 5,
    },
  ),
  headers: fc.dictionary(
    fc.stringMatching(/^x-amz-meta-[a-z0-9-]{1,10}$/),
    fc.stringMatching(/^[!-~]([ -~]{0,20}[!-~])?$/),
    { maxKeys: 4 },
  ),
  body: fc.oneof(fc.constant(undefined), fc.string({ minLength: 1 })),
  credentials: fc.record({
    accessKeyId: fc.stringMatching(/^[A-Z0-9]{4,20}$/),
    secretAccessKey: word,
    sessionToken: fc.oneof(fc.constant(undefined), word),
  }),
  region: fc.constantFrom("us-east-1", "eu-central-1", "auto"),
  date: fc.date({ min: new Date("2015-01-01"), max: new Date("2037-12-31"), noInvalidDate: true }),
});
const host = "bucket.s3.example.com";
const amzDate = (date: Date) => date.toISOString().replace(/[-:]|\.\d{3}/g, "");
const encode = (part: string) =>
  encodeURIComponent(part).replace(/[!'()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`);
const targetOf = (key: string, query: [string, string][]) => {
  const path = `/${key.split("/").map(encode).join("/")}`;
  return query.length === 0 ? path : `${path}?${query.map(([n, v]) => `${encode(n)}=${encode(v)}`).join("&")}`;
};

describe("the aws4 package agrees", () => {
  it("on header signatures", () => {
    fc.assert(
      fc.property(request, ({ method, key, query, headers, body, credentials, region, date }) => {
        const target = targetOf(key, query);
        const given = {
          ...headers,
          Host: host,
          "X-Amz-Date": amzDate(date),
          "Content-Type": "text/plain",
          "Content-Length": "5",
        };
        const theirs = aws4.sign(
          { host, path: target, method, service: "s3", region, headers: given, ...(body && { body }) },
          credentials,
        );
        const ours = signRequest({
          method,
          url: `https://${host}${target}`,
          headers: given,
          body,
          credentials,
          region,
          date,
        });
        expect(ours.headers["authorization"]).toBe(theirs.headers["Authorization"]);
        const received = {
          method,
          url: theirs.path,
          headers: theirs.headers as Record<string, string>,
          body: body ?? "",
        };
        expect(verifySignature({ ...received, credentials, region, date })).toMatchObject({ valid: true });
      }),
      { numRuns: 300 },
    );
  });

  it("on presigned URLs", () => {
    fc.assert(
      fc.property(
        request,
        fc.integer({ min: 1, max: 604_800 }),
        ({ method, key, query, headers, credentials, region, date }, expiresIn) => {
          const target = targetOf(key, query);
          const mark = target.includes("?") ? "&" : "?";
          const path = `${target}${mark}X-Amz-Date=${amzDate(date)}&X-Amz-Expires=${expiresIn}`;
          const theirs = aws4.sign(
            { host, path, method, service: "s3", region, headers, signQuery: true },
            credentials,
          );
          const ours = presignUrl({
            method,
            url: `https://${host}${target}`,
            headers,
            credentials,
            region,
            date,
            expiresIn,
          });
          expect(ours.signature).toBe(/X-Amz-Signature=([\da-f]+)/.exec(theirs.path)?.[1]);
          const received = { method, url: theirs.path, headers: { ...headers, host } };
          expect(verifySignature({ ...received, credentials, region, date })).toMatchObject({ valid: true });
        },
      ),
      { numRuns: 300 },
    );
  });

  it("on presigned URLs of services that want no X-Amz-Expires", () => {
    const credentials = { accessKeyId: "AK", secretAccessKey: "secret" };
    const date = new Date("2026-01-31T12:00:00Z");
    const theirs = aws4.sign(
      { host, path: `/stage/thing?X-Amz-Date=${amzDate(date)}`, service: "execute-api", region: "r", signQuery: true },
      credentials,
    );
    expect(theirs.path).not.toContain("X-Amz-Expires");
    const received = { method: "GET", url: theirs.path, headers: { host }, credentials, region: "r" };
    const other = { ...received, service: "execute-api", normalizePath: true, doubleEncodePath: true };
    const at = (seconds: number) => new Date(date.getTime() + seconds * 1000);
    expect(verifySignature({ ...other, date: at(900) })).toMatchObject({ valid: true });
    expect(verifySignature({ ...other, date: at(901) })).toMatchObject({ valid: false, reason: "expired 1 s ago" });
    const s3 = { ...received, url: theirs.path.replace("execute-api", "s3") };
    expect(verifySignature({ ...s3, date })).toMatchObject({ valid: false, reason: "X-Amz-Expires is missing" });
  });

  it("with path and query as they came, escaped or not", () => {
    const messy = fc.stringMatching(/^([a-z/]|%[2-7][0-9a-fA-F]|[-._~!$&'()*,;=:@]){0,20}$/);
    fc.assert(
      fc.property(messy, messy, (path, query) => {
        const credentials = { accessKeyId: "AK", secretAccessKey: "secret" };
        const date = new Date("2026-01-31T12:00:00Z");
        const target = `/${path}?q=${query.replaceAll("&", "")}`;
        const headers = { Host: host, "X-Amz-Date": amzDate(date) };
        const theirs = aws4.sign(
          { host, path: target, method: "GET", service: "s3", region: "r", headers },
          credentials,
        );
        const ours = signRequest({
          method: "GET",
          url: `http://${host}${target}`,
          headers,
          credentials,
          region: "r",
          date,
        });
        expect(ours.headers["authorization"]).toBe(theirs.headers["Authorization"]);
      }),
      { numRuns: 300 },
    );
  });
});

describe("the client's short way agrees with the public functions", () => {
  it.each(["AWS4-HMAC-SHA256", "AWS4-ECDSA-P256-SHA256"] as const)("for %s", (algorithm) => {
    fc.assert(
      fc.property(request, ({ method, key, query, headers, credentials, region, date }) => {
        const url = `https://${host}${targetOf(key, query)}`;
        const path = `/${encodePath(key)}`;
        const canonical = canonicalQuery(url.split("?")[1] ?? "");
        const signer = new Signer({ credentials, region, algorithm, regionSet: ["*"] });
        const all: Record<string, string> = {
          ...headers,
          host,
          "x-amz-content-sha256": "UNSIGNED-PAYLOAD",
          "x-amz-date": signer.at(date.getTime()).amzDate,
        };
        if (credentials.sessionToken !== undefined) all["x-amz-security-token"] = credentials.sessionToken;
        if (signer.regionSet !== undefined) all["x-amz-region-set"] = signer.regionSet;
        const sorted = (record: Record<string, string>) =>
          Object.entries(record)
            .sort(([a], [b]) => (a < b ? -1 : 1))
            .flat();

        const input = { method, url, headers, credentials, region, date, algorithm, regionSet: "*" };
        const value = authorization(signer, method, path, canonical, sorted(all), "UNSIGNED-PAYLOAD");
        const slow = signRequest({ ...input, payloadHash: "UNSIGNED-PAYLOAD" });
        const presigned = presignedQuery(
          signer,
          method,
          path,
          canonical,
          sorted({ ...headers, host }),
          "UNSIGNED-PAYLOAD",
          60,
        );
        const slowUrl = presignUrl({ ...input, expiresIn: 60 });
        if (algorithm === "AWS4-HMAC-SHA256") {
          expect(value).toBe(slow.headers["authorization"]);
          expect(presigned.slice(-64)).toBe(slowUrl.signature);
        }
        const received = { method, credentials, region, date };
        const whole = { ...received, url, headers: { ...all, authorization: value } };
        expect(verifySignature(whole)).toMatchObject({ valid: true });
        expect(
          verifySignature({ ...received, url: `${path}?${presigned}`, headers: { ...headers, host } }),
        ).toMatchObject({ valid: true });
      }),
      { numRuns: algorithm === "AWS4-HMAC-SHA256" ? 300 : 30 },
    );
  });
});

import { describe, expect, it } from "vitest";
import { presignUrl, type SigningAlgorithm, signRequest, verifySignature } from "../../src/sigv4/index.js";
import { ecdsaHolds, fixture, headersOf, type Point } from "./support.js";

interface Steps {
  request: string;
  digest: string;
  signature: string;
}
interface Case {
  id: string;
  method: string;
  target: string;
  headers: string[];
  body?: string;
  token?: string;
  on: string[];
  hmac: { inHeader: Steps; inQuery: Steps };
  ecdsa: { inHeader: Steps; inQuery: Steps };
}
interface Suite {
  origin: string;
  key: string;
  secret: string;
  region: string;
  service: string;
  at: string;
  seconds: number;
  publicKey: Point;
  cases: Case[];
}

const suite = fixture<Suite>("requests");
const day = suite.at.slice(0, 10).replaceAll("-", "");
const credentials = { accessKeyId: suite.key, secretAccessKey: suite.secret };
const ecdsaCredentials = { accessKeyId: suite.key, secretAccessKey: "" };

function inputOf(one: Case, algorithm: SigningAlgorithm) {
  return {
    method: one.method,
    url: suite.origin + one.target,
    headers: headersOf(one.headers),
    body: one.body,
    credentials: { ...credentials, sessionToken: one.token },
    region: suite.region,
    service: suite.service,
    date: new Date(suite.at),
    normalizePath: one.on.includes("normalizePath"),
    doubleEncodePath: true,
    signBodyHeader: one.on.includes("signBodyHeader"),
    omitSessionToken: one.on.includes("omitSessionToken"),
    algorithm,
    regionSet: algorithm === "AWS4-HMAC-SHA256" ? undefined : ["us-east-1"],
  };
}

it("has all 38 requests", () => {
  expect(new Set(suite.cases.map((one) => one.id)).size).toBe(38);
});

describe.each(suite.cases)("$id", (one) => {
  it("is signed in its headers", () => {
    const input = inputOf(one, "AWS4-HMAC-SHA256");
    const signed = signRequest(input);
    const expected = one.hmac.inHeader;
    expect(signed.canonicalRequest).toBe(expected.request);
    const scope = `${day}/${suite.region}/${suite.service}/aws4_request`;
    expect(signed.stringToSign).toBe(`AWS4-HMAC-SHA256\n20150830T123600Z\n${scope}\n${expected.digest}`);
    expect(signed.signature).toBe(expected.signature);
    expect(signed.signedHeaders).toBe(expected.request.split("\n").at(-2));
    expect(signed.headers["authorization"]).toBe(
      `AWS4-HMAC-SHA256 Credential=${suite.key}/${scope}, SignedHeaders=${signed.signedHeaders}, Signature=${expected.signature}`,
    );
    expect(signed.headers["x-amz-security-token"]).toBe(one.token);
    expect(verifySignature({ ...input, headers: signed.headers })).toMatchObject({ valid: true });
  });

  it("is signed in its query", () => {
    const input = inputOf(one, "AWS4-HMAC-SHA256");
    const signed = presignUrl({ ...input, expiresIn: suite.seconds });
    expect(signed.canonicalRequest).toBe(one.hmac.inQuery.request);
    expect(signed.stringToSign.split("\n")[3]).toBe(one.hmac.inQuery.digest);
    expect(signed.signature).toBe(one.hmac.inQuery.signature);
    expect(signed.url.startsWith(suite.origin + one.target)).toBe(true);
    expect(signed.url.endsWith(`&X-Amz-Signature=${signed.signature}`)).toBe(true);
    expect(verifySignature({ ...input, url: signed.url })).toMatchObject({ valid: true });
  });

  it("is signed in its headers with ECDSA", () => {
    const input = inputOf(one, "AWS4-ECDSA-P256-SHA256");
    const signed = signRequest(input);
    const expected = one.ecdsa.inHeader;
    expect(signed.canonicalRequest).toBe(expected.request);
    const scope = `${day}/${suite.service}/aws4_request`;
    expect(signed.stringToSign).toBe(`AWS4-ECDSA-P256-SHA256\n20150830T123600Z\n${scope}\n${expected.digest}`);
    expect(ecdsaHolds(signed.stringToSign, signed.signature, suite.publicKey)).toBe(true);
    expect(ecdsaHolds(signed.stringToSign, expected.signature, suite.publicKey)).toBe(true);
    expect(signed.headers["x-amz-region-set"]).toBe("us-east-1");

    // Their signature, checked by our verifier: with the key derived from the secret, and with the public key alone.
    const authorization = `AWS4-ECDSA-P256-SHA256 Credential=${suite.key}/${scope}, SignedHeaders=${signed.signedHeaders}, Signature=${expected.signature}`;
    const received = { ...input, headers: { ...signed.headers, authorization } };
    expect(verifySignature(received)).toMatchObject({ valid: true });
    const who = { ...ecdsaCredentials, sessionToken: one.token };
    expect(verifySignature({ ...received, credentials: who, publicKey: suite.publicKey })).toMatchObject({
      valid: true,
    });
  });

  it("is signed in its query with ECDSA", () => {
    const input = inputOf(one, "AWS4-ECDSA-P256-SHA256");
    const signed = presignUrl({ ...input, expiresIn: suite.seconds });
    expect(signed.canonicalRequest).toBe(one.ecdsa.inQuery.request);
    expect(signed.stringToSign.split("\n")[3]).toBe(one.ecdsa.inQuery.digest);
    expect(ecdsaHolds(signed.stringToSign, signed.signature, suite.publicKey)).toBe(true);
    const url = signed.url.replace(signed.signature, one.ecdsa.inQuery.signature);
    expect(verifySignature({ ...input, url })).toMatchObject({ valid: true });
    expect(verifySignature({ ...input, url, publicKey: suite.publicKey })).toMatchObject({ valid: true });
  });
});

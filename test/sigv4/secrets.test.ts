import { inspect } from "node:util";
import { describe, expect, it } from "vitest";
import { Cache } from "../../src/sigv4/cache.js";
import { EcdsaKey } from "../../src/sigv4/ecdsa.js";
import { Signer } from "../../src/sigv4/fast.js";
import {
  createChunkSigner,
  deriveSigningKey,
  presignUrl,
  signRequest,
  verifySignature,
} from "../../src/sigv4/index.js";
import { SigningKey } from "../../src/sigv4/key.js";
import { common, credentials, date } from "./support.js";

const request = { ...common, method: "GET", url: "https://bucket.s3.amazonaws.com/key" };
const rotated = { ...credentials, secretAccessKey: "the-secret-that-came-after" };

describe("a rotated secret under the same key id", () => {
  it("signs with its own key at once", () => {
    const before = signRequest(request);
    const after = signRequest({ ...request, credentials: rotated });
    expect(after.signature).not.toBe(before.signature);
    expect(verifySignature({ ...request, headers: after.headers, credentials: rotated }).valid).toBe(true);
    expect(verifySignature({ ...request, headers: after.headers }).valid).toBe(false);
    expect(signRequest(request)).toEqual(before);
  });

  it("does so in URLs and with ECDSA", () => {
    for (const algorithm of ["AWS4-HMAC-SHA256", "AWS4-ECDSA-P256-SHA256"] as const) {
      const [a, b] = [credentials, rotated].map((who) => presignUrl({ ...request, algorithm, credentials: who }).url);
      const input = { ...request, headers: {} };
      expect(verifySignature({ ...input, url: a! }).valid).toBe(true);
      expect(verifySignature({ ...input, url: b! }).valid).toBe(false);
      expect(verifySignature({ ...input, url: b!, credentials: rotated }).valid).toBe(true);
    }
  });

  it("is told apart by day, region, service, token and key id as well", () => {
    const variants = [
      {},
      { date: new Date("2026-02-01T12:00:00Z") },
      { region: "eu-west-1" },
      { service: "s3express" },
      { credentials: { ...credentials, sessionToken: "a" } },
      { credentials: { ...credentials, sessionToken: "b" } },
      { credentials: { ...credentials, accessKeyId: "OTHER" } },
      { algorithm: "AWS4-ECDSA-P256-SHA256" as const },
      { algorithm: "AWS4-ECDSA-P256-SHA256" as const, regionSet: "*" },
      {},
    ];
    for (const variant of [...variants, ...variants.reverse()]) {
      const input = { ...request, ...variant };
      expect(verifySignature({ ...input, headers: signRequest(input).headers })).toMatchObject({ valid: true });
    }
  });
});

describe("a signer that is kept", () => {
  it("turns the day, and back", () => {
    const signer = new Signer(request);
    for (const day of ["2026-01-31T23:59:59.999Z", "2026-02-01T00:00:00Z", "2026-01-31T23:59:59Z"]) {
      const time = new Date(day);
      signer.at(time.getTime());
      const expected = signRequest({ ...request, date: time });
      expect(signer.amzDate).toBe(expected.headers["x-amz-date"]);
      expect(signer.sign(signer.stringToSign(expected.canonicalRequest))).toBe(expected.signature);
      expect(signer.scope).toBe(`${day.slice(0, 10).replaceAll("-", "")}/us-east-1/s3/aws4_request`);
    }
  });

  it("signs before its clock is set", () => {
    expect(new Signer(request).sign("x")).toMatch(/^[\da-f]{64}$/);
    expect(new Signer(request).publicKey()).toBeUndefined();
    expect(new Signer({ ...request, algorithm: "AWS4-ECDSA-P256-SHA256" }).publicKey()?.type).toBe("public");
  });
});

describe("the cache", () => {
  it("is bounded, and drops what was not used for longest", () => {
    const cache = new Cache<string>(2);
    const made: string[] = [];
    const get = (id: string) =>
      cache.get(id, () => {
        made.push(id);
        return id.toUpperCase();
      });
    expect(["a", "b", "a", "c", "a", "b"].map(get)).toEqual(["A", "B", "A", "C", "A", "B"]);
    expect(made).toEqual(["a", "b", "c", "b"]);
    expect(cache.size).toBe(2);
    for (let i = 0; i < 100; i++) get(String(i));
    expect(cache.size).toBe(2);
  });

  it("hands out no key that a caller could change", () => {
    const key = deriveSigningKey(credentials.secretAccessKey, "20260131", "us-east-1", "s3");
    const before = signRequest(request);
    key.fill(0);
    expect(signRequest(request)).toEqual(before);
    expect(deriveSigningKey(credentials.secretAccessKey, "20260131", "us-east-1", "s3")).not.toEqual(key);
    expect(() => deriveSigningKey("", "20260131", "us-east-1", "s3")).toThrow(/^secretAccessKey: must be/);
    expect(() => deriveSigningKey("s", "2026-01-31", "us-east-1", "s3")).toThrow(/^date: must be a day/);
  });
});

it("a signing key takes messages of any length, in any order", () => {
  const key = new SigningKey(new Uint8Array(32).fill(7));
  const once = (message: string) => new SigningKey(new Uint8Array(32).fill(7)).sign(message);
  for (const length of [0, 1, 140, 448, 449, 5000, 139, 140, 3]) {
    expect(key.sign("m".repeat(length))).toBe(once("m".repeat(length)));
  }
  // As Python's hmac has it.
  expect(once("abc")).toBe("127da4ced6a839b8f6118bc244684d2663e70cb5ff0adeefca89d7e74d5a0525");
});

function cacheWith(id: string): Cache<string> {
  const cache = new Cache<string>(1);
  cache.get(id, () => id);
  return cache;
}

describe("secrets", () => {
  const who = { ...credentials, sessionToken: "the-session-token" };
  const hidden = [who.secretAccessKey, who.sessionToken];
  const key = deriveSigningKey(who.secretAccessKey, "20260131", "us-east-1", "s3");

  it.each<[string, unknown]>([
    ["a signer", new Signer({ ...request, credentials: who }).at(date.getTime())],
    ["an ECDSA signer", new Signer({ ...request, credentials: who, algorithm: "AWS4-ECDSA-P256-SHA256" }).at(0)],
    ["a signing key", new SigningKey(key)],
    ["an ECDSA key", new EcdsaKey(who.secretAccessKey, who.accessKeyId)],
    ["a chunk signer", createChunkSigner({ ...common, credentials: who, seedSignature: "ab" })],
    ["a cache", cacheWith(who.secretAccessKey)],
    ["a verification", verifySignature({ ...request, headers: signRequest(request).headers, credentials: rotated })],
  ])("are not seen in %s that is printed", (_, thing) => {
    for (const text of [inspect(thing, { depth: 9, showHidden: true }), JSON.stringify(thing)]) {
      for (const secret of [...hidden, key.toString("hex"), rotated.secretAccessKey])
        expect(text).not.toContain(secret);
    }
    expect(inspect(thing)).not.toMatch(/Buffer|Uint8Array/);
  });
});

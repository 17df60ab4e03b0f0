import { createHash, createHmac } from "node:crypto";
import { describe, expect, it } from "vitest";
import { derivePrivateKey } from "../../src/sigv4/ecdsa.js";
import {
  createChunkSigner,
  createChunkVerifier,
  deriveSigningKey,
  padChunkSignature,
  type SigningAlgorithm,
  signRequest,
  verifySignature,
} from "../../src/sigv4/index.js";
import { common, ecdsaHolds, fixture, headersOf, type Point, publicKey } from "./support.js";

interface Case {
  id: string;
  algorithm: SigningAlgorithm;
  payload: string;
  target?: string;
  headers?: string[];
  request?: string;
  digest?: string;
  seed?: string;
  chunks: { fill: string; length: number; signed: string; signature?: string }[];
  trailer?: { headers: string[]; digest: string; signature?: string };
  framed?: { length: number; sha256: string };
}
interface Suite {
  key: string;
  secret: string;
  region: string;
  service: string;
  at: string;
  host: string;
  publicKey: Point;
  derivation: { key: string; secret: string; privateKey: string; publicKey: Point };
  cases: Case[];
}
const suite = fixture<Suite>("chunks");
const emptyHash = createHash("sha256").digest("hex");

describe.each(suite.cases)("$id", (one) => {
  const isEcdsa = one.algorithm === "AWS4-ECDSA-P256-SHA256";
  const who = {
    credentials: { accessKeyId: suite.key, secretAccessKey: suite.secret },
    region: suite.region,
    service: suite.service,
    date: new Date(suite.at),
    algorithm: one.algorithm,
    regionSet: isEcdsa ? suite.region : undefined,
  };
  const day = suite.at.slice(0, 10).replaceAll("-", "");
  const scope = isEcdsa ? `${day}/s3/aws4_request` : `${day}/${suite.region}/s3/aws4_request`;
  const signed = signRequest({
    ...who,
    method: "PUT",
    url: `https://${suite.host}${one.target ?? "/"}`,
    headers: headersOf(one.headers ?? []),
    payloadHash: one.payload,
  });
  const seed = one.seed ?? signed.signature;

  it("signs the request", () => {
    if (one.request === undefined) {
      // Only the body's signatures are given; the request's own is that of the case before.
      expect(seed).toBe(suite.cases[0]?.seed);
      return;
    }
    expect(signed.canonicalRequest).toBe(one.request);
    expect(signed.stringToSign).toBe(`${one.algorithm}\n20130524T000000Z\n${scope}\n${one.digest}`);
    if (one.seed !== undefined) expect(signed.signature).toBe(one.seed);
    const received = { ...who, method: "PUT", url: one.target!, headers: signed.headers };
    expect(verifySignature(received)).toMatchObject({ valid: true, payloadHash: one.payload, signature: seed });
  });

  it("signs each piece and checks it", () => {
    const signer = createChunkSigner({ ...who, seedSignature: seed });
    const byHash = createChunkSigner({ ...who, seedSignature: seed });
    const verifiers = [
      createChunkVerifier({ ...who, seedSignature: seed }),
      createChunkVerifier({ ...who, seedSignature: seed, publicKey: isEcdsa ? publicKey(suite.publicKey) : undefined }),
    ];
    const wire: Buffer[] = [];
    let previous = seed;
    for (const chunk of one.chunks) {
      const bytes = Buffer.alloc(chunk.length, chunk.fill);
      const signature = signer.sign(bytes);
      const text = `${one.algorithm}-PAYLOAD\n20130524T000000Z\n${scope}\n${previous}\n${emptyHash}\n${chunk.signed}`;
      if (isEcdsa) expect(ecdsaHolds(text, signature, suite.publicKey)).toBe(true);
      else expect(signature).toBe(chunk.signature);
      if (!isEcdsa) expect(byHash.signHash(createHash("sha256").update(bytes).digest("hex"))).toBe(signature);
      for (const verifier of verifiers) expect(verifier.verify(bytes, padChunkSignature(signature))).toBe(true);
      wire.push(Buffer.from(`${chunk.length.toString(16)};chunk-signature=${padChunkSignature(signature)}\r\n`), bytes);
      // A trailer takes the place of the empty chunk's data.
      if (chunk.length > 0 || one.trailer === undefined) wire.push(Buffer.from("\r\n"));
      previous = signature;
    }
    if (one.trailer !== undefined) {
      const headers = headersOf(one.trailer.headers);
      const signature = signer.signTrailer(headers);
      const text = `${one.algorithm}-TRAILER\n20130524T000000Z\n${scope}\n${previous}\n${one.trailer.digest}`;
      if (isEcdsa) expect(ecdsaHolds(text, signature, suite.publicKey)).toBe(true);
      else expect(signature).toBe(one.trailer.signature);
      for (const verifier of verifiers) expect(verifier.verifyTrailer(headers, signature)).toBe(true);
      for (const line of one.trailer.headers) wire.push(Buffer.from(`${line}\r\n`));
      wire.push(Buffer.from(`x-amz-trailer-signature:${signature}\r\n\r\n`));
    }
    if (one.framed !== undefined) {
      const body = Buffer.concat(wire);
      expect(body.length).toBe(one.framed.length);
      expect(createHash("sha256").update(body).digest("hex")).toBe(one.framed.sha256);
    }
  });
});

describe("chunk signer", () => {
  const who = { ...common, seedSignature: "ab".repeat(32) };

  it("covers the signature before", () => {
    const key = deriveSigningKey(common.credentials.secretAccessKey, "20260131", common.region, "s3");
    const signer = createChunkSigner(who);
    let previous = who.seedSignature;
    for (const chunk of ["one", "two", ""]) {
      const text = [
        "AWS4-HMAC-SHA256-PAYLOAD",
        "20260131T120000Z",
        "20260131/us-east-1/s3/aws4_request",
        previous,
        emptyHash,
        createHash("sha256").update(chunk).digest("hex"),
      ].join("\n");
      previous = createHmac("sha256", key).update(text).digest("hex");
      expect(signer.sign(chunk)).toBe(previous);
    }
  });

  it("is not disturbed by other signatures in between", () => {
    const alone = createChunkSigner(who);
    const first = alone.sign("one");
    const second = alone.sign("two");
    const disturbed = createChunkSigner(who);
    expect(disturbed.sign("one")).toBe(first);
    signRequest({ ...common, date: new Date("2031-01-01"), method: "GET", url: "https://h/" });
    createChunkSigner({ ...who, date: new Date("2030-01-01"), region: "eu-west-1" }).sign("two");
    expect(disturbed.sign("two")).toBe(second);
  });

  it("signs trailers in canonical form, without the trailer's own signature", () => {
    const trailer = createChunkSigner(who).signTrailer({ "X-Second": " two  words ", "x-first": ["1", "2"] });
    const other = { "x-amz-trailer-signature": "00", "x-first": "1,2", "x-second": "two words" };
    expect(createChunkSigner(who).signTrailer(other)).toBe(trailer);
  });

  it("takes a seed with padding and refuses none", () => {
    const padded = createChunkSigner({ ...who, seedSignature: `${who.seedSignature}**` });
    expect(padded.sign("x")).toBe(createChunkSigner(who).sign("x"));
    expect(() => createChunkSigner({ ...who, seedSignature: "" })).toThrow(/^seedSignature: must be/);
    expect(() => createChunkSigner({ ...who, seedSignature: "XYZ" })).toThrow(TypeError);
  });

  it("refuses what it cannot sign, by name", () => {
    const signer = createChunkSigner(who);
    for (const chunk of [undefined, null, 5, ["a"]])
      expect(() => signer.sign(chunk as unknown as string)).toThrow(/^chunk: must be a string or bytes/);
    expect(signer.sign(Uint8Array.of(0x68, 0x69).buffer)).toBe(createChunkSigner(who).sign("hi"));
    const { date, ...timeless } = who;
    expect(date).toBeInstanceOf(Date);
    expect(() => createChunkSigner(timeless as typeof who)).toThrow(/^date: must be the Date/);
  });

  it("pads ECDSA signatures to 144 characters and leaves HMACs alone", () => {
    expect(padChunkSignature(`30${"4".repeat(138)}`)).toBe(`30${"4".repeat(138)}****`);
    expect(padChunkSignature(`30${"4".repeat(62)}`)).toBe(`30${"4".repeat(62)}`);
    const ecdsa = createChunkSigner({ ...who, algorithm: "AWS4-ECDSA-P256-SHA256" });
    expect(padChunkSignature(ecdsa.sign("x"))).toMatch(/^[\da-f]{130,144}\**$/);
    expect(padChunkSignature(ecdsa.sign("x"))).toHaveLength(144);
  });
});

describe("chunk verifier", () => {
  const who = { ...common, seedSignature: "ab".repeat(32) };
  const signer = createChunkSigner(who);
  const [first, second] = [signer.sign("one"), signer.sign("two")];
  const trailer = signer.signTrailer({ a: "b" });

  it.each([
    ["another chunk", (v: ReturnType<typeof createChunkVerifier>) => v.verify("oNe", first)],
    ["a signature cut short", (v: ReturnType<typeof createChunkVerifier>) => v.verify("one", first.slice(1))],
    ["a signature of another place", (v: ReturnType<typeof createChunkVerifier>) => v.verify("two", second)],
    ["no signature", (v: ReturnType<typeof createChunkVerifier>) => v.verify("one", "")],
    ["an early trailer", (v: ReturnType<typeof createChunkVerifier>) => v.verifyTrailer({ a: "b" }, trailer)],
  ])("refuses %s, and all that follows", (_, step) => {
    const verifier = createChunkVerifier(who);
    expect(step(verifier)).toBe(false);
    expect(verifier.verify("one", first)).toBe(false);
  });

  it("refuses a changed trailer", () => {
    const verifier = createChunkVerifier(who);
    expect(verifier.verify("one", first)).toBe(true);
    expect(verifier.verifyHash(createHash("sha256").update("two").digest("hex"), second)).toBe(true);
    expect(verifier.verifyTrailer({ a: "c" }, trailer)).toBe(false);
  });
});

it("derives the P-256 key that belongs to a secret", () => {
  const { key, secret, privateKey, publicKey: point } = suite.derivation;
  expect(derivePrivateKey(secret, key).toString("hex")).toBe(privateKey);
  const input = {
    method: "GET",
    url: "https://h/",
    ...common,
    credentials: { accessKeyId: key, secretAccessKey: secret },
  };
  const signed = signRequest({ ...input, algorithm: "AWS4-ECDSA-P256-SHA256" });
  expect(ecdsaHolds(signed.stringToSign, signed.signature, point)).toBe(true);
});

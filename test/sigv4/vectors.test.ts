import { createHash, createHmac } from "node:crypto";
import { describe, expect, it } from "vitest";
import {
  createChunkSigner,
  deriveSigningKey,
  presignUrl,
  type SigningAlgorithm,
  signRequest,
  verifySignature,
} from "../../src/sigv4/index.js";
import { sharedVectors } from "../support/shared.js";
import { ecdsaHolds, headerRecord, type Point } from "./support.js";

/** The wider suites in their own form, where they lie beside the repository; what must always hold is in fixtures/. */

type Pairs = [string, string][];
interface Signed {
  canonicalRequest: string;
  stringToSign: string;
  signature: string;
  signedRequest: { target: string; headers: Pairs };
}
interface SuiteCase {
  name: string;
  context: {
    accessKeyId: string;
    secretAccessKey: string;
    sessionToken?: string;
    region: string;
    service: string;
    timestamp: string;
    normalize: boolean;
    signBody: boolean;
    omitSessionToken: boolean;
    expiresIn: number;
  };
  request: { method: string; target: string; headers: Pairs; body?: string };
  header: Signed;
  query: Signed;
  publicKey?: Point;
}

describe.each<[string, SigningAlgorithm]>([
  ["sigv4.json", "AWS4-HMAC-SHA256"],
  ["sigv4a.json", "AWS4-ECDSA-P256-SHA256"],
])("%s", (file, algorithm) => {
  const cases = sharedVectors<SuiteCase>(file) ?? [];
  it("passes whole, and its signed requests verify", () => {
    for (const { name, context, request, header, query, publicKey } of cases) {
      const input = {
        method: request.method,
        url: `https://example.amazonaws.com${request.target}`,
        headers: headerRecord(request.headers),
        body: request.body,
        credentials: context,
        region: context.region,
        service: context.service,
        date: new Date(context.timestamp),
        normalizePath: context.normalize,
        doubleEncodePath: true,
        signBodyHeader: context.signBody,
        omitSessionToken: context.omitSessionToken,
        algorithm,
        regionSet: "us-east-1",
      };
      const ours = [signRequest(input), presignUrl({ ...input, expiresIn: context.expiresIn })];
      for (const [at, theirs] of [header, query].entries()) {
        expect(ours[at], name).toMatchObject({
          canonicalRequest: theirs.canonicalRequest,
          stringToSign: theirs.stringToSign,
          ...(publicKey === undefined && { signature: theirs.signature }),
        });
        if (publicKey) expect(ecdsaHolds(theirs.stringToSign, ours[at]!.signature, publicKey), name).toBe(true);
        const { target, headers } = theirs.signedRequest;
        const received = { ...input, url: target, headers: headerRecord(headers) };
        expect(verifySignature(received), name).toMatchObject({ valid: true });
        if (publicKey) expect(verifySignature({ ...received, publicKey }), name).toMatchObject({ valid: true });
      }
    }
    expect(cases.every((one) => (one.publicKey !== undefined) === (algorithm === "AWS4-ECDSA-P256-SHA256"))).toBe(true);
  });
});

interface ChunkCase {
  name: string;
  algorithm: SigningAlgorithm;
  credentials: { accessKeyId: string; secretAccessKey: string };
  region: string;
  regionSet?: string;
  service: string;
  timestamp: string;
  payloadHash: string;
  publicKey?: Point;
  request?: { method: string; target: string; headers: Pairs };
  expectedRequest?: { canonicalRequest: string; stringToSign: string; signedHeaders: string };
  seedSignature?: string;
  chunks?: { fill: string; length: number; stringToSign: string; signature?: string }[];
  trailer?: { headers: Pairs; stringToSign: string; signature?: string };
}

it("sigv4-chunked.json passes whole", () => {
  const cases = (sharedVectors<ChunkCase>("sigv4-chunked.json") ?? []).filter((one) => one.chunks !== undefined);
  for (const one of cases) {
    const who = { ...one, date: new Date(one.timestamp) };
    let previous = one.seedSignature ?? "";
    if (one.request !== undefined) {
      const headers = headerRecord(one.request.headers);
      const signed = signRequest({ ...who, method: one.request.method, url: one.request.target, headers });
      expect(signed, one.name).toMatchObject(one.expectedRequest!);
      if (previous !== "") expect(signed.signature).toBe(previous);
      previous = signed.signature;
    }
    const signer = createChunkSigner({ ...who, seedSignature: previous });
    const check = (signature: string, piece: { stringToSign: string; signature?: string }) => {
      const text = piece.stringToSign.replace("{previous}", previous);
      if (one.publicKey) expect(ecdsaHolds(text, signature, one.publicKey), one.name).toBe(true);
      else expect(signature, one.name).toBe(piece.signature);
      previous = signature;
    };
    for (const chunk of one.chunks!) check(signer.sign(Buffer.alloc(chunk.length, chunk.fill)), chunk);
    if (one.trailer) check(signer.signTrailer(headerRecord(one.trailer.headers)), one.trailer);
  }
  expect(cases.every((one) => one.chunks!.length > 0)).toBe(true);
});

interface ExampleCase {
  name: string;
  kind: string;
  credentials: { accessKeyId: string; secretAccessKey: string };
  region: string;
  service: string;
  timestamp: string;
  expiresIn?: number;
  request: { method: string; target: string; headers: Pairs; body?: string };
  policy: string;
  secretAccessKey: string;
  date: string;
  expected: Record<string, string>;
}

it("s3-examples.json passes whole", () => {
  const cases = sharedVectors<ExampleCase>("s3-examples.json") ?? [];
  for (const { request, expected, ...one } of cases) {
    if (one.kind === "signing-key") {
      const key = deriveSigningKey(one.secretAccessKey, one.date, one.region, one.service);
      expect(Buffer.from(key).toString("hex"), one.name).toBe(expected["signingKey"]);
    } else if (one.kind === "policy") {
      const day = expected["date"]!.slice(0, 8);
      const key = deriveSigningKey(one.credentials.secretAccessKey, day, one.region, one.service);
      const base64 = Buffer.from(one.policy).toString("base64");
      expect(createHmac("sha256", key).update(base64).digest("hex"), one.name).toBe(expected["signature"]);
    } else {
      const headers = headerRecord(request.headers);
      const url = `https://${String(headers["Host"])}${request.target}`;
      const input = { ...one, ...request, url, headers, date: new Date(one.timestamp) };
      const ours = one.kind === "header" ? signRequest(input) : presignUrl(input);
      const sent = "headers" in ours ? ours.headers["authorization"] : ours.url;
      const { authorization, url: presigned, payloadHash, ...steps } = expected;
      expect(ours, one.name).toMatchObject(steps);
      expect(sent, one.name).toBe(authorization ?? presigned);
      if (request.body) expect(createHash("sha256").update(request.body).digest("hex")).toBe(payloadHash);
    }
  }
  expect(cases.every((one) => one.expected !== undefined)).toBe(true);
});

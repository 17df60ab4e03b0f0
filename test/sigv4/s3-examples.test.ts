import { createHmac } from "node:crypto";
import { describe, expect, it } from "vitest";
import { deriveSigningKey, presignUrl, signRequest, verifySignature } from "../../src/sigv4/index.js";
import { fixture, headersOf } from "./support.js";

type Signed = {
  at: string;
  method: string;
  target: string;
  headers: string[];
  body?: string;
  seconds?: number;
  request: string;
  digest: string;
  signedHeaders: string;
  signature: string;
  sent: string;
};
type Case = { id: string } & (
  | ({ form: "header" | "query" } & Signed)
  | { form: "policy"; at: string; policy: string; base64: string; signature: string }
  | { form: "key"; secret: string; day: string; service: string; derived: string }
);
const suite = fixture<{ key: string; secret: string; region: string; cases: Case[] }>("s3");
const credentials = { accessKeyId: suite.key, secretAccessKey: suite.secret };

describe.each(suite.cases)("S3's example $id", (one) => {
  it("comes out as published", () => {
    if (one.form === "key") {
      const key = deriveSigningKey(one.secret, one.day, suite.region, one.service);
      expect(Buffer.from(key).toString("hex")).toBe(one.derived);
      return;
    }
    if (one.form === "policy") {
      const key = deriveSigningKey(suite.secret, one.at.slice(0, 10).replaceAll("-", ""), suite.region, "s3");
      const base64 = Buffer.from(one.policy).toString("base64");
      expect(base64).toBe(one.base64);
      expect(createHmac("sha256", key).update(base64).digest("hex")).toBe(one.signature);
      return;
    }
    const headers = headersOf(one.headers);
    const input = {
      method: one.method,
      url: `https://${String(headers["Host"])}${one.target}`,
      headers,
      body: one.body,
      credentials,
      region: suite.region,
      date: new Date(one.at),
    };
    const signed = one.form === "header" ? signRequest(input) : presignUrl({ ...input, expiresIn: one.seconds });
    expect(signed.canonicalRequest).toBe(one.request);
    expect(signed.stringToSign.split("\n")[3]).toBe(one.digest);
    expect(signed.signedHeaders).toBe(one.signedHeaders);
    expect(signed.signature).toBe(one.signature);
    if ("headers" in signed) {
      expect(signed.headers["authorization"]).toBe(one.sent);
      expect(verifySignature({ ...input, headers: signed.headers }).valid).toBe(true);
    } else {
      expect(signed.url).toBe(one.sent);
      expect(verifySignature({ ...input, url: one.sent }).valid).toBe(true);
    }
  });
});

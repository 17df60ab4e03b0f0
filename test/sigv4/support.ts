import { type createPublicKey, createPublicKey as makePublicKey, verify } from "node:crypto";
import { readFileSync } from "node:fs";

/** The cases of one file of fixtures/sigv4, with what they have in common. */
export function fixture<T>(name: string): T {
  return JSON.parse(readFileSync(new URL(`../../fixtures/sigv4/${name}.json`, import.meta.url), "utf8")) as T;
}

/** Pairs as a record; a name given again makes a list. */
export function headerRecord(pairs: readonly (readonly [string, string])[]): Record<string, string | string[]> {
  const record: Record<string, string | string[]> = {};
  for (const [name, value] of pairs) {
    const before = record[name];
    record[name] = before === undefined ? value : [before, value].flat();
  }
  return record;
}

/** `Name:value` lines as a record. */
export function headersOf(lines: readonly string[]): Record<string, string | string[]> {
  return headerRecord(lines.map((line) => [line.slice(0, line.indexOf(":")), line.slice(line.indexOf(":") + 1)]));
}

export interface Point {
  x: string;
  y: string;
}

/** A public key from its coordinates in hex; made without the code under test. */
export function publicKey({ x, y }: Point): ReturnType<typeof createPublicKey> {
  const text = (hex: string) => Buffer.from(hex, "hex").toString("base64url");
  return makePublicKey({ format: "jwk", key: { kty: "EC", crv: "P-256", x: text(x), y: text(y) } });
}

/** Whether an ECDSA signature (DER in hex) of a text holds. */
export function ecdsaHolds(text: string, signature: string, point: Point): boolean {
  return verify("sha256", Buffer.from(text), publicKey(point), Buffer.from(signature, "hex"));
}

export const credentials = {
  accessKeyId: "AKIAIOSFODNN7EXAMPLE",
  secretAccessKey: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
} as const;

export const date = new Date("2026-01-31T12:00:00Z");

/** What every request of these tests has in common. */
export const common = { credentials, region: "us-east-1", date } as const;

import { readFileSync } from "node:fs";
import { createChunkSigner, createChunkVerifier } from "../../../src/sigv4/index.js";

export interface SignedCase {
  id: string;
  algorithm: "AWS4-HMAC-SHA256" | "AWS4-ECDSA-P256-SHA256";
  payload: string;
  seed?: string;
  chunks: { fill: string; length: number; signature?: string }[];
  trailer?: { headers: string[]; signature?: string };
  framed?: { length: number; sha256: string };
}

/** The published cases of signed chunks. */
export const published = JSON.parse(
  readFileSync(new URL("../../../fixtures/sigv4/chunks.json", import.meta.url), "utf8"),
) as { key: string; secret: string; region: string; service: string; at: string; cases: SignedCase[] };

/** What signer and verifier of a body are made from. */
export function identity(ecdsa = false, secret = published.secret) {
  return {
    credentials: { accessKeyId: published.key, secretAccessKey: secret },
    region: published.region,
    service: published.service,
    date: new Date(published.at),
    algorithm: ecdsa ? ("AWS4-ECDSA-P256-SHA256" as const) : ("AWS4-HMAC-SHA256" as const),
    regionSet: ecdsa ? published.region : undefined,
    seedSignature: "4f232c4386841ef735655705268965c44a0e4690baa4adea153f7db9fa80a0a9",
  };
}
export const signer = (ecdsa = false) => createChunkSigner(identity(ecdsa));
export const verifier = (ecdsa = false, secret?: string) => createChunkVerifier(identity(ecdsa, secret));

export async function* later(pieces: Iterable<Uint8Array>): AsyncGenerator<Uint8Array, void, undefined> {
  for (const piece of pieces) {
    await Promise.resolve();
    yield piece;
  }
}

export async function collect(frames: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const all: Uint8Array[] = [];
  for await (const frame of frames) all.push(frame);
  return Buffer.concat(all);
}

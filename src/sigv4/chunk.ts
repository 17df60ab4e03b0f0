import type { KeyObject } from "node:crypto";
import { EMPTY_HASH, sha256Hex } from "./canonical.js";
import { checkDate, checkInput } from "./check.js";
import { equalTexts } from "./compare.js";
import { readPublicKey, verifyEcdsa } from "./ecdsa.js";
import { order } from "./encode.js";
import { joinValues, readHeaders } from "./headers.js";
import { hashBody } from "./request.js";
import { Signer } from "./signer.js";
import type { ChunkSignerInput, EcdsaPublicKey, HeaderRecord, SignableBody } from "./types.js";

/**
 * The signatures inside of an aws-chunked body: each chunk's covers the one before, the first the request's own.
 * https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-streaming.html
 * https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-streaming-trailers.html
 */

/** An ECDSA signature on the wire, in characters: shorter ones are filled up with `*`, so that the body's length is known before. */
export const ECDSA_WIRE_LENGTH = 144;
const HMAC_LENGTH = 64;

/** Makes the signature of each next piece of a body; the pieces have to come in their order. */
export interface ChunkSigner {
  /** Signs the next chunk; an empty one ends the body. Lower-case hex. */
  sign(chunk: SignableBody): string;
  /** Signs the next chunk given its SHA-256 (lower-case hex), for those who hash while they read. */
  signHash(sha256: string): string;
  /** Signs the trailer, after the empty chunk: the value of `x-amz-trailer-signature`. */
  signTrailer(headers: HeaderRecord): string;
}

/** Checks the signature of each next piece of a body; false once is false for all that follows. */
export interface ChunkVerifier {
  /** Is this the signature of the next chunk? */
  verify(chunk: SignableBody, signature: string): boolean;
  /** The same for those who hash while they read. */
  verifyHash(sha256: string, signature: string): boolean;
  /** Is this the signature of the trailing headers? */
  verifyTrailer(headers: HeaderRecord, signature: string): boolean;
}

/**
 * Makes a signer for the chunks of a body whose request was signed with `payloadHash: "STREAMING-AWS4-HMAC-SHA256-PAYLOAD"` (or
 * another of the signed STREAMING words); `seedSignature` and `date` are that request's. Synchronous. Signatures come without
 * padding: with ECDSA they are filled up with `*` on the wire (`padChunkSignature`).
 */
export function createChunkSigner(input: ChunkSignerInput): ChunkSigner {
  const signer = chunkSigner(input);
  let previous = checkSeed(input.seedSignature);
  const next = (text: string): string => {
    previous = signer.sign(text);
    return previous;
  };
  return {
    sign: (chunk) => next(chunkString(signer, previous, hashBody(chunk, "chunk"))),
    signHash: (sha256) => next(chunkString(signer, previous, sha256)),
    signTrailer: (headers) => next(trailerString(signer, previous, headers)),
  };
}

/** The other direction of `createChunkSigner`, for servers: the same input, and with ECDSA perhaps the signer's public key. */
export function createChunkVerifier(
  input: ChunkSignerInput & { publicKey?: EcdsaPublicKey | undefined },
): ChunkVerifier {
  const signer = chunkSigner(input);
  const publicKey: KeyObject | undefined =
    input.publicKey === undefined ? signer.publicKey() : readPublicKey(input.publicKey);
  let previous: string | undefined = checkSeed(input.seedSignature);
  const next = (makeText: (previous: string) => string, received: string): boolean => {
    if (previous === undefined) return false;
    const signature = stripPadding(received);
    const text = makeText(previous);
    const holds =
      publicKey === undefined ? equalTexts(signer.sign(text), signature) : verifyEcdsa(text, signature, publicKey);
    previous = holds ? signature : undefined;
    return holds;
  };
  return {
    verify: (chunk, signature) => next((before) => chunkString(signer, before, hashBody(chunk, "chunk")), signature),
    verifyHash: (sha256, signature) => next((before) => chunkString(signer, before, sha256), signature),
    verifyTrailer: (headers, signature) => next((before) => trailerString(signer, before, headers), signature),
  };
}

/** A chunk's signature as it goes over the wire. */
export function padChunkSignature(signature: string): string {
  return signature.length === HMAC_LENGTH ? signature : signature.padEnd(ECDSA_WIRE_LENGTH, "*");
}

/** The signature without padding; empty when it is none. */
function stripPadding(signature: string): string {
  return /^([\da-f]*)\**$/.exec(signature)?.[1] ?? "";
}

/** A signer at the request's own time: that of now would be another one. */
function chunkSigner(input: ChunkSignerInput): Signer {
  checkInput(input);
  if (input.date === undefined) throw new TypeError("date: must be the Date that the request was signed with");
  return new Signer(input).at(checkDate(input.date));
}

function checkSeed(signature: string): string {
  const seed = stripPadding(signature);
  if (seed !== "") return seed;
  throw new TypeError("seedSignature: must be the signature of the request, in lower-case hex");
}

function chunkString(signer: Signer, previous: string, sha256: string): string {
  // The hash of nothing stands for the chunk's headers, of which there are none.
  return `${signer.algorithm}-PAYLOAD\n${signer.amzDate}\n${signer.scope}\n${previous}\n${EMPTY_HASH}\n${sha256}`;
}

function trailerString(signer: Signer, previous: string, headers: HeaderRecord): string {
  const lines = readHeaders(headers)
    .filter((entry) => entry.lowerCase !== "x-amz-trailer-signature")
    .sort((a, b) => order(a.lowerCase, b.lowerCase))
    .map((entry) => `${entry.lowerCase}:${joinValues(entry.values)}\n`);
  return `${signer.algorithm}-TRAILER\n${signer.amzDate}\n${signer.scope}\n${previous}\n${sha256Hex(lines.join(""))}`;
}

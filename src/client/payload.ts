/**
 * What is declared of a request's payload in `x-amz-content-sha256`, and where its checksum travels.
 *
 * | payload                        | over TLS                                   | over plain HTTP, or `payloadSigning: true`  | `payloadSigning: false` |
 * | ------------------------------ | ------------------------------------------ | ------------------------------------------- | ----------------------- |
 * | none                           | SHA-256 of nothing                         | the same                                    | the same                |
 * | XML, JSON (short, in memory)   | its SHA-256                                | the same                                    | the same                |
 * | bytes in memory, with checksum | UNSIGNED-PAYLOAD, checksum in a header     | its SHA-256, checksum in a header           | UNSIGNED-PAYLOAD        |
 * | bytes in memory, without       | its SHA-256                                | its SHA-256                                 | UNSIGNED-PAYLOAD        |
 * | stream, with checksum          | STREAMING-UNSIGNED-PAYLOAD-TRAILER         | STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER  | as over TLS             |
 * | stream, without                | UNSIGNED-PAYLOAD                           | STREAMING-AWS4-HMAC-SHA256-PAYLOAD          | UNSIGNED-PAYLOAD        |
 *
 * Over TLS the connection protects the bytes and the checksum the object, so hashing them again buys nothing; where nothing
 * else vouches for bytes in memory, their SHA-256 does. A stream is never buffered to be hashed: its chunks are signed
 * one by one. With SigV4A the streaming names say ECDSA-P256-SHA256. That of WriteGetObjectResponse is never signed over TLS,
 * and so goes out as it is made, whatever its length. A presigned
 * URL says nothing of a payload.
 * @see {@link https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html Signature calculations}
 */
import { hash } from "node:crypto";

/** SHA-256 of nothing. */
export const EMPTY_SHA256 = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

/** How the payload travels. */
export interface PayloadPlan {
  /** The value of `x-amz-content-sha256`. */
  readonly declared: string;
  /** The body is framed as aws-chunked. */
  readonly chunked: boolean;
  /** The chunks are signed. */
  readonly signedChunks: boolean;
  /** The checksum follows the body in a trailer. */
  readonly trailer: boolean;
}

const plan = (declared: string, chunked = false, signedChunks = false, trailer = false): PayloadPlan => ({
  declared,
  chunked,
  signedChunks,
  trailer,
});

const NONE = plan(EMPTY_SHA256);
const UNSIGNED = plan("UNSIGNED-PAYLOAD");
const UNSIGNED_TRAILER = plan("STREAMING-UNSIGNED-PAYLOAD-TRAILER", true, false, true);
const SIGNED_CHUNKS = plan("STREAMING-AWS4-HMAC-SHA256-PAYLOAD", true, true);
const SIGNED_CHUNKS_TRAILER = plan("STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER", true, true, true);
const ECDSA_CHUNKS = plan("STREAMING-AWS4-ECDSA-P256-SHA256-PAYLOAD", true, true);
const ECDSA_CHUNKS_TRAILER = plan("STREAMING-AWS4-ECDSA-P256-SHA256-PAYLOAD-TRAILER", true, true, true);

/** What the table above is asked. */
export interface PayloadQuestion {
  /** The bytes, if they are in memory; `"stream"`; undefined: no payload. */
  readonly payload: Uint8Array | "stream" | undefined;
  /** A text the client wrote itself (XML), as against a body of the caller's. */
  readonly document: boolean;
  readonly tls: boolean;
  /** A checksum of the payload is known or will be computed. */
  readonly checksum: boolean;
  readonly payloadSigning: boolean | undefined;
  /** The operation's payload is not signed where the connection protects it. */
  readonly never: boolean;
  readonly ecdsa: boolean;
  /** Nobody signs this request. */
  readonly anonymous: boolean;
}

/** Row and column of the table above. */
export function planPayload(q: PayloadQuestion): PayloadPlan {
  const { payload } = q;
  if (payload === undefined) return NONE;
  if (q.never && q.tls) return UNSIGNED;
  const signed = q.payloadSigning ?? !q.tls;
  if (payload !== "stream") {
    // What nobody signs need not be hashed.
    if (q.anonymous) return UNSIGNED;
    const hashed = q.document || (q.payloadSigning === false ? false : signed || !q.checksum);
    return hashed ? plan(payload.length === 0 ? EMPTY_SHA256 : hash("sha256", payload, "hex")) : UNSIGNED;
  }
  if (!signed || q.anonymous) return q.checksum ? UNSIGNED_TRAILER : UNSIGNED;
  if (q.ecdsa) return q.checksum ? ECDSA_CHUNKS_TRAILER : ECDSA_CHUNKS;
  return q.checksum ? SIGNED_CHUNKS_TRAILER : SIGNED_CHUNKS;
}

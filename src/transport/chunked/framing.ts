import type { ChunkSigner } from "../../sigv4/index.js";
import { type ChecksumAlgorithm, checksumHeader, checksumTextLength } from "../checksum/index.js";

/**
 * The aws-chunked coding: a body in chunks, each with its length and perhaps a signature, and headers after the last.
 *
 * ```
 * 10000;chunk-signature=<64 hex>CRLF <65536 bytes> CRLF
 * 400;chunk-signature=<64 hex>CRLF <1024 bytes> CRLF
 * 0;chunk-signature=<64 hex>CRLF
 * x-amz-checksum-crc32c:sOO8/Q==CRLF
 * x-amz-trailer-signature:<64 hex>CRLF
 * CRLF
 * ```
 * Without signatures the lines are `10000CRLF`, and the trailer has no signature of its own.
 * https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-streaming.html
 * https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-streaming-trailers.html
 */

/** How a body is framed. */
export interface ChunkedFraming {
  /** Signs the chunks and the trailer; undefined: STREAMING-UNSIGNED-PAYLOAD-TRAILER. */
  readonly signer?: ChunkSigner | undefined;
  /** The signer's algorithm is AWS4-ECDSA-P256-SHA256, whose signatures take 144 characters. */
  readonly ecdsa?: boolean | undefined;
  /** Bytes of body in each chunk but the last; 65536 unless given. S3 takes no signed ones of less than 8192. */
  readonly chunkSize?: number | undefined;
  /** The checksum that is computed on the way and sent in the trailer. */
  readonly trailer?: ChecksumAlgorithm | undefined;
  /** Other headers of the trailer, before the checksum. */
  readonly trailers?: Readonly<Record<string, string>> | undefined;
}

export const defaultChunkSize = 65536;
/** The least that S3 takes as a signed chunk, unless it is the last. */
export const leastChunkSize = 8192;

export const signatureParameter = ";chunk-signature=";
export const trailerSignature = "x-amz-trailer-signature";

/** Characters of a signature on the wire; those of ECDSA are filled up to one length. */
const hmacLength = 64;
const ecdsaLength = 144;

/** The size of chunks, checked. */
export function chunkSizeOf(framing: ChunkedFraming): number {
  const size = framing.chunkSize ?? defaultChunkSize;
  if (Number.isSafeInteger(size) && size >= leastChunkSize) return size;
  throw new RangeError(`chunkSize: must be a number of bytes of at least ${leastChunkSize}, is ${size}`);
}

/**
 * The length of a body on the wire, exactly: the Content-Length of the request.
 *
 * @param decodedLength of the body itself, in bytes: the value of `x-amz-decoded-content-length`
 */
export function encodedLength(decodedLength: number, framing: ChunkedFraming): number {
  const signatureLength = framing.ecdsa ? ecdsaLength : hmacLength;
  const parameter = framing.signer ? signatureParameter.length + signatureLength : 0;
  const lineLength = (size: number): number => size.toString(16).length + parameter + 2;
  const chunkLength = (size: number): number => lineLength(size) + size + 2;

  const chunkSize = chunkSizeOf(framing);
  const rest = decodedLength % chunkSize;
  let length = ((decodedLength - rest) / chunkSize) * chunkLength(chunkSize);
  if (rest > 0) length += chunkLength(rest);

  length += lineLength(0) + 2;
  let trailerLength = 0;
  const add = (name: string, valueLength: number): void => {
    trailerLength += name.length + 1 + valueLength + 2;
  };
  for (const [name, value] of Object.entries(framing.trailers ?? {})) add(name, Buffer.byteLength(value));
  if (framing.trailer) add(checksumHeader(framing.trailer), checksumTextLength(framing.trailer));
  if (trailerLength > 0 && framing.signer) add(trailerSignature, signatureLength);
  return length + trailerLength;
}

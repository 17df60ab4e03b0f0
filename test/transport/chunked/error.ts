import { TucuxiError } from "../../../src/errors/base.js";

/** What can be wrong with an aws-chunked body, in the words of S3's errors. */
export type ChunkedFault =
  /** It ends too early, or is not framed as it should be. */
  | "IncompleteBody"
  /** A signed chunk before the last has less than 8 KiB, or a chunk is larger than is taken. */
  | "InvalidChunkSizeError"
  /** A chunk or the trailer is not signed with the secret, or not signed at all. */
  | "SignatureDoesNotMatch"
  /** The trailer is not what `x-amz-trailer` announces. */
  | "MalformedTrailerError";

/** An aws-chunked body that cannot be taken; `code` says why in S3's own word. */
export class ChunkedEncodingError extends TucuxiError {
  declare readonly code: ChunkedFault;
  /** Where in the encoded body, in bytes. */
  readonly offset: number;

  constructor(code: ChunkedFault, problem: string, offset: number, hint?: string) {
    super(`aws-chunked body, byte ${offset}: ${problem}`, { code, hint });
    this.offset = offset;
  }
}

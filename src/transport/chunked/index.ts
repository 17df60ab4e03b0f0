/** The aws-chunked coding, both ways. */
export { ChunkedDecoder, type ChunkedDecoderOptions } from "./decoder.js";
export { encodeChunked, encodeChunkedSync } from "./encoder.js";
export { ChunkedEncodingError, type ChunkedFault } from "./error.js";
export {
  type ChunkedFraming,
  defaultChunkSize,
  encodedLength,
  leastChunkSize,
} from "./framing.js";

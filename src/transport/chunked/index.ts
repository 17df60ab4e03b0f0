/** The aws-chunked coding of bodies that go out. */
export { encodeChunked, encodeChunkedSync } from "./encoder.js";
export { type ChunkedFraming, encodedLength } from "./framing.js";

/** REST-XML as S3 speaks it: dictionaries to requests, answers to dictionaries or errors. The XML library is loaded on demand. */
export { type BodyKind, bodyKind } from "./body.js";
export { bodyText } from "./body-text.js";
export { isHeaderName, isHeaderValue } from "./characters.js";
export { encodeKey, encodeQuery } from "./encode.js";
export { type ErrorContext, parseError } from "./error.js";
export { MalformedResponseError } from "./malformed.js";
export { responseMetadata } from "./metadata.js";
export { hasStreamingOutput, parseOutput, prepareParser } from "./parse.js";
export { serialize, type WireRequest } from "./serialize.js";
export { parseTimestamp } from "./time.js";
export { explainFaults, kindOf, numberGiven } from "./validate.js";
export { isDictionary } from "./xml-write.js";

/** The reader of event streams, for the one operation that has one: `(await loadEventStream()).readEvents(op, body)`. */
export const loadEventStream = () => import("./eventstream.js");

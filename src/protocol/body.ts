/** What kinds of things a streaming member such as `Body` takes. */
import { types } from "node:util";

/** `text`: a string, sent as UTF-8. `bytes`: a Uint8Array or ArrayBuffer. `stream`: whatever must be opened or read to be sent. */
export type BodyKind = "text" | "bytes" | "stream";

const isFunction = (value: unknown): boolean => typeof value === "function";

/** Which kind of body this is; undefined when it is none. Duck-typed, for values may come from another realm. */
export function bodyKind(value: unknown): BodyKind | undefined {
  if (typeof value === "string") return "text";
  if (types.isUint8Array(value) || types.isArrayBuffer(value)) return "bytes";
  if (typeof value === "function") return "stream";
  if (typeof value !== "object" || value === null || ArrayBuffer.isView(value)) return undefined;
  if (Array.isArray(value)) return value.every(types.isUint8Array) ? "stream" : undefined;
  const some = value as Record<PropertyKey, unknown>;
  if (isFunction(some[Symbol.asyncIterator]) || isFunction(some[Symbol.iterator])) return "stream";
  // A web stream, a Blob or File, an old stream that only pipes.
  if (isFunction(some["getReader"]) || isFunction(some["pipe"])) return "stream";
  return isFunction(some["stream"]) && isFunction(some["arrayBuffer"]) ? "stream" : undefined;
}

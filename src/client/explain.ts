/** The canonical request of an attempt, written down again: asked for only when the service says that it differs from its own. */
import type { PreparedEndpoint } from "../endpoint/prepared.js";
import type { Operation } from "../model/operation.js";
import type { WireRequest } from "../protocol/index.js";
import { canonicalRequest, signedHeaderNames } from "../sigv4/canonical.js";
import type { HeaderPairs } from "./signing.js";

/** What was signed, as the hint of a SignatureDoesNotMatch compares it. */
export function canonicalOf(
  op: Operation,
  wire: WireRequest,
  endpoint: PreparedEndpoint,
  payloadHash: string,
  signed: HeaderPairs,
): string {
  const path = endpoint.basePath + wire.path || "/";
  return canonicalRequest(op.method, path, wire.canonicalQuery, signed, signedHeaderNames(signed), payloadHash);
}

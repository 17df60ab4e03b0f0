/** The payload of a call: its bytes or its source, its checksum, and how both travel. Loaded once a call, whatever is sent again. */
import { hash } from "node:crypto";
import type { PreparedEndpoint } from "../endpoint/prepared.js";
import type { BodyInput } from "../model/dictionaries.js";
import type { Operation } from "../model/operation.js";
import type { WireRequest } from "../protocol/index.js";
import {
  algorithmOf,
  type ChecksumAlgorithm,
  checksum,
  checksumHeader,
  isChecksumHeader,
} from "../transport/checksum/index.js";
import { prepareBody, prepareBytes, type RequestBody } from "../transport/request-body.js";
import { type PayloadPlan, planPayload } from "./payload.js";
import type { ClientSettings } from "./settings.js";
import { type HeaderPairs, pairValue } from "./signing.js";

/** A payload ready to be sent, as often as need be. */
export interface Cargo {
  /** The bytes, if they are in memory. */
  readonly bytes: Uint8Array | undefined;
  /** Otherwise where they come from. */
  readonly source: RequestBody | undefined;
  readonly plan: PayloadPlan;
  /** Headers that speak of the checksum. */
  readonly headers: HeaderPairs;
  /** The algorithm of the checksum in the trailer. */
  readonly trailer: ChecksumAlgorithm | undefined;
}

const nothing: Cargo = {
  bytes: undefined,
  source: undefined,
  plan: planPayload({
    payload: undefined,
    document: false,
    tls: true,
    checksum: false,
    payloadSigning: undefined,
    never: false,
    ecdsa: false,
    anonymous: false,
  }),
  headers: [],
  trailer: undefined,
};

/** What the checksum of a request is to be: an algorithm of S3's, Content-MD5, or none. */
function chooseChecksum(
  op: Operation,
  headers: HeaderPairs,
  settings: ClientSettings,
): ChecksumAlgorithm | "Content-MD5" | undefined {
  if (op.requestChecksum === undefined) return undefined;
  for (let i = 0; i < headers.length; i += 2) if (isChecksumHeader(headers[i]!)) return undefined;
  const named = op.checksumMember ? pairValue(headers, "x-amz-sdk-checksum-algorithm") : undefined;
  // A name that nobody knows yet is the service's to refuse.
  if (named !== undefined) return algorithmOf(named);
  switch (settings.requestChecksums) {
    case "supported":
      return "CRC32";
    case "required":
      return op.requestChecksum === "required" ? "CRC32" : undefined;
    default:
      return (op.requestChecksum === "required" || locks(headers)) && pairValue(headers, "content-md5") === undefined
        ? "Content-MD5"
        : undefined;
  }
}

/** An object that is locked from the start is not taken without a checksum. */
function locks(headers: HeaderPairs): boolean {
  for (let i = 0; i < headers.length; i += 2) if (headers[i]!.startsWith("x-amz-object-lock-")) return true;
  return false;
}

/**
 * Loads what a request carries. A promise only where a body must be looked at first (its length asked for, its beginning read).
 * @throws ParamValidationError for a stream whose length nobody knows and that is too long to be held
 */
export function loadCargo(
  op: Operation,
  wire: WireRequest,
  endpoint: PreparedEndpoint,
  settings: ClientSettings,
  anonymous: boolean,
  signal: AbortSignal | undefined,
): Cargo | Promise<Cargo> {
  const { kind, body } = wire;
  if (kind === "none" && op.requestChecksum === undefined) return nothing;
  const text = pairValue(wire.headers, "content-length");
  const declared = text === undefined ? undefined : Number(text);
  if (kind !== "stream") {
    const { bytes } = prepareBytes(bytesOf(body), declared);
    return pack(op, wire, endpoint, settings, anonymous, bytes, undefined);
  }
  // What is neither hashed nor framed needs no length: it goes out as it is made, in chunks of HTTP's own.
  const endless = op.unsignedPayload && endpoint.scheme === "https:";
  return prepareBody(body as BodyInput, declared, signal, endless).then((source) =>
    pack(op, wire, endpoint, settings, anonymous, source.bytes, source),
  );
}

function bytesOf(body: WireRequest["body"]): Uint8Array {
  if (body === undefined) return new Uint8Array(0);
  if (typeof body === "string") return Buffer.from(body, "utf8");
  return body instanceof Uint8Array ? body : new Uint8Array(body as ArrayBuffer);
}

function pack(
  op: Operation,
  wire: WireRequest,
  endpoint: PreparedEndpoint,
  settings: ClientSettings,
  anonymous: boolean,
  bytes: Uint8Array | undefined,
  source: RequestBody | undefined,
): Cargo {
  const choice = chooseChecksum(op, wire.headers, settings);
  const headers: HeaderPairs = [];
  const named = pairValue(wire.headers, "x-amz-sdk-checksum-algorithm") !== undefined;
  if (choice !== undefined && choice !== "Content-MD5" && !named) headers.push("x-amz-sdk-checksum-algorithm", choice);
  const has =
    choice !== undefined ||
    wire.headers.some((name, at) => at % 2 === 0 && (isChecksumHeader(name) || name === "content-md5"));
  const plan = planPayload({
    payload: bytes ?? "stream",
    document: wire.kind === "xml" || !op.input.payload?.streaming,
    tls: endpoint.scheme === "https:",
    checksum: bytes === undefined ? choice !== undefined && choice !== "Content-MD5" : has,
    payloadSigning: settings.payloadSigning,
    never: op.unsignedPayload,
    ecdsa: endpoint.signing.name === "sigv4a",
    anonymous,
  });
  if (bytes !== undefined) {
    if (choice === "Content-MD5") headers.push("content-md5", hash("md5", bytes, "base64"));
    else if (choice !== undefined) headers.push(checksumHeader(choice), checksum(choice, bytes));
    return { bytes, source: undefined, plan, headers, trailer: undefined };
  }
  const trailer = plan.trailer && choice !== "Content-MD5" ? choice : undefined;
  if (trailer !== undefined) headers.push("x-amz-trailer", checksumHeader(trailer));
  if (plan.chunked) headers.push("x-amz-decoded-content-length", String(source!.length));
  return { bytes: undefined, source, plan, headers, trailer };
}

/** One attempt: the request as it goes over the wire, signed at the last moment. */
import type { Credentials } from "../credentials/types.js";
import type { PreparedEndpoint } from "../endpoint/prepared.js";
import { hasStreamingOutput, type WireRequest } from "../protocol/index.js";
import { createChunkSigner } from "../sigv4/chunk.js";
import { type ChunkedFraming, encodeChunked, encodedLength } from "../transport/chunked/index.js";
import type { TransportRequest } from "../transport/index.js";
import type { Call } from "./call.js";
import type { Cargo } from "./cargo.js";
import { addHeaders } from "./extra-headers.js";
import { type HeaderPairs, pairIndex, signHeaders } from "./signing.js";

/** A request ready for the transport, and what is needed to explain a signature that does not match. */
export interface SignedAttempt {
  readonly request: TransportRequest;
  /** What was signed, sorted; for hints. */
  readonly signed: HeaderPairs;
}

/** What an attempt is built from. */
export interface AttemptInput {
  readonly wire: WireRequest;
  readonly endpoint: PreparedEndpoint;
  readonly cargo: Cargo;
  readonly credentials: Credentials | undefined;
  /** Headers that a hook adds. */
  readonly hookHeaders: Readonly<Record<string, string>> | undefined;
  readonly label: { toString(): string };
  /** On a connection of its own. */
  readonly fresh: boolean | undefined;
}

/** Builds and signs one attempt. */
export function buildAttempt({ engine, op, options, limits }: Call, input: AttemptInput): SignedAttempt {
  const { wire, endpoint, cargo, credentials } = input;
  const { plan } = cargo;
  const headers: HeaderPairs = wire.headers.concat(cargo.headers);
  const unsigned: HeaderPairs = ["user-agent", engine.settings.userAgent];
  if (options?.headers) addHeaders(headers, unsigned, options.headers);
  if (input.hookHeaders) addHeaders(headers, unsigned, input.hookHeaders);
  // The transport writes the length of what it really sends, framing included.
  const length = pairIndex(headers, "content-length");
  if (length >= 0) headers.splice(length, 2);
  if (plan.chunked && !engine.settings.custom) addCoding(headers);

  // Of what is added from here on, only keys are not ours.
  const ascii = isAscii(headers) && isAscii(unsigned) && (credentials === undefined || hasAsciiKeys(credentials));
  const path = endpoint.basePath + wire.path || "/";
  const time = engine.now();
  let seed = "";
  let chunkSigner: ReturnType<typeof createChunkSigner> | undefined;
  if (credentials) {
    const { authorization, signer } = signHeaders(
      engine.signers,
      credentials,
      {
        method: op.method,
        path,
        query: wire.canonicalQuery,
        host: endpoint.host,
        signing: endpoint.signing,
        payloadHash: plan.declared,
      },
      headers,
      time,
    );
    unsigned.push("authorization", authorization);
    if (plan.signedChunks) {
      seed = authorization.slice(authorization.lastIndexOf("=") + 1);
      chunkSigner = createChunkSigner({
        seedSignature: seed,
        credentials,
        region: signer.region,
        service: signer.service,
        algorithm: signer.algorithm,
        regionSet: signer.regionSet,
        date: new Date(time),
      });
    }
  } else {
    headers.push("host", endpoint.host);
    if (plan.chunked) headers.push("x-amz-content-sha256", plan.declared);
  }

  return {
    signed: headers,
    request: {
      origin: endpoint.origin,
      path: wire.query === "" ? path : `${path}?${wire.query}`,
      method: op.method,
      headers: ascii ? headers.concat(unsigned) : asLatin1(headers.concat(unsigned)),
      ...payload(cargo, chunkSigner),
      expect: hasStreamingOutput(op) ? "stream" : op.method === "HEAD" ? "none" : "buffer",
      signal: limits.signal,
      label: input.label,
      fresh: input.fresh,
    },
  };
}

/** The user's own codings first: S3 takes `aws-chunked` off the end and stores the rest. */
function addCoding(headers: HeaderPairs): void {
  const at = pairIndex(headers, "content-encoding");
  if (at < 0) headers.push("content-encoding", "aws-chunked");
  else headers[at + 1] = headers[at + 1] ? `${headers[at + 1]},aws-chunked` : "aws-chunked";
}

const BEYOND_ASCII = /[^ -~]/;

function isAscii(pairs: HeaderPairs): boolean {
  for (let i = 1; i < pairs.length; i += 2) if (BEYOND_ASCII.test(pairs[i]!)) return false;
  return true;
}

function hasAsciiKeys({ accessKeyId, sessionToken }: Credentials): boolean {
  return !BEYOND_ASCII.test(accessKeyId) && (sessionToken === undefined || !BEYOND_ASCII.test(sessionToken));
}

/** Header values beyond ASCII go out as the UTF-8 that was signed; HTTP libraries write a string's low bytes. */
function asLatin1(pairs: HeaderPairs): HeaderPairs {
  for (let i = 1; i < pairs.length; i += 2) pairs[i] = Buffer.from(pairs[i]!, "utf8").toString("latin1");
  return pairs;
}

function payload(
  cargo: Cargo,
  signer: ReturnType<typeof createChunkSigner> | undefined,
): Pick<TransportRequest, "body" | "contentLength"> {
  const { bytes, source, plan, trailer } = cargo;
  if (source === undefined) return { body: bytes, contentLength: undefined };
  const { length } = source;
  // Opened when the connection stands: an attempt that finds none has not touched a source that can be read only once.
  const pieces: AsyncIterable<Uint8Array> = { [Symbol.asyncIterator]: () => source.open()[Symbol.asyncIterator]() };
  if (!plan.chunked) return { body: pieces, contentLength: length };
  const framing: ChunkedFraming = { signer, ecdsa: plan.declared.includes("ECDSA"), trailer };
  return {
    body: encodeChunked(pieces, framing),
    contentLength: length === undefined ? undefined : encodedLength(length, framing),
  };
}

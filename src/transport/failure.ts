import { TimeoutError, TransportError, TucuxiError } from "../errors/base.js";
import type { Phase, TransportFacts } from "./types.js";

/** What is known of the attempt that failed. */
export interface FailureContext {
  readonly origin: string;
  readonly phase: Phase;
  readonly elapsed: number;
  readonly reused: boolean;
}

const WHEN: Record<Phase, string> = {
  connecting: "while connecting to",
  "before-sent": "while sending to",
  sent: "while waiting for the answer of",
  reading: "while reading the answer of",
};

/** Codes of undici and Node that say less than they could, in words of ours. */
const RENAMED: Record<string, string> = {
  UND_ERR_SOCKET: "ConnectionClosed",
  UND_ERR_RES_CONTENT_LENGTH_MISMATCH: "ConnectionClosed",
  UND_ERR_DESTROYED: "TransportClosed",
  UND_ERR_CLOSED: "TransportClosed",
  UND_ERR_HEADERS_OVERFLOW: "HeadersTooLarge",
  UND_ERR_INVALID_ARG: "InvalidRequest",
  UND_ERR_NOT_SUPPORTED: "InvalidRequest",
  UND_ERR_REQ_CONTENT_LENGTH_MISMATCH: "ContentLengthMismatch",
  UND_ERR_PRX_TLS: "ProxyError",
};

/** Timeouts of undici itself, as a dispatcher of the caller's reports them. */
const TIMEOUTS: Record<string, string> = {
  UND_ERR_CONNECT_TIMEOUT: "ConnectTimeout",
  UND_ERR_HEADERS_TIMEOUT: "ReadTimeout",
  UND_ERR_BODY_TIMEOUT: "ReadTimeout",
};

/**
 * A TransportError, with the facts of the attempt, from whatever undici, Node or a proxy threw. Errors of ours (a
 * body's source that failed, a timeout already explained) pass through as they are.
 */
export function transportFailure(cause: unknown, context: FailureContext): Error {
  if (cause instanceof TucuxiError) {
    return cause instanceof TransportError && !("phase" in cause) ? withFacts(cause, context) : cause;
  }
  const error = cause instanceof Error ? cause : undefined;
  // What came may be the request once more, with all that is secret in it.
  if (error !== undefined && "data" in error) Object.defineProperty(error, "data", { value: undefined });
  const raw = codeOf(error);
  const host = hostOf(context.origin);
  const when = `${WHEN[context.phase]} ${host}, after ${Math.round(context.elapsed)} ms`;
  if (raw !== undefined && raw in TIMEOUTS) {
    const timeout = new TimeoutError(`${error?.message ?? raw} ${when}`, {
      code: TIMEOUTS[raw] ?? raw,
      cause,
      hint: "Raise the timeouts of the dispatcher you gave, or find out why the endpoint is slow.",
    });
    return withFacts(timeout, context);
  }
  // undici's parser calls everything so that it refuses once it has read a length: before the body, headers that contradict each other.
  const contradiction = raw === "UND_ERR_RES_CONTENT_LENGTH_MISMATCH" && context.phase !== "reading";
  const code = raw === undefined ? "TransportError" : contradiction ? "MalformedHttp" : (RENAMED[raw] ?? raw);
  return withFacts(
    new TransportError(`${describe(code, error, host)} ${when}`, { code, cause, hint: hintFor(code, host) }),
    context,
  );
}

/** A TimeoutError with the facts of the attempt: which limit, how long, how far it had come. */
export function timeoutFailure(
  code: string,
  limit: number,
  what: string,
  context: FailureContext,
  hint: string,
): Error {
  const message = `${what} ${WHEN[context.phase]} ${hostOf(context.origin)}: the limit of ${limit} ms passed, ${Math.round(context.elapsed)} ms after the start (${SENT[context.phase]})`;
  return withFacts(new TimeoutError(message, { code, hint }), context);
}

const SENT: Record<Phase, string> = {
  connecting: "nothing was sent",
  "before-sent": "the request had not gone out whole",
  sent: "the request had been sent, no answer had come",
  reading: "part of the answer had come",
};

/** The facts that the transport put on an error, or undefined for errors from elsewhere. */
export function factsOf(error: unknown): TransportFacts | undefined {
  return error instanceof TransportError && "phase" in error ? (error as TransportError & TransportFacts) : undefined;
}

function withFacts<E extends TransportError>(error: E, context: FailureContext): E & TransportFacts {
  const { phase, origin, elapsed, reused } = context;
  return Object.assign(error, { phase, origin, elapsed: Math.round(elapsed), reused });
}

/** The code of an error, or of the first error within it: happy eyeballs gives one for each address tried. */
function codeOf(error: Error | undefined): string | undefined {
  if (error === undefined) return undefined;
  if ("code" in error && typeof error.code === "string") return error.code;
  if (error.name === "HTTPParserError") return "MalformedHttp";
  if (error instanceof AggregateError) return codeOf(error.errors[0]);
  return undefined;
}

/** `host[:port]` of an origin, for messages. */
export function hostOf(origin: string): string {
  const at = origin.indexOf("://");
  return at === -1 ? origin : origin.slice(at + 3);
}

function describe(code: string, error: Error | undefined, host: string): string {
  switch (code) {
    case "ECONNREFUSED":
      return `${host} refused the connection`;
    case "ENOTFOUND":
    case "EAI_AGAIN":
      return `No address was found for ${host}`;
    case "ECONNRESET":
    case "EPIPE":
      return `The connection was reset`;
    case "ConnectionClosed":
      return `The other side closed the connection`;
    case "MalformedHttp":
      return `What came is not an HTTP answer${error?.name === "HTTPParserError" ? ` (${error.message})` : ""}`;
    case "HeadersTooLarge":
      return `The answer's headers are too large`;
    default:
      return opensslReason.exec(error?.message ?? "")?.[1] || error?.message || code;
  }
}

/** `id:error:code:library:function:reason:file:line:`, of which the reason is for people. */
const opensslReason = /^[0-9A-F]+:error:[0-9A-F]+:[^:]*:[^:]*:([^:]+):/;

const CA_HINT =
  "The server's certificate is not trusted. For a private certificate authority, set AWS_CA_BUNDLE (or NODE_EXTRA_CA_CERTS) to its PEM file.";

function hintFor(code: string, host: string): string | undefined {
  switch (code) {
    case "ECONNREFUSED":
      return `Nothing listens there: check the endpoint and its port, and that the server runs.`;
    case "ENOTFOUND":
      return `Check the spelling of the endpoint and the region, and with virtual-host addressing that ${host} resolves (forcePathStyle: true avoids it).`;
    case "EAI_AGAIN":
      return "The name server did not answer: check the network.";
    case "ETIMEDOUT":
    case "EHOSTUNREACH":
    case "ENETUNREACH":
      return "The host cannot be reached: check network, firewall and proxy settings.";
    case "ECONNRESET":
    case "EPIPE":
    case "ConnectionClosed":
      return "The network, a proxy or the server dropped the connection; it is usually safe to try again.";
    case "CERT_HAS_EXPIRED":
    case "CERT_NOT_YET_VALID":
      return "The certificate's dates don't cover today: check the server's certificate and this machine's clock.";
    case "ERR_TLS_CERT_ALTNAME_INVALID":
      return "The certificate is for another name: a bucket with dots needs path style over TLS (forcePathStyle: true); otherwise check the endpoint.";
    case "EPROTO":
    case "ERR_SSL_WRONG_VERSION_NUMBER":
    case "ERR_SSL_PACKET_LENGTH_TOO_LONG":
      return "The other side does not speak TLS here: an endpoint over plain HTTP starts with http://.";
    case "MalformedHttp":
    case "HeadersTooLarge":
      return "Check that the endpoint is an S3 service, and http:// or https:// as it should be.";
    case "TransportClosed":
      return "The client was closed; make a new one.";
    default:
      if (/^(DEPTH_ZERO_|SELF_SIGNED_|UNABLE_TO_|CERT_)/.test(code)) return CA_HINT;
      return undefined;
  }
}

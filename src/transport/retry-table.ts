import { ChecksumMismatchError, IncompleteBodyError, TimeoutError, TransportError } from "../errors/base.js";
import { factsOf } from "./failure.js";
import type { Phase } from "./types.js";

/** What a failure is to the retry policy. */
export type Verdict =
  /** A pooled connection that the other side had closed already: again, at once and at no cost. */
  | "stale"
  /** May pass: again after a short pause. */
  | "transient"
  /** The service wants less: again after a longer one. */
  | "throttled"
  /** Will not pass by itself, or must not be sent twice. */
  | "final";

/** A failure in the words of the table. */
export interface Failure {
  readonly error: unknown;
  /** The service's error code, or the transport's. */
  readonly code: string;
  /** HTTP status of an error answer; 500 for an error inside a 200. */
  readonly status: number | undefined;
  /** How far the attempt had come, when no answer came. */
  readonly phase: Phase | undefined;
  /** It was an error of the transport, on a connection used before. */
  readonly reused: boolean;
}

interface Row {
  /** In words. */
  readonly what: string;
  readonly when: (failure: Failure) => boolean;
  readonly verdict: Verdict;
  /** The service may have done already what was asked: repeated only if doing it twice is as good as once. */
  readonly unknownOutcome?: boolean;
}

const codes = (...names: string[]): ((failure: Failure) => boolean) => {
  const set = new Set(names);
  return (failure) => set.has(failure.code);
};

/**
 * What is repeated, first match wins. Nearly everything in S3 may be sent twice: a put replaces, a delete of nothing succeeds. Where an operation
 * may not (the caller says so), rows whose outcome is unknown end the call.
 */
const rows = (): readonly Row[] => [
  // What the service answered.
  {
    what: "throttling, by its code",
    when: codes(
      "SlowDown",
      "Throttling",
      "ThrottlingException",
      "ThrottledException",
      "RequestThrottled",
      "RequestThrottledException",
      "TooManyRequestsException",
      "ProvisionedThroughputExceededException",
      "TransactionInProgressException",
      "RequestLimitExceeded",
      "BandwidthLimitExceeded",
      "LimitExceededException",
      "EC2ThrottledException",
    ),
    verdict: "throttled",
  },
  { what: "throttling, by its status", when: ({ status }) => status === 429 || status === 509, verdict: "throttled" },
  {
    what: "the service gave up waiting for our bytes",
    when: codes("RequestTimeout", "RequestTimeoutException", "PriorRequestNotComplete"),
    verdict: "transient",
  },
  {
    what: "the service failed (an error inside a 200 counts as 500)",
    when: ({ status }) => status === 500 || status === 502 || status === 503 || status === 504,
    verdict: "transient",
    unknownOutcome: true,
  },
  { what: "any other error answer", when: ({ status }) => status !== undefined, verdict: "final" },

  // What came, but not as it should.
  {
    what: "a success that is cut or is no answer of S3 (truncated XML)",
    when: codes("MalformedResponse"),
    verdict: "transient",
    unknownOutcome: true,
  },
  {
    what: "a body with the wrong checksum",
    when: ({ error }) => error instanceof ChecksumMismatchError,
    verdict: "transient",
  },
  {
    what: "our own body with the wrong length",
    when: codes("ContentLengthMismatch"),
    verdict: "final",
  },
  {
    what: "an answer that broke off",
    when: ({ error }) => error instanceof IncompleteBodyError,
    verdict: "transient",
    unknownOutcome: true,
  },

  // What the transport met.
  {
    what: "what trying again does not change: closed client, limits on the whole call, refused credentials of a proxy, bad request",
    when: codes(
      "TransportClosed",
      "CallTimeout",
      "QueueTimeout",
      "ProxyAuthenticationRequired",
      "InvalidRequest",
      "HeadersTooLarge",
      "AnswerTooLarge",
    ),
    verdict: "final",
  },
  {
    what: "a certificate that is not trusted, or another name's; no TLS at the other end",
    when: ({ code }) =>
      /^(CERT_|DEPTH_ZERO_|SELF_SIGNED_|UNABLE_TO_|HOSTNAME_MISMATCH|ERR_TLS_|ERR_SSL_|EPROTO)/.test(code),
    verdict: "final",
  },
  {
    what: "no connection (refused, DNS, timeout, proxy): nothing was sent",
    when: ({ phase }) => phase === "connecting",
    verdict: "transient",
  },
  {
    what: "a pooled connection that proved to be closed",
    when: ({ error, phase, reused }) =>
      reused && (phase === "sent" || phase === "before-sent") && !(error instanceof TimeoutError),
    verdict: "stale",
    unknownOutcome: true,
  },
  {
    what: "the connection broke before the request was out",
    when: ({ phase }) => phase === "before-sent",
    verdict: "transient",
  },
  {
    what: "the connection broke, or silence fell, while the answer was awaited or read",
    when: ({ error }) => error instanceof TransportError,
    verdict: "transient",
    unknownOutcome: true,
  },

  { what: "anything else: our own faults, the source of the body, an abort", when: () => true, verdict: "final" },
];

let table: readonly Row[] | undefined;

/** What the table says of an error. `idempotent`: the request may be carried out twice. */
export function judge(error: unknown, idempotent: boolean): Verdict {
  table ??= rows();
  const failure = readFailure(error);
  const row = table.find(({ when }) => when(failure));
  if (row === undefined || (row.unknownOutcome === true && !idempotent)) return "final";
  return row.verdict;
}

function readFailure(error: unknown): Failure {
  const facts = factsOf(error);
  const { code, statusCode } = (error ?? {}) as { code?: unknown; statusCode?: unknown };
  return {
    error,
    code: typeof code === "string" ? code : "",
    status: typeof statusCode === "number" ? statusCode : undefined,
    phase: facts?.phase,
    reused: facts?.reused ?? false,
  };
}

/** An answer that is an error: from status, headers and body to an instance of the right class. */
import { hintFor } from "../errors/hints.js";
import {
  NoSuchBucket,
  NoSuchKey,
  type S3ServiceError,
  type ServiceErrorClass,
  type ServiceErrorResponse,
  serviceErrorClass,
} from "../errors/service.js";
import type { Operation } from "../model/operation.js";
import { bodyText } from "./body-text.js";
import { responseMetadata } from "./metadata.js";
import { Scanner } from "./xml-scan.js";

/** What the client knows of the request that failed. All of it is optional; hints are the better for it. */
export interface ErrorContext {
  /** How many times the request was sent, this time included. Default: 1. */
  attempts?: number | undefined;
  bucket?: string | undefined;
  key?: string | undefined;
  /** The region that the request was signed for. */
  region?: string | undefined;
  /** The host that it was sent to. */
  host?: string | undefined;
  /** What we signed, to be compared with what the service says that it saw. */
  canonicalRequest?: string | undefined;
  stringToSign?: string | undefined;
  /** Of the answer, where the error comes in the middle of its body. */
  requestId?: string | undefined;
  hostId?: string | undefined;
}

/** A word for a status that came without one. */
const words: Record<number, string> = {
  301: "Moved Permanently",
  302: "Found",
  303: "See Other",
  304: "Not Modified",
  305: "Use Proxy",
  307: "Temporary Redirect",
  308: "Permanent Redirect",
  400: "Bad Request",
  401: "Unauthorized",
  402: "Payment Required",
  403: "Forbidden",
  404: "Not Found",
  405: "Method Not Allowed",
  406: "Not Acceptable",
  407: "Proxy Authentication Required",
  408: "Request Timeout",
  409: "Conflict",
  410: "Gone",
  411: "Length Required",
  412: "Precondition Failed",
  413: "Request Entity Too Large",
  414: "Request-URI Too Long",
  415: "Unsupported Media Type",
  416: "Requested Range Not Satisfiable",
  417: "Expectation Failed",
  418: "I'm a Teapot",
  422: "Unprocessable Entity",
  429: "Too Many Requests",
  431: "Request Header Fields Too Large",
  500: "Internal Server Error",
  501: "Not Implemented",
  502: "Bad Gateway",
  503: "Service Unavailable",
  504: "Gateway Timeout",
  505: "HTTP Version Not Supported",
  507: "Insufficient Storage",
  509: "Bandwidth Limit Exceeded",
};

/** Codes that may not come again when the same request does. */
const passing = new Set([
  "InternalError",
  "RequestTimeout",
  "RequestTimeoutException",
  "PriorRequestNotComplete",
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
  "SlowDown",
  "EC2ThrottledException",
]);
const passingStatus = new Set([429, 500, 502, 503, 504]);

/**
 * The error that the service answered with.
 * @param headers names in lower case
 */
export function parseError(
  op: Operation,
  status: number,
  headers: Record<string, string>,
  body: Uint8Array | string | undefined,
  context: ErrorContext = {},
): S3ServiceError {
  const text = bodyText(body);
  const found = text.trim() === "" ? undefined : readError(text);
  const phrase = words[status] ?? (status >= 500 ? "Server Error" : "Unknown Error");
  // A code is a word where there was no body at all, and the status where there was one that says nothing.
  const code = found?.get("Code") || (text === "" ? phrase.replace(/[^A-Za-z]/g, "") : String(status));
  const message = found?.get("Message") ?? (found?.has("Code") ? "" : phrase);

  const details: ServiceErrorResponse["Error"] = { Code: code };
  if (!found?.has("Code") || found.has("Message")) details.Message = message;
  for (const [name, value] of found ?? []) {
    if (name === "RequestId" || name === "HostId" || name === "Code" || name === "Message") continue;
    // By definition and not by assignment, which would change the prototype for a name `__proto__`.
    Object.defineProperty(details, name, { value, configurable: true, enumerable: true, writable: true });
  }

  const attempts = context.attempts ?? 1;
  const metadata = responseMetadata(status, headers, attempts - 1);
  metadata.RequestId ??= found?.get("RequestId") || undefined;
  metadata.HostId ??= found?.get("HostId") || undefined;
  if (metadata.RequestId === undefined) delete metadata.RequestId;
  if (metadata.HostId === undefined) delete metadata.HostId;

  return new (classOf(op, code))(message, {
    code,
    statusCode: status,
    requestId: metadata.RequestId,
    hostId: metadata.HostId,
    operation: op.name,
    resource: resourceOf(context),
    retryable: passing.has(code) || passingStatus.has(status),
    attempts,
    hint: hintFor(code, { ...context, operation: op.name, status, details, headers, foreign: isForeign(text, found) }),
    response: { Error: details, ResponseMetadata: metadata },
  });
}

/** The error that ends a stream of events. */
export function frameError(op: Operation, code: string, message: string, context: ErrorContext): S3ServiceError {
  const attempts = context.attempts ?? 1;
  return new (serviceErrorClass(code))(message, {
    code,
    statusCode: 500,
    requestId: context.requestId,
    hostId: context.hostId,
    operation: op.name,
    resource: resourceOf(context),
    retryable: passing.has(code),
    attempts,
    hint: hintFor(code, { ...context, operation: op.name, status: 500, details: {}, headers: {} }),
    response: {
      Error: { Code: code, Message: message },
      ResponseMetadata: {
        ...(context.requestId === undefined ? {} : { RequestId: context.requestId }),
        ...(context.hostId === undefined ? {} : { HostId: context.hostId }),
        HTTPStatusCode: 500,
        HTTPHeaders: {},
        RetryAttempts: attempts - 1,
      },
    },
  });
}

/** A bodyless 404 of a HEAD says no more than that, but the operation tells what was not there. */
function classOf(op: Operation, code: string): ServiceErrorClass {
  if (code === "NotFound") {
    if (op.name === "HeadObject" || op.name === "GetObject") return NoSuchKey;
    if (op.name === "HeadBucket") return NoSuchBucket;
  }
  return serviceErrorClass(code);
}

/** Did it come from something in front of the service? */
const isForeign = (text: string, found: Map<string, string> | undefined): boolean =>
  text.trim() !== "" && !found?.has("Code");

function resourceOf({ bucket, key }: ErrorContext): string | undefined {
  if (bucket === undefined) return undefined;
  return key === undefined ? bucket : `${bucket}/${key}`;
}

/** The children of the error document; undefined when the body is none. With or without a namespace, bare or wrapped. */
function readError(text: string): Map<string, string> | undefined {
  try {
    const scanner = new Scanner(text);
    const root = scanner.root();
    if (root === "Error") return scanner.texts();
    // A page of some proxy may well be XML, but has no code.
    const found = scanner.textsWithin("Error");
    return found.has("Code") ? found : undefined;
  } catch {
    return undefined;
  }
}

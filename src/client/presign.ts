/** Presigned URLs: the first half of the road, without a journey. */
import type { Credentials } from "../credentials/types.js";
import type { PreparedEndpoint } from "../endpoint/prepared.js";
import { ParamValidationError, TucuxiError } from "../errors/base.js";
import { checkOptionNames, closest } from "../errors/names.js";
import { type Operation, operationMethods, operationOfMethod } from "../model/operation.js";
import { serialize, type WireRequest } from "../protocol/serialize.js";
import { kindOf } from "../protocol/validate.js";
import { isDictionary } from "../protocol/xml-write.js";
import { prepareInput } from "../rules/index.js";
import type { Engine } from "./engine.js";
import { addHeaders, checkExtraHeaders } from "./extra-headers.js";
import { urlNames } from "./option-names.js";
import type { PresignOptions } from "./options.js";
import { checkExpiry, checkSigningDate, signQuery } from "./signing.js";

/** The operation behind a method's name. */
export function operationFor(method: string): Operation {
  const names = 'Operations have the names of the client\'s methods: "getObject", "putObject", "uploadPart".';
  if (typeof method !== "string") {
    throw new ParamValidationError([{ path: "method", problem: `expected string, got ${kindOf(method)}` }], {
      hint: names,
    });
  }
  const op = operationOfMethod(method);
  if (op) return op;
  // A word as short as GET is close to many.
  const near = method.length > 5 ? closest(method, operationMethods()) : undefined;
  throw new ParamValidationError([{ path: "method", problem: `${JSON.stringify(method)} is not an operation of S3` }], {
    hint: `${near === undefined ? "" : `Did you mean ${near}? `}${names}`,
  });
}

/** A URL that waits for its signature. */
export interface UrlDraft {
  readonly endpoint: PreparedEndpoint;
  readonly bucket: string | undefined;
  /** Without credentials, for anonymous clients: a URL without a signature. */
  sign(credentials: Credentials | undefined): string;
}

/** Checks what is to be presigned, and finds where it goes. */
export function draftUrl(
  engine: Engine,
  method: string,
  input: object | undefined = {},
  options: PresignOptions = {},
): UrlDraft {
  const op = operationFor(method);
  checkOptionNames(options, urlNames, op.name);
  const expiresIn = checkExpiry(options.expiresIn);
  const verb = options.method === undefined ? op.method : checkVerb(options.method);
  const time = checkSigningDate(options.signingDate) ?? engine.now();
  if (options.headers) checkExtraHeaders(options.headers, op.name);
  const wire = serialize(
    op,
    prepareInput(op, withoutBody(op, input), {
      region: engine.settings.region,
      checksumMode: false,
      listEncoding: false,
      idempotencyToken: false,
    }),
  );
  const { Bucket: bucket } = input as { Bucket?: string };
  const endpoint = engine.endpoint(op, bucket, wire.hostPrefix, true);
  return {
    endpoint,
    bucket,
    sign: (credentials) =>
      presignedUrl(engine, wire, endpoint, { method: verb, headers: options.headers, time, expiresIn }, credentials),
  };
}

/**
 * The bytes to be stored are no part of a URL. Where the operation cannot do without them, they may be given, since its input asks for them, or left
 * out; elsewhere whoever gives them thinks that they would be sent.
 */
function withoutBody(op: Operation, input: object): object {
  const { payload } = op.input;
  if (!payload?.streaming || !isDictionary(input)) return input;
  if (payload.required) return { ...input, [payload.name]: "" };
  if (input[payload.name] === undefined) return input;
  throw new ParamValidationError([{ path: payload.name, problem: "not part of a presigned URL" }], {
    operation: op.name,
    hint: "Leave it out: whoever uses the URL sends the body.",
  });
}

/** What was asked of a URL, checked. */
interface UrlTerms {
  readonly method: string;
  readonly headers: PresignOptions["headers"];
  /** Milliseconds since 1970 that it holds from. */
  readonly time: number;
  /** Seconds that it holds. */
  readonly expiresIn: number;
}

function presignedUrl(
  engine: Engine,
  wire: WireRequest,
  endpoint: PreparedEndpoint,
  terms: UrlTerms,
  credentials: Credentials | undefined,
): string {
  const path = endpoint.basePath + wire.path || "/";
  if (!credentials) return endpoint.origin + path + (wire.query ? `?${wire.query}` : "");

  // The content type of a document is the sender's business, as the document is.
  const { headers } = wire;
  const type = headers.lastIndexOf("content-type");
  if (wire.kind === "xml" && type >= 0) headers.splice(type, 2);
  if (terms.headers) addHeaders(headers, [], terms.headers);
  const request = {
    method: terms.method,
    path,
    query: wire.canonicalQuery,
    host: endpoint.host,
    signing: endpoint.signing,
    payloadHash: "UNSIGNED-PAYLOAD",
  };
  const { time, expiresIn } = terms;
  return `${endpoint.origin}${path}?${signQuery(engine.signers, credentials, request, headers, time, expiresIn)}`;
}

/** The method as it is signed, and as every HTTP client sends it. */
function checkVerb(method: unknown): string {
  if (typeof method === "string" && /^[A-Za-z]+$/.test(method)) return method.toUpperCase();
  throw new TucuxiError(`method: must be an HTTP method such as "GET", not ${JSON.stringify(method)}`, {
    code: "InvalidOption",
  });
}

import { MAX_EXPIRES, MAX_SKEW } from "./check.js";
import { formatAmzDate, parseAmzDate } from "./date.js";
import { type HeaderEntry, valuesOf } from "./headers.js";
import { isS3 } from "./request.js";
import type { SigningAlgorithm, VerificationCode } from "./types.js";

/** What a signed request says of its signature. */
export interface ReceivedSignature {
  readonly kind: "header" | "query";
  readonly algorithm: SigningAlgorithm;
  readonly accessKeyId: string;
  /** The credential scope, and its parts; no region in ECDSA's. */
  readonly scope: string;
  readonly day: string;
  readonly region: string | undefined;
  readonly service: string;
  readonly end: string;
  readonly amzDate: string;
  readonly time: number;
  readonly signedHeaders: string;
  readonly signature: string;
  /** Presigned: seconds. */
  readonly expiresIn: number;
  readonly sessionToken: string | undefined;
  /** ECDSA: `X-Amz-Region-Set`. */
  readonly regionSet: string | undefined;
  /** `x-amz-content-sha256`. */
  readonly payloadHash: string | undefined;
}

/** Why a request is refused: S3's code, and a sentence. */
export class Refusal {
  readonly code: VerificationCode;
  readonly reason: string;

  constructor(code: VerificationCode, reason: string) {
    this.code = code;
    this.reason = reason;
  }
}

/** The parts of a signature by their names in the query, less `X-Amz-`; or what is wrong with them. */
type Fields = Map<string, string> | string;

/** Finds and reads the signature of a request, wherever it stands. */
export function parseSignature(headers: readonly HeaderEntry[], query: string): ReceivedSignature | Refusal {
  const authorization = valuesOf(headers, "authorization");
  const inQuery = /(^|&)X-Amz-(Signature|Algorithm)=/.test(query);
  if (authorization === undefined) {
    return inQuery
      ? readFields("query", queryFields(headers, query))
      : new Refusal("AccessDenied", "not signed: neither an authorization header nor X-Amz-Signature in the query");
  }
  return inQuery
    ? new Refusal("InvalidArgument", "signed twice: in the authorization header and in the query")
    : readFields("header", headerFields(headers, authorization));
}

function headerFields(headers: readonly HeaderEntry[], authorization: readonly string[]): Fields {
  if (authorization.length > 1) return "given more than once";
  const [, algorithm = "", rest = ""] = /^\s*(\S+)\s*(.*)$/s.exec(authorization[0] ?? "") ?? [];
  const fields = new Map([["Algorithm", algorithm]]);
  for (const part of rest.split(",")) {
    const equals = part.indexOf("=");
    const name = part.slice(0, Math.max(equals, 0)).trim();
    if (fields.has(name)) return `${show(name)} is given more than once`;
    fields.set(name, part.slice(equals + 1).trim());
  }
  for (const name of ["Date", "Security-Token", "Region-Set", "Content-Sha256"]) {
    fields.delete(name);
    const values = valuesOf(headers, `x-amz-${name.toLowerCase()}`) ?? (name === "Date" && valuesOf(headers, "date"));
    if (values) fields.set(name, values.join().trim());
  }
  return fields;
}

function queryFields(headers: readonly HeaderEntry[], query: string): Fields {
  const fields = new Map<string, string>();
  for (const piece of query.split("&")) {
    const [, name, value = ""] = /^X-Amz-([^=]*)=(.*)$/s.exec(piece) ?? [];
    if (name === undefined) continue;
    if (fields.has(name)) return `X-Amz-${name} is given more than once`;
    try {
      fields.set(name, decodeURIComponent(value));
    } catch {
      return `X-Amz-${name} has an escape in it that is no UTF-8`;
    }
  }
  const hash = valuesOf(headers, "x-amz-content-sha256");
  if (hash !== undefined) fields.set("Content-Sha256", hash.join().trim());
  return fields;
}

function readFields(kind: ReceivedSignature["kind"], fields: Fields): ReceivedSignature | Refusal {
  const isQuery = kind === "query";
  const malformed = (what: string) =>
    isQuery
      ? new Refusal("AuthorizationQueryParametersError", what)
      : new Refusal("AuthorizationHeaderMalformed", `authorization header: ${what}`);
  if (typeof fields === "string") return malformed(fields);
  const algorithm = fields.get("Algorithm") ?? "";
  if (algorithm !== "AWS4-HMAC-SHA256" && algorithm !== "AWS4-ECDSA-P256-SHA256") {
    // `AWS key:signature` is Signature Version 2.
    return new Refusal(
      "InvalidRequest",
      `signed with ${show(algorithm)}, which is not supported; use AWS4-HMAC-SHA256`,
    );
  }
  for (const name of ["Credential", "SignedHeaders", "Signature", "Date"]) {
    if (!fields.get(name)) return malformed(`${isQuery || name === "Date" ? "X-Amz-" : ""}${name} is missing`);
  }
  // From its end, because a key id may have slashes in it.
  const credential = (fields.get("Credential") ?? "").split("/");
  const parts = credential.splice(algorithm === "AWS4-HMAC-SHA256" ? -4 : -3);
  const [day = "", service = "", end = ""] = parts.length === 4 ? [parts[0], ...parts.slice(2)] : parts;
  const accessKeyId = credential.join("/");
  if (accessKeyId === "")
    return malformed(
      "Credential must be the access key id and the scope, as in key/20260131/us-east-1/s3/aws4_request",
    );

  const [amzDate, time] = readDate(fields.get("Date") ?? "");
  if (time === undefined) return malformed(`the date ${show(amzDate)} is not of the form 20260131T235959Z`);
  // S3 wants to be told; for other services a URL without an end is good for as long as clocks may be apart.
  const expires = fields.get("Expires") ?? (isQuery && isS3(service) ? "" : `${MAX_SKEW}`);
  if (expires === "") return malformed("X-Amz-Expires is missing");
  const expiresIn = /^\d{1,7}$/.test(expires) ? Number(expires) : 0;
  if (expiresIn < 1 || expiresIn > MAX_EXPIRES) {
    return malformed(`X-Amz-Expires is ${show(expires)}, not a number of seconds from 1 to ${MAX_EXPIRES}`);
  }
  return {
    kind,
    algorithm,
    accessKeyId,
    scope: parts.join("/"),
    day,
    region: parts.length === 4 ? parts[1] : undefined,
    service,
    end,
    amzDate,
    time,
    signedHeaders: fields.get("SignedHeaders") ?? "",
    signature: fields.get("Signature") ?? "",
    expiresIn,
    sessionToken: fields.get("Security-Token"),
    regionSet: fields.get("Region-Set"),
    payloadHash: fields.get("Content-Sha256"),
  };
}

/** Reads `X-Amz-Date`, or the `Date` header that may stand in for it in HTTP's own form. */
function readDate(text: string): [amzDate: string, time: number | undefined] {
  if (/^[A-Z][a-z]{2}, /.test(text) && !Number.isNaN(Date.parse(text))) text = formatAmzDate(Date.parse(text));
  return [text, parseAmzDate(text)];
}

function show(text: string): string {
  return JSON.stringify(text.slice(0, 100));
}

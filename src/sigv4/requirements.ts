import { EMPTY_HASH } from "./canonical.js";
import { MAX_SKEW } from "./check.js";
import { equalTexts } from "./compare.js";
import { type HeaderEntry, valuesOf } from "./headers.js";
import { type ReceivedSignature, Refusal } from "./parse.js";
import { assumedHash } from "./presign.js";
import { hashBody, isS3 } from "./request.js";
import type { SignableBody, SigningCredentials, VerificationCode, VerifySignatureInput } from "./types.js";
import type { Target } from "./url.js";

/** What a signed request has to fulfil besides a signature that matches; each check gives a refusal, or undefined. */

/** A request as it arrived, taken apart. */
export interface ReceivedRequest {
  readonly method: string;
  readonly target: Target;
  readonly headers: readonly HeaderEntry[];
}

/** The hash that goes into the canonical request: declared, or what client and server take where nothing is declared. */
export function payloadHashOf(
  received: ReceivedSignature,
  service: string,
  body: SignableBody | undefined,
): string | Refusal {
  const declared = received.payloadHash;
  if (declared === undefined) {
    if (received.kind === "query") return assumedHash(service, body);
    if (isS3(service)) return new Refusal("InvalidRequest", "header x-amz-content-sha256 is missing");
    return body === undefined ? EMPTY_HASH : hashBody(body);
  }
  if (/^([\da-fA-F]{64}|UNSIGNED-PAYLOAD|STREAMING-[A-Z\d-]+)$/.test(declared)) return declared;
  return new Refusal(
    "InvalidArgument",
    "x-amz-content-sha256 must be UNSIGNED-PAYLOAD, one of the STREAMING words or the 64 hex digits of a SHA-256",
  );
}

/** All signed headers have to be there; `host` and every `x-amz-` header that is there has to be signed. */
export function checkSignedHeaders(request: ReceivedRequest, received: ReceivedSignature): Refusal | undefined {
  const names = received.signedHeaders.split(";");
  if (!names.includes("host")) return new Refusal("AccessDenied", "header host is not signed");
  const missing = names.find((name) => valuesOrHost(request, name) === undefined);
  if (missing !== undefined) {
    return new Refusal("SignatureDoesNotMatch", `header ${JSON.stringify(missing)} was signed but is not there`);
  }
  // A session token may be added after signing: it is checked on its own.
  const unsigned = request.headers.find(
    ({ lowerCase }) =>
      lowerCase.startsWith("x-amz-") && lowerCase !== "x-amz-security-token" && !names.includes(lowerCase),
  );
  return unsigned && new Refusal("AccessDenied", `header ${unsigned.lowerCase} is there but was not signed`);
}

/** The values of a header; the host of an absolute URL stands in for the header. */
export function valuesOrHost({ headers, target }: ReceivedRequest, name: string): readonly string[] | undefined {
  return valuesOf(headers, name) ?? (name === "host" && target.host !== undefined ? [target.host] : undefined);
}

/** The credential scope has to be ours. */
export function checkScope(
  received: ReceivedSignature,
  { algorithm, region }: VerifySignatureInput,
  service: string,
): Refusal | undefined {
  if (algorithm !== undefined && algorithm !== received.algorithm) {
    return new Refusal("InvalidRequest", `signed with ${received.algorithm}, but only ${algorithm} is accepted`);
  }
  const code: VerificationCode =
    received.kind === "header" ? "AuthorizationHeaderMalformed" : "AuthorizationQueryParametersError";
  const scope = (part: string, got: string, expected: string) =>
    new Refusal(code, `credential scope: the ${part} is ${JSON.stringify(got)}, expected ${JSON.stringify(expected)}`);
  const day = received.amzDate.slice(0, 8);
  if (received.day !== day) return scope("date", received.day, day);
  if (received.service !== service) return scope("service", received.service, service);
  if (received.end !== "aws4_request") return scope("end", received.end, "aws4_request");
  if (received.region !== undefined) {
    return received.region === region ? undefined : scope("region", received.region, region);
  }
  if (received.regionSet === undefined) return new Refusal(code, "X-Amz-Region-Set is missing");
  if (received.regionSet.split(",").some((pattern) => regionMatches(pattern.trim(), region))) return undefined;
  return new Refusal(code, `X-Amz-Region-Set: ${JSON.stringify(received.regionSet)} does not have ${region} in it`);
}

/** `*` stands for any text: `*`, `us-*`. */
function regionMatches(pattern: string, region: string): boolean {
  const [head = "", ...rest] = pattern.split("*");
  if (rest.length === 0) return pattern === region;
  const tail = rest.pop() ?? "";
  // One star is all that is in use; a pattern with more never matches.
  return (
    rest.length === 0 && region.length >= head.length + tail.length && region.startsWith(head) && region.endsWith(tail)
  );
}

/** Not from another time: in the header within the clocks' skew, in a URL until it expires. */
export function checkTime({ kind, time, expiresIn }: ReceivedSignature, now: number): Refusal | undefined {
  const age = Math.floor((now - time) / 1000);
  if (kind === "query") {
    const over = age - expiresIn;
    // Good for the whole of its last second.
    if (over > 0) return new Refusal("AccessDenied", `expired ${over} s ago`);
    if (age < -MAX_SKEW) return new Refusal("AccessDenied", `not valid yet: signed for ${-age} s from now`);
    return undefined;
  }
  if (Math.abs(now - time) <= MAX_SKEW * 1000) return undefined;
  const how = age > 0 ? `${age} s behind` : `${-age} s ahead of`;
  return new Refusal(
    "RequestTimeTooSkewed",
    `the request's time is ${how} the server's clock, ${MAX_SKEW} s are allowed`,
  );
}

/** The access key id and session token have to be those of the credentials. */
export function checkWho(received: ReceivedSignature, credentials: SigningCredentials): Refusal | undefined {
  if (received.accessKeyId !== credentials.accessKeyId) {
    return new Refusal("InvalidAccessKeyId", `access key id ${JSON.stringify(received.accessKeyId)} is unknown`);
  }
  if (!credentials.sessionToken) return undefined;
  if (received.sessionToken === undefined) return new Refusal("InvalidToken", "the session token is missing");
  if (equalTexts(received.sessionToken, credentials.sessionToken)) return undefined;
  return new Refusal("InvalidToken", "the session token is not the one of these credentials");
}

/** The body, where it is known, has to have the hash that was declared and signed. */
export function checkBody(payloadHash: string, body: SignableBody | undefined): Refusal | undefined {
  if (body === undefined || !/^[\da-fA-F]{64}$/.test(payloadHash)) return undefined;
  const actual = hashBody(body);
  if (actual === payloadHash.toLowerCase()) return undefined;
  return new Refusal(
    "XAmzContentSHA256Mismatch",
    `the body does not match x-amz-content-sha256: declared ${payloadHash}, computed ${actual}`,
  );
}

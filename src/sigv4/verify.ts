import { canonicalRequest, firstDifference, type SortedHeaders, sha256Hex } from "./canonical.js";
import { checkCredentials, checkDate, checkInput, checkMethod, checkScopePart } from "./check.js";
import { equalTexts } from "./compare.js";
import { diagnose } from "./diagnose.js";
import { readPublicKey, verifyEcdsa } from "./ecdsa.js";
import { canonicalPath, canonicalQuery } from "./encode.js";
import { joinValues, readHeaders } from "./headers.js";
import { parseSignature, type ReceivedSignature, Refusal } from "./parse.js";
import {
  checkBody,
  checkScope,
  checkSignedHeaders,
  checkTime,
  checkWho,
  payloadHashOf,
  type ReceivedRequest,
  valuesOrHost,
} from "./requirements.js";
import { signerAt } from "./signer.js";
import type { Verification, VerifySignatureInput } from "./types.js";
import { splitUrl } from "./url.js";

/**
 * The server's side: does the signature of this request (in its header or its query) hold for these credentials? Compares in constant
 * time, and checks expiry, clock skew (15 minutes), credential scope, that what must be signed is signed, and the body against its
 * declared hash where the body is given. An aws-chunked body's chunks are checked by `createChunkVerifier`.
 *
 * Never throws for what a request says, however odd; throws TypeError or RangeError for the server's own arguments.
 *
 * @returns whether it holds; if not, `reason` for people and `code` as S3 answers; and what was verified
 * @see https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-authenticating-requests.html
 */
export function verifySignature(input: VerifySignatureInput): Verification {
  checkInput(input);
  const service = input.service ?? "s3";
  checkCredentials(input.credentials, input.publicKey === undefined);
  checkScopePart("region", input.region);
  checkScopePart("service", service);
  const now = checkDate(input.date);

  const request = readRequest(input);
  if (request instanceof Refusal) return refuse(request);
  const received = parseSignature(request.headers, request.target.query);
  if (received instanceof Refusal) return refuse(received);
  const found: Verification = {
    valid: false,
    kind: received.kind,
    algorithm: received.algorithm,
    accessKeyId: received.accessKeyId,
    signature: received.signature,
    signedHeaders: received.signedHeaders,
    signedAt: new Date(received.time),
  };
  const payloadHash = payloadHashOf(received, service, input.body);
  if (payloadHash instanceof Refusal) return refuse(payloadHash, found);
  found.payloadHash = payloadHash;
  const unsigned = checkSignedHeaders(request, received);
  if (unsigned !== undefined) return refuse(unsigned, found);
  found.canonicalRequest = recompose(input, request, received, payloadHash, true);
  found.stringToSign = stringToSign(received, found.canonicalRequest);

  const refusal =
    checkScope(received, input, service) ?? checkTime(received, now) ?? checkWho(received, input.credentials);
  if (refusal !== undefined) return refuse(refusal, found);

  const holds = signatureTest(received, input, service);
  if (!holds(found.canonicalRequest)) {
    const unsignedToken = received.kind === "query" && received.sessionToken !== undefined;
    const other = unsignedToken ? recompose(input, request, received, payloadHash, false) : undefined;
    if (other === undefined || !holds(other)) {
      const difference =
        input.canonicalRequest === undefined
          ? diagnose(found.canonicalRequest, request.target, holds)
          : firstDifference(found.canonicalRequest, input.canonicalRequest);
      const why =
        difference ??
        `the secret is another one, or something signed was changed on the way (method, path, query, payload hash, or one of the headers ${received.signedHeaders})`;
      return refuse(new Refusal("SignatureDoesNotMatch", `signature differs: ${why}`), found);
    }
    found.canonicalRequest = other;
    found.stringToSign = stringToSign(received, other);
  }
  const wrongBody = checkBody(payloadHash, input.body);
  return wrongBody === undefined ? { ...found, valid: true } : refuse(wrongBody, found);
}

function refuse({ code, reason }: Refusal, found?: Verification): Verification {
  return { ...found, valid: false, reason, code };
}

function readRequest(input: VerifySignatureInput): ReceivedRequest | Refusal {
  try {
    return { method: checkMethod(input.method), target: splitUrl(input.url), headers: readHeaders(input.headers) };
  } catch (error) {
    return new Refusal("InvalidRequest", error instanceof Error ? error.message : String(error));
  }
}

/** The canonical request, from what arrived. `withToken` false: the session token was added to the query after signing. */
function recompose(
  input: VerifySignatureInput,
  request: ReceivedRequest,
  received: ReceivedSignature,
  payloadHash: string,
  withToken: boolean,
): string {
  const headers: SortedHeaders = received.signedHeaders
    .split(";")
    .flatMap((name) => [name, joinValues(valuesOrHost(request, name) ?? [])]);
  const left = withToken ? /^X-Amz-Signature=/ : /^X-Amz-(Signature|Security-Token)=/;
  const { path, query } = request.target;
  const signedQuery =
    received.kind === "header"
      ? query
      : query
          .split("&")
          .filter((piece) => !left.test(piece))
          .join("&");
  return canonicalRequest(
    request.method,
    canonicalPath(path, input.normalizePath ?? false, input.doubleEncodePath ?? false),
    canonicalQuery(signedQuery),
    headers,
    received.signedHeaders,
    payloadHash,
  );
}

function stringToSign({ algorithm, amzDate, scope }: ReceivedSignature, request: string): string {
  return `${algorithm}\n${amzDate}\n${scope}\n${sha256Hex(request)}`;
}

/** Makes the test whether the received signature is that of a canonical request. */
function signatureTest(
  received: ReceivedSignature,
  { credentials, region, publicKey }: VerifySignatureInput,
  service: string,
): (canonicalRequest: string) => boolean {
  const { algorithm, signature, time } = received;
  if (algorithm === "AWS4-ECDSA-P256-SHA256" && publicKey !== undefined) {
    const key = readPublicKey(publicKey);
    return (request) => verifyEcdsa(stringToSign(received, request), signature, key);
  }
  const signer = signerAt({ credentials, region, service, algorithm, date: new Date(time) });
  const key = signer.publicKey();
  return key === undefined
    ? (request) => equalTexts(signer.sign(stringToSign(received, request)), signature)
    : (request) => verifyEcdsa(stringToSign(received, request), signature, key);
}

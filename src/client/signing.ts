/** The client's side of signing: who signs for an endpoint, which headers are signed, and how they go out. */
import type { Credentials } from "../credentials/types.js";
import type { EndpointSigning } from "../endpoint/prepared.js";
import { CredentialsError, TucuxiError } from "../errors/base.js";
import { numberGiven } from "../protocol/validate.js";
import { authorization, encodeRfc3986, presignedQuery, Signer } from "../sigv4/fast.js";

/** Header pairs in one flat list: name, value, name, value. Names in lower case. */
export type HeaderPairs = string[];

/**
 * Signers in use. One is kept for each pair of credentials and scope, since a signer remembers its key and its day; those of
 * credentials that nobody holds any more go with them.
 */
export class Signers {
  readonly #byCredentials = new WeakMap<Credentials, Map<string, Signer>>();
  #last: { credentials: Credentials; signing: EndpointSigning; signer: Signer } | undefined;

  /** The signer of these credentials for an endpoint, its clock set to `time` (milliseconds since 1970). */
  get(credentials: Credentials, signing: EndpointSigning, time: number): Signer {
    const last = this.#last;
    if (last && last.credentials === credentials && last.signing === signing) return last.signer.at(time);
    let signers = this.#byCredentials.get(credentials);
    if (!signers) {
      signers = new Map();
      this.#byCredentials.set(credentials, signers);
    }
    const where = signing.region ?? signing.regionSet.join(",");
    const scope = `${signing.name} ${signing.service} ${where}`;
    let signer = signers.get(scope);
    if (!signer) {
      signer = signerOf(credentials, signing);
      signers.set(scope, signer);
    }
    this.#last = { credentials, signing, signer };
    return signer.at(time);
  }
}

function signerOf(credentials: Credentials, signing: EndpointSigning): Signer {
  try {
    return makeSigner(credentials, signing);
  } catch (error) {
    throw error instanceof TypeError ? invalidCredentials(error) : error;
  }
}

/** The signer says in its own way what is wrong with keys; from a client it is an error of the client's. */
export const invalidCredentials = (cause: TypeError): CredentialsError =>
  new CredentialsError(cause.message, { code: "InvalidCredentials", cause });

function makeSigner(credentials: Credentials, signing: EndpointSigning): Signer {
  const { service } = signing;
  // The session token of a directory bucket's session travels under a name of its own, so it is no business of the signer's.
  const keys =
    signing.name === "sigv4-s3express"
      ? { accessKeyId: credentials.accessKeyId, secretAccessKey: credentials.secretAccessKey }
      : {
          accessKeyId: credentials.accessKeyId,
          secretAccessKey: credentials.secretAccessKey,
          sessionToken: credentials.sessionToken,
        };
  if (signing.name === "sigv4a") {
    return new Signer({
      credentials: keys,
      region: signing.regionSet[0] ?? "*",
      service,
      algorithm: "AWS4-ECDSA-P256-SHA256",
      regionSet: signing.regionSet,
    });
  }
  return new Signer({ credentials: keys, region: signing.region, service });
}

/** Sorts header pairs by name, in place. Insertion: a dozen pairs, half of them in order already. */
export function sortPairs(headers: HeaderPairs): HeaderPairs {
  for (let i = 2; i < headers.length; i += 2) {
    const name = headers[i]!;
    const value = headers[i + 1]!;
    let at = i;
    while (at > 0 && headers[at - 2]! > name) {
      headers[at] = headers[at - 2]!;
      headers[at + 1] = headers[at - 1]!;
      at -= 2;
    }
    headers[at] = name;
    headers[at + 1] = value;
  }
  return headers;
}

/** Where a header stands in a flat list; -1 where it does not. */
export function pairIndex(headers: HeaderPairs, name: string): number {
  for (let i = 0; i < headers.length; i += 2) if (headers[i] === name) return i;
  return -1;
}

/** The value of a header in a flat list. */
export function pairValue(headers: HeaderPairs, name: string): string | undefined {
  const at = pairIndex(headers, name);
  return at < 0 ? undefined : headers[at + 1];
}

/** A request as the signer sees it. */
export interface Signable {
  readonly method: string;
  /** Path on the wire, canonical. */
  readonly path: string;
  /** Canonical query. */
  readonly query: string;
  readonly host: string;
  readonly signing: EndpointSigning;
  /** The value of `x-amz-content-sha256`. */
  readonly payloadHash: string;
}

/** Signs `headers` in place: adds host, date, payload hash and token, sorts, and gives the value of `authorization`. */
export function signHeaders(
  signers: Signers,
  credentials: Credentials,
  request: Signable,
  headers: HeaderPairs,
  time: number,
): { authorization: string; signer: Signer } {
  const signer = signers.get(credentials, request.signing, time);
  headers.push("host", request.host, "x-amz-content-sha256", request.payloadHash, "x-amz-date", signer.amzDate);
  if (signer.regionSet !== undefined) headers.push("x-amz-region-set", signer.regionSet);
  const token = credentials.sessionToken;
  if (token)
    headers.push(request.signing.name === "sigv4-s3express" ? "x-amz-s3session-token" : "x-amz-security-token", token);
  sortPairs(headers);
  return {
    authorization: authorization(signer, request.method, request.path, request.query, headers, request.payloadHash),
    signer,
  };
}

/** The query of a presigned URL. `headers`: what the sender will have to send, without host. */
export function signQuery(
  signers: Signers,
  credentials: Credentials,
  request: Signable,
  headers: HeaderPairs,
  time: number,
  expiresIn: number,
): string {
  const signer = signers.get(credentials, request.signing, time);
  headers.push("host", request.host);
  let { query } = request;
  if (request.signing.name === "sigv4-s3express" && credentials.sessionToken) {
    // Between the request's own parameters and those of the signature: the signer merges them in order.
    const token = `X-Amz-S3session-Token=${encodeRfc3986(credentials.sessionToken)}`;
    query = [...query.split("&").filter(Boolean), token].sort().join("&");
  }
  return presignedQuery(
    signer,
    request.method,
    request.path,
    query,
    sortPairs(headers),
    request.payloadHash,
    expiresIn,
  );
}

/** Checks the life of a presigned URL. */
export function checkExpiry(expiresIn: number | undefined): number {
  if (expiresIn === undefined) return 3600;
  if (Number.isInteger(expiresIn) && expiresIn >= 1 && expiresIn <= 604_800) return expiresIn;
  throw new TucuxiError(
    `expiresIn: must be a whole number of seconds from 1 to 604800 (seven days), not ${numberGiven(expiresIn)}`,
    {
      code: "InvalidOption",
    },
  );
}

/** Checks the time that a signature holds from; milliseconds since 1970, undefined where none is given. */
export function checkSigningDate(date: Date | undefined): number | undefined {
  if (date === undefined) return undefined;
  const year = date instanceof Date ? date.getUTCFullYear() : Number.NaN;
  // Other years have no four digits to be signed with.
  if (year >= 1 && year <= 9999) return date.getTime();
  throw new TucuxiError("signingDate: must be a valid Date of the years 1 to 9999", { code: "InvalidOption" });
}

import type { KeyObject } from "node:crypto";
import { canonicalRequest, type SortedHeaders, sha256Hex } from "./canonical.js";
import { checkCredentials, checkDate, checkScopePart, got } from "./check.js";
import { formatAmzDate } from "./date.js";
import { EcdsaKey, ecdsaKeyOf } from "./ecdsa.js";
import { encodeRfc3986 } from "./encode.js";
import { type SigningKey, signingKeyOf } from "./key.js";
import type { SigningAlgorithm, SigningCredentials } from "./types.js";

/** What a signer is made from. */
export interface SignerInput {
  readonly credentials: SigningCredentials;
  readonly region: string;
  readonly service?: string | undefined;
  readonly algorithm?: SigningAlgorithm | undefined;
  readonly regionSet?: string | readonly string[] | undefined;
}

/**
 * Who signs, for where and when. All that stays the same from one signature to the next (key, scope, written dates) is kept here, so
 * that whoever signs often keeps a signer, sets its clock with `at` and pays for two hashes and an HMAC.
 */
export class Signer {
  readonly algorithm: SigningAlgorithm;
  readonly accessKeyId: string;
  readonly region: string;
  readonly service: string;
  /** ECDSA: the value of `X-Amz-Region-Set`; otherwise undefined. */
  readonly regionSet: string | undefined;
  readonly #secret: string;
  readonly #sessionToken: string | undefined;

  #second = Number.NaN;
  #amzDate = "";
  /** `20260131/us-east-1/s3/aws4_request`, without a region for ECDSA. */
  #scope = "";
  /** The first three lines of a string to sign. */
  #stringHead = "";
  /** `X-Amz-Algorithm` and `X-Amz-Credential` of a presigned URL. */
  #queryHead = "";
  #key: SigningKey | EcdsaKey | undefined;

  /** Throws TypeError naming the argument that cannot be used. */
  constructor({ credentials, region, service = "s3", algorithm = "AWS4-HMAC-SHA256", regionSet }: SignerInput) {
    checkCredentials(credentials);
    checkScopePart("region", region);
    checkScopePart("service", service);
    if (algorithm !== "AWS4-HMAC-SHA256" && algorithm !== "AWS4-ECDSA-P256-SHA256") {
      throw new TypeError('algorithm: must be "AWS4-HMAC-SHA256" or "AWS4-ECDSA-P256-SHA256"');
    }
    this.algorithm = algorithm;
    this.accessKeyId = credentials.accessKeyId;
    this.region = region;
    this.service = service;
    this.#secret = credentials.secretAccessKey;
    this.#sessionToken = credentials.sessionToken || undefined;
    if (algorithm === "AWS4-ECDSA-P256-SHA256") {
      const set = typeof regionSet === "string" ? regionSet.split(",") : (regionSet ?? [region]);
      if (!Array.isArray(set)) throw new TypeError(`regionSet: must be a list of regions, or *${got(set)}`);
      for (const name of set) checkScopePart("regionSet", name);
      if (set.length === 0) throw new TypeError("regionSet: must name at least one region, or *");
      this.regionSet = set.join(",");
    }
  }

  /** Whether a new signer made from this would be the same. */
  isFor({ credentials, region, service = "s3", algorithm = "AWS4-HMAC-SHA256", regionSet }: SignerInput): boolean {
    return (
      credentials?.secretAccessKey === this.#secret &&
      credentials.accessKeyId === this.accessKeyId &&
      (credentials.sessionToken || undefined) === this.#sessionToken &&
      region === this.region &&
      service === this.service &&
      algorithm === this.algorithm &&
      (this.regionSet === undefined || this.regionSet === (regionSet ?? region))
    );
  }

  /** Sets the clock: signatures from here on are of this time (milliseconds since 1970). */
  at(time: number): this {
    const second = Math.floor(time / 1000);
    if (second !== this.#second) {
      this.#amzDate = formatAmzDate(time);
      const day = this.#amzDate.slice(0, 8);
      if (!this.#scope.startsWith(day)) this.#turnDay(day);
      this.#stringHead = `${this.algorithm}\n${this.#amzDate}\n${this.#scope}\n`;
      this.#second = second;
    }
    return this;
  }

  #turnDay(day: string): void {
    if (this.algorithm === "AWS4-HMAC-SHA256") {
      this.#scope = `${day}/${this.region}/${this.service}/aws4_request`;
      this.#key = signingKeyOf(this.#secret, day, this.region, this.service);
    } else {
      this.#scope = `${day}/${this.service}/aws4_request`;
      this.#key = ecdsaKeyOf(this.#secret, this.accessKeyId);
    }
    this.#queryHead = `X-Amz-Algorithm=${this.algorithm}&X-Amz-Credential=${encodeRfc3986(this.credential)}`;
  }

  /** The value of `X-Amz-Date`. */
  get amzDate(): string {
    return this.#amzDate;
  }

  /** The credential scope. */
  get scope(): string {
    return this.#scope;
  }

  /** The value of `X-Amz-Credential`: access key id and scope. */
  get credential(): string {
    return `${this.accessKeyId}/${this.#scope}`;
  }

  /** The value of `X-Amz-Security-Token`. A getter, as printing an object does not print those. */
  get sessionToken(): string | undefined {
    return this.#sessionToken;
  }

  /**
   * The query parameters that a presigned URL gets, in canonical order; without the signature.
   *
   * @param withToken false leaves the session token out
   */
  queryParameters(signedHeaders: string, expiresIn: number, withToken: boolean): string {
    const regionSet = this.regionSet === undefined ? "" : `&X-Amz-Region-Set=${encodeRfc3986(this.regionSet)}`;
    const token = withToken && this.#sessionToken !== undefined ? `&${this.tokenParameter()}` : "";
    const names = encodeRfc3986(signedHeaders);
    return `${this.#queryHead}&X-Amz-Date=${this.#amzDate}&X-Amz-Expires=${expiresIn}${regionSet}${token}&X-Amz-SignedHeaders=${names}`;
  }

  tokenParameter(): string {
    return `X-Amz-Security-Token=${encodeRfc3986(this.#sessionToken ?? "")}`;
  }

  /** The string to sign of a canonical request. */
  stringToSign(canonicalRequest: string): string {
    return this.#stringHead + sha256Hex(canonicalRequest);
  }

  /** The value of the `authorization` header. */
  authorization(signedHeaders: string, signature: string): string {
    return `${this.algorithm} Credential=${this.credential}, SignedHeaders=${signedHeaders}, Signature=${signature}`;
  }

  /** Signs a string (ASCII): lower-case hex; with ECDSA the DER form, another one each time. */
  sign(text: string): string {
    if (this.#key === undefined) this.at(Date.now());
    return this.#key?.sign(text) ?? "";
  }

  /** ECDSA: the key that others verify with; otherwise undefined. */
  publicKey(): KeyObject | undefined {
    if (this.#key === undefined) this.at(Date.now());
    return this.#key instanceof EcdsaKey ? this.#key.publicKey() : undefined;
  }
}

let last: Signer | undefined;

/**
 * A signer with its clock set, for the functions that sign once: the one of the call before, where it is for the same credentials and
 * scope. Not to be kept, since the next call sets its clock anew.
 */
export function signerAt(input: SignerInput & { readonly date?: Date | undefined }): Signer {
  if (!last?.isFor(input)) last = new Signer(input);
  return last.at(checkDate(input.date));
}

/** Every step from a request to its signature. */
export interface SignatureSteps {
  canonicalRequest: string;
  stringToSign: string;
  signature: string;
}

/** Takes the steps; all arguments as `canonicalRequest` wants them. */
export function computeSignature(
  signer: Signer,
  method: string,
  path: string,
  query: string,
  headers: SortedHeaders,
  signedHeaders: string,
  payloadHash: string,
): SignatureSteps {
  const request = canonicalRequest(method, path, query, headers, signedHeaders, payloadHash);
  const stringToSign = signer.stringToSign(request);
  return { canonicalRequest: request, stringToSign, signature: signer.sign(stringToSign) };
}

import type { KeyObject } from "node:crypto";

/** The two ways to sign: with a shared secret, or with the P-256 key derived from it (SigV4A, Multi-Region Access Points). */
export type SigningAlgorithm = "AWS4-HMAC-SHA256" | "AWS4-ECDSA-P256-SHA256";

/** Who signs. `sessionToken` comes with temporary credentials and is sent along with the signature. */
export interface SigningCredentials {
  /** Public name of the key. */
  readonly accessKeyId: string;
  /** The secret that signs; it is never sent. */
  readonly secretAccessKey: string;
  /** Sent along by temporary credentials. */
  readonly sessionToken?: string | undefined;
}

/** Headers by name, in any case; a list is a header given more than once, `undefined` one that is not there. */
export type HeaderRecord = Readonly<Record<string, string | readonly string[] | undefined>>;

/** A body that is all there: text, sent as UTF-8, or bytes. */
export type SignableBody = string | ArrayBuffer | ArrayBufferView;

/** How the path becomes the second line of the canonical request. */
export interface PathSwitches {
  /** Resolve `.`, `..` and `//` before signing. Default false: to S3 they are part of the key. */
  normalizePath?: boolean | undefined;
  /** Percent-encode the path as it stands once more. Default false, as S3 has it; every other AWS service wants true. */
  doubleEncodePath?: boolean | undefined;
}

/** What every kind of signature is made from. */
export interface SigningInput extends PathSwitches {
  /** The HTTP method; signed in upper case. */
  method: string;
  /**
   * `https://host/path?query`, or `/path?query` when `headers` has a host. Path and query are taken as they stand on the wire:
   * nothing is resolved, and a `#` is part of the path or query it stands in.
   */
  url: string;
  /** Headers to send; all of them are signed but for the unsignable ones. */
  headers?: HeaderRecord | undefined;
  /** The SHA-256 of the body in lower-case hex, or one of the words S3 knows (`UNSIGNED-PAYLOAD`, `STREAMING-...`). Wins over `body`. */
  payloadHash?: string | undefined;
  /** The body, hashed when there is no `payloadHash` and no `x-amz-content-sha256` among the headers. Default empty. */
  body?: SignableBody | undefined;
  /** Who signs. */
  credentials: SigningCredentials;
  /** `us-east-1`; with ECDSA only the default of `regionSet`. */
  region: string;
  /** The service's signing name. Default `s3`. */
  service?: string | undefined;
  /** When the signature is made. Default now. */
  date?: Date | undefined;
  /** Leave the session token out of what is signed and add it afterwards. Default false. */
  omitSessionToken?: boolean | undefined;
  /** Names of headers that must not be signed, in any case, besides those that proxies and clients change on the way. */
  unsignableHeaders?: Iterable<string> | undefined;
  /** Default `AWS4-HMAC-SHA256`. */
  algorithm?: SigningAlgorithm | undefined;
  /** ECDSA: the regions that the signature is good for (`*` for all). Default `region`. */
  regionSet?: string | readonly string[] | undefined;
}

/** Input of `signRequest`. */
export interface SignRequestInput extends SigningInput {
  /** Send and sign `x-amz-content-sha256`. Default true: S3 requires it. */
  signBodyHeader?: boolean | undefined;
}

/** A request signed in its headers. */
export interface SignedRequest {
  /** All headers to send: the caller's under the caller's names, ours in lower case (`host`, `x-amz-date`, `authorization`, ...). */
  headers: Record<string, string | string[]>;
  /** Lower-case hex; with ECDSA the DER form of the signature. */
  signature: string;
  /** The request in the form that is hashed. */
  canonicalRequest: string;
  /** What the signing key was applied to. */
  stringToSign: string;
  /** The names of the signed headers, sorted and joined by `;`. */
  signedHeaders: string;
}

/** Input of `presignUrl`. `body` counts for services other than S3, whose presigned requests leave the payload unsigned. */
export interface PresignUrlInput extends SigningInput {
  /** Seconds that the URL is good for, 1 to 604800 (seven days). Default 3600. */
  expiresIn?: number | undefined;
  /** Taken for symmetry with `signRequest`; a presigned URL never has a body header of its own. */
  signBodyHeader?: boolean | undefined;
}

/** A request signed in its query string. */
export interface PresignedUrl {
  /** The URL, signature included. */
  url: string;
  /** Lower-case hex; with ECDSA the DER form of the signature. */
  signature: string;
  /** The request in the form that is hashed. */
  canonicalRequest: string;
  /** What the signing key was applied to. */
  stringToSign: string;
  /** Headers that the sender has to send with exactly the values given, besides `host`. */
  signedHeaders: string;
}

/** One rule of a POST policy: an exact match, as a pair or in the list form, a prefix, or the bounds of the file's size in bytes. */
export type PolicyCondition =
  | Readonly<Record<string, string>>
  | readonly ["eq" | "starts-with", string, string]
  | readonly ["content-length-range", number, number];

/** Input of `presignPost`. */
export interface PresignPostInput {
  /** Where the form is posted to; given back as it is. */
  url: string;
  /** Name of the bucket. */
  bucket: string;
  /** The object's key; `${filename}` in it stands for the name of the file that the browser sends. */
  key: string;
  /** Further form fields (`acl`, `Content-Type`, `x-amz-meta-...`); each without a condition of its own gets an exact one. */
  fields?: Readonly<Record<string, string>> | undefined;
  /** Further rules that the upload must keep. */
  conditions?: readonly PolicyCondition[] | undefined;
  /** Who signs. */
  credentials: SigningCredentials;
  /** `us-east-1` */
  region: string;
  /** Default `s3`. */
  service?: string | undefined;
  /** When the policy is made. Default now. */
  date?: Date | undefined;
  /** Seconds that the form is good for, 1 to 604800. Default 3600. */
  expiresIn?: number | undefined;
}

/** A form to post: every field goes in before the file. */
export interface PresignedPost {
  /** Where the form is posted to. */
  url: string;
  /** Names and values of the form's fields. */
  fields: Record<string, string>;
}

/** Input of `createChunkSigner`: as the request was signed whose body this is. */
export interface ChunkSignerInput {
  /** The request's own signature. */
  seedSignature: string;
  /** Who signed it. */
  credentials: SigningCredentials;
  /** `us-east-1` */
  region: string;
  /** Default `s3`. */
  service?: string | undefined;
  /** When it was signed. */
  date: Date;
  /** Default `AWS4-HMAC-SHA256`. */
  algorithm?: SigningAlgorithm | undefined;
  /** ECDSA: the regions that the signature is good for. Default `region`. */
  regionSet?: string | readonly string[] | undefined;
}

/** The P-256 public key of a SigV4A signer: coordinates in hex, a PEM text, or node's own object. */
export type EcdsaPublicKey = { readonly x: string; readonly y: string } | string | KeyObject;

/** Input of `verifySignature`. */
export interface VerifySignatureInput extends PathSwitches {
  /** The HTTP method. */
  method: string;
  /** As the request line has it (`/path?query`), or absolute. */
  url: string;
  /** As received; keep repeated headers apart as lists (node's `headersDistinct`), since a join may differ from what was signed. */
  headers: HeaderRecord;
  /** Compared with the declared hash, where given; leave it out to check only the request's head. */
  body?: SignableBody | undefined;
  /** Whom the request must be signed by; `secretAccessKey` is not needed beside a `publicKey`. */
  credentials: SigningCredentials;
  /** The region that it must be signed for. */
  region: string;
  /** Default `s3`. */
  service?: string | undefined;
  /** The server's clock. Default now. */
  date?: Date | undefined;
  /** Accept this algorithm only. Default: whichever of the two the request uses. */
  algorithm?: SigningAlgorithm | undefined;
  /** ECDSA: the signer's public key. Default: derived from the secret. */
  publicKey?: EcdsaPublicKey | undefined;
  /** What the sender says it signed, if that is known: the reason then names the first line that differs. */
  canonicalRequest?: string | undefined;
}

/** The code that S3 answers with when a signature does not hold. */
export type VerificationCode =
  | "AccessDenied"
  | "AuthorizationHeaderMalformed"
  | "AuthorizationQueryParametersError"
  | "InvalidAccessKeyId"
  | "InvalidArgument"
  | "InvalidRequest"
  | "InvalidToken"
  | "RequestTimeTooSkewed"
  | "SignatureDoesNotMatch"
  | "XAmzContentSHA256Mismatch";

/** What `verifySignature` found. */
export interface Verification {
  /** The signature holds. */
  valid: boolean;
  /** Why not, in a sentence for people. */
  reason?: string;
  /** Why not, as S3's error code. */
  code?: VerificationCode;
  /** Where the signature stood. */
  kind?: "header" | "query";
  /** How it was signed. */
  algorithm?: SigningAlgorithm;
  /** Whom it says it is from. */
  accessKeyId?: string;
  /** The signature received: the seed of an aws-chunked body's signatures. */
  signature?: string;
  /** The names of the signed headers, joined by `;`. */
  signedHeaders?: string;
  /** When it was signed, by the sender's clock. */
  signedAt?: Date;
  /** The declared (or assumed) hash of the payload. */
  payloadHash?: string;
  /** What we hold to have been signed; S3 puts both into its SignatureDoesNotMatch answer. */
  canonicalRequest?: string;
  stringToSign?: string;
}

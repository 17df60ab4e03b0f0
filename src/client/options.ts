import type { Dispatcher } from "undici";
import type { CredentialsInput } from "../credentials/types.js";
import type { Hooks, Logger } from "./hooks.js";

/** When a checksum of ours is added to requests, or one of the service's is checked: always where S3 supports it, or only where it must be. */
export type ChecksumMode = "WHEN_SUPPORTED" | "WHEN_REQUIRED";

/**
 * Options of a client; all are optional. What is not given comes from the environment, then the shared config files, then
 * the default (README has the table of names).
 */
export interface S3ClientOptions {
  /** Region to send to and sign for. Default: `AWS_REGION`, `AWS_DEFAULT_REGION`, the profile's `region`, `us-east-1`. */
  region?: string | undefined;
  /** Base URL of another S3 than Amazon's, `https://host[:port][/prefix]`. Default: `AWS_ENDPOINT_URL_S3` and its kin. */
  endpoint?: string | undefined;
  /** Take no endpoint from environment or files. Default: false. */
  ignoreConfiguredEndpointUrls?: boolean | undefined;
  /** Keys, a function that fetches them, or `"anonymous"` for unsigned requests. Default: the session's chain. */
  credentials?: CredentialsInput | undefined;
  /** Profile of the shared files to read. Default: `AWS_PROFILE`, `default`. */
  profile?: string | undefined;
  /** Put the bucket into the path, not the host name. Default: true with an `endpoint`, false on Amazon's hosts. */
  forcePathStyle?: boolean | undefined;
  /** Use S3 Transfer Acceleration. Default: false. */
  useAccelerateEndpoint?: boolean | undefined;
  /** Use hosts that answer over IPv6 too. Default: false. */
  useDualstackEndpoint?: boolean | undefined;
  /** Use hosts validated under FIPS 140. Default: false. */
  useFipsEndpoint?: boolean | undefined;
  /** Send to the region in a bucket ARN, not to the client's. Default: true. */
  useArnRegion?: boolean | undefined;
  /** In us-east-1, send to the global host `s3.amazonaws.com`. Default: false. */
  useGlobalEndpoint?: boolean | undefined;
  /** Refuse Multi-Region Access Points. Default: false. */
  disableMultiregionAccessPoints?: boolean | undefined;
  /** Sign requests to directory buckets with the client's own credentials, without CreateSession. Default: false. */
  disableS3ExpressSessionAuth?: boolean | undefined;
  /** Regions that SigV4A signatures are good for, as of Multi-Region Access Points. Default: all of them, `*`. */
  sigv4aSigningRegionSet?: readonly string[] | undefined;
  /** Ways to sign, the one liked best first, for endpoints that leave a choice: `sigv4`, `sigv4a`. Default: `sigv4`. */
  authSchemePreference?: readonly string[] | undefined;
  /** Follow a bucket to the region it lives in, and remember it. Default: true. */
  followRegionRedirects?: boolean | undefined;
  /** How failed attempts are repeated. `adaptive` slows down while the service throttles. Default: `standard`. */
  retryMode?: "standard" | "adaptive" | undefined;
  /** Attempts a call may make, the first included. Default: 3. */
  maxAttempts?: number | undefined;
  /** Limit on opening a connection, TLS included, in milliseconds. Default: 10,000. */
  connectTimeout?: number | undefined;
  /** Limit on silence while waiting for an answer or its next bytes, in milliseconds. Default: 60,000. */
  requestTimeout?: number | undefined;
  /** Most connections open at once. Default: 128. */
  maxConnections?: number | undefined;
  /** An undici Dispatcher of yours to send through; it is used as it is and never closed. Default: a pool of the client's own. */
  dispatcher?: Pick<Dispatcher, "dispatch"> | undefined;
  /** When requests get a checksum. Default: `WHEN_SUPPORTED` on Amazon's hosts; elsewhere only what S3 always required, as Content-MD5. */
  requestChecksumCalculation?: ChecksumMode | undefined;
  /** When the checksum of an answer is asked for and checked. Default: `WHEN_SUPPORTED` on Amazon's hosts; elsewhere whatever comes unasked. */
  responseChecksumValidation?: ChecksumMode | undefined;
  /** Sign the bytes of bodies. Default: over plain HTTP yes; over TLS only where it costs nothing (see README). */
  payloadSigning?: boolean | undefined;
  /** A name for your application in the User-Agent header, at most 50 characters. Default: `AWS_SDK_UA_APP_ID`. */
  userAgentAppId?: string | undefined;
  /** Give a broken download its rest by ranges, within the call's attempts. Default: true. */
  resumeDownloads?: boolean | undefined;
  /** Where warnings and debug lines go, in the shape of `console`. Default: process warnings, no debug lines. */
  logger?: Logger | undefined;
  /** Functions called on the road of every request. */
  hooks?: Hooks | undefined;
}

/** Options of one call, beside its input. */
export interface CallOptions {
  /** Aborts the call in whatever phase it is; the call rejects with the signal's own reason. */
  signal?: AbortSignal | undefined;
  /** Limit on the whole call in milliseconds, retries and the body of the answer included. Default: none. */
  timeout?: number | undefined;
  /** Headers to send besides those of the operation; they are signed. */
  headers?: Record<string, string> | undefined;
}

/** Options of `presign` and `presignSync`. */
export interface PresignOptions {
  /** Seconds that the URL holds, 1 to 604,800 (seven days). Default: 3600. */
  expiresIn?: number | undefined;
  /** The time the URL holds from. Default: now. */
  signingDate?: Date | undefined;
  /** Another HTTP method than the operation's. */
  method?: string | undefined;
  /** Headers that whoever uses the URL will send, and must: they are signed. */
  headers?: Record<string, string> | undefined;
}

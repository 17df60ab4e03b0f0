/**
 * What decides where a request goes. The names are those of AWS's published S3 endpoint rules. Everything is optional; a flag that
 * is left out or `undefined` counts as not given, which for a few of them is not the same as `false` (it is said where).
 *
 * @see https://docs.aws.amazon.com/general/latest/gr/s3.html
 */
export interface EndpointParameters {
  /**
   * The bucket: a name, an access point alias, a directory bucket (`name--zone--x-s3`), or the ARN of an access point, an Object
   * Lambda access point, an access point on Outposts or a Multi-Region Access Point. Left out for calls without a bucket.
   */
  Bucket?: string | undefined;
  /** The region, such as `eu-central-1`, or `aws-global`. Without it nothing resolves. */
  Region?: string | undefined;
  /** Use the FIPS 140 endpoints. Default false. */
  UseFIPS?: boolean | undefined;
  /** Use the endpoints that answer over IPv4 and IPv6. Default false. */
  UseDualStack?: boolean | undefined;
  /** A custom endpoint: `http(s)://host[:port][/prefix]`, without user, query or fragment. */
  Endpoint?: string | undefined;
  /** Keep the bucket out of the host name and put it into the path. Default false. */
  ForcePathStyle?: boolean | undefined;
  /** Use the S3 Transfer Acceleration endpoint of the bucket. Default false. */
  Accelerate?: boolean | undefined;
  /** Call `s3.amazonaws.com` instead of `s3.us-east-1.amazonaws.com` in us-east-1. Default false. */
  UseGlobalEndpoint?: boolean | undefined;
  /** Set by the operation: it belongs to Object Lambda (WriteGetObjectResponse). */
  UseObjectLambdaEndpoint?: boolean | undefined;
  /** The object's key. Declared by the rules, read by none of them. */
  Key?: string | undefined;
  /** The prefix of a listing. Declared by the rules, read by none of them. */
  Prefix?: string | undefined;
  /** The source of a copy. Declared by the rules, read by none of them. */
  CopySource?: string | undefined;
  /** Set by the operation: it does not take access point ARNs (CreateBucket). */
  DisableAccessPoints?: boolean | undefined;
  /** Refuse Multi-Region Access Point ARNs. Default false. */
  DisableMultiRegionAccessPoints?: boolean | undefined;
  /** Only `false` acts: it refuses an ARN whose region is not `Region`. Left out or `true`, the ARN's region is used. */
  UseArnRegion?: boolean | undefined;
  /** Set by the operation: for a directory bucket it goes to the regional control endpoint (CreateBucket and its kin). */
  UseS3ExpressControlEndpoint?: boolean | undefined;
  /** Sign requests to a directory bucket with plain SigV4 instead of with a session of CreateSession. */
  DisableS3ExpressSessionAuth?: boolean | undefined;
}

/** The service name that goes into the credential scope. */
export type SigningName = "s3" | "s3-object-lambda" | "s3-outposts" | "s3express";

/** Sign with Signature Version 4 for one region; `sigv4-s3express` means with the credentials of a directory bucket's session. */
export interface SigV4AuthScheme {
  name: "sigv4" | "sigv4-s3express";
  /** The service of the credential scope. */
  signingName: SigningName;
  /** The region of the credential scope. */
  signingRegion: string;
  /** The path is encoded once, as it goes over the wire. */
  disableDoubleEncoding: true;
}

/** Sign with Signature Version 4A for a set of regions. */
export interface SigV4aAuthScheme {
  name: "sigv4a";
  /** The service of the credential scope. */
  signingName: SigningName;
  /** The regions the signature is good for; `*` is every region. */
  signingRegionSet: string[];
  /** The path is encoded once, as it goes over the wire. */
  disableDoubleEncoding: true;
}

/** One way to sign a request for an endpoint. */
export type AuthScheme = SigV4AuthScheme | SigV4aAuthScheme;

/** Where a request goes, and how it is signed. */
export interface ResolvedEndpoint {
  /** Scheme, host, and where there is one the path before `/key`: `https://b.s3.eu-west-1.amazonaws.com`, `https://host/prefix/b`. */
  url: string;
  /** Headers that the endpoint asks for; the rules of today ask for none. */
  headers: Record<string, string[]>;
  properties: {
    /** The ways to sign, the most preferred first. */
    authSchemes: AuthScheme[];
    /** `S3Express` for directory buckets. */
    backend?: "S3Express";
  };
}

/** What stands in an error document besides code and message, in order. */
export type ErrorDetails = Record<string, string | number>;

// S3's statuses by code; a code that stands nowhere here is a 400.
const statuses: Readonly<Record<number, string>> = {
  301: "PermanentRedirect",
  307: "TemporaryRedirect",
  304: "NotModified",
  403:
    "AccessDenied AccessForbidden AccountProblem AllAccessDisabled CrossLocationLoggingProhibited InvalidAccessKeyId InvalidObjectState InvalidPayer InvalidSecurity " +
    "NotSignedUp RequestTimeTooSkewed SignatureDoesNotMatch InvalidChunkSizeError ObjectAlreadyInActiveTierError ObjectNotInActiveTierError",
  404:
    "NoSuchBucket NoSuchBucketPolicy NoSuchKey NoSuchUpload NoSuchVersion NoSuchLifecycleConfiguration NoSuchCORSConfiguration NoSuchTagSet NoSuchTagSetError " +
    "NoSuchWebsiteConfiguration NoSuchConfiguration NoSuchPublicAccessBlockConfiguration NoSuchObjectLockConfiguration NoSuchAnnotation " +
    "ServerSideEncryptionConfigurationNotFoundError ReplicationConfigurationNotFoundError OwnershipControlsNotFoundError " +
    "ObjectLockConfigurationNotFoundError MetadataConfigurationNotFound NotFound",
  405: "MethodNotAllowed",
  409:
    "BucketAlreadyExists BucketAlreadyOwnedByYou BucketNotEmpty InvalidBucketState OperationAborted RestoreAlreadyInProgress ConditionalRequestConflict " +
    "MetadataConfigurationAlreadyExists",
  411: "MissingContentLength",
  412: "PreconditionFailed",
  415: "UnsupportedMediaType",
  416: "InvalidRange InvalidPartNumber",
  500: "InternalError",
  501: "NotImplemented",
  503: "ServiceUnavailable SlowDown Busy",
  507: "InsufficientStorage",
};

/** The HTTP status that S3 gives with an error code. */
export function statusOfCode(code: string): number {
  for (const status in statuses) {
    if (` ${statuses[status]} `.includes(` ${code} `)) return Number(status);
  }
  return 400;
}

/** An answer that is an error document: S3's code and status, a message of ours, and the elements that S3 puts beside them. */
export class S3Error extends Error {
  /** `NoSuchKey`. */
  readonly code: string;
  readonly status: number;
  readonly details: ErrorDetails;
  /** Headers that go with the error, such as `x-amz-bucket-region`. */
  readonly headers: Record<string, string>;

  constructor(
    code: string,
    message: string,
    details: ErrorDetails = {},
    options: { status?: number; headers?: Record<string, string> } = {},
  ) {
    super(message);
    this.name = "S3Error";
    this.code = code;
    this.status = options.status ?? statusOfCode(code);
    this.details = details;
    this.headers = options.headers ?? {};
  }
}

/** One argument has a value that S3 doesn't take. */
export function invalidArgument(name: string, value: string, message?: string): S3Error {
  return new S3Error("InvalidArgument", message ?? `The value of ${name} is not one that S3 takes.`, {
    ArgumentName: name,
    ArgumentValue: value,
  });
}

/** The request is well formed but not allowed as it stands. */
export function invalidRequest(message: string): S3Error {
  return new S3Error("InvalidRequest", message);
}

/** The XML of the body is no XML, or not of the form that the operation asks for. */
export function malformedXml(why: string): S3Error {
  return new S3Error("MalformedXML", `The XML of the request is not what this operation takes: ${why}.`);
}

/** The XML of an ACL is no XML, or none of an ACL. */
export function malformedAcl(why: string): S3Error {
  return new S3Error("MalformedACLError", `The ACL can't be taken: ${why}.`);
}

/** The operation needs a document, and the request has no body. */
export function missingBody(): S3Error {
  return new S3Error("MissingRequestBodyError", "The request has no body, and this operation needs one.");
}

/** A header asks for what this server (or S3 itself) does not do. */
export function notImplemented(message: string, details: ErrorDetails = {}): S3Error {
  return new S3Error("NotImplemented", message, details);
}

/** Nobody, or somebody without the right, asked. */
export function accessDenied(message = "Access denied.", details: ErrorDetails = {}): S3Error {
  return new S3Error("AccessDenied", message, details);
}

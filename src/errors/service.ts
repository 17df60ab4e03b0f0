/** Errors that the service answered with: one class for every error of the API's definition, and for the codes met daily. */

import { inspect } from "node:util";
import type { ResponseMetadata } from "../model/dictionaries.js";
import { TucuxiError, type TucuxiErrorOptions } from "./base.js";

/** The error as the service described it, as boto3 has it. */
export interface ServiceErrorResponse {
  /** Every element of the error document but the request ids: `Code`, `Message`, and what the code has besides. */
  Error: { Code: string; Message?: string; [name: string]: string | undefined };
  ResponseMetadata: ResponseMetadata;
}

/** What is known of an error that the service answered with. */
export interface S3ServiceErrorOptions extends TucuxiErrorOptions {
  statusCode?: number | undefined;
  requestId?: string | undefined;
  hostId?: string | undefined;
  /** The operation as the API names it: `GetObject`. */
  operation?: string | undefined;
  /** What the operation was on: `bucket/key`. */
  resource?: string | undefined;
  retryable?: boolean | undefined;
  attempts?: number | undefined;
  response?: ServiceErrorResponse | undefined;
}

/**
 * The service answered with an error. `code` says which; there are subclasses for the codes met daily, so that `instanceof` serves
 * as well. `message` is the service's own.
 */
export class S3ServiceError extends TucuxiError {
  /** HTTP status; 500 for an error inside a 200. */
  readonly statusCode: number;
  /** `x-amz-request-id`: what AWS's support asks for. */
  readonly requestId?: string;
  /** `x-amz-id-2`. */
  readonly hostId?: string;
  /** The operation as the API names it: `GetObject`. */
  readonly operation?: string;
  /** May the same request succeed a little later? */
  readonly retryable: boolean;
  /** How many times the request was sent. */
  readonly attempts: number;
  /**
   * The error document and the answer's metadata. Not shown when the error is printed: what the service sends back may quote the
   * request, session token included.
   */
  declare readonly response: ServiceErrorResponse;

  /** Only for what `toString` says. */
  readonly #resource: string | undefined;

  constructor(message: string, options: S3ServiceErrorOptions = {}) {
    super(message, options);
    this.statusCode = options.statusCode ?? 0;
    if (options.requestId !== undefined) this.requestId = options.requestId;
    if (options.hostId !== undefined) this.hostId = options.hostId;
    if (options.operation !== undefined) this.operation = options.operation;
    this.retryable = options.retryable ?? false;
    this.attempts = options.attempts ?? 1;
    this.#resource = options.resource;
    const hidden = { configurable: true, writable: true, enumerable: false };
    Object.defineProperty(this, "name", { value: this.code, ...hidden });
    // Again, now that the name is known: it heads the stack, which is what an uncaught error prints.
    Error.captureStackTrace(this, new.target);
    Object.defineProperty(this, "response", {
      value: options.response ?? {
        Error: { Code: this.code, Message: message },
        ResponseMetadata: { HTTPStatusCode: this.statusCode, HTTPHeaders: {}, RetryAttempts: this.attempts - 1 },
      },
      ...hidden,
    });
  }

  /** `NoSuchKey: The specified key does not exist. (GetObject bucket/key, 404, request id 4442587FB7D0A2F9)`. */
  override toString(): string {
    const where = [
      [this.operation, this.#resource].filter((part) => part !== undefined).join(" "),
      this.statusCode > 0 ? String(this.statusCode) : "",
      this.requestId === undefined ? "" : `request id ${this.requestId}`,
      this.attempts > 1 ? `${this.attempts} attempts` : "",
    ].filter((part) => part !== "");
    const text = `${this.name}: ${this.message}`;
    return where.length === 0 ? text : `${text} (${where.join(", ")})`;
  }

  /** As it prints, in `console.log` and where nobody caught it. */
  [inspect.custom](_depth: number, options: object, print: typeof inspect): string {
    const stack = this.stack ?? "";
    const frames = stack.indexOf("\n    at ");
    const lines = [this.toString()];
    if (this.hint !== undefined) lines.push(`  hint: ${this.hint}`);
    const head = lines.join("\n") + (frames < 0 ? "" : stack.slice(frames));
    return this.cause === undefined ? head : `${head}\n  [cause]: ${print(this.cause, options)}`;
  }
}

// What is not there.
/** 404: what was asked for is not there. The base of all errors that say so. */
export class NotFound extends S3ServiceError {}
/** There is no object of this key. From `HeadObject`, whose answer has no body to say more, `code` is `NotFound`. */
export class NoSuchKey extends NotFound {}
/** There is no bucket of this name. From `HeadBucket`, whose answer has no body to say more, `code` is `NotFound`. */
export class NoSuchBucket extends NotFound {}
/** The multipart upload is not there: completed, aborted or never created. */
export class NoSuchUpload extends NotFound {}
/** The object has no such version. */
export class NoSuchVersion extends NotFound {}
/** The object has no annotation of this name. */
export class NoSuchAnnotation extends NotFound {}
/** The bucket has no policy. */
export class NoSuchBucketPolicy extends NotFound {}
/** There are no tags. */
export class NoSuchTagSet extends NotFound {}
/** The bucket has no CORS rules. */
export class NoSuchCORSConfiguration extends NotFound {}
/** The bucket has no lifecycle rules. */
export class NoSuchLifecycleConfiguration extends NotFound {}
/** The bucket is no website. */
export class NoSuchWebsiteConfiguration extends NotFound {}
/** The bucket has no configuration of this id. */
export class NoSuchConfiguration extends NotFound {}
/** The bucket blocks nothing of its public access. */
export class NoSuchPublicAccessBlockConfiguration extends NotFound {}
/** The object has no lock, retention or legal hold. */
export class NoSuchObjectLockConfiguration extends NotFound {}
/** The bucket was created without object lock. */
export class ObjectLockConfigurationNotFoundError extends NotFound {}
/** The bucket replicates nothing. */
export class ReplicationConfigurationNotFoundError extends NotFound {}
/** The bucket has no default encryption. */
export class ServerSideEncryptionConfigurationNotFoundError extends NotFound {}
/** The bucket has no ownership controls. */
export class OwnershipControlsNotFoundError extends NotFound {}

// Who may not.
/** 403: these credentials may not do this, or the object is not there and they may not list the bucket. */
export class AccessDenied extends S3ServiceError {}
/** The service computed another signature. `hint` says where the request that it saw differs from ours. */
export class SignatureDoesNotMatch extends S3ServiceError {}
/** The service does not know this access key. */
export class InvalidAccessKeyId extends S3ServiceError {}
/** The session token has expired. */
export class ExpiredToken extends S3ServiceError {}
/** The session token is none. */
export class InvalidToken extends S3ServiceError {}
/** The clock here and that of the service are more than a quarter of an hour apart. */
export class RequestTimeTooSkewed extends S3ServiceError {}
/** The credentials' scope is wrong: another region as a rule, which `response.Error.Region` names. */
export class AuthorizationHeaderMalformed extends S3ServiceError {}
/** All access to the bucket or object was shut off by AWS. */
export class AllAccessDisabled extends S3ServiceError {}
/** The account has a problem that AWS's support must solve. */
export class AccountProblem extends S3ServiceError {}

// Where it is.
/** The bucket is in another region: `response.Error.Region` or the header `x-amz-bucket-region` names it. */
export class PermanentRedirect extends S3ServiceError {}
/** The bucket was just created and its name is not known everywhere yet. */
export class TemporaryRedirect extends S3ServiceError {}
/** The request went to a region that the location constraint does not allow. */
export class IllegalLocationConstraintException extends S3ServiceError {}
/** There is no such region to put a bucket in. */
export class InvalidLocationConstraint extends S3ServiceError {}

// Buckets.
/** Somebody else has a bucket of this name. */
export class BucketAlreadyExists extends S3ServiceError {}
/** The bucket is there already, and it is yours. */
export class BucketAlreadyOwnedByYou extends S3ServiceError {}
/** Only empty buckets can be deleted: objects, versions and delete markers count. */
export class BucketNotEmpty extends S3ServiceError {}
/** The name breaks the rules for bucket names. */
export class InvalidBucketName extends S3ServiceError {}
/** The account has as many buckets as it may. */
export class TooManyBuckets extends S3ServiceError {}
/** The operation does not fit the state of the bucket: versioning, for one. */
export class InvalidBucketState extends S3ServiceError {}
/** The policy cannot be read, or means nothing. */
export class MalformedPolicy extends S3ServiceError {}
/** The bucket's ownership settings shut ACLs off. */
export class AccessControlListNotSupported extends S3ServiceError {}

// Conditions.
/** 412: a condition (`IfMatch`, `IfNoneMatch`, ...) does not hold. */
export class PreconditionFailed extends S3ServiceError {}
/** 304: the object has not changed. */
export class NotModified extends S3ServiceError {}
/** 409: another conditional request was faster. Ask again. */
export class ConditionalRequestConflict extends S3ServiceError {}
/** 409: another operation on the same thing is under way. */
export class OperationAborted extends S3ServiceError {}
/** 416: the object has no such bytes. */
export class InvalidRange extends S3ServiceError {}

// Requests.
/** 400: the request is wrong in a way that the message tells. */
export class InvalidRequest extends S3ServiceError {}
/** An argument has a value that the service does not take. */
export class InvalidArgument extends S3ServiceError {}
/** The XML of the request is not what the operation takes. */
export class MalformedXML extends S3ServiceError {}
/** The tags break the rules for tags. */
export class InvalidTag extends S3ServiceError {}
/** The key has more than 1024 bytes. */
export class KeyTooLongError extends S3ServiceError {}
/** The metadata has more than 2 KB. */
export class MetadataTooLarge extends S3ServiceError {}
/** The body is not the one that `Content-MD5` or the checksum describes. */
export class BadDigest extends S3ServiceError {}
/** `Content-MD5` is no MD5. */
export class InvalidDigest extends S3ServiceError {}
/** The body is not the one that was signed. */
export class XAmzContentSHA256Mismatch extends S3ServiceError {}
/** The body ended before the length that was announced. */
export class IncompleteBody extends S3ServiceError {}
/** The service wants to know the length beforehand. */
export class MissingContentLength extends S3ServiceError {}
/** 405: this cannot be done to this. */
export class MethodNotAllowed extends S3ServiceError {}
/** 501: the service does not do this. */
export class NotImplemented extends S3ServiceError {}
/** 415: the service does not take this type of content. */
export class UnsupportedMediaType extends S3ServiceError {}

// Multipart uploads.
/** A part is not there, or its ETag is another. */
export class InvalidPart extends S3ServiceError {}
/** Parts must be listed in ascending order. */
export class InvalidPartOrder extends S3ServiceError {}
/** A part but the last has less than 5 MiB. */
export class EntityTooSmall extends S3ServiceError {}
/** More than 5 GiB in one request, or more than an object may have. */
export class EntityTooLarge extends S3ServiceError {}
/** More parts than an upload may have. */
export class TooManyParts extends S3ServiceError {}

// Objects in special states.
/** The object is archived: it must be restored before it can be read. */
export class InvalidObjectState extends S3ServiceError {
  /** Where the object is: `GLACIER`. */
  readonly StorageClass?: string;
  /** The tier of intelligent tiering that it is in: `ARCHIVE_ACCESS`. */
  readonly AccessTier?: string;

  constructor(message: string, options: S3ServiceErrorOptions = {}) {
    super(message, options);
    const { StorageClass, AccessTier } = this.response.Error;
    if (StorageClass !== undefined) this.StorageClass = StorageClass;
    if (AccessTier !== undefined) this.AccessTier = AccessTier;
  }
}
/** The object needs no restoring. */
export class ObjectAlreadyInActiveTierError extends S3ServiceError {}
/** The source of a copy is archived. */
export class ObjectNotInActiveTierError extends S3ServiceError {}
/** A restore is under way already. */
export class RestoreAlreadyInProgress extends S3ServiceError {}
/** The object was created with another kind of encryption. */
export class EncryptionTypeMismatch extends S3ServiceError {}
/** The bytes to append do not begin where the object ends. */
export class InvalidWriteOffset extends S3ServiceError {}
/** The same client token with other parameters. */
export class IdempotencyParameterMismatch extends S3ServiceError {}
/** The prefix is none that the service takes. */
export class InvalidPrefix extends S3ServiceError {}
/** The object has as many annotations as it may. */
export class AnnotationLimitExceeded extends S3ServiceError {}
/** The annotation's name is too long. */
export class AnnotationNameTooLong extends S3ServiceError {}
/** The annotation's name has characters that it may not have. */
export class InvalidAnnotationName extends S3ServiceError {}

// Later, perhaps.
/** The service asks for fewer requests. Retried before it gets here. */
export class SlowDown extends S3ServiceError {}
/** Something broke inside the service. Retried before it gets here. */
export class InternalError extends S3ServiceError {}
/** The service cannot answer now. Retried before it gets here. */
export class ServiceUnavailable extends S3ServiceError {}
/** The request's body did not come in time. Retried before it gets here. */
export class RequestTimeout extends S3ServiceError {}

/** A class of errors of the service. */
export type ServiceErrorClass = new (message: string, options?: S3ServiceErrorOptions) => S3ServiceError;

let classes: ReadonlyMap<string, ServiceErrorClass> | undefined;

/** The class for a code; `S3ServiceError` itself for the others. */
export function serviceErrorClass(code: string): ServiceErrorClass {
  // Made when the first error comes: most programs see few of them.
  classes ??= new Map<string, ServiceErrorClass>([
    ...[
      ...[NotFound, NoSuchKey, NoSuchBucket, NoSuchUpload, NoSuchVersion, NoSuchAnnotation, NoSuchBucketPolicy],
      ...[NoSuchTagSet, NoSuchCORSConfiguration, NoSuchLifecycleConfiguration, NoSuchWebsiteConfiguration],
      ...[NoSuchConfiguration, NoSuchPublicAccessBlockConfiguration, NoSuchObjectLockConfiguration],
      ...[ObjectLockConfigurationNotFoundError, ReplicationConfigurationNotFoundError],
      ...[ServerSideEncryptionConfigurationNotFoundError, OwnershipControlsNotFoundError],
      ...[AccessDenied, SignatureDoesNotMatch, InvalidAccessKeyId, ExpiredToken, InvalidToken, RequestTimeTooSkewed],
      ...[AuthorizationHeaderMalformed, AllAccessDisabled, AccountProblem, PermanentRedirect, TemporaryRedirect],
      ...[IllegalLocationConstraintException, InvalidLocationConstraint, BucketAlreadyExists],
      ...[BucketAlreadyOwnedByYou, BucketNotEmpty, InvalidBucketName, TooManyBuckets, InvalidBucketState],
      ...[MalformedPolicy, AccessControlListNotSupported, PreconditionFailed, NotModified],
      ...[ConditionalRequestConflict, OperationAborted, InvalidRange, InvalidRequest, InvalidArgument, MalformedXML],
      ...[InvalidTag, KeyTooLongError, MetadataTooLarge, BadDigest, InvalidDigest, XAmzContentSHA256Mismatch],
      ...[IncompleteBody, MissingContentLength, MethodNotAllowed, NotImplemented, UnsupportedMediaType],
      ...[InvalidPart, InvalidPartOrder, EntityTooSmall, EntityTooLarge, TooManyParts, InvalidObjectState],
      ...[ObjectAlreadyInActiveTierError, ObjectNotInActiveTierError, RestoreAlreadyInProgress],
      ...[EncryptionTypeMismatch, InvalidWriteOffset, IdempotencyParameterMismatch, InvalidPrefix],
      ...[AnnotationLimitExceeded, AnnotationNameTooLong, InvalidAnnotationName],
      ...[SlowDown, InternalError, ServiceUnavailable, RequestTimeout],
    ].map((found): [string, ServiceErrorClass] => [found.name, found]),
    // Other words for the same, from S3 itself and from those who speak its language.
    ["PolicyNotFound", NoSuchBucketPolicy],
    ["NoSuchTagSetError", NoSuchTagSet],
    ["MethodNotAllowedException", MethodNotAllowed],
    ["KeyTooLong", KeyTooLongError],
    ["Forbidden", AccessDenied],
    ["MovedPermanently", PermanentRedirect],
    ["TemporaryRedirectException", TemporaryRedirect],
    ["RangeNotSatisfiable", InvalidRange],
    ["RequestedRangeNotSatisfiable", InvalidRange],
    ["LengthRequired", MissingContentLength],
    ["RequestEntityTooLarge", EntityTooLarge],
    ["InternalServerError", InternalError],
  ]);
  return classes.get(code) ?? S3ServiceError;
}

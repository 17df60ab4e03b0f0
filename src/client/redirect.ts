/** Which region a bucket turned out to be in, by an answer that sends us there. */
import type { S3ServiceError } from "../errors/service.js";
import type { Operation } from "../model/operation.js";

const redirects = new Set([301, 302, 307, 308]);

/** Whether an answer means "not here". What a HEAD answers has no body, so its status must do. */
export function pointsElsewhere(op: Operation, error: S3ServiceError): boolean {
  if (redirects.has(error.statusCode)) return true;
  switch (error.code) {
    case "PermanentRedirect":
    case "TemporaryRedirect":
      return true;
    case "AuthorizationHeaderMalformed":
      return error.response.Error.Region !== undefined || header(error) !== undefined;
    case "IllegalLocationConstraintException":
      return op.name !== "CreateBucket";
    default:
      return (
        op.method === "HEAD" && error.statusCode === 400 && (op.name === "HeadObject" || header(error) !== undefined)
      );
  }
}

/** The region that the answer names, if it does. */
export function regionNamed(error: S3ServiceError): string | undefined {
  return header(error) ?? error.response.Error.Region;
}

const header = (error: S3ServiceError): string | undefined =>
  error.response.ResponseMetadata.HTTPHeaders["x-amz-bucket-region"] || undefined;

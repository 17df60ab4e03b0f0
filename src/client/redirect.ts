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

/** The region that the answer names, if it does. What is no name of a region is passed over: it would become part of a host. */
export function regionNamed(error: S3ServiceError): string | undefined {
  const region = header(error) ?? error.response.Error.Region;
  return region !== undefined && isRegion(region) ? region : undefined;
}

/** Can this be a region? */
export const isRegion = (text: string): boolean => /^[A-Za-z0-9][A-Za-z0-9-]{0,62}$/.test(text);

const header = (error: S3ServiceError): string | undefined =>
  error.response.ResponseMetadata.HTTPHeaders["x-amz-bucket-region"] || undefined;

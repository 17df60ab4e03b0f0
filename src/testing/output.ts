import type { Operation, OperationName } from "../model/operation.js";
import type { Member, StructureShape } from "../model/shape.js";
import { declaration, escapeXml, writeDocument } from "./xml-write.js";

/** A header of an answer as S3 spells it, by the model's lower-case name. */
const spelling: Readonly<Record<string, string>> = {
  "accept-ranges": "Accept-Ranges",
  "cache-control": "Cache-Control",
  "content-disposition": "Content-Disposition",
  "content-encoding": "Content-Encoding",
  "content-language": "Content-Language",
  "content-length": "Content-Length",
  "content-range": "Content-Range",
  "content-type": "Content-Type",
  etag: "ETag",
  expires: "Expires",
  "last-modified": "Last-Modified",
  location: "Location",
};

// The model does not name the root of an answer whose members are the body.
const roots: Partial<Record<OperationName, string>> = {
  CompleteMultipartUpload: "CompleteMultipartUploadResult",
  CreateMultipartUpload: "InitiateMultipartUploadResult",
  CreateSession: "CreateSessionResult",
  DeleteObjects: "DeleteResult",
  GetBucketAccelerateConfiguration: "AccelerateConfiguration",
  GetBucketAcl: "AccessControlPolicy",
  GetBucketCors: "CORSConfiguration",
  GetBucketLifecycleConfiguration: "LifecycleConfiguration",
  GetBucketLogging: "BucketLoggingStatus",
  GetBucketNotificationConfiguration: "NotificationConfiguration",
  GetBucketRequestPayment: "RequestPaymentConfiguration",
  GetBucketTagging: "Tagging",
  GetBucketVersioning: "VersioningConfiguration",
  GetBucketWebsite: "WebsiteConfiguration",
  GetObjectAcl: "AccessControlPolicy",
  GetObjectAttributes: "GetObjectAttributesResponse",
  GetObjectTagging: "Tagging",
  ListBucketAnalyticsConfigurations: "ListBucketAnalyticsConfigurationResult",
  ListBucketIntelligentTieringConfigurations: "ListBucketIntelligentTieringConfigurationsResult",
  ListBucketInventoryConfigurations: "ListInventoryConfigurationsResult",
  ListBucketMetricsConfigurations: "ListMetricsConfigurationsResult",
  ListBuckets: "ListAllMyBucketsResult",
  ListMultipartUploads: "ListMultipartUploadsResult",
  ListObjectVersions: "ListVersionsResult",
  ListObjects: "ListBucketResult",
  ListObjectsV2: "ListBucketResult",
  ListParts: "ListPartsResult",
};

function headerText(value: unknown, member: Member): string {
  if (value instanceof Date) {
    const shape = member.shape;
    const iso = shape.kind === "timestamp" && shape.format === "iso8601";
    return iso ? value.toISOString() : value.toUTCString();
  }
  return Array.isArray(value) ? value.join(",") : String(value);
}

/** Metadata that is not ASCII comes back as an encoded word of RFC 2047, as S3 gives it. */
function encodeWord(value: string): string {
  return /^[\x20-\x7e\t]*$/.test(value) ? value : `=?UTF-8?B?${Buffer.from(value).toString("base64")}?=`;
}

/** The headers in an output dictionary, added to `headers` under the names that S3 gives them. */
export function writeHeaders(
  output: Record<string, unknown>,
  shape: StructureShape,
  headers: Record<string, string>,
): void {
  for (const member of shape.members) {
    if (member.location === "headers") {
      const metadata = output[member.name] as ReadonlyMap<string, string> | undefined;
      for (const [name, value] of metadata ?? []) headers[member.wireName + name] = encodeWord(value);
    }
    if (member.location !== "header") continue;
    const value = output[member.name];
    if (value !== undefined) headers[spelling[member.wireName] ?? member.wireName] = headerText(value, member);
  }
}

/** The body of an answer; undefined where the operation has none. */
export function writeBody(found: Operation, output: Record<string, unknown>): string | undefined {
  const shape = found.output;
  if (!shape) return undefined;
  const payload = shape.payload;
  if (payload) {
    const value = output[payload.name];
    if (value === undefined) return undefined;
    if (payload.shape.kind === "structure")
      return writeDocument(payload.wireName, value as Record<string, unknown>, payload.shape);
    return payload.shape.kind === "string" ? String(value) : undefined;
  }
  if (found.name === "GetBucketLocation") return locationDocument(output["LocationConstraint"]);
  if (!shape.members.some((member) => member.location === "body")) return undefined;
  return writeDocument(roots[found.name] ?? `${found.name}Result`, output, shape);
}

// The one answer whose root is the value.
function locationDocument(value: unknown): string {
  const open = `${declaration}<LocationConstraint xmlns="http://s3.amazonaws.com/doc/2006-03-01/"`;
  return value === undefined ? `${open}/>` : `${open}>${escapeXml(String(value))}</LocationConstraint>`;
}

import { invalidArgument, S3Error } from "./errors.js";
import type { Headers } from "./input.js";
import { readEncryption } from "./sse.js";
import type { Bucket, Description, Encryption } from "./store.js";

const kept = [
  "cache-control",
  "content-disposition",
  "content-encoding",
  "content-language",
  "content-type",
  "expires",
  "x-amz-website-redirect-location",
];

const storageClasses =
  " STANDARD REDUCED_REDUNDANCY STANDARD_IA ONEZONE_IA INTELLIGENT_TIERING GLACIER DEEP_ARCHIVE GLACIER_IR SNOW EXPRESS_ONEZONE ";
const maxMetadata = 2048;

/** The headers that are kept with an object; `aws-chunked` is how it came, not what it is. */
function systemHeaders(headers: Headers): Record<string, string> {
  const found: Record<string, string> = {};
  for (const name of kept) {
    let value = headers[name];
    if (value === undefined) continue;
    if (name === "content-encoding") {
      value = value
        .split(",")
        .map((part) => part.trim())
        .filter((part) => part !== "" && part.toLowerCase() !== "aws-chunked")
        .join(",");
    }
    if (value !== "") found[name] = value;
  }
  found["content-type"] ??= "binary/octet-stream";
  const redirect = found["x-amz-website-redirect-location"];
  if (redirect !== undefined && !/^(\/|https?:\/\/)/.test(redirect)) {
    throw new S3Error("InvalidRedirectLocation", "The redirect location must start with /, http:// or https://.");
  }
  return found;
}

/** User metadata by name without the prefix. */
export function readMetadata(headers: Headers): Map<string, string> {
  const metadata = new Map<string, string>();
  let size = 0;
  for (const [header, value] of Object.entries(headers)) {
    if (!header.startsWith("x-amz-meta-")) continue;
    const name = header.slice(11);
    metadata.set(name, value);
    size += name.length + Buffer.byteLength(value);
  }
  if (size > maxMetadata) {
    throw new S3Error("MetadataTooLarge", "The metadata of an object may have 2 KB.", {
      Size: size,
      MaxSizeAllowed: maxMetadata,
    });
  }
  return metadata;
}

export function readStorageClass(headers: Headers): string | undefined {
  const storageClass = headers["x-amz-storage-class"];
  if (storageClass !== undefined && !storageClasses.includes(` ${storageClass} `)) {
    throw new S3Error("InvalidStorageClass", "There is no such storage class.", {
      StorageClassRequested: storageClass,
    });
  }
  return storageClass;
}

/** Everything the headers of a write say about the object. */
export function readDescription(headers: Headers, bucket: Bucket): Description {
  return {
    headers: systemHeaders(headers),
    metadata: readMetadata(headers),
    storageClass: readStorageClass(headers) ?? "STANDARD",
    encryption: readEncryption(headers, bucket),
  };
}

/** The members of an output that say how an object is encrypted. */
export function encryptionOutput(encryption: Encryption): Record<string, unknown> {
  if (encryption.customerKeyMD5 !== undefined) {
    return { SSECustomerAlgorithm: "AES256", SSECustomerKeyMD5: encryption.customerKeyMD5 };
  }
  return {
    ServerSideEncryption: encryption.algorithm,
    SSEKMSKeyId: encryption.kmsKeyId,
    BucketKeyEnabled: encryption.bucketKey,
  };
}

/** Refuses what S3 refuses of a key. */
export function checkKey(key: string): void {
  const size = Buffer.byteLength(key);
  if (size > 1024)
    throw new S3Error("KeyTooLongError", "A key may have 1024 bytes.", { Size: size, MaxSizeAllowed: 1024 });
}

/** `null`, or 32 characters; anything else can't be a version id. */
export function checkVersionId(versionId: string | undefined): void {
  if (versionId !== undefined && !/^(null|[A-Za-z0-9._-]{32})$/.test(versionId)) {
    throw invalidArgument("versionId", versionId, "This can't be the id of a version.");
  }
}

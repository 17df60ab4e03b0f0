import type { Call } from "./call.js";
import { checkVersionId } from "./description.js";
import { S3Error } from "./errors.js";
import type { Bucket, Version } from "./store.js";

/** The id to say back: only buckets that ever had versioning have ids. */
export function shownVersionId(bucket: Bucket, version: Version): string | undefined {
  return bucket.versioning === undefined ? undefined : version.versionId;
}

const deletedHeaders = (marker: Version): Record<string, string> => ({
  "x-amz-delete-marker": "true",
  "x-amz-version-id": marker.versionId,
});

/**
 * The version that a request names, or the current one. Throws NoSuchKey, NoSuchVersion, and for delete markers what S3 gives: 404 for the current one, 405 for
 * one asked for by its id.
 */
export function findVersion(call: Call<{ Key: string; VersionId?: string | undefined }>): Version {
  return findIn(call.bucket, call.input.Key, call.target.query.get("versionId"));
}

/** The same, of any bucket. */
export function findIn(bucket: Bucket, key: string, versionId: string | undefined): Version {
  if (versionId === undefined) {
    const latest = bucket.latest(key);
    if (latest && !latest.deleteMarker) return latest;
    throw new S3Error(
      "NoSuchKey",
      "There is no object under this key.",
      { Key: key },
      latest ? { headers: deletedHeaders(latest) } : {},
    );
  }
  checkVersionId(versionId);
  const version = bucket.version(key, versionId);
  if (!version)
    throw new S3Error("NoSuchVersion", "There is no such version of the object.", { Key: key, VersionId: versionId });
  if (version.deleteMarker) {
    throw new S3Error(
      "MethodNotAllowed",
      "The version is a delete marker, which can only be deleted.",
      { Method: "GET", ResourceType: "DeleteMarker" },
      { headers: { ...deletedHeaders(version), Allow: "DELETE", "Last-Modified": version.lastModified.toUTCString() } },
    );
  }
  return version;
}

import type { DeleteObjectsRequest } from "../model/generated/types.js";
import { may } from "./access.js";
import type { Answer } from "./answer.js";
import type { Call } from "./call.js";
import { accessDenied, malformedXml, S3Error } from "./errors.js";
import { type DeleteConditions, deleteOne } from "./objects.js";

/** Deletes up to a thousand keys; what fails for one key is said of that key alone. */
export function deleteObjects(call: Call<DeleteObjectsRequest>): Answer {
  const { Objects: objects, Quiet: quiet } = call.input.Delete;
  if (objects.length > 1000) throw malformedXml("it names more than 1000 objects");
  const deleted: object[] = [];
  const errors: object[] = [];
  for (const { Key: key, VersionId: versionId, ETag: etag, LastModifiedTime: lastModified, Size: size } of objects) {
    if (key === "") throw new S3Error("UserKeyMustBeSpecified", "A key is empty.");
    const conditions: DeleteConditions = { etag, lastModified, size };
    try {
      if (!may(call, "DeleteObject", call.bucket, key, versionId === "" ? undefined : versionId)) throw accessDenied();
      const id = versionId === "" ? undefined : versionId;
      const done = deleteOne(call, key, id, conditions, call.input.BypassGovernanceRetention === true);
      if (quiet) continue;
      deleted.push({
        Key: key,
        VersionId: id,
        DeleteMarker: done.deleteMarker || undefined,
        DeleteMarkerVersionId: done.deleteMarker ? done.versionId : undefined,
      });
    } catch (error) {
      if (!(error instanceof S3Error)) throw error;
      errors.push({ Key: key, VersionId: versionId, Code: error.code, Message: error.message });
    }
  }
  return { output: { Deleted: deleted, Errors: errors } };
}

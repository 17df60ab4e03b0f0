import { allUsers, authenticatedUsers } from "./acl.js";
import type { Call } from "./call.js";
import { accessDenied } from "./errors.js";
import type { Acl } from "./store.js";
import type { User } from "./users.js";

/** What an ACL must grant for an operation; undefined: only the bucket's owner may. */
function needed(name: string): { on: "bucket" | "object"; permission: string } | undefined {
  switch (name) {
    case "GetObject":
    case "HeadObject":
    case "GetObjectAttributes":
      return { on: "object", permission: "READ" };
    case "GetObjectAcl":
      return { on: "object", permission: "READ_ACP" };
    case "PutObjectAcl":
      return { on: "object", permission: "WRITE_ACP" };
    case "HeadBucket":
    case "ListObjects":
    case "ListObjectsV2":
    case "ListObjectVersions":
    case "ListMultipartUploads":
      return { on: "bucket", permission: "READ" };
    case "GetBucketAcl":
      return { on: "bucket", permission: "READ_ACP" };
    case "PutBucketAcl":
      return { on: "bucket", permission: "WRITE_ACP" };
    case "PutObject":
    case "CopyObject":
    case "DeleteObject":
    case "DeleteObjects":
    case "CreateMultipartUpload":
    case "UploadPart":
    case "UploadPartCopy":
    case "CompleteMultipartUpload":
    case "AbortMultipartUpload":
      return { on: "bucket", permission: "WRITE" };
    default:
      return undefined;
  }
}

/** Whether an ACL grants a permission to somebody, or to nobody in particular. */
export function grants(acl: Acl, user: User | undefined, permission: string): boolean {
  if (user && acl.owner.ID === user.canonicalId) return true;
  return acl.grants.some(({ Grantee: who, Permission: granted }) => {
    if (granted !== permission && granted !== "FULL_CONTROL") return false;
    if (who?.Type === "Group") return who.URI === allUsers || (who.URI === authenticatedUsers && user !== undefined);
    return user !== undefined && who?.ID === user.canonicalId;
  });
}

/** Throws AccessDenied unless the one who asks may do what is asked. */
export function authorize(call: Call): void {
  const { user, operation, target } = call;
  if (target.bucket === undefined || operation.name === "CreateBucket") {
    if (!user) throw accessDenied();
    return;
  }
  const { bucket } = call;
  if (user && user.accountId === bucket.owner.accountId) return;
  const need = needed(operation.name);
  if (need?.on === "bucket" && grants(bucket.acl, user, need.permission)) return;
  if (need?.on === "object") {
    const versionId = target.query.get("versionId");
    const version = versionId === undefined ? bucket.latest(target.key!) : bucket.version(target.key!, versionId);
    // Whoever may list may know that a key is not there.
    const acl = version && !version.deleteMarker ? version.acl : undefined;
    if (acl ? grants(acl, user, need.permission) : grants(bucket.acl, user, "READ")) return;
  }
  throw accessDenied();
}

import type { PublicAccessBlockConfiguration } from "../model/generated/types.js";
import { allUsers, authenticatedUsers } from "./acl.js";
import { actionOf } from "./actions.js";
import type { Call } from "./call.js";
import { accessDenied } from "./errors.js";
import { isPublicPolicy, judgePolicy, type Question } from "./policy.js";
import type { Acl, Bucket, Version } from "./store.js";
import { readTaggingHeader } from "./tagging.js";
import type { User } from "./users.js";

/** What an ACL must grant for an operation; undefined: no ACL can. */
interface Need {
  readonly on: "bucket" | "object";
  readonly permission: string;
}

const needs: Readonly<Record<string, Need>> = {
  AbortMultipartUpload: { on: "bucket", permission: "WRITE" },
  CompleteMultipartUpload: { on: "bucket", permission: "WRITE" },
  CopyObject: { on: "bucket", permission: "WRITE" },
  CreateMultipartUpload: { on: "bucket", permission: "WRITE" },
  DeleteObject: { on: "bucket", permission: "WRITE" },
  GetBucketAcl: { on: "bucket", permission: "READ_ACP" },
  GetObject: { on: "object", permission: "READ" },
  GetObjectAcl: { on: "object", permission: "READ_ACP" },
  GetObjectAttributes: { on: "object", permission: "READ" },
  HeadBucket: { on: "bucket", permission: "READ" },
  HeadObject: { on: "object", permission: "READ" },
  ListMultipartUploads: { on: "bucket", permission: "READ" },
  ListObjects: { on: "bucket", permission: "READ" },
  ListObjectsV2: { on: "bucket", permission: "READ" },
  ListObjectVersions: { on: "bucket", permission: "READ" },
  PostObject: { on: "bucket", permission: "WRITE" },
  PutBucketAcl: { on: "bucket", permission: "WRITE_ACP" },
  PutObject: { on: "bucket", permission: "WRITE" },
  PutObjectAcl: { on: "object", permission: "WRITE_ACP" },
  UploadPart: { on: "bucket", permission: "WRITE" },
  UploadPartCopy: { on: "bucket", permission: "WRITE" },
};

const block = (bucket: Bucket): PublicAccessBlockConfiguration =>
  (bucket.configurations.get("publicAccessBlock") ?? {}) as PublicAccessBlockConfiguration;

/** Whether an ACL grants a permission to somebody, or to nobody in particular. */
function grants(acl: Acl, bucket: Bucket, user: User | undefined, permission: string): boolean {
  if (user && acl.owner.ID === user.canonicalId) return true;
  const ignorePublic = block(bucket).IgnorePublicAcls === true;
  return acl.grants.some(({ Grantee: who, Permission: granted }) => {
    if (granted !== permission && granted !== "FULL_CONTROL") return false;
    if (who?.Type === "Group") {
      return !ignorePublic && (who.URI === allUsers || (who.URI === authenticatedUsers && user !== undefined));
    }
    return user !== undefined && who?.ID === user.canonicalId;
  });
}

/** The condition keys of a request, as policies name them. */
function values(call: Call, version: Version | undefined): Question["value"] {
  return (key) => {
    switch (key) {
      case "aws:securetransport":
        return String(call.secure);
      case "aws:sourceip":
        return call.remoteAddress;
      case "aws:referer":
        return call.headers["referer"];
      case "aws:useragent":
        return call.headers["user-agent"];
      case "aws:currenttime":
        return call.now.toISOString();
      case "aws:principalaccount":
        return call.user?.accountId;
      case "aws:username":
        return call.user?.displayName;
      case "s3:authtype":
        return call.user ? (call.identity.presigned ? "REST-QUERY-STRING" : "REST-HEADER") : undefined;
      case "s3:signatureversion":
        return call.user ? "AWS4-HMAC-SHA256" : undefined;
      case "s3:versionid":
        return call.target.query.get("versionId");
    }
    if (/^s3:(prefix|delimiter|max-keys)$/.test(key)) return call.target.query.get(key.slice(3));
    if (key.startsWith("s3:x-amz-")) return call.headers[key.slice(3)];
    const tag = /^s3:(existing|request)objecttag\/(.+)$/.exec(key);
    if (!tag) return undefined;
    const tags = tag[1] === "existing" ? version?.tags : readTaggingHeader(call.headers["x-amz-tagging"]);
    return tags?.find((candidate) => candidate.Key.toLowerCase() === tag[2])?.Value;
  };
}

/**
 * Whether the one who asks may do an operation on a bucket or on a key in it: the bucket's policy, then whose bucket it is, then the ACL.
 */
export function may(
  call: Call,
  operation: string,
  bucket: Bucket,
  key: string | undefined,
  versionId?: string,
): boolean {
  const { user } = call;
  const owns = user !== undefined && user.accountId === bucket.owner.accountId;
  // An owner who locked himself out can still mend the policy.
  if (owns && /^(Get|Put|Delete)BucketPolicy$/.test(operation)) return true;
  const version =
    key === undefined ? undefined : versionId === undefined ? bucket.latest(key) : bucket.version(key, versionId);
  const policy = bucket.configurations.get("policy");
  if (typeof policy === "string") {
    const verdict = judgePolicy(policy, {
      user,
      action: actionOf(operation, versionId !== undefined),
      resource: `arn:aws:s3:::${bucket.name}${key === undefined ? "" : `/${key}`}`,
      value: values(call, version),
    });
    if (verdict === "deny") return false;
    const restricted = block(bucket).RestrictPublicBuckets === true && isPublicPolicy(policy);
    if (verdict === "allow" && (owns || !restricted)) return true;
  }
  if (owns) return true;
  const need = needs[operation];
  if (need?.on === "object")
    return version !== undefined && !version.deleteMarker && grants(version.acl, bucket, user, need.permission);
  return need !== undefined && grants(bucket.acl, bucket, user, need.permission);
}

/** Throws AccessDenied unless the one who asks may do what is asked. */
export function authorize(call: Call): void {
  const { target, operation } = call;
  if (target.bucket === undefined || operation.name === "CreateBucket") {
    if (!call.user) throw accessDenied();
    return;
  }
  // Every key of a batch is judged for itself.
  if (operation.name === "DeleteObjects") return;
  authorizeOn(call, operation.name, call.bucket, target.key, target.query.get("versionId"));
}

/** The same for an operation and a key that are not the request's own, such as the source of a copy. */
export function authorizeOn(
  call: Call,
  operation: string,
  bucket: Bucket,
  key: string | undefined,
  versionId?: string,
): void {
  // Only who may list may know that a key is not there.
  const version =
    key === undefined ? undefined : versionId === undefined ? bucket.latest(key) : bucket.version(key, versionId);
  const missing = needs[operation]?.on === "object" && (!version || version.deleteMarker);
  if (missing ? may(call, "ListObjects", bucket, undefined) : may(call, operation, bucket, key, versionId)) return;
  throw accessDenied();
}

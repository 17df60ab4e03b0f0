import type {
  AccessControlPolicy,
  Grant,
  OwnershipControls,
  PublicAccessBlockConfiguration,
  PutBucketAclRequest,
  PutObjectAclRequest,
} from "../model/generated/types.js";
import type { Answer } from "./answer.js";
import type { Call, World } from "./call.js";
import { invalidArgument, invalidRequest, malformedAcl, S3Error } from "./errors.js";
import type { Headers } from "./input.js";
import type { Acl, Bucket } from "./store.js";
import type { User } from "./users.js";
import { findVersion } from "./versions.js";

const groups = "http://acs.amazonaws.com/groups/";
export const allUsers = `${groups}global/AllUsers`;
export const authenticatedUsers = `${groups}global/AuthenticatedUsers`;
const logDelivery = `${groups}s3/LogDelivery`;
const permissions = ["FULL_CONTROL", "READ", "WRITE", "READ_ACP", "WRITE_ACP"];

const grantHeaders: Readonly<Record<string, string>> = {
  "x-amz-grant-full-control": "FULL_CONTROL",
  "x-amz-grant-read": "READ",
  "x-amz-grant-write": "WRITE",
  "x-amz-grant-read-acp": "READ_ACP",
  "x-amz-grant-write-acp": "WRITE_ACP",
};

export const ownerOf = (user: User): Acl["owner"] => ({ ID: user.canonicalId, DisplayName: user.displayName });

const toUser = (owner: Acl["owner"], permission: string): Grant => ({
  Grantee: { Type: "CanonicalUser", ID: owner.ID, DisplayName: owner.DisplayName },
  Permission: permission,
});
const toGroup = (uri: string, permission: string): Grant => ({
  Grantee: { Type: "Group", URI: uri },
  Permission: permission,
});

/** The grants behind one of the canned names. */
function canned(name: string, owner: Acl["owner"], bucketOwner: Acl["owner"]): Grant[] {
  const own = toUser(owner, "FULL_CONTROL");
  switch (name) {
    case "private":
      return [own];
    case "public-read":
      return [own, toGroup(allUsers, "READ")];
    case "public-read-write":
      return [own, toGroup(allUsers, "READ"), toGroup(allUsers, "WRITE")];
    case "authenticated-read":
      return [own, toGroup(authenticatedUsers, "READ")];
    case "log-delivery-write":
      return [own, toGroup(logDelivery, "WRITE"), toGroup(logDelivery, "READ_ACP")];
    case "bucket-owner-read":
      return owner.ID === bucketOwner.ID ? [own] : [own, toUser(bucketOwner, "READ")];
    case "bucket-owner-full-control":
      return owner.ID === bucketOwner.ID ? [own] : [own, toUser(bucketOwner, "FULL_CONTROL")];
    case "aws-exec-read":
      return [own];
    default:
      throw invalidArgument("x-amz-acl", name, "There is no such canned ACL.");
  }
}

function grantee(world: World, type: string, value: string): Grant["Grantee"] {
  if (type === "uri") {
    if (![allUsers, authenticatedUsers, logDelivery].includes(value))
      throw invalidArgument("uri", value, "There is no such group.");
    return { Type: "Group", URI: value };
  }
  const user = world.users.findAccount(value);
  if (type === "emailaddress") {
    if (!user)
      throw new S3Error("UnresolvableGrantByEmailAddress", "Nobody has this address.", { EmailAddress: value });
  } else if (type !== "id") {
    throw invalidArgument("x-amz-grant", type, "A grantee is id=, uri= or emailAddress=.");
  } else if (!/^[0-9a-f]{64}$/.test(value) && !user) {
    throw invalidArgument("CanonicalUser/ID", value, "This is nobody's id.");
  }
  return user
    ? { Type: "CanonicalUser", ID: user.canonicalId, DisplayName: user.displayName }
    : { Type: "CanonicalUser", ID: value };
}

function grantsOfHeaders(world: World, headers: Headers): Grant[] {
  const grants: Grant[] = [];
  if (headers["x-amz-acl"] !== undefined && Object.keys(grantHeaders).some((header) => headers[header] !== undefined))
    throw invalidRequest("Give a canned ACL or grants, not both.");
  for (const [header, permission] of Object.entries(grantHeaders)) {
    for (const part of (headers[header] ?? "").split(",")) {
      if (part.trim() === "") continue;
      const match = /^\s*(\w+)\s*=\s*"?([^"]*)"?\s*$/.exec(part);
      if (!match) throw invalidArgument(header, part, 'A grant has the form id="...".');
      grants.push({ Grantee: grantee(world, match[1]!.toLowerCase(), match[2]!), Permission: permission });
    }
  }
  return grants;
}

/** Buckets whose owner owns everything take no ACLs. */
function checkOwnership(bucket: Bucket | undefined, headers: Headers, body: boolean): void {
  const controls = bucket?.configurations.get("ownershipControls") as OwnershipControls | undefined;
  if (controls?.Rules[0]?.ObjectOwnership !== "BucketOwnerEnforced") return;
  const name = headers["x-amz-acl"];
  const grants = Object.keys(grantHeaders).some((header) => headers[header] !== undefined);
  if (body || grants || (name !== undefined && name !== "bucket-owner-full-control" && name !== "private")) {
    throw new S3Error(
      "AccessControlListNotSupported",
      "The bucket's owner owns all objects in it, so it takes no ACLs.",
    );
  }
}

/** A bucket may refuse ACLs that let everybody in. */
function checkPublic(bucket: Bucket | undefined, acl: Acl): Acl {
  const block = bucket?.configurations.get("publicAccessBlock") as PublicAccessBlockConfiguration | undefined;
  const isPublic = acl.grants.some(({ Grantee: who }) => who?.URI === allUsers || who?.URI === authenticatedUsers);
  if (block?.BlockPublicAcls && isPublic)
    throw new S3Error("AccessDenied", "The bucket's public access block refuses public ACLs.");
  return acl;
}

/** The ACL that the headers of a write ask for; `private` when they ask for none. */
export function readAcl(world: World, headers: Headers, owner: User, bucket: Bucket | undefined): Acl {
  const name = headers["x-amz-acl"];
  checkOwnership(bucket, headers, false);
  const grants = grantsOfHeaders(world, headers);
  const self = ownerOf(owner);
  const asked = grants.length > 0 ? grants : canned(name ?? "private", self, bucket ? ownerOf(bucket.owner) : self);
  return checkPublic(bucket, { owner: self, grants: asked });
}

/** The ACL of a `?acl` request: canned, grants in headers, or the document in the body. */
function replaceAcl(call: Call<PutBucketAclRequest | PutObjectAclRequest>, old: Acl): Acl {
  const { headers, world, bucket } = call;
  const policy = call.input.AccessControlPolicy;
  checkOwnership(bucket, headers, policy !== undefined);
  const name = headers["x-amz-acl"];
  const grants = grantsOfHeaders(world, headers);
  if (policy !== undefined && (name !== undefined || grants.length > 0)) {
    throw new S3Error("UnexpectedContent", "Give an ACL in headers or in the body, not both.");
  }
  if (name !== undefined) return { owner: old.owner, grants: canned(name, old.owner, ownerOf(bucket.owner)) };
  if (grants.length > 0) return { owner: old.owner, grants };
  if (policy === undefined)
    throw new S3Error("MissingSecurityHeader", "The request brings no ACL: x-amz-acl, x-amz-grant-... or a body.");
  return { owner: old.owner, grants: grantsOfPolicy(world, policy, old) };
}

function grantsOfPolicy(world: World, policy: AccessControlPolicy, old: Acl): Grant[] {
  if (!policy.Owner?.ID) throw malformedAcl("Owner is missing");
  if (policy.Owner.ID !== old.owner.ID) throw new S3Error("AccessDenied", "The owner can't be changed by an ACL.");
  const grants = policy.Grants ?? [];
  if (grants.length > 100) throw malformedAcl("there are more than 100 grants");
  return grants.map((grant) => {
    const { Grantee: who, Permission: permission = "" } = grant;
    if (!who || !permissions.includes(permission)) throw malformedAcl("a grant needs a grantee and a permission");
    switch (who.Type) {
      case "CanonicalUser":
        return { Grantee: grantee(world, "id", who.ID ?? ""), Permission: permission };
      case "AmazonCustomerByEmail":
        return { Grantee: grantee(world, "emailaddress", who.EmailAddress ?? ""), Permission: permission };
      case "Group":
        return { Grantee: grantee(world, "uri", who.URI ?? ""), Permission: permission };
      default:
        throw malformedAcl("a grantee needs xsi:type");
    }
  });
}

const output = (acl: Acl): object => ({ Owner: acl.owner, Grants: acl.grants });

export const getBucketAcl = (call: Call): Answer => ({ output: output(call.bucket.acl) });

export function putBucketAcl(call: Call<PutBucketAclRequest>): Answer {
  call.bucket.acl = checkPublic(call.bucket, replaceAcl(call, call.bucket.acl));
  call.bucket.changedSettings();
  return {};
}

export const getObjectAcl = (call: Call<PutObjectAclRequest>): Answer => ({ output: output(findVersion(call).acl) });

export function putObjectAcl(call: Call<PutObjectAclRequest>): Answer {
  const version = findVersion(call);
  version.acl = checkPublic(call.bucket, replaceAcl(call, version.acl));
  call.bucket.changed(version);
  return {};
}

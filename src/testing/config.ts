import type { Operation, OperationName } from "../model/operation.js";
import type { Member } from "../model/shape.js";
import type { Answer } from "./answer.js";
import type { Call, Handler } from "./call.js";
import { checkConfiguration } from "./config-rules.js";
import { invalidArgument, malformedXml, missingBody, S3Error } from "./errors.js";
import { isPublicPolicy } from "./policy.js";

/*
 * Most of S3's operations put, get and delete a document that belongs to a bucket. They are one mechanism over the model: the sub-resource in the
 * operation's URI says where the dictionary is kept, its output shape how it is given back.
 */

/** What a bucket answers that was never given the configuration: an error's code, or the dictionary that S3 has for that. */
const absent: Readonly<Record<string, string | object>> = {
  abac: { Status: "Disabled" },
  accelerate: {},
  analytics: "NoSuchConfiguration",
  cors: "NoSuchCORSConfiguration",
  encryption: { Rules: [{ ApplyServerSideEncryptionByDefault: { SSEAlgorithm: "AES256" }, BucketKeyEnabled: false }] },
  "intelligent-tiering": "NoSuchConfiguration",
  inventory: "NoSuchConfiguration",
  lifecycle: "NoSuchLifecycleConfiguration",
  logging: {},
  metrics: "NoSuchConfiguration",
  notification: {},
  ownershipControls: "OwnershipControlsNotFoundError",
  policy: "NoSuchBucketPolicy",
  publicAccessBlock: "NoSuchPublicAccessBlockConfiguration",
  replication: "ReplicationConfigurationNotFoundError",
  requestPayment: { Payer: "BucketOwner" },
  tagging: "NoSuchTagSet",
  versioning: {},
  website: "NoSuchWebsiteConfiguration",
};

const pageSize = 100;

/** Where the configuration of a call is kept: the sub-resource, and the id where there may be several. */
function placeOf(call: Call): string {
  const id = (call.input as { Id?: string }).Id;
  if (id === undefined) return call.operation.query;
  if (!/^[A-Za-z0-9._-]{1,64}$/.test(id))
    throw invalidArgument("id", id, "The id has letters, digits, dots, hyphens and underscores.");
  return `${call.operation.query}/${id}`;
}

function putConfiguration(call: Call): Answer {
  const payload = call.operation.input.payload!;
  const value = (call.input as Record<string, unknown>)[payload.name];
  const place = placeOf(call);
  if (value === undefined) throw missingBody();
  const id = (call.input as { Id?: string }).Id;
  if (id !== undefined && (value as { Id?: string }).Id !== id)
    throw malformedXml("its Id is not the one in the query");
  const answer = checkConfiguration(call, call.operation.query, value as Record<string, unknown>, payload.shape);
  // No tags are none.
  if ((value as { TagSet?: unknown[] }).TagSet?.length === 0) call.bucket.configurations.delete(place);
  else call.bucket.configurations.set(place, value);
  call.bucket.changedSettings();
  return answer;
}

function getConfiguration(call: Call): Answer {
  const { query, output } = call.operation;
  const stored = call.bucket.configurations.get(placeOf(call)) ?? absent[query] ?? {};
  if (typeof stored === "string" && absent[query] === stored) {
    throw new S3Error(stored, "The bucket has no such configuration.", { BucketName: call.bucket.name });
  }
  const payload = output!.payload;
  const members = payload ? { [payload.name]: stored } : stored;
  const extra =
    query === "lifecycle"
      ? { TransitionDefaultMinimumObjectSize: call.bucket.configurations.get("lifecycle-minimum") }
      : {};
  return { output: { ...(members as object), ...extra } };
}

function deleteConfiguration(call: Call): Answer {
  const place = placeOf(call);
  const { configurations } = call.bucket;
  if (place !== call.operation.query && !configurations.has(place))
    throw new S3Error("NoSuchConfiguration", "The bucket has no such configuration.");
  configurations.delete(place);
  call.bucket.changedSettings();
  return { status: 204 };
}

/** The member of a list operation's output that holds the configurations. */
const listMember = (operation: Operation): Member =>
  operation.output!.members.find((member) => member.shape.kind === "list")!;

function listConfigurations(call: Call): Answer {
  const token = call.target.query.get("continuation-token");
  const prefix = `${call.operation.query}/`;
  const places = [...call.bucket.configurations.keys()].filter((place) => place.startsWith(prefix)).sort();
  const after = token === undefined ? "" : Buffer.from(token, "base64").toString();
  const rest = places.filter((place) => place > after);
  const page = rest.slice(0, Math.min(pageSize, call.world.maxPage));
  const truncated = page.length < rest.length;
  const found = page.map((place) => call.bucket.configurations.get(place));
  return {
    output: {
      IsTruncated: truncated,
      ContinuationToken: token,
      NextContinuationToken: truncated ? Buffer.from(page[page.length - 1]!).toString("base64") : undefined,
      [listMember(call.operation).name]: found.length === 0 ? undefined : found,
    },
  };
}

/** Policies are JSON and stay as they came, byte for byte. */
function getPolicyStatus(call: Call): Answer {
  const policy = call.bucket.configurations.get("policy");
  if (typeof policy !== "string")
    throw new S3Error("NoSuchBucketPolicy", "The bucket has no policy.", { BucketName: call.bucket.name });
  return { output: { PolicyStatus: { IsPublic: isPublicPolicy(policy) } } };
}

const notHere = /Metadata|ObjectLock|PolicyStatus|Acl|Location|Session|Objects|ObjectVersions|Uploads|Buckets/;

/** The handler of an operation on a configuration; undefined for every other operation. */
export function configurationHandler(operation: Operation): Handler | undefined {
  const name: OperationName = operation.name;
  if (name === "GetBucketPolicyStatus") return getPolicyStatus;
  if (operation.path !== "/{Bucket}" || !Object.hasOwn(absent, operation.query) || notHere.test(name)) return undefined;
  if (name.startsWith("Put")) return putConfiguration;
  if (name.startsWith("Get")) return getConfiguration;
  if (name.startsWith("Delete")) return deleteConfiguration;
  return name.startsWith("List") ? listConfigurations : undefined;
}

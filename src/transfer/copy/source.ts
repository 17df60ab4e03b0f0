/** The source of a copy: which object, and what of it comes along. */
import { partsHint } from "../../errors/address.js";
import { ParamValidationError, TucuxiError } from "../../errors/base.js";
import { S3ServiceError } from "../../errors/service.js";
import type { CopySource } from "../../model/dictionaries.js";
import type { HeadObjectOutput, HeadObjectRequest, Tag } from "../../model/generated/types.js";
import { isAccessPointArn } from "../../rules/index.js";
import type { TransferContext } from "../context.js";
import type { Dictionary } from "../input.js";
import type { Run } from "../run.js";
import type { CopyInput, DownloadInput } from "../types.js";

export interface SourceName {
  readonly Bucket: string;
  readonly Key: string;
  readonly VersionId?: string;
}

/** Takes `bucket/key?versionId=id`, an access point's ARN with `/object/key`, or the dictionary, apart. The key of a text is taken as it is. */
export function readSource(source: CopySource | undefined): SourceName {
  if (typeof source === "object" && source !== null) {
    const { Bucket, Key, VersionId } = source;
    for (const [name, value] of Object.entries({ Bucket, Key })) {
      if (typeof value !== "string" || value === "")
        throw refusal(`CopySource.${name}`, "expected a string that is not empty");
    }
    return { Bucket, Key, ...(VersionId === undefined ? {} : { VersionId }) };
  }
  const parts = partsHint(source, "Key");
  if (typeof source !== "string" || parts !== undefined)
    throw refusal("CopySource", "expected `bucket/key` or { Bucket, Key, VersionId? }", parts);
  const version = /\?versionId=(\S+)$/.exec(source);
  const path = (version ? source.slice(0, version.index) : source).replace(/^\//, "");
  const object = path.startsWith("arn:") ? path.indexOf("/object/") : -1;
  const cut = object >= 0 ? object : path.indexOf("/");
  const Bucket = path.slice(0, Math.max(cut, 0));
  const Key = path.slice(cut + (object >= 0 ? "/object/".length : 1));
  if (cut <= 0 || Key === "" || (object >= 0 && !isAccessPointArn(Bucket))) {
    throw refusal("CopySource", "expected `bucket/key`, perhaps with `?versionId=` behind it");
  }
  return { Bucket, Key, ...(version ? { VersionId: version[1]! } : {}) };
}

function refusal(path: string, problem: string, hint?: string): ParamValidationError {
  return new ParamValidationError([{ path, problem }], { operation: "copy", hint });
}

/** What of a copy's input speaks of the source, in the words of a request to it. */
const headMembers: Record<string, string> = {
  CopySourceIfMatch: "IfMatch",
  CopySourceIfModifiedSince: "IfModifiedSince",
  CopySourceIfNoneMatch: "IfNoneMatch",
  CopySourceIfUnmodifiedSince: "IfUnmodifiedSince",
  CopySourceSSECustomerAlgorithm: "SSECustomerAlgorithm",
  CopySourceSSECustomerKey: "SSECustomerKey",
  CopySourceSSECustomerKeyMD5: "SSECustomerKeyMD5",
  ExpectedSourceBucketOwner: "ExpectedBucketOwner",
  RequestPayer: "RequestPayer",
};

/** What requests to an object have in common, in the words of a copy from it. */
export function asSource(shared: Dictionary): Dictionary {
  const out: Dictionary = {};
  for (const [member, name] of Object.entries(headMembers)) if (shared[name] !== undefined) out[member] = shared[name];
  return out;
}

/** A copy's input as the input of requests to its source. */
export function sourceInput(name: SourceName, input: CopyInput): DownloadInput {
  const members: Dictionary = { ...name };
  for (const [from, to] of Object.entries(headMembers)) {
    const value = (input as unknown as Dictionary)[from];
    if (value !== undefined) members[to] = value;
  }
  return members as unknown as DownloadInput;
}

/** Asks for size, ETag and metadata of the source. */
export async function headSource(
  context: TransferContext,
  name: SourceName,
  input: CopyInput,
  signal: AbortSignal,
): Promise<HeadObjectOutput> {
  const members: HeadObjectRequest = sourceInput(name, input);
  if (context.askChecksums) members.ChecksumMode = "ENABLED";
  return context.client.headObject(members, { signal });
}

/** The tags of the source, in the form of the Tagging header. */
async function sourceTagging(
  { client }: TransferContext,
  name: SourceName,
  input: CopyInput,
  signal: AbortSignal,
): Promise<string | undefined> {
  const { RequestPayer, ExpectedSourceBucketOwner: ExpectedBucketOwner } = input;
  try {
    const { TagSet } = await client.getObjectTagging({ ...name, RequestPayer, ExpectedBucketOwner }, { signal });
    return TagSet?.length ? TagSet.map(written).join("&") : undefined;
  } catch (error) {
    if (!(error instanceof S3ServiceError)) throw error;
    // A service without tags has none to carry.
    if (error.statusCode === 501 || error.statusCode === 405 || error.code === "NoSuchTagSet") return undefined;
    if (error.statusCode === 403) {
      const hint =
        'The tags of the source come along, and reading them was refused. Give `TaggingDirective: "REPLACE"` to copy without them.';
      Object.defineProperty(error, "hint", { value: hint, configurable: true, enumerable: true });
    }
    throw error;
  }
}

const written = ({ Key, Value }: Tag): string => `${encodeURIComponent(Key ?? "")}=${encodeURIComponent(Value ?? "")}`;

const describedNames = [
  "CacheControl",
  "ContentDisposition",
  "ContentEncoding",
  "ContentLanguage",
  "ContentType",
  "Expires",
  "Metadata",
] as const;

/** What CopyObject carries over by itself, as members of a new object. */
function describedBy(head: SourceHead): Dictionary {
  const out: Dictionary = {};
  for (const name of describedNames) if (head[name] !== undefined) out[name] = head[name];
  return out;
}

const describedMembers: ReadonlySet<string> = new Set(describedNames);

/** What of the answer of a source describes it. */
type SourceHead = Pick<HeadObjectOutput, (typeof describedNames)[number] | "MissingMeta">;

/** The new object's metadata and tags: the source's or those given, as the directives say and CopyObject would do. */
export async function described(
  input: CopyInput,
  source: TransferContext,
  name: SourceName,
  head: SourceHead,
  run: Run,
): Promise<Dictionary> {
  const { MetadataDirective, TaggingDirective, Tagging, ...rest } = input;
  let target: Dictionary = rest as unknown as Dictionary;
  if (MetadataDirective !== "REPLACE") {
    if (head.MissingMeta) {
      throw new TucuxiError(`The source has ${head.MissingMeta} entries of metadata that headers cannot carry`, {
        code: "MissingMetadata",
        hint: 'Give the metadata with `MetadataDirective: "REPLACE"`.',
      });
    }
    target = Object.fromEntries(Object.entries(target).filter(([member]) => !describedMembers.has(member)));
    Object.assign(target, describedBy(head));
  }
  const tags = TaggingDirective === "REPLACE" ? Tagging : await sourceTagging(source, name, input, run.signal);
  if (tags !== undefined) target["Tagging"] = tags;
  // Those of the source are not the copy's.
  for (const member of Object.keys(target)) if (member.startsWith("CopySource")) delete target[member];
  return target;
}

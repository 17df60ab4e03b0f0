import type { CreateBucketRequest, ListBucketsRequest, ListDirectoryBucketsRequest } from "../model/generated/types.js";
import { ownerOf, readAcl } from "./acl.js";
import type { Answer } from "./answer.js";
import type { Call } from "./call.js";
import { accessDenied, invalidArgument, malformedXml, S3Error } from "./errors.js";
import { compareKeys } from "./keys.js";
import { toSeconds } from "./objects.js";
import { Bucket } from "./store.js";
import { checkTags } from "./tagging.js";

const directorySuffix = "--x-s3";
export const isDirectoryBucket = (name: string): boolean => name.endsWith(directorySuffix);

/** Why a new bucket can't have that name; undefined when it can. */
export function bucketNameFault(name: string): string | undefined {
  if (name.length < 3 || name.length > 63) return "it must have 3 to 63 characters";
  if (!/^[a-z0-9.-]+$/.test(name)) return "it may have lower-case letters, digits, dots and hyphens";
  if (!/^[a-z0-9].*[a-z0-9]$/.test(name)) return "it must begin and end with a letter or digit";
  if (name.includes("..")) return "it must not have two dots side by side";
  if (/^\d+\.\d+\.\d+\.\d+$/.test(name)) return "it must not look like an IP address";
  if (/^(xn--|sthree-)/.test(name)) return "its beginning is reserved";
  if (/(-s3alias|--ol-s3|\.mrap|--table-s3)$/.test(name)) return "its end is reserved";
  if (isDirectoryBucket(name) && !/^[a-z0-9-]+--[a-z0-9]+-az\d+--x-s3$/.test(name))
    return "the name of a directory bucket is base--zone-az1--x-s3";
  return undefined;
}

export const invalidBucketName = (name: string, why: string): S3Error =>
  new S3Error("InvalidBucketName", `The bucket's name is not valid: ${why}.`, { BucketName: name });

/** The region of a new bucket: what the request says must fit the region that it was sent to. */
function regionOf(call: Call<CreateBucketRequest>): string {
  const { world, identity } = call;
  const sent = call.target.hostRegion ?? identity.region ?? world.region;
  const wanted = call.input.CreateBucketConfiguration?.LocationConstraint;
  if (wanted === undefined || wanted === "") {
    if (sent === "us-east-1" || isDirectoryBucket(call.input.Bucket)) return sent;
    throw new S3Error("IllegalLocationConstraintException", `A request to ${sent} must say so in LocationConstraint.`);
  }
  const region = wanted === "EU" ? "eu-west-1" : wanted;
  if (region === "us-east-1") {
    throw new S3Error(
      "InvalidLocationConstraint",
      "us-east-1 is what no LocationConstraint means, and can't be named.",
      { LocationConstraint: wanted },
    );
  }
  if (!world.regions.includes(region) && !/^[a-z]{2,}(-[a-z0-9]+)+$/.test(region)) {
    throw new S3Error("InvalidLocationConstraint", "There is no such region.", { LocationConstraint: wanted });
  }
  // The endpoint of us-east-1 makes buckets everywhere.
  if (region !== sent && sent !== "us-east-1") {
    throw new S3Error(
      "IllegalLocationConstraintException",
      `The LocationConstraint ${wanted} does not fit a request to ${sent}.`,
    );
  }
  return region;
}

export function createBucket(call: Call<CreateBucketRequest>): Answer {
  const { world, input, headers } = call;
  const name = input.Bucket;
  if (!call.user) throw accessDenied();
  const fault = bucketNameFault(name);
  if (fault) throw invalidBucketName(name, fault);
  const region = regionOf(call);
  if (headers["x-amz-bucket-namespace"] === "account-regional") {
    const end = `-${call.user.accountId}-${region}-an`;
    if (!name.endsWith(end))
      throw new S3Error("InvalidNamespaceHeader", `A name of the account's own in this region ends in ${end}.`);
  }
  const there = world.buckets.get(name);
  if (there && there.owner.accountId !== call.user.accountId) {
    throw new S3Error("BucketAlreadyExists", "Somebody else has a bucket of this name; all users share the names.", {
      BucketName: name,
    });
  }
  if (there) {
    // In us-east-1, and only there, making one's own bucket again is fine.
    if (region === "us-east-1" && there.region === region) return { headers: { Location: `/${name}` } };
    throw new S3Error("BucketAlreadyOwnedByYou", "You already have a bucket of this name.", { BucketName: name });
  }
  const ownership = headers["x-amz-object-ownership"];
  if (ownership !== undefined && !["BucketOwnerPreferred", "ObjectWriter", "BucketOwnerEnforced"].includes(ownership)) {
    throw invalidArgument("x-amz-object-ownership", ownership);
  }
  const acl = readAcl(world, headers, call.user, undefined);
  const bucket = new Bucket(
    name,
    region,
    toSeconds(call.now),
    call.user,
    acl,
    input.ObjectLockEnabledForBucket === true,
  );
  if (ownership !== undefined)
    bucket.configurations.set("ownershipControls", { Rules: [{ ObjectOwnership: ownership }] });
  const tags = input.CreateBucketConfiguration?.Tags;
  if (tags && tags.length > 0) {
    checkTags(tags, 50);
    bucket.configurations.set("tagging", { TagSet: tags });
  }
  if (isDirectoryBucket(name) && input.CreateBucketConfiguration?.Bucket?.Type !== "Directory") {
    throw malformedXml("a directory bucket needs Bucket.Type Directory");
  }
  bucket.journal = world.journal;
  world.buckets.set(name, bucket);
  bucket.changedSettings();
  return { output: { Location: call.target.virtualHost ? "/" : `/${name}`, BucketArn: `arn:aws:s3:::${name}` } };
}

export function deleteBucket(call: Call): Answer {
  const { bucket, world } = call;
  if (bucket.objects.size > 0) {
    throw new S3Error("BucketNotEmpty", "There are objects, versions or delete markers in the bucket.", {
      BucketName: bucket.name,
    });
  }
  world.buckets.delete(bucket.name);
  bucket.journal?.bucketRemoved(bucket);
  for (const upload of bucket.uploads.values()) {
    for (const part of upload.parts.values()) world.storage.release(part);
  }
  return { status: 204 };
}

export function headBucket(call: Call): Answer {
  const { bucket } = call;
  const zone = /--([a-z0-9]+-az\d+)--x-s3$/.exec(bucket.name)?.[1];
  return {
    output: {
      BucketRegion: bucket.region,
      BucketArn: `arn:aws:s3:::${bucket.name}`,
      AccessPointAlias: false,
      BucketLocationType: zone && "AvailabilityZone",
      BucketLocationName: zone,
    },
    headers: { "Content-Type": "application/xml" },
  };
}

export function getBucketLocation(call: Call): Answer {
  const { region } = call.bucket;
  return { output: { LocationConstraint: region === "us-east-1" ? undefined : region } };
}

export function listBuckets(call: Call<ListBucketsRequest>): Answer {
  const { user, world, input } = call;
  if (!user) throw accessDenied();
  const max = input.MaxBuckets;
  if (max !== undefined && (max < 1 || max > 10000))
    throw invalidArgument("max-buckets", String(max), "max-buckets must be from 1 to 10000.");
  const prefix = input.Prefix ?? "";
  const after = input.ContinuationToken === undefined ? "" : Buffer.from(input.ContinuationToken, "base64").toString();
  const all = [...world.buckets.values()]
    .filter((bucket) => bucket.owner.accountId === user.accountId && !isDirectoryBucket(bucket.name))
    .filter((bucket) => bucket.name.startsWith(prefix) && bucket.name > after)
    .filter((bucket) => input.BucketRegion === undefined || bucket.region === input.BucketRegion)
    .sort((a, b) => compareKeys(a.name, b.name));
  const page = all.slice(0, max);
  // As S3 has it: the region is only said when the list is paged or narrowed.
  const narrowed =
    max !== undefined ||
    input.Prefix !== undefined ||
    input.BucketRegion !== undefined ||
    input.ContinuationToken !== undefined;
  return {
    output: {
      Owner: ownerOf(user),
      Buckets: page.map((bucket) => ({
        Name: bucket.name,
        CreationDate: bucket.created,
        BucketRegion: narrowed ? bucket.region : undefined,
        BucketArn: `arn:aws:s3:::${bucket.name}`,
      })),
      Prefix: input.Prefix,
      ContinuationToken:
        page.length < all.length ? Buffer.from(page[page.length - 1]!.name).toString("base64") : undefined,
    },
  };
}

export function listDirectoryBuckets(call: Call<ListDirectoryBucketsRequest>): Answer {
  const { user, world, input } = call;
  if (!user) throw accessDenied();
  const max = input.MaxDirectoryBuckets ?? 1000;
  if (max < 0 || max > 1000)
    throw invalidArgument("max-directory-buckets", String(max), "max-directory-buckets must be from 0 to 1000.");
  const after = input.ContinuationToken ? Buffer.from(input.ContinuationToken, "base64").toString() : "";
  const all = [...world.buckets.values()]
    .filter(({ owner, name }) => owner.accountId === user.accountId && isDirectoryBucket(name) && name > after)
    .sort((a, b) => compareKeys(a.name, b.name));
  const page = all.slice(0, Math.min(max, world.maxPage));
  const last = page.length < all.length ? page[page.length - 1] : undefined;
  return {
    output: {
      Buckets: page.map(({ name, created }) => ({ Name: name, CreationDate: created })),
      ContinuationToken: last && Buffer.from(last.name).toString("base64"),
    },
  };
}

// Every operation of S3: done, and then to be seen by another, or refused with NotImplemented. Never a 200 that nothing stands behind.
import { S3Client } from "tucuxi";
import { S3Server } from "tucuxi/testing";
import { afterAll, describe, expect, it } from "vitest";
import { operationLines } from "../../src/model/generated/operations.js";
import { type OperationName, operation } from "../../src/model/operation.js";
import { call, fault } from "./raw.js";

const server = await S3Server.start({ buckets: ["river", "logs"], minPartSize: 1 });
const s3 = new S3Client({ endpoint: server.url, region: server.region, credentials: server.credentials });
afterAll(async () => {
  await s3.close();
  await server.stop();
});

type Dictionary = Record<string, unknown>;
const perform = (name: string, input: Dictionary): Promise<Dictionary> => {
  const method = (name.charAt(0).toLowerCase() + name.slice(1)) as "getObject";
  return s3[method](input as { Bucket: string; Key: string }) as Promise<unknown> as Promise<Dictionary>;
};

/** A step: operation, input, and what its answer must have at least. A function gives an input that stands on earlier answers. */
type Step = [OperationName, Dictionary | ((earlier: Record<string, Dictionary>) => Dictionary), Dictionary?];

const Bucket = "river";
const object = { Bucket, Key: "k" };
const lake = { Bucket: "lake" };
const held = { Bucket: "lake", Key: "held" };
const express = { Bucket: "pool--use1-az1--x-s3" };

/** Puts a configuration, gets it back, deletes it. */
function configured(kind: string, put: Dictionary, got: Dictionary, names: { del?: string } = {}): Step[] {
  const steps: Step[] = [
    [`PutBucket${kind}` as OperationName, { Bucket, ...put }],
    [`GetBucket${kind}` as OperationName, { Bucket }, got],
  ];
  if (names.del) steps.push([names.del as OperationName, { Bucket }]);
  return steps;
}

/** The same for the kinds that there may be many of, with their list. */
function numbered(kind: string, configuration: Dictionary): Step[] {
  const key = `${kind}Configuration`;
  const name = (verb: string): OperationName => `${verb}Bucket${kind}Configuration` as OperationName;
  return [
    [name("Put"), { Bucket, Id: "one", [key]: configuration }],
    [name("Get"), { Bucket, Id: "one" }, { [key]: configuration }],
    [`ListBucket${kind}Configurations` as OperationName, { Bucket }, { [`${key}List`]: [configuration] }],
    [name("Delete"), { Bucket, Id: "one" }],
    [`ListBucket${kind}Configurations` as OperationName, { Bucket }, { IsTruncated: false }],
  ];
}

const destination = { Format: "CSV", Bucket: "arn:aws:s3:::logs" };
const cors = [{ AllowedMethods: ["GET"], AllowedOrigins: ["*"] }];
const lifecycle = [{ ID: "r", Status: "Enabled", Filter: { Prefix: "" }, Expiration: { Days: 3 } }];
const encryption = { Rules: [{ ApplyServerSideEncryptionByDefault: { SSEAlgorithm: "AES256" } }] };
const publicAccess = { BlockPublicAcls: false, IgnorePublicAcls: true };
const ownership = { Rules: [{ ObjectOwnership: "ObjectWriter" }] };
const website = { IndexDocument: { Suffix: "index.html" } };
const replication = {
  Role: "arn:aws:iam::111122223333:role/r",
  Rules: [{ ID: "r", Status: "Enabled", Prefix: "", Destination: { Bucket: "arn:aws:s3:::logs" } }],
};
const policy = JSON.stringify({
  Version: "2012-10-17",
  Statement: [{ Effect: "Allow", Principal: "*", Action: "s3:GetObject", Resource: "arn:aws:s3:::river/*" }],
});
const notification = {
  TopicConfigurations: [{ Id: "n", TopicArn: "arn:aws:sns:us-east-1:111122223333:t", Events: ["s3:ObjectCreated:*"] }],
};
const upload = (earlier: Record<string, Dictionary>): Dictionary => ({
  Bucket,
  Key: "parts",
  UploadId: earlier["CreateMultipartUpload"]!["UploadId"],
});
const until = new Date("2099-01-02T03:04:05Z");

const steps: Step[] = [
  ["CreateBucket", { ...lake, ObjectLockEnabledForBucket: true }],
  ["ListBuckets", {}, { Buckets: [{ Name: "lake" }, { Name: "logs" }, { Name: "river" }] }],
  ["HeadBucket", lake, { BucketRegion: "us-east-1" }],
  ["GetBucketLocation", lake],
  ["PutObject", { ...object, Body: "12345", Tagging: "a=b" }, { ETag: expect.any(String) }],
  ["HeadObject", object, { ContentLength: 5 }],
  ["GetObject", object, { ContentLength: 5, TagCount: 1 }],
  ["GetObjectAttributes", { ...object, ObjectAttributes: ["ObjectSize"] }, { ObjectSize: 5 }],
  ["GetObjectTagging", object, { TagSet: [{ Key: "a", Value: "b" }] }],
  ["PutObjectTagging", { ...object, Tagging: { TagSet: [{ Key: "c", Value: "d" }] } }],
  ["GetObjectTagging", object, { TagSet: [{ Key: "c", Value: "d" }] }],
  ["DeleteObjectTagging", object],
  ["GetObjectTagging", object, { TagSet: [] }],
  ["CopyObject", { Bucket, Key: "copy", CopySource: "river/k" }, { CopyObjectResult: { ETag: expect.any(String) } }],
  ["ListObjects", { Bucket }, { Contents: [{ Key: "copy" }, { Key: "k" }] }],
  ["ListObjectsV2", { Bucket }, { KeyCount: 2, Contents: [{ Key: "copy" }, { Key: "k" }] }],
  ["CreateMultipartUpload", { Bucket, Key: "parts" }],
  ["ListMultipartUploads", { Bucket }, { Uploads: [{ Key: "parts" }] }],
  ["UploadPart", (earlier) => ({ ...upload(earlier), PartNumber: 1, Body: "part" })],
  ["UploadPartCopy", (earlier) => ({ ...upload(earlier), PartNumber: 2, CopySource: "river/k" })],
  ["ListParts", upload, { Parts: [{ Size: 4 }, { Size: 5 }] }],
  [
    "CompleteMultipartUpload",
    (earlier) => {
      const Parts = (earlier["ListParts"]!["Parts"] as { ETag: string }[]).map(({ ETag }, at) => ({
        ETag,
        PartNumber: at + 1,
      }));
      return { ...upload(earlier), MultipartUpload: { Parts } };
    },
    { Key: "parts" },
  ],
  ["HeadObject", { Bucket, Key: "parts" }, { ContentLength: 9 }],
  ["CreateMultipartUpload", { Bucket, Key: "parts" }],
  ["AbortMultipartUpload", upload],
  ["ListMultipartUploads", { Bucket }, { Uploads: [] }],
  ["DeleteObject", { Bucket, Key: "copy" }],
  ["DeleteObjects", { Bucket, Delete: { Objects: [{ Key: "parts" }] } }, { Deleted: [{ Key: "parts" }] }],
  ["ListObjectsV2", { Bucket }, { KeyCount: 1 }],
  ["PutObject", { ...object, Key: "cold", Body: "1", StorageClass: "GLACIER" }],
  ["RestoreObject", { ...object, Key: "cold", RestoreRequest: { Days: 1 } }],
  ["HeadObject", { ...object, Key: "cold" }, { Restore: expect.stringContaining("expiry-date") }],

  ["PutObject", { ...held, Body: "1" }, { VersionId: expect.any(String) }],
  ["ListObjectVersions", lake, { Versions: [{ Key: "held", IsLatest: true }] }],
  ["PutObjectRetention", { ...held, Retention: { Mode: "GOVERNANCE", RetainUntilDate: until } }],
  ["GetObjectRetention", held, { Retention: { Mode: "GOVERNANCE", RetainUntilDate: until } }],
  ["PutObjectLegalHold", { ...held, LegalHold: { Status: "ON" } }],
  ["GetObjectLegalHold", held, { LegalHold: { Status: "ON" } }],
  [
    "PutObjectLockConfiguration",
    {
      ...lake,
      ObjectLockConfiguration: {
        ObjectLockEnabled: "Enabled",
        Rule: { DefaultRetention: { Mode: "GOVERNANCE", Days: 2 } },
      },
    },
  ],
  [
    "GetObjectLockConfiguration",
    lake,
    { ObjectLockConfiguration: { Rule: { DefaultRetention: { Mode: "GOVERNANCE", Days: 2 } } } },
  ],

  [
    "CreateBucket",
    {
      ...express,
      CreateBucketConfiguration: {
        Location: { Type: "AvailabilityZone", Name: "use1-az1" },
        Bucket: { Type: "Directory", DataRedundancy: "SingleAvailabilityZone" },
      },
    },
  ],
  ["ListDirectoryBuckets", {}, { Buckets: [{ Name: express.Bucket }] }],
  ["CreateSession", express, { Credentials: { SessionToken: expect.any(String) } }],

  ...configured("Cors", { CORSConfiguration: { CORSRules: cors } }, { CORSRules: cors }, { del: "DeleteBucketCors" }),
  ...configured(
    "Encryption",
    { ServerSideEncryptionConfiguration: encryption },
    { ServerSideEncryptionConfiguration: encryption },
    { del: "DeleteBucketEncryption" },
  ),
  ...configured(
    "LifecycleConfiguration",
    { LifecycleConfiguration: { Rules: lifecycle } },
    { Rules: lifecycle },
    { del: "DeleteBucketLifecycle" },
  ),
  ...configured(
    "OwnershipControls",
    { OwnershipControls: ownership },
    { OwnershipControls: ownership },
    { del: "DeleteBucketOwnershipControls" },
  ),
  ...configured("Policy", { Policy: policy }, { Policy: policy }),
  ["GetBucketPolicyStatus", { Bucket }, { PolicyStatus: { IsPublic: true } }],
  ["DeleteBucketPolicy", { Bucket }],
  ...configured(
    "Tagging",
    { Tagging: { TagSet: [{ Key: "a", Value: "b" }] } },
    { TagSet: [{ Key: "a", Value: "b" }] },
    { del: "DeleteBucketTagging" },
  ),
  ...configured("Website", { WebsiteConfiguration: website }, website, { del: "DeleteBucketWebsite" }),
  ["PutPublicAccessBlock", { Bucket, PublicAccessBlockConfiguration: publicAccess }],
  ["GetPublicAccessBlock", { Bucket }, { PublicAccessBlockConfiguration: publicAccess }],
  ["DeletePublicAccessBlock", { Bucket }],
  ...configured("Acl", { ACL: "public-read" }, { Grants: [{ Permission: "FULL_CONTROL" }, { Permission: "READ" }] }),
  ["PutObjectAcl", { ...object, ACL: "public-read" }],
  ["GetObjectAcl", object, { Grants: [{ Permission: "FULL_CONTROL" }, { Permission: "READ" }] }],
  ...configured("AccelerateConfiguration", { AccelerateConfiguration: { Status: "Enabled" } }, { Status: "Enabled" }),
  ...configured("Abac", { AbacStatus: { Status: "Enabled" } }, { AbacStatus: { Status: "Enabled" } }),
  ...configured(
    "Logging",
    { BucketLoggingStatus: { LoggingEnabled: { TargetBucket: "logs", TargetPrefix: "p" } } },
    { LoggingEnabled: { TargetBucket: "logs", TargetPrefix: "p" } },
  ),
  ...configured("NotificationConfiguration", { NotificationConfiguration: notification }, notification),
  ...configured("RequestPayment", { RequestPaymentConfiguration: { Payer: "Requester" } }, { Payer: "Requester" }),
  ...configured("Versioning", { VersioningConfiguration: { Status: "Enabled" } }, { Status: "Enabled" }),
  ["PutBucketVersioning", { Bucket: "logs", VersioningConfiguration: { Status: "Enabled" } }],
  ...configured(
    "Replication",
    { ReplicationConfiguration: replication },
    { ReplicationConfiguration: replication },
    { del: "DeleteBucketReplication" },
  ),
  // The forms that came before the lifecycle and notification of today.
  [
    "PutBucketLifecycle",
    { Bucket, LifecycleConfiguration: { Rules: [{ ...lifecycle[0], Filter: undefined, Prefix: "" }] } },
  ],
  ["GetBucketLifecycle", { Bucket }, { Rules: [{ ID: "r", Prefix: "", Status: "Enabled" }] }],
  [
    "PutBucketNotification",
    {
      Bucket,
      NotificationConfiguration: {
        TopicConfiguration: {
          Id: "n",
          ...{ Topic: "arn:aws:sns:us-east-1:111122223333:t", Event: "s3:ObjectCreated:*" },
        },
      },
    },
  ],
  ["GetBucketNotification", { Bucket }, { TopicConfiguration: { Topic: "arn:aws:sns:us-east-1:111122223333:t" } }],

  ...numbered("Analytics", { Id: "one", StorageClassAnalysis: {} }),
  ...numbered("IntelligentTiering", {
    Id: "one",
    Status: "Enabled",
    Tierings: [{ Days: 90, AccessTier: "ARCHIVE_ACCESS" }],
  }),
  ...numbered("Inventory", {
    Id: "one",
    IsEnabled: true,
    IncludedObjectVersions: "All",
    Schedule: { Frequency: "Daily" },
    Destination: { S3BucketDestination: destination },
  }),
  ...numbered("Metrics", { Id: "one" }),

  ["CreateBucket", { Bucket: "short-lived" }],
  ["DeleteBucket", { Bucket: "short-lived" }],
];

/** What this server does not do, with queries and headers that S3 needs to know which operation is meant. */
const refused: Partial<Record<OperationName, { query?: string; headers?: Record<string, string> }>> = {
  CreateBucketMetadataConfiguration: {},
  CreateBucketMetadataTableConfiguration: {},
  DeleteBucketMetadataConfiguration: {},
  DeleteBucketMetadataTableConfiguration: {},
  DeleteObjectAnnotation: { query: "annotationName=a" },
  GetBucketMetadataConfiguration: {},
  GetBucketMetadataTableConfiguration: {},
  GetObjectAnnotation: { query: "annotationName=a" },
  GetObjectTorrent: {},
  ListObjectAnnotations: {},
  PutObjectAnnotation: { query: "annotationName=a" },
  RenameObject: { headers: { "x-amz-rename-source": "/river/other" } },
  SelectObjectContent: {},
  UpdateBucketMetadataAnnotationTableConfiguration: {},
  UpdateBucketMetadataInventoryTableConfiguration: {},
  UpdateBucketMetadataJournalTableConfiguration: {},
  UpdateObjectEncryption: {},
  WriteGetObjectResponse: { headers: { "x-amz-request-route": "r", "x-amz-request-token": "t" } },
};

describe("the operations of S3", () => {
  it("are all done or refused", () => {
    const done = new Set<string>(steps.map(([name]) => name));
    const all = Object.keys(operationLines);
    expect(all.filter((name) => !done.has(name) && !(name in refused))).toEqual([]);
    expect(Object.keys(refused).filter((name) => done.has(name))).toEqual([]);
    expect(all).toHaveLength(116);
  });

  const earlier: Record<string, Dictionary> = {};
  it.each(steps.map((step, at) => [at + 1, ...step] as const))("%i. %s", async (_at, name, input, wanted = {}) => {
    const answer = await perform(name, typeof input === "function" ? input(earlier) : input);
    earlier[name] = answer;
    expect(answer).toMatchObject(wanted);
    const last = server.requests.findLast((request) => request.statusCode !== 0);
    expect([last?.operation, last?.code]).toEqual([meant(name), undefined]);
    // As the model has it: what deletes says 204.
    if (operation(name).method === "DELETE") expect(last?.statusCode).toBe(204);
  });

  it.each(Object.entries(refused))("%s is refused", async (name, { query, headers = {} }) => {
    const { method, path, query: fixed } = operation(name as OperationName);
    const target = path.replace("{Bucket}", "river").replace("{Key+}", "k");
    const asked = [fixed, query].filter(Boolean).join("&");
    const before = await s3.listObjectVersions({ Bucket: "river" });
    const answer = await call(server, {
      method,
      path: asked ? `${target}?${asked}` : target,
      headers,
      ...(method === "GET" || method === "DELETE" ? {} : { body: "" }),
    });
    expect(fault(answer)).toBe("501 NotImplemented");
    const after = await s3.listObjectVersions({ Bucket: "river" });
    expect(after.Versions).toEqual(before.Versions);
  });
});

/** What a request looks like on the wire; the forms that were replaced look like those that replaced them. */
function meant(name: OperationName): string {
  const { method, path, query } = operation(name);
  const same = Object.keys(operationLines).filter((other) => {
    const found = operation(other as OperationName);
    return found.method === method && found.path === path && found.query === query;
  });
  return expect.toSatisfy((logged: unknown) => same.includes(String(logged)), `one of ${same.join()}`) as string;
}

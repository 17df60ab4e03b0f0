// What the resource layer's definition does not say: our sentences, and which classes have hand-written members.

/** The class behind each resource of the definition; the service itself is `service`. */
export const className = (name) => ({ service: "S3Resource", Object: "S3Object" })[name] ?? name;

/** Hand-written classes of src/resource that the generated ones extend, with the members they bring. */
export const handles = {
  service: { name: "ServiceHandle", file: "service-handle" },
  Bucket: { name: "BucketHandle", file: "bucket-handle", data: true, members: ["load"] },
  Object: { name: "ObjectHandle", file: "object-handle", data: true, members: ["put"] },
  ObjectSummary: { name: "SummaryHandle", file: "object-handle", members: ["put", "load"] },
  ObjectVersion: { name: "ReadableObject", file: "readable-object", data: true, members: [] },
};

/** camelCase of a name of the API, without capitals in a row at its beginning: `ETag` -> `eTag`, `CORSRules` -> `corsRules`. */
export function memberName(name) {
  if (name === "SSEKMSKeyId") return "sseKMSKeyId";
  const [run] = /^[A-Z]+/.exec(name) ?? [""];
  // The last capital of a row begins the next word.
  const length = run.length === name.length || run.length === 1 ? run.length : run.length - 1;
  return name.slice(0, length).toLowerCase() + name.slice(length);
}

export const classSentences = {
  service:
    'S3, object by object: `new S3Resource().bucket("river").object("tucuxi.jpg")`. Nothing is sent before something is asked for.',
  Bucket: "A bucket.",
  BucketAcl: "Who may do what with a bucket.",
  BucketCors: "The rules by which browsers of other origins may use a bucket.",
  BucketLifecycle: "The lifecycle rules of a bucket in their old form; `BucketLifecycleConfiguration` has today's.",
  BucketLifecycleConfiguration: "The lifecycle rules of a bucket: what moves and expires when.",
  BucketLogging: "Where a bucket's access log goes.",
  BucketNotification: "Who hears of what happens in a bucket.",
  BucketPolicy: "The policy of a bucket.",
  BucketRequestPayment: "Who pays for a bucket's requests.",
  BucketTagging: "The tags of a bucket.",
  BucketVersioning: "Whether a bucket keeps versions.",
  BucketWebsite: "A bucket as a website.",
  MultipartUpload: "An upload in parts that has begun.",
  MultipartUploadPart: "One part of an upload, there or to come.",
  Object: "An object: its content, attributes and actions. It need not exist.",
  ObjectAcl: "Who may do what with an object.",
  ObjectSummary: "An object as a listing tells of it.",
  ObjectVersion: "One version of an object, or a delete marker.",
};

export const identifierSentences = {
  Name: "The bucket's name.",
  BucketName: "The bucket's name.",
  Key: "The object's key.",
  ObjectKey: "The object's key.",
  "ObjectVersion.Id": "The version; `null` for one from before versioning.",
  "MultipartUpload.Id": "The upload.",
  MultipartUploadId: "The upload.",
  PartNumber: "The part's number, 1 to 10,000.",
};

export const actionSentences = {
  "service.CreateBucket": "Creates a bucket, in the client's region unless told otherwise.",
  "Bucket.Create": "Creates the bucket, in the client's region unless told otherwise.",
  "Bucket.Delete": "Deletes the bucket, which must be empty.",
  "Bucket.DeleteObjects": "Deletes up to a thousand objects by key; `bucket.objects.delete()` deletes any number.",
  "Bucket.PutObject": "Writes an object.",
  "Object.CopyFrom": "Makes this object a copy of another, of up to 5 GB.",
  "Object.Delete": "Deletes the object; with versioning, hides it behind a delete marker.",
  "Object.Get": "Reads the object: its body and attributes.",
  "Object.InitiateMultipartUpload": "Begins an upload in parts.",
  "Object.RestoreObject": "Brings an archived object back for some days.",
  "ObjectVersion.Delete": "Deletes this version for good.",
  "ObjectVersion.Get": "Reads this version: its body and attributes.",
  "ObjectVersion.Head": "Reads the attributes of this version.",
  "MultipartUpload.Abort": "Ends the upload and deletes its parts.",
  "MultipartUpload.Complete": "Makes the parts an object.",
  "MultipartUploadPart.CopyFrom": "Copies the part from another object, or some of its bytes.",
  "MultipartUploadPart.Upload": "Uploads the part.",
  "BucketAcl.Put": "Sets who may do what with the bucket.",
  "BucketCors.Delete": "Deletes all rules.",
  "BucketCors.Put": "Replaces the rules.",
  "BucketLifecycle.Delete": "Deletes all rules.",
  "BucketLifecycle.Put": "Replaces the rules.",
  "BucketLifecycleConfiguration.Delete": "Deletes all rules.",
  "BucketLifecycleConfiguration.Put": "Replaces the rules.",
  "BucketLogging.Put": "Says where the access log goes, or that there is none.",
  "BucketNotification.Put": "Replaces who hears of what.",
  "BucketPolicy.Delete": "Deletes the policy.",
  "BucketPolicy.Put": "Replaces the policy.",
  "BucketRequestPayment.Put": "Says who pays.",
  "BucketTagging.Delete": "Deletes all tags.",
  "BucketTagging.Put": "Replaces the tags.",
  "BucketVersioning.Enable": "Keeps versions from now on.",
  "BucketVersioning.Put": "Sets versioning and MFA delete.",
  "BucketVersioning.Suspend": "Keeps no more versions; those that are there stay.",
  "BucketWebsite.Delete": "Makes the bucket a website no more.",
  "BucketWebsite.Put": "Says how the bucket is a website.",
  "ObjectAcl.Put": "Sets who may do what with the object.",
};

export const collectionSentences = {
  "service.Buckets": "The buckets of the account.",
  "Bucket.MultipartUploads": "The uploads in parts that have begun and not ended.",
  "Bucket.ObjectVersions": "All versions of the objects, page by page the versions first, then the delete markers.",
  "Bucket.Objects": "The objects, in the order of their keys.",
  "MultipartUpload.Parts": "The parts that are there.",
};

const checksum = (algorithm) => `Its ${algorithm} checksum, base64, if it was stored with one.`;

/** A sentence an attribute; `Resource.Member` goes before `Member`. */
export const attributeSentences = {
  AcceptRanges: "`bytes`: parts of it can be read.",
  ArchiveStatus: "How deep it is archived by Intelligent-Tiering.",
  BucketArn: "The bucket's ARN, for directory buckets.",
  BucketKeyEnabled: "Is it encrypted with the bucket's key?",
  BucketRegion: "The region the bucket is in.",
  CacheControl: "How long it may be cached.",
  ChecksumAlgorithm: "The algorithms of its checksums.",
  ChecksumCRC32: checksum("CRC-32"),
  ChecksumCRC32C: checksum("CRC-32C"),
  ChecksumCRC64NVME: checksum("CRC-64/NVME"),
  ChecksumMD5: checksum("MD5"),
  ChecksumSHA1: checksum("SHA-1"),
  ChecksumSHA256: checksum("SHA-256"),
  ChecksumSHA512: checksum("SHA-512"),
  ChecksumType: "Whether its checksum is that of all bytes, or one of its parts' checksums.",
  ChecksumXXHASH128: checksum("XXH128"),
  ChecksumXXHASH3: checksum("XXH3"),
  ChecksumXXHASH64: checksum("XXH64"),
  ContentDisposition: "How a browser shows it.",
  ContentEncoding: "How its content is encoded.",
  ContentLanguage: "The language of its content.",
  ContentLength: "Its length in bytes.",
  ContentRange: "The part that was asked for.",
  ContentType: "The media type of its content.",
  CORSRules: "The rules.",
  CreationDate: "When the bucket was created.",
  DeleteMarker: "Is it a delete marker?",
  ErrorDocument: "What is shown for errors.",
  ETag: "The ETag, in its quotes: changes when the content does.",
  EventBridgeConfiguration: "There when EventBridge hears of everything.",
  Expiration: "When lifecycle rules will delete it.",
  Expires: "When it shall no longer be cached.",
  Grants: "Who may do what.",
  IndexDocument: "What is shown for a folder.",
  Initiated: "When the upload began.",
  Initiator: "Who began the upload.",
  IsLatest: "Is it the current version?",
  "MultipartUpload.Key": "The object's key.",
  "ObjectVersion.Key": "The object's key.",
  LambdaFunctionConfigurations: "The functions that are called.",
  LastModified: "When it was last written.",
  LoggingEnabled: "Where the log goes; absent when there is none.",
  Metadata: "Metadata of one's own, by lower-case name.",
  MFADelete: "Must deleting a version be confirmed by MFA?",
  MissingMeta: "How many metadata there are that HTTP headers cannot carry.",
  ObjectLockLegalHoldStatus: "Is it under legal hold?",
  ObjectLockMode: "How it is locked.",
  ObjectLockRetainUntilDate: "Until when it is locked.",
  Owner: "Who owns it.",
  PartsCount: "How many parts it was uploaded in, when a part was asked for.",
  Payer: "Who pays.",
  Policy: "The policy, as JSON text.",
  QueueConfigurations: "The queues that are told.",
  RedirectAllRequestsTo: "Where all requests are sent instead.",
  ReplicationStatus: "How far its replication is.",
  RequestCharged: "Was the requester charged?",
  Restore: "How far its restoration is, as S3 says it.",
  RestoreStatus: "How far its restoration is.",
  RoutingRules: "Where requests are sent instead, and when.",
  Rules: "The rules.",
  SSECustomerAlgorithm: "The algorithm of encryption with a key of one's own.",
  SSECustomerKeyMD5: "The MD5 of that key, base64.",
  SSEKMSKeyId: "The KMS key it is encrypted with.",
  ServerSideEncryption: "How it is encrypted.",
  Size: "Its length in bytes.",
  Status: "`Enabled` or `Suspended`; absent when versioning never was enabled.",
  StorageClass: "The storage class; from a single object, absent for STANDARD.",
  TagCount: "How many tags it has.",
  TagSet: "The tags.",
  TopicConfigurations: "The topics that are told.",
  TransitionDefaultMinimumObjectSize: "The size below which objects stay where they are.",
  UploadId: "The upload.",
  VersionId: "The version.",
  WebsiteRedirectLocation: "Where the website sends requests for it.",
};

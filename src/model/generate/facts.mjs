// What the definition does not say, and we know from S3's behaviour.

/** Lists that an answer always has, empty if need be, so that nobody writes `?? []`. */
export const alwaysLists = {
  ListObjectsOutput: ["Contents", "CommonPrefixes"],
  ListObjectsV2Output: ["Contents", "CommonPrefixes"],
  ListObjectVersionsOutput: ["Versions", "DeleteMarkers", "CommonPrefixes"],
  ListMultipartUploadsOutput: ["Uploads", "CommonPrefixes"],
  ListPartsOutput: ["Parts"],
  ListBucketsOutput: ["Buckets"],
  ListDirectoryBucketsOutput: ["Buckets"],
  DeleteObjectsOutput: ["Deleted", "Errors"],
};

/** Members that are the text of the answer's root element, where the definition has them as an element inside it. */
export const rootTexts = { GetBucketLocationOutput: "LocationConstraint" };

/** Members that every answer of their kind has: typed as required. */
export const alwaysMembers = {
  Object: ["Key"],
  ObjectVersion: ["Key"],
  DeleteMarkerEntry: ["Key"],
  MultipartUpload: ["Key", "UploadId"],
  Part: ["PartNumber"],
  Bucket: ["Name"],
  CommonPrefix: ["Prefix"],
  GetObjectOutput: ["Body", "Metadata"],
  HeadObjectOutput: ["Metadata"],
  GetObjectTorrentOutput: ["Body"],
  GetObjectAnnotationOutput: ["AnnotationPayload"],
  CreateMultipartUploadOutput: ["UploadId"],
  SelectObjectContentOutput: ["Payload"],
};

/** Names that would hide a global of JavaScript or a class of the resource layer. */
export const renamed = {
  Object: "ObjectEntry",
  Bucket: "BucketEntry",
  Error: "DeleteError",
  MultipartUpload: "MultipartUploadEntry",
  ObjectVersion: "ObjectVersionEntry",
  BucketLifecycleConfiguration: "BucketLifecycleConfigurationEntry",
  ChecksumMode: "AskChecksum",
};

/** Input members that take more than their scalar: the rules of src/rules turn them into what goes on the wire. */
export const inputTypes = {
  "CopyObjectRequest.CopySource": "CopySource",
  "UploadPartCopyRequest.CopySource": "CopySource",
};

/** Members whose input may be bytes, as keys for server-side encryption are. */
export const keyMembers = new Set(["SSECustomerKey", "CopySourceSSECustomerKey"]);

/** Scalars whose values are fixed sets in the definition but have members of their own type names. */
export const apiPage = (operation) => `https://docs.aws.amazon.com/AmazonS3/latest/API/API_${operation}.html`;

const configurations = (list) => ({
  input_token: "ContinuationToken",
  output_token: "NextContinuationToken",
  more_results: "IsTruncated",
  result_key: list,
});

/** Listings that boto3 does not know as such, in the words of its paginators. */
export const listingsLeftOut = {
  GetObjectAttributes: {
    input_token: "PartNumberMarker",
    output_token: "ObjectParts.NextPartNumberMarker",
    more_results: "ObjectParts.IsTruncated",
    limit_key: "MaxParts",
    result_key: "ObjectParts.Parts",
    non_aggregate_keys: ["LastModified", "VersionId", "ETag", "Checksum", "StorageClass", "ObjectSize"],
  },
  ListBucketAnalyticsConfigurations: configurations("AnalyticsConfigurationList"),
  ListBucketIntelligentTieringConfigurations: configurations("IntelligentTieringConfigurationList"),
  ListBucketInventoryConfigurations: configurations("InventoryConfigurationList"),
  ListBucketMetricsConfigurations: configurations("MetricsConfigurationList"),
};

import { createHash } from "node:crypto";
import type { ServerSideEncryptionConfiguration } from "../model/generated/types.js";
import { accessDenied, invalidArgument, invalidRequest, S3Error } from "./errors.js";
import type { Headers } from "./input.js";
import type { Bucket, Encryption } from "./store.js";

/** The customer's key in the headers that start with `prefix`, as base64 MD5; checked, and kept nowhere. */
export function readCustomerKey(
  headers: Headers,
  prefix = "x-amz-server-side-encryption-customer-",
): string | undefined {
  const algorithm = headers[`${prefix}algorithm`];
  const key = headers[`${prefix}key`];
  const md5 = headers[`${prefix}key-md5`];
  if (algorithm === undefined && key === undefined && md5 === undefined) return undefined;
  if (algorithm === undefined)
    throw invalidArgument(`${prefix}algorithm`, "null", "A customer's key comes with its algorithm.");
  if (algorithm !== "AES256") {
    throw new S3Error("InvalidEncryptionAlgorithmError", "Customer's keys are for AES256.", {
      ArgumentName: `${prefix}algorithm`,
      ArgumentValue: algorithm,
    });
  }
  if (key === undefined) throw invalidArgument(`${prefix}key`, "null", "The customer's key is missing.");
  const bytes = Buffer.from(key, "base64");
  if (bytes.length !== 32) throw invalidArgument(`${prefix}key`, "", "The customer's key must be 32 bytes in base64.");
  if (md5 === undefined) throw invalidArgument(`${prefix}key-MD5`, "null", "The customer's key comes with its MD5.");
  if (createHash("md5").update(bytes).digest("base64") !== md5) {
    throw invalidArgument(`${prefix}key-MD5`, md5, "The MD5 is not the one of the customer's key.");
  }
  return md5;
}

/** How an object is to be encrypted: by the headers, or else as the bucket has it. */
export function readEncryption(headers: Headers, bucket: Bucket): Encryption {
  const customerKeyMD5 = readCustomerKey(headers);
  const algorithm = headers["x-amz-server-side-encryption"];
  const kmsKeyId = headers["x-amz-server-side-encryption-aws-kms-key-id"];
  const context = headers["x-amz-server-side-encryption-context"];
  const bucketKeyHeader = headers["x-amz-server-side-encryption-bucket-key-enabled"];
  if (algorithm !== undefined && !["AES256", "aws:kms", "aws:kms:dsse"].includes(algorithm)) {
    throw invalidArgument("x-amz-server-side-encryption", algorithm, "This encryption is not supported.");
  }
  if (customerKeyMD5 !== undefined) {
    if (algorithm !== undefined)
      throw invalidArgument(
        "x-amz-server-side-encryption",
        algorithm,
        "Encrypt with a customer's key or with the server's, not both.",
      );
    return { algorithm: undefined, kmsKeyId: undefined, bucketKey: undefined, context: undefined, customerKeyMD5 };
  }
  if (kmsKeyId !== undefined && !algorithm?.startsWith("aws:kms")) {
    throw invalidArgument(
      "x-amz-server-side-encryption-aws-kms-key-id",
      kmsKeyId,
      "A KMS key id goes with x-amz-server-side-encryption: aws:kms.",
    );
  }
  const configuration = bucket.configurations.get("encryption") as ServerSideEncryptionConfiguration | undefined;
  const rule = configuration?.Rules[0];
  const chosen = algorithm ?? rule?.ApplyServerSideEncryptionByDefault?.SSEAlgorithm ?? "AES256";
  if (!chosen.startsWith("aws:kms")) {
    return {
      algorithm: chosen,
      kmsKeyId: undefined,
      bucketKey: undefined,
      context: undefined,
      customerKeyMD5: undefined,
    };
  }
  const fallback = algorithm === undefined ? rule?.ApplyServerSideEncryptionByDefault?.KMSMasterKeyID : undefined;
  const id = kmsKeyId ?? fallback ?? "00000000-0000-4000-8000-000000000000";
  const bucketKey = bucketKeyHeader !== undefined ? bucketKeyHeader.toLowerCase() === "true" : rule?.BucketKeyEnabled;
  return {
    algorithm: chosen,
    kmsKeyId: id.startsWith("arn:") ? id : `arn:aws:kms:${bucket.region}:${bucket.owner.accountId}:key/${id}`,
    bucketKey: bucketKey || undefined,
    context,
    customerKeyMD5: undefined,
  };
}

/** An object under a customer's key is read only with that key; one that is not, without any. */
export function checkCustomerKey(encryption: Encryption, headers: Headers, prefix?: string): void {
  const given = readCustomerKey(headers, prefix);
  if (encryption.customerKeyMD5 === given) return;
  if (given === undefined)
    throw invalidRequest("The object is encrypted with a customer's key, which the request must bring.");
  if (encryption.customerKeyMD5 === undefined)
    throw invalidRequest("The object is not encrypted with a customer's key.");
  throw accessDenied("The customer's key is not the one that the object is encrypted with.");
}

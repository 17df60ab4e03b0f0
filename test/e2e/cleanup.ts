import { type S3Client, S3ServiceError } from "tucuxi";

/** Empties a bucket (versions, delete markers, unfinished uploads) and removes it; one that is not there is fine. */
export async function removeBucket(s3: S3Client, Bucket: string): Promise<void> {
  try {
    await abortUploads(s3, Bucket);
    for (let round = 0; round < 100; round += 1) {
      const found = await versions(s3, Bucket);
      if (found.length === 0) break;
      // Versions of one key go in turn: versitygw moves files about for each, and loses its way when there are several at once.
      const byKey = new Map<string, Version[]>();
      for (const one of found) byKey.set(one.Key, [...(byKey.get(one.Key) ?? []), one]);
      await inBatches([...byKey.values()], 8, async (objects) => {
        for (const object of objects) {
          await s3.deleteObject({
            Bucket,
            ...object,
            ...(object.VersionId ? { BypassGovernanceRetention: true } : {}),
          });
        }
      });
    }
    await s3.deleteBucket({ Bucket });
  } catch (error) {
    if (error instanceof S3ServiceError && error.code === "NoSuchBucket") return;
    throw error;
  }
}

interface Version {
  Key: string;
  VersionId?: string;
}

/** The next objects to delete: with their versions, where the server knows of any. */
async function versions(s3: S3Client, Bucket: string): Promise<Version[]> {
  const answer = await unlessRefused(s3.listObjectVersions({ Bucket }));
  const found = [...(answer?.Versions ?? []), ...(answer?.DeleteMarkers ?? [])].map(({ Key, VersionId }) => ({
    Key: Key ?? "",
    ...(VersionId === undefined ? {} : { VersionId }),
  }));
  if (found.length > 0) return found;
  return (await s3.listObjectsV2({ Bucket })).Contents.map(({ Key }) => ({ Key }));
}

async function abortUploads(s3: S3Client, Bucket: string): Promise<void> {
  const answer = await unlessRefused(s3.listMultipartUploads({ Bucket }));
  for (const { Key, UploadId } of answer?.Uploads ?? []) {
    await s3.abortMultipartUpload({ Bucket, Key: Key ?? "", UploadId: UploadId ?? "" });
  }
}

/** Undefined where the server does not have this operation. */
async function unlessRefused<T>(call: Promise<T>): Promise<T | undefined> {
  try {
    return await call;
  } catch (error) {
    // rclone calls a bucket without uploads by the second name.
    if (error instanceof S3ServiceError && ["NotImplemented", "NoSuchUpload"].includes(error.code)) return undefined;
    throw error;
  }
}

/** Runs `work` on every item, so many at a time. */
export async function inBatches<T>(
  items: readonly T[],
  width: number,
  work: (item: T) => Promise<unknown>,
): Promise<void> {
  for (let start = 0; start < items.length; start += width) {
    await Promise.all(items.slice(start, start + width).map(work));
  }
}

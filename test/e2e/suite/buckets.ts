import { randomBytes } from "node:crypto";
import { NoSuchBucket, S3ServiceError } from "tucuxi";
import { expect } from "vitest";
import { refuses, room } from "../room.js";
import type { Target } from "../target.js";

/** Buckets themselves. */
export function buckets(target: Target): void {
  room(target, "buckets", (room) => {
    const { s3 } = room;

    room.capability("create, head, list, delete", async () => {
      const before = Date.now();
      const Bucket = room.bucketName();
      const created = await s3.createBucket({ Bucket });
      expect(created.ResponseMetadata.HTTPStatusCode).toBe(200);
      expect((await s3.headBucket({ Bucket })).ResponseMetadata.HTTPStatusCode).toBe(200);

      const listed = (await s3.listBuckets()).Buckets.find(({ Name }) => Name === Bucket);
      expect(listed?.CreationDate).toBeInstanceOf(Date);
      expect(Math.abs((listed?.CreationDate?.getTime() ?? 0) - before)).toBeLessThan(300_000);

      const deleted = await s3.deleteBucket({ Bucket });
      expect(deleted.ResponseMetadata.HTTPStatusCode).toBe(204);
      await refuses(s3.deleteBucket({ Bucket }), "NoSuchBucket", 404);
      expect((await s3.listBuckets()).Buckets.map(({ Name }) => Name)).not.toContain(Bucket);
    });

    room.capability("who owns them", async () => {
      await room.shared();
      const { Owner } = await s3.listBuckets();
      expect(Owner?.ID).toEqual(expect.any(String));
    });

    room.capability("location", async () => {
      const answer = await s3.getBucketLocation({ Bucket: await room.shared() });
      const expected = target.options.region === "us-east-1" ? undefined : target.options.region;
      expect(answer.LocationConstraint || undefined).toBe(expected);
    });

    room.capability("a missing one: head", async () => {
      const error = await refuses(s3.headBucket({ Bucket: missing() }), ["NoSuchBucket", "NotFound"], 404);
      expect(error).toBeInstanceOf(S3ServiceError);
    });

    room.capability("a missing one: every other call", async () => {
      const Bucket = missing();
      const error = await refuses(s3.listObjectsV2({ Bucket }), "NoSuchBucket", 404);
      expect(error).toBeInstanceOf(NoSuchBucket);
      await refuses(s3.putObject({ Bucket, Key: "k", Body: "x" }), "NoSuchBucket", 404);
      await refuses(s3.getObject({ Bucket, Key: "k" }), "NoSuchBucket", 404);
      await refuses(s3.createMultipartUpload({ Bucket, Key: "k" }), "NoSuchBucket", 404);
    });

    room.capability("one that is not empty stays", async () => {
      const Bucket = await room.bucket();
      await s3.putObject({ Bucket, Key: "k", Body: "x" });
      await refuses(s3.deleteBucket({ Bucket }), "BucketNotEmpty", 409);
      await s3.deleteObject({ Bucket, Key: "k" });
      await s3.deleteBucket({ Bucket });
    });

    room.capability("creating one's own again", async () => {
      const Bucket = await room.bucket();
      // us-east-1 answers 200, every other region that the bucket is yours already.
      const outcome = await s3.createBucket({ Bucket }).then(
        (answer) => answer.ResponseMetadata.HTTPStatusCode,
        (error: S3ServiceError) => error.code,
      );
      expect([200, "BucketAlreadyOwnedByYou"]).toContain(outcome);
    });

    room.capability("a name that S3 does not allow", async () => {
      await refuses(s3.createBucket({ Bucket: "Not_A_Bucket" }), "InvalidBucketName", 400);
    });
  });
}

const missing = () => `tucuxi-missing-${randomBytes(6).toString("hex")}`;

import { expect } from "vitest";
import { refuses, room, text } from "../room.js";
import type { Target } from "../target.js";

/** Copies that the service makes. */
export function copy(target: Target): void {
  room(target, "copy", (room) => {
    const { s3 } = room;

    room.capability("source as dictionary and as text", async () => {
      const Bucket = await room.shared();
      const Key = "src/é +&?=#%2F";
      const put = await s3.putObject({ Bucket, Key, Body: "copy me" });
      const answer = await s3.copyObject({ Bucket, Key: "one", CopySource: { Bucket, Key } });
      expect(answer.CopyObjectResult?.ETag?.replaceAll('"', "")).toBe(put.ETag?.replaceAll('"', ""));
      expect(answer.CopyObjectResult?.LastModified).toBeInstanceOf(Date);
      expect(await text(s3.getObject({ Bucket, Key: "one" }))).toBe("copy me");
      await s3.copyObject({ Bucket, Key: "two", CopySource: `${Bucket}/${Key}` });
      expect(await text(s3.getObject({ Bucket, Key: "two" }))).toBe("copy me");
    });

    room.capability("to another bucket", async () => {
      const [from, to] = [await room.shared(), await room.bucket()];
      await s3.putObject({ Bucket: from, Key: "k", Body: "across" });
      await s3.copyObject({ Bucket: to, Key: "k2", CopySource: { Bucket: from, Key: "k" } });
      expect(await text(s3.getObject({ Bucket: to, Key: "k2" }))).toBe("across");
    });

    room.capability("metadata comes along, or is replaced", async () => {
      const Bucket = await room.shared();
      const CopySource = { Bucket, Key: "meta" };
      await s3.putObject({ Bucket, Key: "meta", Body: "x", ContentType: "text/a", Metadata: { a: "1" } });
      await s3.copyObject({ Bucket, Key: "kept", CopySource });
      expect(await s3.headObject({ Bucket, Key: "kept" })).toMatchObject({
        ContentType: "text/a",
        Metadata: { a: "1" },
      });
      await s3.copyObject({
        Bucket,
        Key: "replaced",
        CopySource,
        MetadataDirective: "REPLACE",
        ContentType: "text/b",
        Metadata: { b: "2" },
      });
      const replaced = await s3.headObject({ Bucket, Key: "replaced" });
      expect(replaced.ContentType).toBe("text/b");
      expect(replaced.Metadata).toEqual({ b: "2" });
    });

    room.capability("onto itself, with new metadata", async () => {
      const Bucket = await room.shared();
      const [Key, CopySource] = ["self", { Bucket, Key: "self" }];
      await s3.putObject({ Bucket, Key, Body: "x", Metadata: { a: "1" } });
      await refuses(s3.copyObject({ Bucket, Key, CopySource }), "InvalidRequest", 400);
      await s3.copyObject({ Bucket, Key, CopySource, MetadataDirective: "REPLACE", Metadata: { a: "2" } });
      expect((await s3.headObject({ Bucket, Key })).Metadata).toEqual({ a: "2" });
      expect(await text(s3.getObject({ Bucket, Key }))).toBe("x");
    });

    room.capability("tags come along, or are replaced", async () => {
      const Bucket = await room.shared();
      const CopySource = { Bucket, Key: "tagged" };
      await s3.putObject({ Bucket, Key: "tagged", Body: "x", Tagging: "a=1" });
      await s3.copyObject({ Bucket, Key: "tags kept", CopySource });
      expect((await s3.getObjectTagging({ Bucket, Key: "tags kept" })).TagSet).toEqual([{ Key: "a", Value: "1" }]);
      await s3.copyObject({ Bucket, Key: "tags new", CopySource, TaggingDirective: "REPLACE", Tagging: "b=2" });
      expect((await s3.getObjectTagging({ Bucket, Key: "tags new" })).TagSet).toEqual([{ Key: "b", Value: "2" }]);
    });

    room.capability("only if the source is as expected", async () => {
      const Bucket = await room.shared();
      const CopySource = { Bucket, Key: "if" };
      const { ETag } = await s3.putObject({ Bucket, Key: "if", Body: "x" });
      await s3.copyObject({ Bucket, Key: "if yes", CopySource, CopySourceIfMatch: ETag });
      const wrong = '"00000000000000000000000000000000"';
      await refuses(
        s3.copyObject({ Bucket, Key: "if no", CopySource, CopySourceIfMatch: wrong }),
        "PreconditionFailed",
        412,
      );
      await refuses(
        s3.copyObject({ Bucket, Key: "if no", CopySource, CopySourceIfNoneMatch: ETag }),
        "PreconditionFailed",
        412,
      );
      await refuses(s3.headObject({ Bucket, Key: "if no" }), ["NoSuchKey", "NotFound"], 404);
    });

    room.capability("an older version", async () => {
      const Bucket = await room.bucket();
      await s3.putBucketVersioning({ Bucket, VersioningConfiguration: { Status: "Enabled" } });
      const { VersionId } = await s3.putObject({ Bucket, Key: "v", Body: "old" });
      await s3.putObject({ Bucket, Key: "v", Body: "new" });
      const answer = await s3.copyObject({ Bucket, Key: "w", CopySource: { Bucket, Key: "v", VersionId } });
      expect(await text(s3.getObject({ Bucket, Key: "w" }))).toBe("old");
      await s3.copyObject({ Bucket, Key: "x", CopySource: `${Bucket}/v?versionId=${VersionId}` });
      expect(await text(s3.getObject({ Bucket, Key: "x" }))).toBe("old");
      expect([VersionId, undefined]).toContain(answer.CopySourceVersionId);
    });

    room.capability("the answer names both versions", async () => {
      const Bucket = await room.bucket();
      await s3.putBucketVersioning({ Bucket, VersioningConfiguration: { Status: "Enabled" } });
      const { VersionId } = await s3.putObject({ Bucket, Key: "v", Body: "x" });
      const answer = await s3.copyObject({ Bucket, Key: "w", CopySource: { Bucket, Key: "v", VersionId } });
      expect(answer.CopySourceVersionId).toBe(VersionId);
      expect(answer.VersionId).toBe((await s3.headObject({ Bucket, Key: "w" })).VersionId);
    });

    room.capability("of nothing", async () => {
      const Bucket = await room.shared();
      await refuses(s3.copyObject({ Bucket, Key: "k", CopySource: { Bucket, Key: "not there" } }), "NoSuchKey", 404);
    });
  });
}

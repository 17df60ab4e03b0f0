import { expect } from "vitest";
import { refuses, room, text } from "../room.js";
import type { Target } from "../target.js";

/** Versions of objects. */
export function versioning(target: Target): void {
  room(target, "versioning", (room) => {
    const { s3 } = room;
    let versioned: Promise<string> | undefined;
    const bucket = () => {
      versioned ??= (async () => {
        const Bucket = await room.bucket();
        await s3.putBucketVersioning({ Bucket, VersioningConfiguration: { Status: "Enabled" } });
        return Bucket;
      })();
      return versioned;
    };

    room.capability("off, on, suspended", async () => {
      const Bucket = await room.bucket();
      expect((await s3.getBucketVersioning({ Bucket })).Status || undefined).toBeUndefined();
      for (const Status of ["Enabled", "Suspended", "Enabled"] as const) {
        await s3.putBucketVersioning({ Bucket, VersioningConfiguration: { Status } });
        expect((await s3.getBucketVersioning({ Bucket })).Status).toBe(Status);
      }
    });

    room.capability("every version can be read", async () => {
      const Bucket = await bucket();
      const one = await s3.putObject({ Bucket, Key: "k", Body: "one" });
      const two = await s3.putObject({ Bucket, Key: "k", Body: "two" });
      expect(one.VersionId).toEqual(expect.any(String));
      expect(two.VersionId).not.toBe(one.VersionId);
      expect(await text(s3.getObject({ Bucket, Key: "k" }))).toBe("two");
      const old = await s3.getObject({ Bucket, Key: "k", VersionId: one.VersionId });
      expect(old.VersionId).toBe(one.VersionId);
      expect(await old.Body.text()).toBe("one");
      expect((await s3.headObject({ Bucket, Key: "k", VersionId: one.VersionId })).ContentLength).toBe(3);
    });

    room.capability("a delete leaves a marker, and is undone by deleting that", async () => {
      const Bucket = await bucket();
      const put = await s3.putObject({ Bucket, Key: "gone", Body: "here" });
      const deleted = await s3.deleteObject({ Bucket, Key: "gone" });
      expect(deleted.DeleteMarker).toBe(true);
      await refuses(s3.getObject({ Bucket, Key: "gone" }), "NoSuchKey", 404);
      expect((await s3.listObjectsV2({ Bucket, Prefix: "gone" })).Contents).toEqual([]);

      const listed = await s3.listObjectVersions({ Bucket, Prefix: "gone" });
      expect(listed.Versions.map(({ VersionId, IsLatest }) => [VersionId, IsLatest])).toEqual([[put.VersionId, false]]);
      expect(listed.DeleteMarkers.map(({ VersionId, IsLatest }) => [VersionId, IsLatest])).toEqual([
        [deleted.VersionId, true],
      ]);

      const undone = await s3.deleteObject({ Bucket, Key: "gone", VersionId: deleted.VersionId });
      expect(undone.DeleteMarker).toBe(true);
      expect(await text(s3.getObject({ Bucket, Key: "gone" }))).toBe("here");
    });

    room.capability("a marker can't be read", async () => {
      const Bucket = await bucket();
      await s3.putObject({ Bucket, Key: "marked", Body: "x" });
      const { VersionId } = await s3.deleteObject({ Bucket, Key: "marked" });
      const error = await refuses(s3.getObject({ Bucket, Key: "marked", VersionId }), "MethodNotAllowed", 405);
      expect(error.response.ResponseMetadata.HTTPHeaders["x-amz-delete-marker"]).toBe("true");
    });

    room.capability("a version deleted is gone for good", async () => {
      const Bucket = await bucket();
      const one = await s3.putObject({ Bucket, Key: "good", Body: "one" });
      const two = await s3.putObject({ Bucket, Key: "good", Body: "two" });
      await s3.deleteObject({ Bucket, Key: "good", VersionId: two.VersionId });
      expect(await text(s3.getObject({ Bucket, Key: "good" }))).toBe("one");
      expect((await s3.headObject({ Bucket, Key: "good" })).VersionId).toBe(one.VersionId);
      await refuses(s3.getObject({ Bucket, Key: "good", VersionId: two.VersionId }), "NoSuchVersion", 404);
    });

    room.capability("list pages by key and version", async () => {
      const Bucket = await room.bucket();
      await s3.putBucketVersioning({ Bucket, VersioningConfiguration: { Status: "Enabled" } });
      const expected: string[] = [];
      for (const Key of ["a & b", "c"]) {
        for (const Body of ["1", "2", "3"]) {
          const { VersionId } = await s3.putObject({ Bucket, Key, Body });
          expected.push(`${Key} ${VersionId}`);
        }
      }
      const seen: string[] = [];
      const markers: { KeyMarker?: string; VersionIdMarker?: string } = {};
      for (let pages = 0; pages < 10; pages += 1) {
        const page = await s3.listObjectVersions({ Bucket, MaxKeys: 2, ...markers });
        expect(page.Versions.length).toBeLessThanOrEqual(2);
        seen.push(...page.Versions.map(({ Key, VersionId }) => `${Key} ${VersionId}`));
        if (page.IsTruncated !== true) break;
        markers.KeyMarker = page.NextKeyMarker ?? "";
        markers.VersionIdMarker = page.NextVersionIdMarker ?? "";
      }
      // Newest first within a key.
      expect(seen).toEqual([...expected.slice(0, 3).reverse(), ...expected.slice(3).reverse()]);
    });

    room.capability("suspended: the null version", async () => {
      const Bucket = await room.bucket();
      await s3.putBucketVersioning({ Bucket, VersioningConfiguration: { Status: "Enabled" } });
      const kept = await s3.putObject({ Bucket, Key: "k", Body: "kept" });
      await s3.putBucketVersioning({ Bucket, VersioningConfiguration: { Status: "Suspended" } });
      await s3.putObject({ Bucket, Key: "k", Body: "null 1" });
      await s3.putObject({ Bucket, Key: "k", Body: "null 2" });
      const listed = (await s3.listObjectVersions({ Bucket })).Versions.map(({ VersionId }) => VersionId);
      expect(listed).toEqual(["null", kept.VersionId]);
      expect(await text(s3.getObject({ Bucket, Key: "k", VersionId: "null" }))).toBe("null 2");
    });

    room.capability("many versions deleted in one call", async () => {
      const Bucket = await bucket();
      const ids = await Promise.all(
        ["m/1", "m/2"].map(async (Key) => (await s3.putObject({ Bucket, Key, Body: "x" })).VersionId),
      );
      const answer = await s3.deleteObjects({
        Bucket,
        Delete: { Objects: [{ Key: "m/1", VersionId: ids[0] }, { Key: "m/2" }] },
      });
      const byKey = Object.fromEntries(answer.Deleted.map((deleted) => [deleted.Key, deleted]));
      expect(byKey["m/1"]?.VersionId).toBe(ids[0]);
      expect(byKey["m/2"]).toMatchObject({ DeleteMarker: true, DeleteMarkerVersionId: expect.any(String) });
      const left = await s3.listObjectVersions({ Bucket, Prefix: "m/" });
      expect(left.Versions.map(({ Key }) => Key)).toEqual(["m/2"]);
    });
  });
}

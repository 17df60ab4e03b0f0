import { expect } from "vitest";
import { refuses, room } from "../room.js";
import type { Target } from "../target.js";

const sorted = (tags: { Key: string; Value: string }[] | undefined) =>
  (tags ?? []).map(({ Key, Value }) => `${Key}=${Value}`).sort();

/** Tags of objects and buckets. */
export function tagging(target: Target): void {
  room(target, "tagging", (room) => {
    const { s3 } = room;
    const TagSet = [
      { Key: "colour", Value: "pink" },
      { Key: "a:b/c=d@e", Value: "" },
    ];

    room.capability("of an object: put, get, delete", async () => {
      const Bucket = await room.shared();
      await s3.putObject({ Bucket, Key: "k", Body: "x" });
      expect((await s3.getObjectTagging({ Bucket, Key: "k" })).TagSet).toEqual([]);
      await s3.putObjectTagging({ Bucket, Key: "k", Tagging: { TagSet } });
      expect(sorted((await s3.getObjectTagging({ Bucket, Key: "k" })).TagSet)).toEqual(sorted(TagSet));
      await s3.deleteObjectTagging({ Bucket, Key: "k" });
      expect((await s3.getObjectTagging({ Bucket, Key: "k" })).TagSet).toEqual([]);
    });

    room.capability("given with the object", async () => {
      const Bucket = await room.shared();
      await s3.putObject({ Bucket, Key: "with", Body: "x", Tagging: "a=1&b=two%20words&c=%2B%3D" });
      expect(sorted((await s3.getObjectTagging({ Bucket, Key: "with" })).TagSet)).toEqual([
        "a=1",
        "b=two words",
        "c=+=",
      ]);
    });

    room.capability("beyond ASCII", async () => {
      const Bucket = await room.shared();
      await s3.putObject({ Bucket, Key: "unicode", Body: "x" });
      const TagSet = [{ Key: "río", Value: "Solimões ç" }];
      await s3.putObjectTagging({ Bucket, Key: "unicode", Tagging: { TagSet } });
      expect((await s3.getObjectTagging({ Bucket, Key: "unicode" })).TagSet).toEqual(TagSet);
    });

    room.capability("counted for a reader", async () => {
      const Bucket = await room.shared();
      await s3.putObject({ Bucket, Key: "count", Body: "x", Tagging: "a=1&b=2" });
      const answer = await s3.getObject({ Bucket, Key: "count" });
      await answer.Body.text();
      expect(answer.TagCount).toBe(2);
    });

    room.capability("too many are refused", async () => {
      const Bucket = await room.shared();
      await s3.putObject({ Bucket, Key: "k", Body: "x" });
      const TagSet = Array.from({ length: 11 }, (_, n) => ({ Key: `k${n}`, Value: "v" }));
      await refuses(s3.putObjectTagging({ Bucket, Key: "k", Tagging: { TagSet } }), ["BadRequest", "InvalidTag"], 400);
    });

    room.capability("of a bucket: put, get, delete", async () => {
      const Bucket = await room.bucket();
      await refuses(s3.getBucketTagging({ Bucket }), "NoSuchTagSet", 404);
      await s3.putBucketTagging({ Bucket, Tagging: { TagSet } });
      expect(sorted((await s3.getBucketTagging({ Bucket })).TagSet)).toEqual(sorted(TagSet));
      await s3.deleteBucketTagging({ Bucket });
      await refuses(s3.getBucketTagging({ Bucket }), "NoSuchTagSet", 404);
    });
  });
}

import { expect } from "vitest";
import { inBatches } from "../cleanup.js";
import { refuses, room } from "../room.js";
import type { Target } from "../target.js";

/** Objects that go. */
export function deletion(target: Target): void {
  room(target, "deletion", (room) => {
    const { s3 } = room;

    room.capability("one object, also one that never was", async () => {
      const Bucket = await room.shared();
      await s3.putObject({ Bucket, Key: "k", Body: "x" });
      expect((await s3.deleteObject({ Bucket, Key: "k" })).ResponseMetadata.HTTPStatusCode).toBe(204);
      expect((await s3.deleteObject({ Bucket, Key: "k" })).ResponseMetadata.HTTPStatusCode).toBe(204);
      await refuses(s3.getObject({ Bucket, Key: "k" }), "NoSuchKey", 404);
    });

    room.capability("several in one call", async () => {
      const Bucket = await room.shared();
      const Keys = ["a & b", "<c>", "d/é", "e\"f'"];
      await inBatches(Keys, 4, (Key) => s3.putObject({ Bucket, Key, Body: "x" }));
      const Objects = [...Keys, "never was"].map((Key) => ({ Key }));
      const answer = await s3.deleteObjects({ Bucket, Delete: { Objects } });
      expect(answer.Deleted.map(({ Key }) => Key).sort()).toEqual([...Keys, "never was"].sort());
      expect(answer.Errors).toEqual([]);
      expect((await s3.listObjectsV2({ Bucket })).Contents).toEqual([]);
    });

    room.capability("quietly", async () => {
      const Bucket = await room.shared();
      await s3.putObject({ Bucket, Key: "q", Body: "x" });
      const answer = await s3.deleteObjects({ Bucket, Delete: { Objects: [{ Key: "q" }], Quiet: true } });
      expect([answer.Deleted, answer.Errors]).toEqual([[], []]);
      expect((await s3.listObjectsV2({ Bucket })).Contents).toEqual([]);
    });
  });
}

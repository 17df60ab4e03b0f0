import { PreconditionFailed } from "tucuxi";
import { expect } from "vitest";
import { refuses, room, text } from "../room.js";
import type { Target } from "../target.js";

const other = '"00000000000000000000000000000000"';

/** Reads and writes on condition, and pieces of objects. */
export function conditions(target: Target): void {
  room(target, "conditions", (room) => {
    const { s3 } = room;

    room.capability("read if it matches", async () => {
      const Bucket = await room.shared();
      const { ETag } = await s3.putObject({ Bucket, Key: "k", Body: "x" });
      expect(await text(s3.getObject({ Bucket, Key: "k", IfMatch: ETag }))).toBe("x");
      const error = await refuses(s3.getObject({ Bucket, Key: "k", IfMatch: other }), "PreconditionFailed", 412);
      expect(error).toBeInstanceOf(PreconditionFailed);
    });

    room.capability("read if it changed", async () => {
      const Bucket = await room.shared();
      const { ETag } = await s3.putObject({ Bucket, Key: "k", Body: "x" });
      const error = await refuses(s3.getObject({ Bucket, Key: "k", IfNoneMatch: ETag }), ["NotModified", "304"], 304);
      expect(error.retryable).toBe(false);
      expect(await text(s3.getObject({ Bucket, Key: "k", IfNoneMatch: other }))).toBe("x");
    });

    room.capability("read by date", async () => {
      const Bucket = await room.shared();
      await s3.putObject({ Bucket, Key: "k", Body: "x" });
      const [past, future] = [new Date(Date.now() - 86_400_000), new Date(Date.now() + 2000)];
      expect(await text(s3.getObject({ Bucket, Key: "k", IfModifiedSince: past }))).toBe("x");
      await refuses(s3.getObject({ Bucket, Key: "k", IfUnmodifiedSince: past }), "PreconditionFailed", 412);
      expect(await text(s3.getObject({ Bucket, Key: "k", IfUnmodifiedSince: future }))).toBe("x");
    });

    room.capability("head if it matches", async () => {
      const Bucket = await room.shared();
      const { ETag } = await s3.putObject({ Bucket, Key: "k", Body: "x" });
      expect((await s3.headObject({ Bucket, Key: "k", IfMatch: ETag })).ETag).toBe(ETag);
      await refuses(s3.headObject({ Bucket, Key: "k", IfMatch: other }), ["PreconditionFailed", "412"], 412);
    });

    room.capability("write if there is none", async () => {
      const Bucket = await room.shared();
      await s3.putObject({ Bucket, Key: "new", Body: "first", IfNoneMatch: "*" });
      await refuses(s3.putObject({ Bucket, Key: "new", Body: "second", IfNoneMatch: "*" }), "PreconditionFailed", 412);
      expect(await text(s3.getObject({ Bucket, Key: "new" }))).toBe("first");
    });

    room.capability("write if it is still the same", async () => {
      const Bucket = await room.shared();
      const { ETag } = await s3.putObject({ Bucket, Key: "swap", Body: "first" });
      await s3.putObject({ Bucket, Key: "swap", Body: "second", IfMatch: ETag });
      await refuses(s3.putObject({ Bucket, Key: "swap", Body: "third", IfMatch: ETag }), "PreconditionFailed", 412);
      expect(await text(s3.getObject({ Bucket, Key: "swap" }))).toBe("second");
    });
  });

  room(target, "ranges", (room) => {
    const { s3 } = room;
    const get = async (Range: string) => {
      const Bucket = await room.shared();
      await s3.putObject({ Bucket, Key: "k", Body: "0123456789" });
      const answer = await s3.getObject({ Bucket, Key: "k", Range });
      const { ContentRange, ContentLength } = answer;
      return [answer.ResponseMetadata.HTTPStatusCode, await answer.Body.text(), ContentRange, ContentLength];
    };

    room.capability("first and last byte", async () => {
      expect(await get("bytes=2-5")).toEqual([206, "2345", "bytes 2-5/10", 4]);
      expect(await get("bytes=0-0")).toEqual([206, "0", "bytes 0-0/10", 1]);
    });

    room.capability("to the end", async () => {
      expect(await get("bytes=7-")).toEqual([206, "789", "bytes 7-9/10", 3]);
      expect(await get("bytes=7-100")).toEqual([206, "789", "bytes 7-9/10", 3]);
    });

    room.capability("the last so many", async () => {
      expect(await get("bytes=-3")).toEqual([206, "789", "bytes 7-9/10", 3]);
      expect(await get("bytes=-100")).toEqual([206, "0123456789", "bytes 0-9/10", 10]);
    });

    room.capability("one that isn't there is refused", async () => {
      const error = await refuses(get("bytes=10-12"), "InvalidRange", 416);
      expect(error.retryable).toBe(false);
    });
  });
}

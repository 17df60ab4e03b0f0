import { createHash } from "node:crypto";
import { expect } from "vitest";
import { pattern, type Room, refuses, room, text } from "../room.js";
import type { Target } from "../target.js";

const mebi = 1024 * 1024;
const sha = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex");

/** Objects in parts. */
export function multipart(target: Target): void {
  room(target, "multipart", (room) => {
    const { s3 } = room;
    const whole = pattern(11 * mebi, 5);
    const parts = [whole.subarray(0, 5 * mebi), whole.subarray(5 * mebi, 10 * mebi), whole.subarray(10 * mebi)];

    room.capability("create, three parts at once, complete", async () => {
      const Bucket = await room.shared();
      const Key = "a+b & c/ü";
      const created = await s3.createMultipartUpload({ Bucket, Key, ContentType: "text/x-ours", Metadata: { a: "1" } });
      expect(created).toMatchObject({ Bucket, Key });
      const { UploadId } = created;
      const Parts = await Promise.all(
        parts.map(async (Body, index) => {
          const PartNumber = index + 1;
          const { ETag } = await s3.uploadPart({ Bucket, Key, UploadId, PartNumber, Body });
          return { PartNumber, ETag };
        }),
      );
      const done = await s3.completeMultipartUpload({ Bucket, Key, UploadId, MultipartUpload: { Parts } });
      const md5s = parts.map((part) => createHash("md5").update(part).digest());
      const expected = `"${createHash("md5").update(Buffer.concat(md5s)).digest("hex")}-3"`;
      expect(done).toMatchObject({ Bucket, Key });

      const answer = await s3.getObject({ Bucket, Key });
      expect(answer).toMatchObject({
        ContentLength: whole.length,
        ETag: expected,
        ContentType: "text/x-ours",
        Metadata: { a: "1" },
      });
      expect(sha(await answer.Body.bytes())).toBe(sha(whole));
      expect((await s3.headObject({ Bucket, Key })).ETag).toBe(expected);
      const middle = await s3.getObject({ Bucket, Key, Range: `bytes=${5 * mebi - 10}-${5 * mebi + 9}` });
      expect(sha(await middle.Body.bytes())).toBe(sha(whole.subarray(5 * mebi - 10, 5 * mebi + 10)));
    });

    room.capability("the answer to complete has the ETag of the whole", async () => {
      const Bucket = await room.shared();
      const { UploadId } = await s3.createMultipartUpload({ Bucket, Key: "etag" });
      const { ETag } = await s3.uploadPart({ Bucket, Key: "etag", UploadId, PartNumber: 1, Body: "x" });
      const Parts = [{ PartNumber: 1, ETag }];
      const done = await s3.completeMultipartUpload({ Bucket, Key: "etag", UploadId, MultipartUpload: { Parts } });
      expect(done.ETag).toBe((await s3.headObject({ Bucket, Key: "etag" })).ETag);
    });

    room.capability("read by part number", async () => {
      const Bucket = await room.shared();
      await upload(room, Bucket, "by part", parts);
      const second = await s3.getObject({ Bucket, Key: "by part", PartNumber: 2 });
      expect(sha(await second.Body.bytes())).toBe(sha(parts[1]!));
      expect(second.PartsCount).toBe(3);
      expect(second.ContentRange).toBe(`bytes ${5 * mebi}-${10 * mebi - 1}/${whole.length}`);
    });

    room.capability("list parts, paged", async () => {
      const Bucket = await room.shared();
      const { UploadId } = await s3.createMultipartUpload({ Bucket, Key: "parts" });
      for (const PartNumber of [2, 1, 7])
        await s3.uploadPart({ Bucket, Key: "parts", UploadId, PartNumber, Body: `part ${PartNumber}` });
      const all = await s3.listParts({ Bucket, Key: "parts", UploadId });
      expect(all.Parts.map(({ PartNumber, Size }) => [PartNumber, Size])).toEqual([
        [1, 6],
        [2, 6],
        [7, 6],
      ]);
      expect(all.Parts[0]?.LastModified).toBeInstanceOf(Date);
      expect(all.IsTruncated).toBe(false);
      const first = await s3.listParts({ Bucket, Key: "parts", UploadId, MaxParts: 2 });
      expect(first.IsTruncated).toBe(true);
      const rest = await s3.listParts({ Bucket, Key: "parts", UploadId, PartNumberMarker: first.NextPartNumberMarker });
      expect(rest.Parts.map(({ PartNumber }) => PartNumber)).toEqual([7]);
      await s3.abortMultipartUpload({ Bucket, Key: "parts", UploadId });
    });

    room.capability("an aborted upload is gone", async () => {
      const Bucket = await room.shared();
      const { UploadId } = await s3.createMultipartUpload({ Bucket, Key: "aborted" });
      await s3.uploadPart({ Bucket, Key: "aborted", UploadId, PartNumber: 1, Body: "x" });
      await s3.abortMultipartUpload({ Bucket, Key: "aborted", UploadId });
      await refuses(s3.uploadPart({ Bucket, Key: "aborted", UploadId, PartNumber: 2, Body: "x" }), "NoSuchUpload", 404);
      expect((await s3.listMultipartUploads({ Bucket, Prefix: "aborted" })).Uploads).toEqual([]);
      await refuses(s3.getObject({ Bucket, Key: "aborted" }), "NoSuchKey", 404);
      await refuses(s3.listParts({ Bucket, Key: "aborted", UploadId }), "NoSuchUpload", 404);
    });

    room.capability("list uploads", async () => {
      const Bucket = await room.bucket();
      const keys = ["up/a b", "up/c&d", "up/é"];
      for (const Key of keys) await s3.createMultipartUpload({ Bucket, Key });
      const { Uploads } = await s3.listMultipartUploads({ Bucket, Prefix: "up/" });
      expect(Uploads.map(({ Key }) => Key).sort()).toEqual(keys);
      expect(Uploads[0]).toMatchObject({ UploadId: expect.any(String), Initiated: expect.any(Date) });
    });

    room.capability("list uploads, in the order of their keys", async () => {
      const Bucket = await room.bucket();
      // So many that no order at all is not this one by chance.
      const keys = Array.from("qmzhbwtkcxfry", (letter) => `up/${letter}`);
      for (const Key of keys) await s3.createMultipartUpload({ Bucket, Key });
      const { Uploads } = await s3.listMultipartUploads({ Bucket });
      expect(Uploads.map(({ Key }) => Key)).toEqual(keys.sort());
    });

    room.capability("list uploads, paged", async () => {
      const Bucket = await room.bucket();
      const keys = ["a b", "c&d", "e+f", "é"];
      for (const Key of keys) await s3.createMultipartUpload({ Bucket, Key });
      const seen: (string | undefined)[] = [];
      const markers: { KeyMarker?: string; UploadIdMarker?: string } = {};
      for (let pages = 0; pages < 10; pages += 1) {
        const page = await s3.listMultipartUploads({ Bucket, MaxUploads: 1, ...markers });
        seen.push(...page.Uploads.map(({ Key }) => Key));
        if (page.IsTruncated !== true) break;
        markers.KeyMarker = page.NextKeyMarker ?? "";
        markers.UploadIdMarker = page.NextUploadIdMarker ?? "";
      }
      expect(seen).toEqual(keys);
    });

    room.capability("list uploads, grouped by delimiter", async () => {
      const Bucket = await room.bucket();
      for (const Key of ["d/1", "d/2", "e"]) await s3.createMultipartUpload({ Bucket, Key });
      const page = await s3.listMultipartUploads({ Bucket, Delimiter: "/" });
      expect(page.CommonPrefixes.map(({ Prefix }) => Prefix)).toEqual(["d/"]);
      expect(page.Uploads.map(({ Key }) => Key)).toEqual(["e"]);
    });

    room.capability("a part copied from another object", async () => {
      const Bucket = await room.shared();
      const source = "source of +parts é";
      await s3.putObject({ Bucket, Key: source, Body: parts[0] });
      const { UploadId } = await s3.createMultipartUpload({ Bucket, Key: "copied" });
      const one = await s3.uploadPartCopy({
        Bucket,
        Key: "copied",
        UploadId,
        PartNumber: 1,
        CopySource: { Bucket, Key: source },
      });
      const two = await s3.uploadPartCopy({
        Bucket,
        Key: "copied",
        UploadId,
        PartNumber: 2,
        CopySource: { Bucket, Key: source },
        CopySourceRange: "bytes=100-199",
      });
      expect(two.CopyPartResult?.LastModified).toBeInstanceOf(Date);
      const Parts = [one, two].map((part, index) => ({ PartNumber: index + 1, ETag: part.CopyPartResult?.ETag }));
      await s3.completeMultipartUpload({ Bucket, Key: "copied", UploadId, MultipartUpload: { Parts } });
      const bytes = await (await s3.getObject({ Bucket, Key: "copied" })).Body.bytes();
      expect(sha(bytes)).toBe(sha(Buffer.concat([parts[0]!, parts[0]!.subarray(100, 200)])));
    });

    room.capability("a wrong part is refused", async () => {
      const Bucket = await room.shared();
      const Key = "wrong";
      const { UploadId } = await s3.createMultipartUpload({ Bucket, Key });
      await s3.uploadPart({ Bucket, Key, UploadId, PartNumber: 1, Body: "x" });
      const Parts = [{ PartNumber: 1, ETag: '"00000000000000000000000000000000"' }];
      await refuses(
        s3.completeMultipartUpload({ Bucket, Key, UploadId, MultipartUpload: { Parts } }),
        "InvalidPart",
        400,
      );
      await s3.abortMultipartUpload({ Bucket, Key, UploadId });
    });

    room.capability("parts out of order are refused", async () => {
      const Bucket = await room.shared();
      const Key = "order";
      const { UploadId } = await s3.createMultipartUpload({ Bucket, Key });
      const Parts = [];
      for (const PartNumber of [1, 2]) {
        const { ETag } = await s3.uploadPart({ Bucket, Key, UploadId, PartNumber, Body: parts[0] });
        Parts.unshift({ PartNumber, ETag });
      }
      await refuses(
        s3.completeMultipartUpload({ Bucket, Key, UploadId, MultipartUpload: { Parts } }),
        "InvalidPartOrder",
        400,
      );
      await s3.abortMultipartUpload({ Bucket, Key, UploadId });
    });

    room.capability("a part that is too small is refused", async () => {
      const Bucket = await room.shared();
      await refuses(upload(room, Bucket, "small", [new Uint8Array(1000), new Uint8Array(10)]), "EntityTooSmall", 400);
    });

    room.capability("an upload that never was", async () => {
      const Bucket = await room.shared();
      const UploadId = "2~AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
      await refuses(s3.uploadPart({ Bucket, Key: "k", UploadId, PartNumber: 1, Body: "x" }), "NoSuchUpload", 404);
      await refuses(s3.abortMultipartUpload({ Bucket, Key: "k", UploadId }), "NoSuchUpload", 404);
    });

    room.capability("a part sent again replaces the first", async () => {
      const Bucket = await room.shared();
      const Key = "again";
      const { UploadId } = await s3.createMultipartUpload({ Bucket, Key });
      await s3.uploadPart({ Bucket, Key, UploadId, PartNumber: 1, Body: "first" });
      const { ETag } = await s3.uploadPart({ Bucket, Key, UploadId, PartNumber: 1, Body: "second" });
      await s3.completeMultipartUpload({
        Bucket,
        Key,
        UploadId,
        MultipartUpload: { Parts: [{ PartNumber: 1, ETag }] },
      });
      expect(await text(s3.getObject({ Bucket, Key }))).toBe("second");
    });
  });
}

/** A whole multipart upload, one part after the other. */
async function upload(room: Room, Bucket: string, Key: string, bodies: readonly Uint8Array[]): Promise<void> {
  const { s3 } = room;
  const { UploadId } = await s3.createMultipartUpload({ Bucket, Key });
  const Parts = [];
  for (const [index, Body] of bodies.entries()) {
    const { ETag } = await s3.uploadPart({ Bucket, Key, UploadId, PartNumber: index + 1, Body });
    Parts.push({ PartNumber: index + 1, ETag });
  }
  await s3.completeMultipartUpload({ Bucket, Key, UploadId, MultipartUpload: { Parts } });
}

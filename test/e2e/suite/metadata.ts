import { ParamValidationError } from "tucuxi";
import { expect } from "vitest";
import { room } from "../room.js";
import type { Target } from "../target.js";

/** What an object says of itself besides its bytes. */
export function metadata(target: Target): void {
  room(target, "metadata", (room) => {
    const { s3 } = room;

    room.capability("of the user's own", async () => {
      const Bucket = await room.shared();
      const Metadata = {
        plain: "value",
        "with-dash": "a b  c",
        number: "0123",
        symbols: 'a=b;c,d "e" <f> & %20 +',
        equals: "=?utf-8?",
      };
      await s3.putObject({ Bucket, Key: "own", Body: "x", Metadata });
      expect((await s3.headObject({ Bucket, Key: "own" })).Metadata).toEqual(Metadata);
      const got = await s3.getObject({ Bucket, Key: "own" });
      expect(got.Metadata).toEqual(Metadata);
      await got.Body.text();
    });

    room.capability("none is an empty dictionary", async () => {
      const Bucket = await room.shared();
      await s3.putObject({ Bucket, Key: "none", Body: "x" });
      expect((await s3.headObject({ Bucket, Key: "none" })).Metadata).toEqual({});
    });

    room.capability("names come back in lower case", async () => {
      const Bucket = await room.shared();
      await s3.putObject({ Bucket, Key: "case", Body: "x", Metadata: { MixedCase: "Value" } });
      expect((await s3.headObject({ Bucket, Key: "case" })).Metadata).toEqual({ mixedcase: "Value" });
    });

    room.capability("two kilobytes of it", async () => {
      const Bucket = await room.shared();
      const Metadata = Object.fromEntries(Array.from({ length: 20 }, (_, n) => [`name${n}`, "v".repeat(90)]));
      await s3.putObject({ Bucket, Key: "long", Body: "x", Metadata });
      expect((await s3.headObject({ Bucket, Key: "long" })).Metadata).toEqual(Metadata);
    });

    room.capability("what no header can carry is refused before it is sent", async () => {
      const Bucket = await room.shared();
      for (const value of ["日本", "a\r\nx-evil: 1"]) {
        await expect(s3.putObject({ Bucket, Key: "bad", Body: "x", Metadata: { value } })).rejects.toThrow(
          ParamValidationError,
        );
      }
    });

    room.capability("system headers", async () => {
      const Bucket = await room.shared();
      const Expires = new Date("2031-05-06T07:08:09Z");
      const headers = {
        CacheControl: "max-age=60, private",
        ContentDisposition: 'attachment; filename="a b.txt"',
        ContentEncoding: "identity-of-ours",
        ContentLanguage: "pt-BR",
        ContentType: "text/plain; charset=utf-8",
      };
      await s3.putObject({ Bucket, Key: "system", Body: "x", ...headers, Expires });
      const head = await s3.headObject({ Bucket, Key: "system" });
      expect(head).toMatchObject(headers);
      expect(head.Expires).toEqual(Expires);
    });

    room.capability("size, ETag and time", async () => {
      const Bucket = await room.shared();
      const put = await s3.putObject({ Bucket, Key: "facts", Body: "12345" });
      const head = await s3.headObject({ Bucket, Key: "facts" });
      expect(head.ContentLength).toBe(5);
      expect(head.ETag).toBe(put.ETag);
      expect(head.AcceptRanges).toBe("bytes");
      expect(Math.abs(Date.now() - (head.LastModified?.getTime() ?? 0))).toBeLessThan(300_000);
      const listed = (await s3.listObjectsV2({ Bucket, Prefix: "facts" })).Contents[0];
      expect(listed).toMatchObject({ Key: "facts", Size: 5, ETag: put.ETag, StorageClass: "STANDARD" });
      const seconds = (date: Date | undefined) => Math.floor((date?.getTime() ?? 0) / 1000);
      expect(seconds(listed?.LastModified)).toBe(seconds(head.LastModified));
    });

    room.capability("a reader may ask for other headers", async () => {
      const Bucket = await room.shared();
      await s3.putObject({ Bucket, Key: "override", Body: "x", ContentType: "text/plain" });
      const answer = await s3.getObject({
        Bucket,
        Key: "override",
        ResponseCacheControl: "no-cache",
        ResponseContentDisposition: 'attachment; filename="ü & b.txt"'.replace("ü", "u"),
        ResponseContentEncoding: "x-ours",
        ResponseContentLanguage: "de",
        ResponseContentType: "application/x-ours",
        ResponseExpires: new Date("2032-01-02T03:04:05Z"),
      });
      await answer.Body.text();
      expect(answer).toMatchObject({
        CacheControl: "no-cache",
        ContentDisposition: 'attachment; filename="u & b.txt"',
        ContentEncoding: "x-ours",
        ContentLanguage: "de",
        ContentType: "application/x-ours",
        Expires: new Date("2032-01-02T03:04:05Z"),
      });
    });

    room.capability("attributes", async () => {
      const Bucket = await room.shared();
      const { ETag } = await s3.putObject({ Bucket, Key: "attributes", Body: "12345" });
      const answer = await s3.getObjectAttributes({
        Bucket,
        Key: "attributes",
        ObjectAttributes: ["ETag", "ObjectSize", "StorageClass"],
      });
      expect(answer.ObjectSize).toBe(5);
      expect(answer.ETag?.replaceAll('"', "")).toBe(ETag?.replaceAll('"', ""));
      expect(answer.LastModified).toBeInstanceOf(Date);
    });
  });
}

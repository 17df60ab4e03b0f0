import { expect } from "vitest";
import { refuses, room, text } from "../room.js";
import type { Target } from "../target.js";

/** URLs that carry their own permission, used by plain `fetch`. */
export function presign(target: Target): void {
  room(target, "presign", (room) => {
    const { s3 } = room;
    const Key = "dir/ü + & = 100%?#.txt";

    room.capability("GET", async () => {
      const Bucket = await room.shared();
      await s3.putObject({ Bucket, Key, Body: "by url" });
      const answer = await fetch(await s3.presign("getObject", { Bucket, Key }));
      expect([answer.status, await answer.text()]).toEqual([200, "by url"]);
    });

    room.capability("PUT", async () => {
      const Bucket = await room.shared();
      const url = await s3.presign("putObject", {
        Bucket,
        Key: "put",
        ContentType: "text/x-ours",
        Metadata: { a: "b c" },
      });
      const headers = { "content-type": "text/x-ours", "x-amz-meta-a": "b c" };
      const answer = await fetch(url, { method: "PUT", body: "sent by fetch", headers });
      expect([answer.status, await answer.text()]).toEqual([200, ""]);
      const head = await s3.headObject({ Bucket, Key: "put" });
      expect(head).toMatchObject({ ContentType: "text/x-ours", Metadata: { a: "b c" } });
      expect(await text(s3.getObject({ Bucket, Key: "put" }))).toBe("sent by fetch");
    });

    room.capability("HEAD and DELETE", async () => {
      const Bucket = await room.shared();
      await s3.putObject({ Bucket, Key: "gone", Body: "12345" });
      const head = await fetch(await s3.presign("headObject", { Bucket, Key: "gone" }), { method: "HEAD" });
      expect([head.status, head.headers.get("content-length")]).toEqual([200, "5"]);
      const deleted = await fetch(await s3.presign("deleteObject", { Bucket, Key: "gone" }), { method: "DELETE" });
      expect(deleted.status).toBe(204);
      await refuses(s3.getObject({ Bucket, Key: "gone" }), "NoSuchKey", 404);
    });

    room.capability("list", async () => {
      const Bucket = await room.bucket();
      await s3.putObject({ Bucket, Key: "l/1", Body: "x" });
      const answer = await fetch(await s3.presign("listObjectsV2", { Bucket, Prefix: "l/", MaxKeys: 5 }));
      expect(answer.status).toBe(200);
      expect(await answer.text()).toMatch(/<Key>l(\/|%2F)1<\/Key>/);
    });

    room.capability("headers that the answer shall have", async () => {
      const Bucket = await room.shared();
      await s3.putObject({ Bucket, Key, Body: "x" });
      const ResponseContentDisposition = 'attachment; filename="report & sum.txt"';
      const answer = await fetch(
        await s3.presign("getObject", { Bucket, Key, ResponseContentDisposition, ResponseContentType: "text/x-a" }),
      );
      await answer.arrayBuffer();
      expect(answer.headers.get("content-disposition")).toBe(ResponseContentDisposition);
      expect(answer.headers.get("content-type")).toBe("text/x-a");
    });

    room.capability("a part of an upload", async () => {
      const Bucket = await room.shared();
      const { UploadId } = await s3.createMultipartUpload({ Bucket, Key: "part" });
      const url = await s3.presign("uploadPart", { Bucket, Key: "part", UploadId, PartNumber: 1 });
      const answer = await fetch(url, { method: "PUT", body: "the part" });
      expect(answer.status).toBe(200);
      const ETag = answer.headers.get("etag") ?? "";
      await s3.completeMultipartUpload({
        Bucket,
        Key: "part",
        UploadId,
        MultipartUpload: { Parts: [{ PartNumber: 1, ETag }] },
      });
      expect(await text(s3.getObject({ Bucket, Key: "part" }))).toBe("the part");
    });

    room.capability("with and without a promise: the same URL", async () => {
      const Bucket = await room.shared();
      const signingDate = new Date();
      const input = { Bucket, Key };
      expect(s3.presignSync("getObject", input, { signingDate, expiresIn: 60 })).toBe(
        await s3.presign("getObject", input, { signingDate, expiresIn: 60 }),
      );
    });

    room.capability("an expired one is refused", async () => {
      const Bucket = await room.shared();
      await s3.putObject({ Bucket, Key, Body: "x" });
      const url = await s3.presign(
        "getObject",
        { Bucket, Key },
        { expiresIn: 60, signingDate: new Date(Date.now() - 120_000) },
      );
      const answer = await fetch(url);
      expect(answer.status).toBe(403);
      expect(await answer.text()).toMatch(/<Code>(AccessDenied|ExpiredToken|RequestExpired)<\/Code>/);
    });

    room.capability("an altered one is refused", async () => {
      const Bucket = await room.shared();
      await s3.putObject({ Bucket, Key: "one", Body: "x" });
      await s3.putObject({ Bucket, Key: "two", Body: "x" });
      const url = await s3.presign("getObject", { Bucket, Key: "one" });
      for (const altered of [url.replace("/one?", "/two?"), url.replace("X-Amz-Expires=3600", "X-Amz-Expires=9999")]) {
        expect(altered).not.toBe(url);
        const answer = await fetch(altered);
        expect(answer.status).toBe(403);
        expect(await answer.text()).toContain("<Code>SignatureDoesNotMatch</Code>");
      }
    });

    room.capability("for one method only", async () => {
      const Bucket = await room.shared();
      await s3.putObject({ Bucket, Key: "method", Body: "x" });
      const url = await s3.presign("getObject", { Bucket, Key: "method" });
      const answer = await fetch(url, { method: "DELETE" });
      expect(answer.status).toBe(403);
      await s3.headObject({ Bucket, Key: "method" });
    });

    room.capability("a signed header must come", async () => {
      const Bucket = await room.shared();
      const url = await s3.presign("putObject", { Bucket, Key: "header", ContentType: "text/x-ours" });
      const answer = await fetch(url, { method: "PUT", body: "x", headers: { "content-type": "text/html" } });
      expect(answer.status).toBe(403);
    });
  });

  room(target, "post", (room) => {
    const { s3 } = room;
    /** A server may hang up on a form as soon as it dislikes it, sometimes before its answer is read: then once more. */
    const submit = async (url: string, body: () => FormData): Promise<Response> => {
      for (let attempt = 1; ; attempt += 1) {
        try {
          return await fetch(url, { method: "POST", body: body() });
        } catch (error) {
          if (attempt === 5) throw error;
        }
      }
    };
    const form = (fields: Record<string, string>, file: string): FormData => {
      const data = new FormData();
      for (const [name, value] of Object.entries(fields)) data.append(name, value);
      data.append("file", new Blob([file]), "name.txt");
      return data;
    };

    room.capability("a form uploads a file", async () => {
      const Bucket = await room.shared();
      const { url, fields } = await s3.presignPost({
        Bucket,
        Key: "form/ü.txt",
        Fields: { "Content-Type": "text/x-form" },
        Conditions: [{ "Content-Type": "text/x-form" }, ["content-length-range", 1, 100]],
      });
      const answer = await submit(url, () => form(fields, "from a form"));
      expect([answer.status, await answer.text()]).toEqual([204, ""]);
      expect(await text(s3.getObject({ Bucket, Key: "form/ü.txt" }))).toBe("from a form");
      expect((await s3.headObject({ Bucket, Key: "form/ü.txt" })).ContentType).toBe("text/x-form");
    });

    room.capability("a file that is too large is refused", async () => {
      const Bucket = await room.shared();
      const { url, fields } = await s3.presignPost({
        Bucket,
        Key: "large",
        Conditions: [["content-length-range", 1, 5]],
      });
      const answer = await submit(url, () => form(fields, "more than five"));
      expect(answer.status).toBe(400);
      expect(await answer.text()).toContain("<Code>EntityTooLarge</Code>");
    });

    room.capability("a field that the policy does not allow is refused", async () => {
      const Bucket = await room.shared();
      const { url, fields } = await s3.presignPost({ Bucket, Key: "strict" });
      const answer = await submit(url, () => form({ ...fields, key: "other" }, "x"));
      expect(answer.status).toBe(403);
      expect(await answer.text()).toContain("<Code>AccessDenied</Code>");
    });
  });
}

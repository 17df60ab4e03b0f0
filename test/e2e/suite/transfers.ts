import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect } from "vitest";
import { pattern, room } from "../room.js";
import type { Target } from "../target.js";

const MIB = 1024 * 1024;
const parts = { partSize: 5 * MIB, multipartThreshold: 5 * MIB, concurrency: 3 };

/** Large objects and whole trees. */
export function transfers(target: Target): void {
  room(target, "transfers", (room) => {
    const { s3 } = room;
    const bytes = pattern(11 * MIB + 3, 7);
    let made: Promise<string> | undefined;
    const folder = (): Promise<string> => {
      made ??= mkdtemp(join(tmpdir(), "tucuxi-e2e-"));
      return made;
    };
    afterAll(async () => rm(await folder(), { recursive: true, force: true }));

    room.capability("a file goes up in parts and comes back by ranges", async () => {
      const Bucket = await room.shared();
      const path = join(await folder(), "large");
      await writeFile(path, bytes);
      await s3.uploadFile(path, { Bucket, Key: "large", ContentType: "image/jpeg", Metadata: { a: "b" } }, parts);
      await s3.downloadFile({ Bucket, Key: "large" }, `${path}.back`, { partSize: 2 * MIB });
      expect(Buffer.compare(await readFile(`${path}.back`), bytes)).toBe(0);
      expect(await s3.headObject({ Bucket, Key: "large" })).toMatchObject({
        ContentType: "image/jpeg",
        Metadata: { a: "b" },
      });
    });

    room.capability("a stream of unknown length goes up, an empty object comes back", async () => {
      const Bucket = await room.shared();
      await s3.upload(
        { Bucket, Key: "stream", Body: new Blob([bytes]).stream() as ReadableStream<Uint8Array> as never },
        parts,
      );
      expect(Buffer.compare((await s3.download({ Bucket, Key: "stream" })).Body, bytes)).toBe(0);
      await s3.upload({ Bucket, Key: "empty", Body: [] });
      expect((await s3.download({ Bucket, Key: "empty" })).Body).toHaveLength(0);
    });

    room.capability("a broken upload goes on with the parts that are there", async () => {
      const Bucket = await room.shared();
      let sent = 0;
      const flaky = room.client({
        maxAttempts: 1,
        hooks: {
          beforeSend: ({ operation }) => {
            if (operation === "UploadPart" && ++sent === 3) throw new Error("gone");
          },
        },
      });
      const input = { Bucket, Key: "resumed", Body: bytes };
      await expect(flaky.upload(input, { ...parts, concurrency: 1, resume: true })).rejects.toThrow("gone");
      let again = 0;
      const counting = room.client({
        hooks: {
          beforeSend: ({ operation }) => {
            if (operation === "UploadPart") again++;
          },
        },
      });
      await counting.upload(input, { ...parts, resume: true });
      expect(again).toBe(1);
      expect(Buffer.compare((await s3.download({ Bucket, Key: "resumed" })).Body, bytes)).toBe(0);
    });

    room.capability("a copy in parts carries metadata", async () => {
      const Bucket = await room.shared();
      await s3.upload({ Bucket, Key: "source", Body: bytes, ContentType: "text/x", Metadata: { a: "b" } });
      await s3.copy({ Bucket, Key: "copied", CopySource: { Bucket, Key: "source" } }, parts);
      expect(await s3.headObject({ Bucket, Key: "copied" })).toMatchObject({
        ContentType: "text/x",
        Metadata: { a: "b" },
      });
      expect(Buffer.compare((await s3.download({ Bucket, Key: "copied" })).Body, bytes)).toBe(0);
    });

    room.capability("a download stays with the version it began with", async () => {
      const Bucket = await room.bucket();
      await s3.putBucketVersioning({ Bucket, VersioningConfiguration: { Status: "Enabled" } });
      const { VersionId } = await s3.upload({ Bucket, Key: "k", Body: bytes }, parts);
      expect(VersionId).toBeTruthy();
      let count = 0;
      const meddling = room.client({
        hooks: {
          beforeSend: async () => {
            if (++count === 2) await s3.putObject({ Bucket, Key: "k", Body: "other" });
          },
        },
      });
      const out = await meddling.download({ Bucket, Key: "k" }, { partSize: 4 * MIB, concurrency: 1 });
      expect(out.VersionId).toBe(VersionId);
      expect(Buffer.compare(out.Body, bytes)).toBe(0);
    });

    room.capability("parts and ranges under a key of the caller's", async () => {
      const Bucket = await room.shared();
      const key = { SSECustomerAlgorithm: "AES256", SSECustomerKey: Buffer.from(pattern(32, 3)) };
      await s3.upload({ Bucket, Key: "secret", Body: bytes, ...key }, parts);
      const out = await s3.download({ Bucket, Key: "secret", ...key }, { partSize: 4 * MIB });
      expect(Buffer.compare(out.Body, bytes)).toBe(0);
    });

    room.capability("an aborted upload leaves nothing", async () => {
      const Bucket = await room.bucket();
      const controller = new AbortController();
      const reason = new Error("enough");
      const stopping = room.client({
        hooks: {
          afterResponse: ({ operation }) => {
            if (operation === "UploadPart") controller.abort(reason);
          },
        },
      });
      await expect(
        stopping.upload({ Bucket, Key: "k", Body: bytes }, { ...parts, signal: controller.signal }),
      ).rejects.toBe(reason);
      expect((await s3.listMultipartUploads({ Bucket })).Uploads).toEqual([]);
    });

    room.capability("a tree goes up, is synchronised, and comes back", async () => {
      const Bucket = await room.bucket();
      const root = join(await folder(), "tree");
      await mkdir(join(root, "sub"), { recursive: true });
      for (const name of ["a", "b.txt", "sub/c d", "sub/é"]) await writeFile(join(root, name), name);
      expect(await s3.uploadDirectory(root, { Bucket, Prefix: "t" })).toMatchObject({ transferred: 4, failures: [] });
      await rm(join(root, "a"));
      await writeFile(join(root, "b.txt"), "changed");
      const result = await s3.sync(root, { Bucket, Prefix: "t" }, { delete: true });
      expect(result).toMatchObject({ transferred: 1, unchanged: 2, deleted: 1, failures: [] });
      const back = join(await folder(), "back");
      await s3.downloadDirectory({ Bucket, Prefix: "t" }, back);
      expect((await readdir(back, { recursive: true })).sort()).toEqual(["b.txt", "sub", "sub/c d", "sub/é"]);
      expect(await readFile(join(back, "b.txt"), "utf8")).toBe("changed");
    });
  });
}

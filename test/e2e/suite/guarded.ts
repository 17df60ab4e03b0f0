import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { S3Client } from "tucuxi";
import { afterAll, expect } from "vitest";
import { pattern, type Room, room } from "../room.js";
import type { Target } from "../target.js";

const MIB = 1024 * 1024;
const parts = { partSize: 5 * MIB, multipartThreshold: 5 * MIB, concurrency: 3 };
const first = pattern(11 * MIB + 3, 7);
const second = pattern(11 * MIB + 3, 8);

/** A client that fails before its nth request of a kind. */
function failingAt(room: Room, operation: string, number: number): S3Client {
  let count = 0;
  const beforeSend = (seen: { readonly operation: string }): void => {
    if (seen.operation === operation && ++count === number) throw new Error("gone");
  };
  return room.client({ maxAttempts: 1, hooks: { beforeSend } });
}

function folderOf(): () => Promise<string> {
  let made: Promise<string> | undefined;
  afterAll(async () => {
    if (made) await rm(await made, { recursive: true, force: true });
  });
  return () => {
    made ??= mkdtemp(join(tmpdir(), "tucuxi-e2e-"));
    return made;
  };
}

/** Transfers where every version stays. */
export function versionedTransfers(target: Target): void {
  room(target, "transfers of versions", (room) => {
    const { s3 } = room;
    const folder = folderOf();
    const versioned = async (): Promise<string> => {
      const Bucket = await room.bucket();
      await s3.putBucketVersioning({ Bucket, VersioningConfiguration: { Status: "Enabled" } });
      return Bucket;
    };

    room.capability("each upload in parts is a version, and comes back whole", async () => {
      const input = { Bucket: await versioned(), Key: "k" };
      const old = await s3.upload({ ...input, Body: first }, parts);
      const now = await s3.upload({ ...input, Body: second }, parts);
      expect(old.VersionId).toBeTruthy();
      expect(now.VersionId).not.toBe(old.VersionId);
      const path = join(await folder(), "version");
      await s3.downloadFile({ ...input, VersionId: old.VersionId }, path, { partSize: 4 * MIB });
      expect(Buffer.compare(await readFile(path), first)).toBe(0);
      await s3.downloadFile(input, path, { partSize: 4 * MIB });
      expect(Buffer.compare(await readFile(path), second)).toBe(0);
    });

    room.capability("an older version is copied in parts to the top", async () => {
      const input = { Bucket: await versioned(), Key: "k" };
      const { VersionId } = await s3.upload({ ...input, Body: first, Metadata: { a: "b" } }, parts);
      await s3.putObject({ ...input, Body: "other" });
      await s3.copy({ ...input, CopySource: { ...input, VersionId: VersionId! } }, parts);
      expect(Buffer.compare((await s3.download(input)).Body, first)).toBe(0);
      expect((await s3.headObject(input)).Metadata).toEqual({ a: "b" });
      expect((await s3.listObjectVersions({ Bucket: input.Bucket })).Versions).toHaveLength(3);
    });

    room.capability("an aborted upload leaves neither a version nor parts", async () => {
      const input = { Bucket: await versioned(), Key: "k" };
      await s3.putObject({ ...input, Body: "before" });
      const controller = new AbortController();
      const afterResponse = ({ operation }: { readonly operation: string }): void => {
        if (operation === "UploadPart") controller.abort(new Error("enough"));
      };
      const stopping = room.client({ hooks: { afterResponse } });
      const call = stopping.upload({ ...input, Body: first }, { ...parts, signal: controller.signal });
      await expect(call).rejects.toThrow("enough");
      expect((await s3.listMultipartUploads({ Bucket: input.Bucket })).Uploads).toEqual([]);
      expect((await s3.listObjectVersions({ Bucket: input.Bucket })).Versions).toHaveLength(1);
    });

    room.capability("a download goes on with the same object, and begins anew with another", async () => {
      const input = { Bucket: await versioned(), Key: "k" };
      const path = join(await folder(), "resumed");
      const options = { partSize: 4 * MIB, concurrency: 1, resume: true };
      await s3.upload({ ...input, Body: first }, parts);
      await expect(failingAt(room, "GetObject", 3).downloadFile(input, path, options)).rejects.toThrow("gone");
      await expect(failingAt(room, "GetObject", 2).downloadFile(input, path, options)).resolves.toBeTruthy();
      expect(Buffer.compare(await readFile(path), first)).toBe(0);
      await expect(failingAt(room, "GetObject", 3).downloadFile(input, path, options)).rejects.toThrow("gone");
      await s3.upload({ ...input, Body: second }, parts);
      await s3.downloadFile(input, path, options);
      expect(Buffer.compare(await readFile(path), second)).toBe(0);
    });

    room.capability("what a synchronised tree deletes can be had back", async () => {
      const Bucket = await versioned();
      const root = join(await folder(), "tree");
      await mkdir(root);
      await writeFile(join(root, "a"), "a");
      await writeFile(join(root, "b"), "b");
      await s3.sync(root, { Bucket, Prefix: "t" });
      await rm(join(root, "a"));
      expect(await s3.sync(root, { Bucket, Prefix: "t" }, { delete: true })).toMatchObject({
        deleted: 1,
        failures: [],
      });
      const { Versions, DeleteMarkers } = await s3.listObjectVersions({ Bucket });
      expect(DeleteMarkers.map(({ Key }) => Key)).toEqual(["t/a"]);
      const { VersionId } = Versions.find(({ Key }) => Key === "t/a") ?? {};
      const { Body } = await s3.download({ Bucket, Key: "t/a", VersionId });
      expect(Buffer.from(Body).toString()).toBe("a");
    });
  });
}

/** Transfers under a key that the service does not keep. */
export function encryptedTransfers(target: Target): void {
  room(target, "transfers under a key", (room) => {
    const { s3 } = room;
    const folder = folderOf();
    const key = { SSECustomerAlgorithm: "AES256", SSECustomerKey: Buffer.from(pattern(32, 3)) };
    /** A bucket of a service that takes such keys; one that does not says so here. */
    const encrypting = async (): Promise<string> => {
      const Bucket = await room.shared();
      await s3.putObject({ Bucket, Key: "any", Body: "", ...key });
      return Bucket;
    };

    room.capability("a file goes up, broken off and resumed, and comes back the same way", async () => {
      const Bucket = await encrypting();
      const path = join(await folder(), "secret");
      await writeFile(path, first);
      const input = { Bucket, Key: "resumed", ...key };
      const options = { ...parts, concurrency: 1, resume: true };
      await expect(failingAt(room, "UploadPart", 3).uploadFile(path, input, options)).rejects.toThrow("gone");
      await s3.uploadFile(path, input, options);
      const back = `${path}.back`;
      await expect(failingAt(room, "GetObject", 3).downloadFile(input, back, options)).rejects.toThrow("gone");
      await s3.downloadFile(input, back, options);
      expect(Buffer.compare(await readFile(back), first)).toBe(0);
    });

    room.capability("a copy in parts goes from key to key", async () => {
      const Bucket = await encrypting();
      await s3.upload({ Bucket, Key: "from", Body: first, ContentType: "text/x", ...key }, parts);
      const other = { ...key, SSECustomerKey: Buffer.from(pattern(32, 4)) };
      const source = {
        CopySource: { Bucket, Key: "from" },
        CopySourceSSECustomerAlgorithm: key.SSECustomerAlgorithm,
        CopySourceSSECustomerKey: key.SSECustomerKey,
      };
      await s3.copy({ Bucket, Key: "to", ...source, ...other }, parts);
      const out = await s3.download({ Bucket, Key: "to", ...other });
      expect(out.ContentType).toBe("text/x");
      expect(Buffer.compare(out.Body, first)).toBe(0);
    });

    room.capability("a tree is synchronised, and compared", async () => {
      const place = { Bucket: await encrypting(), Prefix: "tree", ...key };
      const root = join(await folder(), "tree");
      await mkdir(root);
      await writeFile(join(root, "large"), first);
      await writeFile(join(root, "small"), "hello");
      expect(await s3.sync(root, place, parts)).toMatchObject({ transferred: 2, failures: [] });
      expect(await s3.sync(root, place, parts)).toMatchObject({ transferred: 0, unchanged: 2 });
      // Where neither MD5 nor checksum is kept it moves again; asking is what must not fail.
      expect(await s3.sync(root, place, { ...parts, compare: "checksum" })).toMatchObject({ failures: [] });
      const back = join(await folder(), "tree back");
      expect(await s3.sync(place, back, { partSize: 4 * MIB })).toMatchObject({ transferred: 2, failures: [] });
      expect(Buffer.compare(await readFile(join(back, "large")), first)).toBe(0);
    });
  });
}

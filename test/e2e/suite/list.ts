import { expect } from "vitest";
import { inBatches } from "../cleanup.js";
import { type Room, room } from "../room.js";
import type { Target } from "../target.js";

/** 26 objects: 10 at the top, the rest below prefixes that need encoding. */
const keys = [
  ..."abcdefghij",
  ...["é", "x+y", "x y", "x&y"].flatMap((folder) => [1, 2, 3, 4].map((n) => `${folder}/${n}`)),
].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
const folders = ["x y/", "x&y/", "x+y/", "é/"];

/** Listings, in all three forms. */
export function list(target: Target): void {
  room(target, "list", (room) => {
    const { s3 } = room;
    let filled: Promise<string> | undefined;
    const bucket = () => {
      filled ??= fill(room);
      return filled;
    };

    room.capability("an empty bucket", async () => {
      const Bucket = await room.shared();
      const v2 = await s3.listObjectsV2({ Bucket });
      expect(v2).toMatchObject({ Contents: [], CommonPrefixes: [], KeyCount: 0, IsTruncated: false, Name: Bucket });
      const v1 = await s3.listObjects({ Bucket });
      expect(v1).toMatchObject({ Contents: [], CommonPrefixes: [], IsTruncated: false, Name: Bucket });
      const versions = await s3.listObjectVersions({ Bucket });
      expect(versions).toMatchObject({ Versions: [], DeleteMarkers: [], CommonPrefixes: [] });
    });

    room.capability("v2: everything, with its facts", async () => {
      const answer = await s3.listObjectsV2({ Bucket: await bucket() });
      expect(answer.Contents.map(({ Key }) => Key)).toEqual(keys);
      expect(answer.KeyCount).toBe(keys.length);
      expect(answer.Contents[0]).toMatchObject({ Key: "a", Size: 1, LastModified: expect.any(Date) });
    });

    room.capability("v2: pages by token", async () => {
      const Bucket = await bucket();
      const pages = [];
      let token: string | undefined;
      do {
        const page = await s3.listObjectsV2({
          Bucket,
          MaxKeys: 7,
          ...(token === undefined ? {} : { ContinuationToken: token }),
        });
        expect(page.ContinuationToken).toBe(token);
        pages.push(page.Contents.map(({ Key }) => Key));
        token = page.IsTruncated ? page.NextContinuationToken : undefined;
      } while (token !== undefined && pages.length < 10);
      expect(pages.map((page) => page.length)).toEqual([7, 7, 7, 5]);
      expect(pages.flat()).toEqual(keys);
    });

    room.capability("v2: start after", async () => {
      const Bucket = await bucket();
      const page = await s3.listObjectsV2({ Bucket, StartAfter: "x+y/2" });
      expect(page.StartAfter).toBe("x+y/2");
      expect(page.Contents.map(({ Key }) => Key)).toEqual(keys.slice(keys.indexOf("x+y/2") + 1));
    });

    room.capability("v2: owner on demand", async () => {
      const Bucket = await bucket();
      expect((await s3.listObjectsV2({ Bucket, MaxKeys: 1, FetchOwner: true })).Contents[0]?.Owner?.ID).toEqual(
        expect.any(String),
      );
      expect((await s3.listObjectsV2({ Bucket, MaxKeys: 1 })).Contents[0]?.Owner).toBeUndefined();
    });

    room.capability("v2: folders", async () => {
      const Bucket = await bucket();
      const top = await s3.listObjectsV2({ Bucket, Delimiter: "/" });
      expect(top.CommonPrefixes.map(({ Prefix }) => Prefix)).toEqual(folders);
      expect(top.Contents.map(({ Key }) => Key)).toEqual([..."abcdefghij"]);
      expect(top.KeyCount).toBe(14);
      for (const Prefix of folders) {
        const inside = await s3.listObjectsV2({ Bucket, Delimiter: "/", Prefix });
        expect(inside.Prefix).toBe(Prefix);
        expect(inside.Contents.map(({ Key }) => Key)).toEqual([1, 2, 3, 4].map((n) => `${Prefix}${n}`));
        expect(inside.CommonPrefixes).toEqual([]);
      }
    });

    room.capability("v2: folders, paged", async () => {
      const Bucket = await bucket();
      const found: string[] = [];
      let token: string | undefined;
      for (let pages = 0; pages < 20; pages += 1) {
        const page = await s3.listObjectsV2({
          Bucket,
          Delimiter: "/",
          MaxKeys: 3,
          ...(token === undefined ? {} : { ContinuationToken: token }),
        });
        expect(page.Contents.length + page.CommonPrefixes.length).toBeLessThanOrEqual(3);
        found.push(...page.Contents.map(({ Key }) => Key), ...page.CommonPrefixes.map(({ Prefix }) => Prefix ?? ""));
        if (page.IsTruncated !== true) break;
        token = page.NextContinuationToken;
      }
      expect(found).toEqual([..."abcdefghij", ...folders]);
    });

    room.capability("a delimiter of several characters", async () => {
      const Bucket = await bucket();
      const page = await s3.listObjectsV2({ Bucket, Delimiter: "y/" });
      expect(page.CommonPrefixes.map(({ Prefix }) => Prefix)).toEqual(["x y/", "x&y/", "x+y/"]);
      expect(page.Delimiter).toBe("y/");
    });

    room.capability("a prefix that nothing has", async () => {
      const page = await s3.listObjectsV2({ Bucket: await bucket(), Prefix: "none such" });
      expect(page).toMatchObject({ Contents: [], KeyCount: 0, IsTruncated: false });
    });

    room.capability("v1: pages by marker", async () => {
      const Bucket = await bucket();
      const pages: string[][] = [];
      for (let Marker = "", more = true; more && pages.length < 10; ) {
        const page = await s3.listObjects({ Bucket, MaxKeys: 7, Marker });
        pages.push(page.Contents.map(({ Key }) => Key));
        Marker = page.NextMarker ?? pages.at(-1)?.at(-1) ?? "";
        more = page.IsTruncated === true;
      }
      expect(pages.map((page) => page.length)).toEqual([7, 7, 7, 5]);
      expect(pages.flat()).toEqual(keys);
    });

    room.capability("v1: folders, with the next marker", async () => {
      const Bucket = await bucket();
      const first = await s3.listObjects({ Bucket, Delimiter: "/", MaxKeys: 12 });
      expect(first.Contents).toHaveLength(10);
      expect(first.CommonPrefixes.map(({ Prefix }) => Prefix)).toEqual(folders.slice(0, 2));
      expect(first.NextMarker).toBe("x&y/");
      const rest = await s3.listObjects({ Bucket, Delimiter: "/", Marker: first.NextMarker });
      expect(rest.CommonPrefixes.map(({ Prefix }) => Prefix)).toEqual(folders.slice(2));
      expect(rest.Contents).toEqual([]);
    });

    room.capability("versions: pages by key", async () => {
      const Bucket = await bucket();
      const seen: string[] = [];
      const markers: { KeyMarker?: string; VersionIdMarker?: string } = {};
      for (let pages = 0; pages < 10; pages += 1) {
        const page = await s3.listObjectVersions({ Bucket, MaxKeys: 7, ...markers });
        seen.push(...page.Versions.map(({ Key }) => Key ?? ""));
        if (page.IsTruncated !== true) break;
        markers.KeyMarker = page.NextKeyMarker ?? "";
        if (page.NextVersionIdMarker) markers.VersionIdMarker = page.NextVersionIdMarker;
      }
      expect(seen).toEqual(keys);
    });

    room.capability("versions: folders", async () => {
      const page = await s3.listObjectVersions({ Bucket: await bucket(), Delimiter: "/" });
      expect(page.CommonPrefixes.map(({ Prefix }) => Prefix)).toEqual(folders);
      expect(page.Versions.map(({ Key }) => Key)).toEqual([..."abcdefghij"]);
    });

    room.capability("2100 keys in three pages", async () => {
      const Bucket = await room.bucket();
      const many = Array.from({ length: 2100 }, (_, n) => `k${String(n).padStart(5, "0")}`);
      await inBatches(many, 64, (Key) => s3.putObject({ Bucket, Key, Body: "" }));
      const seen: string[] = [];
      const sizes: number[] = [];
      let token: string | undefined;
      do {
        const page = await s3.listObjectsV2({ Bucket, ...(token === undefined ? {} : { ContinuationToken: token }) });
        sizes.push(page.Contents.length);
        seen.push(...page.Contents.map(({ Key }) => Key));
        token = page.IsTruncated ? page.NextContinuationToken : undefined;
      } while (token !== undefined);
      expect(sizes).toEqual([1000, 1000, 100]);
      expect(seen).toEqual(many);
      // And gone, a thousand a call.
      for (let start = 0; start < many.length; start += 1000) {
        const Objects = many.slice(start, start + 1000).map((Key) => ({ Key }));
        const answer = await s3.deleteObjects({ Bucket, Delete: { Objects, Quiet: true } });
        expect([answer.Deleted, answer.Errors]).toEqual([[], []]);
      }
      expect((await s3.listObjectsV2({ Bucket })).KeyCount).toBe(0);
    });
  });
}

async function fill(room: Room): Promise<string> {
  const Bucket = await room.bucket();
  await inBatches(keys, 8, (Key) => room.s3.putObject({ Bucket, Key, Body: "x" }));
  return Bucket;
}

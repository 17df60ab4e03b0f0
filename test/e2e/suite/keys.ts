import { expect } from "vitest";
import { inBatches } from "../cleanup.js";
import { raw } from "../raw.js";
import { type Room, refuses, room, text } from "../room.js";
import type { Target } from "../target.js";

const c = (...codes: number[]): string => String.fromCodePoint(...codes);

/** Keys that clients and servers stumble over, each legal in S3. */
export const awkwardKeys: readonly string[] = [
  "plain",
  "../x",
  "./x",
  "a/../b",
  "a/./b",
  "..",
  "a/..",
  "a//b",
  "/lead",
  "//lead",
  "trail/",
  "trail//",
  "back\\slash",
  "plus+sign",
  "per%cent",
  "%2F",
  "%41%zz",
  "what?versionId=1",
  "hash#tag",
  "at@=&;!$[]|^`",
  "comma,colon:star*(paren)",
  'it\'s "quoted"',
  "<tag>&amp;&lt;",
  "]]>",
  "{braces}~-._",
  "Grüße",
  "日本語/キー",
  "emoji 😀🏳️‍🌈",
  // The same letter composed and decomposed: two keys.
  "caf\u00e9",
  "cafe\u0301",
  c(0xffe6),
  c(0x1f600),
  "rtl \u202e override",
  "nbsp\u00a0\u3000",
  " lead space",
  "trail space ",
  "two  spaces",
  "0123",
  "1e5",
  "1.10",
  "0x1F",
  "true",
  "null",
  "NaN",
  "__proto__",
  "constructor",
  "a".repeat(1024),
];

/** Those with control characters: XML 1.0 can't carry most of them, so a listing has to come encoded. */
export const controlKeys: readonly string[] = [
  `tab${c(9)}x`,
  `lf${c(10)}x`,
  `cr${c(13)}x`,
  `crlf${c(13, 10)}x`,
  `${c(10)}lead`,
  `one${c(1)}x`,
  `esc${c(27)}[0m`,
  `del${c(127)}x`,
  `c1${c(0x85)}x`,
];

/** A key as the matrix shows it. */
export const keyTitle = (key: string): string =>
  key.length > 100
    ? `${Buffer.byteLength(key)} bytes`
    : JSON.stringify(key).replace(/[\u007f-\u00a0]|[\u0300-\u036f]|[\u2000-\u206f]|\u3000/g, escaped);

const escaped = (char: string) => `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`;

/** Every awkward key: written, read, found in listings, copied, presigned, deleted, and never another key's. */
export function keys(target: Target): void {
  room(target, "keys", (room) => {
    for (const key of awkwardKeys) room.capability(keyTitle(key), () => trip(room, key));
    for (const key of controlKeys) room.capability(keyTitle(key), () => trip(room, key));
  });

  room(target, "keys together", (room) => {
    const { s3 } = room;
    // Those that the server can hold at all.
    const all = [...awkwardKeys, ...controlKeys].filter((key) => target.known[`keys: ${keyTitle(key)}`] === undefined);
    const sorted = all.toSorted((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));

    room.capability("all in one bucket stay apart", async () => {
      const Bucket = await room.shared();
      await inBatches(all, 8, (Key) => s3.putObject({ Bucket, Key, Body: `body of ${Key}` }));
      await inBatches(all, 8, async (Key) => expect(await text(s3.getObject({ Bucket, Key }))).toBe(`body of ${Key}`));
    });

    room.capability("listed in the order of their UTF-8 bytes", async () => {
      const Bucket = await room.shared();
      expect((await s3.listObjectsV2({ Bucket })).Contents.map(({ Key }) => Key)).toEqual(sorted);
      expect((await s3.listObjects({ Bucket })).Contents.map(({ Key }) => Key)).toEqual(sorted);
    });

    room.capability("listed as versions in the same order", async () => {
      const Bucket = await room.shared();
      expect((await s3.listObjectVersions({ Bucket })).Versions.map(({ Key }) => Key)).toEqual(sorted);
    });

    room.capability("paged one by one by token", async () => {
      const Bucket = await room.shared();
      const seen: string[] = [];
      for (let token: string | undefined, more = true; more; ) {
        const page = await s3.listObjectsV2({
          Bucket,
          MaxKeys: 1,
          ...(token === undefined ? {} : { ContinuationToken: token }),
        });
        seen.push(...page.Contents.map(({ Key }) => Key));
        token = page.NextContinuationToken;
        more = page.IsTruncated === true && seen.length <= all.length;
      }
      expect(seen).toEqual(sorted);
    });

    room.capability("paged one by one by marker", async () => {
      const Bucket = await room.shared();
      const seen: string[] = [];
      for (let more = true; more; ) {
        const page = await s3.listObjects({ Bucket, MaxKeys: 1, Marker: seen.at(-1) ?? "" });
        seen.push(...page.Contents.map(({ Key }) => Key));
        more = page.IsTruncated === true && seen.length <= all.length;
      }
      expect(seen).toEqual(sorted);
    });

    room.capability("deleted in one call", async () => {
      const Bucket = await room.shared();
      const speakable = all.filter((key) => !unspeakable.test(key));
      const answer = await s3.deleteObjects({ Bucket, Delete: { Objects: speakable.map((Key) => ({ Key })) } });
      expect(answer.Errors).toEqual([]);
      expect(answer.Deleted.map(({ Key }) => Key).sort()).toEqual(speakable.toSorted());
      expect((await s3.listObjectsV2({ Bucket })).Contents.map(({ Key }) => Key)).toEqual(
        sorted.filter((key) => unspeakable.test(key)),
      );
    });
  });
}

/** Characters that no XML 1.0 document may hold, not even as a reference. */
const unspeakable = /[\u0000-\u0008\u000b\u000c\u000e-\u001f]/;

async function trip(room: Room, Key: string): Promise<void> {
  const { s3 } = room;
  const Bucket = await room.shared();
  const Body = `body of ${Key}`;
  const others = async () => (await s3.listObjectsV2({ Bucket })).Contents.map((object) => object.Key);
  const before = await others();
  try {
    await s3.putObject({ Bucket, Key, Body });
    expect(await text(s3.getObject({ Bucket, Key }))).toBe(Body);
    expect((await s3.headObject({ Bucket, Key })).ContentLength).toBe(Buffer.byteLength(Body));

    const v2 = await s3.listObjectsV2({ Bucket, Prefix: Key });
    expect(v2.Prefix).toBe(Key);
    expect(v2.Contents.map((object) => object.Key)).toEqual([Key]);
    const v1 = await s3.listObjects({ Bucket, Prefix: Key });
    expect(v1.Contents.map((object) => object.Key)).toEqual([Key]);

    // Only a client that keeps the path as it stands can fetch these.
    const got = await raw(await s3.presign("getObject", { Bucket, Key }));
    expect([got.status, got.body]).toEqual([200, Body]);
    const put = await raw(s3.presignSync("putObject", { Bucket, Key }), { method: "PUT", body: `${Body}!` });
    expect([put.status, put.body]).toEqual([200, ""]);
    expect(await text(s3.getObject({ Bucket, Key }))).toBe(`${Body}!`);

    await s3.copyObject({ Bucket, Key: "copy", CopySource: { Bucket, Key } });
    expect(await text(s3.getObject({ Bucket, Key: "copy" }))).toBe(`${Body}!`);
    await s3.deleteObject({ Bucket, Key: "copy" });

    if (unspeakable.test(Key)) {
      await s3.deleteObject({ Bucket, Key });
    } else {
      const deleted = await s3.deleteObjects({ Bucket, Delete: { Objects: [{ Key }] } });
      expect(deleted.Errors).toEqual([]);
      expect(deleted.Deleted.map((object) => object.Key)).toEqual([Key]);
    }
    await refuses(s3.getObject({ Bucket, Key }), "NoSuchKey", 404);
    expect(await others()).toEqual(before);
  } finally {
    // A failure must not become the next key's. It may also be the listing that fails.
    await s3.deleteObject({ Bucket, Key }).catch(() => undefined);
    const left = (await s3.listObjectsV2({ Bucket })).Contents;
    await inBatches(left, 8, (object) => s3.deleteObject({ Bucket, Key: object.Key }));
  }
}

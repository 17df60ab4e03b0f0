import { createHash, randomBytes } from "node:crypto";
import { expect } from "vitest";
import { inBatches } from "../e2e/cleanup.js";
import { raw } from "../e2e/raw.js";
import { pattern, type Room, room, text } from "../e2e/room.js";
import { awkwardKeys, controlKeys, keyTitle } from "../e2e/suite/keys.js";
import type { Target } from "../e2e/target.js";
import type { Answer, Boto } from "./boto.js";

const mebi = 1024 * 1024;
const sha = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex");
const byKey = (a: string, b: string): number => Buffer.compare(Buffer.from(a), Buffer.from(b));
const keysOf = (objects: unknown): string[] => ((objects ?? []) as { Key: string }[]).map(({ Key }) => Key);

/** Whether the server takes a key at all. */
const holds = (target: Target, key: string): boolean => target.known[`keys: ${keyTitle(key)}`] === undefined;

/** What both must agree on, on one server. */
export function botoAndWe(target: Target, boto: Boto): void {
  room(target, "boto3", (room) => {
    metadata(room, boto);
    awkward(room, boto);
    multipart(room, boto);
    versions(room, boto);
    customerKeys(room, boto);
    tags(room, boto);
    deletion(room, boto);
  });
  room(target, "urls", (room) => {
    urls(room, boto);
    forms(room, boto);
  });
}

function metadata(room: Room, boto: Boto): void {
  const { s3 } = room;
  const described = {
    ContentType: "text/x-ours; charset=utf-8",
    CacheControl: "max-age=3, no-transform",
    ContentDisposition: 'attachment; filename="a \\"b\\".txt"',
    ContentEncoding: "identity",
    ContentLanguage: "pt-BR, en",
    Expires: new Date("2031-05-06T07:08:09Z"),
    Metadata: { plain: "1", "with-dash": "two  words", punctuation: "a,b;c=d/e:f" },
  };
  const { Expires, ...rest } = described;

  room.capability("metadata: it reads ours", async () => {
    const Bucket = await room.shared();
    await s3.putObject({ Bucket, Key: "ours", Body: "body", ...described });
    const answer = await boto.call("get_object", { Bucket, Key: "ours" });
    expect(answer).toMatchObject({ ...rest, ContentLength: 4, Body: new Uint8Array(Buffer.from("body")) });
    expect(answer["Expires"]).toBe("2031-05-06T07:08:09.000Z");
  });

  room.capability("metadata: we read its", async () => {
    const Bucket = await room.shared();
    await boto.call("put_object", { Bucket, Key: "its", Body: Buffer.from("body"), ...described });
    const answer = await s3.getObject({ Bucket, Key: "its" });
    expect(answer).toMatchObject({ ...rest, ContentLength: 4 });
    expect(answer.Expires).toEqual(Expires);
    expect(await answer.Body.text()).toBe("body");
    const head = await boto.call<{ ETag: string; LastModified: string }>("head_object", { Bucket, Key: "its" });
    expect(answer.ETag).toBe(head.ETag);
    expect(answer.LastModified?.toISOString()).toBe(head.LastModified);
  });
}

function awkward(room: Room, boto: Boto): void {
  const { s3, target } = room;
  const all = [...awkwardKeys, ...controlKeys].filter((key) => holds(target, key)).sort(byKey);

  room.capability("awkward keys: it reads and lists ours", async () => {
    const Bucket = await room.bucket();
    await inBatches(all, 8, (Key) => s3.putObject({ Bucket, Key, Body: `body of ${Key}` }));
    for (const Key of all) {
      const { Body } = await boto.call<{ Body: Uint8Array }>("get_object", { Bucket, Key });
      expect(Buffer.from(Body).toString()).toBe(`body of ${Key}`);
    }
    expect(keysOf((await boto.call("list_objects_v2", { Bucket }))["Contents"])).toEqual(all);
  });

  room.capability("awkward keys: we read and list its", async () => {
    const Bucket = await room.bucket();
    for (const Key of all) await boto.call("put_object", { Bucket, Key, Body: Buffer.from(`body of ${Key}`) });
    for (const Key of all) expect(await text(s3.getObject({ Bucket, Key }))).toBe(`body of ${Key}`);
    expect(keysOf((await s3.listObjectsV2({ Bucket })).Contents)).toEqual(all);
    for (const Key of all) {
      await s3.copyObject({ Bucket, Key: `copy of ${Key}`.slice(0, 900), CopySource: { Bucket, Key } });
      const got = await boto.call<{ Body: Uint8Array }>("get_object", { Bucket, Key: `copy of ${Key}`.slice(0, 900) });
      expect(Buffer.from(got.Body).toString()).toBe(`body of ${Key}`);
    }
  });
}

function multipart(room: Room, boto: Boto): void {
  const { s3 } = room;
  const whole = pattern(11 * mebi, 5);
  const pieces = [whole.subarray(0, 5 * mebi), whole.subarray(5 * mebi, 10 * mebi), whole.subarray(10 * mebi)];
  const composite = (algorithm: string): string => {
    const sums = pieces.map((piece) => createHash(algorithm).update(piece).digest());
    return createHash(algorithm).update(Buffer.concat(sums)).digest("base64");
  };

  room.capability("parts: it reads ours", async () => {
    const Bucket = await room.shared();
    await s3.upload({ Bucket, Key: "up", Body: whole }, { partSize: 5 * mebi, multipartThreshold: 5 * mebi });
    expect(sha(await boto.call<Uint8Array>("download", { Bucket, Key: "up" }))).toBe(sha(whole));
    const head = await boto.call("head_object", { Bucket, Key: "up" });
    expect(head["ETag"]).toMatch(/-3"$/);
  });

  room.capability("parts: we read its", async () => {
    const Bucket = await room.shared();
    await boto.call("upload", { Bucket, Key: "its up", Body: whole, Extra: { ContentType: "text/x-its" } });
    const answer = await s3.getObject({ Bucket, Key: "its up" });
    expect(answer).toMatchObject({ ContentType: "text/x-its", ContentLength: whole.length });
    expect(answer.ETag).toMatch(/-3"$/);
    expect(sha(await answer.Body.bytes())).toBe(sha(whole));
    const parallel = await s3.download({ Bucket, Key: "its up" }, { partSize: 5 * mebi });
    expect(sha(parallel.Body)).toBe(sha(whole));
  });

  room.capability("parts: one begins an upload, the other ends it", async () => {
    const [Bucket, Key] = [await room.shared(), "shared up"];
    const { UploadId } = await s3.createMultipartUpload({ Bucket, Key });
    const first = await s3.uploadPart({ Bucket, Key, UploadId, PartNumber: 1, Body: pieces[0] });
    await boto.call("upload_part", { Bucket, Key, UploadId, PartNumber: 2, Body: pieces[1] });
    const listed = await s3.listParts({ Bucket, Key, UploadId });
    expect(listed.Parts.map(({ PartNumber, Size }) => [PartNumber, Size])).toEqual([
      [1, 5 * mebi],
      [2, 5 * mebi],
    ]);
    const Parts = [
      { PartNumber: 1, ETag: first.ETag },
      { PartNumber: 2, ETag: listed.Parts[1]?.ETag },
    ];
    await boto.call("complete_multipart_upload", { Bucket, Key, UploadId, MultipartUpload: { Parts } });
    expect(sha(await (await s3.getObject({ Bucket, Key })).Body.bytes())).toBe(sha(whole.subarray(0, 10 * mebi)));
  });

  for (const [algorithm, hash] of [
    ["SHA256", "sha256"],
    ["SHA1", "sha1"],
  ] as const) {
    const member = `Checksum${algorithm}` as const;
    room.capability(`composite ${algorithm}: it reads ours`, async () => {
      const [Bucket, Key] = [await room.shared(), `ours ${algorithm}`];
      const { UploadId } = await s3.createMultipartUpload({ Bucket, Key, ChecksumAlgorithm: algorithm });
      const Parts: { PartNumber: number; ETag: string | undefined; ChecksumSHA1?: string; ChecksumSHA256?: string }[] =
        [];
      for (const [at, Body] of pieces.entries()) {
        const PartNumber = at + 1;
        const part = await s3.uploadPart({ Bucket, Key, UploadId, PartNumber, Body, ChecksumAlgorithm: algorithm });
        expect(part[member]).toBe(createHash(hash).update(Body).digest("base64"));
        Parts.push({ PartNumber, ETag: part.ETag, [member]: part[member] });
      }
      await s3.completeMultipartUpload({ Bucket, Key, UploadId, MultipartUpload: { Parts } });
      const head = await boto.call("head_object", { Bucket, Key, ChecksumMode: "ENABLED" });
      expect(head).toMatchObject({ [member]: `${composite(hash)}-3` });
    });

    room.capability(`composite ${algorithm}: we read its`, async () => {
      const [Bucket, Key] = [await room.shared(), `its ${algorithm}`];
      await boto.call("upload", { Bucket, Key, Body: whole, Extra: { ChecksumAlgorithm: algorithm } });
      const answer = await s3.getObject({ Bucket, Key, ChecksumMode: "ENABLED" });
      expect(answer[member]).toBe(`${composite(hash)}-3`);
      expect(sha(await answer.Body.bytes())).toBe(sha(whole));
    });
  }

  for (const algorithm of ["CRC32", "CRC32C"] as const) {
    const member = `Checksum${algorithm}` as const;
    room.capability(`composite ${algorithm}: the same from both`, async () => {
      const Bucket = await room.shared();
      const options = { partSize: 5 * mebi, multipartThreshold: 5 * mebi };
      const input = { Bucket, Key: "ours crc", Body: whole };
      await s3.upload({ ...input, ChecksumAlgorithm: algorithm, ChecksumType: "COMPOSITE" }, options);
      const mine = await boto.call("head_object", { Bucket, Key: "ours crc", ChecksumMode: "ENABLED" });
      // boto3 computes CRC32C only beside a library in C.
      if (algorithm === "CRC32") {
        await boto.call("upload", { Bucket, Key: "its crc", Body: whole, Extra: { ChecksumAlgorithm: algorithm } });
        const its = await s3.headObject({ Bucket, Key: "its crc", ChecksumMode: "ENABLED" });
        if (its.ChecksumType !== "FULL_OBJECT") expect(its[member]).toBe(mine[member]);
      }
      expect(mine[member]).toEqual(expect.stringMatching(/-3$/));
    });
  }
}

function versions(room: Room, boto: Boto): void {
  const { s3 } = room;
  const VersioningConfiguration = { Status: "Enabled" as const };

  room.capability("versions: it reads ours", async () => {
    const [Bucket, Key] = [await room.bucket(), "v & v"];
    await s3.putBucketVersioning({ Bucket, VersioningConfiguration });
    const first = await s3.putObject({ Bucket, Key, Body: "one" });
    const second = await s3.putObject({ Bucket, Key, Body: "two" });
    const marker = await s3.deleteObject({ Bucket, Key });
    const listed = await boto.call<Record<string, { VersionId: string }[]>>("list_object_versions", { Bucket });
    expect(listed["Versions"]?.map(({ VersionId }) => VersionId)).toEqual([second.VersionId, first.VersionId]);
    expect(listed["DeleteMarkers"]?.map(({ VersionId }) => VersionId)).toEqual([marker.VersionId]);
    const old = await boto.call<{ Body: Uint8Array }>("get_object", { Bucket, Key, VersionId: first.VersionId });
    expect(Buffer.from(old.Body).toString()).toBe("one");
  });

  room.capability("versions: we read its", async () => {
    const [Bucket, Key] = [await room.bucket(), "v & v"];
    await boto.call("put_bucket_versioning", { Bucket, VersioningConfiguration });
    const put = (body: string) => boto.call<Version>("put_object", { Bucket, Key, Body: Buffer.from(body) });
    const [first, second] = [await put("one"), await put("two")];
    const marker = await boto.call<Version>("delete_object", { Bucket, Key });
    const listed = await s3.listObjectVersions({ Bucket });
    expect(listed.Versions.map(({ VersionId }) => VersionId)).toEqual([second.VersionId, first.VersionId]);
    expect(listed.DeleteMarkers.map(({ VersionId }) => VersionId)).toEqual([marker.VersionId]);
    expect(await text(s3.getObject({ Bucket, Key, VersionId: first.VersionId }))).toBe("one");
  });
}

interface Version {
  VersionId: string;
}

function customerKeys(room: Room, boto: Boto): void {
  const { s3 } = room;
  const SSECustomerKey = randomBytes(32);
  const key = { SSECustomerAlgorithm: "AES256", SSECustomerKey };

  room.capability("SSE-C: it reads ours", async () => {
    const Bucket = await room.shared();
    await s3.putObject({ Bucket, Key: "shut", Body: "hidden", ...key });
    const answer = await boto.call<{ Body: Uint8Array }>("get_object", { Bucket, Key: "shut", ...key });
    expect(Buffer.from(answer.Body).toString()).toBe("hidden");
  });

  room.capability("SSE-C: we read its", async () => {
    const Bucket = await room.shared();
    await boto.call("put_object", { Bucket, Key: "its shut", Body: Buffer.from("hidden"), ...key });
    expect(await text(s3.getObject({ Bucket, Key: "its shut", ...key }))).toBe("hidden");
  });
}

function tags(room: Room, boto: Boto): void {
  const { s3 } = room;
  const TagSet = [
    { Key: "a+b", Value: "c = d" },
    { Key: "empty", Value: "" },
    ...(room.target.known["tagging: beyond ASCII"] === undefined ? [{ Key: "río", Value: "Solimões" }] : []),
  ];
  const sorted = (answer: Answer | { TagSet?: unknown }): string[] =>
    ((answer.TagSet ?? []) as { Key: string; Value: string }[]).map(({ Key, Value }) => `${Key}=${Value}`).sort();
  const expected = sorted({ TagSet });

  room.capability("tags: it reads ours", async () => {
    const Bucket = await room.shared();
    await s3.putObject({ Bucket, Key: "tagged", Body: "x" });
    await s3.putObjectTagging({ Bucket, Key: "tagged", Tagging: { TagSet } });
    expect(sorted(await boto.call("get_object_tagging", { Bucket, Key: "tagged" }))).toEqual(expected);
  });

  room.capability("tags: we read its", async () => {
    const Bucket = await room.shared();
    const Tagging = TagSet.map(({ Key, Value }) => `${encodeURIComponent(Key)}=${encodeURIComponent(Value)}`).join("&");
    await boto.call("put_object", { Bucket, Key: "its tags", Body: Buffer.from("x"), Tagging });
    expect(sorted(await s3.getObjectTagging({ Bucket, Key: "its tags" }))).toEqual(expected);
    await boto.call("put_object_tagging", { Bucket, Key: "its tags", Tagging: { TagSet } });
    expect(sorted(await s3.getObjectTagging({ Bucket, Key: "its tags" }))).toEqual(expected);
  });
}

function deletion(room: Room, boto: Boto): void {
  const { s3 } = room;
  const Keys = awkwardKeys.filter((key) => holds(room.target, key));
  const Objects = Keys.map((Key) => ({ Key }));

  room.capability("many deleted at once: ours by it, its by us", async () => {
    const Bucket = await room.bucket();
    await inBatches(Keys, 8, (Key) => s3.putObject({ Bucket, Key, Body: "x" }));
    const its = await boto.call("delete_objects", { Bucket, Delete: { Objects } });
    expect(its["Errors"] ?? []).toEqual([]);
    expect((await s3.listObjectsV2({ Bucket })).Contents).toEqual([]);
    for (const Key of Keys) await boto.call("put_object", { Bucket, Key, Body: Buffer.from("x") });
    const ours = await s3.deleteObjects({ Bucket, Delete: { Objects } });
    expect(ours.Errors).toEqual([]);
    expect((await boto.call("list_objects_v2", { Bucket }))["KeyCount"]).toBe(0);
  });
}

interface Fetched {
  status: number;
  headers: Record<string, string>;
  body: Uint8Array;
}

function urls(room: Room, boto: Boto): void {
  const { s3 } = room;
  const keys = ["plain", "a//b", "../x", "ü & + = 100%?#.txt", "emoji 😀", " lead", "back\\slash", "%2F"].filter(
    (key) => holds(room.target, key),
  );

  room.capability("presigned: it fetches and fills ours", async () => {
    const Bucket = await room.shared();
    for (const Key of keys) {
      const put = await s3.presign("putObject", { Bucket, Key, ContentType: "text/x-url", Metadata: { a: "b" } });
      const headers = { "content-type": "text/x-url", "x-amz-meta-a": "b" };
      const body = Buffer.from(`by url ${Key}`);
      const sent = await boto.call<Fetched>("fetch", { url: put, method: "PUT", body, headers });
      expect([Key, sent.status]).toEqual([Key, 200]);
      const got = await boto.call<Fetched>("fetch", { url: s3.presignSync("getObject", { Bucket, Key }) });
      expect([got.status, Buffer.from(got.body).toString()]).toEqual([200, `by url ${Key}`]);
      expect(got.headers).toMatchObject(headers);
    }
  });

  room.capability("presigned: we fetch and fill its", async () => {
    const Bucket = await room.shared();
    for (const Key of keys) {
      const presigned = (operation: string) =>
        boto.call<string>("presign", { operation, input: { Bucket, Key: `its ${Key}` } });
      const put = await raw(await presigned("put_object"), { method: "PUT", body: `by its ${Key}` });
      expect([Key, put.status]).toEqual([Key, 200]);
      const got = await raw(await presigned("get_object"));
      expect([got.status, got.body]).toEqual([200, `by its ${Key}`]);
      expect(await text(s3.getObject({ Bucket, Key: `its ${Key}` }))).toBe(`by its ${Key}`);
    }
  });
}

interface Form {
  url: string;
  fields: Record<string, string>;
}

function forms(room: Room, boto: Boto): void {
  const { s3 } = room;

  room.capability("forms: it posts ours", async () => {
    const [Bucket, Key] = [await room.shared(), "form/ü & co.txt"];
    const form = await s3.presignPost({
      Bucket,
      Key,
      Fields: { "Content-Type": "text/x-form", "x-amz-meta-a": "b" },
      Conditions: [{ "Content-Type": "text/x-form" }, { "x-amz-meta-a": "b" }, ["content-length-range", 1, 100]],
    });
    const answer = await boto.call<Fetched>("post_form", { ...form, file: Buffer.from("by form") });
    expect([answer.status, Buffer.from(answer.body).toString()]).toEqual([204, ""]);
    const read = await boto.call("get_object", { Bucket, Key });
    expect(read).toMatchObject({ ContentType: "text/x-form", Metadata: { a: "b" } });
  });

  room.capability("forms: we post its", async () => {
    const [Bucket, Key] = [await room.shared(), "its form/ü & co.txt"];
    const { url, fields } = await boto.call<Form>("presign_post", {
      Bucket,
      Key,
      Fields: { "Content-Type": "text/x-form" },
      Conditions: [{ "Content-Type": "text/x-form" }, ["content-length-range", 1, 100]],
    });
    const data = new FormData();
    for (const [name, value] of Object.entries(fields)) data.append(name, value);
    data.append("file", new Blob(["by its form"]), "f.txt");
    const answer = await fetch(url, { method: "POST", body: data });
    expect([answer.status, await answer.text()]).toEqual([204, ""]);
    expect(await text(s3.getObject({ Bucket, Key }))).toBe("by its form");
  });
}

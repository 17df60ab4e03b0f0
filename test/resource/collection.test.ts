import { describe, expect, it } from "vitest";
import { ParamValidationError } from "../../src/errors/base.js";
import { Bucket, ObjectVersion, S3Resource } from "../../src/resource/index.js";
import { inTurn, listing, type ScriptedClient } from "../support/scripted-client.js";

const keys = ["a", "b", "c", "d", "e", "f", "g"];

/** ListObjects answers as the script's ListObjectsV2 does, without NextMarker, as S3 does without a delimiter. */
const bucket = (client: ScriptedClient): Bucket => new Bucket("b", client.asClient);

const keysOf = (objects: Iterable<{ key: string }>): string[] => [...objects].map(({ key }) => key);

describe("a collection", () => {
  it("sends nothing until it is read", () => {
    const client = listing(keys);
    bucket(client).objects.all().filter({ Prefix: "x" }).limit(3).pageSize(2).pages();
    expect(client.calls).toEqual([]);
  });

  it("is an iterable of resources with the attributes that the listing gave", async () => {
    const client = listing(keys);
    const seen: [string, number | undefined][] = [];
    for await (const object of bucket(client).objects) seen.push([object.key, object.size]);
    expect(seen).toEqual(keys.map((key) => [key, key.length]));
    expect(client.calls.map(({ operation }) => operation)).toEqual(["ListObjects", "ListObjects", "ListObjects"]);
  });

  it("is left as it is by its chain", async () => {
    const client = listing(keys);
    const { objects } = bucket(client);
    const few = objects.limit(2);
    expect(keysOf(await few.toArray())).toEqual(["a", "b"]);
    expect(keysOf(await objects.toArray())).toEqual(keys);
    expect(keysOf(await few.limit(4).toArray())).toEqual(["a", "b", "c", "d"]);
    expect(keysOf(await few.all().toArray())).toEqual(["a", "b"]);
  });

  it("hands filters to the service; what they say adds up", async () => {
    const client = inTurn({ Contents: [] });
    await bucket(client)
      .objects.filter({ Prefix: "a", OptionalObjectAttributes: ["RestoreStatus"] })
      .filter({ Prefix: "b", Marker: undefined, OptionalObjectAttributes: ["More"] })
      .toArray();
    expect(client.inputs("ListObjects")).toEqual([
      { Bucket: "b", Prefix: "b", OptionalObjectAttributes: ["RestoreStatus", "More"] },
    ]);
  });

  it("has keys as they are, whoever asks for encoded ones", async () => {
    const client = inTurn({ Contents: [] });
    await bucket(client).objects.filter({ EncodingType: "url" }).toArray();
    expect(client.inputs("ListObjects")).toEqual([{ Bucket: "b" }]);
  });

  it.each([
    [0, [], 0],
    [2, ["a", "b"], 1],
    [3, ["a", "b", "c"], 1],
    [5, ["a", "b", "c", "d", "e"], 1],
    [100, keys, 1],
    [2000, keys, 3],
  ])("limit(%i) ends it, and asks for no more than that", async (limit, expected, calls) => {
    const client = listing(keys);
    expect(keysOf(await bucket(client).objects.limit(limit).toArray())).toEqual(expected);
    expect(client.calls).toHaveLength(calls);
  });

  it("limits what several pages hold", async () => {
    const client = listing(keys);
    expect(keysOf(await bucket(client).objects.pageSize(2).limit(5).toArray())).toEqual(["a", "b", "c", "d", "e"]);
    expect(client.inputs("ListObjects").map(({ MaxKeys }) => MaxKeys)).toEqual([2, 2, 2]);
  });

  it("leaves the page as long as the service makes it, where a short one might hold prefixes alone", async () => {
    const client = listing(["x/1", "y/1", "z"]);
    const first = await bucket(client).objects.filter({ Delimiter: "/" }).first();
    expect(first?.key).toBe("z");
    expect(client.calls).toHaveLength(1);
    const own = listing(keys);
    await bucket(own).objects.filter({ MaxKeys: 5 }).first();
    expect(own.calls[0]?.input["MaxKeys"]).toBe(5);
  });

  it("has a first", async () => {
    const client = listing(keys);
    expect((await bucket(client).objects.first())?.key).toBe("a");
    expect(client.inputs("ListObjects")).toEqual([{ Bucket: "b", MaxKeys: 1 }]);
    expect(await bucket(listing([])).objects.first()).toBeUndefined();
    expect(await bucket(client).objects.limit(0).first()).toBeUndefined();
  });

  it("counts", async () => {
    expect(await bucket(listing(keys)).objects.count()).toBe(7);
    expect(await bucket(listing(keys)).objects.limit(4).count()).toBe(4);
    expect(await bucket(listing([])).objects.count()).toBe(0);
  });

  it("comes in pages", async () => {
    const pages: string[][] = [];
    for await (const page of bucket(listing(keys)).objects.pageSize(3).limit(7).pages()) pages.push(keysOf(page));
    expect(pages).toEqual([["a", "b", "c"], ["d", "e", "f"], ["g"]]);
  });

  it("stops at break", async () => {
    const client = listing(keys);
    for await (const _ of bucket(client).objects) break;
    expect(client.calls).toHaveLength(1);
  });

  it("takes options for its calls", async () => {
    const client = listing(keys);
    const controller = new AbortController();
    const objects = bucket(client).objects.with({ timeout: 5 }).with({ signal: controller.signal, prefetch: false });
    await objects.toArray();
    expect(client.calls[0]?.options).toMatchObject({ timeout: 5, signal: controller.signal });
    const reason = new Error("enough");
    controller.abort(reason);
    await expect(objects.toArray()).rejects.toBe(reason);
  });

  it.each([
    () => bucket(listing([])).objects.limit(-1),
    () => bucket(listing([])).objects.limit(1.5),
    () => bucket(listing([])).objects.pageSize(0),
  ])("refuses counts that are none", (make) => {
    expect(make).toThrow(ParamValidationError);
  });

  it("of versions has versions and delete markers", async () => {
    const client = inTurn({
      Versions: [
        { Key: "a", VersionId: "2", IsLatest: false, Size: 3 },
        { Key: "b", IsLatest: true },
      ],
      DeleteMarkers: [{ Key: "a", VersionId: "3", IsLatest: true }],
      IsTruncated: false,
    });
    const versions = await bucket(client).objectVersions.toArray();
    expect(versions.map(({ objectKey, id, isLatest, size }) => [objectKey, id, isLatest, size])).toEqual([
      ["a", "2", false, 3],
      ["b", "null", true, undefined],
      ["a", "3", true, undefined],
    ]);
    expect(versions[0]).toBeInstanceOf(ObjectVersion);
    expect(await bucket(client).objectVersions.limit(2).count()).toBe(2);
  });

  it("of parts names its upload", async () => {
    const client = inTurn({ Parts: [{ PartNumber: 4, Size: 9 }], IsTruncated: false });
    const upload = new S3Resource(client.asClient).multipartUpload("b", "k", "u");
    const part = await upload.parts.first();
    expect(part?.toJSON()).toEqual({ bucketName: "b", objectKey: "k", multipartUploadId: "u", partNumber: 4 });
    expect(part?.size).toBe(9);
    expect(client.inputs("ListParts")).toEqual([{ Bucket: "b", Key: "k", UploadId: "u", MaxParts: 1 }]);
  });

  it("of buckets has their dates", async () => {
    const client = inTurn({ Buckets: [{ Name: "b", CreationDate: new Date(5) }] });
    const buckets = await new S3Resource(client.asClient).buckets.filter({ Prefix: "b" }).toArray();
    expect(buckets.map(({ name, creationDate }) => [name, creationDate?.getTime()])).toEqual([["b", 5]]);
  });
});

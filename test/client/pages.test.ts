import { getEventListeners } from "node:events";
import { describe, expect, it, vi } from "vitest";
import { paginate } from "../../src/client/pages.js";
import { ParamValidationError } from "../../src/errors/base.js";
import { PaginationError } from "../../src/errors/layers.js";
import type { PageOperations } from "../../src/model/generated/pages.js";
import type { ListObjectsV2Output } from "../../src/model/generated/types.js";
import { inTurn, listing, ScriptedClient, serviceError } from "../support/scripted-client.js";

const keys = ["a", "b", "c", "d", "e", "f", "g"];
const input = { Bucket: "b" };

async function all<T>(iterable: AsyncIterable<T>): Promise<T[]> {
  const items: T[] = [];
  for await (const item of iterable) items.push(item);
  return items;
}

const keysOf = (pages: ListObjectsV2Output[]): string[][] => pages.map((page) => page.Contents.map(({ Key }) => Key));

describe("pages", () => {
  it("come one after the other, and nothing after the last", async () => {
    const client = listing(keys);
    const pages = paginate(client, "listObjectsV2", input);
    expect(client.calls).toEqual([]);
    expect(keysOf(await all(pages))).toEqual([["a", "b", "c"], ["d", "e", "f"], ["g"]]);
    expect(client.inputs("ListObjectsV2")).toEqual([
      { Bucket: "b" },
      { Bucket: "b", ContinuationToken: "c" },
      { Bucket: "b", ContinuationToken: "f" },
    ]);
    expect(pages.resumeToken).toBeUndefined();
  });

  it("leave the caller's input alone", async () => {
    const mine = Object.freeze({ Bucket: "b", Prefix: "" });
    await all(paginate(listing(keys), "listObjectsV2", mine));
    expect(mine).toEqual({ Bucket: "b", Prefix: "" });
  });

  it("start anew with each iteration", async () => {
    const pages = paginate(listing(keys), "listObjectsV2", input);
    expect(await all(pages)).toHaveLength(3);
    expect(await all(pages)).toHaveLength(3);
  });

  it("have the size that is asked for", async () => {
    const client = listing(keys);
    expect(keysOf(await all(paginate(client, "listObjectsV2", input, { pageSize: 5 })))).toEqual([
      ["a", "b", "c", "d", "e"],
      ["f", "g"],
    ]);
    expect(client.calls[0]?.input["MaxKeys"]).toBe(5);
  });

  it("begin where the input's own token says", async () => {
    const pages = paginate(listing(keys), "listObjectsV2", { ...input, ContinuationToken: "e" });
    expect(keysOf(await all(pages))).toEqual([["f", "g"]]);
  });

  it("may be empty in between", async () => {
    const client = inTurn(
      { Contents: [], CommonPrefixes: [], IsTruncated: true, NextContinuationToken: "1" },
      { Contents: [{ Key: "a" }], CommonPrefixes: [], IsTruncated: false },
    );
    expect(keysOf(await all(paginate(client, "listObjectsV2", input)))).toEqual([[], ["a"]]);
  });

  it("end where the service says so, whatever token it sends", async () => {
    const client = inTurn({ Contents: [{ Key: "a" }], IsTruncated: false, NextContinuationToken: "x" });
    await all(paginate(client, "listObjectsV2", input));
    expect(client.calls).toHaveLength(1);
  });

  it("pass signal, timeout and headers to each call", async () => {
    const client = listing(keys);
    const { signal } = new AbortController();
    await all(paginate(client, "listObjectsV2", input, { signal, timeout: 5, headers: { "x-a": "1" } }));
    expect(client.calls).toHaveLength(3);
    for (const { options } of client.calls) expect(options).toEqual({ signal, timeout: 5, headers: { "x-a": "1" } });
  });

  it("stop at break", async () => {
    const client = listing(keys);
    const pages = paginate(client, "listObjectsV2", input);
    for await (const _ of pages) break;
    expect(client.calls).toHaveLength(1);
    expect(keysOf(await all(paginate(client, "listObjectsV2", input, { startingToken: pages.resumeToken })))).toEqual([
      ["d", "e", "f"],
      ["g"],
    ]);
  });

  it("reject with the signal's reason between two pages", async () => {
    const controller = new AbortController();
    const reason = new Error("enough");
    const seen: string[] = [];
    const client = listing(keys);
    const run = async (): Promise<void> => {
      for await (const page of paginate(client, "listObjectsV2", input, { signal: controller.signal })) {
        seen.push(...page.Contents.map(({ Key }) => Key));
        controller.abort(reason);
      }
    };
    await expect(run()).rejects.toBe(reason);
    expect(seen).toEqual(["a", "b", "c"]);
    expect(client.calls).toHaveLength(1);
  });

  it("give the error of a page when it is its turn, and can go on from there", async () => {
    let broken = true;
    const good = listing(keys);
    const client = new ScriptedClient(({ input }) => {
      if (input["ContinuationToken"] === "f" && broken) throw serviceError(500, "InternalError");
      return good.listObjectsV2(input as unknown as { Bucket: string });
    });
    const pages = paginate(client, "listObjectsV2", input);
    await expect(all(pages)).rejects.toMatchObject({ code: "InternalError" });
    broken = false;
    const rest = paginate(client, "listObjectsV2", input, { startingToken: pages.resumeToken });
    expect(keysOf(await all(rest))).toEqual([["g"]]);
  });
});

describe("a broken service", () => {
  const page = (key: string, token?: string): object => ({
    Contents: [{ Key: key }],
    IsTruncated: true,
    ...(token === undefined ? {} : { NextContinuationToken: token }),
  });

  it("that repeats its token is an error, not a loop", async () => {
    const seen: string[] = [];
    const client = inTurn(page("a", "1"), page("b", "1"));
    const run = async (): Promise<void> => {
      for await (const { Key } of paginate(client, "listObjectsV2", input).items()) seen.push(Key);
    };
    await expect(run()).rejects.toThrow(PaginationError);
    await expect(run()).rejects.toMatchObject({
      code: "PaginationError",
      message: expect.stringContaining("ListObjectsV2"),
    });
    expect(seen.slice(0, 2)).toEqual(["a", "b"]);
    expect(client.calls.length).toBeLessThan(6);
  });

  it("that hands back the token it was given, too", async () => {
    const client = inTurn(page("a", "same"));
    await expect(all(paginate(client, "listObjectsV2", { ...input, ContinuationToken: "same" }))).rejects.toThrow(
      PaginationError,
    );
    expect(client.calls).toHaveLength(1);
  });

  it.each([2, 3, 5, 17])("that goes in a circle of %i, too", async (length) => {
    let calls = 0;
    const client = new ScriptedClient(() => page("a", String(calls++ % length)));
    await expect(all(paginate(client, "listObjectsV2", input))).rejects.toThrow(PaginationError);
    expect(calls).toBeLessThan(5 * length);
  });

  it("is not asked again with pages read ahead", async () => {
    const client = inTurn(page("a", "1"), page("b", "1"));
    await expect(all(paginate(client, "listObjectsV2", input, { prefetch: true }))).rejects.toThrow(PaginationError);
    expect(client.calls).toHaveLength(2);
  });

  it("that says there is more but not where loses nothing silently", async () => {
    const seen: string[] = [];
    const run = async (): Promise<void> => {
      for await (const { Key } of paginate(inTurn(page("a")), "listObjectsV2", input).items()) seen.push(Key);
    };
    await expect(run()).rejects.toMatchObject({
      code: "PaginationError",
      message: expect.stringContaining("not where"),
    });
    expect(seen).toEqual(["a"]);
  });
});

describe("reading ahead", () => {
  it("asks for the next page while this one is worked on", async () => {
    const client = listing(keys);
    const during: number[] = [];
    for await (const _ of paginate(client, "listObjectsV2", input, { prefetch: true }))
      during.push(client.calls.length);
    expect(during).toEqual([2, 3, 3]);
  });

  it("asks for nothing beyond what is wanted", async () => {
    const client = listing(keys);
    await all(paginate(client, "listObjectsV2", input, { prefetch: true, maxItems: 3 }));
    expect(client.calls).toHaveLength(1);
  });

  it("ends at break what is under way, and nobody hears of it", async () => {
    const failures = vi.fn();
    process.on("unhandledRejection", failures);
    const outer = new AbortController();
    let calls = 0;
    const client = new ScriptedClient(({ options }) => {
      if (calls++ === 0) return { Contents: [{ Key: "a" }], IsTruncated: true, NextContinuationToken: "1" };
      return new Promise((_, reject) =>
        options?.signal?.addEventListener("abort", () => reject(options.signal?.reason)),
      );
    });
    for await (const _ of paginate(client, "listObjectsV2", input, { prefetch: true, signal: outer.signal })) break;
    await new Promise((resolve) => setImmediate(resolve));
    process.off("unhandledRejection", failures);
    expect(client.calls[1]?.options?.signal?.aborted).toBe(true);
    expect(failures).not.toHaveBeenCalled();
    expect(getEventListeners(outer.signal, "abort")).toHaveLength(0);
  });

  it("gives the error of a page when it is its turn", async () => {
    const client = inTurn(
      { Contents: [{ Key: "a" }], IsTruncated: true, NextContinuationToken: "1" },
      serviceError(403, "AccessDenied"),
    );
    const seen: string[] = [];
    const run = async (): Promise<void> => {
      for await (const { Key } of paginate(client, "listObjectsV2", input, { prefetch: true }).items()) seen.push(Key);
    };
    await expect(run()).rejects.toMatchObject({ code: "AccessDenied" });
    expect(seen).toEqual(["a"]);
  });

  it("follows the caller's signal", async () => {
    const outer = new AbortController();
    const reason = new Error("enough");
    const client = new ScriptedClient(({ options }) => {
      queueMicrotask(() => outer.abort(reason));
      return new Promise((_, reject) =>
        options?.signal?.addEventListener("abort", () => reject(options.signal?.reason)),
      );
    });
    await expect(all(paginate(client, "listObjectsV2", input, { prefetch: true, signal: outer.signal }))).rejects.toBe(
      reason,
    );
  });
});

describe("other listings", () => {
  it("listObjects goes on after NextMarker, or else the last key or prefix", async () => {
    const client = inTurn(
      { Contents: [{ Key: "a" }], CommonPrefixes: [], IsTruncated: true, NextMarker: "n" },
      { Contents: [{ Key: "o" }, { Key: "p" }], CommonPrefixes: [], IsTruncated: true },
      { Contents: [{ Key: "q" }], CommonPrefixes: [{ Prefix: "r/" }], IsTruncated: true },
      { Contents: [{ Key: "\u{1f42c}" }], CommonPrefixes: [{ Prefix: "\uff5e/" }], IsTruncated: true },
      { Contents: [], CommonPrefixes: [], IsTruncated: false },
    );
    await all(paginate(client, "listObjects", input));
    // The dolphin is after the full-width tilde in UTF-8, S3's order, though not in UTF-16.
    expect(client.inputs("ListObjects").map(({ Marker }) => Marker)).toEqual([undefined, "n", "p", "r/", "\u{1f42c}"]);
  });

  it("markers are decoded when the caller has asked for encoded keys", async () => {
    const client = inTurn(
      { Contents: [{ Key: "a%2Fb+c" }], IsTruncated: true, EncodingType: "url" },
      { Contents: [], IsTruncated: false, EncodingType: "url" },
    );
    await all(paginate(client, "listObjects", { ...input, EncodingType: "url" }));
    expect(client.calls[1]?.input["Marker"]).toBe("a/b c");
  });

  it("versions go on after key and version, and forget a version that is not named", async () => {
    const client = inTurn(
      { Versions: [{ Key: "a" }], IsTruncated: true, NextKeyMarker: "a", NextVersionIdMarker: "1" },
      { Versions: [{ Key: "a" }], IsTruncated: true, NextKeyMarker: "b/" },
      { Versions: [], IsTruncated: false },
    );
    const pages = paginate(client, "listObjectVersions", input, { pageSize: 1 });
    await all(pages);
    expect(client.inputs("ListObjectVersions")).toEqual([
      { Bucket: "b", MaxKeys: 1 },
      { Bucket: "b", MaxKeys: 1, KeyMarker: "a", VersionIdMarker: "1" },
      { Bucket: "b", MaxKeys: 1, KeyMarker: "b/" },
    ]);
  });

  it("parts go on after a number, and their token keeps it one", async () => {
    const client = inTurn(
      { Parts: [{ PartNumber: 1 }, { PartNumber: 2 }], IsTruncated: true, NextPartNumberMarker: 2 },
      { Parts: [{ PartNumber: 3 }], IsTruncated: false, NextPartNumberMarker: 0 },
    );
    const parts = { Bucket: "b", Key: "k", UploadId: "u" };
    const pages = paginate(client, "listParts", parts, { maxItems: 2 });
    await all(pages);
    const [last] = await all(paginate(client, "listParts", parts, { startingToken: pages.resumeToken }));
    expect(client.calls[1]?.input["PartNumberMarker"]).toBe(2);
    expect(last?.Parts).toEqual([{ PartNumber: 3 }]);
  });

  it("buckets have a token while there are more", async () => {
    const client = inTurn({ Buckets: [{ Name: "a" }], ContinuationToken: "1" }, { Buckets: [{ Name: "b" }] });
    const names = await all(paginate(client, "listBuckets", {}, { pageSize: 1 }).items());
    expect(names.map(({ Name }) => Name)).toEqual(["a", "b"]);
    expect(client.inputs("ListBuckets")).toEqual([{ MaxBuckets: 1 }, { MaxBuckets: 1, ContinuationToken: "1" }]);
  });

  it("the parts of an object's attributes are a listing", async () => {
    const client = inTurn(
      {
        ETag: '"e"',
        ObjectParts: { Parts: [{ PartNumber: 1 }, { PartNumber: 2 }], IsTruncated: true, NextPartNumberMarker: 2 },
      },
      { ETag: '"e"', ObjectParts: { Parts: [{ PartNumber: 3 }], IsTruncated: false } },
    );
    const request = { Bucket: "b", Key: "k", ObjectAttributes: ["ObjectParts"] };
    const pages = paginate(client, "getObjectAttributes", request, { maxItems: 1, pageSize: 2 });
    expect((await all(pages)).map((page) => page.ObjectParts?.Parts)).toEqual([[{ PartNumber: 1 }]]);
    expect(client.calls[0]?.input).toMatchObject({ MaxParts: 2 });
    expect(await all(paginate(inTurn({}), "getObjectAttributes", request).items())).toEqual([]);
  });

  const configurations = {
    listBucketAnalyticsConfigurations: "AnalyticsConfigurationList",
    listBucketIntelligentTieringConfigurations: "IntelligentTieringConfigurationList",
    listBucketInventoryConfigurations: "InventoryConfigurationList",
    listBucketMetricsConfigurations: "MetricsConfigurationList",
  } as const;

  it.each(Object.entries(configurations) as [keyof typeof configurations & keyof PageOperations, string][])(
    "%s is one",
    async (method, list) => {
      const client = inTurn(
        { [list]: [{ Id: "1" }], IsTruncated: true, NextContinuationToken: "t" },
        { [list]: [{ Id: "2" }], IsTruncated: false },
      );
      expect((await all(paginate(client, method, input).items())).map(({ Id }) => Id)).toEqual(["1", "2"]);
      expect(client.calls[1]?.input).toEqual({ Bucket: "b", ContinuationToken: "t" });
      expect(() => paginate(client, method, input, { pageSize: 1 })).toThrow(/pageSize/);
    },
  );
});

describe("fullResult", () => {
  it("joins the lists and keeps what holds for all", async () => {
    const tree = ["1", "2", "3", "x/1", "z"];
    const result = await paginate(listing(tree, 2), "listObjectsV2", { ...input, Delimiter: "/" }).fullResult();
    expect(result.Contents.map(({ Key }) => Key)).toEqual(["1", "2", "3", "z"]);
    expect(result.CommonPrefixes).toEqual([{ Prefix: "x/" }]);
    expect(Object.keys(result).sort()).toEqual(["CommonPrefixes", "Contents"]);
  });

  it("goes into structures", async () => {
    const client = inTurn({
      ETag: '"e"',
      ObjectSize: 3,
      ObjectParts: { Parts: [{ PartNumber: 1 }], TotalPartsCount: 1 },
    });
    const result = await paginate(client, "getObjectAttributes", {
      Bucket: "b",
      Key: "k",
      ObjectAttributes: ["ObjectParts"],
    }).fullResult();
    expect(result).toEqual({ ETag: '"e"', ObjectSize: 3, ObjectParts: { Parts: [{ PartNumber: 1 }] } });
  });
});

describe("paginate", () => {
  it("says which operations list", () => {
    expect(() => paginate(listing([]), "getObject" as "listParts", { Bucket: "b", Key: "k", UploadId: "u" })).toThrow(
      PaginationError,
    );
    expect(() => paginate(listing([]), "ListObjectsV2" as "listObjectsV2", input)).toThrow(/does not list/);
    let hint: string | undefined;
    try {
      paginate(listing([]), "constructor" as "listObjectsV2", input);
    } catch (error) {
      hint = (error as PaginationError).hint;
    }
    expect(hint).toContain("listObjectVersions");
  });

  it.each([
    { pageSize: 0 },
    { pageSize: 1.5 },
    { maxItems: -1 },
    { maxItems: Number.NaN },
    { pageSize: "3" as unknown as number },
  ])("refuses %j", (options) => {
    expect(() => paginate(listing([]), "listObjectsV2", input, options)).toThrow(ParamValidationError);
  });
});

import { describe, expect, it } from "vitest";
import { type Pages, type PaginateOptions, paginate } from "../../src/client/pages.js";
import { ParamValidationError } from "../../src/errors/base.js";
import type { ListObjectsV2Output } from "../../src/model/generated/types.js";
import { inTurn, listing } from "../support/scripted-client.js";

const keys = ["a", "b", "c", "d", "e", "f", "g"];
const input = { Bucket: "b" };

async function all<T>(iterable: AsyncIterable<T>): Promise<T[]> {
  const items: T[] = [];
  for await (const item of iterable) items.push(item);
  return items;
}

const keysOf = (pages: ListObjectsV2Output[]): string[][] => pages.map((page) => page.Contents.map(({ Key }) => Key));

describe("items", () => {
  it("are those of the main list", async () => {
    const items = await all(paginate(listing(keys), "listObjectsV2", input).items());
    expect(items.map(({ Key }) => Key)).toEqual(keys);
  });

  it("stop at break, and resume exactly there, wherever that is", async () => {
    for (let stop = 1; stop <= keys.length; stop++) {
      const pages = paginate(listing(keys), "listObjectsV2", input);
      const first: string[] = [];
      for await (const { Key } of pages.items()) {
        first.push(Key);
        if (first.length === stop) break;
      }
      const token = pages.resumeToken;
      expect(token === undefined).toBe(stop === keys.length);
      if (token === undefined) continue;
      expect(token).toMatch(/^[\w-]+$/);
      const rest = await all(paginate(listing(keys), "listObjectsV2", input, { startingToken: token }).items());
      expect([...first, ...rest.map(({ Key }) => Key)]).toEqual(keys);
    }
  });

  it("resume exactly there with pages of another size", async () => {
    for (const [before, after] of [
      [6, 1],
      [5, 2],
      [2, 5],
      [3, 7],
      [7, 3],
    ] as const) {
      for (let stop = 1; stop < keys.length; stop++) {
        const token = await takeItems(stop, { pageSize: before });
        const rest = await all(
          paginate(listing(keys), "listObjectsV2", input, { startingToken: token, pageSize: after }).items(),
        );
        expect(rest.map(({ Key }) => Key)).toEqual(keys.slice(stop));
      }
    }
  });

  it("can be taken in bites", async () => {
    const seen: string[] = [];
    let token: string | undefined;
    do {
      const pages: Pages<"listObjectsV2"> = paginate(listing(keys), "listObjectsV2", input, {
        maxItems: 2,
        startingToken: token,
      });
      for await (const { Key } of pages.items()) seen.push(Key);
      token = pages.resumeToken;
    } while (token !== undefined);
    expect(seen).toEqual(keys);
  });

  it("of pages without any are none", async () => {
    expect(await all(paginate(inTurn({ IsTruncated: false }), "listObjectsV2", input).items())).toEqual([]);
  });
});

async function takeItems(count: number, options: PaginateOptions): Promise<string | undefined> {
  const pages = paginate(listing(keys), "listObjectsV2", input, options);
  let taken = 0;
  for await (const _ of pages.items()) if (++taken === count) break;
  return pages.resumeToken;
}

describe("maxItems", () => {
  it.each([
    [1, [["a"]], 1],
    [3, [["a", "b", "c"]], 1],
    [4, [["a", "b", "c"], ["d"]], 2],
    [7, [["a", "b", "c"], ["d", "e", "f"], ["g"]], 3],
    [100, [["a", "b", "c"], ["d", "e", "f"], ["g"]], 3],
    [0, [], 0],
  ])("%i cuts the last page to fit", async (maxItems, pages, calls) => {
    const client = listing(keys);
    const listed = paginate(client, "listObjectsV2", input, { maxItems });
    expect(keysOf(await all(listed))).toEqual(pages);
    expect(client.calls).toHaveLength(calls);
    const rest = keys.slice(maxItems);
    if (rest.length === 0) {
      expect(listed.resumeToken).toBeUndefined();
      return;
    }
    if (maxItems === 0) return;
    const more = paginate(listing(keys), "listObjectsV2", input, { startingToken: listed.resumeToken });
    expect(keysOf(await all(more)).flat()).toEqual(rest);
  });

  it("counts from where the listing starts", async () => {
    const token = await takeItems(2, {});
    const pages = paginate(listing(keys), "listObjectsV2", input, { startingToken: token, maxItems: 3 });
    expect(keysOf(await all(pages))).toEqual([["c"], ["d", "e"]]);
    expect(
      keysOf(await all(paginate(listing(keys), "listObjectsV2", input, { startingToken: pages.resumeToken }))),
    ).toEqual([["f"], ["g"]]);
  });

  it("counts the main list alone; what a page lists besides comes once", async () => {
    const tree = ["1", "2", "x/1", "x/2", "y/1", "z"];
    const client = listing(tree, 10);
    const pages = paginate(client, "listObjectsV2", { ...input, Delimiter: "/" }, { maxItems: 1 });
    const [first] = await all(pages);
    expect(first?.Contents.map(({ Key }) => Key)).toEqual(["1"]);
    expect(first?.CommonPrefixes.map(({ Prefix }) => Prefix)).toEqual(["x/", "y/"]);
    const [second] = await all(
      paginate(client, "listObjectsV2", { ...input, Delimiter: "/" }, { startingToken: pages.resumeToken }),
    );
    expect(second?.Contents.map(({ Key }) => Key)).toEqual(["2", "z"]);
    expect(second?.CommonPrefixes).toEqual([]);
  });

  it("at the end of a page leaves the next page whole", async () => {
    const tree = ["1", "2", "x/1", "z"];
    const options = { ...input, Delimiter: "/" };
    const pages = paginate(listing(tree, 2), "listObjectsV2", options, { maxItems: 2 });
    await all(pages);
    const [next] = await all(
      paginate(listing(tree, 2), "listObjectsV2", options, { startingToken: pages.resumeToken }),
    );
    expect(next?.CommonPrefixes).toEqual([{ Prefix: "x/" }]);
    expect(next?.Contents).toMatchObject([{ Key: "z" }]);
  });
});

describe("a resume token", () => {
  const boto = (value: object): string => Buffer.from(JSON.stringify(value)).toString("base64");
  const resumed = async (token: string): Promise<string[]> =>
    keysOf(await all(paginate(listing(keys), "listObjectsV2", input, { startingToken: token }))).flat();

  it("of boto3 is understood", async () => {
    expect(await resumed(boto({ ContinuationToken: "c" }))).toEqual(["d", "e", "f", "g"]);
    expect(await resumed(boto({ ContinuationToken: "c", boto_truncate_amount: 2 }))).toEqual(["f", "g"]);
    expect(await resumed(boto({ ContinuationToken: null, boto_truncate_amount: 1 }))).toEqual(keys.slice(1));
  });

  it("survives any key", async () => {
    const odd = ["a?>~", "bÿ𝄞", "c\u0001", "d&e"];
    const pages = paginate(listing(odd, 1), "listObjectsV2", input, { maxItems: 2 });
    await all(pages);
    const rest = paginate(listing(odd, 1), "listObjectsV2", input, { startingToken: pages.resumeToken });
    expect(keysOf(await all(rest)).flat()).toEqual(odd.slice(2));
  });

  it.each([
    ["", "is not a resume token"],
    ["%%%", "is not a resume token"],
    ["some-key", "is not a resume token"],
    [boto([1]), "is not a resume token"],
    [boto({ of: "ListParts", after: { PartNumberMarker: 1 } }), "is a token of ListParts"],
    [boto({ PartNumberMarker: 1 }), "has a member PartNumberMarker"],
    [boto({ ContinuationToken: {} }), "is damaged"],
    [boto({ ContinuationToken: "c", boto_truncate_amount: -1 }), "is damaged"],
    [boto({ of: "ListObjectsV2", after: [], drop: 1 }), "is damaged"],
  ])("that is none is refused kindly: %j", async (token, problem) => {
    const client = listing(keys);
    const refused = all(paginate(client, "listObjectsV2", input, { startingToken: token }));
    await expect(refused).rejects.toThrow(ParamValidationError);
    await expect(refused).rejects.toMatchObject({
      faults: [{ path: "startingToken", problem: expect.stringContaining(problem) }],
    });
    await expect(refused).rejects.toMatchObject({ hint: expect.stringContaining("resumeToken") });
    expect(client.calls).toEqual([]);
  });

  it("is the one that was given, until something is read", () => {
    const token = boto({ ContinuationToken: "c" });
    expect(paginate(listing(keys), "listObjectsV2", input, { startingToken: token }).resumeToken).toBe(token);
    expect(paginate(listing(keys), "listObjectsV2", input).resumeToken).toBeUndefined();
  });
});

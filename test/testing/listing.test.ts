import fc from "fast-check";
import { S3Server } from "tucuxi/testing";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { call, element, elements, encodeKey, fault, put } from "./raw.js";

const server = await S3Server.start({ buckets: ["bucket", "versioned", "random"] });
const small = await S3Server.start({ buckets: ["bucket"], pageSize: 2 });
afterAll(async () => {
  await server.stop();
  await small.stop();
});

const keys = ["a", "b/1", "b/2", "b/c/1", "c", "d/1", "e"];
beforeAll(async () => {
  for (const key of keys) await put(server, `/bucket/${key}`, key);
  for (const key of keys) await put(small, `/bucket/${key}`, key);
});

const list = (query: string, from = server) => call(from, { path: `/bucket?${query}` });
const decode = (text: string): string => decodeURIComponent(text.replaceAll("+", " "));

/** All pages of a list: keys and common prefixes in the order they came. */
async function pages(bucket: string, query: string, version: 1 | 2, from = server): Promise<string[][]> {
  const found: string[][] = [];
  let next = "";
  for (let i = 0; i < 500; i++) {
    const answer = await call(from, {
      path: `/${bucket}?encoding-type=url${version === 2 ? "&list-type=2" : ""}&${query}${next}`,
    });
    const names = [
      ...elements(answer.text, "Key"),
      ...elements(answer.text.replace(/^[\s\S]*?(?=<CommonPrefixes>|$)/, ""), "Prefix"),
    ];
    found.push(names.map(decode));
    if (element(answer.text, "IsTruncated") === "false") return found;
    const marker = element(answer.text, "NextMarker");
    const token = element(answer.text, "NextContinuationToken");
    if (version === 2) next = `&continuation-token=${encodeURIComponent(token!)}`;
    else next = `&marker=${encodeURIComponent(marker === undefined ? found[i]!.at(-1)! : decode(marker))}`;
  }
  throw new Error("The list does not end.");
}

describe("lists of objects", () => {
  it("show keys with their facts", async () => {
    const { text } = await list("list-type=2&max-keys=1&fetch-owner=true");
    expect(element(text, "Name")).toBe("bucket");
    expect([element(text, "KeyCount"), element(text, "MaxKeys"), element(text, "IsTruncated")]).toEqual([
      "1",
      "1",
      "true",
    ]);
    expect([element(text, "Key"), element(text, "Size"), element(text, "StorageClass")]).toEqual([
      "a",
      "1",
      "STANDARD",
    ]);
    expect(element(text, "ETag")).toBe("&quot;0cc175b9c0f1b6a831c399e269772661&quot;");
    expect(element(text, "LastModified")).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
    expect(element(text, "ID")).toMatch(/^[0-9a-f]{64}$/);
    expect(text).toContain("<Prefix/>");
    expect((await list("list-type=2")).text).not.toContain("<Owner>");
    expect((await list("")).text).toContain("<Owner>");
    expect((await list("")).text).toContain("<Marker/>");
  });

  it("roll up what is behind a delimiter", async () => {
    const { text } = await list("list-type=2&delimiter=%2F");
    expect(elements(text, "Key")).toEqual(["a", "c", "e"]);
    expect(elements(text, "CommonPrefixes")).toEqual(["<Prefix>b/</Prefix>", "<Prefix>d/</Prefix>"]);
    expect(element(text, "KeyCount")).toBe("5");
    const inside = await list("list-type=2&delimiter=%2F&prefix=b%2F");
    expect(elements(inside.text, "Key")).toEqual(["b/1", "b/2"]);
    expect(elements(inside.text, "CommonPrefixes")).toEqual(["<Prefix>b/c/</Prefix>"]);
    expect(elements((await list("delimiter=b%2F")).text, "CommonPrefixes")).toEqual(["<Prefix>b/</Prefix>"]);
  });

  it.each([1, 2] as const)("turn pages, with and without delimiter (version %i)", async (version) => {
    expect(await pages("bucket", "max-keys=3", version)).toEqual([["a", "b/1", "b/2"], ["b/c/1", "c", "d/1"], ["e"]]);
    expect(await pages("bucket", "max-keys=1&delimiter=%2F", version)).toEqual([["a"], ["b/"], ["c"], ["d/"], ["e"]]);
    expect(await pages("bucket", "prefix=b%2F&max-keys=1&delimiter=%2F", version)).toEqual([
      ["b/1"],
      ["b/2"],
      ["b/c/"],
    ]);
  });

  it("turn small pages on demand", async () => {
    expect((await pages("bucket", "", 2, small)).map((page) => page.length)).toEqual([2, 2, 2, 1]);
    expect(element((await list("list-type=2", small)).text, "MaxKeys")).toBe("1000");
  });

  it("start where they are told", async () => {
    expect(elements((await list("list-type=2&start-after=b%2F2")).text, "Key")).toEqual(["b/c/1", "c", "d/1", "e"]);
    expect(elements((await list("marker=bb")).text, "Key")).toEqual(["c", "d/1", "e"]);
    expect(elements((await list("list-type=2&start-after=zzz")).text, "Key")).toEqual([]);
    const page = (await list("list-type=2&start-after=b%2F2&max-keys=1")).text;
    expect(element(page, "StartAfter")).toBe("b/2");
    const token = encodeURIComponent(element(page, "NextContinuationToken")!);
    const next = (await list(`list-type=2&start-after=b%2F2&continuation-token=${token}`)).text;
    expect([elements(next, "Key"), element(next, "StartAfter")]).toEqual([["c", "d/1", "e"], undefined]);
    const { text } = await list("list-type=2&start-after=b%2F&delimiter=%2F");
    expect([...elements(text, "Key"), ...elements(text, "CommonPrefixes")]).toEqual(["c", "e", "<Prefix>d/</Prefix>"]);
  });

  it("only say NextMarker with a delimiter", async () => {
    expect(element((await list("max-keys=1")).text, "NextMarker")).toBeUndefined();
    expect(element((await list("max-keys=1&delimiter=%2F")).text, "NextMarker")).toBe("a");
  });

  it("refuse what they can't read", async () => {
    for (const query of [
      "max-keys=-1",
      "max-keys=x",
      "list-type=2&max-keys=99999999999",
      "encoding-type=base64",
      "list-type=3",
      "list-type=2&continuation-token=zzz",
      "list-type=2&continuation-token=",
    ]) {
      expect([query, fault(await list(query))]).toEqual([query, "400 InvalidArgument"]);
    }
    const none = await list("list-type=2&max-keys=0");
    expect([element(none.text, "KeyCount"), element(none.text, "IsTruncated")]).toEqual(["0", "false"]);
    expect(element((await list("list-type=2&max-keys=5000")).text, "MaxKeys")).toBe("1000");
  });

  it("agree with a plain model for any keys, prefix, delimiter and page", async () => {
    const letters = fc.constantFrom("a", "b", "/", "é", "\ue000", "🐬", "%");
    const word = fc.string({ unit: letters, minLength: 1, maxLength: 5 });
    await fc.assert(
      fc.asyncProperty(
        fc.uniqueArray(word, { maxLength: 12 }),
        fc.string({ unit: letters, maxLength: 2 }),
        fc.constantFrom("", "/", "a", "/a"),
        fc.integer({ min: 1, max: 4 }),
        fc.constantFrom(1 as const, 2 as const),
        async (names, prefix, delimiter, size, version) => {
          server.reset();
          for (const name of names) await put(server, `/random/${encodeKey(name)}`);
          const expected: string[] = [];
          for (const name of [...names].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)))) {
            if (!name.startsWith(prefix)) continue;
            const at = delimiter === "" ? -1 : name.indexOf(delimiter, prefix.length);
            const item = at < 0 ? name : name.slice(0, at + delimiter.length);
            if (!expected.includes(item)) expected.push(item);
          }
          const query = `prefix=${encodeURIComponent(prefix)}&delimiter=${encodeURIComponent(delimiter)}&max-keys=${size}`;
          const found = (await pages("random", query, version)).flat();
          expect(found.sort()).toEqual(expected.sort());
        },
      ),
      { numRuns: 60 },
    );
    for (const key of keys) await put(server, `/bucket/${key}`, key);
  });
});

describe("versions", () => {
  const versioning = (status: string) =>
    call(server, {
      method: "PUT",
      path: "/versioned?versioning",
      body: `<VersioningConfiguration xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Status>${status}</Status></VersioningConfiguration>`,
    });
  const versions = (query = "") => call(server, { path: `/versioned?versions&${query}` });
  const id = (answer: { headers: Record<string, unknown> }): string => answer.headers["x-amz-version-id"] as string;
  const get = (path: string) => call(server, { path });

  it("are kept, each under its id", async () => {
    const before = await put(server, "/versioned/k", "zero");
    expect(id(before)).toBeUndefined();
    expect((await get("/versioned?versioning")).text).toMatch(
      /<VersioningConfiguration xmlns="[^"]+"><\/VersioningConfiguration>$/,
    );
    expect((await versioning("Enabled")).status).toBe(200);
    expect(element((await get("/versioned?versioning")).text, "Status")).toBe("Enabled");
    const one = id(await put(server, "/versioned/k", "one"));
    const two = id(await put(server, "/versioned/k", "two"));
    expect(one).toMatch(/^[A-Za-z0-9._]{32}$/);
    expect((await get("/versioned/k")).text).toBe("two");
    expect((await get(`/versioned/k?versionId=${one}`)).text).toBe("one");
    expect((await get("/versioned/k?versionId=null")).text).toBe("zero");
    const { text } = await versions();
    expect(elements(text, "VersionId")).toEqual([two, one, "null"]);
    expect(elements(text, "IsLatest")).toEqual(["true", "false", "false"]);
  });

  it("hide behind delete markers, which can be taken away", async () => {
    const marker = await call(server, { method: "DELETE", path: "/versioned/k" });
    expect([marker.status, marker.headers["x-amz-delete-marker"]]).toEqual([204, "true"]);
    const gone = await get("/versioned/k");
    expect(fault(gone)).toBe("404 NoSuchKey");
    expect([gone.headers["x-amz-delete-marker"], id(gone)]).toEqual(["true", id(marker)]);
    const asked = await get(`/versioned/k?versionId=${id(marker)}`);
    expect([fault(asked), asked.headers["allow"], asked.headers["x-amz-delete-marker"]]).toEqual([
      "405 MethodNotAllowed",
      "DELETE",
      "true",
    ]);
    expect(elements((await call(server, { path: "/versioned?list-type=2" })).text, "Key")).toEqual([]);
    expect(elements((await versions()).text, "DeleteMarker")).toHaveLength(1);
    const copy = { "x-amz-copy-source": `/versioned/k?versionId=${id(marker)}` };
    expect(fault(await call(server, { method: "PUT", path: "/versioned/c", headers: copy }))).toBe(
      "400 InvalidRequest",
    );
    const undone = await call(server, { method: "DELETE", path: `/versioned/k?versionId=${id(marker)}` });
    expect([undone.headers["x-amz-delete-marker"], id(undone)]).toEqual(["true", id(marker)]);
    expect((await get("/versioned/k")).text).toBe("two");
  });

  it("are asked for by ids that can be ids", async () => {
    expect(fault(await get(`/versioned/k?versionId=${"x".repeat(32)}`))).toBe("404 NoSuchVersion");
    expect(fault(await get("/versioned/k?versionId=x"))).toBe("400 InvalidArgument");
    expect(fault(await get("/versioned/k?versionId="))).toBe("400 InvalidArgument");
  });

  it("turn pages within a key", async () => {
    await put(server, "/versioned/a/1");
    await put(server, "/versioned/a/2");
    await call(server, { method: "DELETE", path: "/versioned/z" });
    const all = elements((await versions()).text, "VersionId");
    for (const size of [1, 2, 3]) {
      const found: string[] = [];
      let next = "";
      for (let i = 0; i < 20; i++) {
        const { text } = await versions(`max-keys=${size}${next}`);
        found.push(...elements(text, "VersionId"));
        if (element(text, "IsTruncated") !== "true") break;
        next = `&key-marker=${element(text, "NextKeyMarker")}&version-id-marker=${element(text, "NextVersionIdMarker")}`;
      }
      expect(found).toEqual(all);
    }
    const rolled = await versions("delimiter=%2F&max-keys=1");
    expect([element(rolled.text, "CommonPrefixes"), element(rolled.text, "NextKeyMarker")]).toEqual([
      "<Prefix>a/</Prefix>",
      "a/",
    ]);
    const rest = await versions("delimiter=%2F&key-marker=a%2F");
    expect(elements(rest.text, "CommonPrefixes")).toEqual([]);
    expect(fault(await versions("version-id-marker=x"))).toBe("400 InvalidArgument");
  });

  it("are one again when versioning is suspended", async () => {
    await versioning("Suspended");
    const before = elements((await versions("prefix=k")).text, "VersionId");
    await put(server, "/versioned/k", "suspended");
    expect(elements((await versions("prefix=k")).text, "VersionId")).toEqual([
      "null",
      ...before.filter((version) => version !== "null"),
    ]);
    const marker = await call(server, { method: "DELETE", path: "/versioned/k" });
    expect([id(marker), marker.headers["x-amz-delete-marker"]]).toEqual(["null", "true"]);
    expect(elements((await versions("prefix=k")).text, "VersionId")).toHaveLength(before.length);
    await put(server, "/versioned/k", "again");
    expect(elements((await versions("prefix=k")).text, "VersionId")).toHaveLength(before.length);
    expect(fault(await versioning("Off"))).toBe("400 MalformedXML");
  });
});

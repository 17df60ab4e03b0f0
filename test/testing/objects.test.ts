import { createHash } from "node:crypto";
import { S3Server } from "tucuxi/testing";
import { afterAll, describe, expect, it } from "vitest";
import { type Answer, call, document, element, elements, fault, put, send } from "./raw.js";

const server = await S3Server.start({ buckets: ["bucket"] });
afterAll(() => server.stop());

const get = (path: string, headers: Record<string, string> = {}): Promise<Answer> => call(server, { path, headers });
const head = (path: string, headers: Record<string, string> = {}): Promise<Answer> =>
  call(server, { method: "HEAD", path, headers });
const remove = (path: string, headers: Record<string, string> = {}): Promise<Answer> =>
  call(server, { method: "DELETE", path, headers });
const md5 = (data: string | Uint8Array): string => createHash("md5").update(data).digest("hex");

describe("an object", () => {
  it("comes back with what was said of it", async () => {
    const said: Record<string, string> = {
      "cache-control": "no-cache",
      "content-disposition": 'attachment; filename="a b.txt"',
      "content-encoding": "gzip",
      "content-language": "de, en",
      "content-type": "text/plain; charset=utf-8",
      expires: "Thu, 01 Jan 2032 00:00:00 GMT",
      "x-amz-meta-plain": "value",
      "x-amz-meta-mixed-case": "Va  lue",
      "x-amz-storage-class": "STANDARD_IA",
      "x-amz-website-redirect-location": "/elsewhere",
    };
    const answer = await put(server, "/bucket/said", "hello", said);
    expect(answer.headers["etag"]).toBe(`"${md5("hello")}"`);
    expect(answer.headers["x-amz-server-side-encryption"]).toBe("AES256");
    for (const found of [await get("/bucket/said"), await head("/bucket/said")]) {
      expect(found.status).toBe(200);
      expect(found.headers).toMatchObject(said);
      expect(found.headers["content-length"]).toBe("5");
      expect(found.headers["accept-ranges"]).toBe("bytes");
      expect(found.headers["etag"]).toBe(`"${md5("hello")}"`);
      expect(Math.abs(Date.parse(found.headers["last-modified"]!) - Date.now())).toBeLessThan(60_000);
    }
  });

  it("keeps an Expires that is no date, and has a type of its own when none is given", async () => {
    await put(server, "/bucket/e", "", { Expires: "whenever" });
    const { headers } = await get("/bucket/e");
    expect([headers["expires"], headers["content-type"], headers["content-length"]]).toEqual([
      "whenever",
      "binary/octet-stream",
      "0",
    ]);
  });

  it("is refused when something said of it is wrong", async () => {
    const bad = async (headers: Record<string, string>): Promise<string> =>
      fault(await call(server, { method: "PUT", path: "/bucket/bad", body: "x", headers }));
    expect(await bad({ "x-amz-storage-class": "CHEAP" })).toBe("400 InvalidStorageClass");
    expect(await bad({ "x-amz-meta-a": "x".repeat(2048) })).toBe("400 MetadataTooLarge");
    expect(await bad({ "x-amz-acl": "open" })).toBe("400 InvalidArgument");
    expect(await bad({ "x-amz-tagging": "a=1&a=2" })).toBe("400 InvalidArgument");
    expect(await bad({ "x-amz-tagging": "a=%zz" })).toBe("400 InvalidArgument");
    expect(await bad({ "x-amz-server-side-encryption": "ROT13" })).toBe("400 InvalidArgument");
    expect(await bad({ "x-amz-website-redirect-location": "ftp://x" })).toBe("400 InvalidRedirectLocation");
    expect(await bad({ "x-amz-object-lock-legal-hold": "ON" })).toBe("400 InvalidRequest");
    expect(await bad({ "x-amz-write-offset-bytes": "1" })).toBe("501 NotImplemented");
    expect(fault(await get("/bucket/bad"))).toBe("404 NoSuchKey");
  });

  it("is overwritten as a whole", async () => {
    await put(server, "/bucket/twice", "first", { "x-amz-meta-a": "1", "x-amz-tagging": "a=1" });
    await put(server, "/bucket/twice", "second");
    const { headers, text } = await get("/bucket/twice");
    expect([text, headers["x-amz-meta-a"], headers["x-amz-tagging-count"]]).toEqual(["second", undefined, undefined]);
  });

  it("is gone when it is deleted, and deleting nothing is fine", async () => {
    await put(server, "/bucket/gone", "x");
    expect((await remove("/bucket/gone")).status).toBe(204);
    expect((await remove("/bucket/gone")).status).toBe(204);
    expect((await head("/bucket/gone")).status).toBe(404);
    expect(fault(await call(server, { path: "/no-such-bucket/k" }))).toBe("404 NoSuchBucket");
  });

  it("is encrypted with a customer's key only for who has the key", async () => {
    const key = (letter: string, prefix = "x-amz-server-side-encryption-customer-"): Record<string, string> => {
      const bytes = Buffer.alloc(32, letter);
      return {
        [`${prefix}algorithm`]: "AES256",
        [`${prefix}key`]: bytes.toString("base64"),
        [`${prefix}key-MD5`]: createHash("md5").update(bytes).digest("base64"),
      };
    };
    const written = await put(server, "/bucket/sse", "secret", key("a"));
    expect(written.headers["x-amz-server-side-encryption-customer-algorithm"]).toBe("AES256");
    expect(written.headers["x-amz-server-side-encryption"]).toBeUndefined();
    expect(written.headers["etag"]).not.toBe(`"${md5("secret")}"`);
    expect((await get("/bucket/sse", key("a"))).text).toBe("secret");
    expect(fault(await get("/bucket/sse"))).toBe("400 InvalidRequest");
    expect((await head("/bucket/sse")).status).toBe(400);
    expect(fault(await get("/bucket/sse", key("b")))).toBe("403 AccessDenied");
    await put(server, "/bucket/open", "open");
    expect(fault(await get("/bucket/open", key("a")))).toBe("400 InvalidRequest");
    const source = { "x-amz-copy-source": "/bucket/sse" };
    const copySource = key("a", "x-amz-copy-source-server-side-encryption-customer-");
    expect(fault(await call(server, { method: "PUT", path: "/bucket/copy", headers: source }))).toBe(
      "400 InvalidRequest",
    );
    expect(
      (await call(server, { method: "PUT", path: "/bucket/copy", headers: { ...source, ...copySource } })).status,
    ).toBe(200);
    expect((await get("/bucket/copy")).text).toBe("secret");
    const wrong = {
      ...key("a"),
      "x-amz-server-side-encryption-customer-key-MD5": key("b")["x-amz-server-side-encryption-customer-key-MD5"]!,
    };
    expect(fault(await call(server, { method: "PUT", path: "/bucket/x", body: "", headers: wrong }))).toBe(
      "400 InvalidArgument",
    );
  });

  it("is held to its MD5 and its checksum", async () => {
    const bad = async (headers: Record<string, string>): Promise<string> =>
      fault(await call(server, { method: "PUT", path: "/bucket/sum", body: "123456789", headers }));
    expect(await bad({ "Content-MD5": createHash("md5").update("other").digest("base64") })).toBe("400 BadDigest");
    expect(await bad({ "Content-MD5": "not base64" })).toBe("400 InvalidDigest");
    expect(await bad({ "x-amz-checksum-crc32": "AAAAAA==" })).toBe("400 BadDigest");
    expect(await bad({ "x-amz-checksum-crc32": "AAAA" })).toBe("400 InvalidRequest");
    expect(await bad({ "x-amz-checksum-crc32": "y/Q5Jg==", "x-amz-checksum-sha1": "x" })).toBe("400 InvalidRequest");
    expect(await bad({ "x-amz-sdk-checksum-algorithm": "CRC32" })).toBe("400 InvalidRequest");
    expect(await bad({ "x-amz-sdk-checksum-algorithm": "SHA1", "x-amz-checksum-crc32": "y/Q5Jg==" })).toBe(
      "400 InvalidRequest",
    );
  });

  // Check values of the nine digits that the algorithms' own descriptions give.
  it.each([
    ["crc32", "cbf43926"],
    ["crc32c", "e3069283"],
    ["crc64nvme", "ae8b14860a799888"],
    ["sha1", createHash("sha1").update("123456789").digest("hex")],
    ["sha256", createHash("sha256").update("123456789").digest("hex")],
    ["sha512", createHash("sha512").update("123456789").digest("hex")],
    ["md5", md5("123456789")],
    ["xxhash64", "8cb841db40e6ae83"],
  ])("keeps its %s and gives it when asked", async (name, hex) => {
    const header = `x-amz-checksum-${name}`;
    const value = Buffer.from(hex, "hex").toString("base64");
    const answer = await put(server, "/bucket/kept", "123456789", { [header]: value });
    expect([answer.headers[header], answer.headers["x-amz-checksum-type"]]).toEqual([value, "FULL_OBJECT"]);
    expect((await get("/bucket/kept")).headers[header]).toBeUndefined();
    const asked = await get("/bucket/kept", { "x-amz-checksum-mode": "ENABLED" });
    expect([asked.headers[header], asked.headers["x-amz-checksum-type"]]).toEqual([value, "FULL_OBJECT"]);
    const part = await get("/bucket/kept", { "x-amz-checksum-mode": "ENABLED", Range: "bytes=0-3" });
    expect(part.headers[header]).toBeUndefined();
    const attributes = await get("/bucket/kept?attributes", { "x-amz-object-attributes": "Checksum,ETag,ObjectSize" });
    expect(element(attributes.text, `Checksum${name.toUpperCase()}`)).toBe(value);
    expect(element(attributes.text, "ETag")).toBe(md5("123456789"));
    expect(element(attributes.text, "ObjectSize")).toBe("9");
    expect(element(attributes.text, "StorageClass")).toBeUndefined();
  });

  it("that came without a checksum has a CRC64NVME all the same", async () => {
    await put(server, "/bucket/plain", "123456789");
    const { headers } = await head("/bucket/plain", { "x-amz-checksum-mode": "ENABLED" });
    expect(headers["x-amz-checksum-crc64nvme"]).toBe(Buffer.from("ae8b14860a799888", "hex").toString("base64"));
  });

  it("that is archived must be restored before it is read", async () => {
    await put(server, "/bucket/cold", "ice", { "x-amz-storage-class": "GLACIER" });
    const answer = await get("/bucket/cold");
    expect(fault(answer)).toBe("403 InvalidObjectState");
    expect(element(answer.text, "StorageClass")).toBe("GLACIER");
    expect((await head("/bucket/cold")).status).toBe(200);
    const restore = () =>
      document(server, "POST", "/bucket/cold?restore", "<RestoreRequest><Days>2</Days></RestoreRequest>");
    expect((await restore()).status).toBe(202);
    expect((await restore()).status).toBe(200);
    const warm = await get("/bucket/cold");
    expect(warm.text).toBe("ice");
    expect(warm.headers["x-amz-restore"]).toMatch(/^ongoing-request="false", expiry-date="\w{3}, .* 00:00:00 GMT"$/);
    await put(server, "/bucket/warm", "");
    expect(
      fault(await document(server, "POST", "/bucket/warm?restore", "<RestoreRequest><Days>2</Days></RestoreRequest>")),
    ).toBe("403 InvalidObjectState");
  });
});

describe("a range", () => {
  it.each([
    ["bytes=0-3", "0123", "bytes 0-3/10"],
    ["bytes=0-0", "0", "bytes 0-0/10"],
    ["bytes=5-", "56789", "bytes 5-9/10"],
    ["bytes=5-99", "56789", "bytes 5-9/10"],
    ["bytes=-3", "789", "bytes 7-9/10"],
    ["bytes=-99", "0123456789", "bytes 0-9/10"],
  ])("%s is answered with its bytes", async (range, text, contentRange) => {
    await put(server, "/bucket/ten", "0123456789");
    const answer = await get("/bucket/ten", { Range: range });
    expect([answer.status, answer.text, answer.headers["content-range"]]).toEqual([206, text, contentRange]);
    const headed = await head("/bucket/ten", { Range: range });
    expect([headed.status, headed.headers["content-length"]]).toEqual([206, String(text.length)]);
  });

  it.each(["bytes=0-1,3-4", "bytes=5-2", "lines=1-2", "bytes=-", "bytes=a-b"])("%s is passed over", async (range) => {
    await put(server, "/bucket/ten", "0123456789");
    const answer = await get("/bucket/ten", { Range: range });
    expect([answer.status, answer.text]).toEqual([200, "0123456789"]);
  });

  it.each(["bytes=10-", "bytes=99-100", "bytes=-0"])("%s is refused", async (range) => {
    await put(server, "/bucket/ten", "0123456789");
    const answer = await get("/bucket/ten", { Range: range });
    expect(fault(answer)).toBe("416 InvalidRange");
    expect(element(answer.text, "ActualObjectSize")).toBe("10");
  });

  it("of an empty object is refused", async () => {
    await put(server, "/bucket/empty", "");
    expect(fault(await get("/bucket/empty", { Range: "bytes=0-" }))).toBe("416 InvalidRange");
  });
});

describe("conditions", () => {
  const past = "Thu, 01 Jan 2015 00:00:00 GMT";
  const ahead = "Wed, 01 Jan 2025 00:00:00 GMT";

  it("of reads have S3's precedence", async () => {
    // A clock of its own: the object is from 2020.
    const dated = await S3Server.start({ buckets: ["bucket"], clock: () => new Date("2020-01-01T00:00:00.500Z") });
    const Date_ = "Wed, 01 Jan 2020 00:00:00 GMT";
    const written = await call(dated, { method: "PUT", path: "/bucket/k", body: "x", headers: { Date: Date_ } });
    const etag = written.headers["etag"] as string;
    const status = async (headers: Record<string, string>, method = "GET"): Promise<number> =>
      (await call(dated, { method, path: "/bucket/k", headers: { Date: Date_, ...headers } })).status;
    expect(await status({ "If-Match": etag })).toBe(200);
    expect(await status({ "If-Match": etag.replaceAll('"', "") })).toBe(200);
    expect(await status({ "If-Match": `"x", ${etag}` })).toBe(200);
    expect(await status({ "If-Match": "*" })).toBe(200);
    expect(await status({ "If-Match": '"x"' })).toBe(412);
    expect(await status({ "If-None-Match": etag })).toBe(304);
    expect(await status({ "If-None-Match": '"x"' })).toBe(200);
    expect(await status({ "If-Modified-Since": past })).toBe(200);
    expect(await status({ "If-Modified-Since": Date_ })).toBe(304);
    expect(await status({ "If-Modified-Since": "nonsense" })).toBe(200);
    expect(await status({ "If-Unmodified-Since": past })).toBe(412);
    expect(await status({ "If-Unmodified-Since": Date_ })).toBe(200);
    // The ETag decides; the date beside it does not count.
    expect(await status({ "If-Match": etag, "If-Unmodified-Since": past })).toBe(200);
    expect(await status({ "If-None-Match": etag, "If-Modified-Since": past })).toBe(304);
    expect(await status({ "If-None-Match": '"x"', "If-Modified-Since": ahead })).toBe(200);
    expect(await status({ "If-Match": '"x"', "If-None-Match": etag })).toBe(412);
    expect(await status({ "If-Match": '"x"' }, "HEAD")).toBe(412);
    expect(await status({ "If-None-Match": etag }, "HEAD")).toBe(304);
    const unchanged = await call(dated, { path: "/bucket/k", headers: { Date: Date_, "If-None-Match": etag } });
    expect([unchanged.text, unchanged.headers["etag"]]).toEqual(["", etag]);
    await dated.stop();
  });

  it("of writes keep what is there, or take its place", async () => {
    const ask = (path: string, headers: Record<string, string>) =>
      call(server, { method: "PUT", path, body: "new", headers });
    const etag = (await put(server, "/bucket/c", "old")).headers["etag"] as string;
    const refused = await ask("/bucket/c", { "If-None-Match": "*" });
    expect(fault(refused)).toBe("412 PreconditionFailed");
    expect(element(refused.text, "Condition")).toBe("If-None-Match");
    expect(fault(await ask("/bucket/c", { "If-None-Match": etag }))).toBe("501 NotImplemented");
    expect(fault(await ask("/bucket/c", { "If-Match": '"x"' }))).toBe("412 PreconditionFailed");
    expect(fault(await ask("/bucket/none", { "If-Match": etag }))).toBe("404 NoSuchKey");
    expect((await ask("/bucket/c", { "If-Match": etag })).status).toBe(200);
    expect((await ask("/bucket/fresh", { "If-None-Match": "*" })).status).toBe(200);
  });

  it("of two writes at once let one win", async () => {
    const race = await Promise.all(
      Array.from({ length: 8 }, (_, i) =>
        call(server, { method: "PUT", path: "/bucket/race", body: `${i}`, headers: { "If-None-Match": "*" } }),
      ),
    );
    expect(race.map((answer) => answer.status).sort()).toEqual([200, 412, 412, 412, 412, 412, 412, 412]);
  });

  it("of deletions keep what is another", async () => {
    const etag = (await put(server, "/bucket/d", "x")).headers["etag"] as string;
    expect(fault(await remove("/bucket/d", { "If-Match": '"x"' }))).toBe("412 PreconditionFailed");
    expect(fault(await remove("/bucket/nothing", { "If-Match": etag }))).toBe("412 PreconditionFailed");
    expect((await remove("/bucket/d", { "If-Match": etag })).status).toBe(204);
  });
});

describe("headers of the answer", () => {
  it("may be asked for by who signs", async () => {
    await put(server, "/bucket/o", "x", { "x-amz-acl": "public-read" });
    const query =
      "response-content-type=a%2Fb&response-cache-control=c&response-content-disposition=d&response-content-encoding=e&response-content-language=f&response-expires=g";
    const { headers } = await get(`/bucket/o?${query}`);
    expect(headers).toMatchObject({
      "content-type": "a/b",
      "cache-control": "c",
      "content-disposition": "d",
      "content-encoding": "e",
      "content-language": "f",
      expires: "g",
    });
    expect((await send(server, { path: "/bucket/o" })).status).toBe(200);
    expect(fault(await send(server, { path: "/bucket/o?response-content-type=a" }))).toBe("400 InvalidRequest");
  });
});

describe("copies", () => {
  const copy = (to: string, source: string, headers: Record<string, string> = {}) =>
    call(server, { method: "PUT", path: to, headers: { "x-amz-copy-source": source, ...headers } });

  it("take headers, metadata and tags along, but not class, ACL and redirect", async () => {
    await put(server, "/bucket/from", "body", {
      "content-type": "a/b",
      "x-amz-meta-m": "1",
      "x-amz-tagging": "t=1&u=2",
      "x-amz-storage-class": "STANDARD_IA",
      "x-amz-website-redirect-location": "/r",
      "x-amz-acl": "public-read",
    });
    const answer = await copy("/bucket/to", "/bucket/from");
    expect(answer.status).toBe(200);
    expect(element(answer.text, "ETag")).toBe(`&quot;${md5("body")}&quot;`);
    expect(element(answer.text, "LastModified")).toMatch(/Z$/);
    const { headers, text } = await get("/bucket/to");
    expect(text).toBe("body");
    expect([headers["content-type"], headers["x-amz-meta-m"], headers["x-amz-tagging-count"]]).toEqual([
      "a/b",
      "1",
      "2",
    ]);
    expect([headers["x-amz-storage-class"], headers["x-amz-website-redirect-location"]]).toEqual([
      undefined,
      undefined,
    ]);
    expect((await send(server, { path: "/bucket/to" })).status).toBe(403);
  });

  it("replace what they are told to", async () => {
    await put(server, "/bucket/from", "body", { "content-type": "a/b", "x-amz-meta-m": "1", "x-amz-tagging": "t=1" });
    await copy("/bucket/to", "bucket/from", { "x-amz-metadata-directive": "REPLACE", "x-amz-meta-n": "2" });
    const { headers } = await get("/bucket/to");
    expect([headers["content-type"], headers["x-amz-meta-m"], headers["x-amz-meta-n"]]).toEqual([
      "binary/octet-stream",
      undefined,
      "2",
    ]);
    await copy("/bucket/to", "bucket/from", { "x-amz-tagging-directive": "REPLACE", "x-amz-tagging": "v=3" });
    expect(elements((await get("/bucket/to?tagging")).text, "Key")).toEqual(["v"]);
    expect(fault(await copy("/bucket/to", "bucket/from", { "x-amz-metadata-directive": "MERGE" }))).toBe(
      "400 InvalidArgument",
    );
  });

  it("onto itself must change something", async () => {
    await put(server, "/bucket/self", "body", { "x-amz-meta-m": "1" });
    expect(fault(await copy("/bucket/self", "/bucket/self"))).toBe("400 InvalidRequest");
    expect((await copy("/bucket/self", "/bucket/self", { "x-amz-metadata-directive": "REPLACE" })).status).toBe(200);
    expect((await copy("/bucket/self", "/bucket/self", { "x-amz-storage-class": "STANDARD_IA" })).status).toBe(200);
    expect((await get("/bucket/self")).text).toBe("body");
  });

  it("have conditions on their source, all answered with 412", async () => {
    const etag = (await put(server, "/bucket/from", "body")).headers["etag"] as string;
    const when = async (headers: Record<string, string>): Promise<number> => {
      const named = Object.entries(headers).map(([name, value]) => [`x-amz-copy-source-${name}`, value]);
      return (await copy("/bucket/to", "/bucket/from", Object.fromEntries(named))).status;
    };
    expect(await when({ "if-match": etag })).toBe(200);
    expect(await when({ "if-match": '"x"' })).toBe(412);
    expect(await when({ "if-none-match": etag })).toBe(412);
    expect(await when({ "if-none-match": '"x"' })).toBe(200);
    expect(await when({ "if-modified-since": new Date(Date.now() + 60_000).toUTCString() })).toBe(412);
    expect(await when({ "if-unmodified-since": new Date(Date.now() - 60_000).toUTCString() })).toBe(412);
    expect(await when({ "if-match": etag, "if-unmodified-since": new Date(Date.now() - 60_000).toUTCString() })).toBe(
      200,
    );
  });

  it("need a source that is there and can be read", async () => {
    expect(fault(await copy("/bucket/to", "/bucket/nothing"))).toBe("404 NoSuchKey");
    expect(fault(await copy("/bucket/to", "/no-such-bucket/k"))).toBe("404 NoSuchBucket");
    for (const source of ["bucket", "/bucket/", "/", "bucket/%zz"]) {
      expect(fault(await copy("/bucket/to", source))).toBe("400 InvalidArgument");
    }
  });

  it("find keys that were encoded", async () => {
    await put(server, "/bucket/a%20b%2Bc%3FversionId%3Dx/%E6%97%A5", "odd");
    await copy("/bucket/to", "/bucket/a%20b%2Bc%3FversionId%3Dx/%E6%97%A5");
    expect((await get("/bucket/to")).text).toBe("odd");
  });
});

describe("deleting many", () => {
  const deletion = (xml: string) =>
    document(
      server,
      "POST",
      "/bucket?delete",
      `<Delete xmlns="http://s3.amazonaws.com/doc/2006-03-01/">${xml}</Delete>`,
    );

  it("names what was deleted, there or not", async () => {
    await put(server, "/bucket/one");
    await put(server, "/bucket/t%0D%0Awo");
    const answer = await deletion(
      "<Object><Key>one</Key></Object><Object><Key>t&#13;&#10;wo</Key></Object><Object><Key>never</Key></Object>",
    );
    expect(elements(answer.text, "Key")).toEqual(["one", "t&#xd;\nwo", "never"]);
    expect((await get("/bucket/one")).status).toBe(404);
    expect((await get("/bucket/t%0D%0Awo")).status).toBe(404);
  });

  it("is quiet when asked, but for errors", async () => {
    await put(server, "/bucket/one");
    const quiet = await deletion(
      "<Quiet>true</Quiet><Object><Key>one</Key></Object><Object><Key>two</Key><ETag>x</ETag></Object>",
    );
    expect(elements(quiet.text, "Deleted")).toEqual([]);
    expect([element(quiet.text, "Key"), element(quiet.text, "Code")]).toEqual(["two", "PreconditionFailed"]);
  });

  it("takes a thousand keys, a checksum, and good XML", async () => {
    const keys = (count: number) =>
      deletion(Array.from({ length: count }, (_, i) => `<Object><Key>k${i}</Key></Object>`).join(""));
    expect((await keys(1000)).status).toBe(200);
    expect(fault(await keys(1001))).toBe("400 MalformedXML");
    expect(fault(await keys(0))).toBe("400 MalformedXML");
    expect(
      fault(
        await call(server, {
          method: "POST",
          path: "/bucket?delete",
          body: "<Delete><Object><Key>k</Key></Object></Delete>",
        }),
      ),
    ).toBe("400 InvalidRequest");
    expect(fault(await document(server, "POST", "/bucket?delete", ""))).toBe("400 MissingRequestBodyError");
    for (const xml of [
      "<Delete>",
      "<Delete><Object/></Delete>",
      "<Delete><Thing/></Delete>",
      "<Remove/>",
      "<!DOCTYPE a><Delete/>",
    ]) {
      expect([xml, fault(await document(server, "POST", "/bucket?delete", xml))]).toEqual([xml, "400 MalformedXML"]);
    }
  });
});

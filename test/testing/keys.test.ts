import { S3Server } from "tucuxi/testing";
import { afterAll, describe, expect, it } from "vitest";
import { call, element, elements, encodeKey, fault, put } from "./raw.js";

const server = await S3Server.start({ buckets: ["bucket", "other"] });
afterAll(() => server.stop());

/** Keys that one client or another is known to spoil. */
const keys = [
  "a/b",
  "a//b",
  "//",
  "/",
  "/lead",
  "//lead",
  "trail/",
  "trail//",
  ".",
  "..",
  "./x",
  "../x",
  "../other/x",
  "a/../b",
  "a/./b",
  "...",
  " ",
  " lead",
  "trail ",
  "a b",
  "a+b",
  "a%20b",
  "%2F",
  "a%2Fb",
  "100%",
  "%",
  "%zz",
  "a?b",
  "a#b",
  "?versionId=1",
  "a&b=c",
  "a;b",
  "a:b@c",
  "a,b",
  "$a",
  "!'()*",
  "[a]{b}|^`",
  "~",
  "<a>&amp;\"'",
  "\\back\\slash",
  "tab\there",
  "line\nfeed",
  "carriage\rreturn",
  "\r\n",
  "\x01",
  "\x1f",
  "\x7f",
  "é",
  "e\u0301",
  "日本語",
  "🐬",
  "\ue000",
  "\ufffd",
  "\u2028",
  "0123",
  "1e5",
  "0x1F",
  "true",
  "null",
  "__proto__",
  "constructor",
  "toString",
  "favicon.ico",
  "a".repeat(1024),
  "🐬".repeat(256),
];

describe("keys", () => {
  it("are opaque: each comes back as it went in", async () => {
    for (const key of keys) await put(server, `/bucket/${encodeKey(key)}`, `body of ${key}`);
    const wrong: string[] = [];
    for (const key of keys) {
      const answer = await call(server, { path: `/bucket/${encodeKey(key)}` });
      if (answer.text !== `body of ${key}`) wrong.push(key);
    }
    expect(wrong).toEqual([]);
    expect(server.requests.filter(({ bucket }) => bucket !== "bucket")).toEqual([]);
  });

  it("are listed in the order of their bytes, encoded when asked", async () => {
    const answer = await call(server, { path: "/bucket?list-type=2&encoding-type=url" });
    const listed = elements(answer.text, "Key").map((key) => decodeURIComponent(key.replaceAll("+", " ")));
    const sorted = [...keys].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
    expect(listed).toEqual(sorted);
    expect(element(answer.text, "EncodingType")).toBe("url");
    const raw = elements(answer.text, "Key");
    expect(raw).toContain("a+b");
    expect(raw).toContain("a%2Bb");
    expect(raw).toContain("%21%27%28%29*");
    expect(raw).toContain("a//b");
    expect(raw).toContain("%7E");
  });

  it("are listed with references to what XML can't hold, when not", async () => {
    const answer = await call(server, { path: "/bucket?list-type=2" });
    const raw = elements(answer.text, "Key");
    expect(raw).toContain("&#x1;");
    expect(raw).toContain("&#xd;&#xa;".replace("&#xa;", "\n"));
    expect(raw).toContain("&lt;a&gt;&amp;amp;&quot;'");
    expect(raw).toContain(" lead");
  });

  it("may be split by slashes that were encoded", async () => {
    await put(server, "/bucket/split%2Fhere", "1");
    const answer = await call(server, { path: "/bucket/split/here" });
    expect(answer.text).toBe("1");
  });

  it("have at most 1024 bytes", async () => {
    const ask = (key: string) => call(server, { method: "PUT", path: `/bucket/${encodeKey(key)}`, body: "" });
    expect(fault(await ask("a".repeat(1025)))).toBe("400 KeyTooLongError");
    expect(fault(await ask(`${"🐬".repeat(256)}a`))).toBe("400 KeyTooLongError");
  });

  it("must be UTF-8", async () => {
    expect(fault(await call(server, { path: "/bucket/a", tamper: (signed) => (signed.path = "/bucket/%ff") }))).toBe(
      "400 InvalidURI",
    );
    expect(fault(await call(server, { path: "/bucket/a", tamper: (signed) => (signed.path = "/bucket/%zz") }))).toBe(
      "400 InvalidURI",
    );
  });
});

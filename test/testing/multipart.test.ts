import { createHash } from "node:crypto";
import { crc32 } from "node:zlib";
import { S3Server } from "tucuxi/testing";
import { afterAll, describe, expect, it } from "vitest";
import { type Answer, call, element, elements, fault, put } from "./raw.js";

const server = await S3Server.start({ buckets: ["bucket"], minPartSize: 4 });
const strict = await S3Server.start({ buckets: ["bucket"] });
afterAll(async () => {
  await server.stop();
  await strict.stop();
});

const begin = async (key: string, headers: Record<string, string> = {}, to = server): Promise<string> => {
  const answer = await call(to, { method: "POST", path: `/bucket/${key}?uploads`, headers, body: "" });
  expect(answer.status).toBe(200);
  return element(answer.text, "UploadId")!;
};
const part = (
  key: string,
  id: string,
  number: number,
  body: string,
  headers: Record<string, string> = {},
  to = server,
): Promise<Answer> =>
  call(to, { method: "PUT", path: `/bucket/${key}?partNumber=${number}&uploadId=${id}`, body, headers });
const end = (
  key: string,
  id: string,
  parts: readonly [number: number, etag: string, sum?: string][],
  headers: Record<string, string> = {},
  to = server,
): Promise<Answer> => {
  const xml = parts
    .map(([number, etag, sum = ""]) => `<Part><ETag>${etag}</ETag><PartNumber>${number}</PartNumber>${sum}</Part>`)
    .join("");
  return call(to, {
    method: "POST",
    path: `/bucket/${key}?uploadId=${id}`,
    body: `<CompleteMultipartUpload>${xml}</CompleteMultipartUpload>`,
    headers,
  });
};
const etag = (answer: Answer): string => answer.headers["etag"] as string;
const md5 = (data: string): string => createHash("md5").update(data).digest("hex");
const bigEndian = (crc: number): string => {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(crc);
  return bytes.toString("base64");
};

describe("a multipart upload", () => {
  it("becomes one object, with the ETag of its parts and what was said at its beginning", async () => {
    const id = await begin("k", {
      "content-type": "a/b",
      "x-amz-meta-m": "1",
      "x-amz-tagging": "t=1",
      "x-amz-storage-class": "STANDARD_IA",
    });
    expect((await call(server, { path: "/bucket/k" })).status).toBe(404);
    const one = await part("k", id, 1, "first ");
    expect(etag(one)).toBe(`"${md5("first ")}"`);
    const seven = await part("k", id, 7, "replaced");
    const again = await part("k", id, 7, "second");
    expect(etag(again)).not.toBe(etag(seven));
    const done = await end("k", id, [
      [1, etag(one)],
      [7, etag(again).replaceAll('"', "")],
    ]);
    expect(done.status).toBe(200);
    const joined = createHash("md5")
      .update(Buffer.from(md5("first ") + md5("second"), "hex"))
      .digest("hex");
    expect(element(done.text, "ETag")).toBe(`&quot;${joined}-2&quot;`);
    expect(element(done.text, "Location")).toBe(`${server.url}/bucket/k`);
    const { text, headers } = await call(server, { path: "/bucket/k" });
    expect(text).toBe("first second");
    expect(headers).toMatchObject({
      "content-type": "a/b",
      "x-amz-meta-m": "1",
      "x-amz-tagging-count": "1",
      "x-amz-storage-class": "STANDARD_IA",
    });
    const second = await call(server, { path: "/bucket/k?partNumber=7" });
    expect([
      second.status,
      second.text,
      second.headers["x-amz-mp-parts-count"],
      second.headers["content-range"],
    ]).toEqual([206, "second", "2", "bytes 6-11/12"]);
    expect(fault(await call(server, { path: "/bucket/k?partNumber=2" }))).toBe("416 InvalidPartNumber");
    for (const number of ["0", "10001", "-1", "one", ""])
      expect(fault(await call(server, { path: `/bucket/k?partNumber=${number}` }))).toBe("400 InvalidArgument");
    expect(fault(await call(server, { path: "/bucket/k?partNumber=1", headers: { Range: "bytes=0-1" } }))).toBe(
      "400 InvalidRequest",
    );
  });

  it("that is completed twice gives the same answer, and can't be gone on with", async () => {
    const id = await begin("twice");
    const one = etag(await part("twice", id, 1, "x"));
    const first = await end("twice", id, [[1, one]]);
    const second = await end("twice", id, [[1, one]]);
    expect([second.status, element(second.text, "ETag")]).toEqual([200, element(first.text, "ETag")]);
    expect(fault(await part("twice", id, 2, "y"))).toBe("404 NoSuchUpload");
    expect(fault(await call(server, { path: `/bucket/twice?uploadId=${id}` }))).toBe("404 NoSuchUpload");
  });

  it("is refused with parts that don't fit", async () => {
    const id = await begin("bad");
    const one = etag(await part("bad", id, 1, "12"));
    const two = etag(await part("bad", id, 2, "1234"));
    expect(
      fault(
        await end("bad", id, [
          [2, two],
          [1, one],
        ]),
      ),
    ).toBe("400 InvalidPartOrder");
    expect(
      fault(
        await end("bad", id, [
          [1, one],
          [1, one],
        ]),
      ),
    ).toBe("400 InvalidPartOrder");
    expect(fault(await end("bad", id, [[1, two]]))).toBe("400 InvalidPart");
    expect(fault(await end("bad", id, [[3, one]]))).toBe("400 InvalidPart");
    expect(fault(await end("bad", id, []))).toBe("400 MalformedXML");
    const small = await end("bad", id, [
      [1, one],
      [2, two],
    ]);
    expect(fault(small)).toBe("400 EntityTooSmall");
    expect([element(small.text, "PartNumber"), element(small.text, "ProposedSize")]).toEqual(["1", "2"]);
    for (const number of [0, 10001, -1]) expect(fault(await part("bad", id, number, ""))).toBe("400 InvalidArgument");
    expect(fault(await part("other", id, 1, ""))).toBe("404 NoSuchUpload");
    const unnumbered = await call(server, { method: "PUT", path: `/bucket/bad?uploadId=${id}`, body: "x" });
    expect(fault(unnumbered)).toBe("400 InvalidArgument");
    expect(fault(await end("bad", id, [[2, two]], { "x-amz-mp-object-size": "5" }))).toBe("400 InvalidRequest");
    expect((await end("bad", id, [[2, two]], { "x-amz-mp-object-size": "4" })).status).toBe(200);
  });

  it("needs parts of 5 MiB, as S3 does, unless told otherwise", async () => {
    const id = await begin("k", {}, strict);
    const one = etag(await part("k", id, 1, "x".repeat(5 * 1024 * 1024 - 1), {}, strict));
    const two = etag(await part("k", id, 2, "y", {}, strict));
    const answer = await end(
      "k",
      id,
      [
        [1, one],
        [2, two],
      ],
      {},
      strict,
    );
    expect([fault(answer), element(answer.text, "MinSizeAllowed")]).toEqual(["400 EntityTooSmall", "5242880"]);
    const whole = etag(await part("k", id, 1, "x".repeat(5 * 1024 * 1024), {}, strict));
    expect(
      (
        await end(
          "k",
          id,
          [
            [1, whole],
            [2, two],
          ],
          {},
          strict,
        )
      ).status,
    ).toBe(200);
  });

  it("is gone when it is aborted", async () => {
    const id = await begin("abort");
    await part("abort", id, 1, "x");
    const abort = () => call(server, { method: "DELETE", path: `/bucket/abort?uploadId=${id}` });
    expect((await abort()).status).toBe(204);
    expect(fault(await abort())).toBe("404 NoSuchUpload");
    expect(fault(await part("abort", id, 1, "x"))).toBe("404 NoSuchUpload");
    expect(elements((await call(server, { path: "/bucket?uploads&prefix=abort" })).text, "UploadId")).toEqual([]);
  });

  it("keeps conditions to its end", async () => {
    const id = await begin("cond");
    const one = etag(await part("cond", id, 1, "x"));
    await put(server, "/bucket/cond", "there");
    expect(fault(await end("cond", id, [[1, one]], { "If-None-Match": "*" }))).toBe("412 PreconditionFailed");
    expect(fault(await end("cond", id, [[1, one]], { "If-Match": '"x"' }))).toBe("412 PreconditionFailed");
    expect((await end("cond", id, [[1, one]])).status).toBe(200);
  });

  it("copies its parts, or ranges of them", async () => {
    await put(server, "/bucket/source", "0123456789");
    const id = await begin("copied");
    const copy = (number: number, headers: Record<string, string> = {}) =>
      call(server, {
        method: "PUT",
        path: `/bucket/copied?partNumber=${number}&uploadId=${id}`,
        headers: { "x-amz-copy-source": "/bucket/source", ...headers },
      });
    const range = (text: string) => ({ "x-amz-copy-source-range": text });
    const one = await copy(1, range("bytes=2-5"));
    expect(element(one.text, "ETag")).toBe(`&quot;${md5("2345")}&quot;`);
    const two = await copy(2);
    for (const bad of ["bytes=5-2", "bytes=5-", "bytes=-5", "2-5", "bytes=5-10"])
      expect(fault(await copy(3, range(bad)))).toBe("400 InvalidArgument");
    expect(fault(await copy(3, { "x-amz-copy-source-if-match": '"x"' }))).toBe("412 PreconditionFailed");
    const tag = (answer: Answer): string => element(answer.text, "ETag")!;
    await end("copied", id, [
      [1, tag(one)],
      [2, tag(two)],
    ]);
    expect((await call(server, { path: "/bucket/copied" })).text).toBe("23450123456789");
  });
});

describe("checksums of parts", () => {
  it("become one of the checksums", async () => {
    const id = await begin("composite", { "x-amz-checksum-algorithm": "SHA256" });
    const sum = (body: string): Buffer => createHash("sha256").update(body).digest();
    const sums = ["part one", "part two"].map((body) => ({ body, value: sum(body).toString("base64") }));
    const tags: string[] = [];
    for (const [i, { body, value }] of sums.entries()) {
      const answer = await part("composite", id, i + 1, body, { "x-amz-checksum-sha256": value });
      expect(answer.headers["x-amz-checksum-sha256"]).toBe(value);
      tags.push(etag(answer));
    }
    expect(fault(await part("composite", id, 3, "x"))).toBe("400 InvalidRequest");
    expect(fault(await part("composite", id, 3, "x", { "x-amz-checksum-crc32": bigEndian(crc32("x")) }))).toBe(
      "400 InvalidRequest",
    );
    const xml = (value: string): string => `<ChecksumSHA256>${value}</ChecksumSHA256>`;
    expect(
      fault(
        await end("composite", id, [
          [1, tags[0]!],
          [2, tags[1]!],
        ]),
      ),
    ).toBe("400 InvalidRequest");
    expect(
      fault(
        await end("composite", id, [
          [1, tags[0]!, xml(sums[1]!.value)],
          [2, tags[1]!, xml(sums[1]!.value)],
        ]),
      ),
    ).toBe("400 InvalidPart");
    const done = await end("composite", id, [
      [1, tags[0]!, xml(sums[0]!.value)],
      [2, tags[1]!, xml(sums[1]!.value)],
    ]);
    const expected = `${createHash("sha256")
      .update(Buffer.concat(sums.map(({ body }) => sum(body))))
      .digest("base64")}-2`;
    expect([element(done.text, "ChecksumSHA256"), element(done.text, "ChecksumType")]).toEqual([expected, "COMPOSITE"]);
    const { headers } = await call(server, {
      method: "HEAD",
      path: "/bucket/composite",
      headers: { "x-amz-checksum-mode": "ENABLED" },
    });
    expect([headers["x-amz-checksum-sha256"], headers["x-amz-checksum-type"]]).toEqual([expected, "COMPOSITE"]);
    const attributes = await call(server, {
      path: "/bucket/composite?attributes",
      headers: { "x-amz-object-attributes": "Checksum,ObjectParts" },
    });
    // Here the number of parts is told apart, and not behind the checksum.
    expect(elements(attributes.text, "ChecksumSHA256")).toEqual([
      expected.replace("-2", ""),
      ...sums.map(({ value }) => value),
    ]);
    expect(element(attributes.text, "PartsCount")).toBe("2");
  });

  it("become the one of the whole object", async () => {
    const id = await begin("full", { "x-amz-checksum-algorithm": "CRC32", "x-amz-checksum-type": "FULL_OBJECT" });
    const one = etag(await part("full", id, 1, "part one", { "x-amz-checksum-crc32": bigEndian(crc32("part one")) }));
    const two = etag(await part("full", id, 2, "part two"));
    const whole = bigEndian(crc32("part onepart two"));
    expect(
      fault(
        await end(
          "full",
          id,
          [
            [1, one],
            [2, two],
          ],
          { "x-amz-checksum-crc32": "AAAAAA==" },
        ),
      ),
    ).toBe("400 BadDigest");
    expect(
      fault(
        await end(
          "full",
          id,
          [
            [1, one],
            [2, two],
          ],
          { "x-amz-checksum-type": "COMPOSITE" },
        ),
      ),
    ).toBe("400 InvalidRequest");
    const done = await end(
      "full",
      id,
      [
        [1, one],
        [2, two],
      ],
      { "x-amz-checksum-crc32": whole, "x-amz-checksum-type": "FULL_OBJECT" },
    );
    expect([element(done.text, "ChecksumCRC32"), element(done.text, "ChecksumType")]).toEqual([whole, "FULL_OBJECT"]);
  });

  it.each([
    ["SHA256", "FULL_OBJECT"],
    ["CRC64NVME", "COMPOSITE"],
    ["CRC31", undefined],
    [undefined, "COMPOSITE"],
  ])("refuse %s with %s", async (algorithm, type) => {
    const headers: Record<string, string> = {};
    if (algorithm) headers["x-amz-checksum-algorithm"] = algorithm;
    if (type) headers["x-amz-checksum-type"] = type;
    expect(fault(await call(server, { method: "POST", path: "/bucket/k?uploads", headers, body: "" }))).toBe(
      "400 InvalidRequest",
    );
  });
});

describe("lists of uploads and parts", () => {
  it("turn pages of parts", async () => {
    const id = await begin("parts");
    for (const number of [3, 1, 10, 2]) await part("parts", id, number, `${number}`);
    const list = (query = "") => call(server, { path: `/bucket/parts?uploadId=${id}${query}` });
    const all = await list();
    expect(elements(all.text, "PartNumber")).toEqual(["1", "2", "3", "10"]);
    expect([element(all.text, "Key"), element(all.text, "StorageClass"), element(all.text, "IsTruncated")]).toEqual([
      "parts",
      "STANDARD",
      "false",
    ]);
    const page = await list("&max-parts=2&part-number-marker=1");
    expect(elements(page.text, "PartNumber")).toEqual(["2", "3"]);
    expect([element(page.text, "NextPartNumberMarker"), element(page.text, "IsTruncated")]).toEqual(["3", "true"]);
    expect(fault(await list("&max-parts=x"))).toBe("400 InvalidArgument");
  });

  it("show uploads by key, then in the order they were begun", async () => {
    server.reset();
    const ids: string[] = [];
    for (const key of ["b", "a/1", "b", "a/2", "c"]) ids.push(await begin(key));
    const [b1, a1, b2, a2, c] = ids as [string, string, string, string, string];
    const list = (query = "") => call(server, { path: `/bucket?uploads${query}` });
    const all = await list();
    expect(elements(all.text, "UploadId")).toEqual([a1, a2, b1, b2, c]);
    const found: string[] = [];
    let next = "";
    for (let i = 0; i < 9; i++) {
      const { text } = await list(`&max-uploads=2${next}`);
      found.push(...elements(text, "UploadId"));
      if (element(text, "IsTruncated") !== "true") break;
      next = `&key-marker=${encodeURIComponent(element(text, "NextKeyMarker")!)}&upload-id-marker=${element(text, "NextUploadIdMarker")}`;
    }
    expect(found).toEqual([a1, a2, b1, b2, c]);
    const rolled = await list("&delimiter=%2F");
    expect(elements(rolled.text, "UploadId")).toEqual([b1, b2, c]);
    expect(elements(rolled.text, "CommonPrefixes")).toEqual(["<Prefix>a/</Prefix>"]);
    expect(elements((await list("&key-marker=b")).text, "UploadId")).toEqual([c]);
    expect(elements((await list("&prefix=a%2F")).text, "UploadId")).toEqual([a1, a2]);
  });
});

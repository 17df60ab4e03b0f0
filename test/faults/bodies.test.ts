import { gzipSync } from "node:zlib";
import fc from "fast-check";
import { NoSuchKey, S3ServiceError } from "tucuxi";
import { describe, expect, it } from "vitest";
import { checksum } from "../../src/transport/checksum/index.js";
import {
  answer,
  chunked,
  completeXml,
  copyXml,
  cut,
  ETAG,
  errorAnswer,
  errorXml,
  listXml,
  object,
  says,
  trickles,
  works,
  worksAnew,
  worksWith,
} from "./plays.js";
import { onRequest, type Play } from "./server.js";
import { faults, getIt, listIt, soon, there } from "./table.js";

const incomplete = { name: "IncompleteBodyError" };
const length = object.length;

describe("a download that is cut", () => {
  faults([
    ...[0, 1, 65_536, 150_000, length - 1].flatMap((at) =>
      (["close", "reset", "stay"] as const).map((how) => ({
        fault: `after ${at} bytes: ${how}`,
        server: [cut(at, how), works],
        options: soon,
        healed: 2,
      })),
    ),
    { fault: "twice, at different places", server: [cut(100_000, "close"), cut(100_000, "reset"), works], healed: 3 },
    {
      fault: "as often as there are attempts",
      server: [cut(100_000, "close")],
      call: (s3) => getIt(s3),
      options: { maxAttempts: 2 },
      error: { ...incomplete, attempts: 2 },
      after: 2,
    },
    {
      fault: "with healing switched off",
      server: [cut(100_000, "close"), works],
      options: { resumeDownloads: false },
      error: { ...incomplete, expectedBytes: length, actualBytes: 100_000, attempts: 1 },
      after: 1,
    },
    {
      fault: "while the object is replaced",
      server: [cut(100_000, "close"), worksAnew],
      error: { code: "ObjectChanged", attempts: 2 },
      after: 2,
    },
    {
      fault: "while the object is deleted",
      server: [cut(100_000, "close"), says(errorAnswer("404 Not Found", "NoSuchKey"))],
      error: { code: "ObjectChanged" },
      after: 2,
    },
    {
      fault: "and the rest refused",
      server: [cut(100_000, "close"), says(errorAnswer("403 Forbidden", "AccessDenied"))],
      error: { name: "AccessDenied" },
      after: 2,
    },
    {
      fault: "and the rest throttled",
      server: [cut(100_000, "close"), says(errorAnswer("503 Slow Down", "SlowDown")), works],
      healed: 3,
    },
    {
      fault: "by a service that takes no ranges",
      server: [
        cut(100_000, "close"),
        onRequest(({ socket }) => void socket.write(answer("200 OK", { etag: ETAG }, object))),
      ],
      error: incomplete,
      after: 2,
    },
    {
      fault: "by a service that gives another range",
      server: [
        cut(100_000, "close"),
        says(answer("206 Partial Content", { etag: ETAG, "content-range": `bytes 0-${length - 1}/${length}` }, object)),
      ],
      error: incomplete,
      after: 2,
    },
    {
      fault: "in a range",
      server: [cut(50_000, "reset"), works],
      call: async (s3) => {
        const { Body, ContentRange } = await s3.getObject({ ...there, Range: "bytes=100000-299999" });
        expect(ContentRange).toBe("bytes 100000-299999/300000");
        expect(Buffer.compare(await Body.bytes(), object.subarray(100_000))).toBe(0);
      },
      healed: 2,
    },
    {
      fault: "for a reader who takes his time",
      server: [cut(290_000, "reset"), works],
      call: async (s3) => {
        const { Body } = await s3.getObject(there);
        const pieces: Uint8Array[] = [];
        for await (const piece of Body) {
          pieces.push(piece);
          await new Promise((resolve) => setTimeout(resolve, 10));
        }
        expect(Buffer.compare(Buffer.concat(pieces), object)).toBe(0);
      },
      healed: 2,
    },
    {
      fault: "through a web stream",
      server: [cut(50_000, "close"), works],
      call: async (s3) => {
        const { Body } = await s3.getObject(there);
        const pieces: Uint8Array[] = [];
        for await (const piece of Body.stream()) pieces.push(piece);
        expect(Buffer.compare(Buffer.concat(pieces), object)).toBe(0);
      },
      healed: 2,
    },
    {
      fault: "in chunks, whose length nobody told",
      server: [chunked(100_000, "close"), works],
      error: { name: "TransportError", attempts: 1 },
      after: 1,
    },
    {
      fault: "in chunks, without the last",
      server: [chunked(-5, "close")],
      error: { name: "TransportError" },
      after: 1,
    },
    {
      fault: "in chunks, without the last, then silence",
      server: [chunked(-5, "stay")],
      options: soon,
      error: { name: "TimeoutError", code: "ReadTimeout" },
      after: 1,
    },
    {
      fault: "by the limit of the whole call, as bytes trickle",
      server: [trickles("body", 10, 10)],
      call: async (s3) => {
        const { Body } = await s3.getObject(there, { timeout: 1000 });
        await Body.bytes();
      },
      error: { name: "TimeoutError", code: "CallTimeout" },
      after: 1,
    },
    {
      fault: "by the reader, who leaves",
      server: [trickles("body", 1000, 5)],
      call: async (s3) => {
        const { Body } = await s3.getObject(there);
        for await (const piece of Body) if (piece.length > 0) break;
      },
      healed: 1,
    },
    {
      fault: "by an abort",
      server: [trickles("body", 1000, 5)],
      call: async (s3) => {
        const controller = new AbortController();
        const { Body } = await s3.getObject(there, { signal: controller.signal });
        setTimeout(() => controller.abort(new Error("enough")), 30);
        await Body.bytes();
      },
      error: { message: "enough" },
      after: 1,
    },
  ]);

  it("at any place, in any way, is read whole, and no byte is asked for twice", async () => {
    const { FaultServer } = await import("./server.js");
    const { handles, impatient, leavesNothing } = await import("./table.js");
    await fc.assert(
      fc.asyncProperty(fc.nat(length - 1), fc.nat(length - 1), fc.constantFrom("close", "reset"), async (a, b, how) => {
        const before = handles();
        const first = Math.min(a, b);
        const server = await FaultServer.start([
          cut(first, how as "close"),
          cut(Math.abs(a - b), how as "close"),
          works,
        ]);
        const s3 = impatient(`http://127.0.0.1:${server.port}`);
        try {
          await getIt(s3);
          const ranges = server.seen.map(({ headers }) => headers["range"]);
          const starts = ranges.map((range) => Number(/^bytes=(\d+)-299999$/.exec(range ?? "bytes=0-299999")![1]));
          // What was on its way when the connection was reset, never came.
          expect(starts[0]).toBe(0);
          for (const [i, start] of starts.entries())
            expect(start).toBeLessThanOrEqual([0, first, first + Math.abs(a - b)][i]!);
          if (how === "close") expect(starts).toEqual([0, first, first + Math.abs(a - b)].slice(0, starts.length));
        } finally {
          await leavesNothing(s3, server, before);
        }
      }),
      { numRuns: 25, seed: 7 },
    );
  });
});

describe("a length that is wrong", () => {
  const lengthOf =
    (n: number): ((head: string) => string) =>
    (head) =>
      head.replace(/content-length: \d+/, `content-length: ${n}`);
  faults([
    {
      fault: "too long, closed",
      server: [worksWith(lengthOf(300_100), "close"), works],
      error: { code: "ObjectChanged" },
    },
    {
      fault: "too long, then silence",
      server: [worksWith(lengthOf(300_100)), works],
      options: soon,
      error: { code: "ObjectChanged" },
    },
    {
      fault: "too short, with a checksum",
      server: [worksWith((head) => `${lengthOf(299_900)(head)}\r\nx-amz-checksum-crc32: ${checksum("CRC32", object)}`)],
      error: { name: "ChecksumMismatchError", algorithm: "CRC32" },
      after: 1,
    },
    {
      fault: "too short, and what is left over is no answer to the next",
      server: [worksWith(lengthOf(299_900)), works],
      call: async (s3) => {
        const { Body } = await s3.getObject(there);
        expect((await Body.bytes()).length).toBe(299_900);
        await getIt(s3);
      },
      healed: 2,
    },
    {
      fault: "of a listing, too long",
      server: [says(answer("200 OK", { "content-length": 10_000 }, listXml), "close"), works],
      call: listIt,
      healed: 2,
    },
    {
      fault: "of a listing, too short",
      server: [says(answer("200 OK", { "content-length": 100 }, listXml)), works],
      call: listIt,
      healed: 2,
    },
    {
      fault: "nothing, for an object",
      server: [says(answer("200 OK", { etag: ETAG, "content-length": 0 }))],
      call: async (s3) => {
        expect(await (await s3.getObject(there)).Body.text()).toBe("");
      },
      healed: 1,
    },
  ]);
});

describe("a checksum that is wrong", () => {
  const crc = (value: string): Play => worksWith((head) => `${head}\r\nx-amz-checksum-crc32: ${value}`);
  faults([
    { fault: "none", server: [crc(checksum("CRC32", object))], healed: 1 },
    {
      fault: "of the object",
      server: [crc("AAAAAA==")],
      error: { name: "ChecksumMismatchError", expected: "AAAAAA==" },
      after: 1,
    },
    {
      fault: "of the object, in a range: the part has none",
      server: [crc("AAAAAA==")],
      call: async (s3) => {
        const { Body } = await s3.getObject({ ...there, Range: "bytes=0-9" });
        expect((await Body.bytes()).length).toBe(10);
      },
      healed: 1,
    },
    {
      fault: "because a byte changed on the way, after the connection broke",
      server: [
        onRequest(({ socket }) => {
          const whole = answer("200 OK", { etag: ETAG, "x-amz-checksum-crc32": checksum("CRC32", object) }, object);
          socket.end(whole.subarray(0, 100_000));
        }),
        onRequest(({ socket }, { headers }) => {
          const first = Number(/bytes=(\d+)/.exec(headers["range"]!)![1]);
          const rest = Buffer.from(object.subarray(first));
          rest[1000]! ^= 1;
          socket.write(
            answer("206 Partial Content", { etag: ETAG, "content-range": `bytes ${first}-299999/300000` }, rest),
          );
        }),
      ],
      error: { name: "ChecksumMismatchError" },
      after: 2,
    },
  ]);
});

describe("a success that is none", () => {
  const complete = async (s3: Parameters<typeof getIt>[0]): Promise<void> => {
    const { ETag } = await s3.completeMultipartUpload({
      ...there,
      UploadId: "u",
      MultipartUpload: { Parts: [{ PartNumber: 1, ETag: "e" }] },
    });
    expect(ETag).toBe(ETAG);
  };
  const copy = async (s3: Parameters<typeof getIt>[0]): Promise<void> => {
    expect((await s3.copyObject({ ...there, CopySource: "bucket/other" })).CopyObjectResult?.ETag).toBe(ETAG);
  };
  const ok = (body: string | Uint8Array, headers: Record<string, string> = {}): Play =>
    says(answer("200 OK", headers, body));
  const malformed = { code: "MalformedResponse", attempts: 3 };
  faults([
    {
      fault: "completing: an error inside a 200, once",
      server: [ok(errorXml("InternalError")), works],
      call: complete,
      healed: 2,
    },
    {
      fault: "completing: an error inside a 200, always",
      server: [ok(errorXml("InternalError"))],
      call: complete,
      error: { code: "InternalError", statusCode: 500, attempts: 3 },
      after: 3,
    },
    {
      fault: "completing: an error inside a 200 that stays what it is",
      server: [ok(errorXml("NoSuchUpload"))],
      call: complete,
      error: { code: "NoSuchUpload", attempts: 3 },
      after: 3,
    },
    {
      fault: "completing: blanks to keep the connection, then the answer",
      server: [ok(`${" ".repeat(5000)}\n${completeXml}`)],
      call: complete,
      healed: 1,
    },
    {
      fault: "completing: blanks, then an error",
      server: [ok(`${" ".repeat(50)}${errorXml("SlowDown")}`), works],
      call: complete,
      healed: 2,
    },
    { fault: "completing: blanks, and no more", server: [ok("   \n  "), works], call: complete, healed: 2 },
    {
      fault: "completing: blanks in chunks, then the connection closed",
      server: [says("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\n     \r\n", "close"), works],
      call: complete,
      healed: 2,
    },
    { fault: "completing: no body", server: [ok(""), works], call: complete, healed: 2 },
    {
      fault: "completing: half of the document",
      server: [ok(completeXml.slice(0, 150)), works],
      call: complete,
      healed: 2,
    },
    { fault: "copying: an error inside a 200, once", server: [ok(errorXml("SlowDown")), works], call: copy, healed: 2 },
    {
      fault: "copying: an error inside a 200 that stays what it is",
      server: [ok(errorXml("AccessDenied"))],
      call: copy,
      error: { name: "AccessDenied", attempts: 3 },
      after: 3,
    },
    { fault: "copying: no body", server: [ok("")], call: copy, error: malformed, after: 3 },
    {
      fault: "copying: with the answer at last",
      server: [ok(copyXml.slice(0, 60)), ok("<html></html>"), works],
      call: copy,
      healed: 3,
    },
    {
      fault: "copying a part: an error inside a 200, once",
      server: [
        ok(errorXml("InternalError")),
        ok(`<CopyPartResult><ETag>${ETAG.replaceAll('"', "&quot;")}</ETag></CopyPartResult>`),
      ],
      call: async (s3) => {
        const { CopyPartResult } = await s3.uploadPartCopy({
          ...there,
          CopySource: "b/k",
          UploadId: "u",
          PartNumber: 1,
        });
        expect(CopyPartResult?.ETag).toBe(ETAG);
      },
      healed: 2,
    },
    {
      fault: "deleting many: errors of single keys are told, and nothing thrown",
      server: [
        ok(
          `<DeleteResult><Deleted><Key>a</Key></Deleted><Error><Key>b</Key><Code>AccessDenied</Code><Message>no</Message></Error></DeleteResult>`,
        ),
      ],
      call: async (s3) => {
        const { Deleted, Errors } = await s3.deleteObjects({
          Bucket: "bucket",
          Delete: { Objects: [{ Key: "a" }, { Key: "b" }] },
        });
        expect([Deleted, Errors]).toEqual([[{ Key: "a" }], [{ Key: "b", Code: "AccessDenied", Message: "no" }]]);
      },
      healed: 1,
    },
    {
      fault: "deleting many: no body",
      server: [ok("")],
      call: (s3) => s3.deleteObjects({ Bucket: "bucket", Delete: { Objects: [{ Key: "a" }] } }),
      error: malformed,
      after: 3,
    },
    { fault: "listing: no body", server: [ok(""), works], call: listIt, healed: 2 },
    {
      fault: "listing: a web page, once",
      server: [ok("<!DOCTYPE html><html><body>Sign in</body></html>"), works],
      call: listIt,
      healed: 2,
    },
    {
      fault: "listing: a web page, always",
      server: [ok("<html><head><title>Welcome</title></head></html>")],
      call: listIt,
      error: malformed,
      after: 3,
    },
    { fault: "listing: JSON", server: [ok('{"message":"ok"}')], call: listIt, error: malformed, after: 3 },
    { fault: "listing: plain text", server: [ok("OK")], call: listIt, error: malformed, after: 3 },
    {
      fault: "listing: half of the document",
      server: [ok(listXml.slice(0, listXml.length >> 1)), works],
      call: listIt,
      healed: 2,
    },
    {
      // Its root may be called anything, and a newer service may send what nobody knows yet: this cannot be told from an empty list.
      fault: "listing: another document, of which nothing is known",
      server: [ok("<portal><session>1</session></portal>")],
      call: async (s3) => {
        expect((await s3.listObjectsV2({ Bucket: "bucket" })).Contents).toEqual([]);
      },
      healed: 1,
    },
    {
      fault: "listing: the error of another kind of service",
      server: [ok('<?xml version="1.0"?><Error><Code>503</Code></Error>')],
      call: listIt,
      error: { code: "503" },
    },
    {
      fault: "listing: compressed by something in between",
      server: [ok(gzipSync(listXml), { "content-encoding": "gzip" })],
      call: listIt,
      error: malformed,
      after: 3,
    },
    {
      fault: "listing: a document that declares entities",
      server: [
        ok(
          `<!DOCTYPE r [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;">]><ListBucketResult><Name>&b;</Name></ListBucketResult>`,
        ),
      ],
      call: listIt,
      error: malformed,
      after: 3,
    },
    {
      fault: "listing: nested without end",
      server: [ok("<a>".repeat(100_000))],
      call: listIt,
      error: malformed,
      after: 3,
    },
    {
      fault: "listing: bytes that are no UTF-8 in a key",
      server: [ok(Buffer.from(listXml.replace("<Key>k<", "<Key>\xff\xfe<"), "latin1"))],
      call: async (s3) => {
        expect((await s3.listObjectsV2({ Bucket: "bucket" })).Contents).toHaveLength(1);
      },
      healed: 1,
    },
    {
      fault: "getting: an object that is compressed, as it was stored",
      server: [ok(gzipSync("hello"), { "content-encoding": "gzip" })],
      call: async (s3) => {
        const { Body, ContentEncoding } = await s3.getObject(there);
        expect([ContentEncoding, Buffer.compare(await Body.bytes(), gzipSync("hello"))]).toEqual(["gzip", 0]);
      },
      healed: 1,
    },
  ]);

  it("is told as what it is", async () => {
    const { FaultServer } = await import("./server.js");
    const { impatient } = await import("./table.js");
    const server = await FaultServer.start([says(errorAnswer("404 Not Found", "NoSuchKey"))]);
    const s3 = impatient(`http://127.0.0.1:${server.port}`);
    const error: unknown = await s3.getObject(there).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(NoSuchKey);
    expect(error).toBeInstanceOf(S3ServiceError);
    await s3.close();
    await server.stop();
  });
});

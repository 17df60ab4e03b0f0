import { describe, expect } from "vitest";
import {
  answer,
  blurts,
  chunked,
  cut,
  floods,
  listXml,
  says,
  silent,
  trickles,
  works,
  worksBetween,
  worksWith,
} from "./plays.js";
import { faults, getIt, listIt, soon, there } from "./table.js";

/** What the reader of HTTP refuses, whatever it is. */
const noHttp = { name: "TransportError", attempts: 3 };

describe("an answer that is cut in its head", () => {
  faults([
    { fault: "no byte of it, closed", server: [says("", "close"), works], healed: 2 },
    { fault: "no byte of it, reset", server: [says("", "reset"), works], healed: 2 },
    { fault: "half a status line, closed", server: [says("HTTP/1.1 20", "close"), works], healed: 2 },
    { fault: "half a status line, reset", server: [says("HTTP/1.1 20", "reset"), works], healed: 2 },
    { fault: "half a status line, then silence", server: [says("HTTP/1.1 20"), works], options: soon, healed: 2 },
    {
      fault: "half a status line, always",
      server: [says("HTTP/1.1 20", "close")],
      error: { name: "TransportError", code: "ConnectionClosed", attempts: 3 },
      after: 3,
    },
    { fault: "half a header", server: [says("HTTP/1.1 200 OK\r\ncontent-le", "close"), works], healed: 2 },
    { fault: "all but the blank line's last byte", server: [cut(-1, "close"), works], healed: 2 },
    {
      fault: "all but the blank line's last byte, then silence",
      server: [cut(-1, "stay")],
      options: soon,
      error: { name: "TimeoutError", code: "ReadTimeout", attempts: 3 },
      after: 3,
    },
    { fault: "silence, once", server: [silent, works], options: soon, healed: 2 },
    {
      fault: "silence, always",
      server: [silent],
      options: soon,
      error: { name: "TimeoutError", code: "ReadTimeout", phase: "sent", attempts: 3 },
      after: 3,
    },
    {
      fault: "a head that comes byte by byte and too slowly",
      server: [trickles("head", 1, 20)],
      options: soon,
      error: { name: "TimeoutError", code: "ReadTimeout", attempts: 3 },
      after: 3,
    },
  ]);
});

describe("an answer that is none", () => {
  const ok = "HTTP/1.1 200 OK\r\n";
  const refused: [fault: string, bytes: string][] = [
    ["a banner of SSH", "SSH-2.0-OpenSSH_9.2\r\n"],
    ["a frame of HTTP/2", "\0\0\x12\x04\0\0\0\0\0\0\x03\0\0\0\x80\0\x04\0\x01\0\0\0\x05\0\xff\xff\xff"],
    ["a version that does not exist", "HTTP/9.9 200 OK\r\ncontent-length: 0\r\n\r\n"],
    ["a status that is no number", "HTTP/1.1 OK 200\r\ncontent-length: 0\r\n\r\n"],
    ["a status of two digits", "HTTP/1.1 20 OK\r\ncontent-length: 0\r\n\r\n"],
    ["a status of four digits", "HTTP/1.1 2000 OK\r\ncontent-length: 0\r\n\r\n"],
    ["noise", "\x16\x03\x01\xff\xfe\x00\x99garbage\r\n\r\n"],
    ["a header without a name", `${ok}: x\r\ncontent-length: 0\r\n\r\n`],
    ["a header without a colon", `${ok}nonsense\r\ncontent-length: 0\r\n\r\n`],
    ["a blank before the colon", `${ok}content-length : 0\r\n\r\n`],
    ["NUL in a header's value", `${ok}x-a: b\0c\r\ncontent-length: 0\r\n\r\n`],
    ["NUL in a header's name", `${ok}x-\0a: b\r\ncontent-length: 0\r\n\r\n`],
    ["a CR alone in a header", `${ok}x-a: b\rx-c: d\r\ncontent-length: 0\r\n\r\n`],
    ["two lengths that differ", `${ok}content-length: 5\r\ncontent-length: 6\r\n\r\nabcdef`],
    ["the same length twice", `${ok}content-length: 5\r\ncontent-length: 5\r\n\r\nabcde`],
    ["a length that is no number", `${ok}content-length: ten\r\n\r\nabcdef`],
    ["a length below nothing", `${ok}content-length: -5\r\n\r\nabcdef`],
    ["a length beyond all numbers", `${ok}content-length: 99999999999999999999999\r\n\r\nabcdef`],
    ["a length and chunks", `${ok}content-length: 5\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n`],
    ["chunks, and then a length", `${ok}transfer-encoding: chunked\r\ncontent-length: 5\r\n\r\n0\r\n\r\n`],
    ["chunk sizes that are none", `${ok}transfer-encoding: chunked\r\n\r\nzz\r\nabc\r\n`],
    ["a chunk longer than it says", `${ok}transfer-encoding: chunked\r\n\r\n2\r\nabcdef\r\n`],
    ["a chunk below nothing", `${ok}transfer-encoding: chunked\r\n\r\n-2\r\nab\r\n`],
    ["a chunk beyond all numbers", `${ok}transfer-encoding: chunked\r\n\r\nFFFFFFFFFFFFFFFFFF\r\nab\r\n`],
    ["another protocol, unasked", "HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n"],
  ];
  faults(
    refused.flatMap(([fault, bytes]) => [
      { fault: `${fault}, once`, server: [says(bytes), works], call: listIt, healed: 2 },
      { fault: `${fault}, always`, server: [says(bytes)], call: listIt, error: noHttp, after: 3 },
    ]),
  );
  faults([
    {
      fault: "headers without end",
      server: [floods(ok, `x-header: ${"y".repeat(1000)}\r\n`)],
      error: { name: "TransportError", code: "HeadersTooLarge", attempts: 1 },
      after: 1,
    },
    {
      fault: "a header of 100 KB",
      server: [says(`${ok}x-a: ${"y".repeat(100_000)}\r\ncontent-length: 0\r\n\r\n`)],
      error: { name: "TransportError", code: "HeadersTooLarge", attempts: 1 },
      after: 1,
    },
    {
      fault: "a reason without end",
      server: [floods("HTTP/1.1 200 ", "OK ".repeat(100))],
      error: { code: "MalformedHttp", attempts: 3 },
      after: 3,
    },
    {
      fault: "an extension of a chunk without end",
      server: [floods(`${ok}transfer-encoding: chunked\r\n\r\n5;`, "x".repeat(100))],
      call: listIt,
      error: { name: "TransportError" },
    },
    {
      fault: "trailers without end",
      server: [floods(`${ok}transfer-encoding: chunked\r\n\r\n0\r\n`, `x-trailer: ${"y".repeat(1000)}\r\n`)],
      call: listIt,
      error: { name: "TransportError" },
    },
    {
      fault: "a document without end",
      server: [floods(`${ok}\r\n<ListBucketResult>`, "<Contents><Key>k</Key></Contents>")],
      call: (s3) => s3.listObjectsV2({ Bucket: "bucket" }, { timeout: 1000 }),
      error: { code: "CallTimeout" },
      after: 1,
    },
  ]);
});

describe("interim answers", () => {
  const interim = (status: string): string => `HTTP/1.1 ${status}\r\nx-interim: 1\r\n\r\n`;
  faults([
    { fault: "100 Continue, unasked", server: [worksBetween(interim("100 Continue"), "")], healed: 1 },
    { fault: "102 Processing", server: [worksBetween(interim("102 Processing"), "")], healed: 1 },
    { fault: "103 Early Hints", server: [worksBetween(interim("103 Early Hints"), "")], healed: 1 },
    { fault: "199, of no meaning", server: [worksBetween(interim("199 Whatever"), "")], healed: 1 },
    { fault: "a hundred of them", server: [worksBetween(interim("103 Early Hints").repeat(100), "")], healed: 1 },
    {
      fault: "100 Continue, and then the connection closed",
      server: [says(interim("100 Continue"), "close"), works],
      healed: 2,
    },
    {
      fault: "100 Continue, and then silence",
      server: [says(interim("100 Continue")), works],
      options: soon,
      healed: 2,
    },
    {
      fault: "100 Continue without end",
      server: [floods("", interim("100 Continue"))],
      error: { name: "TransportError", attempts: 3 },
      after: 3,
    },
    {
      fault: "103 Early Hints without end",
      server: [floods("", interim("103 Early Hints"))],
      error: { name: "TransportError", attempts: 3 },
      after: 3,
    },
  ]);
});

describe("answers that are strange, and right", () => {
  const http10 = (head: string): string => head.replace("HTTP/1.1", "HTTP/1.0");
  const twice = async (s3: Parameters<typeof getIt>[0]): Promise<void> => {
    await getIt(s3);
    await getIt(s3);
  };
  faults([
    { fault: "HTTP/1.0, with a length", server: [worksWith(http10)], call: twice, healed: 2 },
    {
      fault: "HTTP/1.0, without, ended by the connection's end",
      server: [worksWith((head) => http10(head).replace(/content-length: \d+\r\n/, ""), "close")],
      call: twice,
      healed: 2,
    },
    {
      fault: "HTTP/1.1 without a length, ended by the connection's end",
      server: [worksWith((head) => head.replace(/content-length: \d+\r\n/, ""), "close")],
      call: twice,
      healed: 2,
    },
    {
      fault: "Connection: close, and closed",
      server: [worksWith((head) => `${head}\r\nconnection: close`, "close")],
      call: twice,
      healed: 2,
    },
    {
      fault: "Connection: close, and not closed",
      server: [worksWith((head) => `${head}\r\nconnection: close`)],
      call: twice,
      healed: 2,
    },
    {
      fault: "names in capitals, and blanks around values",
      server: [
        worksWith((head) =>
          head
            .toUpperCase()
            .replace("CONTENT-LENGTH: ", "CONTENT-LENGTH:   ")
            .replace("X-AMZ-REQUEST-ID: R", "X-AMZ-REQUEST-ID: \t R \t"),
        ),
      ],
      healed: 1,
    },
    { fault: "no reason in the status line", server: [worksWith((head) => head.replace(" OK", ""))], healed: 1 },
    {
      fault: "bytes beyond ASCII in a header",
      server: [worksWith((head) => `${head}\r\nx-amz-meta-a: \xe9\xff`)],
      healed: 1,
    },
    { fault: "a hundred headers", server: [worksWith((head) => `${head}${"\r\nx-same: 1".repeat(100)}`)], healed: 1 },
    { fault: "chunks, with extensions", server: [chunked(1e9, "stay")], call: twice, healed: 2 },
    {
      fault: "a 200 for a HEAD that has a body after all",
      server: [says(answer("200 OK", { etag: '"e"' }, "surprise")), works],
      call: async (s3) => {
        expect((await s3.headObject(there)).ETag).toBe('"e"');
        await getIt(s3);
      },
      healed: 2,
    },
    {
      fault: "a 204 that tells the length of a body which it cannot have",
      server: [says("HTTP/1.1 204 No Content\r\ncontent-length: 5\r\n\r\n")],
      call: (s3) => s3.deleteObject(there),
      healed: 1,
    },
    {
      fault: "a 204 that tells it and has it",
      server: [says("HTTP/1.1 204 No Content\r\ncontent-length: 5\r\n\r\nhello")],
      call: (s3) => s3.deleteObject(there),
      healed: 1,
    },
    {
      fault: "lengths that contradict each other",
      server: [says("HTTP/1.1 200 OK\r\ncontent-length: 5\r\ncontent-length: 6\r\n\r\nabcdef")],
      call: listIt,
      error: { code: "MalformedHttp", message: expect.stringMatching(/not an HTTP answer/) },
      after: 3,
    },
    {
      fault: "a 204 that has a body after all",
      server: [says("HTTP/1.1 204 No Content\r\n\r\nsurprise"), works],
      call: async (s3) => {
        await s3.deleteObject(there);
        await getIt(s3);
      },
      healed: 2,
    },
    { fault: "a body that comes a little at a time", server: [trickles("body", 20_000, 20)], healed: 1 },
  ]);
});

describe("bytes that nobody asked for", () => {
  const evil = answer("200 OK", {}, listXml.replace("<Key>k<", "<Key>evil<"));
  faults([
    {
      fault: "a second answer behind the first",
      server: [worksBetween("", evil), works],
      call: async (s3) => {
        await getIt(s3);
        await listIt(s3);
      },
      healed: 2,
    },
    {
      fault: "a second answer in one piece with a small first",
      server: [says(Buffer.concat([answer("200 OK", {}, listXml), evil])), works],
      call: async (s3) => {
        await listIt(s3);
        await listIt(s3);
      },
      healed: 2,
    },
    {
      fault: "an answer on an idle connection",
      server: [works],
      call: async (s3, server) => {
        await getIt(s3);
        for (const socket of server.open) socket.write(evil);
        await new Promise((resolve) => setTimeout(resolve, 30));
        await listIt(s3);
      },
      healed: 2,
    },
    {
      fault: "blank lines on an idle connection",
      server: [works],
      call: async (s3, server) => {
        await getIt(s3);
        for (const socket of server.open) socket.write("\r\n\r\n");
        await new Promise((resolve) => setTimeout(resolve, 30));
        await listIt(s3);
      },
      healed: 2,
    },
    {
      fault: "an answer of 408, as servers close idle connections",
      server: [blurts(answer("408 Request Timeout", { connection: "close" }).toString(), "close"), works],
      healed: 2,
    },
  ]);
});

describe("line ends and folds", () => {
  faults([
    {
      fault: "bare LF",
      server: [says(answer("200 OK", {}, listXml).toString().replaceAll("\r\n", "\n")), works],
      call: listIt,
      healed: 2,
    },
    {
      fault: "a folded header",
      server: [says(answer("200 OK", { "x-a": "b\r\n c" }, listXml)), works],
      call: listIt,
      healed: 2,
    },
    {
      fault: "a folded header that hides another",
      server: [says(answer("200 OK", { "x-a": "b\r\n content-length: 3" }, listXml)), works],
      call: listIt,
      healed: 2,
    },
  ]);
});

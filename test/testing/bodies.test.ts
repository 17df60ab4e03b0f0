import { createHash, createHmac } from "node:crypto";
import { connect } from "node:net";
import { crc32 } from "node:zlib";
import { S3Server } from "tucuxi/testing";
import { afterAll, describe, expect, it } from "vitest";
import { type Answer, call, element, fault, open, sign } from "./raw.js";

const server = await S3Server.start({ buckets: ["bucket"] });
afterAll(() => server.stop());

const hmac = (key: Uint8Array | string, text: string): Buffer => createHmac("sha256", key).update(text).digest();
const hash = (data: string | Uint8Array): string => createHash("sha256").update(data).digest("hex");
const base64Crc = (data: string | Uint8Array): string => {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(crc32(data));
  return bytes.toString("base64");
};

interface Framing {
  chunks: Buffer[];
  signed: boolean;
  trailer?: Record<string, string>;
  length?: number;
  headers?: Record<string, string>;
  /** Changes a signature, or the whole body, before it goes out. */
  forge?: (signature: string, place: "chunk" | "trailer") => string;
  edit?: (body: Buffer) => Buffer;
}

/** Sends an aws-chunked body, framed and signed here by hand. */
async function chunked(key: string, framing: Framing): Promise<Answer> {
  const { chunks, signed, trailer, forge = (signature) => signature, edit = (body) => body } = framing;
  const kind = signed
    ? `STREAMING-AWS4-HMAC-SHA256-PAYLOAD${trailer ? "-TRAILER" : ""}`
    : "STREAMING-UNSIGNED-PAYLOAD-TRAILER";
  const length = framing.length ?? chunks.reduce((sum, chunk) => sum + chunk.length, 0);
  const head = sign(server, {
    method: "PUT",
    path: `/bucket/${key}`,
    headers: {
      "X-Amz-Content-Sha256": kind,
      "x-amz-decoded-content-length": String(length),
      "Content-Encoding": "aws-chunked",
      ...(trailer ? { "x-amz-trailer": Object.keys(trailer).join(",") } : {}),
      ...framing.headers,
    },
  });
  const authorization = String(head.headers["Authorization"]);
  const scope = /Credential=[^/]+\/([^,]+)/.exec(authorization)![1]!;
  const date = scope.slice(0, 8);
  const time = String(head.headers["X-Amz-Date"]);
  const key_ = hmac(
    hmac(hmac(hmac(`AWS4${server.credentials.secretAccessKey}`, date), server.region), "s3"),
    "aws4_request",
  );
  let previous = /Signature=(\w+)/.exec(authorization)![1]!;
  const next = (name: string, hashes: string, place: "chunk" | "trailer"): string => {
    previous = hmac(key_, `AWS4-HMAC-SHA256-${name}\n${time}\n${scope}\n${previous}\n${hashes}`).toString("hex");
    return forge(previous, place);
  };
  const frames: (Buffer | string)[] = [];
  for (const chunk of [...chunks, Buffer.alloc(0)]) {
    const signature = signed ? `;chunk-signature=${next("PAYLOAD", `${hash("")}\n${hash(chunk)}`, "chunk")}` : "";
    frames.push(`${chunk.length.toString(16)}${signature}\r\n`, chunk, chunk.length > 0 ? "\r\n" : "");
  }
  const lines = Object.entries(trailer ?? {}).map(([name, value]) => `${name}:${value}`);
  if (trailer) frames.push(...lines.map((line) => `${line}\r\n`));
  if (trailer && signed)
    frames.push(
      `x-amz-trailer-signature:${next("TRAILER", hash(lines.map((line) => `${line}\n`).join("")), "trailer")}\r\n`,
    );
  frames.push("\r\n");
  const body = edit(Buffer.concat(frames.map((frame) => Buffer.from(frame))));
  const { sent, answer } = open(server, {
    method: "PUT",
    path: head.path,
    headers: { ...head.headers, "Content-Length": body.length },
  });
  sent.end(body);
  return answer;
}

const blocks = [Buffer.alloc(8192, "a"), Buffer.alloc(8192, "b"), Buffer.from("the rest")];
const whole = Buffer.concat(blocks);

describe("an aws-chunked body", () => {
  it("with signed chunks is taken apart and checked", async () => {
    expect((await chunked("signed", { chunks: blocks, signed: true })).status).toBe(200);
    const answer = await call(server, { path: "/bucket/signed" });
    expect(answer.bytes.equals(whole)).toBe(true);
    expect(answer.headers["content-encoding"]).toBeUndefined();
    expect((await chunked("empty", { chunks: [], signed: true })).status).toBe(200);
    expect(server.requests.find(({ key }) => key === "signed")?.bodyBytes).toBe(whole.length);
  });

  it("with a trailer brings a checksum, signed or not", async () => {
    for (const signed of [true, false]) {
      const answer = await chunked("trailed", {
        chunks: blocks,
        signed,
        trailer: { "x-amz-checksum-crc32": base64Crc(whole) },
      });
      expect([answer.status, answer.headers["x-amz-checksum-crc32"]]).toEqual([200, base64Crc(whole)]);
      const wrong = await chunked("wrong", {
        chunks: blocks,
        signed,
        trailer: { "x-amz-checksum-crc32": base64Crc("other") },
      });
      expect(fault(wrong)).toBe("400 BadDigest");
    }
  });

  it("keeps the encoding beside aws-chunked", async () => {
    await chunked("encoded", { chunks: blocks, signed: true, headers: { "Content-Encoding": "gzip,aws-chunked" } });
    expect((await call(server, { path: "/bucket/encoded" })).headers["content-encoding"]).toBe("gzip");
  });

  it.each<[string, Omit<Framing, "chunks">, string]>([
    ["a chunk's signature is another", { signed: true, forge: () => "0".repeat(64) }, "403 SignatureDoesNotMatch"],
    [
      "the trailer's signature is another",
      {
        signed: true,
        trailer: { "x-amz-checksum-crc32": base64Crc(whole) },
        forge: (s, place) => (place === "trailer" ? "0".repeat(64) : s),
      },
      "403 SignatureDoesNotMatch",
    ],
    [
      "a chunk was changed",
      { signed: true, edit: (body) => Buffer.from(body.toString("latin1").replace("aaaa", "aaab"), "latin1") },
      "403 SignatureDoesNotMatch",
    ],
    [
      "a chunk has no signature",
      {
        signed: true,
        edit: (body) => Buffer.from(body.toString("latin1").replace(/;chunk-signature=\w+/, ""), "latin1"),
      },
      "403 SignatureDoesNotMatch",
    ],
    ["the body is shorter than announced", { signed: true, length: whole.length + 1 }, "400 IncompleteBody"],
    ["the body is longer than announced", { signed: true, length: whole.length - 1 }, "400 IncompleteBody"],
    [
      "the last chunk is missing",
      { signed: true, edit: (body) => body.subarray(0, body.length - 100) },
      "400 IncompleteBody",
    ],
    [
      "a chunk's head is no head",
      { signed: false, trailer: {}, edit: (body) => Buffer.concat([Buffer.from("zz\r\n"), body]) },
      "400 IncompleteBody",
    ],
    [
      "a trailer was announced and does not come",
      {
        signed: false,
        trailer: { "x-amz-checksum-crc32": base64Crc(whole) },
        edit: (body) => Buffer.from(body.toString("latin1").replace(/x-amz-checksum-crc32:.*\r\n/, ""), "latin1"),
      },
      "400 MalformedTrailerError",
    ],
  ])("is refused when %s", async (_name, framing, expected) => {
    expect(fault(await chunked("refused", { chunks: blocks, ...framing }))).toBe(expected);
    expect((await call(server, { path: "/bucket/refused" })).status).toBe(404);
  });

  it("may have a small chunk only at its end", async () => {
    const small = [Buffer.alloc(100), Buffer.alloc(8192)];
    expect(fault(await chunked("small", { chunks: small, signed: true }))).toBe("403 InvalidChunkSizeError");
  });

  it("must say its length", async () => {
    const head = sign(server, {
      method: "PUT",
      path: "/bucket/k",
      headers: { "X-Amz-Content-Sha256": "STREAMING-UNSIGNED-PAYLOAD-TRAILER" },
    });
    const { sent, answer } = open(server, {
      method: "PUT",
      path: head.path,
      headers: { ...head.headers, "Content-Length": 5 },
    });
    sent.end("0\r\n\r\n");
    expect(fault(await answer)).toBe("411 MissingContentLength");
  });
});

describe("a body", () => {
  it("must have a length that is known", async () => {
    const head = sign(server, {
      method: "PUT",
      path: "/bucket/k",
      headers: { "X-Amz-Content-Sha256": "UNSIGNED-PAYLOAD" },
    });
    const { sent, answer } = open(server, {
      method: "PUT",
      path: head.path,
      headers: { ...head.headers, "Transfer-Encoding": "chunked" },
    });
    sent.end("hello");
    expect(fault(await answer)).toBe("501 NotImplemented");
    const text = await rawRequest(`PUT ${head.path} HTTP/1.1\r\n${lines(head.headers)}\r\n`);
    expect(text).toMatch(/^HTTP\/1\.1 411 /);
  });

  it("is not larger than S3's", async () => {
    const head = sign(server, {
      method: "PUT",
      path: "/bucket/k",
      headers: { "X-Amz-Content-Sha256": "UNSIGNED-PAYLOAD", "Content-Length": String(5 * 1024 ** 3 + 1) },
    });
    const { sent, answer } = open(server, {
      method: "PUT",
      path: head.path,
      headers: { ...head.headers, Expect: "100-continue" },
    });
    sent.flushHeaders();
    const refused = await answer;
    expect([fault(refused), element(refused.text, "MaxSizeAllowed")]).toEqual([
      "400 EntityTooLarge",
      String(5 * 1024 ** 3),
    ]);
    sent.destroy();
  });

  it("comes when it is asked for, and not when the head is refused", async () => {
    const good = sign(server, { method: "PUT", path: "/bucket/expected", body: "hello" });
    const { sent, answer } = open(server, {
      method: "PUT",
      path: good.path,
      headers: { ...good.headers, Expect: "100-continue" },
    });
    const continued = new Promise<void>((resolve) => sent.on("continue", resolve));
    sent.flushHeaders();
    await continued;
    sent.end("hello");
    expect((await answer).status).toBe(200);

    const bad = open(server, {
      method: "PUT",
      path: "/bucket/expected2",
      headers: { ...good.headers, Expect: "100-continue" },
    });
    let asked = false;
    bad.sent.on("continue", () => {
      asked = true;
    });
    bad.sent.flushHeaders();
    expect(fault(await bad.answer)).toBe("403 SignatureDoesNotMatch");
    expect(asked).toBe(false);
    bad.sent.destroy();
  });

  it("that is refused early does not cost the client its answer", async () => {
    // 32 MiB that the client is still sending while the answer, which has said all, comes back.
    const size = 32 * 1024 * 1024;
    const head = sign(server, {
      method: "PUT",
      path: "/no-such-bucket/k",
      headers: { "X-Amz-Content-Sha256": "UNSIGNED-PAYLOAD", "Content-Length": String(size) },
    });
    const { sent, answer } = open(server, { method: "PUT", path: head.path, headers: head.headers });
    const piece = Buffer.alloc(1024 * 1024);
    for (let i = 0; i < 32; i++) sent.write(piece);
    sent.end();
    const refused = await answer;
    expect([fault(refused), refused.headers["connection"]]).toEqual(["404 NoSuchBucket", "close"]);
  });

  it("that breaks off leaves nothing behind", async () => {
    const head = sign(server, {
      method: "PUT",
      path: "/bucket/broken",
      headers: { "X-Amz-Content-Sha256": "UNSIGNED-PAYLOAD", "Content-Length": "1000" },
    });
    const { sent, answer } = open(server, { method: "PUT", path: head.path, headers: head.headers });
    sent.write("only this");
    await new Promise((resolve) => setTimeout(resolve, 50));
    sent.destroy();
    await expect(answer).rejects.toThrow();
    expect((await call(server, { path: "/bucket/broken" })).status).toBe(404);
  });

  it("of 64 MiB goes in and comes out", async () => {
    const bytes = Buffer.alloc(64 * 1024 * 1024);
    for (let i = 0; i < bytes.length; i += 4096) bytes.writeUInt32LE(i, i);
    const headers = { "X-Amz-Content-Sha256": "UNSIGNED-PAYLOAD" };
    expect((await call(server, { method: "PUT", path: "/bucket/large", body: bytes, headers })).status).toBe(200);
    const answer = await call(server, { path: "/bucket/large" });
    expect(answer.bytes.equals(bytes)).toBe(true);
  });
});

const lines = (headers: Record<string, string | number>): string =>
  Object.entries(headers)
    .map(([name, value]) => `${name}: ${value}\r\n`)
    .join("");

/** Sends bytes as they are. */
function rawRequest(text: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(server.port, "127.0.0.1", () => socket.write(text));
    let found = "";
    socket.on("data", (data) => {
      found += data.toString();
      socket.end();
    });
    socket.on("close", () => resolve(found));
    socket.on("error", reject);
  });
}

describe("what is no HTTP", () => {
  it("is told so", async () => {
    expect(await rawRequest("NONSENSE\r\n\r\n")).toMatch(/^HTTP\/1\.1 400 /);
  });
});

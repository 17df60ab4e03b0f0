/** What servers do, right and wrong, as plays. */
import { setTimeout as delay } from "node:timers/promises";
import {
  type FaultServer,
  type Line,
  onConnect,
  onHead,
  onRequest,
  type Play,
  readChunks,
  reset,
  type Seen,
} from "./server.js";

/** The object that everybody gets: no two places in it look alike. */
export const object = Buffer.from(
  Array.from({ length: 75_000 }, (_, i) => (i * 7919).toString(36).padStart(4, "0")).join(""),
).subarray(0, 300_000);
export const ETAG = '"0123456789abcdef0123456789abcdef"';

const xml = (text: string): string => `<?xml version="1.0" encoding="UTF-8"?>\n${text}`;
export const errorXml = (code: string, more = ""): string =>
  xml(`<Error><Code>${code}</Code><Message>${code}, says the test</Message>${more}<RequestId>R</RequestId></Error>`);
export const listXml = xml(
  `<ListBucketResult><Name>bucket</Name><IsTruncated>false</IsTruncated><KeyCount>1</KeyCount><Contents><Key>k</Key><Size>3</Size></Contents></ListBucketResult>`,
);
export const completeXml = xml(
  `<CompleteMultipartUploadResult><Bucket>bucket</Bucket><Key>key</Key><ETag>${ETAG}</ETag></CompleteMultipartUploadResult>`,
);
export const copyXml = xml(`<CopyObjectResult><ETag>${ETAG}</ETag></CopyObjectResult>`);

/** An answer with its length. */
export function answer(
  status: string,
  headers: Record<string, string | number> = {},
  body: string | Uint8Array = "",
): Buffer {
  const bytes = Buffer.from(body as string);
  const all: Record<string, string | number> = { "content-length": bytes.length, ...headers };
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`);
  return Buffer.concat([Buffer.from(`HTTP/1.1 ${status}\r\n${lines.join("")}\r\n`, "latin1"), bytes]);
}

export const errorAnswer = (status: string, code: string, headers: Record<string, string> = {}, more = ""): Buffer =>
  answer(status, { "content-type": "application/xml", ...headers }, errorXml(code, more));

/** What S3 answers when nothing is wrong. */
function right(seen: Seen, server: FaultServer, etag: string): Buffer {
  const { method, target, headers } = seen;
  const base = { etag, "x-amz-request-id": "R" };
  if (method === "GET" && /^\/bucket\/?\?/.test(target)) return answer("200 OK", base, listXml);
  if (method === "GET" || method === "HEAD") {
    if (headers["if-match"] !== undefined && headers["if-match"] !== etag)
      return errorAnswer("412 Precondition Failed", "PreconditionFailed");
    const range = /^bytes=(\d+)-(\d*)$/.exec(headers["range"] ?? "");
    const first = Number(range?.[1] ?? 0);
    const last = Math.min(Number(range?.[2] || object.length - 1), object.length - 1);
    if (first > last) return errorAnswer("416 Range Not Satisfiable", "InvalidRange");
    const body = object.subarray(first, last + 1);
    const about = range ? { ...base, "content-range": `bytes ${first}-${last}/${object.length}` } : base;
    const bytes = answer(range ? "206 Partial Content" : "200 OK", about, body);
    return method === "HEAD" ? bytes.subarray(0, bytes.indexOf("\r\n\r\n") + 4) : bytes;
  }
  if (method === "POST" && target.includes("uploadId")) return answer("200 OK", base, completeXml);
  if (method === "PUT" && headers["x-amz-copy-source"]) return answer("200 OK", base, copyXml);
  if (method === "PUT") {
    server.stored.push(payload(seen));
    return answer("200 OK", base);
  }
  return answer("204 No Content", {});
}

/** The body as S3 stores it: without the frames of `aws-chunked`. */
export function payload({ headers, body }: Seen): Buffer {
  if (!headers["x-amz-content-sha256"]?.startsWith("STREAMING-")) return Buffer.from(body);
  const read = readChunks(body, 0);
  if (!read || read.body.length !== Number(headers["x-amz-decoded-content-length"]))
    throw new Error("a body cut short");
  return read.body;
}

/** Nothing is wrong. */
export const works = onRequest(({ socket, server }, seen) => {
  socket.write(right(seen, server, ETAG));
});

/** Nothing is wrong, but that somebody has written another object to the key. */
export const worksAnew = onRequest(({ socket, server }, seen) => {
  socket.write(right(seen, server, '"ffffffffffffffffffffffffffffffff"'));
});

/** How a connection ends. */
export type End = "close" | "reset" | "stay";

export function end({ socket }: Line, how: End): void {
  if (how === "close") socket.end();
  // A reset overtakes what was written just before it; the bytes must be on their way.
  else if (how === "reset") setTimeout(() => reset(socket), 5);
}

/** Says this, whatever was asked. */
export const says = (bytes: string | Buffer, how: End = "stay"): Play =>
  onRequest((line) => {
    const data = typeof bytes === "string" ? Buffer.from(bytes, "latin1") : bytes;
    line.socket.write(data, () => end(line, how));
  });

/** Says this as soon as the head of a request is there, and reads no more of it. */
export const saysEarly = (bytes: string | Buffer, how: End | "destroy" = "close"): Play =>
  onHead((line) => {
    line.socket.pause();
    line.socket.write(bytes, () => {
      if (how === "destroy") line.socket.destroy();
      else end(line, how);
    });
  });

/** The right answer, but only its first bytes; counted from the body's beginning, or the head's where negative. */
export const cut = (bytes: number, how: End): Play =>
  onRequest((line, seen) => {
    const whole = right(seen, line.server, ETAG);
    const head = whole.indexOf("\r\n\r\n") + 4;
    line.socket.write(whole.subarray(0, bytes < 0 ? head + bytes : head + bytes), () => end(line, how));
  });

/** The right answer in HTTP's own chunks, but only its first bytes. */
export const chunked = (bytes: number, how: End): Play =>
  onRequest((line, seen) => {
    const whole = right(seen, line.server, ETAG);
    const at = whole.indexOf("\r\n\r\n");
    const head = whole.toString("latin1", 0, at).replace(/content-length: \d+/, "transfer-encoding: chunked");
    const body = whole.subarray(at + 4);
    const half = body.length >> 1;
    const chunk = (piece: Buffer): Buffer =>
      Buffer.concat([Buffer.from(`${piece.length.toString(16)};x=y\r\n`), piece, Buffer.from("\r\n")]);
    const framed = Buffer.concat([chunk(body.subarray(0, half)), chunk(body.subarray(half)), Buffer.from("0\r\n\r\n")]);
    line.socket.write(`${head}\r\n\r\n`);
    line.socket.write(framed.subarray(0, bytes < 0 ? framed.length + bytes : bytes), () => end(line, how));
  });

/** The right answer with other headers. */
export const worksWith = (change: (head: string) => string, how: End = "stay"): Play =>
  onRequest((line, seen) => {
    const whole = right(seen, line.server, ETAG);
    const at = whole.indexOf("\r\n\r\n");
    line.socket.write(change(whole.toString("latin1", 0, at)), "latin1");
    line.socket.write(whole.subarray(at), () => end(line, how));
  });

/** The right answer, with something before and behind it. */
export const worksBetween = (before: string | Buffer, behind: string | Buffer): Play =>
  onRequest(({ socket, server }, seen) => {
    socket.write(
      Buffer.concat([Buffer.from(before as string), right(seen, server, ETAG), Buffer.from(behind as string)]),
    );
  });

/** The right answer, so many bytes at a time, so many milliseconds apart. */
export const trickles = (from: "head" | "body", size: number, ms: number): Play =>
  onRequest((line, seen) => {
    const whole = right(seen, line.server, ETAG);
    let at = from === "head" ? 0 : whole.indexOf("\r\n\r\n") + 4;
    line.socket.write(whole.subarray(0, at));
    line.server.repeat(ms, (timer) => {
      if (at >= whole.length || line.socket.destroyed) clearInterval(timer);
      else {
        line.socket.write(whole.subarray(at, at + size));
        at += size;
      }
    });
  });

/** Says the same again and again, as fast as it is taken. */
export const floods = (start: string, again: string): Play =>
  onRequest(({ socket, server }) => {
    socket.write(start);
    const block = again.repeat(Math.ceil(4096 / again.length));
    server.repeat(1, (timer) => {
      if (socket.destroyed) clearInterval(timer);
      else if (socket.writableLength < 65_536) socket.write(block);
    });
  });

/** Says nothing. */
export const silent = onRequest(() => {});

/** Takes no bytes of the body. */
export const deaf = onHead(({ socket }) => {
  socket.pause();
});

/** Takes the body a little at a time, and answers when it has it. */
export const slowReader = (size: number, ms: number): Play =>
  onHead(async ({ socket, server }, seen) => {
    const wanted = Number(seen.headers["content-length"]);
    const pieces = [seen.body];
    let got = seen.body.length;
    socket.pause();
    while (got < wanted && !socket.destroyed) {
      await delay(ms);
      const piece: Buffer | null = socket.read(Math.min(size, wanted - got)) ?? socket.read();
      if (piece) {
        pieces.push(piece);
        got += piece.length;
      }
    }
    socket.write(right({ ...seen, body: Buffer.concat(pieces) }, server, ETAG));
  });

/** Ends the connection as soon as it is there. */
export const closesAtOnce = onConnect(({ socket }) => socket.end());
export const resetsAtOnce = onConnect(({ socket }) => reset(socket));
/** Takes the connection, and nothing more. */
export const holdsConnection = onConnect(() => {});
/** Says this before anything was asked. */
export const blurts = (bytes: string, how: End = "stay"): Play =>
  onConnect((line) => {
    line.socket.write(bytes, () => end(line, how));
  });

/** Ends the connection when the request is there. */
export const hangsUp = (how: End): Play => onRequest((line) => end(line, how));

/** Resets the connection after so many bytes of the request's body. */
export const resetsUpload = (bytes: number): Play =>
  onHead(({ socket }, seen) => {
    let got = seen.body.length;
    const look = (): void => {
      if (got >= bytes) reset(socket);
    };
    look();
    socket.on("data", (chunk) => {
      got += chunk.length;
      look();
    });
  });

/** Answers as it should, and is gone when the next request comes on the same connection. */
export const worksOnce = (how: "close" | "reset"): Play =>
  onRequest((line, seen) => {
    line.socket.removeAllListeners("data");
    line.socket.write(right(seen, line.server, ETAG));
    line.socket.once("data", () => {
      if (how === "close") line.socket.destroy();
      else reset(line.socket);
    });
  });

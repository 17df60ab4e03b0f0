import { Blob } from "node:buffer";
import { createReadStream, mkdtempSync, openSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PassThrough, Readable } from "node:stream";
import { ReadableStream } from "node:stream/web";
import { setTimeout as delay } from "node:timers/promises";
import { afterAll, describe, expect, it } from "vitest";
import type { BodyInput } from "../../src/model/dictionaries.js";
import { makeResponseBody, prepareBody, type RequestBody } from "../../src/transport/index.js";
import { answering, eventually, failure, get, rawServer, reply, transport } from "./support.js";

const folder = mkdtempSync(join(tmpdir(), "tucuxi-body-"));
afterAll(() => rmSync(folder, { recursive: true }));
const file = join(folder, "file");
writeFileSync(file, "0123456789");

async function all(body: RequestBody): Promise<string> {
  const pieces: Uint8Array[] = [];
  for await (const piece of body.open()) pieces.push(piece);
  return Buffer.concat(pieces).toString();
}

async function* generated(...pieces: unknown[]): AsyncGenerator<Uint8Array> {
  for (const piece of pieces) {
    await delay(0);
    if (piece instanceof Error) throw piece;
    yield piece as Uint8Array;
  }
}

const web = (...pieces: string[]): ReadableStream<Uint8Array> =>
  new ReadableStream({
    start(controller) {
      for (const piece of pieces) controller.enqueue(Buffer.from(piece));
      controller.close();
    },
  });

describe("bytes in memory", () => {
  const shared = new SharedArrayBuffer(3);
  new Uint8Array(shared).set([97, 98, 99]);
  const cases: [string, BodyInput | undefined, string][] = [
    ["nothing", undefined, ""],
    ["an empty string", "", ""],
    ["a string, as UTF-8", "h\u00e9\u{1f42c}", "h\u00e9\u{1f42c}"],
    ["a Uint8Array", new Uint8Array([97, 98]), "ab"],
    ["a piece of a Buffer", Buffer.from("xabcx").subarray(1, 4), "abc"],
    ["an ArrayBuffer", new Uint8Array([97, 98, 99]).buffer, "abc"],
    ["shared memory", shared as unknown as ArrayBuffer, "abc"],
    ["a DataView", new DataView(new Uint8Array([120, 97, 120]).buffer, 1, 1) as unknown as Uint8Array, "a"],
    ["another typed array", new Uint16Array([0x6261]) as unknown as Uint8Array, "ab"],
    ["a small Blob", new Blob(["abc"]) as unknown as globalThis.Blob, "abc"],
    ["a function that returns a string", () => "abc", "abc"],
    ["a function that returns a promise of bytes", async () => Buffer.from("abc"), "abc"],
  ];
  for (const [name, input, text] of cases) {
    it(name, async () => {
      const body = await prepareBody(input);
      expect(body.length).toBe(Buffer.byteLength(text));
      expect(Buffer.from(body.bytes!).toString()).toBe(text);
      expect(body.replayable).toBe(true);
      expect([await all(body), await all(body)]).toEqual([text, text]);
    });
  }

  it("are not copied", async () => {
    const bytes = new Uint8Array(1000);
    expect((await prepareBody(bytes)).bytes).toBe(bytes);
  });

  it("with a ContentLength that is not theirs", async () => {
    const error = await failure(prepareBody("abc", 5));
    expect(error).toMatchObject({ name: "ParamValidationError", message: "ContentLength: is 5, but Body has 3 bytes" });
    expect(await all(await prepareBody("abc", 3))).toBe("abc");
  });
});

describe("sources of known length", () => {
  it("a large Blob", async () => {
    const text = "b".repeat(3 * 1024 * 1024);
    const body = await prepareBody(new Blob([text]) as unknown as globalThis.Blob);
    expect(body).toMatchObject({ length: text.length, bytes: undefined, replayable: true });
    expect(await all(body)).toBe(text);
    expect(await all(body)).toBe(text);
  });

  it("a list of pieces", async () => {
    const body = await prepareBody([Buffer.from("ab"), Buffer.from("cd")]);
    expect(body).toMatchObject({ length: 4, replayable: true });
    expect([await all(body), await all(body)]).toEqual(["abcd", "abcd"]);
  });

  it("a file stream, whole or in part, again and again", async () => {
    for (const [options, text] of [
      [{}, "0123456789"],
      [{ start: 3 }, "3456789"],
      [{ start: 2, end: 4 }, "234"],
      [{ end: 100 }, "0123456789"],
      [{ highWaterMark: 3 }, "0123456789"],
    ] as const) {
      const body = await prepareBody(createReadStream(file, options));
      expect(body).toMatchObject({ length: text.length, bytes: undefined, replayable: true, opened: false });
      expect([await all(body), await all(body)]).toEqual([text, text]);
      expect(body.opened).toBe(true);
    }
    const opened = createReadStream(file);
    await delay(20);
    expect(await all(await prepareBody(opened))).toBe("0123456789");
  });

  it("a file stream over a descriptor, or begun already, is read once", async () => {
    const over = await prepareBody(createReadStream("", { fd: openSync(file, "r"), start: 5 }));
    expect(over).toMatchObject({ length: 5, replayable: false });
    expect(await all(over)).toBe("56789");
    const begun = createReadStream(file, { highWaterMark: 4 });
    await new Promise<void>((resolve) => begun.once("readable", resolve));
    expect(String(begun.read(2))).toBe("01");
    const rest = await prepareBody(begun);
    expect(rest).toMatchObject({ length: 8, replayable: false });
    expect(await all(rest)).toBe("23456789");
  });

  it("files that claim to be empty are read", async () => {
    const body = await prepareBody(createReadStream("/proc/self/status"));
    expect(body.bytes!.length).toBeGreaterThan(100);
  });

  it("an answer's body", async () => {
    const server = await answering(() => reply("from afar"));
    const { source } = await transport().send(get(server, { expect: "stream" }));
    const body = await prepareBody(makeResponseBody(source!, { contentLength: 9 }));
    expect(body).toMatchObject({ length: 9, replayable: false });
    expect(await all(body)).toBe("from afar");
  });

  it("the caller's word for it", async () => {
    for (const input of [
      Readable.from([Buffer.from("abc")]),
      web("a", "bc"),
      generated(Buffer.from("ab"), "c"),
      new Set([Buffer.from("abc")]),
    ]) {
      const body = await prepareBody(input as BodyInput, 3);
      expect(body).toMatchObject({ length: 3, bytes: undefined });
      expect(await all(body)).toBe("abc");
    }
  });
});

describe("sources of unknown length", () => {
  it("become bytes in memory when they end soon", async () => {
    for (const input of [
      Readable.from([Buffer.from("ab"), "c"]),
      web("a", "bc"),
      generated(Buffer.from("ab"), new Uint8Array(0), "c"),
      new Set([Buffer.from("abc")]),
      () => Readable.from(["a", "bc"]),
      async () => web("abc"),
    ]) {
      const body = await prepareBody(input as BodyInput);
      expect(body).toMatchObject({ length: 3, replayable: true });
      expect(Buffer.from(body.bytes!).toString()).toBe("abc");
    }
    expect(await prepareBody(Readable.from([]))).toMatchObject({ length: 0, replayable: true });
  });

  it("go out as they come, in chunks of HTTP's, where nobody needs to know it", async () => {
    let received = "";
    const server = await rawServer((socket) => {
      socket.on("data", (chunk) => {
        received += chunk.toString("latin1");
        if (received.endsWith("\r\n0\r\n\r\n")) socket.write(reply("taken"));
      });
    });
    const body = await prepareBody(generated("ab", "", "c"), undefined, undefined, true);
    expect(body).toMatchObject({ length: undefined, bytes: undefined, replayable: false });
    const { status } = await transport().send(
      get(server, { method: "POST", body: body.open(), contentLength: body.length }),
    );
    expect(status).toBe(200);
    const [head, sent] = received.split(/\r\n\r\n(.*)/s);
    expect(head).toMatch(/transfer-encoding: chunked/i);
    expect(head).not.toMatch(/content-length/i);
    expect(sent).toBe("2\r\nab\r\n1\r\nc\r\n0\r\n\r\n");

    const cause = new Error("tape torn");
    const torn = await prepareBody(generated("ab", cause), undefined, undefined, true);
    const error = await failure(transport().send(get(server, { method: "POST", body: torn.open() })));
    expect(error).toMatchObject({ code: "BodySourceFailed", cause });
  });

  it("are refused, and destroyed, when they are longer than a part", async () => {
    let closed = 0;
    async function* endless(): AsyncGenerator<Uint8Array> {
      try {
        for (;;) yield Buffer.alloc(1024 * 1024);
      } finally {
        closed++;
      }
    }
    const node = Readable.from(endless());
    const stream = ReadableStream.from(endless());
    for (const input of [node, stream, endless(), () => endless()]) {
      const error = await failure(prepareBody(input as BodyInput));
      expect(error).toMatchObject({
        name: "ParamValidationError",
        message: "Body: its length is not known, and it is longer than 8 MiB",
      });
      expect(error["hint"]).toMatch(/upload\(\).*ContentLength/);
    }
    await eventually(() => closed === 4);
    expect(node.destroyed).toBe(true);
  });

  it("of exactly eight mebibytes are not", async () => {
    const body = await prepareBody(generated(...Array.from({ length: 8 }, () => Buffer.alloc(1024 * 1024))));
    expect(body.length).toBe(8 * 1024 * 1024);
  });
});

describe("what goes wrong in a source", () => {
  it("fails the preparation, with the cause", async () => {
    const cause = new Error("disk on fire");
    for (const input of [
      generated("a", cause),
      Readable.from(generated("a", cause)),
      ReadableStream.from(generated("a", cause)),
      () => {
        throw cause;
      },
    ]) {
      const error = await failure(prepareBody(input as BodyInput));
      expect(error).toMatchObject({ name: "TucuxiError", code: "BodySourceFailed" });
      expect(error.message).toMatch(/source failed after \d bytes: disk on fire/);
      expect(error.cause).toBe(cause);
    }
    const missing = await failure(prepareBody(createReadStream(join(folder, "none"))));
    expect(missing).toMatchObject({ code: "BodySourceFailed", cause: { code: "ENOENT" } });
  });

  it("a stream that was read, destroyed, broken or locked is refused", async () => {
    const read = Readable.from(["a"]);
    for await (const _ of read);
    const destroyed = new PassThrough();
    destroyed.destroy();
    const broken = new PassThrough();
    broken.on("error", () => {});
    broken.destroy(new Error("broken before"));
    await delay(5);
    const locked = web("a");
    locked.getReader();
    for (const [input, message] of [
      [read, /read to its end/],
      [destroyed, /was destroyed/],
      [locked, /locked/],
    ] as const) {
      expect(await failure(prepareBody(input as BodyInput))).toMatchObject({
        code: "BodyNotReplayable",
        message: expect.stringMatching(message),
      });
      expect(await failure(prepareBody(input as BodyInput, 5))).toMatchObject({ code: "BodyNotReplayable" });
    }
    expect(await failure(prepareBody(broken, 5))).toMatchObject({
      code: "BodySourceFailed",
      message: expect.stringMatching(/broken before/),
    });
  });

  it("what is no body is named", async () => {
    for (const [input, name] of [
      [42, "a number"],
      [null, "null"],
      [{}, "class Object"],
      [new Date(), "class Date"],
      [() => 42, "a number"],
      [() => () => "x", "a function"],
    ]) {
      const error = await failure(prepareBody(input as BodyInput));
      expect(error).toMatchObject({ name: "ParamValidationError" });
      expect(error.message).toContain(`got ${(name as string).startsWith("class") ? "a value of " : ""}${name}`);
    }
    const pieces = await failure(prepareBody(generated(42)));
    expect(pieces.message).toBe("Body: its pieces must be bytes (Uint8Array) or strings, got a number");
    const numbers = await failure(prepareBody([1, 2, 3] as unknown as BodyInput));
    expect(numbers.message).toContain("got a number");
  });

  it("an end that is early or late fails the sending, and never completes it", async () => {
    const got: string[] = [];
    const send = async (input: BodyInput, length: number): Promise<unknown> => {
      const server = await answering(() => reply("stored"));
      const body = await prepareBody(input, length);
      const error = await failure(
        transport().send(get(server, { method: "PUT", body: body.open(), contentLength: body.length })),
      );
      await delay(10);
      got.push(server.received.split("\r\n\r\n")[1] ?? "");
      return error;
    };
    expect(await send(generated("ab", "c"), 5)).toMatchObject({
      name: "IncompleteBodyError",
      code: "ContentLengthMismatch",
      expectedBytes: 5,
      actualBytes: 3,
    });
    expect(await send(generated("ab", "cde", "f"), 5)).toMatchObject({
      name: "IncompleteBodyError",
      code: "ContentLengthMismatch",
      actualBytes: 6,
    });
    expect(await send(generated("ab", "cdefgh"), 5)).toMatchObject({ code: "ContentLengthMismatch", actualBytes: 8 });
    // What is said to be nothing is looked at first, and then nothing at all is sent.
    await expect(prepareBody(generated("a"), 0)).rejects.toMatchObject({
      name: "ParamValidationError",
      faults: [{ path: "ContentLength", problem: "is 0, but Body has 1 bytes" }],
    });
    expect(await prepareBody(generated(), 0)).toMatchObject({ length: 0, bytes: Buffer.alloc(0), replayable: true });
    const cause = new Error("tape torn");
    expect(await send(generated("ab", cause), 5)).toMatchObject({ code: "BodySourceFailed", cause });
    expect(await send(Readable.from(generated("ab", cause)), 5)).toMatchObject({ code: "BodySourceFailed", cause });
    let begun = false;
    const torn = new Readable({
      read() {
        if (begun) this.destroy();
        else this.push("ab");
        begun = true;
      },
    });
    expect(await send(torn, 5)).toMatchObject({ code: "BodySourceFailed" });
    // Not one of them was whole.
    expect(got.every((text) => text.length < 5)).toBe(true);
  });

  it("a file that shrinks or grows meanwhile fails the sending", async () => {
    const path = join(folder, "changing");
    for (const text of ["12", "12345678"]) {
      writeFileSync(path, "12345");
      const body = await prepareBody(createReadStream(path));
      writeFileSync(path, text);
      expect(await failure(all(body))).toMatchObject({ code: "ContentLengthMismatch" });
    }
  });

  it("a length that contradicts a known one is refused before anything is sent", async () => {
    const stream = createReadStream(file);
    expect(await failure(prepareBody(stream, 5))).toMatchObject({
      message: "ContentLength: is 5, but Body has 10 bytes",
    });
    await delay(5);
    expect(stream.destroyed).toBe(true);
  });
});

describe("sending again", () => {
  it("opens a function's stream anew each time", async () => {
    let opened = 0;
    const body = await prepareBody(() => {
      opened++;
      return Readable.from([Buffer.from("ab"), Buffer.from("c")]);
    }, 3);
    expect(body.replayable).toBe(true);
    expect([await all(body), await all(body)]).toEqual(["abc", "abc"]);
    expect(opened).toBe(2);
  });

  it("is refused for what can be read only once", async () => {
    for (const input of [Readable.from(["abc"]), web("abc"), generated("abc")]) {
      const body = await prepareBody(input as BodyInput, 3);
      expect(body).toMatchObject({ replayable: false, opened: false });
      body.open();
      expect(body.opened).toBe(true);
      expect(() => body.open()).toThrow(expect.objectContaining({ code: "BodyNotReplayable" }));
    }
  });

  it("lets go of the attempt before", async () => {
    const streams: Readable[] = [];
    const body = await prepareBody(() => {
      const stream = Readable.from([Buffer.from("ab"), Buffer.from("c")]);
      streams.push(stream);
      return stream;
    }, 3);
    const first = body.open()[Symbol.asyncIterator]();
    await first.next();
    expect(await all(body)).toBe("abc");
    expect(streams[0]!.destroyed).toBe(true);
  });
});

describe("discarding", () => {
  it("destroys what was not read, or not to its end", async () => {
    const unread = Readable.from(["abc"]);
    (await prepareBody(unread, 3)).discard();
    expect(unread.destroyed).toBe(true);

    const half = Readable.from(["ab", "c"]);
    const body = await prepareBody(half, 3);
    await body.open()[Symbol.asyncIterator]().next();
    body.discard(new Error("enough"));
    expect(half.destroyed).toBe(true);

    let cancelled: unknown;
    const stream = new ReadableStream<Uint8Array>({
      cancel: (reason) => {
        cancelled = reason;
      },
    });
    (await prepareBody(stream, 3)).discard("why");
    expect(cancelled).toBe("why");

    let returned = false;
    async function* source(): AsyncGenerator<Uint8Array> {
      try {
        yield Buffer.from("a");
        yield Buffer.from("b");
      } finally {
        returned = true;
      }
    }
    const pieces = await prepareBody(source(), 2);
    await pieces.open()[Symbol.asyncIterator]().next();
    pieces.discard();
    await delay(1);
    expect(returned).toBe(true);
  });

  it("is harmless after the end, and twice", async () => {
    const body = await prepareBody(Readable.from(["abc"]), 3);
    expect(await all(body)).toBe("abc");
    body.discard();
    body.discard();
    (await prepareBody("x")).discard();
    const late = await prepareBody(async () => Readable.from(["abc"]), 3);
    late.open();
    late.discard(new Error("gone"));
    expect(late.replayable).toBe(true);
  });

  it("leaves nothing of an error of the stream that comes late", async () => {
    const stream = new PassThrough();
    const body = await prepareBody(stream, 3);
    body.discard(new Error("first"));
    stream.destroy(new Error("second"));
    await delay(5);
    expect(stream.destroyed).toBe(true);
  });
});

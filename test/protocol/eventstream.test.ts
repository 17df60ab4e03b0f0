import { crc32 } from "node:zlib";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ChecksumMismatchError, IncompleteBodyError } from "../../src/errors/base.js";
import { InternalError, S3ServiceError } from "../../src/errors/service.js";
import { operation } from "../../src/model/operation.js";
import { readEvents } from "../../src/protocol/eventstream.js";
import { MalformedResponseError } from "../../src/protocol/index.js";

const op = operation("SelectObjectContent");

/** A header: name, type and the bytes of its value. */
type Header = [name: string, type: number, value: Buffer];
const text = (name: string, value: string): Header => {
  const bytes = Buffer.from(value);
  return [name, 7, Buffer.concat([Buffer.from([bytes.length >> 8, bytes.length & 255]), bytes])];
};
const event = (type: string): Header[] => [text(":message-type", "event"), text(":event-type", type)];

function frame(headers: Header[], payload: string | Uint8Array = ""): Buffer {
  const head = Buffer.concat(
    headers.map(([name, type, value]) =>
      Buffer.concat([Buffer.from([Buffer.byteLength(name)]), Buffer.from(name), Buffer.from([type]), value]),
    ),
  );
  const body = Buffer.from(payload as string);
  const prelude = Buffer.alloc(12);
  prelude.writeUInt32BE(head.length + body.length + 16, 0);
  prelude.writeUInt32BE(head.length, 4);
  prelude.writeUInt32BE(crc32(prelude.subarray(0, 8)), 8);
  const message = Buffer.concat([prelude, head, body]);
  const sum = Buffer.alloc(4);
  sum.writeUInt32BE(crc32(message));
  return Buffer.concat([message, sum]);
}

async function* pieces(bytes: Uint8Array, cuts: number[] = []): AsyncGenerator<Uint8Array> {
  let at = 0;
  for (const cut of [...cuts].sort((a, b) => a - b)) {
    if (cut > at && cut < bytes.length) {
      yield bytes.subarray(at, cut);
      at = cut;
    }
  }
  yield bytes.subarray(at);
}

async function read(bytes: Uint8Array, cuts?: number[]): Promise<{ events: unknown[]; error: unknown }> {
  const events: unknown[] = [];
  try {
    for await (const one of readEvents(op, pieces(bytes, cuts), { attempts: 2, requestId: "R", bucket: "b", key: "k" }))
      events.push(one);
  } catch (error) {
    return { events, error };
  }
  return { events, error: undefined };
}

const stats =
  "<Stats><BytesScanned>512</BytesScanned><BytesProcessed>1024</BytesProcessed><BytesReturned>9</BytesReturned></Stats>";
const good = Buffer.concat([
  frame(event("Cont")),
  frame(event("Records"), "1,a\n"),
  frame(event("Progress"), "<Progress><BytesScanned>1</BytesScanned></Progress>"),
  frame(event("Records")),
  frame(event("Stats"), stats),
  frame(event("End")),
]);
const goodEvents = [
  { Cont: {} },
  { Records: { Payload: new Uint8Array(Buffer.from("1,a\n")) } },
  { Progress: { Details: { BytesScanned: 1 } } },
  { Records: { Payload: new Uint8Array() } },
  { Stats: { Details: { BytesScanned: 512, BytesProcessed: 1024, BytesReturned: 9 } } },
  { End: {} },
];

describe("an event stream", () => {
  it("is the same however it is cut into pieces", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.nat(good.length)), async (cuts) => {
        expect(await read(good, cuts)).toEqual({ events: goodEvents, error: undefined });
      }),
    );
  });

  it("may be empty, and has events that nobody knows yet", async () => {
    expect(await read(new Uint8Array())).toEqual({ events: [], error: undefined });
    const bytes = Buffer.concat([frame(event("Tomorrow"), "x"), frame(event("constructor")), frame(event("End"))]);
    expect(await read(bytes)).toEqual({ events: [{ End: {} }], error: undefined });
  });

  it("gives its records bytes of their own", async () => {
    const { events } = await read(frame(event("Records"), "abc"));
    const { Payload } = (events[0] as { Records: { Payload: Uint8Array } }).Records;
    expect(Payload.constructor).toBe(Uint8Array);
    expect(Buffer.from(Payload).toString()).toBe("abc");
  });

  it("knows every type of header", async () => {
    const headers: Header[] = [
      ["t", 0, Buffer.alloc(0)],
      ["f", 1, Buffer.alloc(0)],
      ["b", 2, Buffer.alloc(1)],
      ["s", 3, Buffer.alloc(2)],
      ["i", 4, Buffer.alloc(4)],
      ["l", 5, Buffer.alloc(8)],
      ["x", 6, Buffer.from([0, 2, 1, 1])],
      ["d", 8, Buffer.alloc(8)],
      ["u", 9, Buffer.alloc(16)],
      ...event("End"),
    ];
    expect(await read(frame(headers))).toEqual({ events: [{ End: {} }], error: undefined });
  });

  it("ends with the error that the service sends", async () => {
    const failed = frame([
      text(":message-type", "error"),
      text(":error-code", "InternalError"),
      text(":error-message", "We failed"),
    ]);
    const { events, error } = await read(Buffer.concat([frame(event("Records"), "x"), failed, frame(event("End"))]));
    expect(events).toHaveLength(1);
    expect(error).toBeInstanceOf(InternalError);
    expect(error).toMatchObject({
      code: "InternalError",
      message: "We failed",
      operation: "SelectObjectContent",
      requestId: "R",
      attempts: 2,
      retryable: true,
      response: {
        Error: { Code: "InternalError", Message: "We failed" },
        ResponseMetadata: { RequestId: "R", RetryAttempts: 1 },
      },
    });
    const thrown = frame([text(":message-type", "exception"), text(":exception-type", "OverMaxColumn")], "too many");
    expect((await read(thrown)).error).toMatchObject({ code: "OverMaxColumn", message: "too many", retryable: false });
    expect((await read(frame([]))).error).toBeInstanceOf(S3ServiceError);
  });

  it("is refused when a bit of it has changed", async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat(good.length - 1), fc.nat(7), async (at, bit) => {
        const bytes = Buffer.from(good);
        bytes[at]! ^= 1 << bit;
        const { events, error } = await read(bytes);
        expect(error).toBeInstanceOf(ChecksumMismatchError);
        // What came before is good.
        expect(goodEvents.slice(0, events.length)).toEqual(events);
      }),
    );
  });

  it("is refused when it ends within a frame, and what came before is given", async () => {
    for (let length = 1; length < good.length; length++) {
      const { events, error } = await read(good.subarray(0, length));
      expect(goodEvents.slice(0, events.length)).toEqual(events);
      if (error !== undefined) expect(error).toBeInstanceOf(IncompleteBodyError);
      else expect(events.length).toBeGreaterThan(0);
    }
  });

  it("does not wait for what is larger than a frame may be", async () => {
    const huge = (total: number, headers: number): Buffer => {
      const prelude = Buffer.alloc(12);
      prelude.writeUInt32BE(total, 0);
      prelude.writeUInt32BE(headers, 4);
      prelude.writeUInt32BE(crc32(prelude.subarray(0, 8)), 8);
      return prelude;
    };
    for (const bytes of [huge(2 ** 32 - 1, 0), huge(2 ** 20, 2 ** 19), huge(20, 100), huge(4, 0)]) {
      expect((await read(bytes)).error).toBeInstanceOf(MalformedResponseError);
    }
  });

  it("is refused when its headers are no headers", async () => {
    for (const headers of [
      [...event("End"), text(":event-type", "Stats")],
      [["x", 12, Buffer.alloc(0)] as Header],
      [["x", 7, Buffer.from([0, 200, 1])] as Header],
      [["x", 5, Buffer.alloc(3)] as Header],
    ]) {
      expect((await read(frame(headers))).error).toBeInstanceOf(MalformedResponseError);
    }
    expect((await read(frame(event("Stats"), "<Stats><Bytes"))).error).toBeInstanceOf(MalformedResponseError);
  });

  it("lets go of its source when the reader goes", async () => {
    let closed = false;
    async function* source(): AsyncGenerator<Uint8Array> {
      try {
        for (;;) yield frame(event("Cont"));
      } finally {
        closed = true;
      }
    }
    for await (const one of readEvents(op, source())) {
      expect(one).toEqual({ Cont: {} });
      break;
    }
    expect(closed).toBe(true);
  });
});

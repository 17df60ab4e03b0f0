import { createReadStream } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { PassThrough, Readable } from "node:stream";
import type { BodyInput, S3Client } from "tucuxi";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { fail, failureOf, inTurn, onAws, onService, Play, Service, unframe, until } from "./support.js";

const mebibyte = 1024 * 1024;
const object = { Bucket: "river", Key: "k" };

let service: Service;
beforeAll(async () => {
  service = await Service.start();
});
afterAll(() => service.stop());

/** A client of a fresh service. */
async function on<T>(script: Service["script"], run: (s3: S3Client) => Promise<T>, early = false): Promise<T> {
  service.sent.length = 0;
  service.script = script;
  service.early = early;
  await using s3 = onService(service, { maxAttempts: 3 });
  return await run(s3);
}

const received = (): Buffer => unframe(service.last).body;
const pieces = (count: number, size = 64 * 1024): Buffer[] =>
  Array.from({ length: count }, (_, n) => Buffer.alloc(size, n));

describe("every kind of body arrives whole", () => {
  const text = "ein Tümmler, 日本, 🐬";
  const bytes = Buffer.from(text);
  const kinds: [string, () => BodyInput][] = [
    ["a string", () => text],
    ["a Buffer", () => bytes],
    ["a view of a larger buffer", () => new Uint8Array(Buffer.from(`__${text}__`)).subarray(2, 2 + bytes.length)],
    ["an ArrayBuffer", () => new Uint8Array(bytes).buffer],
    ["a Blob", () => new Blob([bytes])],
    ["a File", () => new File([bytes], "x")],
    ["a Readable", () => Readable.from([bytes.subarray(0, 3), bytes.subarray(3)])],
    ["a web stream", () => new Blob([bytes]).stream() as BodyInput],
    ["an array of pieces", () => [bytes.subarray(0, 5), bytes.subarray(5)]],
    [
      "an async generator",
      () =>
        (async function* () {
          yield bytes.subarray(0, 1);
          yield new Uint8Array(0);
          yield bytes.subarray(1);
        })(),
    ],
    ["a function that gives bytes", () => () => bytes],
    ["a function that promises a stream", () => async () => Readable.from([bytes])],
  ];

  it.each(kinds)("%s", async (_, body) => {
    await on(
      () => ({}),
      (s3) => s3.putObject({ ...object, Body: body() }),
    );
    expect(received().equals(bytes)).toBe(true);
  });

  it("a body that came from S3", async () => {
    await on(
      (sent) => (sent.method === "GET" ? { body: bytes } : {}),
      async (s3) => {
        const { Body } = await s3.getObject(object);
        await s3.putObject({ ...object, Key: "copy", Body });
      },
    );
    expect(received().equals(bytes)).toBe(true);
  });
});

describe("a stream whose length nobody knows", () => {
  it("is held and sent as it is when it ends within 8 MiB", async () => {
    const all = pieces(128);
    await on(
      () => ({}),
      (s3) => s3.putObject({ ...object, Body: Readable.from(all) }),
    );
    expect(service.last.headers["content-length"]).toBe(String(8 * mebibyte));
    expect(received().equals(Buffer.concat(all))).toBe(true);
  });

  it.each(["putObject", "uploadPart"] as const)("is refused when it goes on: %s", async (method) => {
    const source = Readable.from([...pieces(128), Buffer.from("!")]);
    const error = await on(
      () => ({}),
      (s3) =>
        failureOf(
          s3[method]({
            ...object,
            Body: source,
            ...(method === "uploadPart" ? { UploadId: "u", PartNumber: 1 } : {}),
          } as never),
        ),
    );
    expect(error.name).toBe("ParamValidationError");
    expect(error.hint).toMatch(/upload\(\).*ContentLength/);
    expect(service.sent).toEqual([]);
    expect(source.destroyed).toBe(true);
  });

  it("is replayed from memory", async () => {
    await on(inTurn(fail(500, "InternalError"), {}), (s3) =>
      s3.putObject({ ...object, Body: Readable.from([Buffer.from("once")]) }),
    );
    expect(service.sent.map(({ body }) => body.toString())).toEqual(["once", "once"]);
  });

  it("can be given up while it is awaited", async () => {
    const source = new PassThrough();
    source.write("a beginning");
    const controller = new AbortController();
    const error = await on(
      () => ({}),
      async (s3) => {
        await s3.headObject(object);
        service.sent.length = 0;
        const failure = failureOf(s3.putObject({ ...object, Body: source }, { signal: controller.signal }));
        setTimeout(() => controller.abort(new Error("enough")), 10);
        return failure;
      },
    );
    expect(error.message).toBe("enough");
    expect(source.destroyed).toBe(true);
    expect(service.sent).toEqual([]);
  });

  it("is covered by the call's timeout", async () => {
    for (const Body of [new PassThrough(), () => new Promise<Buffer>(() => {})]) {
      const error = await on(
        () => ({}),
        (s3) => failureOf(s3.putObject({ ...object, Body }, { timeout: 20 })),
      );
      expect(error).toMatchObject({ name: "TimeoutError", code: "CallTimeout" });
      expect(error.message).toMatch(/PutObject.*20 ms: nothing was sent/);
    }
  });
});

describe("a body that is not what it says", () => {
  it.each([
    ["bytes, shorter", () => "12345", 6],
    ["bytes, longer", () => "1234567", 6],
    ["a Blob", () => new Blob(["12345"]), 6],
  ] as [string, () => BodyInput, number][])(
    "is refused before anything is sent: %s",
    async (_, body, ContentLength) => {
      const error = await on(
        () => ({}),
        (s3) => failureOf(s3.putObject({ ...object, Body: body(), ContentLength })),
      );
      expect(error.name).toBe("ParamValidationError");
      expect(error.message).toContain("ContentLength");
      expect(service.sent).toEqual([]);
    },
  );

  it.each([
    ["ends early", 90_000],
    ["goes on too long", 110_000],
  ])("is cut off, not stored, and not repeated: it %s", async (_, length) => {
    const error = await on(
      () => ({}),
      (s3) =>
        failureOf(
          s3.putObject({
            ...object,
            Body: () => Readable.from(pieces(length / 10_000, 10_000)),
            ContentLength: 100_000,
          }),
        ),
    );
    expect(error).toMatchObject({ name: "IncompleteBodyError", code: "ContentLengthMismatch" });
    // The service never saw the end of a request.
    expect(service.sent).toEqual([]);
  });

  it("fails with the fault of its source", async () => {
    async function* broken(): AsyncGenerator<Uint8Array> {
      yield Buffer.alloc(50_000);
      throw new Error("the disk is gone");
    }
    const error = await on(
      () => ({}),
      (s3) =>
        failureOf<Error & { code: string; cause: Error }>(
          s3.putObject({ ...object, Body: broken, ContentLength: 100_000 }),
        ),
    );
    expect(error.code).toBe("BodySourceFailed");
    expect(error.message).toContain("the disk is gone");
    expect(error.cause.message).toBe("the disk is gone");
    expect(service.sent).toEqual([]);
  });

  it.each([
    ["with an error", (stream: PassThrough) => stream.destroy(new Error("pulled"))],
    ["without one", (stream: PassThrough) => stream.destroy()],
  ])("is a stream destroyed in the middle, %s", async (_, destroy) => {
    const stream = new PassThrough();
    stream.write(Buffer.alloc(10_000));
    const error = await on(
      () => ({}),
      async (s3) => {
        const failure = failureOf(s3.putObject({ ...object, Body: stream, ContentLength: 20_000 }));
        await until(() => stream.readableLength === 0);
        destroy(stream);
        return failure;
      },
    );
    expect(["BodySourceFailed", "ContentLengthMismatch"]).toContain(error.code);
    await until(() => service.sockets.size === 0);
    expect(service.sent).toEqual([]);
  });

  it.each([
    ["destroyed", () => new PassThrough().destroy()],
    [
      "read already",
      async () => {
        const stream = Readable.from([Buffer.from("x")]);
        for await (const _ of stream);
        return stream;
      },
    ],
  ] as [string, () => Readable | Promise<Readable>][])("is a stream that cannot be read: %s", async (_, make) => {
    const stream = await make();
    const error = await on(
      () => ({}),
      (s3) => failureOf(s3.putObject({ ...object, Body: stream, ContentLength: 1 })),
    );
    expect(error.code).toBe("BodyNotReplayable");
    expect(service.sent).toEqual([]);
  });

  it("is a stream that fails before the call has begun", async () => {
    const stream = new PassThrough();
    const failure = on(
      () => ({}),
      (s3) => failureOf(s3.putObject({ ...object, Body: stream, ContentLength: 1 })),
    );
    stream.destroy(new Error("at once"));
    expect((await failure).message).toContain("at once");
  });
});

describe("a failed upload is repeated", () => {
  const text = Buffer.from("the whole of it");

  it.each([
    ["a string", () => text.toString()],
    ["a Blob", () => new Blob([text])],
    ["an array", () => [text]],
    ["a function", () => () => Readable.from([text])],
    ["a function that promises", () => async () => new Blob([text])],
  ] as [string, () => BodyInput][])("from %s", async (_, body) => {
    await on(inTurn(fail(500, "InternalError"), fail(502, "BadGateway"), {}), (s3) =>
      s3.putObject({ ...object, Body: body(), ContentLength: text.length }),
    );
    expect(service.sent).toHaveLength(3);
    for (const sent of service.sent) expect(unframe(sent).body.equals(text)).toBe(true);
  });

  it("from a file's stream", async () => {
    const folder = await mkdtemp(`${tmpdir()}/tucuxi-`);
    try {
      await writeFile(`${folder}/file`, "0123456789");
      await on(inTurn(fail(500, "InternalError"), {}), (s3) =>
        s3.putObject({ ...object, Body: createReadStream(`${folder}/file`, { start: 2, end: 6 }) }),
      );
      expect(service.sent.map((sent) => unframe(sent).body.toString())).toEqual(["23456", "23456"]);
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  it("but not from a stream that can be read only once, and says so", async () => {
    for (const answer of [fail(500, "InternalError"), fail(503, "SlowDown")]) {
      const error = await on(inTurn(answer, {}), (s3) =>
        failureOf(s3.putObject({ ...object, Body: Readable.from([text]), ContentLength: text.length })),
      );
      expect(service.sent).toHaveLength(1);
      expect(error.attempts).toBe(1);
      expect(error.hint).toMatch(/read only once.*a function that opens the stream anew/);
    }
  });

  it("even from such a stream when nothing of it was taken", async () => {
    let refused = 0;
    const play = new Play();
    const dispatch = play.dispatch.bind(play);
    play.dispatch = (options, handler) => {
      if (refused++ > 0) return dispatch(options, handler);
      handler.onConnect?.(() => {});
      handler.onError?.(Object.assign(new Error("refused"), { code: "ECONNREFUSED" }));
      return true;
    };
    await using s3 = onAws(play, { maxAttempts: 2 });
    const body = Readable.from([text]);
    await s3.putObject({ ...object, Body: body, ContentLength: text.length });
    expect(unframe(play.last).body.equals(text)).toBe(true);
  });
});

describe("an answer while the body is still going out", () => {
  const endless = (): Readable =>
    Readable.from(
      (async function* () {
        for (;;) yield Buffer.alloc(64 * 1024);
      })(),
    );

  it.each([
    [403, "AccessDenied"],
    [412, "PreconditionFailed"],
    [404, "NoSuchBucket"],
    [400, "EntityTooLarge"],
  ])("is the call's: %i %s", async (status, code) => {
    const source = endless();
    const error = await on(
      (_sent, _number, { response, request }) => {
        const { body, headers } = fail(status, code);
        response.writeHead(status, { ...headers, connection: "close" });
        response.end(body, () => setTimeout(() => request.socket.destroy(), 20));
        return undefined;
      },
      (s3) => failureOf(s3.putObject({ ...object, Body: source, ContentLength: 100 * mebibyte })),
      true,
    );
    expect(error).toMatchObject({ code, statusCode: status, attempts: 1 });
    await until(() => source.destroyed);
    await until(() => service.sockets.size === 0);
    expect(service.sockets.size).toBe(0);
  });

  it("is followed by another attempt, where the service is busy and the body can be sent again", async () => {
    await on(
      (_sent, number, { response, request }) => {
        if (number > 1) {
          request.resume();
          request.on("end", () => response.end());
          return undefined;
        }
        const { body, headers } = fail(503, "ServiceUnavailable");
        response.writeHead(503, { ...headers, connection: "close" });
        response.end(body, () => setTimeout(() => request.socket.destroy(), 20));
        return undefined;
      },
      (s3) => s3.putObject({ ...object, Body: () => Readable.from(pieces(400)), ContentLength: 400 * 64 * 1024 }),
      true,
    );
    expect(service.sent).toHaveLength(2);
  });
});

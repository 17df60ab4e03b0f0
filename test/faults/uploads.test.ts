import { Readable } from "node:stream";
import type { S3Client } from "tucuxi";
import { describe, expect } from "vitest";
import {
  answer,
  deaf,
  ETAG,
  errorAnswer,
  hangsUp,
  object,
  resetsUpload,
  says,
  saysEarly,
  slowReader,
  works,
} from "./plays.js";
import { type FaultServer, onHead, type Play } from "./server.js";
import { faults, putting, soon, there } from "./table.js";

type Body = Parameters<S3Client["putObject"]>[0]["Body"];

/** More than the buffers of two sockets hold. */
const large = Buffer.alloc(12 * 1024 * 1024);
for (let i = 0; i < large.length; i += 4096) large.writeUInt32BE(i, i);

async function* pieces(of: Buffer): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < of.length; at += 65_536) yield of.subarray(at, at + 65_536);
}
const puttingLarge =
  (body: () => Body = () => large) =>
  async (s3: S3Client, server: FaultServer): Promise<void> => {
    await s3.putObject({ ...there, Body: body(), ContentLength: large.length });
    expect(server.stored.map((stored) => Buffer.compare(stored, large))).toEqual([0]);
  };
/** A stream that tells whether it was let go. */
const watched = (of: Buffer): { stream: Readable; gone: () => boolean } => {
  const stream = Readable.from(pieces(of));
  return { stream, gone: () => stream.destroyed };
};

describe("an answer while the body still goes out", () => {
  const early = (status: string, code: string): Buffer => errorAnswer(status, code, { connection: "close" });
  const kinds: [kind: string, body: () => Body][] = [
    ["bytes", () => large],
    ["a Blob", () => new Blob([large])],
    ["a stream", () => Readable.from(pieces(large))],
  ];
  faults(
    kinds.flatMap(([kind, body]) =>
      (["close", "destroy", "stay"] as const).flatMap((how) => [
        {
          fault: `403, ${kind}, ${how}`,
          server: [saysEarly(early("403 Forbidden", "AccessDenied"), how)],
          call: puttingLarge(body),
          error: { name: "AccessDenied", attempts: 1 },
          after: 1,
        },
        {
          fault: `412, ${kind}, ${how}`,
          server: [saysEarly(early("412 Precondition Failed", "PreconditionFailed"), how)],
          call: puttingLarge(body),
          error: { name: "PreconditionFailed", attempts: 1 },
          after: 1,
        },
      ]),
    ),
  );
  const moved = errorAnswer("301 Moved Permanently", "PermanentRedirect", {
    connection: "close",
    "x-amz-bucket-region": "eu-west-1",
  });
  faults([
    {
      fault: "503, bytes: sent again",
      server: [saysEarly(early("503 Slow Down", "SlowDown")), works],
      call: puttingLarge(),
      healed: 2,
    },
    {
      fault: "503, a Blob: sent again",
      server: [saysEarly(early("503 Slow Down", "SlowDown")), works],
      call: puttingLarge(() => new Blob([large])),
      healed: 2,
    },
    {
      fault: "503, a stream that can be opened anew: sent again",
      server: [saysEarly(early("503 Slow Down", "SlowDown")), works],
      call: puttingLarge(() => () => pieces(large)),
      healed: 2,
    },
    {
      fault: "503, a stream that can be read once: told why not",
      server: [saysEarly(early("503 Slow Down", "SlowDown")), works],
      call: puttingLarge(() => pieces(large)),
      error: { name: "SlowDown", hint: expect.stringContaining("stream, which can be read only once") as string },
      after: 1,
    },
    {
      fault: "301, bytes: sent to where it belongs",
      server: [saysEarly(moved), works],
      call: puttingLarge(),
      healed: 2,
    },
    {
      fault: "200 when nothing of a stream has come",
      server: [saysEarly(answer("200 OK", { etag: ETAG, connection: "close" }))],
      call: puttingLarge(() => pieces(large)),
      error: { code: "AnswerBeforeBody" },
      after: 1,
    },
    {
      fault: "200 when hardly anything of the bytes has come",
      server: [saysEarly(answer("200 OK", { etag: ETAG, connection: "close" }), "destroy"), works],
      call: puttingLarge(),
      healed: 2,
    },
    {
      fault: "100 Continue, unasked, and then the answer",
      server: [
        onHead(({ socket }) => {
          socket.write("HTTP/1.1 100 Continue\r\n\r\n");
          let got = 0;
          socket.on("data", (chunk) => {
            got += chunk.length;
            if (got >= large.length - 70_000) socket.write("HTTP/1.1 100 Continue\r\n\r\n");
          });
          setTimeout(() => socket.write(errorAnswer("403 Forbidden", "AccessDenied")), 100);
        }),
      ],
      call: puttingLarge(),
      error: { name: "AccessDenied" },
      after: 1,
    },
  ]);
});

describe("a connection that breaks while the body goes out", () => {
  const broken: Play[] = [resetsUpload(200_000), works];
  faults([
    { fault: "bytes", server: broken, call: puttingLarge(), healed: 2 },
    { fault: "bytes, twice", server: [resetsUpload(1), resetsUpload(500_000), works], call: puttingLarge(), healed: 3 },
    {
      fault: "bytes, always",
      server: [resetsUpload(100_000)],
      call: puttingLarge(),
      error: { name: "TransportError", phase: "before-sent", attempts: 3 },
      after: 3,
    },
    { fault: "a text", server: [resetsUpload(1000), works], call: putting(() => object.toString("latin1")), healed: 2 },
    { fault: "a Blob", server: broken, call: puttingLarge(() => new Blob([large])), healed: 2 },
    {
      fault: "a list of pieces",
      server: broken,
      call: puttingLarge(() => [large.subarray(0, 5e6), large.subarray(5e6)]),
      healed: 2,
    },
    {
      fault: "a stream that can be opened anew",
      server: broken,
      call: puttingLarge(() => () => pieces(large)),
      healed: 2,
    },
    {
      fault: "a stream that can be read once, and is let go",
      server: broken,
      call: async (s3) => {
        const { stream, gone } = watched(large);
        await s3
          .putObject({ ...there, Body: stream, ContentLength: large.length })
          .finally(() => expect(gone()).toBe(true));
      },
      error: { name: "TransportError", hint: expect.stringContaining("stream, which can be read only once") as string },
      after: 1,
    },
    {
      fault: "before any byte of it, as the connection stands",
      server: [hangsUp("reset"), works],
      call: putting(),
      healed: 2,
    },
    {
      fault: "after all of it: the answer was lost, and the same is put again",
      server: [hangsUp("close"), works],
      call: putting(),
      healed: 2,
    },
    {
      fault: "after all of it, with a condition that the first attempt has made false",
      server: [hangsUp("reset"), says(errorAnswer("412 Precondition Failed", "PreconditionFailed")), works],
      call: putting(() => object, { IfNoneMatch: "*" }),
      error: { name: "PreconditionFailed", attempts: 2 },
    },
  ]);
});

describe("a service that is slow to take bytes", () => {
  faults([
    {
      fault: "it takes none",
      server: [deaf],
      call: puttingLarge(),
      options: { ...soon, maxAttempts: 2 },
      error: { name: "TimeoutError", code: "WriteTimeout", phase: "before-sent", attempts: 2 },
      after: 2,
    },
    { fault: "it takes none, once", server: [deaf, works], call: puttingLarge(), options: soon, healed: 2 },
    {
      fault: "it takes none of a stream",
      server: [deaf],
      call: puttingLarge(() => pieces(large)),
      options: soon,
      error: { name: "TimeoutError", code: "WriteTimeout" },
      after: 1,
    },
    {
      fault: "it takes a little at a time, and is never silent",
      server: [slowReader(1_500_000, 100)],
      call: puttingLarge(),
      healed: 1,
    },
    {
      fault: "it takes all, and never answers",
      server: [onHead(({ socket }) => void socket.resume())],
      call: puttingLarge(),
      options: soon,
      error: { name: "TimeoutError", code: "ReadTimeout", phase: "sent" },
      after: 3,
    },
    {
      fault: "it takes none, and the limit of the call passes",
      server: [deaf],
      call: async (s3) => s3.putObject({ ...there, Body: large }, { timeout: 500 }),
      error: { code: "CallTimeout" },
      after: 1,
    },
    {
      fault: "it takes none, and the caller gives up",
      server: [deaf],
      call: async (s3) => {
        const { stream, gone } = watched(large);
        const controller = new AbortController();
        setTimeout(() => controller.abort(new Error("enough")), 500);
        await s3
          .putObject({ ...there, Body: stream, ContentLength: large.length }, { signal: controller.signal })
          .finally(() => expect(gone()).toBe(true));
      },
      error: { message: "enough" },
      after: 1,
    },
  ]);
});

describe("a body that is not what was said of it", () => {
  const of =
    (n: number) =>
    async (s3: S3Client): Promise<void> => {
      await s3.putObject({ ...there, Body: pieces(object), ContentLength: n });
    };
  const nothingStored =
    (call: (s3: S3Client) => Promise<void>) =>
    async (s3: S3Client, server: FaultServer): Promise<void> => {
      await call(s3).finally(() => expect(server.stored).toEqual([]));
    };
  faults([
    {
      fault: "a stream that ends early",
      server: [works],
      call: nothingStored(of(300_001)),
      error: { name: expect.any(String) as string },
    },
    {
      fault: "a stream that goes on",
      server: [works],
      call: nothingStored(of(299_999)),
      error: { name: expect.any(String) as string },
    },
    {
      fault: "a stream that fails in the middle",
      server: [works],
      call: nothingStored(async (s3) => {
        async function* failing(): AsyncGenerator<Uint8Array> {
          yield object.subarray(0, 100_000);
          throw new Error("the disk is gone");
        }
        await s3.putObject({ ...there, Body: failing(), ContentLength: object.length });
      }),
      error: { name: expect.any(String) as string },
    },
    {
      fault: "a stream that gives something else than bytes",
      server: [works],
      call: nothingStored(async (s3) => {
        async function* strange(): AsyncGenerator<Uint8Array> {
          yield object.subarray(0, 100_000);
          yield { length: 200_000 } as unknown as Uint8Array;
        }
        await s3.putObject({ ...there, Body: strange(), ContentLength: object.length });
      }),
      error: { name: expect.any(String) as string },
    },
  ]);
});

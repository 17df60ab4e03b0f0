import { createHash } from "node:crypto";
import { createReadStream, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import type { PutObjectRequest } from "tucuxi";
import { expect } from "vitest";
import { pattern, type Room, room } from "../room.js";
import type { Target } from "../target.js";

type Body = PutObjectRequest["Body"];

const bytes = pattern(200_003, 7);

/** Pieces of awkward sizes, one of them empty. */
function* pieces(whole: Uint8Array): Generator<Uint8Array> {
  const sizes = [1, 65_537, 0, 3, 8192];
  for (let at = 0, turn = 0; at < whole.length; turn += 1) {
    const size = sizes[turn % sizes.length] ?? 1;
    yield whole.subarray(at, at + size);
    at += size;
  }
}

async function* slowly(whole: Uint8Array): AsyncGenerator<Uint8Array> {
  for (const piece of pieces(whole)) {
    await new Promise((resolve) => setImmediate(resolve));
    yield piece;
  }
}

/** Every kind of body a caller may give, and every way to read one. */
export function bodies(target: Target): void {
  room(target, "bodies", (room) => {
    const { s3 } = room;
    const text = "Größe: 10 €, 日本語, 😀\r\n\ttab \u0000 nul";

    round(room, "string", () => text, Buffer.from(text));
    round(room, "empty string", () => "", new Uint8Array());
    round(room, "none", () => undefined, new Uint8Array());
    round(room, "Uint8Array", () => bytes, bytes);
    round(room, "Uint8Array that views a part", () => bytes.subarray(1000, 3001), bytes.subarray(1000, 3001));
    round(room, "Buffer", () => Buffer.from(bytes), bytes);
    round(room, "ArrayBuffer", () => bytes.slice().buffer, bytes);
    round(room, "Blob", () => new Blob([bytes.slice(0, 70_000), bytes.slice(70_000)]), bytes);
    round(room, "Readable", () => Readable.from(pieces(bytes)), bytes, bytes.length);
    round(room, "ReadableStream", () => new Blob([bytes.slice()]).stream(), bytes, bytes.length);
    round(room, "iterable", () => pieces(bytes), bytes, bytes.length);
    round(room, "async iterable", () => slowly(bytes), bytes, bytes.length);
    round(room, "empty stream", () => Readable.from([]), new Uint8Array(), 0);

    room.capability("a file's stream", async () => {
      const folder = mkdtempSync(join(tmpdir(), "tucuxi-e2e-"));
      try {
        const path = join(folder, "file");
        writeFileSync(path, bytes);
        const Bucket = await room.shared();
        await s3.putObject({ Bucket, Key: "file", Body: createReadStream(path), ContentLength: bytes.length });
        expect(digest(await (await s3.getObject({ Bucket, Key: "file" })).Body.bytes())).toBe(digest(bytes));
      } finally {
        rmSync(folder, { recursive: true });
      }
    });

    room.capability("20 MiB through a stream", async () => {
      const Bucket = await room.shared();
      const big = pattern(20 * 1024 * 1024 + 1, 3);
      await s3.putObject({ Bucket, Key: "big", Body: Readable.from(pieces(big)), ContentLength: big.length });
      const hash = createHash("sha256");
      const answer = await s3.getObject({ Bucket, Key: "big" });
      expect(answer.ContentLength).toBe(big.length);
      for await (const chunk of answer.Body) hash.update(chunk);
      expect(hash.digest("hex")).toBe(digest(big));
    });

    room.capability("every way to read", async () => {
      const Bucket = await room.shared();
      await s3.putObject({ Bucket, Key: "read", Body: '{"a":["é",1]}', ContentType: "application/json" });
      const get = async () => (await s3.getObject({ Bucket, Key: "read" })).Body;
      expect(await (await get()).text()).toBe('{"a":["é",1]}');
      expect(await (await get()).json()).toEqual({ a: ["é", 1] });
      const expected = Buffer.from('{"a":["é",1]}');
      expect(Buffer.from(await (await get()).bytes())).toEqual(expected);
      expect(Buffer.from(await (await get()).arrayBuffer())).toEqual(expected);
      expect(Buffer.from(await (await (await get()).blob()).arrayBuffer())).toEqual(expected);
      expect(Buffer.from(await new Response((await get()).stream()).arrayBuffer())).toEqual(expected);
      expect(Buffer.concat(await (await get()).readable().toArray())).toEqual(expected);
      const chunks: Uint8Array[] = [];
      for await (const chunk of await get()) chunks.push(chunk);
      expect(Buffer.concat(chunks)).toEqual(expected);
    });

    room.capability("100 puts and gets at once", async () => {
      const Bucket = await room.shared();
      const numbers = Array.from({ length: 100 }, (_, number) => number);
      await Promise.all(numbers.map((n) => s3.putObject({ Bucket, Key: `many/${n}`, Body: `body ${n}` })));
      const texts = await Promise.all(
        numbers.map(async (n) => (await s3.getObject({ Bucket, Key: `many/${n}` })).Body.text()),
      );
      expect(texts).toEqual(numbers.map((n) => `body ${n}`));
    });
  });
}

/** Puts a body, reads it back, and has the server's ETag confirm that the very bytes arrived. */
function round(room: Room, kind: string, body: () => Body, expected: Uint8Array, ContentLength?: number): void {
  room.capability(kind, async () => {
    const Bucket = await room.shared();
    const Key = `body of ${kind}`;
    const length = ContentLength === undefined ? {} : { ContentLength };
    const put = await room.s3.putObject({ Bucket, Key, Body: body(), ...length });
    expect(put.ETag).toBe(`"${createHash("md5").update(expected).digest("hex")}"`);
    const answer = await room.s3.getObject({ Bucket, Key });
    expect(answer.ContentLength).toBe(expected.length);
    expect(answer.ETag).toBe(put.ETag);
    // Stored as it is: the framing that a stream may travel in is no encoding of the object.
    expect(answer.ContentEncoding || undefined).toBeUndefined();
    expect(digest(await answer.Body.bytes())).toBe(digest(expected));
  });
}

const digest = (whole: Uint8Array): string => createHash("sha256").update(whole).digest("hex");

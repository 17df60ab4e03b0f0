import { Readable } from "node:stream";
import { ReadableStream } from "node:stream/web";

/** Turns the tagged values of a case (`$date`, `$bytes`, `$body`, ...) into what a program would give. */
export function revive(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(revive);
  if (value === null || typeof value !== "object") return value;
  const tagged = value as Record<string, unknown>;
  if (typeof tagged.$date === "string") return new Date(tagged.$date);
  if (typeof tagged.$bytes === "string") return new Uint8Array(Buffer.from(tagged.$bytes, "base64"));
  if (tagged.$undefined === true) return undefined;
  if (typeof tagged.$repeat === "string") {
    return new Uint8Array(
      Buffer.concat(Array<Buffer>(Number(tagged.count)).fill(Buffer.from(tagged.$repeat, "base64"))),
    );
  }
  if (typeof tagged.$body === "string") return body(tagged.$body, Buffer.from(String(tagged.b64), "base64"));
  return Object.fromEntries(Object.entries(tagged).map(([key, inner]) => [key, revive(inner)]));
}

function* pieces(bytes: Buffer): Generator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += 700) yield bytes.subarray(at, at + 700);
}

async function* slowly(bytes: Buffer): AsyncGenerator<Uint8Array> {
  for (const piece of pieces(bytes)) {
    await new Promise((resolve) => setImmediate(resolve));
    yield piece;
  }
}

function body(kind: string, bytes: Buffer): unknown {
  switch (kind) {
    case "buffer":
      return bytes;
    case "subarray": {
      const larger = Buffer.alloc(bytes.length + 20, 0xee);
      larger.set(bytes, 7);
      return larger.subarray(7, 7 + bytes.length);
    }
    case "arraybuffer":
      return new Uint8Array(bytes).buffer;
    case "blob":
      return new Blob([new Uint8Array(bytes)]);
    case "readable":
      return Readable.from(slowly(bytes));
    case "webstream":
      return ReadableStream.from(slowly(bytes));
    case "iterable":
      return { [Symbol.iterator]: () => pieces(bytes) };
    case "asynciterable":
      return { [Symbol.asyncIterator]: () => slowly(bytes) };
    default:
      throw new Error(`unknown body kind ${kind}`);
  }
}

/** The opposite: a result as the cases write it; streams are read to their end. */
export async function plain(value: unknown): Promise<unknown> {
  if (value instanceof Date) return { $date: value.toISOString() };
  if (value instanceof Uint8Array) return { $bytes: Buffer.from(value).toString("base64") };
  if (Array.isArray(value)) return Promise.all(value.map(plain));
  if (value === null || typeof value !== "object") return value;
  if (typeof (value as { bytes?: unknown }).bytes === "function") {
    const { bytes } = value as { bytes(): Promise<Uint8Array> };
    return { $bytes: Buffer.from(await bytes.call(value)).toString("base64") };
  }
  const entries = await Promise.all(
    Object.entries(value).map(async ([key, inner]) => [key, await plain(inner)] as const),
  );
  return Object.fromEntries(entries);
}

import { open, writeFile } from "node:fs/promises";
import { Readable } from "node:stream";
import { describe, expect, it } from "vitest";
import { failing, Lab, MIB, noise } from "./support.js";

const lab = await Lab.open();
const { s3 } = lab;
const Bucket = "river";
const large = noise(17 * MIB + 5);
const small = { partSize: 5 * MIB, multipartThreshold: 5 * MIB, concurrency: 3 };
const never = (): Promise<never> => new Promise(() => {});

/** Sources that fall silent after so many bytes. */
const silent: Record<string, (bytes: number) => unknown> = {
  "a stream": (bytes) => {
    let given = false;
    return new Readable({
      read() {
        if (!given && bytes > 0) this.push(Buffer.alloc(bytes));
        given = true;
      },
    });
  },
  "a web stream": (bytes) =>
    new ReadableStream({
      start(controller) {
        if (bytes > 0) controller.enqueue(new Uint8Array(bytes));
      },
    }),
  "an iterable": async function* (bytes) {
    if (bytes > 0) yield Buffer.alloc(bytes);
    await never();
  },
  "a function": () => never,
};

describe("a source that falls silent", () => {
  for (const [name, make] of Object.entries(silent)) {
    for (const bytes of [0, 1, 6 * MIB]) {
      it(`does not outlast an abort: ${name} after ${bytes} bytes`, async () => {
        const controller = new AbortController();
        const reason = new Error("enough");
        const call = s3.upload(
          { Bucket, Key: "silent", Body: make(bytes) as never },
          { ...small, signal: controller.signal },
        );
        setTimeout(() => controller.abort(reason), 50);
        expect(await failing(call)).toBe(reason);
        expect(await lab.unfinished()).toEqual([]);
      });
    }
  }
});

describe("a source that goes in one request", () => {
  it("may be of unknown length, with no threshold at all", async () => {
    const Body = Readable.from([Buffer.from("abc"), large.subarray(0, 9 * MIB)]);
    const from = lab.server.requests.length;
    await s3.upload({ Bucket, Key: "unending", Body }, { multipartThreshold: Number.POSITIVE_INFINITY });
    expect(lab.asked(from)).toEqual(["PutObject"]);
    const expected = Buffer.concat([Buffer.from("abc"), large.subarray(0, 9 * MIB)]);
    expect(Buffer.compare(await lab.stored("unending"), expected)).toBe(0);
  });

  it("of unknown length is not held beyond what parts would take", async () => {
    let given = 0;
    async function* endless() {
      const block = Buffer.alloc(MIB);
      for (; given < 200; given++) yield block;
    }
    const held: number[] = [];
    const client = lab.client({
      hooks: {
        beforeSend: ({ operation }) => {
          if (operation === "CreateMultipartUpload") held.push(given);
        },
      },
    });
    await client.upload({ Bucket, Key: "endless", Body: endless() }, { ...small, multipartThreshold: 1024 * MIB });
    expect(held).toHaveLength(1);
    expect(held[0]).toBeLessThanOrEqual(65);
    expect((await s3.headObject({ Bucket, Key: "endless" })).ContentLength).toBe(200 * MIB);
  });

  it("of known length is read while it goes, not before", async () => {
    let given = 0;
    async function* pieces() {
      for (; given < 120; given++) yield Buffer.alloc(MIB, given);
    }
    const held: number[] = [];
    const client = lab.client({
      hooks: {
        beforeSend: ({ operation }) => {
          if (operation === "PutObject") held.push(given);
        },
      },
    });
    const options = { multipartThreshold: 1024 * MIB };
    await client.upload({ Bucket, Key: "passing", Body: pieces(), ContentLength: 120 * MIB }, options);
    expect(held).toHaveLength(1);
    expect(held[0]).toBeLessThan(5);
    expect((await s3.headObject({ Bucket, Key: "passing" })).ContentLength).toBe(120 * MIB);
  });

  it("has the length that was announced, or nothing is stored", async () => {
    for (const [by, length] of [
      ["more", large.length - 1],
      ["less", large.length + 1],
    ] as const) {
      const Key = `announced-${by}`;
      const Body = Readable.from([large]);
      const options = { multipartThreshold: 1024 * MIB };
      const error = await failing(s3.upload({ Bucket, Key, Body, ContentLength: length }, options));
      expect(error).toMatchObject({ code: "ContentLengthMismatch" });
      expect(await failing(s3.headObject({ Bucket, Key }))).toMatchObject({ statusCode: 404 });
    }
  });

  it("of a Blob is read piece by piece, as often as need be", async () => {
    const fault = lab.server.fault({ operation: "PutObject", key: "blob", status: 503, times: 1, afterwards: true });
    await s3.upload({ Bucket, Key: "blob", Body: new Blob([large]) }, { multipartThreshold: 1024 * MIB });
    expect(fault.hits).toBe(1);
    expect(Buffer.compare(await lab.stored("blob"), large)).toBe(0);
  });

  it("appends at any known length, and says so where the length is unknown", async () => {
    const input = { Bucket, Key: "appended", WriteOffsetBytes: 3 };
    const error = await failing(s3.upload({ ...input, Body: Readable.from([large]) }, small));
    expect(error).toMatchObject({ name: "ParamValidationError" });
    expect(error.message).toMatch(/WriteOffsetBytes/);
    expect(await lab.unfinished()).toEqual([]);
  });
});

describe("a file that is written to while it goes", () => {
  it("in one request is not stored", async () => {
    const path = lab.path("changing");
    await writeFile(path, large);
    const onProgress = lateWrite(path);
    const options = { multipartThreshold: 1024 * MIB, maxBandwidth: 40 * MIB, onProgress };
    const error = await failing(s3.uploadFile(path, { Bucket, Key: "changing" }, options));
    expect(error).toMatchObject({ code: "FileChanged" });
    expect(await failing(s3.headObject({ Bucket, Key: "changing" }))).toMatchObject({ statusCode: 404 });
  });
});

/** Writes to the end of a file once some of it has gone. */
function lateWrite(path: string): (progress: { readonly bytes: number }) => void {
  let written = false;
  return ({ bytes }) => {
    if (written || bytes < MIB) return;
    written = true;
    void open(path, "r+").then(async (file) => {
      await file.write(Buffer.alloc(100), 0, 100, 16 * MIB);
      await file.close();
    });
  };
}

describe("a stream without an end in sight", () => {
  it("takes no more memory when its parts have doubled", async () => {
    const client = lab.client();
    const sent: number[] = [];
    let [flying, most] = [0, 0];
    client.uploadPart = async ({ Body, PartNumber }) => {
      const { length } = Body as Uint8Array;
      sent[PartNumber! - 1] = length;
      flying += length;
      most = Math.max(most, flying);
      await new Promise((resolve) => setTimeout(resolve, 1));
      flying -= length;
      return { ETag: `"${PartNumber}"`, ResponseMetadata: {} } as never;
    };
    let asked: number | undefined;
    client.completeMultipartUpload = async ({ MultipartUpload }) => {
      asked = MultipartUpload?.Parts?.length;
      return { ResponseMetadata: {} } as never;
    };
    async function* pieces() {
      const block = Buffer.alloc(5 * MIB);
      for (let i = 0; i < 1021; i++) yield block;
    }
    await client.upload({ Bucket, Key: "doubling", Body: pieces() }, { ...small, concurrency: 4 });
    expect(asked).toBe(1011);
    expect(sent.slice(998, 1002)).toEqual([5 * MIB, 5 * MIB, 10 * MIB, 10 * MIB]);
    expect(sent.reduce((sum, length) => sum + length, 0)).toBe(1021 * 5 * MIB);
    expect(most).toBeLessThanOrEqual(4 * 5 * MIB);
  });
});

import { createWriteStream } from "node:fs";
import { chmod, mkdir, readdir, readFile, stat, truncate, writeFile } from "node:fs/promises";
import { PassThrough, Writable } from "node:stream";
import { ChecksumMismatchError, type TransferProgress } from "tucuxi";
import { describe, expect, it } from "vitest";
import { failing, Lab, leftovers, MIB, noise } from "./support.js";

const lab = await Lab.open();
const { s3, server } = lab;
const Bucket = "river";
const ranges = { partSize: MIB, concurrency: 4 };
const large = noise(5 * MIB + 333);
await s3.putObject({
  Bucket,
  Key: "large",
  Body: large,
  ContentType: "image/jpeg",
  Metadata: { river: "Tapajós".normalize("NFD").replace(/[^ -~]/g, "") },
});
await s3.putObject({ Bucket, Key: "small", Body: "hello" });
await s3.putObject({ Bucket, Key: "empty", Body: "" });

/** A client whose bodies break: `cut` says after how many bytes of an answer. */
function breaking(cut: (count: number) => number | undefined) {
  let count = 0;
  const client = lab.client({ resumeDownloads: false });
  const getObject = client.getObject.bind(client);
  client.getObject = async (input, options) => {
    const out = await getObject(input, options);
    const limit = cut(++count);
    if (limit === undefined) return out;
    const whole = out.Body;
    const broken = {
      destroy: (reason?: unknown) => whole.destroy(reason),
      async *[Symbol.asyncIterator]() {
        let given = 0;
        for await (const piece of whole) {
          if (given + piece.length > limit) {
            yield piece.subarray(0, limit - given);
            const { TransportError } = await import("tucuxi");
            throw new TransportError("The line was cut");
          }
          given += piece.length;
          yield piece;
        }
      },
    };
    return { ...out, Body: broken as unknown as typeof out.Body };
  };
  return client;
}

describe("downloadFile", () => {
  it("fetches small objects with one request", async () => {
    for (const [Key, text] of [["small", "hello"]] as const) {
      const from = server.requests.length;
      const out = await s3.downloadFile({ Bucket, Key }, lab.path(Key));
      expect(lab.asked(from)).toEqual(["GetObject"]);
      expect(await readFile(lab.path(Key), "utf8")).toBe(text);
      expect(out.ContentLength).toBe(text.length);
      expect("Body" in out || "ContentRange" in out).toBe(false);
    }
  });

  it("fetches empty objects", async () => {
    const out = await s3.downloadFile({ Bucket, Key: "empty" }, lab.path("empty"));
    expect((await stat(lab.path("empty"))).size).toBe(0);
    expect(out.ContentLength).toBe(0);
  });

  it("fetches ranges side by side, each pinned", async () => {
    const from = server.requests.length;
    const seen: TransferProgress[] = [];
    const out = await s3.downloadFile({ Bucket, Key: "large" }, lab.path("large"), {
      ...ranges,
      onProgress: (progress) => seen.push(progress),
    });
    expect(Buffer.compare(await readFile(lab.path("large")), large)).toBe(0);
    const requests = server.requests.slice(from);
    expect(requests).toHaveLength(6);
    for (const request of requests.slice(1)) expect(request.headers["if-match"]).toBe(out.ETag);
    expect(out).toMatchObject({ ContentLength: large.length, ContentType: "image/jpeg" });
    expect(seen.at(-1)).toMatchObject({ bytes: large.length, total: large.length, parts: 6, files: 1 });
    expect(await leftovers(lab.folder)).toEqual([]);
  });

  it("checks the whole object's checksum, of one range and of many", async () => {
    const careful = lab.client({ responseChecksumValidation: "WHEN_SUPPORTED" });
    for (const ChecksumAlgorithm of ["CRC32", "CRC32C", "CRC64NVME", "SHA256"] as const) {
      await s3.putObject({ Bucket, Key: "summed", Body: large, ChecksumAlgorithm });
      await careful.downloadFile({ Bucket, Key: "summed" }, lab.path("summed"), ranges);
      await careful.downloadFile({ Bucket, Key: "summed" }, lab.path("summed"), { partSize: 8 * MIB });
      expect(Buffer.compare(await readFile(lab.path("summed")), large)).toBe(0);
    }
    const from = server.requests.length;
    await careful.downloadFile({ Bucket, Key: "small" }, lab.path("small"));
    expect(lab.asked(from)).toEqual(["GetObject"]);
  });

  it("throws a damaged file away", async () => {
    const careful = lab.client({ responseChecksumValidation: "WHEN_SUPPORTED" });
    const getObject = careful.getObject.bind(careful);
    careful.getObject = async (input, options) => {
      const out = await getObject(input, options);
      const bytes = await out.Body.bytes();
      bytes[7]! ^= 1;
      return { ...out, Body: lying(bytes) as unknown as typeof out.Body };
    };
    await writeFile(lab.path("damaged"), "before");
    for (const ChecksumAlgorithm of ["CRC32C", "SHA256", "SHA1"] as const) {
      await s3.putObject({ Bucket, Key: "sum", Body: large, ChecksumAlgorithm });
      for (const options of [ranges, { partSize: 8 * MIB }, { ...ranges, resume: true }]) {
        const file = await failing(careful.downloadFile({ Bucket, Key: "sum" }, lab.path("damaged"), options));
        expect(file).toBeInstanceOf(ChecksumMismatchError);
      }
      const sink = new PassThrough({ highWaterMark: 16 * MIB });
      expect(await failing(careful.download({ Bucket, Key: "sum" }, sink, ranges))).toBeInstanceOf(
        ChecksumMismatchError,
      );
      expect(sink.destroyed).toBe(true);
      expect(await failing(careful.download({ Bucket, Key: "sum" }, ranges))).toBeInstanceOf(ChecksumMismatchError);
      for (const target of [undefined, new PassThrough({ highWaterMark: 16 * MIB })]) {
        const good = lab.client({ responseChecksumValidation: "WHEN_SUPPORTED" });
        await (target
          ? good.download({ Bucket, Key: "sum" }, target, ranges)
          : good.download({ Bucket, Key: "sum" }, ranges));
      }
    }
    expect(await readFile(lab.path("damaged"), "utf8")).toBe("before");
    expect(await leftovers(lab.folder)).toEqual([]);
  });

  it("goes on where a body breaks, again and again", async () => {
    const client = breaking((count) => (count % 3 === 0 ? undefined : 300_000));
    const seen: number[] = [];
    await client.downloadFile({ Bucket, Key: "large" }, lab.path("broken"), {
      ...ranges,
      onProgress: ({ bytes }) => seen.push(bytes),
    });
    expect(Buffer.compare(await readFile(lab.path("broken")), large)).toBe(0);
    expect(seen.at(-1)).toBe(large.length);
  });

  it("gives up when nothing comes any more, and leaves nothing", async () => {
    const client = breaking((count) => (count > 2 ? 0 : undefined));
    const error = await failing(client.downloadFile({ Bucket, Key: "large" }, lab.path("given-up"), ranges));
    expect(error.message).toBe("The line was cut");
    expect(await leftovers(lab.folder)).toEqual([]);
    expect(await readdir(lab.folder)).not.toContain("given-up");
  });

  it("fails when the object is replaced meanwhile", async () => {
    await s3.putObject({ Bucket, Key: "moving", Body: large });
    let count = 0;
    const meddling = lab.client({
      hooks: {
        beforeSend: async () => {
          if (++count === 3) await s3.putObject({ Bucket, Key: "moving", Body: noise(large.length) });
        },
      },
    });
    const error = await failing(
      meddling.downloadFile({ Bucket, Key: "moving" }, lab.path("moving"), { ...ranges, concurrency: 1 }),
    );
    expect(error).toMatchObject({ code: "PreconditionFailed", hint: expect.stringContaining("replaced") });
    expect(await leftovers(lab.folder)).toEqual([]);
  });

  it("stays with the version it began with", async () => {
    await s3.createBucket({ Bucket: "versions" });
    await s3.putBucketVersioning({ Bucket: "versions", VersioningConfiguration: { Status: "Enabled" } });
    const { VersionId } = await s3.putObject({ Bucket: "versions", Key: "k", Body: large });
    let count = 0;
    const meddling = lab.client({
      hooks: {
        beforeSend: async () => {
          if (++count === 2) await s3.putObject({ Bucket: "versions", Key: "k", Body: "other" });
        },
      },
    });
    const out = await meddling.downloadFile({ Bucket: "versions", Key: "k" }, lab.path("version"), {
      ...ranges,
      concurrency: 1,
    });
    expect(out.VersionId).toBe(VersionId);
    expect(Buffer.compare(await readFile(lab.path("version")), large)).toBe(0);
    await s3.downloadFile({ Bucket: "versions", Key: "k", VersionId }, lab.path("version"), ranges);
    expect(Buffer.compare(await readFile(lab.path("version")), large)).toBe(0);
    expect(await s3.deleteObject({ Bucket: "versions", Key: "k" })).toMatchObject({ DeleteMarker: true });
  });

  it("needs no permission for versions", async () => {
    const input = { Bucket: "versions", Key: "by-key-only" };
    await s3.putObject({ ...input, Body: large });
    const path = lab.path("by-key-only");
    // As a policy says that grants GetObject, and not GetObjectVersion.
    const fault = server.fault({ operation: "GetObject", key: input.Key, skip: 1, times: 1, code: "AccessDenied" });
    const from = server.requests.length;
    await s3.downloadFile(input, path, { ...ranges, concurrency: 1 });
    expect(fault.hits).toBe(1);
    expect(Buffer.compare(await readFile(path), large)).toBe(0);
    const asked = server.requests.slice(from).map(({ url }) => url.includes("versionId="));
    expect(asked).toEqual([false, true, false, false, false, false, false]);
    server.fault({ operation: "GetObject", key: input.Key, skip: 1, code: "AccessDenied" });
    expect(await failing(s3.downloadFile(input, path, ranges))).toMatchObject({ code: "AccessDenied" });
    server.clearFaults();
  });

  it("reads objects under a key of the caller's", async () => {
    const secret = { SSECustomerAlgorithm: "AES256", SSECustomerKey: noise(32) };
    await s3.upload({ Bucket, Key: "secret", Body: large, ...secret });
    await s3.downloadFile({ Bucket, Key: "secret", ...secret }, lab.path("secret"), ranges);
    expect(Buffer.compare(await readFile(lab.path("secret")), large)).toBe(0);
  });

  it("replaces a file and keeps its mode", async () => {
    await writeFile(lab.path("mode"), "x");
    await chmod(lab.path("mode"), 0o640);
    await s3.downloadFile({ Bucket, Key: "small" }, lab.path("mode"));
    expect((await stat(lab.path("mode"))).mode & 0o777).toBe(0o640);
  });

  it("says what is wrong", async () => {
    expect(await failing(s3.downloadFile({ Bucket, Key: "none" }, lab.path("none")))).toMatchObject({
      code: "NoSuchKey",
    });
    expect(await failing(s3.downloadFile({ Bucket, Key: "small" }, lab.folder))).toMatchObject({ code: "IsDirectory" });
    expect(await failing(s3.downloadFile({ Bucket, Key: "small" }, lab.path("no", "folder")))).toMatchObject({
      code: "ENOENT",
    });
    const from = server.requests.length;
    const folder = `${lab.path("folder-to-be")}/`;
    expect(await failing(s3.downloadFile({ Bucket, Key: "small" }, folder))).toMatchObject({ code: "IsDirectory" });
    for (const path of ["", undefined, new URL("file:///tmp/x")]) {
      expect(await failing(s3.downloadFile({ Bucket, Key: "small" }, path as never))).toMatchObject({
        name: "ParamValidationError",
      });
    }
    expect(server.requests.length).toBe(from);
    expect(
      await failing(s3.downloadFile({ Bucket, Key: "small", Range: "bytes=0-1" } as never, lab.path("x"))),
    ).toMatchObject({
      name: "ParamValidationError",
    });
  });

  it("writes to what is no file in order", async () => {
    await s3.downloadFile({ Bucket, Key: "large" }, "/dev/null", ranges);
    expect((await stat("/dev/null")).isCharacterDevice()).toBe(true);
  });

  it("leaves nothing when aborted", async () => {
    const folder = lab.path("aborted");
    await mkdir(folder);
    const reason = new Error("enough");
    for (const at of [0, MIB]) {
      const controller = new AbortController();
      const call = s3.downloadFile({ Bucket, Key: "large" }, lab.path("aborted", "file"), {
        ...ranges,
        maxBandwidth: 8 * MIB,
        signal: controller.signal,
        onProgress: ({ bytes }) => {
          if (bytes >= at) controller.abort(reason);
        },
      });
      if (at === 0) setTimeout(() => controller.abort(reason), 3);
      expect(await failing(call)).toBe(reason);
    }
    expect(await readdir(folder)).toEqual([]);
  });

  it("goes on after a failure with what is there", async () => {
    const path = lab.path("resumed");
    const client = breaking((count) => (count > 3 ? 0 : undefined));
    const options = { ...ranges, concurrency: 1, resume: true };
    await failing(client.downloadFile({ Bucket, Key: "large" }, path, options));
    expect(await leftovers(lab.folder)).toHaveLength(2);
    const from = server.requests.length;
    await s3.downloadFile({ Bucket, Key: "large" }, path, { resume: true });
    expect(server.requests.length - from).toBe(3);
    expect(Buffer.compare(await readFile(path), large)).toBe(0);
    expect(await leftovers(lab.folder)).toEqual([]);
  });

  it("begins anew when the object or what was kept is another", async () => {
    const path = lab.path("anew");
    const options = { ...ranges, concurrency: 1, resume: true };
    for (const spoil of ["object", "file"]) {
      await s3.putObject({ Bucket, Key: "changing", Body: large });
      const client = breaking((count) => (count > 3 ? 0 : undefined));
      await failing(client.downloadFile({ Bucket, Key: "changing" }, path, options));
      let expected: Buffer = large;
      if (spoil === "object") {
        expected = noise(2 * MIB + 5);
        await s3.putObject({ Bucket, Key: "changing", Body: expected });
      } else {
        const [name] = (await leftovers(lab.folder)).filter((left) => left.endsWith(".tucuxi"));
        await truncate(lab.path(name!), MIB + 5);
        await truncate(lab.path(name!), large.length);
      }
      await s3.downloadFile({ Bucket, Key: "changing" }, path, options);
      expect(Buffer.compare(await readFile(path), expected)).toBe(0);
    }
    expect(await leftovers(lab.folder)).toEqual([]);
  });
});

describe("download", () => {
  it("gives bytes", async () => {
    const out = await s3.download({ Bucket, Key: "large" }, ranges);
    expect(Buffer.compare(out.Body, large)).toBe(0);
    expect(out.ContentLength).toBe(large.length);
    expect((await s3.download({ Bucket, Key: "empty" })).Body).toHaveLength(0);
    expect(Buffer.from((await s3.download({ Bucket, Key: "small" })).Body).toString()).toBe("hello");
  });

  it("writes to streams in order", async () => {
    const path = lab.path("stream");
    await s3.download({ Bucket, Key: "large" }, createWriteStream(path), ranges);
    expect(Buffer.compare(await readFile(path), large)).toBe(0);
    const pieces: Uint8Array[] = [];
    const web = new WritableStream<Uint8Array>({ write: (piece) => void pieces.push(piece) });
    await s3.download({ Bucket, Key: "large" }, web, ranges);
    expect(Buffer.compare(Buffer.concat(pieces), large)).toBe(0);
  });

  it("reads no further ahead than its ranges while the stream takes nothing", async () => {
    await s3.putObject({ Bucket, Key: "long", Body: noise(12 * MIB) });
    const target = new PassThrough({ highWaterMark: 1024 });
    const from = server.requests.length;
    const call = s3.download({ Bucket, Key: "long" }, target, { partSize: MIB, concurrency: 3 });
    call.catch(() => {});
    const asked = (): number => server.requests.length - from;
    while (asked() < 3) await new Promise((resolve) => setTimeout(resolve, 5));
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(asked()).toBe(3);
    let size = 0;
    for await (const piece of target) size += (piece as Buffer).length;
    await call;
    expect(size).toBe(12 * MIB);
  });

  it("fails with the stream", async () => {
    const broken = new Writable({
      write(_piece, _encoding, callback) {
        callback(new Error("disk full"));
      },
    });
    expect((await failing(s3.download({ Bucket, Key: "large" }, broken, ranges))).message).toBe("disk full");
    const closed = new PassThrough({ highWaterMark: 10 });
    setTimeout(() => closed.destroy(), 50);
    expect(await failing(s3.download({ Bucket, Key: "large" }, closed, ranges))).toBeInstanceOf(Error);
  });

  it("destroys the stream when it fails", async () => {
    const target = new PassThrough();
    expect(await failing(s3.download({ Bucket, Key: "none" }, target))).toMatchObject({ code: "NoSuchKey" });
    expect(target.destroyed).toBe(true);
  });
});

function lying(bytes: Uint8Array) {
  return {
    destroy() {},
    async *[Symbol.asyncIterator]() {
      yield bytes;
    },
  };
}

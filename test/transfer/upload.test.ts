import { getEventListeners } from "node:events";
import { createReadStream } from "node:fs";
import { open, stat, writeFile } from "node:fs/promises";
import { Readable } from "node:stream";
import { ParamValidationError, type TransferProgress } from "tucuxi";
import { describe, expect, it } from "vitest";
import { failing, Lab, MIB, noise } from "./support.js";

const lab = await Lab.open();
const { s3, server } = lab;
const Bucket = "river";
const small = { partSize: 5 * MIB, multipartThreshold: 5 * MIB };

describe("upload", () => {
  const large = noise(11 * MIB + 17);

  it("sends what is below the threshold in one request", async () => {
    const from = server.requests.length;
    const out = await s3.upload({ Bucket, Key: "one", Body: "hello", ContentType: "text/plain" });
    expect(lab.asked(from)).toEqual(["PutObject"]);
    expect(out).toMatchObject({ Bucket, Key: "one", Location: `${server.url}/river/one` });
    expect(out.ETag).toMatch(/^"[0-9a-f]{32}"$/);
    expect(out.ResponseMetadata.HTTPStatusCode).toBe(200);
    const head = await s3.headObject({ Bucket, Key: "one" });
    expect(head.ContentType).toBe("text/plain");
  });

  const bodies: [string, () => Parameters<typeof s3.upload>[0]["Body"]][] = [
    ["bytes", () => large],
    ["a string", () => "ã".repeat(6 * MIB)],
    ["a Blob", () => new Blob([large])],
    ["a stream of unknown length", () => Readable.from(pieces(large, 100_003), { objectMode: false })],
    ["a web stream", () => new Blob([large]).stream() as never],
    ["an iterable", () => pieces(large, 1_234_567)],
    ["a function", () => () => pieces(large, 65_536)],
  ];
  for (const [name, body] of bodies) {
    it(`sends ${name} in parts`, async () => {
      const from = server.requests.length;
      const out = await s3.upload({ Bucket, Key: name, Body: body() }, small);
      const asked = lab.asked(from);
      expect(asked[0]).toBe("CreateMultipartUpload");
      expect(asked.at(-1)).toBe("CompleteMultipartUpload");
      expect(asked.filter((operation) => operation === "UploadPart")).toHaveLength(3);
      expect(out.ETag).toMatch(/-3"$/);
      const expected = name === "a string" ? Buffer.from(body() as string) : large;
      expect(Buffer.compare(await lab.stored(name), expected)).toBe(0);
    });
  }

  it("sends streams that end before the threshold in one request", async () => {
    for (const length of [0, 1, 5 * MIB - 1]) {
      const from = server.requests.length;
      await s3.upload({ Bucket, Key: "short", Body: pieces(large.subarray(0, length), 65_536) }, small);
      expect(lab.asked(from)).toEqual(["PutObject"]);
      expect(Buffer.compare(await lab.stored("short"), large.subarray(0, length))).toBe(0);
    }
  });

  it("sends streams of every length around parts whole", async () => {
    for (const length of [5 * MIB, 5 * MIB + 1, 10 * MIB - 1, 10 * MIB, 10 * MIB + 1]) {
      await s3.upload({ Bucket, Key: "edge", Body: pieces(large.subarray(0, length), 777_777) }, small);
      expect(Buffer.compare(await lab.stored("edge"), large.subarray(0, length))).toBe(0);
    }
  });

  it("carries every option on both ways", async () => {
    const key = noise(32);
    const input = {
      Bucket,
      ContentType: "image/jpeg",
      CacheControl: "no-cache",
      Metadata: { river: "Amazonas" },
      Tagging: "a=1&b=2",
      StorageClass: "STANDARD_IA",
      SSECustomerAlgorithm: "AES256",
      SSECustomerKey: key,
    } as const;
    const secret = { SSECustomerAlgorithm: "AES256", SSECustomerKey: key };
    for (const [Key, Body] of [
      ["options-small", large.subarray(0, 100)],
      ["options-large", large],
    ] as const) {
      await s3.upload({ ...input, Key, Body }, small);
      const head = await s3.headObject({ Bucket, Key, ...secret });
      expect(head).toMatchObject({
        ContentType: "image/jpeg",
        CacheControl: "no-cache",
        Metadata: { river: "Amazonas" },
        StorageClass: "STANDARD_IA",
        SSECustomerAlgorithm: "AES256",
        ContentLength: Body.length,
      });
      const { TagSet } = await s3.getObjectTagging({ Bucket, Key });
      expect(TagSet).toEqual([
        { Key: "a", Value: "1" },
        { Key: "b", Value: "2" },
      ]);
    }
  });

  it("writes on conditions at every size, and removes the parts when they fail", async () => {
    for (const length of [10, 6 * MIB]) {
      const Key = `conditional-${length}`;
      const Body = large.subarray(0, length);
      const { ETag } = await s3.upload({ Bucket, Key, Body, IfNoneMatch: "*" }, small);
      const again = await failing(s3.upload({ Bucket, Key, Body, IfNoneMatch: "*" }, small));
      expect(again).toMatchObject({ code: "PreconditionFailed" });
      if (length > 10) expect(again["upload"]).toMatchObject({ Key, aborted: true });
      await s3.upload({ Bucket, Key, Body, IfMatch: ETag }, small);
    }
    expect(await lab.unfinished()).toEqual([]);
  });

  it("takes and computes checksums of parts and whole", async () => {
    for (const checksumAlgorithm of ["CRC32", "CRC32C", "CRC64NVME", "SHA256", "SHA1"] as const) {
      const Key = `sum-${checksumAlgorithm}`;
      const out = await s3.upload({ Bucket, Key, Body: large }, { ...small, checksumAlgorithm });
      const { [`Checksum${checksumAlgorithm}` as const]: sum, ChecksumType } = out;
      expect(sum).toBeTruthy();
      expect(ChecksumType).toBe(checksumAlgorithm.startsWith("CRC") ? "FULL_OBJECT" : "COMPOSITE");
      const one = await s3.upload(
        { Bucket, Key: "sum", Body: large },
        { multipartThreshold: 100 * MIB, checksumAlgorithm },
      );
      if (checksumAlgorithm.startsWith("CRC")) expect(one[`Checksum${checksumAlgorithm}` as const]).toBe(sum);
    }
  });

  it("gives no checksum to other stores, and CRC32 where the client does so", async () => {
    const from = server.requests.length;
    await s3.upload({ Bucket, Key: "plain", Body: large }, small);
    const careful = lab.client({ requestChecksumCalculation: "WHEN_SUPPORTED" });
    const out = await careful.upload({ Bucket, Key: "careful", Body: large }, small);
    const names = server.requests
      .slice(from)
      .map((request) => Object.keys(request.headers).filter((name) => name.startsWith("x-amz-checksum")));
    expect(names.slice(0, 5).flat()).toEqual([]);
    expect(out.ChecksumCRC32).toBeTruthy();
    expect(out.ChecksumType).toBe("FULL_OBJECT");
  });

  it("holds the whole object against a checksum that the caller knows", async () => {
    const { ChecksumCRC32 } = await s3.upload(
      { Bucket, Key: "known", Body: large },
      { ...small, checksumAlgorithm: "CRC32" },
    );
    await s3.upload({ Bucket, Key: "known", Body: large, ChecksumCRC32 }, small);
    const error = await failing(s3.upload({ Bucket, Key: "known", Body: large, ChecksumCRC32: "AAAAAA==" }, small));
    expect(error).toMatchObject({ code: expect.stringMatching(/BadDigest|InvalidRequest|InvalidPart/) });
    expect(await failing(s3.upload({ Bucket, Key: "known", Body: large, ContentMD5: "x" }, small))).toBeInstanceOf(
      ParamValidationError,
    );
    expect(await lab.unfinished()).toEqual([]);
  });

  it("refuses options that are none", async () => {
    const path = lab.path("target");
    for (const call of [
      s3.upload({ Bucket, Key: "k", Body: "x" }, null as never),
      s3.download({ Bucket, Key: "k" }, path as never),
      s3.sync(lab.folder, { Bucket }, null as never),
      s3.downloadDirectory({ Bucket }, path, null as never),
    ]) {
      expect(await failing(call)).toMatchObject({ name: "ParamValidationError" });
    }
  });

  it("refuses what is misspelt or missing", async () => {
    for (const [input, options] of [
      [{ Bucket, Key: "k", Boddy: "x" }, {}],
      [{ Bucket, Body: "x" }, {}],
      [{ Bucket, Key: "", Body: "x" }, {}],
      [{ Bucket, Key: "k", Body: 7 }, {}],
      [{ Bucket, Key: "k", Body: "x" }, { partSize: 0 }],
      [{ Bucket, Key: "k", Body: "x" }, { concurrency: 1.5 }],
      [{ Bucket, Key: "k", Body: "x" }, { resume: "nonsense" }],
    ] as unknown as [Parameters<typeof s3.upload>[0], object][]) {
      const options_ = "resume" in options ? { ...options, multipartThreshold: 1 } : options;
      expect(await failing(s3.upload(input, options_))).toBeInstanceOf(ParamValidationError);
    }
  });

  it("fails with the source, and leaves nothing", async () => {
    const broken = async function* (): AsyncGenerator<Uint8Array> {
      yield* pieces(large, MIB);
      throw new Error("the pump broke");
    };
    const error = await failing(s3.upload({ Bucket, Key: "broken", Body: broken() }, small));
    expect(error.message).toContain("the pump broke");
    expect(await lab.unfinished()).toEqual([]);
    const short = await failing(
      s3.upload({ Bucket, Key: "broken", Body: pieces(large, MIB), ContentLength: large.length + 1 }, small),
    );
    expect(short).toMatchObject({ code: "ContentLengthMismatch" });
    const long = await failing(
      s3.upload({ Bucket, Key: "broken", Body: pieces(large, MIB), ContentLength: large.length - 1 }, small),
    );
    expect(long).toMatchObject({ code: "ContentLengthMismatch" });
    expect(await lab.unfinished()).toEqual([]);
    expect(await failing(s3.headObject({ Bucket, Key: "broken" }))).toMatchObject({ statusCode: 404 });
  });

  it("rejects with the reason of an abort, before, at the beginning and in the middle", async () => {
    const reason = new Error("enough");
    expect(
      await failing(
        s3.upload({ Bucket, Key: "stopped", Body: large }, { ...small, signal: AbortSignal.abort(reason) }),
      ),
    ).toBe(reason);
    for (const at of [0, 5 * MIB]) {
      const controller = new AbortController();
      const upload = s3.upload(
        { Bucket, Key: "stopped", Body: slowly(large) },
        {
          ...small,
          signal: controller.signal,
          onProgress: ({ bytes }) => {
            if (bytes >= at) controller.abort(reason);
          },
        },
      );
      if (at === 0) setTimeout(() => controller.abort(reason), 5);
      expect(await failing(upload)).toBe(reason);
    }
    expect(await lab.unfinished()).toEqual([]);
  });

  it("listens to one signal for many at once, and lets go of it", async () => {
    const warnings: unknown[] = [];
    const warned = (warning: unknown): void => void warnings.push(warning);
    process.on("warning", warned);
    const { signal } = new AbortController();
    const all = Array.from({ length: 20 }, (_, i) => s3.upload({ Bucket, Key: `many-${i}`, Body: "x" }, { signal }));
    await Promise.all(all);
    await new Promise((resolve) => setImmediate(resolve));
    process.off("warning", warned);
    expect(warnings).toEqual([]);
    expect(getEventListeners(signal, "abort")).toEqual([]);
  });

  it("counts bytes that never decrease up to the whole", async () => {
    const seen: TransferProgress[] = [];
    await s3.upload(
      { Bucket, Key: "counted", Body: large },
      { ...small, onProgress: (progress) => seen.push(progress) },
    );
    expect(seen.at(-1)).toMatchObject({ bytes: large.length, total: large.length, parts: 3, files: 1 });
    expect(seen.map(({ bytes }) => bytes)).toEqual(seen.map(({ bytes }) => bytes).sort((a, b) => a - b));
    expect(Buffer.compare(await lab.stored("counted"), large)).toBe(0);
  });

  it("ends when onProgress throws", async () => {
    const error = await failing(
      s3.upload(
        { Bucket, Key: "thrown", Body: slowly(large) },
        {
          ...small,
          onProgress: () => {
            throw new Error("no more");
          },
        },
      ),
    );
    expect(error.message).toBe("no more");
    expect(await lab.unfinished()).toEqual([]);
  });

  it("keeps to a bandwidth", async () => {
    const begin = performance.now();
    await s3.upload({ Bucket, Key: "slow", Body: large.subarray(0, 600_000) }, { maxBandwidth: 2_000_000 });
    expect(performance.now() - begin).toBeGreaterThan(150);
    expect(Buffer.compare(await lab.stored("slow"), large.subarray(0, 600_000))).toBe(0);
  });

  it("says when the parts could not be removed", async () => {
    const stubborn = lab.client({
      maxAttempts: 1,
      hooks: {
        beforeSend: ({ operation }) => {
          if (operation === "UploadPart" || operation === "AbortMultipartUpload") throw new Error(`no ${operation}`);
        },
      },
    });
    const error = await failing(stubborn.upload({ Bucket, Key: "left", Body: large }, small));
    expect(error.message).toBe("no UploadPart");
    expect(error["upload"]).toMatchObject({ aborted: false, abortError: new Error("no AbortMultipartUpload") });
    expect(error["hint"]).toContain("could not be aborted");
    const { UploadId } = error["upload"] as { UploadId: string };
    await s3.abortMultipartUpload({ Bucket, Key: "left", UploadId });
  });
});

describe("uploadFile", () => {
  it("sends files of all sizes", async () => {
    for (const length of [0, 1, 5 * MIB - 1, 5 * MIB, 5 * MIB + 1, 9 * MIB + 3, 16 * MIB]) {
      const bytes = noise(length);
      await writeFile(lab.path("file"), bytes);
      const out = await s3.uploadFile(lab.path("file"), { Bucket, Key: "file" }, small);
      expect(out.ETag?.includes("-")).toBe(length >= 5 * MIB);
      expect(Buffer.compare(await lab.stored("file"), bytes)).toBe(0);
    }
  });

  it("sends large files in one request when asked to", async () => {
    const bytes = noise(12 * MIB);
    await writeFile(lab.path("whole"), bytes);
    const from = server.requests.length;
    await s3.uploadFile(lab.path("whole"), { Bucket, Key: "whole" }, { multipartThreshold: 20 * MIB });
    expect(lab.asked(from)).toEqual(["PutObject"]);
    expect(Buffer.compare(await lab.stored("whole"), bytes)).toBe(0);
    await s3.upload({ Bucket, Key: "whole2", Body: createReadStream(lab.path("whole")) }, small);
    expect(Buffer.compare(await lab.stored("whole2"), bytes)).toBe(0);
  });

  it("says what is wrong with the file", async () => {
    expect(await failing(s3.uploadFile(lab.path("none"), { Bucket, Key: "k" }))).toMatchObject({ code: "ENOENT" });
    expect(await failing(s3.uploadFile(lab.folder, { Bucket, Key: "k" }))).toMatchObject({ code: "IsDirectory" });
    // Files that claim to be empty, and are not.
    const claims = await stat("/proc/self/status").catch(() => undefined);
    if (claims?.size === 0) {
      expect(await failing(s3.uploadFile("/proc/self/status", { Bucket, Key: "k" }))).toMatchObject({
        code: "NotAFile",
      });
    }
    await writeFile(lab.path("ten"), "0123456789");
    expect(await failing(s3.uploadFile(lab.path("ten"), { Bucket, Key: "k", ContentLength: 5 }))).toMatchObject({
      name: "ParamValidationError",
    });
    await s3.uploadFile(lab.path("ten"), { Bucket, Key: "k", ContentLength: 10 });
  });

  it("notices when the file changes meanwhile", async () => {
    await writeFile(lab.path("changing"), noise(20 * MIB));
    const file = await open(lab.path("changing"), "r+");
    let done = false;
    const meddling = lab.client({
      hooks: {
        beforeSend: async ({ operation }) => {
          if (operation !== "UploadPart" || done) return;
          done = true;
          await file.truncate(18 * MIB);
        },
      },
    });
    const error = await failing(
      meddling.uploadFile(lab.path("changing"), { Bucket, Key: "changing" }, { ...small, concurrency: 1 }),
    );
    expect(error).toMatchObject({ code: "FileChanged", upload: { aborted: true } });
    await file.close();
    expect(await lab.unfinished()).toEqual([]);
  });

  it("goes on with an unfinished upload, and sends only what is missing", async () => {
    const bytes = noise(23 * MIB);
    await writeFile(lab.path("resumed"), bytes);
    let sent = 0;
    const flaky = lab.client({
      maxAttempts: 1,
      hooks: {
        beforeSend: ({ operation }) => {
          if (operation === "UploadPart" && ++sent === 4) throw new Error("gone");
        },
      },
    });
    const target = { Bucket, Key: "resumed", Metadata: { a: "b" } };
    const options = { ...small, concurrency: 1, resume: true };
    const error = await failing(flaky.uploadFile(lab.path("resumed"), target, options));
    expect(error["upload"]).toMatchObject({ aborted: false });
    const { resumeToken } = error["upload"] as { resumeToken: string };
    const from = server.requests.length;
    await s3.uploadFile(lab.path("resumed"), target, { ...small, partSize: 8 * MIB, resume: resumeToken });
    expect(lab.asked(from).filter((operation) => operation === "UploadPart")).toHaveLength(2);
    expect(Buffer.compare(await lab.stored("resumed"), bytes)).toBe(0);
    expect((await s3.headObject({ Bucket, Key: "resumed" })).Metadata).toEqual({ a: "b" });

    // Without a token, and with a part whose bytes are others now.
    sent = 0;
    await failing(flaky.uploadFile(lab.path("resumed"), target, options));
    bytes[6 * MIB]! ^= 1;
    await writeFile(lab.path("resumed"), bytes);
    const again = server.requests.length;
    await s3.uploadFile(lab.path("resumed"), target, options);
    expect(lab.asked(again).filter((operation) => operation === "UploadPart")).toHaveLength(3);
    expect(Buffer.compare(await lab.stored("resumed"), bytes)).toBe(0);
    expect(await lab.unfinished()).toEqual([]);
  });
});

function* pieces(bytes: Uint8Array, size: number): Generator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

async function* slowly(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  for (const piece of pieces(bytes, 256 * 1024)) {
    await new Promise((resolve) => setTimeout(resolve, 10));
    yield piece;
  }
}

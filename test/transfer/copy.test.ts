import { ParamValidationError } from "tucuxi";
import { describe, expect, it } from "vitest";
import { failing, Lab, MIB, noise } from "./support.js";

const lab = await Lab.open();
const { s3, server } = lab;
const bytes = noise(11 * MIB + 5);
const description = {
  ContentType: "image/jpeg",
  CacheControl: "no-cache",
  ContentDisposition: "attachment",
  ContentEncoding: "gzip",
  ContentLanguage: "pt",
  Expires: new Date("2030-01-01T00:00:00Z"),
  Metadata: { river: "Amazonas" },
};
const source = { Bucket: "river", Key: "källa/ü +%?" };
await s3.putObject({ ...source, ...description, Body: bytes, Tagging: "a=1%202&b=%3D" });
const parts = { multipartThreshold: 5 * MIB, partSize: 5 * MIB };

describe("copy", () => {
  for (const [name, options] of [
    ["whole", {}],
    ["in parts", parts],
  ] as const) {
    it(`carries bytes, metadata, tags and headers, ${name}`, async () => {
      const target = { Bucket: "sea", Key: `copy ${name}` };
      const from = server.requests.length;
      const out = await s3.copy({ ...target, CopySource: source }, options);
      const asked = lab.asked(from);
      expect(asked.includes("CopyObject")).toBe(name === "whole");
      expect(asked.filter((operation) => operation === "UploadPartCopy")).toHaveLength(name === "whole" ? 0 : 3);
      expect(out).toMatchObject(target);
      expect(out.ETag).toBe((await s3.headObject(target)).ETag);
      expect(out.CopyObjectResult?.ETag).toBe(out.ETag);
      expect(Buffer.compare(await lab.stored(target.Key, "sea"), bytes)).toBe(0);
      expect(await s3.headObject(target)).toMatchObject(description);
      const { TagSet } = await s3.getObjectTagging(target);
      expect(TagSet).toEqual([
        { Key: "a", Value: "1 2" },
        { Key: "b", Value: "=" },
      ]);
    });

    it(`replaces them when asked to, ${name}`, async () => {
      const target = { Bucket: "sea", Key: `replaced ${name}` };
      await s3.copy(
        {
          ...target,
          CopySource: source,
          MetadataDirective: "REPLACE",
          ContentType: "text/plain",
          Metadata: { other: "1" },
          TaggingDirective: "REPLACE",
          Tagging: "c=3",
          StorageClass: "STANDARD_IA",
        },
        options,
      );
      const head = await s3.headObject(target);
      expect(head).toMatchObject({ ContentType: "text/plain", Metadata: { other: "1" }, StorageClass: "STANDARD_IA" });
      expect(head.CacheControl).toBeUndefined();
      expect((await s3.getObjectTagging(target)).TagSet).toEqual([{ Key: "c", Value: "3" }]);
    });

    it(`copies of the version that is named, and under keys of the caller's, ${name}`, async () => {
      const own = { SSECustomerAlgorithm: "AES256", SSECustomerKey: noise(32) };
      const other = { SSECustomerAlgorithm: "AES256", SSECustomerKey: noise(32) };
      await s3.putObject({ Bucket: "river", Key: "secret", Body: bytes, ...own });
      await s3.copy(
        {
          Bucket: "sea",
          Key: "secret",
          CopySource: "river/secret",
          CopySourceSSECustomerAlgorithm: own.SSECustomerAlgorithm,
          CopySourceSSECustomerKey: own.SSECustomerKey,
          ...other,
        },
        options,
      );
      const out = await s3.getObject({ Bucket: "sea", Key: "secret", ...other });
      expect(Buffer.compare(await out.Body.bytes(), bytes)).toBe(0);
    });

    it(`keeps conditions, ${name}`, async () => {
      const target = { Bucket: "sea", Key: `conditional ${name}`, CopySource: source };
      await s3.copy({ ...target, IfNoneMatch: "*" }, options);
      expect(await failing(s3.copy({ ...target, IfNoneMatch: "*" }, options))).toMatchObject({
        code: "PreconditionFailed",
      });
      expect(await failing(s3.copy({ ...target, CopySourceIfMatch: '"other"' }, options))).toMatchObject({
        statusCode: 412,
      });
      expect(await lab.unfinished("sea")).toEqual([]);
    });
  }

  it("is pinned to what it looked at", async () => {
    await s3.putObject({ Bucket: "river", Key: "moving", Body: bytes });
    let count = 0;
    const meddling = lab.client({
      hooks: {
        beforeSend: async ({ operation }) => {
          if (operation === "UploadPartCopy" && ++count === 2)
            await s3.putObject({ Bucket: "river", Key: "moving", Body: noise(bytes.length) });
        },
      },
    });
    const error = await failing(
      meddling.copy({ Bucket: "sea", Key: "moving", CopySource: "river/moving" }, { ...parts, concurrency: 1 }),
    );
    expect(error).toMatchObject({ code: "PreconditionFailed", upload: { aborted: true } });
    expect(await lab.unfinished("sea")).toEqual([]);
  });

  it("asks the source's own client", async () => {
    const asked: string[] = [];
    const sourceClient = lab.client({ hooks: { beforeSend: ({ operation }) => void asked.push(operation) } });
    const seen: number[] = [];
    await s3.copy(
      { Bucket: "sea", Key: "other", CopySource: source },
      { ...parts, sourceClient, onProgress: ({ bytes: done }) => seen.push(done) },
    );
    expect(asked.sort()).toEqual(["GetObjectTagging", "HeadObject"]);
    expect(seen.at(-1)).toBe(bytes.length);
  });

  it("copies empty objects, and checksums along", async () => {
    await s3.putObject({ Bucket: "river", Key: "empty", Body: "" });
    await s3.copy({ Bucket: "sea", Key: "empty", CopySource: "river/empty" }, { ...parts, multipartThreshold: 0 });
    expect((await s3.headObject({ Bucket: "sea", Key: "empty" })).ContentLength).toBe(0);
    const careful = lab.client({ responseChecksumValidation: "WHEN_SUPPORTED" });
    const { ChecksumCRC32C } = await s3.putObject({
      Bucket: "river",
      Key: "summed",
      Body: bytes,
      ChecksumAlgorithm: "CRC32C",
    });
    const out = await careful.copy({ Bucket: "sea", Key: "summed", CopySource: "river/summed" }, parts);
    expect(out).toMatchObject({ ChecksumCRC32C, ChecksumType: "FULL_OBJECT" });
  });

  it("refuses what is no source", async () => {
    for (const CopySource of ["", "river", "river/", "/", { Bucket: "", Key: "k" }, { Key: "k" }, 7, undefined]) {
      expect(await failing(s3.copy({ Bucket: "sea", Key: "k", CopySource: CopySource as string }))).toBeInstanceOf(
        ParamValidationError,
      );
    }
  });
});

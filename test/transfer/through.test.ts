import { describe, expect, it } from "vitest";
import { failing, Lab, MIB, noise } from "./support.js";

/** Two stores that know nothing of each other. */
const here = await Lab.open();
const there = await Lab.open({ buckets: ["lake"] });
const sourceClient = there.s3;
const large = noise(17 * MIB + 5);
const description = { ContentType: "image/jpeg", CacheControl: "no-cache", Metadata: { river: "Negro" } };

describe("a copy from another service", () => {
  for (const [name, length, options] of [
    ["empty", 0, {}],
    ["in one request", 100, {}],
    ["in parts", large.length, { partSize: 5 * MIB }],
    ["with a threshold above", large.length, { multipartThreshold: 1024 * MIB }],
  ] as const) {
    it(`passes through this machine, ${name}`, async () => {
      const Body = large.subarray(0, length);
      const CopySource = { Bucket: "lake", Key: "källa/ü +%?" };
      await sourceClient.putObject({
        ...CopySource,
        ...description,
        Body,
        Tagging: "a=1%202",
        ChecksumAlgorithm: "CRC32",
      });
      const seen: number[] = [];
      const onProgress = ({ bytes }: { bytes: number }): void => void seen.push(bytes);
      const input = { CopySource, Bucket: "river", Key: "k" };
      const out = await here.s3.copy(input, { ...options, sourceClient, onProgress });
      const { ETag } = await here.s3.headObject({ Bucket: "river", Key: "k" });
      expect(out).toMatchObject({ Bucket: "river", Key: "k", ETag, CopyObjectResult: { ETag } });
      expect(Buffer.compare(await here.stored("k"), Body)).toBe(0);
      expect(await here.s3.headObject({ Bucket: "river", Key: "k" })).toMatchObject(description);
      const { TagSet } = await here.s3.getObjectTagging({ Bucket: "river", Key: "k" });
      expect(TagSet).toEqual([{ Key: "a", Value: "1 2" }]);
      expect(seen.at(-1)).toBe(length);
      expect(seen).toEqual(seen.toSorted((a, b) => a - b));
    });
  }

  it("replaces metadata when asked to, reads under the caller's key, and keeps conditions", async () => {
    const key = { SSECustomerAlgorithm: "AES256", SSECustomerKey: noise(32) };
    const CopySource = { Bucket: "lake", Key: "secret" };
    const { ETag } = await sourceClient.putObject({ ...CopySource, ...description, ...key, Body: large });
    const input = {
      CopySource,
      CopySourceSSECustomerAlgorithm: "AES256",
      CopySourceSSECustomerKey: key.SSECustomerKey,
      MetadataDirective: "REPLACE",
      ContentType: "text/plain",
      Bucket: "river",
      Key: "open",
    } as const;
    await here.s3.copy({ ...input, CopySourceIfMatch: ETag }, { sourceClient });
    expect(Buffer.compare(await here.stored("open"), large)).toBe(0);
    const { ContentType, Metadata } = await here.s3.headObject({ Bucket: "river", Key: "open" });
    expect({ ContentType, Metadata }).toEqual({ ContentType: "text/plain", Metadata: {} });
    for (const condition of [{ CopySourceIfMatch: '"other"' }, { CopySourceIfNoneMatch: ETag }, { IfNoneMatch: "*" }]) {
      expect(await failing(here.s3.copy({ ...input, ...condition }, { sourceClient }))).toHaveProperty("statusCode");
    }
    expect(await here.unfinished()).toEqual([]);
  });

  it("notices what was damaged on its way, and leaves nothing", async () => {
    const CopySource = { Bucket: "lake", Key: "damaged" };
    await sourceClient.putObject({ ...CopySource, Body: large, ChecksumAlgorithm: "CRC64NVME" });
    const careful = there.client({ responseChecksumValidation: "WHEN_SUPPORTED" });
    const fault = there.server.fault({ operation: "GetObject", key: "damaged", skip: 2, times: 1, corruptAt: 100 });
    const input = { CopySource, Bucket: "river", Key: "damaged" };
    const error = await failing(here.s3.copy(input, { partSize: 5 * MIB, sourceClient: careful }));
    expect(fault.hits).toBe(1);
    expect(error).toMatchObject({ name: "ChecksumMismatchError", upload: { aborted: true } });
    expect(await here.unfinished()).toEqual([]);
  });

  it("ends with the caller's signal", async () => {
    const CopySource = { Bucket: "lake", Key: "slow" };
    await sourceClient.putObject({ ...CopySource, Body: large });
    const controller = new AbortController();
    const reason = new Error("enough");
    const onProgress = (): void => controller.abort(reason);
    const options = { partSize: 5 * MIB, maxBandwidth: 20 * MIB, sourceClient, onProgress, signal: controller.signal };
    expect(await failing(here.s3.copy({ CopySource, Bucket: "river", Key: "slow" }, options))).toBe(reason);
    expect(await here.unfinished()).toEqual([]);
  });

  it("carries whole trees", async () => {
    for (const [Key, Body] of [
      ["tree/a", "a"],
      ["tree/sub/", ""],
      ["tree/sub/large", large],
    ] as const) {
      await sourceClient.putObject({ Bucket: "lake", Key, Body });
    }
    const [source, target] = [
      { Bucket: "lake", Prefix: "tree" },
      { Bucket: "sea", Prefix: "copied" },
    ];
    const result = await here.s3.sync(source, target, { sourceClient, partSize: 5 * MIB });
    expect(result).toMatchObject({ transferred: 3, failures: [] });
    expect(Buffer.compare(await here.stored("copied/sub/large", "sea"), large)).toBe(0);
    expect(await here.s3.sync(source, target, { sourceClient })).toMatchObject({ transferred: 0, unchanged: 3 });
  });
});

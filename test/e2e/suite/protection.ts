import { createHash, randomBytes } from "node:crypto";
import { expect } from "vitest";
import { pattern, refuses, room, text } from "../room.js";
import type { Target } from "../target.js";

/** Encryption, checksums and locks. */
export function protection(target: Target): void {
  room(target, "encryption", (room) => {
    const { s3 } = room;

    room.capability("with the customer's key", async () => {
      const Bucket = await room.shared();
      const key = { SSECustomerAlgorithm: "AES256", SSECustomerKey: randomBytes(32) };
      const SSECustomerKeyMD5 = createHash("md5").update(key.SSECustomerKey).digest("base64");
      const put = await s3.putObject({ Bucket, Key: "k", Body: "hidden", ...key });
      expect(put).toMatchObject({ SSECustomerAlgorithm: "AES256", SSECustomerKeyMD5 });
      expect(await text(s3.getObject({ Bucket, Key: "k", ...key }))).toBe("hidden");
      expect((await s3.headObject({ Bucket, Key: "k", ...key })).SSECustomerKeyMD5).toBe(SSECustomerKeyMD5);
    });

    room.capability("no key, or a wrong one, opens nothing", async () => {
      const Bucket = await room.shared();
      const key = { SSECustomerAlgorithm: "AES256", SSECustomerKey: randomBytes(32) };
      await s3.putObject({ Bucket, Key: "shut", Body: "hidden", ...key });
      await refuses(s3.getObject({ Bucket, Key: "shut" }), ["InvalidRequest", "InvalidArgument"], 400);
      const wrong = { ...key, SSECustomerKey: randomBytes(32) };
      await refuses(s3.getObject({ Bucket, Key: "shut", ...wrong }), [
        "AccessDenied",
        "InvalidRequest",
        "InvalidArgument",
      ]);
    });

    room.capability("a copy from key to key", async () => {
      const Bucket = await room.shared();
      const [from, to] = [randomBytes(32), randomBytes(32)];
      const key = { SSECustomerAlgorithm: "AES256", SSECustomerKey: to };
      await s3.putObject({ Bucket, Key: "from", Body: "hidden", ...key, SSECustomerKey: from });
      await s3.copyObject({
        Bucket,
        Key: "to",
        CopySource: { Bucket, Key: "from" },
        CopySourceSSECustomerAlgorithm: "AES256",
        CopySourceSSECustomerKey: from,
        ...key,
      });
      expect(await text(s3.getObject({ Bucket, Key: "to", ...key }))).toBe("hidden");
    });

    room.capability("in parts, with the customer's key", async () => {
      const Bucket = await room.shared();
      const key = { SSECustomerAlgorithm: "AES256", SSECustomerKey: randomBytes(32) };
      const where = { Bucket, Key: "parts" };
      const { UploadId } = await s3.createMultipartUpload({ ...where, ...key });
      const Body = pattern(1000);
      const { ETag } = await s3.uploadPart({ ...where, UploadId, PartNumber: 1, Body, ...key });
      await s3.completeMultipartUpload({ ...where, UploadId, MultipartUpload: { Parts: [{ PartNumber: 1, ETag }] } });
      expect(Buffer.from(await (await s3.getObject({ ...where, ...key })).Body.bytes())).toEqual(Buffer.from(Body));
    });

    room.capability("with the service's key", async () => {
      const Bucket = await room.shared();
      const put = await s3.putObject({ Bucket, Key: "s3", Body: "x", ServerSideEncryption: "AES256" });
      expect(put.ServerSideEncryption).toBe("AES256");
      expect((await s3.headObject({ Bucket, Key: "s3" })).ServerSideEncryption).toBe("AES256");
    });

    room.capability("by default of the bucket", async () => {
      const Bucket = await room.bucket();
      const Rules = [{ ApplyServerSideEncryptionByDefault: { SSEAlgorithm: "AES256" as const } }];
      await s3.putBucketEncryption({ Bucket, ServerSideEncryptionConfiguration: { Rules } });
      const read = (await s3.getBucketEncryption({ Bucket })).ServerSideEncryptionConfiguration?.Rules;
      expect(read?.[0]?.ApplyServerSideEncryptionByDefault?.SSEAlgorithm).toBe("AES256");
      await s3.deleteBucketEncryption({ Bucket });
    });
  });

  room(target, "checksums", (room) => {
    const { s3 } = room;
    const sums = {
      CRC32: "DUoRhQ==",
      CRC32C: "yZRlqg==",
      CRC64NVME: "jSnVw/bqjr4=",
      SHA1: "Kq5sNclPz7QV2+lfQIuc6R7oRu0=",
      SHA256: "uU0nuZNNPgilLlLX2n2r+sSE7+N6U4DukIj3rOLvzek=",
    } as const;

    for (const algorithm of Object.keys(sums) as (keyof typeof sums)[]) {
      const member = `Checksum${algorithm}` as const;
      room.capability(`${algorithm}: computed, stored, given back`, async () => {
        const Bucket = await room.shared();
        const put = await s3.putObject({ Bucket, Key: algorithm, Body: "hello world", ChecksumAlgorithm: algorithm });
        expect(put[member]).toBe(sums[algorithm]);
        expect((await s3.headObject({ Bucket, Key: algorithm, ChecksumMode: "ENABLED" }))[member]).toBe(
          sums[algorithm],
        );
        const got = await s3.getObject({ Bucket, Key: algorithm, ChecksumMode: "ENABLED" });
        expect(got[member]).toBe(sums[algorithm]);
        expect(await got.Body.text()).toBe("hello world");
      });

      room.capability(`${algorithm}: a wrong one is refused`, async () => {
        const Bucket = await room.shared();
        const call = s3.putObject({
          Bucket,
          Key: `wrong ${algorithm}`,
          Body: "hello wOrld",
          [member]: sums[algorithm],
        });
        await refuses(call, ["BadDigest", "XAmzContentChecksumMismatch", "InvalidRequest"], 400);
      });
    }

    room.capability("of a stream, in a trailer", async () => {
      const Bucket = await room.shared();
      async function* pieces() {
        yield Buffer.from("hello ");
        yield Buffer.from("world");
      }
      const put = await s3.putObject({
        Bucket,
        Key: "stream",
        Body: pieces(),
        ContentLength: 11,
        ChecksumAlgorithm: "CRC32",
      });
      expect(put.ChecksumCRC32).toBe(sums.CRC32);
      expect(await text(s3.getObject({ Bucket, Key: "stream" }))).toBe("hello world");
    });
  });

  room(target, "locks", (room) => {
    const { s3 } = room;
    const tomorrow = () => new Date(Math.floor(Date.now() / 1000) * 1000 + 86_400_000);

    room.capability("retention keeps a version from deletion", async () => {
      const Bucket = await room.bucket({ ObjectLockEnabledForBucket: true });
      const RetainUntilDate = tomorrow();
      const { VersionId } = await s3.putObject({ Bucket, Key: "k", Body: "x" });
      await s3.putObjectRetention({ Bucket, Key: "k", VersionId, Retention: { Mode: "GOVERNANCE", RetainUntilDate } });
      const { Retention } = await s3.getObjectRetention({ Bucket, Key: "k", VersionId });
      expect(Retention).toEqual({ Mode: "GOVERNANCE", RetainUntilDate });
      await refuses(s3.deleteObject({ Bucket, Key: "k", VersionId }), [
        "AccessDenied",
        "InvalidRequest",
        "ObjectLocked",
      ]);
      await s3.deleteObject({ Bucket, Key: "k", VersionId, BypassGovernanceRetention: true });
      expect((await s3.listObjectVersions({ Bucket })).Versions).toEqual([]);
    });

    room.capability("legal hold", async () => {
      const Bucket = await room.bucket({ ObjectLockEnabledForBucket: true });
      const { VersionId } = await s3.putObject({ Bucket, Key: "k", Body: "x" });
      for (const Status of ["ON", "OFF"] as const) {
        await s3.putObjectLegalHold({ Bucket, Key: "k", VersionId, LegalHold: { Status } });
        expect((await s3.getObjectLegalHold({ Bucket, Key: "k", VersionId })).LegalHold?.Status).toBe(Status);
      }
    });

    room.capability("a bucket's default", async () => {
      const Bucket = await room.bucket({ ObjectLockEnabledForBucket: true });
      const Rule = { DefaultRetention: { Mode: "GOVERNANCE" as const, Days: 1 } };
      await s3.putObjectLockConfiguration({ Bucket, ObjectLockConfiguration: { ObjectLockEnabled: "Enabled", Rule } });
      const read = (await s3.getObjectLockConfiguration({ Bucket })).ObjectLockConfiguration;
      expect(read).toMatchObject({ ObjectLockEnabled: "Enabled", Rule });
      await s3.putObject({ Bucket, Key: "k", Body: "x" });
      expect((await s3.headObject({ Bucket, Key: "k" })).ObjectLockMode).toBe("GOVERNANCE");
    });

    room.capability("given with the object", async () => {
      const Bucket = await room.bucket({ ObjectLockEnabledForBucket: true });
      const ObjectLockRetainUntilDate = tomorrow();
      await s3.putObject({ Bucket, Key: "k", Body: "x", ObjectLockMode: "GOVERNANCE", ObjectLockRetainUntilDate });
      const head = await s3.headObject({ Bucket, Key: "k" });
      expect(head).toMatchObject({ ObjectLockMode: "GOVERNANCE", ObjectLockRetainUntilDate });
    });
  });
}

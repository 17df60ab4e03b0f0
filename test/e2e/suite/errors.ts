import { NoSuchKey, NotFound, ParamValidationError, S3ServiceError, TransportError, TucuxiError } from "tucuxi";
import { expect } from "vitest";
import { freePort } from "../ports.js";
import { refuses, room } from "../room.js";
import type { Target } from "../target.js";

/** What goes wrong, in words. */
export function errors(target: Target): void {
  room(target, "errors", (room) => {
    const { s3 } = room;

    room.capability("a missing key: get", async () => {
      const Bucket = await room.shared();
      const error = await refuses(s3.getObject({ Bucket, Key: "not there" }), "NoSuchKey", 404);
      expect(error).toBeInstanceOf(NoSuchKey);
      expect(error).toBeInstanceOf(TucuxiError);
      expect(error).toMatchObject({ name: "NoSuchKey", operation: "GetObject", attempts: 1, retryable: false });
      expect(error.requestId).toEqual(expect.any(String));
      expect(error.response.Error.Code).toBe("NoSuchKey");
      expect(error.response.ResponseMetadata).toMatchObject({ HTTPStatusCode: 404, RetryAttempts: 0 });
    });

    room.capability("a missing key: head", async () => {
      const Bucket = await room.shared();
      const error: unknown = await s3.headObject({ Bucket, Key: "not there" }).catch((reason: unknown) => reason);
      expect(error).toBeInstanceOf(S3ServiceError);
      expect(error instanceof NoSuchKey || error instanceof NotFound).toBe(true);
      expect(error).toMatchObject({ statusCode: 404, retryable: false });
    });

    room.capability("input that can't be sent", async () => {
      const call = s3.getObject({ Bucket: "b", Key: "", Keyy: "x" } as unknown as { Bucket: string; Key: string });
      const error = await call.catch((reason: unknown) => reason);
      expect(error).toBeInstanceOf(ParamValidationError);
      expect(String(error)).toContain("Key");
    });

    room.capability("bytes that are not those announced", async () => {
      const Bucket = await room.shared();
      const ContentMD5 = "1B2M2Y8AsgTpgAmY7PhCfg==";
      await refuses(s3.putObject({ Bucket, Key: "k", Body: "x", ContentMD5 }), "BadDigest", 400);
      await refuses(s3.putObject({ Bucket, Key: "k", Body: "x", ContentMD5: "no md5" }), "InvalidDigest", 400);
    });

    room.capability("an abort, before and during", async () => {
      const Bucket = await room.shared();
      const reason = new Error("changed my mind");
      const put = s3.putObject({ Bucket, Key: "k", Body: "x" }, { signal: AbortSignal.abort(reason) });
      await expect(put).rejects.toBe(reason);
      const controller = new AbortController();
      async function* endless() {
        for (;;) {
          await new Promise((resolve) => setTimeout(resolve, 5));
          yield new Uint8Array(1000);
        }
      }
      const call = s3.putObject(
        { Bucket, Key: "aborted", Body: endless(), ContentLength: 1_000_000_000 },
        { signal: controller.signal },
      );
      setTimeout(() => controller.abort(reason), 50);
      await expect(call).rejects.toBe(reason);
      await refuses(s3.getObject({ Bucket, Key: "aborted" }), "NoSuchKey", 404);
    });

    room.capability("nobody there", async () => {
      const client = room.client({ endpoint: `http://127.0.0.1:${await freePort()}`, maxAttempts: 2 });
      await expect(client.listBuckets()).rejects.toThrow(TransportError);
    });
  });
}

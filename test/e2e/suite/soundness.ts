import { expect } from "vitest";
import { refuses, room } from "../room.js";
import type { Target } from "../target.js";

/** Does the server check who asks? One that lets a wrong secret pass proves nothing of signatures. */
export function soundness(target: Target): void {
  room(target, "soundness", (room) => {
    const { accessKeyId, secretAccessKey } = target.options.credentials;

    room.capability("the right secret passes", async () => {
      const answer = await room.s3.listBuckets();
      expect(answer.ResponseMetadata.HTTPStatusCode).toBe(200);
    });

    room.capability("a wrong secret is refused", async () => {
      const wrong = room.client({ credentials: { accessKeyId, secretAccessKey: `${secretAccessKey}x` } });
      const error = await refuses(wrong.listBuckets(), "SignatureDoesNotMatch", 403);
      expect(JSON.stringify(error) + error.message + error.hint).not.toContain(secretAccessKey);
      const Bucket = await room.shared();
      await refuses(wrong.putObject({ Bucket, Key: "k", Body: "no" }), "SignatureDoesNotMatch", 403);
      await refuses(room.s3.getObject({ Bucket, Key: "k" }), "NoSuchKey", 404);
    });

    room.capability("an unknown access key is refused", async () => {
      const stranger = room.client({ credentials: { accessKeyId: "TUCUXISTRANGER000001", secretAccessKey } });
      await refuses(stranger.listBuckets(), "InvalidAccessKeyId", 403);
    });

    room.capability("an unsigned request is refused", async () => {
      const Bucket = await room.shared();
      const anonymous = room.client({ credentials: "anonymous" });
      await refuses(anonymous.putObject({ Bucket, Key: "k", Body: "no" }), "AccessDenied", 403);
      await refuses(anonymous.listObjectsV2({ Bucket }), "AccessDenied", 403);
    });

    room.capability("a rotated secret takes effect at once", async () => {
      let secret = secretAccessKey;
      const rotating = room.client({ credentials: async () => ({ accessKeyId, secretAccessKey: secret }) });
      await rotating.listBuckets();
      secret = `${secretAccessKey}x`;
      const after = room.client({ credentials: async () => ({ accessKeyId, secretAccessKey: secret }) });
      await refuses(after.listBuckets(), "SignatureDoesNotMatch", 403);
      await rotating.listBuckets();
    });
  });
}

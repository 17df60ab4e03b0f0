import type { CreateSessionRequest } from "../model/generated/types.js";
import type { Answer } from "./answer.js";
import { isDirectoryBucket } from "./buckets.js";
import type { Call } from "./call.js";
import { accessDenied, invalidArgument, S3Error } from "./errors.js";

const fiveMinutes = 5 * 60 * 1000;

/** Credentials for one directory bucket, good for five minutes. */
export function createSession(call: Call<CreateSessionRequest>): Answer {
  const { bucket, user, world } = call;
  if (!user) throw accessDenied();
  if (!isDirectoryBucket(bucket.name)) {
    throw new S3Error("MethodNotAllowed", "Only directory buckets have sessions.", {
      Method: "GET",
      ResourceType: "SESSION",
    });
  }
  const mode = call.headers["x-amz-create-session-mode"] ?? "ReadWrite";
  if (mode !== "ReadWrite" && mode !== "ReadOnly") throw invalidArgument("x-amz-create-session-mode", mode);
  const expiration = new Date(Math.floor((call.now.getTime() + fiveMinutes) / 1000) * 1000);
  const session = world.users.openSession(user, bucket.name, mode === "ReadOnly", expiration, call.now);
  return {
    output: {
      ServerSideEncryption: "AES256",
      Credentials: {
        AccessKeyId: session.accessKeyId,
        SecretAccessKey: session.secretAccessKey,
        SessionToken: session.sessionToken,
        Expiration: expiration,
      },
    },
  };
}

import { inspect } from "node:util";
import type { S3Client, S3ClientOptions } from "tucuxi";
import { describe, expect, it } from "vitest";
import { type ExpressSession, ExpressSessions } from "../../src/client/express.js";
import { type Answer, fail, failureOf, keys, onAws, Play, type Sent, verdict, xml } from "./support.js";

const bucket = "river--euc1-az1--x-s3";
const zone = `https://${bucket}.s3express-euc1-az1.eu-central-1.amazonaws.com`;
const control = "https://s3express-control.eu-central-1.amazonaws.com";
const object = { Bucket: bucket, Key: "k" };

const session = (number: number, expires = Date.now() + 300_000): Answer => ({
  headers: { "content-type": "application/xml" },
  body: xml(
    `<CreateSessionResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Credentials><SessionToken>token-${number}</SessionToken>` +
      `<SecretAccessKey>secret-${number}</SecretAccessKey><AccessKeyId>ASIASESSION${number}</AccessKeyId>` +
      `<Expiration>${new Date(expires).toISOString()}</Expiration></Credentials></CreateSessionResult>`,
  ),
});

const asks = (sent: Sent): boolean => sent.query.has("session");

/** A directory bucket: sessions in turn, whatever else is asked answered by the script. */
function directory(
  script: (sent: Sent) => Answer = () => ({}),
  options: S3ClientOptions = {},
  expires?: () => number,
): { play: Play; s3: S3Client; sessions: () => Sent[]; others: () => Sent[] } {
  let number = 0;
  const play = new Play((sent) => (asks(sent) ? session(++number, expires?.()) : script(sent)));
  const sessions = (): Sent[] => play.sent.filter(asks);
  const others = (): Sent[] => play.sent.filter((sent) => !asks(sent));
  return { play, s3: onAws(play, options), sessions, others };
}

const own = (number: number) => ({
  accessKeyId: `ASIASESSION${number}`,
  secretAccessKey: `secret-${number}`,
  sessionToken: `token-${number}`,
});

describe("calls on a directory bucket", () => {
  it("are signed with the keys of a session, made once for all that ask at the same time", async () => {
    const { s3, sessions, others } = directory(undefined, { credentials: { ...keys, sessionToken: "own-token" } });
    await using _ = s3;
    await Promise.all(Array.from({ length: 50 }, (_, n) => s3.headObject({ Bucket: bucket, Key: `k${n}` })));
    await s3.putObject({ ...object, Body: "x" });
    expect(sessions()).toHaveLength(1);
    const [asked] = sessions();
    expect(asked!.origin + asked!.path).toBe(`${zone}/`);
    expect(asked!.headers["x-amz-security-token"]).toBe("own-token");
    expect(
      verdict(asked!, { credentials: { ...keys, sessionToken: "own-token" }, service: "s3express" }),
    ).toMatchObject({ valid: true });
    expect(others()).toHaveLength(51);
    for (const sent of others()) {
      expect(sent.origin).toBe(zone);
      expect(sent.headers["x-amz-s3session-token"]).toBe("token-1");
      expect(sent.headers).not.toHaveProperty("x-amz-security-token");
      expect(sent.headers["authorization"]).toMatch(
        /^AWS4-HMAC-SHA256 Credential=ASIASESSION1\/\d{8}\/eu-central-1\/s3express\//,
      );
      expect(sent.headers["authorization"]).toContain("x-amz-s3session-token");
      const { sessionToken: _token, ...signer } = own(1);
      expect(verdict(sent, { credentials: signer, service: "s3express" })).toMatchObject({ valid: true });
    }
  });

  it("have a session a bucket", async () => {
    const { s3, sessions } = directory();
    await using _ = s3;
    await s3.headObject(object);
    await s3.headObject({ Bucket: "lake--euc1-az1--x-s3", Key: "k" });
    await s3.headObject({ Bucket: "plain", Key: "k" });
    expect(sessions().map(({ origin }) => origin.split(".")[0])).toEqual([
      `https://${bucket}`,
      "https://lake--euc1-az1--x-s3",
    ]);
  });

  it.each([
    ["copyObject", { ...object, CopySource: `${bucket}/a` }, zone],
    ["uploadPartCopy", { ...object, CopySource: `${bucket}/a`, UploadId: "u", PartNumber: 1 }, zone],
    ["createSession", { Bucket: bucket }, zone],
    ["createBucket", { Bucket: bucket }, control],
    ["deleteBucket", { Bucket: bucket }, control],
    ["getBucketPolicy", { Bucket: bucket }, control],
    ["putBucketPolicy", { Bucket: bucket, Policy: "{}" }, control],
    ["deleteBucketPolicy", { Bucket: bucket }, control],
    ["getBucketEncryption", { Bucket: bucket }, control],
    ["putBucketLifecycleConfiguration", { Bucket: bucket, LifecycleConfiguration: { Rules: [] } }, control],
    ["listDirectoryBuckets", {}, control],
  ] as const)("that must not use a session do not: %s", async (method, input, origin) => {
    const { s3, play } = directory();
    await using _ = s3;
    await (s3[method] as (input: object) => Promise<unknown>)(input).catch(() => {});
    expect(play.sent).toHaveLength(1);
    expect(play.last.origin).toBe(origin);
    expect(play.last.headers).not.toHaveProperty("x-amz-s3session-token");
    expect(verdict(play.last, { service: "s3express" })).toMatchObject({ valid: true });
  });

  it.each(["headBucket", "listObjectsV2", "listMultipartUploads"] as const)(
    "on the bucket itself use one: %s",
    async (method) => {
      const { s3, play } = directory(() => ({ body: xml("<R/>") }));
      await using _ = s3;
      await s3[method]({ Bucket: bucket });
      expect(play.last.headers["x-amz-s3session-token"]).toBe("token-1");
    },
  );

  it("use the client's own keys where sessions are turned off", async () => {
    const { s3, play } = directory(undefined, { disableS3ExpressSessionAuth: true });
    await using _ = s3;
    await s3.getObject(object);
    expect(play.sent).toHaveLength(1);
    expect(play.last.origin).toBe(zone);
    expect(verdict(play.last, { service: "s3express" })).toMatchObject({ valid: true });
  });

  it("go out unsigned from clients without credentials", async () => {
    const { s3, play } = directory(undefined, { credentials: "anonymous" });
    await using _ = s3;
    await s3.headObject(object);
    expect(play.sent).toHaveLength(1);
    expect(play.last.headers).not.toHaveProperty("authorization");
    expect(s3.presignSync("getObject", object)).toBe(`${zone}/k`);
  });

  it.each([
    ["createBucket", { Bucket: bucket }],
    ["deleteBucket", { Bucket: bucket }],
    ["getBucketPolicy", { Bucket: bucket }],
  ] as const)("that must not use a session do not at an endpoint of one's own, either: %s", async (method, input) => {
    const { s3, play } = directory(undefined, { endpoint: "https://store.test" });
    await using _ = s3;
    await s3[method](input).catch(() => {});
    expect(play.sent).toHaveLength(1);
    expect(verdict(play.last, { service: "s3express" })).toMatchObject({ valid: true });
  });

  it.each([
    ["ExpiredToken", 400],
    ["ExpiredToken", 403],
  ])("make one session anew when the service says that theirs has ended: %s %i", async (code, status) => {
    const { s3, sessions, others } = directory((sent) =>
      sent.headers["x-amz-s3session-token"] === "token-1" ? fail(status, code) : {},
    );
    await using _ = s3;
    await Promise.all(Array.from({ length: 20 }, () => s3.deleteObject(object)));
    expect(sessions()).toHaveLength(2);
    expect(others()).toHaveLength(40);
    await s3.deleteObject(object);
    expect(others().at(-1)!.headers["x-amz-s3session-token"]).toBe("token-2");
  });

  it("end when the session made anew is refused as well", async () => {
    const { s3, sessions } = directory(() => fail(400, "ExpiredToken"));
    await using _ = s3;
    expect(await failureOf(s3.deleteObject(object))).toMatchObject({ code: "ExpiredToken", attempts: 2 });
    expect(sessions()).toHaveLength(2);
  });

  it("fail with CreateSession's error, which is not repeated by both", async () => {
    const play = new Play(() => fail(503, "SlowDown"));
    await using s3 = onAws(play, { maxAttempts: 2 });
    const error = await failureOf<{ operation: string; attempts: number }>(s3.deleteObject(object));
    expect(error).toMatchObject({ operation: "CreateSession", attempts: 2 });
    expect(play.sent).toHaveLength(2);
  });

  it("can be given up while a session is awaited", async () => {
    let release = (): void => {};
    const waiting = new Promise<void>((resolve) => {
      release = resolve;
    });
    const play = new Play(async (sent) => {
      if (!asks(sent)) return {};
      await waiting;
      return session(1);
    });
    await using s3 = onAws(play);
    const controller = new AbortController();
    const given = failureOf(s3.deleteObject(object, { signal: controller.signal }));
    const other = s3.deleteObject(object);
    controller.abort(new Error("enough"));
    expect((await given).message).toBe("enough");
    release();
    await other;
    expect(play.sent).toHaveLength(2);
  });
});

describe("presigned URLs of a directory bucket", () => {
  it("carry the session's token, signed", async () => {
    const { s3, sessions } = directory();
    await using _ = s3;
    const url = new URL(await s3.presign("getObject", { ...object, VersionId: "v" }));
    expect(url.origin).toBe(zone);
    expect(url.searchParams.get("X-Amz-S3session-Token")).toBe("token-1");
    expect(url.searchParams.has("X-Amz-Security-Token")).toBe(false);
    expect(url.searchParams.get("X-Amz-Credential")).toMatch(/\/eu-central-1\/s3express\/aws4_request$/);
    const sent = { method: "GET", origin: url.origin, target: url.pathname + url.search, headers: {} } as Sent;
    const { sessionToken: _token, ...signer } = own(1);
    expect(verdict(sent, { credentials: signer, service: "s3express" })).toMatchObject({ valid: true });
    expect(s3.presignSync("getObject", object)).toContain("X-Amz-S3session-Token=token-1");
    expect(sessions()).toHaveLength(1);
  });

  it("want a session before they can be made at once", async () => {
    const { s3 } = directory();
    await using _ = s3;
    expect(() => s3.presignSync("getObject", object)).toThrow(
      expect.objectContaining({ code: "CredentialsNotLoaded" }),
    );
  });
});

describe("the sessions of a client", () => {
  const play = () => {
    let made = 0;
    const waiting: ((outcome: Error | undefined) => void)[] = [];
    const sessions = new ExpressSessions(
      () =>
        new Promise<ExpressSession>((resolve, reject) => {
          const number = ++made;
          waiting.push((error) =>
            error ? reject(error) : resolve({ credentials: own(number), expires: number * 300_000 }),
          );
        }),
    );
    const settle = async (error?: Error): Promise<void> => {
      for (const one of waiting.splice(0)) one(error);
      await new Promise(setImmediate);
    };
    return { sessions, settle, made: () => made };
  };

  it("are used until shortly before their end, and renewed ahead of it", async () => {
    const { sessions, settle, made } = play();
    const first = sessions.get(bucket, 0);
    await settle();
    expect((await first).accessKeyId).toBe("ASIASESSION1");
    expect(sessions.get(bucket, 254_999)).toMatchObject(own(1));
    expect(made()).toBe(1);
    // 45 seconds before: one renewal, the old one is used.
    for (let at = 255_000; at < 290_000; at += 1000) expect(sessions.get(bucket, at)).toMatchObject(own(1));
    expect(made()).toBe(2);
    await settle();
    expect(sessions.get(bucket, 290_000)).toMatchObject(own(2));
  });

  it("are waited for when the end is near", async () => {
    const { sessions, settle } = play();
    void sessions.get(bucket, 0);
    await settle();
    const next = sessions.get(bucket, 291_000);
    expect(next).toBeInstanceOf(Promise);
    await settle();
    expect(await next).toMatchObject(own(2));
  });

  it("outlive a renewal that fails, which is not tried again at once", async () => {
    const { sessions, settle, made } = play();
    void sessions.get(bucket, 0);
    await settle();
    sessions.get(bucket, 256_000);
    await settle(new Error("busy"));
    expect(sessions.get(bucket, 256_100)).toMatchObject(own(1));
    expect(made()).toBe(2);
    expect(sessions.get(bucket, 262_000)).toMatchObject(own(1));
    expect(made()).toBe(3);
    await settle(new Error("busy"));
    const last = failureOf(Promise.resolve(sessions.get(bucket, 299_000)));
    await settle(new Error("busy still"));
    expect((await last).message).toBe("busy still");
    expect(sessions.peek(bucket, 299_000)).toMatchObject(own(1));
    expect(sessions.peek(bucket, 300_000)).toBeUndefined();
  });

  it("are forgotten only by those whom the service refused them", async () => {
    const { sessions, settle, made } = play();
    const refused = sessions.get(bucket, 0);
    await settle();
    const first = await refused;
    sessions.forget(bucket, first);
    void sessions.get(bucket, 0);
    await settle();
    sessions.forget(bucket, first);
    expect(sessions.get(bucket, 0)).toMatchObject(own(2));
    expect(made()).toBe(2);
  });

  it("are a hundred at most", async () => {
    const { sessions, settle, made } = play();
    for (let n = 0; n < 101; n++) void sessions.get(`bucket-${n}`, 0);
    await settle();
    expect(made()).toBe(101);
    expect(sessions.peek("bucket-0", 0)).toBeUndefined();
    expect(sessions.peek("bucket-1", 0)).toBeDefined();
  });

  it("do not show their secrets", async () => {
    const { sessions, settle } = play();
    const waiting = sessions.get(bucket, 0);
    await settle();
    const credentials = await waiting;
    const shown = inspect(credentials, { showHidden: true, depth: 10, getters: true }) + JSON.stringify(credentials);
    expect(shown).not.toMatch(/secret-1|token-1/);
  });
});

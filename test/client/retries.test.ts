import {
  type HookRequest,
  type HookResponse,
  type HookRetry,
  type Hooks,
  S3ServiceError,
  TransportError,
} from "tucuxi";
import { describe, expect, it, vi } from "vitest";
import {
  type Answer,
  fail,
  failureOf,
  inTurn,
  onAws,
  onService,
  Play,
  Service,
  until,
  verdict,
  xml,
} from "./support.js";

const object = { Bucket: "river", Key: "k" };
const busy = fail(500, "InternalError");

/** A dispatcher's connection that breaks so many times, then holds. */
function breaking(times: number, answer: Answer = {}): Play {
  return new Play((_, number) => {
    if (number <= times) throw Object.assign(new Error("socket hang up"), { code: "ECONNRESET" });
    return answer;
  });
}

describe("attempts", () => {
  it.each([0, 1, 2])("are counted on results: %i failed", async (failed) => {
    const play = new Play((_, number) => (number <= failed ? busy : {}));
    await using s3 = onAws(play, { maxAttempts: 3 });
    const { ResponseMetadata } = await s3.deleteObject(object);
    expect(ResponseMetadata.RetryAttempts).toBe(failed);
  });

  it.each([
    ["of the service", () => new Play(() => busy), S3ServiceError],
    ["of the transport", () => breaking(9), TransportError],
  ])("are counted on errors: %s", async (_, make, kind) => {
    for (const maxAttempts of [1, 2, 3]) {
      const play = make();
      await using s3 = onAws(play, { maxAttempts });
      const error = await failureOf(s3.deleteObject(object));
      expect(error).toBeInstanceOf(kind);
      expect(error.attempts).toBe(maxAttempts);
      expect(play.sent).toHaveLength(maxAttempts);
      if (error instanceof S3ServiceError) {
        expect(error.response.ResponseMetadata.RetryAttempts).toBe(maxAttempts - 1);
        expect(error.retryable).toBe(true);
      }
    }
  });

  it("are counted on answers that make no sense, too", async () => {
    const play = new Play(() => ({ body: "<ListAllMyBucketsResult><Buckets><Buck" }));
    await using s3 = onAws(play, { maxAttempts: 2 });
    const error = await failureOf(s3.listBuckets());
    expect(error).toMatchObject({ code: "MalformedResponse", attempts: 2 });
  });

  it.each([
    ["an error in a 200", { body: xml("<Error><Code>InternalError</Code><Message>again</Message></Error>") }],
    ["SlowDown in a 200", { body: xml("<Error><Code>SlowDown</Code></Error>") }],
    ["nothing in a 200", { body: "" }],
    ["a page of a proxy", { headers: { "content-type": "text/html" }, body: "<html><body>welcome</body></html>" }],
    ["XML that breaks off", { body: "<CompleteMultipartUploadResult><ETag>" }],
  ] as [string, Answer][])("are repeated after %s", async (_, answer) => {
    const good = { body: xml('<CompleteMultipartUploadResult><ETag>"e"</ETag></CompleteMultipartUploadResult>') };
    const play = new Play(inTurn(answer, good));
    await using s3 = onAws(play, { maxAttempts: 2 });
    const { ETag, ResponseMetadata } = await s3.completeMultipartUpload({ ...object, UploadId: "u" });
    expect(ETag).toBe('"e"');
    expect(ResponseMetadata.RetryAttempts).toBe(1);
  });

  it.each([
    [400, "InvalidRequest"],
    [403, "AccessDenied"],
    [404, "NoSuchKey"],
    [409, "OperationAborted"],
    [412, "PreconditionFailed"],
    [501, "NotImplemented"],
  ])("are not repeated after %i %s", async (status, code) => {
    const play = new Play(() => fail(status, code));
    await using s3 = onAws(play, { maxAttempts: 5 });
    expect(await failureOf(s3.deleteObject(object))).toMatchObject({ code, attempts: 1 });
    expect(play.sent).toHaveLength(1);
  });

  it.each([429, 500, 502, 503, 504, 509])("are repeated after %i", async (status) => {
    const play = new Play(inTurn({ status, headers: { "x-amz-retry-after": "0" } }, {}));
    await using s3 = onAws(play, { maxAttempts: 2, hooks: {} });
    vi.spyOn(Math, "random").mockReturnValue(0);
    await s3.deleteObject(object);
    vi.restoreAllMocks();
    expect(play.sent).toHaveLength(2);
  });

  it("are each signed anew", async () => {
    const play = new Play(inTurn(busy, {}));
    await using s3 = onAws(play, { maxAttempts: 2 });
    await s3.putObject({ ...object, Body: "x", Metadata: { a: "b" } });
    for (const sent of play.sent) expect(verdict(sent)).toMatchObject({ valid: true });
  });

  it("stop when the quota of the client is used up", async () => {
    const play = new Play(() => busy);
    await using s3 = onAws(play, { maxAttempts: 100 });
    vi.spyOn(Math, "random").mockReturnValue(0);
    await failureOf(s3.deleteObject(object));
    vi.restoreAllMocks();
    // 500 tokens, 14 a retry.
    expect(play.sent).toHaveLength(36);
    await failureOf(s3.deleteObject(object));
    expect(play.sent).toHaveLength(37);
  });

  it.each([
    ["Retry-After", "1", 1000],
    ["retry-after", "2", 2000],
    ["x-amz-retry-after", "1500", 1500],
  ])("wait as long as the service asks: %s: %s", async (name, value, delay) => {
    const play = new Play(inTurn(fail(503, "ServiceUnavailable", {}, { [name.toLowerCase()]: value }), {}));
    const controller = new AbortController();
    const delays: number[] = [];
    const onRetry = (retry: HookRetry): void => {
      delays.push(retry.delay);
      controller.abort("seen");
    };
    await using s3 = onAws(play, { maxAttempts: 2, hooks: { onRetry } });
    expect(await failureOf(s3.deleteObject(object, { signal: controller.signal }))).toBe("seen");
    expect(delays).toEqual([delay]);
  });

  it("do not repeat what Object Lambda takes once", async () => {
    const play = breaking(1);
    await using s3 = onAws(play, { maxAttempts: 3 });
    const call = s3.writeGetObjectResponse({ RequestRoute: "r", RequestToken: "t", Body: "x" });
    expect(await failureOf(call)).toBeInstanceOf(TransportError);
    expect(play.sent).toHaveLength(1);
  });

  it("tell of an answer that was lost, when a condition then fails", async () => {
    const play = breaking(1, fail(412, "PreconditionFailed"));
    await using s3 = onAws(play, { maxAttempts: 3 });
    const error = await failureOf(s3.putObject({ ...object, Body: "x", IfNoneMatch: "*" }));
    expect(error).toMatchObject({ code: "PreconditionFailed", attempts: 2 });
    expect(error.hint).toMatch(/answer.*lost/);
    const plain = new Play(() => fail(412, "PreconditionFailed"));
    await using other = onAws(plain);
    const refused = await failureOf(other.putObject({ ...object, Body: "x", IfNoneMatch: "*" }));
    expect(refused.hint ?? "").not.toMatch(/lost/);
  });
});

describe("an error that may be the echo of a lost success", () => {
  it.each([
    ["deleteBucket", { Bucket: "river" }, 404, "NoSuchBucket"],
    ["restoreObject", { ...object, RestoreRequest: { Days: 1 } }, 409, "RestoreAlreadyInProgress"],
    ["putObject", { ...object, Body: "x", WriteOffsetBytes: 0 }, 400, "InvalidWriteOffset"],
    ["createBucket", { Bucket: "river" }, 409, "BucketAlreadyOwnedByYou"],
    ["completeMultipartUpload", { ...object, UploadId: "u" }, 404, "NoSuchUpload"],
  ] as const)("says so: of %s", async (method, input, status, code) => {
    const echo = breaking(1, fail(status, code));
    await using s3 = onAws(echo, { maxAttempts: 3 });
    const call = (client: typeof s3): Promise<unknown> =>
      (client[method] as (input: object) => Promise<unknown>)(input);
    expect((await failureOf(call(s3))).hint).toMatch(/answer was lost/);
    await using plain = onAws(new Play(() => fail(status, code)));
    expect((await failureOf(call(plain))).hint ?? "").not.toMatch(/answer was lost/);
  });

  it("is none where the operation could not have done it", async () => {
    await using s3 = onAws(breaking(1, fail(404, "NoSuchBucket")), { maxAttempts: 3 });
    expect((await failureOf(s3.putObject({ ...object, Body: "x" }))).hint ?? "").not.toMatch(/answer was lost/);
  });
});

describe("hooks", () => {
  it("are told of each step, in order, and waited for", async () => {
    const steps: string[] = [];
    const slowly = async (step: string): Promise<void> => {
      await new Promise((resolve) => setTimeout(resolve, 3));
      steps.push(step);
    };
    const play = new Play(async (sent, number) => {
      steps.push(`service ${sent.headers["x-trace"]}`);
      return number === 1 ? busy : { headers: { "x-amz-request-id": "R" } };
    });
    await using s3 = onAws(play, {
      maxAttempts: 2,
      hooks: {
        async beforeSign(request: HookRequest) {
          await slowly(
            `sign ${request.operation} ${request.method} ${request.origin}${request.path} ${request.attempt}`,
          );
          return { "X-Trace": `t${request.attempt}` };
        },
        beforeSend: (request: HookRequest) => slowly(`send ${request.attempt}`),
        afterResponse: (response: HookResponse) =>
          slowly(`response ${response.status} ${response.headers["x-amz-request-id"]} ${response.attempt}`),
        onRetry: (retry: HookRetry) => slowly(`retry ${retry.attempt} ${(retry.error as S3ServiceError).code}`),
      },
    });
    await s3.deleteObject({ ...object, VersionId: "v 1" });
    const sign = "sign DeleteObject DELETE https://river.s3.eu-central-1.amazonaws.com/k?versionId=v%201";
    expect(steps).toEqual([
      `${sign} 1`,
      "send 1",
      "service t1",
      "response 500 undefined 1",
      "retry 1 InternalError",
      `${sign} 2`,
      "send 2",
      "service t2",
      "response 200 R 2",
    ]);
    expect(play.last.headers["authorization"]).toContain("x-trace");
    expect(verdict(play.last)).toMatchObject({ valid: true });
  });

  it.each(["beforeSign", "beforeSend", "afterResponse", "onRetry"] as const)(
    "end the call when they throw: %s",
    async (name) => {
      for (const failure of [new Error("no"), new TransportError("no", { code: "ECONNRESET" })]) {
        for (const hook of [
          () => {
            throw failure;
          },
          async () => Promise.reject(failure),
        ]) {
          const play = new Play(() => (name === "onRetry" ? busy : { body: "x" }));
          await using s3 = onAws(play, { maxAttempts: 3, hooks: { [name]: hook } });
          expect(await failureOf(s3.getObject(object))).toBe(failure);
          expect(play.sent).toHaveLength(name === "beforeSign" || name === "beforeSend" ? 0 : 1);
        }
      }
    },
  );

  it.each(["beforeSign", "beforeSend", "afterResponse", "onRetry"] as const)(
    "hold up neither an abort nor the limit of the call: %s",
    async (name) => {
      const hooks = { [name]: () => new Promise<never>(() => {}) };
      const play = new Play(() => (name === "onRetry" ? busy : {}));
      await using s3 = onAws(play, { maxAttempts: 2, hooks });
      expect(await failureOf(s3.deleteObject(object, { timeout: 50 }))).toMatchObject({ code: "CallTimeout" });
      const controller = new AbortController();
      setTimeout(() => controller.abort("enough"), 20);
      expect(await failureOf(s3.deleteObject(object, { signal: controller.signal }))).toBe("enough");
    },
  );

  it("let go of the connection of an answer that they refuse", async () => {
    await using service = await Service.start(() => ({ body: Buffer.alloc(8_000_000) }));
    await using s3 = onService(service, {
      hooks: {
        afterResponse() {
          throw new Error("no");
        },
      },
    });
    await failureOf(s3.getObject(object));
    await until(() => s3.stats()?.running === 0);
    expect(s3.stats()?.running).toBe(0);
  });

  it("add headers by putting them into the request as well", async () => {
    const play = new Play((_sent, number) => (number === 1 ? busy : {}));
    await using s3 = onAws(play, {
      maxAttempts: 2,
      hooks: {
        beforeSign(request) {
          expect(request.headers).toEqual({});
          request.headers["X-A"] = `put ${request.attempt}`;
          return request.attempt === 1 ? { "x-b": "returned" } : undefined;
        },
      },
    });
    await s3.deleteObject(object);
    expect(play.sent[0]!.headers).toMatchObject({ "x-a": "put 1", "x-b": "returned" });
    expect(play.last.headers["x-a"]).toBe("put 2");
    expect(play.last.headers["x-b"]).toBeUndefined();
    expect(verdict(play.last)).toMatchObject({ valid: true });
    const careless: Hooks = { beforeSign: ({ headers }) => void Object.assign(headers, { "a b": "c" }) };
    await using other = onAws(play, { hooks: careless });
    expect((await failureOf(other.deleteObject(object))).name).toBe("ParamValidationError");
  });

  it.each([
    [{ host: "elsewhere" }],
    [{ "x-amz-date": "now" }],
    [{ "content-length": "1" }],
    [{ "a b": "c" }],
    [{ a: "b\r\nc: d" }],
    [{ a: 1 }],
    [["a", "b"]],
  ])("may not add what is not theirs or cannot be sent: %o", async (headers) => {
    const play = new Play();
    await using s3 = onAws(play, { maxAttempts: 3, hooks: { beforeSign: () => headers as never } });
    expect((await failureOf(s3.deleteObject(object))).name).toBe("ParamValidationError");
    await using plain = onAws(play);
    const error = await failureOf(plain.deleteObject(object, { headers: headers as never }));
    expect(error.message).toMatch(/^DeleteObject: headers/);
    expect(play.sent).toEqual([]);
  });

  it("and callers add headers, which are signed, or take the place of others", async () => {
    const play = new Play();
    await using s3 = onAws(play, { hooks: { beforeSign: () => ({ "x-b": "hook" }) } });
    await s3.putObject(
      { ...object, Body: "x", ContentType: "text/plain" },
      { headers: { "X-A": " ü ", "content-type": "text/html", "User-Agent": "me", "x-amzn-trace-id": "Root=1" } },
    );
    const { headers } = play.last;
    expect(headers).toMatchObject({ "x-b": "hook", "content-type": "text/html", "user-agent": "me" });
    expect(headers["x-a"]!.trim()).toBe("ü");
    const signed = /SignedHeaders=([^,]+)/.exec(headers["authorization"]!)![1]!.split(";");
    expect(signed).toEqual(expect.arrayContaining(["content-type", "x-a", "x-b"]));
    expect(signed).not.toContain("user-agent");
    expect(signed).not.toContain("x-amzn-trace-id");
    expect(verdict(play.last)).toMatchObject({ valid: true });
  });
});

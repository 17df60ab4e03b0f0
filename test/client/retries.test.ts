import { getEventListeners } from "node:events";
import { type HookRequest, type HookResponse, type HookRetry, S3Client, S3ServiceError, TransportError } from "tucuxi";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
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

describe("giving up", () => {
  let service: Service;
  beforeAll(async () => {
    service = await Service.start();
  });
  afterAll(() => service.stop());

  const reason = new Error("enough");

  /** What keeps a process awake. */
  const timers = (): number => process.getActiveResourcesInfo().filter((name) => name === "Timeout").length;
  const listeners = (signal: AbortSignal): number => {
    return getEventListeners(signal, "abort").length;
  };

  const phases: [string, (s3: S3Client, signal: AbortSignal, abort: () => void) => Promise<unknown>][] = [
    [
      "while the service is silent",
      (s3, signal, abort) => {
        service.script = () => {
          abort();
          return undefined;
        };
        return s3.headObject(object, { signal });
      },
    ],
    [
      "while the body goes out",
      (s3, signal, abort) => {
        service.script = () => ({});
        async function* slow(): AsyncGenerator<Uint8Array> {
          yield Buffer.alloc(10_000);
          abort();
          await new Promise(() => {});
        }
        return s3.putObject({ ...object, Body: slow, ContentLength: 20_000 }, { signal });
      },
    ],
    [
      "while the next attempt is awaited",
      (s3, signal, abort) => {
        service.script = () => {
          setTimeout(abort, 20);
          return fail(503, "SlowDown", {}, { "retry-after": "10" });
        };
        return s3.headObject(object, { signal });
      },
    ],
    [
      "while the answer is read",
      async (s3, signal, abort) => {
        service.script = (_sent, _number, { response }) => {
          response.writeHead(200, { "content-length": "100000", etag: '"e"' });
          response.write(Buffer.alloc(50_000));
          return undefined;
        };
        const { Body } = await s3.getObject(object, { signal });
        for await (const _ of Body) abort();
      },
    ],
    [
      "while a buffered answer is read",
      (s3, signal, abort) => {
        service.script = (_sent, _number, { response }) => {
          response.writeHead(200, { "content-length": "100000" });
          response.write("<ListAllMyBucketsResult>");
          setTimeout(abort, 20);
          return undefined;
        };
        return s3.listBuckets({}, { signal });
      },
    ],
    [
      "before it starts",
      (s3, signal, abort) => {
        abort();
        return s3.headObject(object, { signal });
      },
    ],
  ];

  it.each(phases)("rejects with the signal's own reason and leaves nothing behind: %s", async (_, run) => {
    const before = timers();
    const s3 = onService(service, { maxAttempts: 3 });
    const controller = new AbortController();
    const error = await failureOf(run(s3, controller.signal, () => controller.abort(reason)));
    expect(error).toBe(reason);
    expect(listeners(controller.signal)).toBe(0);
    await until(() => (s3.stats()?.running ?? 0) === 0);
    await s3.close();
    await until(() => service.sockets.size === 0);
    await until(() => timers() <= before);
    expect(timers()).toBeLessThanOrEqual(before);
  });

  it.each(phases.slice(0, 5))("by timeout is a TimeoutError that says which: %s", async (_, run) => {
    const s3 = onService(service, { maxAttempts: 3 });
    const proxy = new Proxy(s3, {
      get: (target, name) => {
        const method = (target as unknown as Record<PropertyKey, unknown>)[name];
        if (typeof method !== "function") return method;
        return (input: object, options?: object) =>
          (method as (...args: unknown[]) => unknown).call(target, input, options && { timeout: 120 });
      },
    });
    const error = await failureOf(run(proxy, new AbortController().signal, () => {}));
    expect(error).toMatchObject({ name: "TimeoutError", code: "CallTimeout" });
    expect(error.message).toMatch(
      /(HeadObject|PutObject|GetObject|ListBuckets) took longer than its timeout of 120 ms: /,
    );
    await s3.close();
    await until(() => service.sockets.size === 0);
    expect(service.sockets.size).toBe(0);
  });

  it("keeps no listener on a signal that serves many calls", async () => {
    service.script = () => ({ body: "x" });
    const warned = vi.fn();
    process.on("warning", warned);
    await using s3 = onService(service);
    const { signal } = new AbortController();
    await Promise.all(
      Array.from({ length: 50 }, async () => {
        const { Body } = await s3.getObject(object, { signal, timeout: 5000 });
        await Body.text();
      }),
    );
    await new Promise(setImmediate);
    process.off("warning", warned);
    expect(listeners(signal)).toBe(0);
    expect(warned).not.toHaveBeenCalled();
  });

  it("leaves other calls alone", async () => {
    service.script = async () => {
      await new Promise((resolve) => setTimeout(resolve, 30));
      return {};
    };
    await using s3 = onService(service);
    const controller = new AbortController();
    const given = failureOf(s3.headObject(object, { signal: controller.signal }));
    const other = s3.headObject(object);
    setTimeout(() => controller.abort(reason), 5);
    expect(await given).toBe(reason);
    expect((await other).ResponseMetadata.HTTPStatusCode).toBe(200);
  });

  it("an unread body with a timeout keeps no process awake", async () => {
    service.script = () => ({ body: "small" });
    const before = timers();
    const s3 = onService(service);
    await s3.getObject(object, { timeout: 60_000 });
    await s3.close();
    await until(() => timers() <= before);
    expect(timers()).toBeLessThanOrEqual(before);
  });

  it.each([
    [{ signal: {} }, /signal: must be an AbortSignal/],
    [{ timeout: 0 }, /timeout: must be a number of milliseconds above 0/],
    [{ timeout: -1 }, /timeout/],
    [{ timeout: "5" }, /timeout/],
    [{ timeout: Number.NaN }, /timeout/],
  ])("takes no options that mean nothing: %o", async (options, message) => {
    await using s3 = onService(service);
    const error = await failureOf(s3.headObject(object, options as never));
    expect(error.name).toBe("ParamValidationError");
    expect(error.message).toMatch(message);
  });
});

describe("close", () => {
  it("waits for the calls under way, retries included, and refuses later ones", async () => {
    let release = (): void => {};
    const wait = new Promise<void>((resolve) => {
      release = resolve;
    });
    await using service = await Service.start(async (_sent, number) => {
      if (number === 1) {
        await wait;
        return busy;
      }
      return {};
    });
    const s3 = onService(service);
    const call = s3.headObject(object);
    await until(() => service.sent.length === 1);
    let closed = false;
    const closing = Promise.all([s3.close(), s3.close()]).then(() => {
      closed = true;
    });
    expect(await failureOf(s3.headObject(object))).toMatchObject({ code: "ClientClosed" });
    expect(closed).toBe(false);
    release();
    expect((await call).ResponseMetadata.RetryAttempts).toBe(1);
    await closing;
    await until(() => service.sockets.size === 0);
    expect(service.sent).toHaveLength(2);
    await s3.close();
  });

  it("lets a body that came be read to its end", async () => {
    await using service = await Service.start(() => ({ body: Buffer.alloc(3_000_000, 7) }));
    const s3 = onService(service);
    const { Body } = await s3.getObject(object);
    const closing = s3.close();
    expect((await Body.bytes()).length).toBe(3_000_000);
    await closing;
    await until(() => service.sockets.size === 0);
    expect(service.sockets.size).toBe(0);
  });

  it("is done at the end of a block that declares the client `await using`", async () => {
    await using service = await Service.start();
    {
      await using s3 = onService(service);
      await s3.headObject(object);
      expect(service.sockets.size).toBe(1);
    }
    await until(() => service.sockets.size === 0);
    expect(service.sockets.size).toBe(0);
  });

  it("of a client that did nothing is at once, and for good", async () => {
    const s3 = new S3Client({ region: "eu-central-1" });
    await s3.close();
    expect(await failureOf(s3.listBuckets())).toMatchObject({ code: "ClientClosed" });
  });

  it("leaves the caller's dispatcher alone", async () => {
    const play = new Play();
    const close = vi.spyOn(play, "close");
    await onAws(play).headObject(object);
    const s3 = onAws(play);
    await s3.headObject(object);
    await s3.close();
    expect(close).not.toHaveBeenCalled();
  });
});

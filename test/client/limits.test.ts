import { getEventListeners } from "node:events";
import { S3Client } from "tucuxi";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { fail, failureOf, onAws, onService, Play, Service, until } from "./support.js";

const object = { Bucket: "river", Key: "k" };
const busy = fail(500, "InternalError");

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

  it("by timeout tells how many attempts were sent, and how far the last had come", async () => {
    await using s3 = onService(service, { maxAttempts: 5 });
    service.script = (_sent, number) => (number === 1 ? busy : undefined);
    service.sent.length = 0;
    const silent = await failureOf(s3.headObject(object, { timeout: 400 }));
    expect(silent).toMatchObject({ code: "CallTimeout", attempts: 2, phase: "sent" });
    const unsent = new S3Client({ region: "r", credentials: () => new Promise(() => {}), endpoint: service.url });
    expect(await failureOf(unsent.headObject(object, { timeout: 50 }))).toMatchObject({
      attempts: 0,
      phase: "connecting",
    });
    service.script = (_sent, _number, { response }) => {
      response.writeHead(200, { "content-length": "100000", etag: '"e"' });
      response.write(Buffer.alloc(50_000));
      return undefined;
    };
    const { Body } = await s3.getObject(object, { timeout: 100 });
    expect(await failureOf(Body.bytes())).toMatchObject({ code: "CallTimeout", attempts: 1, phase: "reading" });
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

import { describe, expect, it } from "vitest";
import {
  ChecksumMismatchError,
  IncompleteBodyError,
  TimeoutError,
  TransportError,
  TucuxiError,
} from "../../src/errors/base.js";
import { S3ServiceError } from "../../src/errors/service.js";
import { judge, RetryPolicy } from "../../src/transport/index.js";
import { RateLimiter } from "../../src/transport/rate-limiter.js";

const service = (code: string, statusCode: number, headers: Record<string, string> = {}): S3ServiceError =>
  new S3ServiceError(code, {
    code,
    statusCode,
    response: {
      Error: { Code: code },
      ResponseMetadata: { HTTPStatusCode: statusCode, HTTPHeaders: headers, RetryAttempts: 0 },
    },
  });
const broken = (code: string, phase: string, reused = false, Kind = TransportError): TransportError =>
  Object.assign(new Kind(code, { code }), { phase, reused, origin: "http://x", elapsed: 1 });

describe("what is repeated", () => {
  const cases: [string, unknown, verdict: string, ifNotIdempotent: string][] = [
    ["SlowDown", service("SlowDown", 503), "throttled", "throttled"],
    ["Throttling in a 400", service("ThrottlingException", 400), "throttled", "throttled"],
    ["429 of something in between", service("429", 429), "throttled", "throttled"],
    ["RequestTimeout", service("RequestTimeout", 400), "transient", "transient"],
    ["InternalError", service("InternalError", 500), "transient", "final"],
    ["502", service("BadGateway", 502), "transient", "final"],
    ["503", service("ServiceUnavailable", 503), "transient", "final"],
    ["504", service("504", 504), "transient", "final"],
    ["501", service("NotImplemented", 501), "final", "final"],
    ["NoSuchKey", service("NoSuchKey", 404), "final", "final"],
    ["RequestTimeTooSkewed", service("RequestTimeTooSkewed", 403), "final", "final"],
    ["ExpiredToken", service("ExpiredToken", 400), "final", "final"],
    ["OperationAborted", service("OperationAborted", 409), "final", "final"],
    ["408", service("408", 408), "final", "final"],
    ["refused", broken("ECONNREFUSED", "connecting"), "transient", "transient"],
    ["no such host", broken("ENOTFOUND", "connecting"), "transient", "transient"],
    ["connect timeout", broken("ConnectTimeout", "connecting", false, TimeoutError), "transient", "transient"],
    ["not trusted", broken("SELF_SIGNED_CERT_IN_CHAIN", "connecting"), "final", "final"],
    ["expired", broken("CERT_HAS_EXPIRED", "connecting"), "final", "final"],
    ["another name", broken("ERR_TLS_CERT_ALTNAME_INVALID", "connecting"), "final", "final"],
    ["proxy credentials", broken("ProxyAuthenticationRequired", "connecting"), "final", "final"],
    ["waited too long for a connection", broken("QueueTimeout", "connecting", false, TimeoutError), "final", "final"],
    ["broke while sending", broken("EPIPE", "before-sent"), "transient", "transient"],
    ["broke after sending", broken("ECONNRESET", "sent"), "transient", "final"],
    ["silent after sending", broken("ReadTimeout", "sent", false, TimeoutError), "transient", "final"],
    ["silent on a kept connection", broken("ReadTimeout", "sent", true, TimeoutError), "transient", "final"],
    ["a kept connection was closed", broken("ConnectionClosed", "sent", true), "stale", "final"],
    ["broke while reading", broken("ECONNRESET", "reading", true), "transient", "final"],
    ["no HTTP", broken("MalformedHttp", "sent"), "transient", "final"],
    ["deadline", broken("CallTimeout", "sent", false, TimeoutError), "final", "final"],
    ["closed", broken("TransportClosed", "connecting"), "final", "final"],
    ["cut XML", new TransportError("x", { code: "MalformedResponse" }), "transient", "final"],
    ["cut body", new IncompleteBodyError(10, 5), "transient", "final"],
    ["our body was cut", new IncompleteBodyError(10, 5, { code: "ContentLengthMismatch" }), "final", "final"],
    ["checksum", new ChecksumMismatchError("CRC32", "a", "b"), "transient", "transient"],
    ["source failed", new TucuxiError("x", { code: "BodySourceFailed" }), "final", "final"],
    ["an abort", new DOMException("x", "AbortError"), "final", "final"],
    ["nothing", undefined, "final", "final"],
  ];
  for (const [name, error, verdict, otherwise] of cases) {
    it(`${name}: ${verdict}, or ${otherwise} if it may not be carried out twice`, () => {
      expect(judge(error, true)).toBe(verdict);
      expect(judge(error, false)).toBe(otherwise);
    });
  }
});

describe("pauses", () => {
  const policy = (random = 1, maxAttempts = 30) =>
    new RetryPolicy({ random: () => random, maxAttempts, clock: () => Date.UTC(2026, 0, 1) });
  const failing = service("InternalError", 500);
  const slow = service("SlowDown", 503);

  it("double from 50 ms, or from a second when throttled, up to 20 s, with full jitter", () => {
    const delays = (error: unknown, random: number) =>
      [1, 2, 3, 4, 9, 10].map((attempt) => policy(random).next(error, { attempt }));
    expect(delays(failing, 1)).toEqual([50, 100, 200, 400, 12800, 20000]);
    expect(delays(slow, 1)).toEqual([1000, 2000, 4000, 8000, 20000, 20000]);
    expect(delays(failing, 0.5)).toEqual([25, 50, 100, 200, 6400, 10000]);
    expect(delays(slow, 0)).toEqual([0, 0, 0, 0, 0, 0]);
  });

  it("end with the attempts", () => {
    const three = new RetryPolicy();
    expect(three.maxAttempts).toBe(3);
    expect(three.next(failing, { attempt: 2 })).toBeTypeOf("number");
    expect(three.next(failing, { attempt: 3 })).toBe(undefined);
    expect(new RetryPolicy({ maxAttempts: 1 }).next(failing, { attempt: 1 })).toBe(undefined);
  });

  it("are none for a stale connection", () => {
    const shared = policy();
    expect(shared.next(broken("ConnectionClosed", "sent", true), { attempt: 1 })).toBe(0);
    expect(shared.tokens).toBe(500);
  });

  it("follow the service within bounds", () => {
    const pause = (headers: Record<string, string>) =>
      policy().next(service("ServiceUnavailable", 503, headers), { attempt: 1 });
    expect(pause({ "x-amz-retry-after": "2000" })).toBe(2000);
    expect(pause({ "x-amz-retry-after": "10" })).toBe(50);
    expect(pause({ "x-amz-retry-after": "60000" })).toBe(5050);
    expect(pause({ "x-amz-retry-after": "soon" })).toBe(50);
    expect(pause({ "x-amz-retry-after": "-1" })).toBe(50);
    expect(pause({ "retry-after": "3" })).toBe(3000);
    expect(pause({ "retry-after": "3600" })).toBe(20000);
    expect(pause({ "retry-after": "0" })).toBe(50);
    expect(pause({ "retry-after": "Thu, 01 Jan 2026 00:00:07 GMT" })).toBe(7000);
    expect(pause({ "retry-after": "Thu, 01 Jan 2020 00:00:07 GMT" })).toBe(50);
    expect(pause({ "retry-after": "whenever" })).toBe(50);
    expect(pause({ "x-amz-retry-after": "100", "retry-after": "9" })).toBe(100);
  });

  it("draw on a quota that all calls share", () => {
    const shared = policy();
    const count = (error: unknown): number => {
      let retries = 0;
      while (shared.next(error, { attempt: 1 }) !== undefined) retries++;
      return retries;
    };
    expect(count(failing)).toBe(35);
    expect(shared.tokens).toBe(10);
    expect(count(slow)).toBe(2);
    expect(shared.tokens).toBe(0);
    shared.success();
    expect(shared.tokens).toBe(1);
    for (let i = 0; i < 1000; i++) shared.success();
    expect(shared.tokens).toBe(500);
  });

  it("give back to the quota what the last retry took, or one where there was none", () => {
    const shared = policy();
    for (let i = 0; i < 10; i++) shared.next(failing, { attempt: 1 });
    expect(shared.tokens).toBe(360);
    const calls: [unknown[], tokens: number][] = [
      [[failing], 360],
      [[slow], 360],
      [[failing, slow], 346],
      [[slow, failing], 341],
      [[broken("ConnectionClosed", "sent", true)], 342],
      [[failing, broken("ConnectionClosed", "sent", true)], 342],
    ];
    for (const [failures, tokens] of calls) {
      const call = { attempt: 1 };
      for (const failure of failures) {
        shared.next(failure, call);
        call.attempt++;
      }
      shared.success(call);
      expect(shared.tokens).toBe(tokens);
    }
  });
});

describe("the adaptive mode", () => {
  it("takes no turn from those who come after a call that gave up waiting for its own", () => {
    let now = 1_000_000;
    const busy = new RetryPolicy({ mode: "adaptive", clock: () => now });
    busy.next(service("SlowDown", 503), { attempt: 1 });
    now += 10_000;
    expect(busy.beforeSend()).toBe(0);
    const pauses = Array.from({ length: 100 }, () => busy.beforeSend());
    expect(pauses.at(-1)).toBeGreaterThan(100_000);
    for (const _ of pauses) busy.giveUp();
    now += 4000;
    expect(busy.beforeSend()).toBe(0);
  });

  it("does not slow anybody down before the first throttle", () => {
    const calm = new RetryPolicy({ mode: "adaptive" });
    for (let i = 0; i < 100; i++) expect(calm.beforeSend()).toBe(0);
    expect(new RetryPolicy().beforeSend()).toBe(0);
  });

  it("falls to seven tenths at a throttle and finds its way back", () => {
    let now = 1_000_000;
    const limiter = new RateLimiter(() => now);
    // Ten requests a second for a while.
    for (let i = 0; i < 50; i++) {
      now += 100;
      limiter.update(false);
    }
    limiter.update(true);
    // How long a thousandth caller would wait tells the rate.
    const rate = (): number => {
      const copy = [...Array(100)].map(() => limiter.acquire());
      const [last = 0, before = 0] = [copy.at(-1), copy.at(-2)];
      return 1000 / (last - before);
    };
    const throttled = rate();
    expect(throttled).toBeGreaterThan(5);
    expect(throttled).toBeLessThan(8.5);
    for (let i = 0; i < 400; i++) {
      now += 100;
      limiter.update(false);
    }
    expect(rate()).toBeGreaterThan(throttled);
  });

  it("never stands still", () => {
    let now = 5_000_000;
    const limiter = new RateLimiter(() => now);
    for (let i = 0; i < 50; i++) {
      now += 10;
      limiter.update(true);
    }
    const waits = [...Array(10)].map(() => limiter.acquire());
    expect(Math.max(...waits)).toBeLessThanOrEqual((10 / 0.5) * 1000 + 2000);
    now += 100_000;
    expect(limiter.acquire()).toBe(0);
  });
});

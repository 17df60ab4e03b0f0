import { getEventListeners } from "node:events";
import { describe, expect, it, vi } from "vitest";
import { type WaitOptions, waitUntil } from "../../src/client/waiters.js";
import { ParamValidationError, TransportError } from "../../src/errors/base.js";
import { WaiterError } from "../../src/errors/layers.js";
import { inTurn, metadata, type ScriptedClient, serviceError } from "../support/scripted-client.js";

const object = { Bucket: "b", Key: "k" };
const found = { ETag: '"e"' };
const missing = serviceError(404, "NotFound");

/** Options that take no time, and the pauses they were asked for, in milliseconds. */
function noTime(options: WaitOptions = {}): { options: WaitOptions; pauses: number[] } {
  const pauses: number[] = [];
  const sleep = async (milliseconds: number): Promise<void> => {
    pauses.push(milliseconds);
  };
  return { options: { jitter: 0, sleep, ...options }, pauses };
}

describe("waiting", () => {
  it("ends with the answer that was waited for", async () => {
    const client = inTurn(missing, missing, found);
    const { options, pauses } = noTime();
    await expect(waitUntil(client, "objectExists", object, options)).resolves.toMatchObject({ ETag: '"e"' });
    expect(client.calls.map(({ operation, input }) => [operation, input])).toEqual(
      Array(3).fill(["HeadObject", object]),
    );
    expect(pauses).toEqual([5000, 5000]);
  });

  it("ends with an error, where that is what was waited for", async () => {
    const client = inTurn(found, missing);
    await expect(waitUntil(client, "objectNotExists", object, noTime().options)).resolves.toBeUndefined();
    expect(client.calls).toHaveLength(2);
  });

  it.each([
    ["bucketExists", { Bucket: "b" }, serviceError(403, "AccessDenied")],
    ["bucketExists", { Bucket: "b" }, serviceError(301, "PermanentRedirect")],
    ["bucketNotExists", { Bucket: "b" }, missing],
  ] as const)("%s: %j %s is a yes", async (name, input, answer) => {
    const client = inTurn(answer);
    await expect(waitUntil(client, name, input, noTime().options)).resolves.toBeUndefined();
    expect(client.calls).toMatchObject([{ operation: "HeadBucket", input }]);
  });

  it("gives up after so many attempts, without a pause behind the last", async () => {
    const client = inTurn(missing);
    const { options, pauses } = noTime({ maxAttempts: 3, delay: 0.5 });
    const error = await waitUntil(client, "objectExists", object, options).catch((error: unknown) => error);
    expect(error).toBeInstanceOf(WaiterError);
    expect(error).toMatchObject({
      name: "WaiterError",
      waiter: "objectExists",
      reason: "MaxAttempts",
      attempts: 3,
      lastError: missing,
      lastResponse: { Error: { Code: "NotFound" } },
      cause: missing,
      message: expect.stringContaining("b/k"),
    });
    expect(pauses).toEqual([500, 500]);
  });

  it("asks twenty times, five seconds apart, unless told otherwise", async () => {
    const client = inTurn(missing);
    const { options, pauses } = noTime();
    await expect(waitUntil(client, "bucketExists", { Bucket: "b" }, options)).rejects.toMatchObject({ attempts: 20 });
    expect(pauses).toEqual(Array(19).fill(5000));
  });

  it("has the last answer where that was none of error", async () => {
    const error = await waitUntil(inTurn(found), "objectNotExists", object, noTime({ maxAttempts: 2 }).options).catch(
      (error: unknown) => error,
    );
    expect(error).toMatchObject({
      reason: "MaxAttempts",
      lastResponse: { ETag: '"e"', ResponseMetadata: metadata },
      lastError: undefined,
    });
  });

  it.each([
    ["objectExists", 403, "AccessDenied"],
    ["objectExists", 400, "BadRequest"],
    ["objectNotExists", 403, "AccessDenied"],
    ["bucketNotExists", 403, "AccessDenied"],
    ["bucketExists", 500, "InternalError"],
  ] as const)("%s fails at once for %i", async (name, status, code) => {
    const answer = serviceError(status, code);
    const client = inTurn(answer);
    await expect(waitUntil(client, name, object, noTime().options)).rejects.toMatchObject({
      name: "WaiterError",
      reason: "Unexpected",
      attempts: 1,
      cause: answer,
      lastError: answer,
    });
    expect(client.calls).toHaveLength(1);
  });

  it("is ended by what is no answer, as that is", async () => {
    const broken = new TransportError("connection refused");
    await expect(waitUntil(inTurn(broken), "objectExists", object, noTime().options)).rejects.toBe(broken);
  });

  it("leaves a share of the pause to chance", async () => {
    const { options, pauses } = noTime({ jitter: 0.5, delay: 1, maxAttempts: 200 });
    await expect(waitUntil(inTurn(missing), "objectExists", object, options)).rejects.toThrow(WaiterError);
    expect(Math.min(...pauses)).toBeGreaterThanOrEqual(500);
    expect(Math.max(...pauses)).toBeLessThanOrEqual(1500);
    expect(new Set(pauses).size).toBeGreaterThan(100);
  });

  it("passes timeout and headers on, and of the input everything", async () => {
    const client = inTurn(found);
    const { signal } = new AbortController();
    await waitUntil(client, "objectExists", { ...object, VersionId: "v" }, { signal, timeout: 9, headers: { a: "1" } });
    expect(client.calls[0]).toMatchObject({
      input: { ...object, VersionId: "v" },
      options: { signal, timeout: 9, headers: { a: "1" } },
    });
  });
});

describe("an abort", () => {
  it("ends the pause, and leaves neither timer nor listener", async () => {
    const controller = new AbortController();
    const reason = new Error("enough");
    const client = inTurn(missing);
    vi.useFakeTimers();
    try {
      const waiting = waitUntil(client, "objectExists", object, { signal: controller.signal });
      const outcome = expect(waiting).rejects.toBe(reason);
      await vi.waitFor(() => expect(vi.getTimerCount()).toBe(1));
      controller.abort(reason);
      await outcome;
      expect(vi.getTimerCount()).toBe(0);
    } finally {
      vi.useRealTimers();
    }
    expect(getEventListeners(controller.signal, "abort")).toHaveLength(0);
    expect(client.calls).toHaveLength(1);
  });

  it("before the first question asks none", async () => {
    const client: ScriptedClient = inTurn(found);
    await expect(waitUntil(client, "objectExists", object, { signal: AbortSignal.abort("no") })).rejects.toBe("no");
    expect(client.calls).toEqual([]);
  });
});

describe("waitUntil", () => {
  it("refuses what it does not know", async () => {
    const wrong = waitUntil(inTurn(found), "objectIsNice" as "objectExists", object);
    await expect(wrong).rejects.toThrow(ParamValidationError);
    await expect(wrong).rejects.toMatchObject({ hint: expect.stringContaining("bucketNotExists") });
  });

  it.each([{ delay: -1 }, { delay: Number.NaN }, { maxAttempts: 0 }, { maxAttempts: 1.5 }, { jitter: 2 }])(
    "refuses %j",
    async (options) => {
      const client = inTurn(found);
      await expect(waitUntil(client, "objectExists", object, options)).rejects.toThrow(ParamValidationError);
      expect(client.calls).toEqual([]);
    },
  );

  it("takes a delay of nothing", async () => {
    await expect(waitUntil(inTurn(missing, found), "objectExists", object, { delay: 0 })).resolves.toMatchObject(found);
  });
});

import { afterAll, beforeEach, describe, expect, it } from "vitest";
import { S3Client } from "../../src/client/client.js";
import { type S3Object, S3Resource } from "../../src/resource/index.js";
import { S3Server } from "../../src/testing/index.js";
import { inTurn, ScriptedClient, serviceError } from "../support/scripted-client.js";

const server = await S3Server.start({ buckets: ["river"] });
const s3 = new S3Client({ endpoint: server.url, region: server.region, credentials: server.credentials });
const bucket = new S3Resource(s3).bucket("river");
afterAll(async () => {
  await s3.close();
  await server.stop();
});
beforeEach(() => server.reset());

const scripted = (client: ScriptedClient): S3Object => new S3Resource(client.asClient).object("b", "k");

describe("an object", () => {
  it("is written and read in one word", async () => {
    const object = bucket.object("a/b c.json");
    await object.put('{"name":"tucuxi"}', { ContentType: "application/json" });
    expect(await object.text()).toBe('{"name":"tucuxi"}');
    expect(await object.json<{ name: string }>()).toEqual({ name: "tucuxi" });
    expect(Buffer.from(await object.bytes({ Range: "bytes=2-5" })).toString()).toBe("name");
    const chunks: Uint8Array[] = [];
    for await (const chunk of await object.stream()) chunks.push(chunk);
    expect(Buffer.concat(chunks).toString()).toBe('{"name":"tucuxi"}');
    expect((await object.load()).contentType).toBe("application/json");
  });

  it("takes every kind of body, and boto3's dictionary", async () => {
    const object = bucket.object("k");
    const bytes = new TextEncoder().encode("body");
    for (const body of [
      "body",
      bytes,
      bytes.buffer,
      new Blob(["body"]),
      [bytes],
      (async function* () {
        yield bytes;
      })(),
      new Blob(["body"]).stream(),
      () => "body",
    ]) {
      await object.put(body as string);
      expect(await object.text(), String(body)).toBe("body");
    }
    await object.put({ Body: "dictionary", Metadata: { a: "1" } });
    expect(await object.text()).toBe("dictionary");
    expect((await object.load()).metadata).toEqual({ a: "1" });
    await object.put();
    expect((await object.load()).contentLength).toBe(0);
  });

  it("passes options on, whichever way it is put", async () => {
    const client = inTurn({});
    await scripted(client).put("x", { ContentType: "a/b" }, { timeout: 1 });
    await scripted(client).put({ Body: "x" }, { timeout: 2 });
    expect(client.calls).toMatchObject([
      { input: { Bucket: "b", Key: "k", Body: "x", ContentType: "a/b" }, options: { timeout: 1 } },
      { input: { Bucket: "b", Key: "k", Body: "x" }, options: { timeout: 2 } },
    ]);
  });

  it("exists or not", async () => {
    expect(await bucket.object("k").exists()).toBe(false);
    await bucket.object("k").put("x");
    expect(await bucket.object("k").exists()).toBe(true);
    await expect(scripted(inTurn(serviceError(403, "AccessDenied"))).exists()).rejects.toMatchObject({
      statusCode: 403,
    });
  });

  it("gives URLs for anybody", async () => {
    const object = bucket.object("k");
    const written = await fetch(await object.presign("putObject", {}, { expiresIn: 60 }), {
      method: "PUT",
      body: "by fetch",
    });
    expect(written.status).toBe(200);
    expect(await (await fetch(await object.presign())).text()).toBe("by fetch");
    const url = await object.presign({ expiresIn: 60 });
    expect(url).toContain("X-Amz-Expires=60");
    expect(await (await fetch(url)).text()).toBe("by fetch");
  });

  it("of a listing is loaded by its own attributes", async () => {
    await bucket.object("k").put("four");
    const [summary] = await bucket.objects.toArray();
    expect(summary?.size).toBe(4);
    await bucket.object("k").put("five!");
    await summary?.load();
    expect(summary?.size).toBe(5);
    expect(summary?.eTag).toMatch(/^"[0-9a-f]{32}"$/);
    expect(await summary?.text()).toBe("five!");
    expect(summary?.object().equals(bucket.object("k"))).toBe(true);
  });

  it("waits for itself", async () => {
    const object = bucket.object("k");
    await object.put("x");
    await object.waitUntilExists();
    await object.delete();
    await object.waitUntilNotExists({ delay: 0.001, maxAttempts: 2 });
    await expect(object.waitUntilExists({ delay: 0.001, maxAttempts: 2 })).rejects.toMatchObject({
      name: "WaiterError",
      attempts: 2,
    });
    await expect(object.waitUntilExists({}, { delay: 0.001, maxAttempts: 3 })).rejects.toMatchObject({ attempts: 3 });
  });
});

describe("update", () => {
  it("creates, changes and leaves alone", async () => {
    const object = bucket.object("log");
    const append = (text = ""): string => `${text}line\n`;
    await object.update(append);
    await object.update(append);
    expect(await object.text()).toBe("line\nline\n");
    const { eTag } = await object.load();
    expect(await object.update(() => undefined)).toBeUndefined();
    expect((await object.load()).eTag).toBe(eTag);
  });

  it("speaks JSON and bytes", async () => {
    const object = bucket.object("counter");
    for (let i = 0; i < 3; i++) {
      await object.update<{ count: number }>(({ count } = { count: 0 }) => ({ count: count + 1 }), { as: "json" });
    }
    expect(await object.json()).toEqual({ count: 3 });
    expect((await object.load()).contentType).toBe("application/json");
    await object.update((bytes) => bytes?.subarray(0, 1), { as: "bytes" });
    expect(await object.text()).toBe("{");
    await expect(object.update((value) => value, { as: "json" })).rejects.toMatchObject({ code: "NotJson" });
  });

  it("loses nothing that others write at the same time", async () => {
    const object = bucket.object("shared");
    const writers = Array.from({ length: 6 }, (_, i) =>
      object.update((text = "") => `${text}${i}`, { maxAttempts: 50 }),
    );
    await Promise.all(writers);
    expect([...(await object.text())].sort().join("")).toBe("012345");
  });

  it("begins anew when the object was deleted in between", async () => {
    const object = bucket.object("k");
    await object.put("old");
    const seen: (string | undefined)[] = [];
    await object.update(async (text) => {
      seen.push(text);
      if (seen.length === 1) await object.delete();
      return `${text ?? "none"}+`;
    });
    expect(seen).toEqual(["old", undefined]);
    expect(await object.text()).toBe("none+");
  });

  it("keeps what a plain write would lose", async () => {
    const object = bucket.object("k");
    await object.put("old", {
      ContentType: "text/plain",
      CacheControl: "no-store",
      ContentLanguage: "de",
      Metadata: { author: "me" },
      Tagging: "a=1&b%20c=%C3%B6%3D%2B",
    });
    await object.update((text) => `${text}er`, { put: { ContentLanguage: "en" } });
    await object.load();
    expect([object.contentType, object.cacheControl, object.contentLanguage, object.metadata]).toEqual([
      "text/plain",
      "no-store",
      "en",
      { author: "me" },
    ]);
    const { TagSet } = await s3.getObjectTagging({ Bucket: "river", Key: "k" });
    expect(TagSet).toEqual([
      { Key: "a", Value: "1" },
      { Key: "b c", Value: "ö=+" },
    ]);
    expect(await object.text()).toBe("older");
  });

  const body = (text: string) => ({ bytes: async () => Buffer.from(text) });
  const conflict = (answer: Error, reads = ["one"]): ScriptedClient => {
    let next = 0;
    return new ScriptedClient(({ operation }) => {
      if (operation === "PutObject") throw answer;
      const text = reads[Math.min(next++, reads.length - 1)]!;
      return { Body: body(text), ETag: `"${text}"` };
    });
  };

  it.each([
    serviceError(412, "PreconditionFailed"),
    serviceError(409, "ConditionalRequestConflict"),
    serviceError(404, "NoSuchKey"),
  ])("gives up after so many attempts: %s", async (answer) => {
    const client = conflict(answer);
    await expect(scripted(client).update((text) => `${text}!`, { maxAttempts: 3 })).rejects.toBe(answer);
    expect(client.inputs("PutObject")).toHaveLength(3);
    expect(client.inputs("PutObject")[0]).toMatchObject({ Bucket: "b", Key: "k", IfMatch: '"one"' });
  });

  it.each([serviceError(403, "AccessDenied"), serviceError(404, "NoSuchBucket")])(
    "does not repeat what is no conflict: %s",
    async (answer) => {
      const client = conflict(answer);
      await expect(scripted(client).update(() => "x")).rejects.toBe(answer);
      expect(client.inputs("PutObject")).toHaveLength(1);
    },
  );

  it("knows its own write again when its answer was lost", async () => {
    const client = conflict(serviceError(412, "PreconditionFailed", 2), ["one", "one!"]);
    await expect(scripted(client).update((text) => `${text}!`)).resolves.toMatchObject({ ETag: '"one!"' });
    expect(client.inputs("PutObject")).toHaveLength(1);
  });

  it("refuses to write without a condition, or what is no content", async () => {
    const client = new ScriptedClient(() => ({ Body: body("x") }));
    await expect(scripted(client).update(() => "y")).rejects.toMatchObject({ code: "NoETag" });
    const number = (() => 5) as unknown as () => string;
    await expect(bucket.object("k").update(number)).rejects.toMatchObject({
      name: "ParamValidationError",
      hint: expect.stringContaining("json"),
    });
    await expect(bucket.object("k").update("text" as unknown as () => string)).rejects.toMatchObject({
      name: "ParamValidationError",
    });
  });
});

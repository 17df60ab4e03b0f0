// Every row of the README's table for those who come from the AWS SDK is run, and what it does is looked at.
import { readFileSync } from "node:fs";
import { Readable } from "node:stream";
import { fileURLToPath } from "node:url";
import { NoSuchKey, S3Client } from "tucuxi";
import { S3Server } from "tucuxi/testing";
import { afterAll, beforeEach, describe, expect, it } from "vitest";

const readme = readFileSync(fileURLToPath(new URL("../../README.md", import.meta.url)), "utf8");
const section = readme.split(/^(?=## )/m).find((part) => part.startsWith("## Coming from the AWS SDK")) ?? "";
const rows = [...section.matchAll(/^\| `.+` \| `([^`]+)` \|$/gm)].map((match) => match[1] ?? "");

const server = await S3Server.start({ buckets: ["river"] });
const s3 = new S3Client({ endpoint: server.url, region: server.region, credentials: server.credentials });
const read = async (Key: string): Promise<string> => (await s3.getObject({ Bucket: "river", Key })).Body.text();

beforeEach(async () => {
  server.reset();
  await s3.putObject({ Bucket: "river", Key: "k", Body: "text" });
});
afterAll(async () => {
  await s3.close();
  await server.stop();
});

/** What to see of each row, in their order. */
const checks: ((value: unknown) => unknown)[] = [
  async () => expect(await read("k")).toBe("new"),
  (value) => expect(value).toBe("text"),
  (value) => expect(value).toEqual(new Uint8Array(Buffer.from("text"))),
  async (value) => expect(await new Response(value as ConstructorParameters<typeof Response>[0]).text()).toBe("text"),
  (value) => expect(value).toMatchObject([{ Key: "k" }]),
  async (value) => {
    for await (const page of value as AsyncIterable<{ Contents: unknown[] }>) expect(page.Contents).toHaveLength(1);
  },
  (value) => expect(value).toMatchObject({ ContentLength: 4 }),
  async (value) => expect(await (await fetch(value as string)).text()).toBe("text"),
  (value) => expect(value).toMatchObject({ fields: { key: "k" } }),
  async () => expect(await read("c")).toBe("text"),
  async () => expect(await read("k")).toBe("streamed"),
  (value) => expect(value).toMatchObject({ ContentLength: 4 }),
  (value) => expect(value).toBe(true),
  (value) => expect(value).toMatch(/^\w+$/),
  (value) => expect(value).toBeInstanceOf(S3Client),
  (value) => expect(value).toBeUndefined(),
];

describe("the README's table for those who come from the AWS SDK", () => {
  it("has a check for each row", () => {
    expect(rows).toHaveLength(checks.length);
  });

  it.each(rows.map((code, at) => [code, at] as const))("%s", async (code, at) => {
    const AsyncFunction = (async () => {}).constructor as new (
      ...parts: string[]
    ) => (...values: unknown[]) => Promise<unknown>;
    const world = {
      S3Client,
      NoSuchKey,
      s3,
      f: Readable.from([Buffer.from("streamed")]),
      signal: new AbortController().signal,
    };
    const value = await new AsyncFunction(...Object.keys(world), `return ${code}`)(...Object.values(world));
    await checks[at]?.(value);
  });
});

import { createHash } from "node:crypto";
import { S3Client } from "tucuxi";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { RawServer } from "../golden/servers.js";
import { header } from "../golden/wire.js";

describe("an object that is locked from the start", () => {
  let server: RawServer;
  beforeAll(async () => {
    server = await RawServer.start();
  });
  afterAll(() => server.stop());

  async function put(input: object): Promise<string | undefined> {
    await using s3 = new S3Client({
      endpoint: server.origin,
      region: "us-east-1",
      credentials: { accessKeyId: "AKID", secretAccessKey: "secret" },
    });
    await s3.putObject({ Bucket: "river", Key: "k", Body: "text", ...input }).catch(() => {});
    return header(server.sent.at(-1)!, "content-md5");
  }

  it("goes to other stores with a Content-MD5, which S3 has always asked for", async () => {
    const md5 = createHash("md5").update("text").digest("base64");
    expect(await put({ ObjectLockLegalHoldStatus: "ON" })).toBe(md5);
    expect(await put({ ObjectLockMode: "GOVERNANCE", ObjectLockRetainUntilDate: new Date("2030-01-01") })).toBe(md5);
    expect(await put({})).toBeUndefined();
  });
});

import os from "node:os";
import { Session } from "tucuxi";
import { expect, it, vi } from "vitest";
import { homeFolder } from "../../src/config/locate.js";

vi.spyOn(os, "homedir").mockImplementation(() => {
  throw Object.assign(new Error("uv_os_homedir returned ENOENT"), { code: "ERR_SYSTEM_ERROR" });
});

it("a user without a home has no files, and that is all", async () => {
  expect(homeFolder({})).toBe("/");
  const session = new Session({
    env: {},
    region: "eu-west-1",
    credentials: { accessKeyId: "a", secretAccessKey: "s" },
  });
  await using s3 = session.client();
  expect(await s3.presign("getObject", { Bucket: "river", Key: "k" })).toMatch(
    /^https:\/\/river\.s3\.eu-west-1\.amazonaws\.com\/k\?/,
  );
});

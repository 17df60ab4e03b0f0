import { S3Server } from "tucuxi/testing";
import { afterAll, beforeEach, describe, expect, it } from "vitest";
import { call, element, fault, put } from "./raw.js";

let chance = 0;
const server = await S3Server.start({ buckets: ["bucket"], random: () => chance });
afterAll(() => server.stop());
beforeEach(async () => {
  server.reset();
  await put(server, "/bucket/k", "0123456789");
});

const get = (path = "/bucket/k") => call(server, { path });

describe("a fault", () => {
  it("answers with a code, so many times", async () => {
    const slow = server.fault({ operation: "GetObject", times: 2, code: "SlowDown", headers: { "Retry-After": "3" } });
    const first = await get();
    expect([fault(first), first.headers["retry-after"]]).toEqual(["503 SlowDown", "3"]);
    expect(fault(await get())).toBe("503 SlowDown");
    expect((await get()).text).toBe("0123456789");
    expect(slow.hits).toBe(2);
  });

  it("answers with a status, its own words, or a proxy's", async () => {
    server.fault({ status: 500, times: 1 });
    expect(fault(await get())).toBe("500 InternalError");
    server.fault({ status: 502, code: "Whatever", message: "in words", times: 1 });
    const own = await get();
    expect([fault(own), element(own.text, "Message")]).toEqual(["502 Whatever", "in words"]);
    server.fault({ status: 502, body: "<html>Bad Gateway</html>", times: 1 });
    expect((await get()).text).toBe("<html>Bad Gateway</html>");
  });

  it.each([
    [
      { operation: "getObject", code: "SlowDown" },
      /^fault: operation: "getObject" is no operation of S3$/,
      /^Did you mean GetObject\? /,
    ],
    [
      { operation: ["GetObject", "Get"], status: 500 },
      /^fault: operation: "Get" is no operation of S3$/,
      /^Operations have /,
    ],
    [{ operation: "GetObject", stall: 5 }, /^fault: stall: not an option$/, /^Did you mean stallMs\? /],
    [null, /^fault: options: expected dictionary, got null$/, /^The options are operation, /],
  ])("is refused where it could never be met: %j", (options, message, hint) => {
    expect(() => server.fault(options as never)).toThrow(
      expect.objectContaining({
        name: "ParamValidationError",
        message: expect.stringMatching(message),
        hint: expect.stringMatching(hint),
      }),
    );
  });

  it("can be of a posted form", () => {
    expect(server.fault({ operation: "PostObject", code: "SlowDown" }).hits).toBe(0);
  });

  it("meets only what it is meant for", async () => {
    await put(server, "/bucket/log/1", "x");
    server.fault({ operation: ["GetObject", "HeadObject"], bucket: "bucket", key: /^log\//, status: 500 });
    expect([
      (await get()).status,
      (await get("/bucket/log/1")).status,
      (await get("/bucket?list-type=2")).status,
    ]).toEqual([200, 500, 200]);
    server.clearFaults();
    server.fault({ key: "k", skip: 1, status: 500 });
    expect([(await get()).status, (await get()).status, (await get()).status]).toEqual([200, 500, 500]);
  });

  it("comes by chance, and can be taken away", async () => {
    const half = server.fault({ chance: 0.5, status: 500 });
    chance = 0.4;
    expect((await get()).status).toBe(500);
    chance = 0.5;
    expect((await get()).status).toBe(200);
    chance = 0;
    half.remove();
    expect((await get()).status).toBe(200);
  });

  it("may come after the work is done, so that only the answer is lost", async () => {
    server.fault({ operation: "PutObject", status: 500, times: 1, afterwards: true });
    expect((await call(server, { method: "PUT", path: "/bucket/lost", body: "x" })).status).toBe(500);
    expect((await get("/bucket/lost")).text).toBe("x");
    server.fault({ operation: "PutObject", status: 500, times: 1 });
    expect((await call(server, { method: "PUT", path: "/bucket/never", body: "x" })).status).toBe(500);
    expect((await get("/bucket/never")).status).toBe(404);
  });

  it("hides an error in a 200, behind white space", async () => {
    server.fault({ operation: "CopyObject", errorIn200: "InternalError", whitespace: 3 });
    const answer = await call(server, {
      method: "PUT",
      path: "/bucket/copy",
      headers: { "x-amz-copy-source": "/bucket/k" },
    });
    expect([fault(answer), answer.text.slice(0, 8)]).toEqual(["200 InternalError", "   <?xml"]);
  });

  it("resets connections: before the answer, in its middle, or in the request's", async () => {
    server.fault({ resetAfter: 0, times: 1 });
    await expect(get()).rejects.toThrow(/ECONNRESET|hang up/);
    server.fault({ resetAfter: 4, times: 1 });
    await expect(get()).rejects.toThrow(/ECONNRESET|aborted/);
    server.fault({ operation: "PutObject", resetRequestAfter: 10, times: 1 });
    await expect(call(server, { method: "PUT", path: "/bucket/cut", body: "x".repeat(100) })).rejects.toThrow(
      /ECONNRESET|hang up/,
    );
    expect((await get("/bucket/cut")).status).toBe(404);
    expect((await get()).text).toBe("0123456789");
  });

  it("cuts bodies short, and changes them", async () => {
    server.fault({ truncateAfter: 4, times: 1 });
    await expect(get()).rejects.toThrow(/aborted/);
    server.fault({ corruptAt: 2, times: 1 });
    expect((await get()).text).toBe("0133456789");
    server.fault({ corruptAt: -1, times: 1 });
    expect((await get()).text).toBe("0123456788");
    expect((await get()).text).toBe("0123456789");
  });

  it("gives wrong checksums", async () => {
    const ask = () => call(server, { path: "/bucket/k", headers: { "x-amz-checksum-mode": "ENABLED" } });
    const right = await ask();
    server.fault({ wrongChecksum: true, times: 1 });
    const wrong = await ask();
    expect(wrong.text).toBe(right.text);
    expect(wrong.headers["x-amz-checksum-crc64nvme"]).not.toBe(right.headers["x-amz-checksum-crc64nvme"]);
    expect(wrong.headers["etag"]).not.toBe(right.headers["etag"]);
    server.fault({ wrongChecksum: true, times: 1 });
    const copied = await call(server, {
      method: "PUT",
      path: "/bucket/copy",
      headers: { "x-amz-copy-source": "/bucket/k" },
    });
    expect(element(copied.text, "ETag")).not.toContain(right.headers["etag"]!.replaceAll('"', ""));
  });

  it("stalls, before the answer or in its middle", async () => {
    for (const effect of [{ stallMs: 150 }, { stallMs: 150, stallAfter: 5 }]) {
      server.fault({ ...effect, times: 1 });
      const order: string[] = [];
      const stalled = get().then(({ text }) => order.push(`stalled ${text}`));
      while (!server.requests.some(({ operation }) => operation === "GetObject")) await new Promise(setImmediate);
      order.push(`other ${(await get()).text}`);
      await stalled;
      expect(order).toEqual(["other 0123456789", "stalled 0123456789"]);
      server.requests.length = 0;
    }
  });

  it("has another clock or another region", async () => {
    server.fault({ skewSeconds: 3600, times: 1 });
    const skewed = await get();
    expect(fault(skewed)).toBe("403 RequestTimeTooSkewed");
    expect(Date.parse(skewed.headers["date"]!) - Date.now()).toBeGreaterThan(3_000_000);
    server.fault({ redirectTo: "eu-west-1", times: 1 });
    const moved = await get();
    expect([fault(moved), moved.headers["x-amz-bucket-region"]]).toEqual(["301 PermanentRedirect", "eu-west-1"]);
  });

  it("only counts when it has no effect", async () => {
    const counter = server.fault({ operation: "GetObject" });
    await get();
    await get();
    expect(counter.hits).toBe(2);
  });
});

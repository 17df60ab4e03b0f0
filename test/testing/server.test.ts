import { readFileSync } from "node:fs";
import { Agent, get, request } from "node:http";
import { get as httpsGet } from "node:https";
import { S3Server } from "tucuxi/testing";
import { afterAll, describe, expect, it } from "vitest";
import { call, element, fault, put, send, sign } from "./raw.js";

const server = await S3Server.start({ buckets: ["first"] });
afterAll(() => server.stop());

describe("a server", () => {
  it("says where it is and who may come in", () => {
    expect(server.url).toBe(`http://127.0.0.1:${server.port}`);
    expect(server.region).toBe("us-east-1");
    expect(Object.keys(server.credentials)).toEqual(["accessKeyId", "secretAccessKey"]);
  });

  it("has the buckets it was started with", async () => {
    const answer = await call(server, { path: "/" });
    expect(answer.status).toBe(200);
    expect(element(answer.text, "Name")).toBe("first");
  });

  it("refuses to start with a bucket that S3 would not have", async () => {
    await expect(S3Server.start({ buckets: ["Not Good"] })).rejects.toThrow(/"Not Good" can't be a bucket/);
  });

  it("refuses options that nobody knows", async () => {
    await expect(S3Server.start({ bucket: ["first"] } as never)).rejects.toMatchObject({
      name: "ConfigError",
      hint: expect.stringContaining("Did you mean buckets?"),
    });
  });

  it.each<[unknown, RegExp]>([
    [null, /^S3Server: its options must be an object$/],
    [{ port: "9000" }, /^port: must be a whole number from 0 to 65535$/],
    [{ port: 70_000 }, /^port: must be a whole number from 0 to 65535$/],
    [{ buckets: "first" }, /^buckets: must be a list of names$/],
    [{ regions: "eu-west-1" }, /^regions: must be a list of names$/],
    [{ credentials: { accessKeyId: "a" } }, /^credentials: must be an object with accessKeyId and secretAccessKey/],
    [{ credentials: [{ accessKeyId: "a", secretAccessKey: "" }] }, /^credentials: must be an object with accessKeyId/],
    [{ clock: 5 }, /^clock: must be a function$/],
    [{ pageSize: 0 }, /^pageSize: must be a whole number above 0$/],
  ])("refuses options of the wrong kind: %j", async (options, message) => {
    await expect(S3Server.start(options as never)).rejects.toMatchObject({
      name: "ConfigError",
      message: expect.stringMatching(message),
    });
  });

  it("takes its time from a clock, as a Date or in milliseconds", async () => {
    const time = Date.parse("2026-01-31T12:00:00Z");
    for (const clock of [() => new Date(time), () => time]) {
      await using other = await S3Server.start({ clock });
      expect((await call(other, { path: "/" })).headers["date"]).toBe(new Date(time).toUTCString());
    }
  });

  it("answers with S3's headers", async () => {
    const { headers } = await call(server, { path: "/first" });
    expect(headers["server"]).toBe("AmazonS3");
    expect(headers["x-amz-request-id"]).toMatch(/^[0-9A-F]{16}$/);
    expect(headers["x-amz-id-2"]).toMatch(/^[A-Za-z0-9+/=]{40,}$/);
    expect(headers["content-type"]).toBe("application/xml");
    expect(Date.parse(headers["date"]!)).not.toBeNaN();
  });

  it("writes errors as S3 does, and only the status for HEAD", async () => {
    const answer = await call(server, { path: "/first/nope" });
    expect(fault(answer)).toBe("404 NoSuchKey");
    expect(
      answer.text.startsWith('<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>NoSuchKey</Code><Message>'),
    ).toBe(true);
    expect(element(answer.text, "Key")).toBe("nope");
    expect(element(answer.text, "RequestId")).toBe(answer.headers["x-amz-request-id"]);
    expect(element(answer.text, "HostId")).toBe(answer.headers["x-amz-id-2"]);
    const head = await call(server, { method: "HEAD", path: "/first/nope" });
    expect([head.status, head.text]).toEqual([404, ""]);
  });

  it("keeps a log of what was asked", async () => {
    server.requests.length = 0;
    await put(server, "/first/a%2Fb?x-id=PutObject", "12345");
    await call(server, { path: "/first/nope" });
    expect(
      server.requests.map(({ operation, key, bodyBytes, statusCode, code }) => [
        operation,
        key,
        bodyBytes,
        statusCode,
        code,
      ]),
    ).toEqual([
      ["PutObject", "a/b", 5, 200, undefined],
      ["GetObject", "nope", 0, 404, "NoSuchKey"],
    ]);
    expect(server.requests[0]!.url).toBe("/first/a%2Fb?x-id=PutObject");
  });

  it("forgets everything but its first buckets", async () => {
    await put(server, "/first/key", "1");
    await put(server, "/second-bucket");
    server.reset();
    expect(server.requests).toEqual([]);
    expect(fault(await call(server, { path: "/first/key" }))).toBe("404 NoSuchKey");
    expect(fault(await call(server, { path: "/second-bucket" }))).toBe("404 NoSuchBucket");
  });

  it("keeps connections, also after errors and bodies nobody wanted", async () => {
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    const ports = new Set<number | undefined>();
    for (const [method, path] of [
      ["GET", "/"],
      ["PUT", "/first/x"],
      ["DELETE", "/first/x"],
      ["PUT", "/first/y"],
    ] as const) {
      await new Promise<void>((resolve, reject) => {
        const sent = request({ port: server.port, method, path, agent, headers: { "content-length": 3 } }, (answer) => {
          ports.add(sent.socket?.localPort);
          answer.resume().on("end", resolve);
        });
        sent.on("error", reject);
        sent.end("abc");
      });
    }
    agent.destroy();
    expect(ports.size).toBe(1);
  });

  it("knows virtual hosts: bucket.localhost, its own domains and S3's names", async () => {
    const domains = await S3Server.start({ buckets: ["first", "with.dots"], domains: ["s3.test"] });
    await put(domains, "/first/k", "in first");
    const hosts = [
      "first.localhost",
      `first.localhost:${domains.port}`,
      "first.s3.test",
      "FIRST.s3.test",
      "first.s3.amazonaws.com",
      "first.s3.us-east-1.amazonaws.com",
    ];
    const found = await Promise.all(hosts.map((host) => call(domains, { path: "/k", headers: { Host: host } })));
    expect(found.map((answer) => answer.text)).toEqual(hosts.map(() => "in first"));
    const elsewhere = await call(domains, { path: "/first/k", headers: { Host: "s3.test" } });
    expect(elsewhere.text).toBe("in first");
    await domains.stop();
  });

  it("speaks TLS when it has a certificate", async () => {
    const pem = (name: string) => readFileSync(new URL(`../../fixtures/tls/${name}.pem`, import.meta.url), "utf8");
    const certificate = pem("loopback");
    const secure = await S3Server.start({ buckets: ["first"], tls: { key: certificate, cert: certificate } });
    expect(secure.url).toBe(`https://127.0.0.1:${secure.port}`);
    const { path, headers } = sign(secure, { path: "/first?location" });
    const text = await new Promise<string>((resolve, reject) => {
      const ask = { host: "127.0.0.1", port: secure.port, path, headers, ca: pem("authority"), agent: false as const };
      httpsGet(ask, (answer) => {
        let found = "";
        answer.on("data", (data) => (found += data)).on("end", () => resolve(found));
      }).on("error", reject);
    });
    expect(text).toContain("<LocationConstraint");
    await secure.stop();
    await expect(S3Server.start({ tls: { key: "nonsense", cert: "nonsense" } })).rejects.toThrow();
  });

  it("lets go of the port and of every connection when it stops", async () => {
    const other = await S3Server.start();
    const agent = new Agent({ keepAlive: true });
    await new Promise((resolve) => get({ port: other.port, agent }, (answer) => answer.resume().on("end", resolve)));
    await other.stop();
    await other.stop();
    agent.destroy();
    await expect(send(other, { path: "/" })).rejects.toThrow(/ECONNREFUSED/);
    const again = await S3Server.start({ port: other.port });
    expect(again.port).toBe(other.port);
    await expect(S3Server.start({ port: again.port })).rejects.toThrow(/EADDRINUSE/);
    await again[Symbol.asyncDispose]();
  });

  it("has a clock that tests can set", async () => {
    const now = new Date("2031-02-03T04:05:06.789Z");
    const dated = await S3Server.start({ clock: () => now, buckets: ["first"] });
    const headers = { Date: now.toUTCString() };
    await call(dated, { method: "PUT", path: "/first/k", body: "", headers });
    const answer = await call(dated, { path: "/first/k", headers });
    expect(answer.headers["last-modified"]).toBe("Mon, 03 Feb 2031 04:05:06 GMT");
    expect(answer.headers["date"]).toBe("Mon, 03 Feb 2031 04:05:06 GMT");
    expect(fault(await call(dated, { path: "/first/k" }))).toBe("403 RequestTimeTooSkewed");
    await dated.stop();
  });

  it("is bounded, and says so kindly", async () => {
    const small = await S3Server.start({ buckets: ["first"], maxBytes: 1000 });
    await put(small, "/first/a", "x".repeat(600));
    const answer = await call(small, { method: "PUT", path: "/first/b", body: "x".repeat(600) });
    expect(fault(answer)).toBe("507 InsufficientStorage");
    expect(answer.text).toContain("maxBytes");
    await put(small, "/first/a", "x".repeat(300));
    await put(small, "/first/b", "x".repeat(600));
    await call(small, { method: "DELETE", path: "/first/b" });
    await put(small, "/first/c", "x".repeat(700));
    await small.stop();
  });

  it("refuses what it does not do", async () => {
    await put(server, "/first/k");
    expect(fault(await call(server, { path: "/first/k?torrent" }))).toBe("501 NotImplemented");
    expect(fault(await call(server, { method: "POST", path: "/first/k?select&select-type=2", body: "" }))).toBe(
      "501 NotImplemented",
    );
    expect(fault(await call(server, { method: "PATCH", path: "/first/k", body: "" }))).toBe("405 MethodNotAllowed");
    expect(fault(await call(server, { method: "PUT", path: "/first?analytics", body: "" }))).toBe(
      "400 InvalidArgument",
    );
    expect(fault(await call(server, { method: "DELETE", path: "/first?acl" }))).toBe("405 MethodNotAllowed");
  });
});

import { describe, expect, it } from "vitest";
import { makeResponseBody } from "../../src/transport/index.js";
import { answering, get, reply, transport } from "./support.js";

describe("send", () => {
  it("gives status, headers and body", async () => {
    const server = await answering(() =>
      reply("hello", "200 OK", { ETag: '"x"', "X-A": "1", "x-a": "2", __proto__x: "y" }),
    );
    const response = await transport().send(get(server, { headers: ["host", "other.example", "x-b", "c"] }));
    expect(response.status).toBe(200);
    expect({ ...response.headers }).toEqual({ "content-length": "5", etag: '"x"', "x-a": "1, 2", __proto__x: "y" });
    expect("toString" in response.headers).toBe(false);
    expect(response.body.toString()).toBe("hello");
    expect(server.received).toBe(
      "GET /bucket/key HTTP/1.1\r\nhost: other.example\r\nconnection: keep-alive\r\nx-b: c\r\n\r\n",
    );
  });

  it("streams", async () => {
    const server = await answering(() => reply("hello stream"));
    const response = await transport().send(get(server, { expect: "stream" }));
    const body = makeResponseBody(response.source!, { contentLength: 12 });
    expect(await body.text()).toBe("hello stream");
    expect(body.bodyUsed).toBe(true);
    await expect(body.text()).rejects.toThrow(/read already/);
  });

  it("opens as many sockets as requests are in flight, HEAD included", async () => {
    const server = await answering((head) =>
      head.startsWith("HEAD") ? "HTTP/1.1 200 OK\r\ncontent-length: 7\r\nconnection: keep-alive\r\n\r\n" : reply("x"),
    );
    const client = transport();
    const lane = async (method: string): Promise<void> => {
      for (let i = 0; i < 20; i++) await client.send(get(server, { method, body: method === "PUT" ? "body" : null }));
    };
    await Promise.all(Array.from({ length: 8 }, (_, i) => lane(["GET", "HEAD", "PUT", "DELETE"][i % 4]!)));
    expect(server.accepted).toBe(8);
    expect(client.stats()).toMatchObject({ sockets: 8, idle: 8, running: 0, queued: 0, requests: 160, opened: 8 });
  });
});

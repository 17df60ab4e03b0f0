import { Agent, Client, Dispatcher, interceptors, MockAgent, Pool, RetryAgent } from "undici";
import { afterEach, describe, expect, it } from "vitest";
import { makeResponseBody } from "../../src/transport/index.js";
import { answering, eventually, failure, get, rawServer, reply, transport } from "./support.js";

const closing: { destroy(): Promise<void> }[] = [];
afterEach(async () => {
  for (const one of closing.splice(0)) await one.destroy();
});
const mine = <T extends { destroy(): Promise<void> }>(dispatcher: T): T => {
  closing.push(dispatcher);
  return dispatcher;
};

describe("a dispatcher of the caller's", () => {
  it("carries requests of every kind, and is left open", async () => {
    const server = await answering((head) =>
      head.startsWith("HEAD")
        ? "HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n"
        : reply("x".repeat(300_000), "200 OK", { "X-Two": "a" }),
    );
    for (const dispatcher of [
      mine(new Agent()),
      mine(new Pool(server.origin)),
      mine(new Client(server.origin)),
      mine(new Agent()).compose(interceptors.retry()),
      mine(new RetryAgent(mine(new Agent()))),
    ]) {
      const client = transport({ dispatcher });
      const whole = await client.send(get(server, { headers: ["x-b", "1", "x-b", "2"] }));
      expect([whole.status, whole.body.length, whole.headers["x-two"]]).toEqual([200, 300_000, "a"]);
      expect(server.received).toMatch(/x-b: 1\r\nx-b: 2/);
      const { source } = await client.send(get(server, { expect: "stream" }));
      expect(await makeResponseBody(source!, { contentLength: 300_000 }).bytes()).toHaveLength(300_000);
      expect(await client.send(get(server, { method: "HEAD", expect: "none" }))).toMatchObject({ status: 200 });
      expect(await client.send(get(server, { method: "PUT", body: Buffer.from("bytes") }))).toMatchObject({
        status: 200,
      });
      async function* pieces(): AsyncGenerator<Uint8Array> {
        yield Buffer.from("ab");
        yield Buffer.from("cd");
      }
      expect(await client.send(get(server, { method: "PUT", body: pieces(), contentLength: 4 }))).toMatchObject({
        status: 200,
      });
      expect(server.received).toMatch(/content-length: 4\r\n\r\nabcd$/);
      await client.close();
      await client.destroy();
      expect((dispatcher as Agent).closed ?? false).toBe(false);
      expect((dispatcher as Agent).destroyed ?? false).toBe(false);
      expect(client.stats().sockets).toBe(0);
    }
  });

  it("may be a mock", async () => {
    const mock = new MockAgent();
    closing.push({ destroy: () => mock.close() });
    mock.disableNetConnect();
    mock
      .get("http://s3.test")
      .intercept({ path: "/bucket/key", method: "PUT", body: "sent", headers: { "x-a": "b" } })
      .reply(200, "mocked", { headers: { etag: '"e"' } });
    mock.get("http://s3.test").intercept({ path: "/bucket/key" }).replyWithError(new Error("mocked failure"));
    const client = transport({ dispatcher: mock });
    const answer = await client.send(
      get({ origin: "http://s3.test" }, { method: "PUT", body: "sent", headers: ["x-a", "b"] }),
    );
    expect([answer.body.toString(), answer.headers["etag"]]).toEqual(["mocked", '"e"']);
    const error = await failure(client.send(get({ origin: "http://s3.test" })));
    expect(error).toMatchObject({ name: "TransportError", cause: { message: "mocked failure" } });
    expect(await failure(client.send(get({ origin: "http://s3.test" }, { path: "/other" })))).toMatchObject({
      name: "TransportError",
    });
  });

  it("may answer itself, in the old way or in the new", async () => {
    const seen: Dispatcher.DispatchOptions[] = [];
    class Old extends Dispatcher {
      override dispatch(options: Dispatcher.DispatchOptions, handler: Dispatcher.DispatchHandler): boolean {
        seen.push(options);
        queueMicrotask(() => {
          handler.onConnect?.(() => {});
          handler.onHeaders?.(103, [], () => {}, "Early Hints");
          handler.onHeaders?.(200, [Buffer.from("X-A"), Buffer.from("1")], () => {}, "OK");
          handler.onData?.(Buffer.from("old"));
          handler.onComplete?.([]);
        });
        return true;
      }
    }
    class New extends Dispatcher {
      override dispatch(options: Dispatcher.DispatchOptions, handler: Dispatcher.DispatchHandler): boolean {
        seen.push(options);
        const controller = { aborted: false, paused: false, reason: null, abort() {}, pause() {}, resume() {} };
        handler.onRequestStart?.(controller, {});
        handler.onResponseStart?.(controller, 200, { "X-A": ["1", "2"] }, "OK");
        handler.onResponseData?.(controller, Buffer.from("new"));
        handler.onResponseEnd?.(controller, {});
        return true;
      }
    }
    class Both extends New {
      override dispatch(options: Dispatcher.DispatchOptions, handler: Dispatcher.DispatchHandler): boolean {
        super.dispatch(options, handler);
        handler.onConnect?.(() => {});
        handler.onHeaders?.(500, [], () => {}, "again");
        handler.onData?.(Buffer.from("twice"));
        handler.onComplete?.([]);
        return true;
      }
    }
    for (const [Kind, text, header] of [
      [Old, "old", "1"],
      [New, "new", "1, 2"],
      [Both, "new", "1, 2"],
    ] as const) {
      const client = transport({ dispatcher: new Kind() });
      const answer = await client.send(
        get({ origin: "http://s3.test" }, { headers: ["host", "s3.test", "x-b", "c"], body: null }),
      );
      expect([answer.status, answer.body.toString(), answer.headers["x-a"]]).toEqual([200, text, header]);
      const { source } = await client.send(get({ origin: "http://s3.test" }, { expect: "stream" }));
      expect(await makeResponseBody(source!, { contentLength: 3 }).text()).toBe(text);
    }
    expect(seen[0]).toMatchObject({
      origin: "http://s3.test",
      path: "/bucket/key",
      method: "GET",
      headers: { host: "s3.test", "x-b": "c" },
      body: null,
    });
  });

  it("gets its timeouts from us, and what it times out is a TimeoutError", async () => {
    const server = await rawServer(() => {});
    const client = transport({ dispatcher: mine(new Agent()), requestTimeout: 50 });
    const error = await failure(client.send(get(server)));
    expect(error).toMatchObject({ name: "TimeoutError", code: "ReadTimeout", phase: "sent" });
  });

  it("is told of an abort, and of a reader who leaves", async () => {
    const big = reply(Buffer.alloc(4 * 1024 * 1024));
    const server = await answering((head) => (head.includes("silent") ? undefined : big));
    const agent = mine(new Agent());
    const client = transport({ dispatcher: agent });
    const controller = new AbortController();
    const call = failure(client.send(get(server, { path: "/silent", signal: controller.signal })));
    await eventually(() => server.received !== "");
    controller.abort(new Error("enough"));
    expect(await call).toMatchObject({ message: "enough" });
    await eventually(() => server.open.size === 0);
    const { source } = await client.send(get(server, { expect: "stream" }));
    for await (const _ of makeResponseBody(source!, { contentLength: big.length })) break;
    await eventually(() => server.open.size === 0);
    // Back-pressure holds here as well.
    const slow = await client.send(get(server, { expect: "stream" }));
    expect(await makeResponseBody(slow.source!, { contentLength: 4 * 1024 * 1024 }).bytes()).toHaveLength(
      4 * 1024 * 1024,
    );
  });

  it("that throws fails the call", async () => {
    class Broken extends Dispatcher {
      override dispatch(): boolean {
        throw new Error("no such luck");
      }
    }
    const error = await failure(transport({ dispatcher: new Broken() }).send(get({ origin: "http://s3.test" })));
    expect(error).toMatchObject({ name: "TransportError", phase: "connecting", cause: { message: "no such luck" } });
    const closed = new Agent();
    await closed.close();
    expect(await failure(transport({ dispatcher: closed }).send(get({ origin: "http://127.0.0.1:1" })))).toMatchObject({
      code: "TransportClosed",
    });
  });
});

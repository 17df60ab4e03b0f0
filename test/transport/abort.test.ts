import { getEventListeners } from "node:events";
import { setTimeout as delay } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { makeResponseBody, sleep } from "../../src/transport/index.js";
import { answering, eventually, failure, get, rawServer, reply, transport } from "./support.js";

const REASON = new Error("enough");

function signalled(): { controller: AbortController; signal: AbortSignal; listeners: () => number } {
  const controller = new AbortController();
  return {
    controller,
    signal: controller.signal,
    listeners: () => getEventListeners(controller.signal, "abort").length,
  };
}

describe("abort", () => {
  it("before the call", async () => {
    const server = await answering(() => reply("x"));
    const client = transport();
    expect(await failure(client.send(get(server, { signal: AbortSignal.abort(REASON) })))).toBe(REASON);
    expect(server.accepted).toBe(0);
  });

  it("while undici is being loaded", async () => {
    const { controller, signal, listeners } = signalled();
    const client = transport();
    const call = failure(client.send(get({ origin: "http://127.0.0.1:1" }, { signal })));
    controller.abort(REASON);
    expect(await call).toBe(REASON);
    expect(listeners()).toBe(0);
  });

  it("while the connection is being opened", async () => {
    const server = await rawServer(() => {});
    const { controller, signal, listeners } = signalled();
    const client = transport();
    const call = failure(client.send(get({ origin: server.origin.replace("http:", "https:") }, { signal })));
    await eventually(() => server.accepted === 1);
    expect(client.stats()).toMatchObject({ connecting: 1 });
    controller.abort(REASON);
    expect(await call).toBe(REASON);
    expect(listeners()).toBe(0);
    await eventually(() => client.stats().sockets === 0);
    expect(client.stats()).toMatchObject({ connecting: 0, running: 0 });
  });

  it("while it waits for a connection", async () => {
    const server = await rawServer(() => {});
    const client = transport({ maxConnections: 1 });
    const first = signalled();
    const running = failure(client.send(get(server, { signal: first.signal })));
    await eventually(() => server.accepted === 1);
    const second = signalled();
    const waiting = failure(client.send(get(server, { signal: second.signal })));
    expect(client.stats()).toMatchObject({ running: 1, queued: 1 });
    second.controller.abort(REASON);
    expect(await waiting).toBe(REASON);
    expect(second.listeners()).toBe(0);
    expect(client.stats()).toMatchObject({ running: 1, queued: 0 });
    first.controller.abort(REASON);
    expect(await running).toBe(REASON);
  });

  it("while the body goes out, from memory and from a source", async () => {
    const server = await rawServer((socket) => socket.pause());
    const client = transport();
    const one = signalled();
    const memory = failure(
      client.send(get(server, { method: "PUT", body: Buffer.alloc(64 * 1024 * 1024), signal: one.signal })),
    );
    await eventually(() => server.accepted === 1);
    one.controller.abort(REASON);
    expect(await memory).toBe(REASON);

    const two = signalled();
    let returned = false;
    async function* endless(): AsyncGenerator<Uint8Array> {
      try {
        for (;;) yield Buffer.alloc(65536);
      } finally {
        returned = true;
      }
    }
    const streamed = failure(
      client.send(get(server, { method: "PUT", body: endless(), contentLength: 2 ** 40, signal: two.signal })),
    );
    await eventually(() => server.accepted === 2);
    await delay(20);
    two.controller.abort(REASON);
    expect(await streamed).toBe(REASON);
    await eventually(() => returned);
    expect(one.listeners() + two.listeners()).toBe(0);
    await eventually(() => client.stats().sockets === 0);
  });

  it("while the answer is awaited, and while it is read whole", async () => {
    const server = await rawServer((socket) => {
      socket.once("data", (head) => {
        if (head.includes("/part")) socket.write("HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\n012");
      });
    });
    const client = transport();
    for (const path of ["/none", "/part"]) {
      const { controller, signal, listeners } = signalled();
      const call = failure(client.send(get(server, { path, signal })));
      await delay(40);
      controller.abort(REASON);
      expect(await call).toBe(REASON);
      expect(listeners()).toBe(0);
      await eventually(() => client.stats().sockets === 0);
    }
  });

  it("while a streamed body is read", async () => {
    const server = await rawServer((socket) => {
      socket.once("data", () => socket.write("HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\n012"));
    });
    const client = transport();
    const { controller, signal, listeners } = signalled();
    const { source } = await client.send(get(server, { expect: "stream", signal }));
    const pieces: string[] = [];
    const reading = failure(
      (async () => {
        for await (const piece of makeResponseBody(source!, { contentLength: 10 }))
          pieces.push(Buffer.from(piece).toString());
      })(),
    );
    await eventually(() => pieces.length === 1);
    controller.abort(REASON);
    expect(await reading).toBe(REASON);
    expect(pieces).toEqual(["012"]);
    expect(listeners()).toBe(0);
    await eventually(() => client.stats().sockets === 0);
  });

  it("before a streamed body is read: the reading fails, nothing else does", async () => {
    const server = await answering(() => reply(Buffer.alloc(2 * 1024 * 1024)));
    const client = transport();
    const { controller, signal } = signalled();
    const { source } = await client.send(get(server, { expect: "stream", signal }));
    const body = makeResponseBody(source!, { contentLength: 2 * 1024 * 1024 });
    controller.abort(REASON);
    await eventually(() => client.stats().sockets === 0);
    expect(await failure(body.text())).toBe(REASON);
  });

  it("after the answer changes nothing", async () => {
    const server = await answering(() => reply("x"));
    const client = transport();
    const { controller, signal, listeners } = signalled();
    const { source } = await client.send(get(server, { expect: "stream", signal }));
    await eventually(() => client.stats().idle === 1);
    expect(listeners()).toBe(0);
    controller.abort(REASON);
    expect(await makeResponseBody(source!).text()).toBe("x");
    expect(client.stats().sockets).toBe(1);
  });

  it("many calls on one signal leave no listener", async () => {
    const server = await answering(() => reply("x"));
    const client = transport();
    const { signal, listeners } = signalled();
    for (let i = 0; i < 5; i++)
      await Promise.all(Array.from({ length: 5 }, () => client.send(get(server, { signal }))));
    expect(listeners()).toBe(0);
  });

  it("destroy() ends what is under way, close() waits for it", async () => {
    const server = await rawServer((socket) => {
      socket.once("data", () => setTimeout(() => socket.write(reply("late")), 50));
    });
    const client = transport();
    const call = client.send(get(server));
    const queued = transport({ maxConnections: 1 });
    const running = failure(queued.send(get(server)));
    await eventually(() => server.accepted === 2);
    const waiting = failure(queued.send(get(server)));
    await queued.destroy(REASON);
    expect(await running).toBe(REASON);
    expect(await waiting).toBe(REASON);
    await client.close();
    expect((await call).body.toString()).toBe("late");
    await eventually(() => client.stats().sockets === 0);
  });

  it("of a sleep", async () => {
    const { controller, signal, listeners } = signalled();
    await sleep(5, signal);
    expect(listeners()).toBe(0);
    const long = failure(sleep(60_000, signal));
    controller.abort(REASON);
    expect(await long).toBe(REASON);
    expect(await failure(sleep(1, signal))).toBe(REASON);
    expect(listeners()).toBe(0);
  });
});

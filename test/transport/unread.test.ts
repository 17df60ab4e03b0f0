import { setTimeout as delay } from "node:timers/promises";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { afterEach, describe, expect, it } from "vitest";
import { type HttpResponseBody, makeResponseBody } from "../../src/transport/index.js";
import { answering, eventually, failure, get, reply, transport } from "./support.js";

const BIG = 2 * 1024 * 1024;
const big = reply(Buffer.alloc(BIG, "u"));

const warnings: (Error & { code?: string })[] = [];
process.on("warning", (warning) => warnings.push(warning));
afterEach(() => {
  // One warning a process is all there is: the tests share it.
  expect(warnings.filter(({ code }) => code === "TUCUXI_UNREAD_BODY").length).toBeLessThanOrEqual(1);
});

describe("a large body that nobody reads", () => {
  it("is let go after a grace time, with a warning that names it", async () => {
    const server = await answering(() => big);
    const client = transport({ unreadGrace: 50 });
    const { source } = await client.send(
      get(server, { expect: "stream", label: { toString: () => "getObject bucket/key" } }),
    );
    await eventually(() => client.stats().sockets === 0);
    expect(client.stats()).toMatchObject({ running: 0, abandoned: 1 });
    const error = await failure(makeResponseBody(source!, { contentLength: BIG }).text());
    expect(error).toMatchObject({ name: "TucuxiError", code: "BodyAbandoned" });
    await eventually(() => warnings.length > 0);
    expect(warnings[0]).toMatchObject({ name: "TucuxiWarning", code: "TUCUXI_UNREAD_BODY" });
    expect(warnings[0]!.message).toMatch(/body of getObject bucket\/key was let go/);
  });

  it("comes back when it is read after all, if there is a way to ask again", async () => {
    const server = await answering(() => big);
    const client = transport({ unreadGrace: 20 });
    const { source } = await client.send(get(server, { expect: "stream" }));
    await eventually(() => client.stats().abandoned === 1);
    const body = makeResponseBody(source!, {
      contentLength: BIG,
      heal: async (_error, given) =>
        given === 0 ? (await client.send(get(server, { expect: "stream" }))).source : undefined,
    });
    expect(await body.bytes()).toHaveLength(BIG);
  });

  it("is not let go while somebody reads it slowly", async () => {
    const server = await answering(() => big);
    const client = transport({ unreadGrace: 20 });
    const { source } = await client.send(get(server, { expect: "stream" }));
    let total = 0;
    let first = true;
    for await (const piece of makeResponseBody(source!, { contentLength: BIG })) {
      total += piece.length;
      if (first) await delay(600);
      first = false;
    }
    expect(total).toBe(BIG);
    expect(client.stats().abandoned).toBe(0);
  });

  it("does not starve other calls: sixty of them, through four connections", async () => {
    const server = await answering((head) => (head.includes("/small") ? reply("small") : big));
    const client = transport({ maxConnections: 4, unreadGraceUnderPressure: 10 });
    const answers = await Promise.all(Array.from({ length: 60 }, () => client.send(get(server, { expect: "stream" }))));
    expect(answers.every(({ status }) => status === 200)).toBe(true);
    expect((await client.send(get(server, { path: "/small" }))).body.toString()).toBe("small");
    expect(client.stats().sockets).toBeLessThanOrEqual(4);
    expect(client.stats().abandoned).toBeGreaterThanOrEqual(56);
  });

  it("gives its connection back when it is collected", async () => {
    setFlagsFromString("--expose-gc");
    const gc = runInNewContext("gc") as () => void;
    const server = await answering(() => big);
    const client = transport();
    const kept: HttpResponseBody[] = [];
    const start = async (keep: boolean): Promise<void> => {
      const { source } = await client.send(get(server, { expect: "stream" }));
      const body = makeResponseBody(source!, { contentLength: BIG });
      if (keep) kept.push(body);
    };
    for (let i = 0; i < 6; i++) await start(i < 2);
    expect(client.stats().running).toBe(6);
    await eventually(() => {
      gc();
      return client.stats().running <= 2;
    });
    expect(client.stats()).toMatchObject({ running: 2, abandoned: 4 });
    for (const body of kept) expect(await body.bytes()).toHaveLength(BIG);
  });

  it("gives its connection back when it is collected in the middle of being read", async () => {
    setFlagsFromString("--expose-gc");
    const gc = runInNewContext("gc") as () => void;
    const server = await answering(() => big);
    const client = transport();
    const kept: AsyncIterator<Uint8Array>[] = [];
    const start = async (number: number): Promise<void> => {
      const { source } = await client.send(get(server, { expect: "stream" }));
      const body = makeResponseBody(source!, { contentLength: BIG });
      if (number === 0) {
        kept.push(body[Symbol.asyncIterator]());
        await kept[0]!.next();
      } else if (number % 2 === 0) await body.stream().getReader().read();
      else await body[Symbol.asyncIterator]().next();
    };
    // Some may be collected before they are asked to be: how many are abandoned in the end is what counts.
    for (let i = 0; i < 5; i++) await start(i);
    await eventually(() => {
      gc();
      return client.stats().running <= 1;
    });
    expect(client.stats()).toMatchObject({ running: 1, abandoned: 4 });
    expect((await kept[0]!.next()).done).toBe(false);
    await kept[0]!.return!();
  });

  it("half read, makes room for others after the whole grace time, and is read on later", async () => {
    const server = await answering((head) => (head.includes("/small") ? reply("small") : big));
    const client = transport({ maxConnections: 1, unreadGrace: 2000, unreadGraceUnderPressure: 10 });
    const { source } = await client.send(get(server, { expect: "stream" }));
    const body = makeResponseBody(source!, {
      contentLength: BIG,
      heal: async (failure, given) => {
        expect(failure.code).toBe("BodyAbandoned");
        const rest = reply(Buffer.alloc(BIG - given, "u"));
        const again = await answering(() => rest);
        return (await client.send(get(again, { expect: "stream" }))).source;
      },
    });
    const reader = body[Symbol.asyncIterator]();
    let total = (await reader.next()).value!.length;
    const waiting = client.send(get(server, { path: "/small" }));
    // It has been looked at more than once by then.
    await delay(600);
    expect(client.stats()).toMatchObject({ queued: 1, abandoned: 0 });
    expect((await waiting).body.toString()).toBe("small");
    for (let next = await reader.next(); !next.done; next = await reader.next()) total += next.value.length;
    expect(total).toBe(BIG);
  });

  it("holds up a close no longer than another call", async () => {
    const server = await answering(() => big);
    const client = transport({ unreadGraceUnderPressure: 30 });
    const { source } = await client.send(get(server, { expect: "stream" }));
    await client.close();
    expect(client.stats()).toMatchObject({ running: 0, abandoned: 1 });
    expect(await failure(makeResponseBody(source!, { contentLength: BIG }).text())).toMatchObject({
      code: "BodyAbandoned",
    });
  });

  it("does not keep the process alive, nor its wait", async () => {
    const server = await answering(() => big);
    const client = transport();
    const { source } = await client.send(get(server, { expect: "stream" }));
    const handles = (): number => process.getActiveResourcesInfo().filter((name) => name === "TCPSocketWrap").length;
    // Only the server's side of the connection is left to wait for.
    await eventually(() => handles() === 1);
    source!.cancel(new Error("done"));
  });
});

describe("waiting for a connection", () => {
  it("is first come, first served", async () => {
    const order: string[] = [];
    const server = await answering((head) => {
      order.push(/\/(\d+) /.exec(head)![1]!);
      return reply("x");
    });
    const client = transport({ maxConnections: 2 });
    await Promise.all(Array.from({ length: 20 }, (_, i) => client.send(get(server, { path: `/${i}` }))));
    expect(order.map(Number)).toEqual([...Array(20).keys()]);
    expect(server.accepted).toBe(2);
  });

  it("has an end when no connection comes free", async () => {
    const server = await answering(() => undefined);
    const client = transport({ maxConnections: 1, queueTimeout: 100 });
    const first = failure(client.send(get(server)));
    const error = await failure(client.send(get(server)));
    expect(error).toMatchObject({ name: "TimeoutError", code: "QueueTimeout", phase: "connecting" });
    expect(error.message).toMatch(/All 1 connections were busy/);
    await client.destroy(new Error("over"));
    expect(await first).toMatchObject({ message: "over" });
  });

  it("costs the same however many wait, and an abort of all opens no connection", async () => {
    const server = await answering((head) => (head.includes("/silent") ? undefined : reply("x")));
    const client = transport({ maxConnections: 3 });
    await Promise.all(Array.from({ length: 3000 }, () => client.send(get(server))));
    expect(server.accepted).toBe(3);
    const controller = new AbortController();
    const { signal } = controller;
    const calls = Array.from({ length: 500 }, () => failure(client.send(get(server, { path: "/silent", signal }))));
    const later = client.send(get(server));
    expect(client.stats()).toMatchObject({ running: 3, queued: 498 });
    controller.abort(new Error("enough"));
    expect(new Set((await Promise.all(calls)).map(({ message }) => message))).toEqual(new Set(["enough"]));
    expect((await later).body.toString()).toBe("x");
    expect(server.accepted).toBe(4);
    // Node would have warned of a leak at the eleventh listener on the signal.
    expect(warnings.filter(({ name }) => name === "MaxListenersExceededWarning")).toEqual([]);
  });

  it("makes room for another host among idle connections", async () => {
    const [one, two] = [await answering(() => reply("1")), await answering(() => reply("2"))];
    const client = transport({ maxConnections: 2 });
    await Promise.all([client.send(get(one)), client.send(get(one))]);
    expect(client.stats()).toMatchObject({ idle: 2, sockets: 2 });
    expect((await client.send(get(two))).body.toString()).toBe("2");
    await eventually(() => client.stats().sockets === 2);
    const answers = await Promise.all(Array.from({ length: 10 }, (_, i) => client.send(get(i % 2 ? one : two))));
    expect(answers.map(({ body }) => body.toString()).join("")).toBe("2121212121");
    await eventually(() => client.stats().sockets <= 2);
  });
});

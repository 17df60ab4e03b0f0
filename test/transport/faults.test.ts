import { setTimeout as delay } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { IncompleteBodyError, TimeoutError, TransportError } from "../../src/errors/base.js";
import { factsOf, makeResponseBody } from "../../src/transport/index.js";
import { answering, eventually, failure, get, type RawServer, rawServer, reply, transport } from "./support.js";

/** A server that answers every request with these bytes and then does as told. */
function saying(bytes: string, then: "close" | "reset" | "wait" = "close"): Promise<RawServer> {
  return rawServer((socket) => {
    socket.once("data", () => {
      socket.write(bytes, "latin1", () => {
        if (then === "close") socket.end();
        if (then === "reset") setTimeout(() => socket.resetAndDestroy(), 10);
      });
    });
  });
}

describe("no connection", () => {
  it("refused", async () => {
    const server = await rawServer(() => {});
    await server.stop();
    const error = await failure(transport().send(get(server)));
    expect(error).toBeInstanceOf(TransportError);
    expect(error).toMatchObject({ code: "ECONNREFUSED", phase: "connecting", reused: false });
    expect(error.message).toMatch(
      /^127\.0\.0\.1:\d+ refused the connection while connecting to 127\.0\.0\.1:\d+, after \d+ ms$/,
    );
    expect(error["hint"]).toMatch(/Nothing listens/);
    expect(error.cause).toMatchObject({ code: "ECONNREFUSED", syscall: "connect" });
  });

  it("a name without an address", async () => {
    const error = await failure(transport().send(get({ origin: "http://no-such-host.invalid" })));
    expect(error).toMatchObject({ name: "TransportError", phase: "connecting" });
    expect(["ENOTFOUND", "EAI_AGAIN"]).toContain(error["code"]);
    expect(error.message).toMatch(/No address was found for no-such-host\.invalid/);
  });

  it("too slow to be opened", async () => {
    const server = await rawServer(() => {}); // It accepts, and then says nothing that TLS could begin with.
    const client = transport({ connectTimeout: 50 });
    const error = await failure(client.send(get({ origin: server.origin.replace("http:", "https:") })));
    expect(error).toBeInstanceOf(TimeoutError);
    expect(error).toMatchObject({ code: "ConnectTimeout", phase: "connecting" });
    expect(error.message).toMatch(/the limit of 50 ms passed.*nothing was sent/);
    await eventually(() => client.stats().sockets === 0);
  });

  it("a request that can't be written names the fault", async () => {
    const server = await answering(() => reply("x"));
    const error = await failure(transport().send(get(server, { headers: ["x-a", "b\r\nc: d"] })));
    expect(error).toMatchObject({ name: "TransportError", code: "InvalidRequest" });
    expect(server.received).toBe("");
  });

  it("a closed transport takes nothing", async () => {
    const client = transport();
    await client.close();
    const error = await failure(client.send(get({ origin: "http://127.0.0.1:1" })));
    expect(error).toMatchObject({ code: "TransportClosed" });
  });
});

describe("the connection breaks", () => {
  const cases: [
    name: string,
    (server: Parameters<Parameters<typeof rawServer>[0]>[0]) => void,
    phases: string[],
    codes: string[],
  ][] = [
    [
      "closed at once",
      (socket) => socket.end(),
      ["connecting", "sent", "before-sent"],
      ["ConnectionClosed", "ECONNRESET", "EPIPE"],
    ],
    [
      "reset at once",
      (socket) => socket.resetAndDestroy(),
      ["connecting", "sent", "before-sent"],
      ["ConnectionClosed", "ECONNRESET", "EPIPE"],
    ],
    ["closed after the request", (socket) => socket.once("data", () => socket.end()), ["sent"], ["ConnectionClosed"]],
    [
      "reset after the request",
      (socket) => socket.once("data", () => socket.resetAndDestroy()),
      ["sent"],
      ["ECONNRESET"],
    ],
  ];
  for (const [name, act, phases, codes] of cases) {
    it(name, async () => {
      const server = await rawServer(act);
      const client = transport();
      const error = await failure(client.send(get(server)));
      expect(error).toBeInstanceOf(TransportError);
      expect(phases).toContain(factsOf(error)?.phase);
      expect(factsOf(error)).toMatchObject({ reused: false, origin: server.origin });
      expect(codes).toContain(error["code"]);
      await eventually(() => client.stats().sockets === 0);
    });
  }

  it("halfway through a body that goes out", async () => {
    const server = await rawServer((socket) => {
      let seen = 0;
      socket.on("data", (chunk) => {
        seen += chunk.length;
        if (seen > 1024 * 1024) socket.resetAndDestroy();
      });
    });
    const client = transport();
    const error = await failure(client.send(get(server, { method: "PUT", body: Buffer.alloc(32 * 1024 * 1024) })));
    expect(error).toMatchObject({ phase: "before-sent" });
    async function* endless(): AsyncGenerator<Uint8Array> {
      for (;;) yield Buffer.alloc(65536);
    }
    const streamed = await failure(
      client.send(get(server, { method: "PUT", body: endless(), contentLength: 2 ** 40 })),
    );
    expect(streamed).toMatchObject({ phase: "before-sent" });
    await eventually(() => client.stats().sockets === 0);
  });
});

const HEAD = "HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\n";
const CHUNKED = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n";

describe("an answer cut short", () => {
  const whole = `${HEAD}0123456789`;
  for (let cut = 1; cut < whole.length; cut += cut < HEAD.length ? 3 : 1) {
    for (const then of ["close", "reset"] as const) {
      it(`after ${cut} bytes, ${then}`, async () => {
        const server = await saying(whole.slice(0, cut), then);
        const client = transport();
        const error = await failure(client.send(get(server)));
        if (cut < HEAD.length) {
          expect(error).toMatchObject({ name: "TransportError", phase: "sent" });
        } else if (then === "close") {
          expect(error).toBeInstanceOf(IncompleteBodyError);
          expect(error).toMatchObject({ expectedBytes: 10, actualBytes: cut - HEAD.length });
        } else {
          expect(error).toMatchObject({ name: "TransportError", code: "ECONNRESET", phase: "reading" });
        }
        await eventually(() => client.stats().sockets === 0);
      });
      if (cut < HEAD.length) continue;
      it(`after ${cut} bytes, ${then}, streamed`, async () => {
        const server = await saying(whole.slice(0, cut), then);
        const response = await transport().send(get(server, { expect: "stream" }));
        const error = await failure(makeResponseBody(response.source!, { contentLength: 10 }).text());
        if (then === "close")
          expect(error).toMatchObject({
            name: "IncompleteBodyError",
            expectedBytes: 10,
            actualBytes: cut - HEAD.length,
          });
        else expect(error).toMatchObject({ name: "TransportError", code: "ECONNRESET" });
      });
    }
  }

  const chunked = `${CHUNKED}4\r\nabcd\r\n3\r\nefg\r\n0\r\n\r\n`;
  for (let cut = CHUNKED.length; cut < chunked.length; cut++) {
    it(`in chunks, after ${cut} bytes`, async () => {
      const server = await saying(chunked.slice(0, cut));
      const error = await failure(transport().send(get(server)));
      expect(error).toMatchObject({ name: "TransportError", phase: "reading", code: "ConnectionClosed" });
    });
  }
});

describe("an answer that is none", () => {
  for (const [name, bytes] of [
    ["no HTTP", "SSH-2.0-OpenSSH_9.2\r\n"],
    ["another protocol", "HTTP/9.9 200 OK\r\n\r\n"],
    ["a status that is no number", "HTTP/1.1 OK 200\r\n\r\n"],
    ["a header without a name", "HTTP/1.1 200 OK\r\n: x\r\n\r\n"],
    ["two lengths", "HTTP/1.1 200 OK\r\ncontent-length: 5\r\ncontent-length: 6\r\n\r\nabcdef"],
    ["a length that is no number", "HTTP/1.1 200 OK\r\ncontent-length: ten\r\n\r\nabcdef"],
    ["a length and chunks", "HTTP/1.1 200 OK\r\ncontent-length: 5\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n"],
    ["chunk sizes that are none", `${CHUNKED}zz\r\nabc\r\n`],
    ["a chunk longer than it says", `${CHUNKED}2\r\nabcdef\r\n`],
    ["a negative chunk", `${CHUNKED}-2\r\nab\r\n`],
    ["an enormous chunk size", `${CHUNKED}FFFFFFFFFFFFFFFFFF\r\nab\r\n`],
    ["an unasked change of protocol", "HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n"],
  ] as const) {
    it(name, async () => {
      const server = await saying(bytes, "wait");
      const client = transport();
      const error = await failure(client.send(get(server)));
      expect(error).toBeInstanceOf(TransportError);
      expect(error["hint"]).toBeTypeOf("string");
      await eventually(() => client.stats().sockets === 0);
    });
  }

  it("headers without end", async () => {
    const server = await rawServer((socket) => {
      socket.once("data", () => {
        socket.write("HTTP/1.1 200 OK\r\n");
        const more = (): void => {
          if (!socket.destroyed && socket.write(`x-header: ${"y".repeat(1000)}\r\n`)) setImmediate(more);
        };
        socket.on("drain", more);
        more();
      });
    });
    const error = await failure(transport().send(get(server)));
    expect(error).toMatchObject({ name: "TransportError", code: "HeadersTooLarge" });
  });

  it("bytes that nobody asked for don't reach the next answer", async () => {
    const server = await answering(() =>
      Buffer.concat([reply("one"), Buffer.from("HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nevil")]),
    );
    const client = transport();
    const first = await client.send(get(server));
    expect(first.body.toString()).toBe("one");
    await eventually(() => client.stats().sockets === 0);
    const second = await client.send(get(server));
    expect(second.body.toString()).toBe("one");
    expect(server.accepted).toBe(2);
  });
});

describe("answers that are unusual but right", () => {
  it("in chunks", async () => {
    const server = await saying(`${CHUNKED}4\r\nabcd\r\n3;ext=1\r\nefg\r\n0\r\nx-trailer: y\r\n\r\n`);
    const { body } = await transport().send(get(server));
    expect(body.toString()).toBe("abcdefg");
  });

  it("ended by the end of the connection", async () => {
    const server = await saying("HTTP/1.1 200 OK\r\nx: y\r\n\r\nall of it");
    const client = transport();
    expect((await client.send(get(server))).body.toString()).toBe("all of it");
    const { source } = await client.send(get(server, { expect: "stream" }));
    expect(await makeResponseBody(source!).text()).toBe("all of it");
  });

  it("of HTTP/1.0", async () => {
    const server = await saying("HTTP/1.0 200 OK\r\n\r\nold");
    expect((await transport().send(get(server))).body.toString()).toBe("old");
  });

  it("compressed on the way: handed on as they are", async () => {
    const server = await answering(() =>
      reply(Buffer.from([0x1f, 0x8b, 8, 0]), "200 OK", { "content-encoding": "gzip" }),
    );
    const { body, headers } = await transport().send(get(server));
    expect([...body]).toEqual([0x1f, 0x8b, 8, 0]);
    expect(headers["content-encoding"]).toBe("gzip");
  });

  it("without a body: 204, 304, HEAD", async () => {
    const server = await answering((head) =>
      head.startsWith("HEAD")
        ? "HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n"
        : `HTTP/1.1 ${head.includes("/304") ? "304 Not Modified" : "204 No Content"}\r\n\r\n`,
    );
    const client = transport();
    for (let i = 0; i < 3; i++) {
      const head = await client.send(get(server, { method: "HEAD", expect: "none" }));
      expect(head).toMatchObject({ status: 200, truncated: false });
      expect(head.headers["content-length"]).toBe("100");
      expect(head.body).toHaveLength(0);
      expect(await client.send(get(server))).toMatchObject({ status: 204 });
      expect(await client.send(get(server, { path: "/304", expect: "stream" }))).toMatchObject({
        status: 304,
        source: undefined,
      });
    }
    expect(server.accepted).toBe(1);
  });

  it("a 304 that tells the length of what it does not send", async () => {
    const server = await answering(() => "HTTP/1.1 304 Not Modified\r\ncontent-length: 100\r\n\r\n");
    expect(await transport().send(get(server))).toMatchObject({ status: 304, truncated: false });
  });

  for (const interim of ["100 Continue", "102 Processing", "103 Early Hints"]) {
    for (const split of [false, true]) {
      it(`${interim} first, ${split ? "byte by byte" : "in one piece"}`, async () => {
        const bytes = `HTTP/1.1 ${interim}\r\nx-interim: 1\r\n\r\n`;
        const server = await rawServer((socket) => {
          socket.on("data", async () => {
            if (!split) socket.write(`${bytes}${bytes}${HEAD}0123456789`);
            else {
              for (const byte of `${bytes}${HEAD}0123456789`) {
                socket.write(byte);
                await delay(1);
              }
            }
          });
        });
        const client = transport();
        for (let i = 0; i < 2; i++) {
          const response = await client.send(get(server));
          expect(response).toMatchObject({ status: 200 });
          expect(response.headers["x-interim"]).toBe(undefined);
          expect(response.body.toString()).toBe("0123456789");
        }
        expect(server.accepted).toBe(1);
      });
    }
  }

  it("an error answer that breaks off is still that answer", async () => {
    const server = await saying("HTTP/1.1 503 Slow Down\r\ncontent-length: 100\r\n\r\n<Error><Code>Slow", "reset");
    const response = await transport().send(get(server, { expect: "stream" }));
    expect(response).toMatchObject({ status: 503, truncated: true });
    expect(response.body.toString()).toBe("<Error><Code>Slow");
  });

  it("of an error answer no more than a mebibyte is kept", async () => {
    const server = await answering(() => reply(Buffer.alloc(3 * 1024 * 1024, "x"), "500 Oh"));
    const client = transport();
    const response = await client.send(get(server));
    expect(response).toMatchObject({ status: 500, truncated: true });
    expect(response.body.length).toBeLessThan(1.2 * 1024 * 1024);
    await eventually(() => client.stats().sockets === 0);
  });
});

describe("silence", () => {
  it("after the request", async () => {
    const server = await rawServer(() => {});
    const client = transport({ requestTimeout: 60 });
    const error = await failure(client.send(get(server)));
    expect(error).toBeInstanceOf(TimeoutError);
    expect(error).toMatchObject({ code: "ReadTimeout", phase: "sent" });
    expect(error.message).toMatch(/limit of 60 ms.*no answer had come/);
    await eventually(() => client.stats().sockets === 0);
  });

  it("in the middle of the body", async () => {
    const server = await saying(`${HEAD}01234`, "wait");
    const client = transport({ requestTimeout: 1000 });
    expect(await failure(client.send(get(server)))).toMatchObject({ code: "ReadTimeout", phase: "reading" });
    const { source } = await client.send(get(server, { expect: "stream" }));
    const error = await failure(makeResponseBody(source!, { contentLength: 10 }).bytes());
    expect(error).toMatchObject({ code: "ReadTimeout", phase: "reading" });
  });

  it("is broken by every byte of a body", async () => {
    const server = await rawServer((socket) => {
      socket.once("data", async () => {
        socket.write(HEAD);
        for (const byte of "0123456789") {
          await delay(30);
          socket.write(byte);
        }
      });
    });
    const { body } = await transport({ requestTimeout: 150 }).send(get(server));
    expect(body.toString()).toBe("0123456789");
  });

  it("is not broken by headers that trickle", async () => {
    const server = await rawServer((socket) => {
      socket.once("data", async () => {
        socket.write("HTTP/1.1 200 OK\r\n");
        while (!socket.destroyed) {
          socket.write("x");
          await delay(10);
        }
      });
    });
    const error = await failure(transport({ requestTimeout: 100 }).send(get(server)));
    expect(error).toMatchObject({ code: "ReadTimeout" });
    expect(error.message).toMatch(/headers did not come to an end/);
  });

  it("while the body goes out: the service takes nothing", async () => {
    const server = await rawServer((socket) => socket.pause());
    const client = transport({ requestTimeout: 80 });
    const bytes = await failure(client.send(get(server, { method: "PUT", body: Buffer.alloc(32 * 1024 * 1024) })));
    expect(bytes).toMatchObject({ code: "WriteTimeout", phase: "before-sent" });
    async function* endless(): AsyncGenerator<Uint8Array> {
      for (;;) yield Buffer.alloc(65536);
    }
    const stream = await failure(client.send(get(server, { method: "PUT", body: endless(), contentLength: 2 ** 40 })));
    expect(stream).toMatchObject({ code: "WriteTimeout", phase: "before-sent" });
    await eventually(() => client.stats().sockets === 0);
  });

  it("is not the service's when it takes bytes slowly", async () => {
    const MB = 1024 * 1024;
    const server = await rawServer((socket) => {
      let seen = 0;
      socket.on("data", async (chunk) => {
        seen += chunk.length;
        if (seen > 64 * MB) socket.end(reply("thanks"));
        // Slow until what is left fits the kernel's buffers: what lies there, nobody sees move.
        if (seen > 40 * MB) return;
        socket.pause();
        await delay(2);
        socket.resume();
      });
    });
    const client = transport({ requestTimeout: 1000 });
    const response = await client.send(get(server, { method: "PUT", body: Buffer.alloc(64 * MB) }));
    expect(response.status).toBe(200);
  });

  it("is not the service's when the source of the body is slow", async () => {
    const server = await answering(() => reply("ok"));
    async function* slow(): AsyncGenerator<Uint8Array> {
      yield Buffer.from("ab");
      await delay(600);
      yield Buffer.from("cd");
      await delay(600);
    }
    const client = transport({ requestTimeout: 300 });
    expect(await client.send(get(server, { method: "PUT", body: slow(), contentLength: 4 }))).toMatchObject({
      status: 200,
    });
    // But once the source is through, the service's silence counts again.
    const silent = await rawServer(() => {});
    const error = await failure(client.send(get(silent, { method: "PUT", body: slow(), contentLength: 4 })));
    expect(error).toMatchObject({ code: "ReadTimeout", phase: "sent" });
  });

  it("is not the service's when the reader is slow", async () => {
    const big = Buffer.alloc(4 * 1024 * 1024, "z");
    const server = await answering(() => reply(big));
    const client = transport({ requestTimeout: 500 });
    const { source } = await client.send(get(server, { expect: "stream" }));
    let total = 0;
    let first = true;
    for await (const piece of makeResponseBody(source!, { contentLength: big.length })) {
      if (first) await delay(1000);
      first = false;
      total += piece.length;
    }
    expect(total).toBe(big.length);
  });

  it("has a limit of its own for a request", async () => {
    const server = await rawServer(() => {});
    expect(await failure(transport().send(get(server, { requestTimeout: 40 })))).toMatchObject({ code: "ReadTimeout" });
  });

  it("the deadline of a call ends it whatever it does", async () => {
    const server = await rawServer(() => {});
    const error = await failure(transport().send(get(server, { deadline: Date.now() + 500 })));
    expect(error).toBeInstanceOf(TimeoutError);
    expect(error).toMatchObject({ code: "CallTimeout", phase: "sent" });
    const trickle = await rawServer((socket) => {
      socket.once("data", async () => {
        socket.write(HEAD);
        while (!socket.destroyed) await delay(10);
      });
    });
    const { source } = await transport().send(get(trickle, { expect: "stream", deadline: Date.now() + 1000 }));
    expect(await failure(makeResponseBody(source!).text())).toMatchObject({ code: "CallTimeout", phase: "reading" });
  });
});

describe("a kept connection that the server closes", () => {
  it("while it is idle is replaced without a word", async () => {
    const server = await answering((_head, socket) => {
      setTimeout(() => socket.end(), 20);
      return reply("x");
    });
    const client = transport();
    for (let i = 0; i < 3; i++) {
      expect(await client.send(get(server))).toMatchObject({ status: 200 });
      await eventually(() => client.stats().sockets === 0);
    }
    expect(client.stats()).toMatchObject({ idle: 0, opened: 3 });
  });

  it("just as a request goes out is told apart", async () => {
    const server = await answering((_head, socket, index) => {
      if (index === 0) return reply("x");
      socket.destroy();
      return undefined;
    });
    const client = transport();
    await client.send(get(server));
    const error = await failure(client.send(get(server)));
    expect(factsOf(error)).toMatchObject({ phase: "sent", reused: true });
  });

  it("by its own word is not used again", async () => {
    const server = await answering(() => reply("x", "200 OK", { connection: "close" }));
    const client = transport();
    for (let i = 0; i < 3; i++) await client.send(get(server));
    expect(server.accepted).toBe(3);
  });

  it("is closed by us after the time that is asked for", async () => {
    const server = await answering(() => reply("x"));
    const client = transport({ keepAlive: 30 });
    await client.send(get(server));
    expect(client.stats()).toMatchObject({ sockets: 1, idle: 1 });
    await eventually(() => client.stats().sockets === 0 && client.stats().idle === 0);
    const none = transport({ keepAlive: 0 });
    await none.send(get(server));
    await eventually(() => none.stats().sockets === 0);
    expect(server.received).toContain("connection: close");
  });
});

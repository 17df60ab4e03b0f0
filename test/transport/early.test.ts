import { describe, expect, it } from "vitest";
import { eventually, failure, get, rawServer, reply, transport } from "./support.js";

const REFUSAL = "<Error><Code>AccessDenied</Code></Error>";

/** Answers as soon as the head of a request is there, whatever of the body, then does `after`. */
function refusing(after: "destroy" | "end" | "reset" | "nothing", status = "403 Forbidden") {
  return rawServer((socket) => {
    socket.once("data", () => {
      socket.pause();
      socket.write(reply(REFUSAL, status, { connection: after === "nothing" ? "keep-alive" : "close" }), () => {
        if (after === "destroy") socket.destroy();
        else if (after === "reset") socket.resetAndDestroy();
        else if (after === "end") socket.end();
      });
    });
  });
}

async function* pieces(count: number, size = 64 * 1024): AsyncGenerator<Uint8Array> {
  for (let i = 0; i < count; i++) yield Buffer.alloc(size, i);
}

describe("an answer that comes while the body is still going out", () => {
  const MB = 1024 * 1024;
  for (const status of ["403 Forbidden", "301 Moved Permanently", "412 Precondition Failed"]) {
    for (const after of ["destroy", "end", "nothing"] as const) {
      it(`is the answer: ${status}, then ${after}, bytes in memory`, async () => {
        const server = await refusing(after, status);
        const client = transport();
        for (let i = 0; i < 5; i++) {
          const response = await client.send(get(server, { method: "PUT", body: Buffer.alloc(16 * MB, "x") }));
          expect(response.status).toBe(Number(status.slice(0, 3)));
          expect(response.body.toString()).toBe(REFUSAL);
          await eventually(() => client.stats().sockets === 0);
        }
      });
      it(`is the answer: ${status}, then ${after}, a stream`, async () => {
        const server = await refusing(after, status);
        const client = transport();
        for (let i = 0; i < 5; i++) {
          const response = await client.send(get(server, { method: "PUT", body: pieces(256), contentLength: 16 * MB }));
          expect(response.status).toBe(Number(status.slice(0, 3)));
          expect(response.body.toString()).toBe(REFUSAL);
          await eventually(() => client.stats().sockets === 0);
        }
      });
    }
  }

  it("is the answer when the next write fails before it was read", async () => {
    let closed = (): void => {};
    const whenClosed = new Promise<void>((resolve) => {
      closed = resolve;
    });
    const server = await rawServer((socket) => {
      socket.once("data", () => {
        socket.pause();
        socket.once("close", closed);
        socket.write(reply(REFUSAL, "403 Forbidden", { connection: "close" }), () => socket.destroy());
      });
    });
    async function* source(): AsyncGenerator<Uint8Array> {
      // More than the server reads at once: closing with bytes unread resets the connection.
      for (let i = 0; i < 4; i++) yield Buffer.alloc(64 * 1024);
      await whenClosed;
      // Still in the turn of the event loop in which the server closed: nothing has been read here.
      for (let i = 0; i < 4; i++) yield Buffer.alloc(64 * 1024);
    }
    const response = await transport().send(get(server, { method: "PUT", body: source(), contentLength: 512 * 1024 }));
    expect(response.status).toBe(403);
    expect(response.body.toString()).toBe(REFUSAL);
  });

  it("is the answer even when the source of the body has fallen silent", async () => {
    const server = await refusing("nothing");
    let let_go = false;
    const source = {
      [Symbol.asyncIterator]: () => ({
        first: true,
        next() {
          if (!this.first) return new Promise<IteratorResult<Uint8Array>>(() => {});
          this.first = false;
          return Promise.resolve({ done: false as const, value: Buffer.alloc(1000) });
        },
        async return() {
          let_go = true;
          return { done: true as const, value: undefined };
        },
      }),
    };
    const response = await transport().send(get(server, { method: "PUT", body: source, contentLength: 5000 }));
    expect(response.status).toBe(403);
    expect(let_go).toBe(false); // undici waits for the piece; letting go is the body's own duty.
  });

  it("is no answer when it claims success for what was not sent", async () => {
    const server = await refusing("end", "200 OK");
    for (const contentLength of [16 * MB, undefined]) {
      const error = await failure(transport().send(get(server, { method: "PUT", body: pieces(256), contentLength })));
      expect(error).toMatchObject({ name: "TransportError", code: "AnswerBeforeBody", phase: "before-sent" });
    }
  });

  it("is lost only when the connection was reset before it was read", async () => {
    const server = await refusing("reset");
    const outcome = await transport()
      .send(get(server, { method: "PUT", body: Buffer.alloc(16 * MB) }))
      .then(
        ({ status }) => status,
        (error: { code: string; phase: string }) => error,
      );
    if (outcome !== 403) expect(outcome).toMatchObject({ phase: "before-sent" });
  });

  it("a connection that breaks without one is an error, not a hang", async () => {
    const server = await rawServer((socket) => {
      socket.once("data", () => socket.destroy());
    });
    const error = await failure(transport().send(get(server, { method: "PUT", body: Buffer.alloc(16 * MB) })));
    expect(error).toMatchObject({ name: "TransportError", phase: "before-sent" });
    expect(["ECONNRESET", "EPIPE"]).toContain(error["code"]);
  });
});

import { Writable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { setTimeout as delay } from "node:timers/promises";
import { describe, expect, it, vi } from "vitest";
import { ChecksumMismatchError, IncompleteBodyError, TransportError } from "../../src/errors/base.js";
import { BodyQueue } from "../../src/transport/body-queue.js";
import { type BodySource, feedBody, makeResponseBody, type ResponseBodyOptions } from "../../src/transport/index.js";
import { answering, eventually, failure, get, reply, transport, unhandled } from "./support.js";

/** A source with these pieces, which come one by one, sooner or later. */
function pieces(list: (string | Error)[], late = false): BodySource & { cancelled: unknown[] } {
  let at = 0;
  return {
    cancelled: [] as unknown[],
    read() {
      const item = list[at++];
      if (item instanceof Error) {
        if (late) return Promise.reject(item);
        throw item;
      }
      const piece = item === undefined ? null : Buffer.from(item);
      return late ? delay(1).then(() => piece) : piece;
    },
    cancel(reason) {
      this.cancelled.push(reason);
    },
  };
}

const body = (list: (string | Error)[], options: ResponseBodyOptions = {}, late = false) =>
  makeResponseBody(pieces(list, late), options);

describe.each([false, true])("reading a body whose pieces come late: %s", (late) => {
  const text = "héllo wörld";
  const bytes = Buffer.from(text);
  // Cut in the middle of a character.
  const cut = [bytes.subarray(0, 2).toString("latin1"), bytes.subarray(2).toString("latin1")];
  const fresh = (options: ResponseBodyOptions = {}) => {
    const list = [...cut];
    const source: BodySource = {
      read: () => {
        const item = list.shift();
        const piece = item === undefined ? null : Buffer.from(item, "latin1");
        return late ? delay(1).then(() => piece) : piece;
      },
      cancel: () => {},
    };
    return makeResponseBody(source, options);
  };
  for (const contentLength of [undefined, bytes.length]) {
    it(`in every way, length ${contentLength}`, async () => {
      expect(await fresh({ contentLength }).text()).toBe(text);
      const plain = await fresh({ contentLength }).bytes();
      expect(Object.getPrototypeOf(plain)).toBe(Uint8Array.prototype);
      expect(plain.buffer.byteLength).toBe(bytes.length);
      expect(Buffer.from(plain)).toEqual(bytes);
      expect(Buffer.from(await fresh({ contentLength }).arrayBuffer())).toEqual(bytes);
      const blob = await fresh({ contentLength, contentType: "text/x" }).blob();
      expect([await blob.text(), blob.type]).toEqual([text, "text/x"]);
      expect(await new Response(fresh({ contentLength }).stream() as ReadableStream).text()).toBe(text);
      const chunks: Buffer[] = [];
      for await (const chunk of fresh({ contentLength }).readable()) chunks.push(chunk as Buffer);
      expect(Buffer.concat(chunks).toString()).toBe(text);
      const iterated: Uint8Array[] = [];
      for await (const chunk of fresh({ contentLength })) iterated.push(chunk);
      expect(Buffer.concat(iterated).toString()).toBe(text);
    });
  }
});

describe("a body", () => {
  it("that is JSON", async () => {
    expect(await body(['{"a":', "1}"]).json()).toEqual({ a: 1 });
    expect(await body(["\uFEFF[]"]).json()).toEqual([]);
    expect(await body(["\uFEFFx"]).text()).toBe("\uFEFFx");
    expect(await failure(body(["<xml>"]).json())).toMatchObject({ name: "TucuxiError", code: "InvalidJson" });
  });

  it("that is empty", async () => {
    for (const contentLength of [0, undefined]) {
      expect(await body([], { contentLength }).text()).toBe("");
      expect(await body([], { contentLength }).bytes()).toHaveLength(0);
    }
  });

  it("is read once", async () => {
    const read = body(["x"]);
    expect(read.bodyUsed).toBe(false);
    expect(await read.text()).toBe("x");
    expect(read.bodyUsed).toBe(true);
    for (const again of [
      () => read.text(),
      () => read.bytes(),
      async () => read.stream(),
      async () => read.readable(),
      async () => read[Symbol.asyncIterator](),
    ]) {
      const error = await failure(again());
      expect(error).toMatchObject({ name: "TucuxiError", code: "BodyUsed" });
      expect(error["hint"]).toMatch(/keep the result/);
    }
  });

  it("does not share its memory", async () => {
    const queue = new BodyQueue({ resumeBody() {}, readPaused() {}, cancelBody() {} });
    const memory = Buffer.from("....hello....");
    queue.push(memory.subarray(4, 9));
    queue.end();
    const buffer = await makeResponseBody(queue, { contentLength: 5 }).arrayBuffer();
    memory.fill("!");
    expect(Buffer.from(buffer).toString()).toBe("hello");
    expect(buffer.byteLength).toBe(5);
  });

  it("too large for memory says so before it takes any", async () => {
    const source = pieces(["x"]);
    const error = await failure(makeResponseBody(source, { contentLength: 2 ** 45 }).bytes());
    expect(error).toMatchObject({ code: "BodyTooLarge" });
    expect(source.cancelled).toHaveLength(1);
  });

  it("that is too short or too long", async () => {
    for (const late of [false, true]) {
      const short = await failure(body(["abc"], { contentLength: 5 }, late).text());
      expect(short).toBeInstanceOf(IncompleteBodyError);
      expect(short).toMatchObject({ expectedBytes: 5, actualBytes: 3 });
      const long = await failure(body(["abc", "def"], { contentLength: 5 }, late).bytes());
      expect(long).toMatchObject({ name: "IncompleteBodyError", expectedBytes: 5, actualBytes: 6 });
    }
  });

  it("fails in every way it can be read when its source fails", async () => {
    const broken = new TransportError("broken");
    for (const late of [false, true]) {
      const fresh = () => body(["a", broken], { contentLength: 5 }, late);
      expect(await failure(fresh().text())).toBe(broken);
      expect(await failure(fresh().bytes())).toBe(broken);
      expect(await failure(new Response(fresh().stream() as ReadableStream).text())).toBe(broken);
      expect(await failure(pipeline(fresh().readable(), new Writable({ write: (_c, _e, done) => done() })))).toBe(
        broken,
      );
      expect(
        await failure(
          (async () => {
            for await (const _ of fresh());
          })(),
        ),
      ).toBe(broken);
    }
  });

  it("fails for nobody when nobody reads it", async () => {
    const queue = new BodyQueue({ resumeBody() {}, readPaused() {}, cancelBody() {} });
    const unread = makeResponseBody(queue, { contentLength: 5 });
    queue.push(Buffer.from("a"));
    queue.fail(new TransportError("broken"));
    // Nobody listens to this one either.
    body(["a", new TransportError("broken")], {}, true)
      .readable()
      .resume();
    await delay(20);
    expect(unhandled).toEqual([]);
    expect(unread.bodyUsed).toBe(false);
  });

  it("lets go of its source when the reader leaves", async () => {
    const onEnd = vi.fn();
    const source = pieces(["a", "b", "c"]);
    for await (const piece of makeResponseBody(source, { contentLength: 3, onEnd })) {
      expect(Buffer.from(piece).toString()).toBe("a");
      break;
    }
    expect(source.cancelled).toHaveLength(1);
    expect(onEnd).toHaveBeenCalledTimes(1);

    const web = pieces(["a", "b"], true);
    await makeResponseBody(web).stream().cancel();
    expect(web.cancelled).toHaveLength(1);
    const node = pieces(["a", "b"], true);
    makeResponseBody(node).readable().destroy();
    await eventually(() => node.cancelled.length === 1);
  });

  it("that was destroyed cannot be read, and says why", async () => {
    const gone = body(["a"]);
    gone.destroy();
    expect(await failure(gone.text())).toMatchObject({ code: "BodyDestroyed" });
    const reading = body(["a"], {}, true);
    const text = failure(reading.text());
    const reason = new Error("mine");
    reading.destroy(reason);
    expect(await text).toBe(reason);
  });

  it("tells once that it is over, however it ends", async () => {
    const count = async (act: (options: ResponseBodyOptions) => Promise<unknown>): Promise<number> => {
      const onEnd = vi.fn();
      await act({ onEnd }).catch(() => {});
      return onEnd.mock.calls.length;
    };
    expect(await count((o) => body(["a"], { ...o, contentLength: 1 }).text())).toBe(1);
    expect(await count((o) => body(["a"], o).text())).toBe(1);
    expect(await count((o) => body([new Error("x")], o).text())).toBe(1);
    expect(await count(async (o) => body(["a"], o).destroy())).toBe(1);
    expect(await count((o) => body(["ab"], { ...o, contentLength: 1 }).text())).toBe(1);
  });

  it("gives pieces in order to a reader that does not wait", async () => {
    const iterator = body(["a", "b", "c"], {}, true)[Symbol.asyncIterator]();
    const results = await Promise.all([iterator.next(), iterator.next(), iterator.next(), iterator.next()]);
    expect(results.map(({ value }) => (value ? Buffer.from(value as Uint8Array).toString() : value))).toEqual([
      "a",
      "b",
      "c",
      undefined,
    ]);
  });
});

describe("a checksum", () => {
  const verifier = (good: string) => {
    let seen = "";
    return {
      update: (bytes: Uint8Array) => {
        seen += Buffer.from(bytes).toString();
      },
      verify: () => {
        if (seen !== good) throw new ChecksumMismatchError("CRC32", good, seen);
      },
    };
  };

  it("is checked before the last piece is given out", async () => {
    for (const late of [false, true]) {
      expect(await body(["ab", "cd"], { contentLength: 4, verifier: verifier("abcd") }, late).text()).toBe("abcd");
      const seen: string[] = [];
      const error = await failure(
        (async () => {
          for await (const piece of body(["ab", "cd"], { contentLength: 4, verifier: verifier("abcx") }, late))
            seen.push(Buffer.from(piece).toString());
        })(),
      );
      expect(error).toBeInstanceOf(ChecksumMismatchError);
      expect(seen).toEqual(["ab"]);
    }
  });

  it("is checked at the end of a body of unknown length, and of an empty one", async () => {
    expect(await failure(body(["ab"], { verifier: verifier("x") }).text())).toBeInstanceOf(ChecksumMismatchError);
    expect(await failure(body([], { contentLength: 0, verifier: verifier("x") }).bytes())).toBeInstanceOf(
      ChecksumMismatchError,
    );
    expect(await body([], { contentLength: 0, verifier: verifier("") }).text()).toBe("");
  });
});

describe("healing", () => {
  it("goes on with another source from the last byte given out", async () => {
    const calls: [string, number][] = [];
    let seen = "";
    const healed = makeResponseBody(pieces(["ab", "cd", new TransportError("cut")]), {
      contentLength: 8,
      verifier: {
        update: (b) => {
          seen += Buffer.from(b).toString();
        },
        verify: () => {},
      },
      heal: async (error, given) => {
        calls.push([error.message, given]);
        return given === 4 ? pieces(["ef", new TransportError("again")]) : pieces(["gh"], true);
      },
    });
    expect(await healed.text()).toBe("abcdefgh");
    expect(seen).toBe("abcdefgh");
    expect(calls).toEqual([
      ["cut", 4],
      ["again", 6],
    ]);
  });

  it("also after an early end, but not after an abort or a wrong checksum", async () => {
    const heal = vi.fn(async () => pieces(["cd"]));
    expect(await body(["ab"], { contentLength: 4, heal }).text()).toBe("abcd");
    expect(heal).toHaveBeenCalledTimes(1);
    const reason = new Error("abort");
    expect(await failure(body(["ab", reason], { contentLength: 4, heal }).text())).toBe(reason);
    const wrong = {
      update() {},
      verify() {
        throw new ChecksumMismatchError("CRC32", "a", "b");
      },
    };
    expect(await failure(body(["abcd"], { contentLength: 4, heal, verifier: wrong }).text())).toBeInstanceOf(
      ChecksumMismatchError,
    );
    expect(heal).toHaveBeenCalledTimes(1);
  });

  it("that is declined or fails ends the reading", async () => {
    const cut = new TransportError("cut");
    expect(await failure(body(["a", cut], { contentLength: 4, heal: async () => undefined }).text())).toBe(cut);
    const changed = new Error("the object changed");
    expect(
      await failure(
        body(["a", cut], {
          contentLength: 4,
          heal: async () => {
            throw changed;
          },
        }).text(),
      ),
    ).toBe(changed);
  });
});

describe("back-pressure", () => {
  it("holds a fast server to the pace of a slow reader", async () => {
    const big = Buffer.alloc(32 * 1024 * 1024, "b");
    const server = await answering(() => reply(big));
    const client = transport();
    const { source } = await client.send(get(server, { expect: "stream" }));
    await delay(100);
    let sent = 0;
    for (const socket of server.open) sent = socket.bytesWritten - socket.writableLength;
    expect(sent).toBeLessThan(16 * 1024 * 1024); // The kernel's buffers and ours, not the whole.
    let total = 0;
    for await (const piece of makeResponseBody(source!, { contentLength: big.length })) total += piece.length;
    expect(total).toBe(big.length);
    await eventually(() => client.stats().idle === 1);
  });

  it("small bodies are taken in without a reader, and their connections serve again", async () => {
    const server = await answering(() => reply(Buffer.alloc(64 * 1024)));
    const client = transport({ maxConnections: 4 });
    const kept = await Promise.all(Array.from({ length: 60 }, () => client.send(get(server, { expect: "stream" }))));
    await eventually(() => client.stats().running === 0);
    expect(server.accepted).toBe(4);
    for (const { source } of kept)
      expect(await makeResponseBody(source!, { contentLength: 65536 }).bytes()).toHaveLength(65536);
  });
});

describe("small lent pieces", () => {
  const queue = (length: number) => new BodyQueue({ resumeBody() {}, readPaused() {}, cancelBody() {} }, length);
  const lent = Buffer.alloc(30_000);
  const push = (to: BodyQueue, letter: string, length = lent.length): void => {
    lent.fill(letter);
    to.push(lent.subarray(0, length), true);
    lent.fill("!");
  };
  const read = async (from: BodyQueue) => {
    const piece = await from.read();
    return piece === null
      ? null
      : Buffer.from(piece)
          .toString()
          .replace(/(.)\1*/g, (run, one) => `${one}${run.length}`);
  };

  it("come to a reader put together, at the end of the turn in which they came", async () => {
    const from = queue(100_000);
    const first = read(from);
    push(from, "a");
    push(from, "b", 100);
    expect(await first).toBe("a30000b100");
    const second = read(from);
    push(from, "c");
    push(from, "d");
    push(from, "e", 9900);
    from.end();
    expect(await second).toBe("c30000d30000");
    expect(await read(from)).toBe("e9900");
    expect(await read(from)).toBe(null);
  });

  it("wait for a reader in few pieces, each with memory of its own size", async () => {
    const from = queue(70_000);
    push(from, "a");
    push(from, "b");
    push(from, "c", 10_000);
    from.end();
    const first = from.read() as Uint8Array;
    expect(first.length).toBe(60_000);
    const last = from.read() as Uint8Array;
    expect([last.length, last.buffer.byteLength]).toEqual([10_000, 10_000]);
    expect(from.read()).toBe(null);

    const small = queue(5);
    push(small, "s", 5);
    const only = small.read() as Uint8Array;
    expect([only.length, only.buffer.byteLength]).toEqual([5, 5]);
  });

  it("keep their order among large ones, and what was read does not change", async () => {
    const from = queue(300_000);
    push(from, "a", 10);
    from.push(Buffer.alloc(40_000, "L"), true);
    push(from, "b", 20);
    const early = from.read() as Uint8Array;
    push(from, "c", 30);
    expect(Buffer.from(early).toString()).toBe("a".repeat(10));
    expect([await read(from), await read(from)]).toEqual(["L40000", "b20c30"]);
    push(from, "d", 5);
    const taken = from.read() as Uint8Array;
    push(from, "e", 5);
    expect(Buffer.from(taken).toString()).toBe("ddddd");
    expect(await read(from)).toBe("e5");
  });

  it("come before the failure that follows them, and not at all after an abort", async () => {
    const broken = queue(100);
    const waiting = read(broken);
    push(broken, "a", 10);
    broken.fail(new TransportError("broken"));
    expect(await waiting).toBe("a10");
    await expect(async () => broken.read()).rejects.toThrow("broken");

    const aborted = queue(100);
    const stopped = read(aborted);
    push(aborted, "a", 10);
    aborted.abort(new Error("stop"));
    await expect(stopped).rejects.toThrow("stop");
  });
});

describe("a body that is lent", () => {
  const queue = (...list: string[]) => {
    const cancelled: unknown[] = [];
    const made = new BodyQueue({ resumeBody() {}, readPaused() {}, cancelBody: (reason) => cancelled.push(reason) });
    for (const text of list) made.push(Buffer.from(text));
    return Object.assign(made, { cancelled });
  };
  const collect = (into: string[]) => (bytes: Uint8Array) => {
    into.push(Buffer.from(bytes).toString());
    return undefined;
  };

  it("comes piece by piece, what was there before and what comes later, without being copied", async () => {
    const from = queue("a");
    const got: string[] = [];
    let seen: Uint8Array | undefined;
    const done = feedBody(makeResponseBody(from, { contentLength: 3 }), (bytes) => {
      seen = bytes;
      return collect(got)(bytes);
    });
    expect(got).toEqual(["a"]);
    const lent = Buffer.from("b");
    from.push(lent, true);
    expect(seen).toBe(lent);
    from.push(Buffer.from("c"), true);
    from.end();
    await done;
    expect(got).toEqual(["a", "b", "c"]);
    expect(from.cancelled).toEqual([]);
  });

  it("waits while its taker does: what comes meanwhile is kept", async () => {
    const from = queue();
    const got: string[] = [];
    let go = (): void => {};
    const done = feedBody(makeResponseBody(from, { contentLength: 3 }), (bytes) => {
      collect(got)(bytes);
      return new Promise((resolve) => {
        go = () => resolve(undefined);
      });
    });
    const lent = Buffer.from("a");
    for (const letter of ["a", "b", "c"]) {
      lent.write(letter);
      from.push(lent, true);
    }
    from.end();
    lent.write("x");
    for (const so of [["a"], ["a", "b"], ["a", "b", "c"]]) {
      await eventually(() => got.length === so.length);
      expect(got).toEqual(so);
      go();
    }
    await done;
  });

  it("ends when there was enough, or its taker throws: the rest is let go", async () => {
    for (const late of [false, true]) {
      for (const end of ["false", "false, later", "throws", "rejects"]) {
        const from = late ? queue() : queue("a");
        const thrown = new Error("no room");
        const done = feedBody(makeResponseBody(from, { contentLength: 3 }), () => {
          if (end === "throws") throw thrown;
          return end === "false" ? false : end === "rejects" ? Promise.reject(thrown) : Promise.resolve(false as const);
        });
        if (late) from.push(Buffer.from("a"), true);
        if (end.startsWith("false")) await done;
        else expect(await failure(done)).toBe(thrown);
        expect(from.cancelled).toHaveLength(1);
      }
    }
  });

  it("does not give its last piece out before the whole is known to be right", async () => {
    const wrong = new ChecksumMismatchError("CRC32", "x", "y");
    const verifier = {
      update() {},
      verify() {
        throw wrong;
      },
    };
    const from = queue();
    const got: string[] = [];
    const done = feedBody(makeResponseBody(from, { contentLength: 2, verifier }), collect(got));
    from.push(Buffer.from("a"), true);
    from.push(Buffer.from("b"), true);
    expect(await failure(done)).toBe(wrong);
    expect(got).toEqual(["a"]);
  });

  it("fails as its source does, at once when it is aborted, or goes on where it is healed", async () => {
    const broken = new TransportError("broken");
    const failing = queue();
    const failed = feedBody(makeResponseBody(failing, { contentLength: 3 }), () => undefined);
    failing.fail(broken);
    expect(await failure(failed)).toBe(broken);

    const short = queue("ab");
    const cut = feedBody(makeResponseBody(short, { contentLength: 3 }), () => undefined);
    short.end();
    expect(await failure(cut)).toMatchObject({ name: "IncompleteBodyError", actualBytes: 2 });

    const aborted = queue("a");
    const body = makeResponseBody(aborted, { contentLength: 3 });
    const stopped = feedBody(body, () => undefined);
    const reason = new Error("stop");
    body.destroy(reason);
    expect(await failure(stopped)).toBe(reason);

    const got: string[] = [];
    const first = queue("a");
    const rest = queue("b");
    const heal = vi.fn(async () => rest);
    const healed = feedBody(makeResponseBody(first, { contentLength: 3, heal }), collect(got));
    first.fail(broken);
    await eventually(() => got.length === 2);
    rest.push(Buffer.from("c"), true);
    rest.end();
    await healed;
    expect(got).toEqual(["a", "b", "c"]);
    expect(heal).toHaveBeenCalledWith(broken, 1, expect.anything());
  });

  it("comes as it does from a source that lends nothing, and from a body of somebody else's", async () => {
    for (const late of [false, true]) {
      const got: string[] = [];
      await feedBody(body(["a", "b", "c"], { contentLength: 3 }, late), collect(got));
      expect(got).toEqual(["a", "b", "c"]);
    }
    const foreign = (async function* () {
      yield Buffer.from("a");
      yield Buffer.from("b");
    })();
    const got: string[] = [];
    await feedBody(foreign as unknown as Parameters<typeof feedBody>[0], collect(got));
    expect(got).toEqual(["a", "b"]);
  });
});

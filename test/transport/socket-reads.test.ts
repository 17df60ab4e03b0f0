import { randomBytes } from "node:crypto";
import dns from "node:dns";
import { readFileSync } from "node:fs";
import { createServer } from "node:tls";
import { describe, expect, it, vi } from "vitest";
import { feedBody, makeResponseBody, type Transport } from "../../src/transport/index.js";
import { answering, get, type RawServer, reply, transport } from "./support.js";

/** Requests whose answers come at the same time, over connections of their own. */
const WIDTH = 12;

/** An object for each path, and a server that sends it in pieces, each in a turn of its own, so that reads of many connections take turns. */
async function objects(size: number, piece: number): Promise<{ server: RawServer; of: (index: number) => Buffer }> {
  const all = Array.from({ length: WIDTH }, () => randomBytes(size));
  const server = await answering((head, socket) => {
    const bytes = reply(all[Number(/\/(\d+) HTTP/.exec(head)?.[1])] as Buffer, "200 OK", { "x-amz-meta-a": "a" });
    let at = 0;
    const more = (): void => {
      socket.write(bytes.subarray(at, at + piece));
      at += piece;
      if (at < bytes.length) setImmediate(more);
    };
    more();
    return undefined;
  });
  return { server, of: (index) => all[index] as Buffer };
}

const source = async (client: Transport, server: { origin: string }, index: number) =>
  (await client.send(get(server, { path: `/${index}`, expect: "stream" }))).source!;

const each = (job: (index: number) => Promise<Uint8Array>): Promise<Uint8Array[]> =>
  Promise.all(Array.from({ length: WIDTH }, (_, index) => job(index)));

describe("bytes that were read into memory that all connections share", () => {
  for (const [size, piece] of [
    [700, 100_000],
    [700, 37],
    [300_000, 10_000],
    [1_000_000, 200_000],
  ] as const) {
    const ways: Record<string, (client: Transport, server: RawServer, index: number) => Promise<Uint8Array>> = {
      "as an answer": async (client, server, index) => (await client.send(get(server, { path: `/${index}` }))).body,
      "by bytes()": async (client, server, index) =>
        makeResponseBody(await source(client, server, index), { contentLength: size }).bytes(),
      "by bytes(), without a length": async (client, server, index) =>
        makeResponseBody(await source(client, server, index)).bytes(),
      "piece by piece, all kept": async (client, server, index) => {
        const kept: Uint8Array[] = [];
        for await (const one of makeResponseBody(await source(client, server, index))) kept.push(one);
        return Buffer.concat(kept);
      },
      "as a stream, read late": async (client, server, index) => {
        const body = makeResponseBody(await source(client, server, index), { contentLength: size });
        await new Promise((resolve) => setTimeout(resolve, 20));
        return Buffer.concat(await body.readable().toArray());
      },
      "lent, with pauses": async (client, server, index) => {
        const kept: Uint8Array[] = [];
        await feedBody(makeResponseBody(await source(client, server, index), { contentLength: size }), (lent) => {
          kept.push(Buffer.from(lent));
          return size > 100_000 || kept.length % 3 === 0
            ? new Promise((resolve) => setTimeout(() => resolve(undefined), 1))
            : undefined;
        });
        return Buffer.concat(kept);
      },
    };
    for (const [way, read] of Object.entries(ways)) {
      it(`come out as they were sent: ${size} bytes, ${piece} at a time, ${way}`, async () => {
        const { server, of } = await objects(size, piece);
        const client = transport();
        const got = await each((index) => read(client, server, index));
        for (let index = 0; index < WIDTH; index++) expect(Buffer.compare(got[index]!, of(index))).toBe(0);
        expect(client.stats().opened).toBe(WIDTH);
      });
    }
  }

  it("leave headers whole that come in pieces, while other answers come between them", async () => {
    const headers = Object.fromEntries(Array.from({ length: 40 }, (_, at) => [`x-amz-meta-${at}`, `${at}`.repeat(50)]));
    const server = await answering((_head, socket, index) => {
      const bytes = Buffer.concat([
        Buffer.from("HTTP/1.1 102 Processing\r\nx-amz-meta-0: interim\r\n\r\n"),
        reply(`body ${index}`, "200 OK", { ...headers, "x-amz-meta-own": String(index) }),
      ]);
      let at = 0;
      const more = (): void => {
        socket.write(bytes.subarray(at, at + 101));
        at += 101;
        if (at < bytes.length) setImmediate(more);
      };
      more();
      return undefined;
    });
    const client = transport();
    const answers = await Promise.all(Array.from({ length: WIDTH }, () => client.send(get(server))));
    for (const answer of answers) {
      expect({ ...answer.headers }).toMatchObject(headers);
      expect(answer.body.toString()).toBe(`body ${answer.headers["x-amz-meta-own"]}`);
    }
  });

  it("leave a head whole that begins behind the end of an interim one", async () => {
    let stage = 0;
    const server = await answering((_head, socket, index) => {
      const value = String(index % 10).repeat(300);
      const parts = [
        "HTTP/1.1 102 Processing\r\n",
        // Looks like the beginning of an answer that is all here.
        `Hint: none\r\n\r\nHTTP/1.1 200 OK\r\nx-amz-meta-a: ${value}\r\nx-amz-meta-b: ${value}`,
        `\r\ncontent-length: 4\r\n\r\nbody`,
      ];
      const more = (at: number): void => {
        socket.write(parts[at] as string);
        stage++;
        // Every connection has its part before any has the next.
        const wait = (): void => {
          if (stage < WIDTH * (at + 1)) setTimeout(wait, 1);
          else if (at < 2) setTimeout(() => more(at + 1), 20);
        };
        wait();
      };
      more(0);
      return undefined;
    });
    const client = transport();
    const answers = await Promise.all(Array.from({ length: WIDTH }, () => client.send(get(server))));
    for (const { headers, body } of answers) {
      expect(headers["x-amz-meta-a"]).toMatch(/^(\d)\1{299}$/);
      expect(headers["x-amz-meta-b"]).toBe(headers["x-amz-meta-a"]);
      expect(body.toString()).toBe("body");
    }
    expect(new Set(answers.map(({ headers }) => headers["x-amz-meta-a"])).size).toBe(10);
  });

  it("come in HTTP's own chunks, with trailers", async () => {
    const server = await answering((head) => {
      const index = /\/(\d+) HTTP/.exec(head)?.[1] as string;
      const chunk = `${(5000).toString(16)}\r\n${index.padStart(2, "0").repeat(2500)}\r\n`;
      return `HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n${chunk.repeat(40)}0\r\nx-trailer: ${"t".repeat(300)}\r\n\r\n`;
    });
    const client = transport();
    for (let round = 0; round < 3; round++) {
      const got = await each(async (index) => makeResponseBody(await source(client, server, index)).bytes());
      got.forEach((bytes, index) => {
        expect(Buffer.from(bytes).toString()).toBe(
          String(index)
            .padStart(2, "0")
            .repeat(2500 * 40),
        );
      });
    }
    expect(client.stats().opened).toBe(WIDTH);
  });

  it("come over TLS", async () => {
    const pem = readFileSync(new URL("../../fixtures/tls/loopback.pem", import.meta.url));
    const all = Array.from({ length: WIDTH }, () => randomBytes(400_000));
    const server = createServer({ key: pem, cert: pem }, (socket) => {
      socket.on("error", () => {});
      socket.on("data", (head) => socket.write(reply(all[Number(/\/(\d+) HTTP/.exec(String(head))?.[1])]!)));
    });
    await new Promise<void>((resolve) => server.listen(0, "localhost", resolve));
    try {
      const { port } = server.address() as { port: number };
      const client = transport({
        caBundle: readFileSync(new URL("../../fixtures/tls/authority.pem", import.meta.url), "utf8"),
      });
      for (let round = 0; round < 3; round++) {
        const got = await each(async (index) => {
          const kept: Uint8Array[] = [];
          const from = await source(client, { origin: `https://localhost:${port}` }, index);
          for await (const one of makeResponseBody(from, { contentLength: 400_000 })) kept.push(one);
          return Buffer.concat(kept);
        });
        got.forEach((bytes, index) => {
          expect(Buffer.compare(bytes, all[index]!)).toBe(0);
        });
      }
      expect(client.stats().opened).toBe(WIDTH);
    } finally {
      server.close();
    }
  });

  it("come from a host with several addresses, whose first ones nobody answers at", async () => {
    const pem = readFileSync(new URL("../../fixtures/tls/loopback.pem", import.meta.url));
    const bytes = randomBytes(300_000);
    const plain = await answering(() => reply(bytes));
    const secure = createServer({ key: pem, cert: pem }, (socket) => {
      socket.on("error", () => {});
      socket.on("data", () => socket.write(reply(bytes)));
    });
    await new Promise<void>((resolve) => secure.listen(0, "127.0.0.1", resolve));
    const addresses = [
      { address: "::1", family: 6 },
      { address: "127.0.0.1", family: 4 },
    ];
    const lookup = vi.spyOn(dns, "lookup").mockImplementation(((
      _host: string,
      _options: object,
      done: (error: null, found: typeof addresses) => void,
    ) => {
      setImmediate(() => done(null, addresses));
    }) as unknown as typeof dns.lookup);
    try {
      const { port } = secure.address() as { port: number };
      const client = transport({
        caBundle: readFileSync(new URL("../../fixtures/tls/authority.pem", import.meta.url), "utf8"),
      });
      for (const origin of [`http://localhost:${plain.port}`, `https://localhost:${port}`]) {
        const got = await makeResponseBody(await source(client, { origin }, 0), {
          contentLength: bytes.length,
        }).bytes();
        expect(Buffer.compare(got, bytes)).toBe(0);
      }
      expect(lookup).toHaveBeenCalledTimes(2);
    } finally {
      lookup.mockRestore();
      secure.close();
    }
  });
});

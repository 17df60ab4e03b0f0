// What carrying a request costs: `npm run bench:build && node test/bench/transport.mjs [round count]`.
//
// CPU time (user and system) of the client's process per request, or per GiB of a large body; the server is a process of its own that speaks
// from a plain socket. Everybody sends the same prepared headers to the same server over loopback and reads the body whole. Contenders take
// turns in each round, and the least disturbed round of each counts. Ratios travel, microseconds don't.
import { fork } from "node:child_process";
import { createServer } from "node:net";

const MB = 1024 * 1024;

if (process.argv[2] === "--server") serve();
else await main();

/** An S3 as fast as it can be: answers each head, swallows bodies. */
function serve() {
  const headers =
    "x-amz-id-2: eftixk72aD6Ap51TnqcoF8eFidJG9Z/2mkiDFu8yU9AS1ed4OpIszj7UDNEHGran\r\nx-amz-request-id: 318BC8BC148832E5\r\ndate: Wed, 28 Oct 2009 22:32:00 GMT\r\n" +
    'last-modified: Wed, 12 Oct 2009 17:50:00 GMT\r\netag: "fba9dede5f27731c9771645a39863328"\r\naccept-ranges: bytes\r\ncontent-type: application/octet-stream\r\nserver: AmazonS3\r\n';
  const answer = (length) => `HTTP/1.1 200 OK\r\n${headers}content-length: ${length}\r\n\r\n`;
  const small = Buffer.concat([Buffer.from(answer(1024)), Buffer.alloc(1024, "x")]);
  const empty = Buffer.from(answer(0));
  const head = Buffer.from(answer(1024));
  const piece = Buffer.alloc(MB, "y");
  let sockets = 0;
  const server = createServer({ noDelay: true }, (socket) => {
    sockets++;
    let skip = 0;
    socket.on("error", () => {});
    socket.on("data", (chunk) => {
      let at = 0;
      while (at < chunk.length) {
        const body = Math.min(skip, chunk.length - at);
        at += body;
        skip -= body;
        if (skip > 0) return;
        if (body > 0) socket.write(empty);
        if (at >= chunk.length) return;
        const end = chunk.indexOf("\r\n\r\n", at);
        const text = chunk.latin1Slice(at, end);
        at = end + 4;
        if (text.startsWith("PUT")) {
          skip = Number(/content-length: (\d+)/.exec(text)[1]);
          if (skip === 0) socket.write(empty);
        } else if (text.startsWith("GET /large")) {
          let left = 256;
          socket.write(answer(256 * MB));
          const more = () => {
            while (left > 0) {
              left--;
              if (!socket.write(piece)) return socket.once("drain", more);
            }
          };
          more();
        } else socket.write(text.startsWith("HEAD") ? head : text.startsWith("DELETE") ? empty : small);
      }
    });
  });
  server.listen(0, "127.0.0.1", () => process.send(server.address().port));
  process.on("message", () => {
    process.send(sockets);
    sockets = 0;
  });
}

async function main() {
  const rounds = Number(process.argv[2] ?? 7);
  const dist = new URL(process.env["DIST"] ?? "../../.cache/bench/", import.meta.url);
  const { Transport, makeResponseBody } = await import(new URL("transport/index.js", dist));
  const { default: Pool } = await import("undici/lib/dispatcher/pool.js");
  const { default: apiRequest } = await import("undici/lib/api/api-request.js");
  Pool.prototype.request = apiRequest;

  const child = fork(new URL(import.meta.url), ["--server"]);
  const port = await new Promise((resolve) => child.once("message", resolve));
  const socketsOpened = () =>
    new Promise((resolve) => {
      child.once("message", resolve);
      child.send("sockets?");
    });
  const origin = `http://127.0.0.1:${port}`;
  const body = Buffer.alloc(1024, "z");
  const pairs = [
    "host",
    `127.0.0.1:${port}`,
    "x-amz-date",
    "20260131T000000Z",
    "x-amz-content-sha256",
    "UNSIGNED-PAYLOAD",
    "user-agent",
    "bench",
    "authorization",
    "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20260131/us-east-1/s3/aws4_request, SignedHeaders=host;x-amz-content-sha256;x-amz-date, Signature=5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7",
  ];

  const request = (method, path = "/bucket/key") => ({
    origin,
    path,
    method,
    headers: pairs,
    body: method === "PUT" ? body : null,
  });

  /** The bare floor: dispatch() and the least of handlers. */
  const handler = (resolve, reject) => ({
    chunks: [],
    onConnect() {},
    onHeaders(status) {
      this.status = status;
      return true;
    },
    onData(chunk) {
      this.chunks.push(chunk);
      return true;
    },
    onComplete() {
      resolve(this.chunks.length === 1 ? this.chunks[0] : Buffer.concat(this.chunks));
    },
    onError: reject,
  });

  const make = {
    "undici request()": () => {
      const pool = new Pool(origin, { connections: 128 });
      return {
        send: async (method) => {
          const { body } = await pool.request({ ...request(method), reset: method === "HEAD" ? false : undefined });
          return body.arrayBuffer();
        },
        download: async () => {
          const { body } = await pool.request(request("GET", "/large"));
          let total = 0;
          for await (const chunk of body) total += chunk.length;
          return total;
        },
        upload: async (source, length) => {
          const { body } = await pool.request({
            ...request("PUT"),
            headers: [...pairs, "content-length", String(length)],
            body: source,
          });
          return body.arrayBuffer();
        },
        close: () => pool.destroy(),
      };
    },
    "undici dispatch()": () => {
      const pool = new Pool(origin, { connections: 128 });
      const send = (options) => new Promise((resolve, reject) => pool.dispatch(options, handler(resolve, reject)));
      return {
        send: (method) => send({ ...request(method), reset: method === "HEAD" ? false : undefined }),
        download: () =>
          new Promise((resolve, reject) => {
            let total = 0;
            pool.dispatch(request("GET", "/large"), {
              onConnect() {},
              onHeaders: () => true,
              onData(chunk) {
                total += chunk.length;
                return true;
              },
              onComplete: () => resolve(total),
              onError: reject,
            });
          }),
        upload: (source, length) =>
          send({ ...request("PUT"), headers: [...pairs, "content-length", String(length)], body: source }),
        close: () => pool.destroy(),
      };
    },
    tucuxi: () => {
      const transport = new Transport({ env: {} });
      return {
        send: async (method) => (await transport.send({ ...request(method), expect: "buffer" })).body,
        download: async () => {
          const { source, headers } = await transport.send({ ...request("GET", "/large"), expect: "stream" });
          let total = 0;
          for await (const chunk of makeResponseBody(source, { contentLength: Number(headers["content-length"]) }))
            total += chunk.length;
          return total;
        },
        upload: (source, length) =>
          transport.send({ ...request("PUT"), body: source, contentLength: length, expect: "buffer" }),
        close: () => transport.destroy(),
      };
    },
    "tucuxi, streamed": () => {
      const transport = new Transport({ env: {} });
      return {
        send: async (method) => {
          const { source, body, headers } = await transport.send({ ...request(method), expect: "stream" });
          return source ? makeResponseBody(source, { contentLength: Number(headers["content-length"]) }).bytes() : body;
        },
        close: () => transport.destroy(),
      };
    },
  };

  const cpu = async (act) => {
    globalThis.gc?.();
    const start = process.cpuUsage();
    const count = await act();
    const { user, system } = process.cpuUsage(start);
    return (user + system) / count;
  };

  const measure = async (title, unit, names, act) => {
    const best = new Map();
    const sockets = new Map();
    const made = new Map(names.map((name) => [name, make[name]()]));
    for (const one of made.values()) await act(one, true);
    for (let round = 0; round < rounds; round++) {
      for (const name of round % 2 ? [...names].reverse() : names) {
        const cost = await cpu(() => act(made.get(name), false));
        best.set(name, Math.min(best.get(name) ?? Number.POSITIVE_INFINITY, cost));
      }
    }
    for (const one of made.values()) await one.close();
    await socketsOpened();
    for (const name of names) {
      const one = make[name]();
      await act(one, true);
      sockets.set(name, await socketsOpened());
      await one.close();
    }
    const base = best.get("undici request()");
    console.log(`\n${title}`);
    for (const name of names) {
      const cost = best.get(name);
      console.log(
        `  ${name.padEnd(20)} ${unit(cost).padStart(10)}  ${(cost / base).toFixed(2)} of request()  ${String(sockets.get(name)).padStart(3)} sockets`,
      );
    }
  };

  const micro = (cost) => `${cost.toFixed(1)} µs`;
  const lanes = (method, concurrency, total) => async (one, warm) => {
    let left = warm ? Math.min(total, 3000) : total;
    const count = left;
    await Promise.all(
      Array.from({ length: concurrency }, async () => {
        while (left-- > 0) await one.send(method);
      }),
    );
    return count;
  };
  const only = process.env["ONLY"];
  for (const method of ["GET", "PUT", "HEAD", "DELETE"]) {
    for (const concurrency of [1, 16, 64]) {
      if (only && !`${method} ${concurrency}`.includes(only)) continue;
      await measure(
        `${method} of 1 KiB, ${concurrency} at a time`,
        micro,
        Object.keys(make),
        lanes(method, concurrency, concurrency === 1 ? 2000 : 6000),
      );
    }
  }
  const giga = (cost) => `${(cost / 1e6).toFixed(2)} s/GiB`;
  const large = ["undici request()", "undici dispatch()", "tucuxi"];
  if (!only || only === "large") {
    await measure("download of 256 MiB, streamed", giga, large, async (one, warm) => {
      if ((await one.download()) !== 256 * MB) throw new Error("not whole");
      return warm ? 1 : 0.25;
    });
    const piece = Buffer.alloc(64 * 1024, "u");
    async function* pieces() {
      for (let i = 0; i < 4096; i++) yield piece;
    }
    await measure("upload of 256 MiB in pieces of 64 KiB", giga, large, async (one) => {
      await one.upload(pieces(), 256 * MB);
      return 0.25;
    });
  }
  child.disconnect();
  child.kill();
}

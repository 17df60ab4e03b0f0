import { readFileSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { createServer } from "node:tls";
import { fileURLToPath } from "node:url";
import { inspect } from "node:util";
import { describe, expect, it } from "vitest";
import { ProxySettings } from "../../src/transport/proxy.js";
import { answering, eventually, failure, get, type RawServer, rawServer, reply, transport } from "./support.js";

const caBundle = fileURLToPath(new URL("../../fixtures/tls/authority.pem", import.meta.url));
const pem = readFileSync(fileURLToPath(new URL("../../fixtures/tls/loopback.pem", import.meta.url)));

/** A proxy that tunnels to wherever it is asked to, on the loopback interface; and keeps what it was asked. */
async function tunnelling(
  answer = "HTTP/1.1 200 Connection established\r\n\r\n",
): Promise<RawServer & { asked: string[] }> {
  const asked: string[] = [];
  const server = await rawServer((socket: Socket) => {
    socket.once("data", (chunk) => {
      const head = chunk.toString("latin1");
      asked.push(head);
      if (!head.startsWith("CONNECT ")) return;
      const port = Number(/:(\d+) HTTP/.exec(head)?.[1]);
      const beyond = connect(port, "127.0.0.1", () => {
        socket.write(answer);
        if (!answer.includes(" 200 ")) return;
        socket.pipe(beyond).pipe(socket);
      });
      beyond.on("error", () => {});
      socket.on("close", () => beyond.destroy());
    });
  });
  return Object.assign(server, { asked });
}

describe("which proxy", () => {
  const proxy = (env: Record<string, string>, origin: string): string | undefined =>
    ProxySettings.from(env)?.for(origin)?.name;

  it("is named by the scheme of the endpoint, in lower case first", () => {
    const env = {
      https_proxy: "http://a:1",
      HTTPS_PROXY: "http://b:2",
      HTTP_PROXY: "http://c:3",
      all_proxy: "http://d:4",
    };
    expect(proxy(env, "https://x")).toBe("a:1");
    expect(proxy(env, "http://x")).toBe("c:3");
    expect(proxy({ HTTPS_PROXY: "http://b:2" }, "http://x")).toBe(undefined);
    expect(proxy({ ALL_PROXY: "d:4" }, "http://x")).toBe("d:4");
    expect(proxy({ ALL_PROXY: "d" }, "https://x")).toBe("d:80");
    expect(proxy({ ALL_PROXY: "https://d" }, "https://x")).toBe("d:443");
    expect(proxy({ ALL_PROXY: "http://[::1]:3128" }, "https://x")).toBe("[::1]:3128");
    expect(proxy({ https_proxy: "", HTTPS_PROXY: "http://b:2" }, "https://x")).toBe(undefined);
    expect(ProxySettings.from({ NO_PROXY: "*", https_proxy: " " })).toBe(undefined);
  });

  it("is none for what NO_PROXY covers", () => {
    const direct = (list: string, origin: string): boolean =>
      proxy({ ALL_PROXY: "p:1", NO_PROXY: list }, origin) === undefined;
    for (const [list, yes, no] of [
      ["*", ["http://a", "https://b:9000"], []],
      [
        "example.com",
        ["https://example.com", "http://s3.example.com", "http://EXAMPLE.com"],
        ["http://notexample.com", "http://example.com.evil"],
      ],
      [
        ".example.com, other.org",
        ["http://s3.example.com", "https://example.com", "http://other.org"],
        ["http://another.org"],
      ],
      ["*.example.com", ["http://s3.example.com"], ["http://xexample.com"]],
      ["example.com:9000", ["http://example.com:9000"], ["http://example.com", "https://example.com:9001"]],
      ["example.com:443", ["https://example.com"], ["http://example.com"]],
      ["127.0.0.1 localhost", ["http://127.0.0.1:9000", "http://localhost"], ["http://127.0.0.2"]],
      [
        "10.0.0.0/8,192.168.1.0/24",
        ["http://10.9.8.7", "http://192.168.1.255:80"],
        ["http://11.0.0.1", "http://192.168.2.1", "http://x10.0.0.1"],
      ],
      ["::1,fd00::/8", ["http://[::1]:9000", "http://[fd12:3456::1]"], ["http://[fe80::1]", "http://[::2]"]],
      ["[::1]:9000", ["http://[::1]:9000"], ["http://[::1]:9001"]],
      ["", [], ["http://a"]],
    ] as const) {
      for (const origin of yes) expect([list, origin, direct(list, origin)]).toEqual([list, origin, true]);
      for (const origin of no) expect([list, origin, direct(list, origin)]).toEqual([list, origin, false]);
    }
  });

  it("that can't be used is told without its password", () => {
    for (const url of ["socks5://user:hush@h:1", "http://user:hush@:::", "http://user:hush@h:99999"]) {
      try {
        proxy({ HTTPS_PROXY: url }, "https://x");
        expect.unreachable();
      } catch (error) {
        expect(error).toMatchObject({ name: "ConfigError", code: "InvalidProxy" });
        expect(inspect(error, { depth: 9 })).not.toContain("hush");
      }
    }
  });
});

describe("through a proxy", () => {
  it("TLS goes through a tunnel, with the proxy's credentials for the proxy alone", async () => {
    const proxy = await tunnelling();
    let seen = "";
    const server = createServer({ key: pem, cert: pem }, (socket) => {
      socket.on("error", () => {});
      socket.on("data", (chunk) => {
        seen += chunk.toString("latin1");
        socket.write(reply("within"));
      });
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const { port } = server.address() as { port: number };
    const client = transport({ caBundle, env: { HTTPS_PROXY: `http://us%40er:p%3Aw@127.0.0.1:${proxy.port}` } });
    for (let i = 0; i < 3; i++) {
      expect((await client.send(get({ origin: `https://localhost:${port}` }))).body.toString()).toBe("within");
    }
    expect(proxy.asked).toEqual([
      `CONNECT localhost:${port} HTTP/1.1\r\nHost: localhost:${port}\r\nProxy-Authorization: Basic ${Buffer.from("us@er:p:w").toString("base64")}\r\n\r\n`,
    ]);
    expect(seen.toLowerCase()).not.toContain("proxy-authorization");
    await client.destroy();
    server.close();
  });

  it("plain HTTP goes through a tunnel where the proxy gives one", async () => {
    const [proxy, server] = [await tunnelling(), await answering(() => reply("plain"))];
    const client = transport({ env: { http_proxy: `127.0.0.1:${proxy.port}` } });
    expect((await client.send(get(server))).body.toString()).toBe("plain");
    expect(proxy.asked[0]).toMatch(/^CONNECT 127\.0\.0\.1:\d+ HTTP/);
    expect(server.received).toMatch(/^GET \/bucket\/key HTTP/);
  });

  for (const [name, refusal] of [
    ["by its answer", "HTTP/1.1 403 Forbidden\r\ncontent-length: 0\r\n\r\n"],
    ["by closing", ""],
  ] as const) {
    it(`plain HTTP is handed to a proxy that refuses a tunnel ${name}`, async () => {
      const seen: string[] = [];
      const proxy = await rawServer((socket) => {
        socket.on("data", (chunk) => {
          const head = chunk.toString("latin1");
          seen.push(head);
          if (!head.startsWith("CONNECT")) socket.write(reply("forwarded"));
          else socket.end(refusal);
        });
      });
      const client = transport({ env: { HTTP_PROXY: `http://u:p@127.0.0.1:${proxy.port}` } });
      const request = get({ origin: "http://storage.test" }, { headers: ["host", "storage.test"] });
      const answers = await Promise.all([client.send(request), client.send(request)]);
      expect(answers.map(({ body }) => body.toString())).toEqual(["forwarded", "forwarded"]);
      expect((await client.send(request)).status).toBe(200);
      const forwarded = seen.filter((head) => !head.startsWith("CONNECT"));
      expect(forwarded).toHaveLength(3);
      expect(forwarded[0]).toBe(
        "GET http://storage.test/bucket/key HTTP/1.1\r\nhost: storage.test\r\nconnection: keep-alive\r\nproxy-authorization: Basic dTpw\r\n\r\n",
      );
    });
  }

  it("what goes wrong at it is told, and no password", async () => {
    const secret = "hush-hush";
    const cases: [server: RawServer, code: string, message: RegExp][] = [
      [
        await tunnelling("HTTP/1.1 407 Proxy Authentication Required\r\n\r\n"),
        "ProxyAuthenticationRequired",
        /wants other credentials \(407\)/,
      ],
      [await tunnelling("HTTP/1.1 502 Bad Gateway\r\n\r\n"), "ProxyRefusedTunnel", /answered 502/],
      [await tunnelling("SSH-2.0-x\r\n\r\n"), "ProxyError", /no HTTP/],
      [
        await rawServer((socket) => socket.once("data", () => socket.end())),
        "ProxyRefusedTunnel",
        /closed the connection/,
      ],
      [
        await rawServer((socket) => socket.once("data", () => socket.write("x".repeat(20_000)))),
        "ProxyError",
        /no HTTP/,
      ],
    ];
    for (const [proxy, code, message] of cases) {
      const server = await answering(() => reply("x"));
      const client = transport({ env: { HTTPS_PROXY: `http://user:${secret}@127.0.0.1:${proxy.port}` } });
      const error = await failure(client.send(get({ origin: server.origin.replace("http:", "https:") })));
      expect(error).toMatchObject({ name: "TransportError", code, phase: "connecting" });
      expect(error.message).toMatch(message);
      expect(inspect([error, client], { depth: 9, showHidden: true })).not.toContain(secret);
      await eventually(() => client.stats().sockets === 0);
    }
  });

  it("a proxy that is not there, or says nothing, is named", async () => {
    const gone = await rawServer(() => {});
    await gone.stop();
    const refused = await failure(
      transport({ env: { ALL_PROXY: `127.0.0.1:${gone.port}` } }).send(get({ origin: "https://s3.test" })),
    );
    expect(refused).toMatchObject({ code: "ECONNREFUSED", phase: "connecting" });
    const silent = await rawServer((socket) => socket.resume());
    const client = transport({ connectTimeout: 60, env: { ALL_PROXY: `127.0.0.1:${silent.port}` } });
    const error = await failure(client.send(get({ origin: "https://s3.test" })));
    expect(error).toMatchObject({ name: "TimeoutError", code: "ConnectTimeout" });
    expect(error.message).toContain(`the proxy 127.0.0.1:${silent.port}`);
    await eventually(() => client.stats().sockets === 0);
  });

  it("is not asked for hosts of NO_PROXY", async () => {
    const [proxy, server] = [await tunnelling(), await answering(() => reply("direct"))];
    const client = transport({ env: { HTTP_PROXY: `127.0.0.1:${proxy.port}`, NO_PROXY: "127.0.0.0/8" } });
    expect((await client.send(get(server))).body.toString()).toBe("direct");
    expect(proxy.asked).toEqual([]);
  });
});

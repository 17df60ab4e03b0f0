import { connect } from "node:net";
import type { S3Client, S3ClientOptions } from "tucuxi";
import { describe, expect, it } from "vitest";
import { answer, cut, hangsUp, object, says, works } from "./plays.js";
import { FaultServer, onConnect, onHead, onRequest, type Play, reset } from "./server.js";
import { caBundle, eventually, getIt, handles, impatient, leavesNothing, listIt, there, within } from "./table.js";

describe("a proxy", () => {
  /** Opens a tunnel to wherever it is asked, on this machine; `limit`: it breaks after so many bytes of what comes back. */
  const tunnels = (limit = Number.POSITIVE_INFINITY): Play =>
    onHead(({ socket }, { target }) => {
      const beyond = connect(Number(target.split(":")[1]), "127.0.0.1", () => {
        socket.write("HTTP/1.1 200 Connection established\r\n\r\n");
        let passed = 0;
        beyond.on("data", (chunk) => {
          socket.write(chunk.subarray(0, Math.max(limit - passed, 0)));
          passed += chunk.length;
          if (passed >= limit) socket.end();
        });
        socket.on("data", (chunk) => beyond.write(chunk));
        socket.on("close", () => beyond.destroy());
      });
      beyond.on("error", () => socket.destroy());
    });
  const head = (answer: string, how: "stay" | "close" = "stay"): Play =>
    onHead(({ socket }) => {
      socket.write(answer);
      if (how === "close") socket.end();
    });

  interface ProxyRow {
    fault: string;
    proxy: Play[];
    error?: Record<string, unknown>;
    /** Connections that the proxy took. */
    tunnels: number;
    down?: true;
    options?: S3ClientOptions;
  }
  it.each<[string, ProxyRow]>(
    (
      [
        { fault: "works", proxy: [tunnels()], tunnels: 1 },
        {
          fault: "wants credentials",
          proxy: [head("HTTP/1.1 407 Who are you\r\n\r\n")],
          error: { code: "ProxyAuthenticationRequired", attempts: 1 },
          tunnels: 1,
        },
        {
          fault: "is not there",
          proxy: [tunnels()],
          down: true,
          error: { code: "ECONNREFUSED", attempts: 3 },
          tunnels: 0,
        },
        {
          fault: "refuses, always",
          proxy: [head("HTTP/1.1 403 Forbidden\r\ncontent-length: 0\r\n\r\n")],
          error: { code: "ProxyRefusedTunnel", attempts: 3 },
          tunnels: 3,
        },
        {
          fault: "cannot reach the service, once",
          proxy: [head("HTTP/1.1 502 Bad Gateway\r\n\r\n", "close"), tunnels()],
          tunnels: 2,
        },
        {
          fault: "answers something that is no HTTP",
          proxy: [head("hello\r\n\r\n")],
          error: { code: "ProxyError", attempts: 3 },
          tunnels: 3,
        },
        { fault: "answers half of it, and closes", proxy: [head("HTTP/1.1 200 Con", "close"), tunnels()], tunnels: 2 },
        {
          fault: "answers without end",
          proxy: [onHead(({ socket, server }) => server.repeat(1, () => void socket.write("x-a: b\r\n".repeat(500))))],
          error: { code: "ProxyError", attempts: 3 },
          tunnels: 3,
        },
        {
          fault: "says nothing",
          proxy: [onHead(() => {})],
          options: { connectTimeout: 300 },
          error: { name: "TimeoutError", code: "ConnectTimeout", attempts: 3 },
          tunnels: 3,
        },
        { fault: "closes at once", proxy: [onConnect(({ socket }) => socket.end()), tunnels()], tunnels: 2 },
        { fault: "cuts the tunnel in the handshake", proxy: [tunnels(500), tunnels()], tunnels: 2 },
        { fault: "cuts the tunnel in the body", proxy: [tunnels(150_000), tunnels(150_000), tunnels()], tunnels: 3 },
      ] satisfies ProxyRow[]
    ).map((row: ProxyRow) => [row.fault, row]),
  )("%s", async (_, row) => {
    const before = handles();
    const { readFileSync } = await import("node:fs");
    const pem = readFileSync(new URL("../../fixtures/tls/loopback.pem", import.meta.url));
    const service = await FaultServer.start([works], pem);
    const proxy = await FaultServer.start(row.proxy);
    if (row.down) await proxy.stop();
    const s3 = impatient(`https://localhost:${service.port}`, row.options, {
      AWS_CA_BUNDLE: caBundle,
      HTTPS_PROXY: `http://user:hidden@127.0.0.1:${proxy.port}`,
    });
    try {
      const failure: unknown = await within(
        60_000,
        getIt(s3).then(
          () => undefined,
          (error: unknown) => error,
        ),
      );
      if (row.error) {
        expect(failure).toMatchObject(row.error);
        expect(JSON.stringify(failure) + String(failure)).not.toContain("hidden");
      } else if (failure !== undefined) throw failure;
      await eventually(
        () => proxy.accepted >= row.tunnels,
        () => `the proxy took ${proxy.accepted} connections of ${row.tunnels}`,
      );
      expect(proxy.accepted).toBe(row.tunnels);
    } finally {
      await s3.close();
      proxy.thaw();
      await proxy.stop();
      await leavesNothing(s3, service, before);
    }
  });
});

describe("bodies that nobody reads", () => {
  const many = async (s3: S3Client, count: number): Promise<unknown[]> =>
    Promise.all(Array.from({ length: count }, () => s3.getObject(there)));

  it("sixty small ones hold no connection", async () => {
    const before = handles();
    const server = await FaultServer.start([says(answer("200 OK", { etag: '"e"' }, "small"))]);
    const s3 = impatient(`http://127.0.0.1:${server.port}`, { maxConnections: 4 });
    try {
      const outputs = await within(60_000, many(s3, 60));
      await within(60_000, listed(s3));
      expect(server.accepted).toBeLessThanOrEqual(4);
      expect(s3.stats()).toMatchObject({ running: 0, queued: 0 });
      expect(outputs).toHaveLength(60);
    } finally {
      await leavesNothing(s3, server, before);
    }
  });

  it("sixty large ones hang nothing, and what is read late is read right", async () => {
    const before = handles();
    const server = await FaultServer.start([works]);
    const s3 = impatient(`http://127.0.0.1:${server.port}`, { maxConnections: 20 });
    try {
      const outputs = (await within(60_000, many(s3, 60))) as Awaited<ReturnType<S3Client["getObject"]>>[];
      await within(60_000, listIt(s3));
      expect(server.open.size).toBeLessThanOrEqual(20);
      const first = await within(60_000, outputs[0]!.Body.bytes());
      expect(Buffer.compare(first, object)).toBe(0);
      for (const { Body } of outputs) Body.destroy();
    } finally {
      await leavesNothing(s3, server, before);
    }
  });

  it("that were destroyed give their connections back at once", async () => {
    const before = handles();
    const server = await FaultServer.start([works]);
    const s3 = impatient(`http://127.0.0.1:${server.port}`, { maxConnections: 2 });
    try {
      for (let i = 0; i < 20; i++) (await within(60_000, s3.getObject(there))).Body.destroy();
      await within(60_000, listIt(s3));
      // Nobody had to wait until an unread body was let go.
      expect(s3.stats()).toMatchObject({ abandoned: 0 });
    } finally {
      await leavesNothing(s3, server, before);
    }
  });

  async function listed(s3: S3Client): Promise<void> {
    const { Body } = await s3.getObject(there);
    expect(await Body.text()).toBe("small");
  }
});

describe("kept connections that are closed without a word", () => {
  /** As many calls at once, so that there are as many connections afterwards. */
  const keeping = async (count: number): Promise<{ server: FaultServer; forget: () => void }> => {
    let forgotten = false;
    let together: (() => void)[] = [];
    const server = await FaultServer.start([
      onRequest((line, seen) => {
        if (!forgotten) {
          together.push(() => void works.act(line, seen));
          if (together.length < count) return;
          for (const go of together) go();
          together = [];
        } else if (seen.connection <= count) reset(line.socket);
        else void works.act(line, seen);
      }),
    ]);
    return { server, forget: () => (forgotten = true) };
  };

  it.each([
    [1, 1],
    [1, 3],
    [6, 1],
    [6, 3],
  ])("%i of them are no error of a call with %i attempts", async (count, maxAttempts) => {
    const before = handles();
    const { server, forget } = await keeping(count);
    const s3 = impatient(`http://127.0.0.1:${server.port}`, { maxAttempts });
    try {
      await Promise.all(Array.from({ length: count }, () => s3.headObject(there)));
      expect(s3.stats()).toMatchObject({ idle: count });
      forget();
      const { ResponseMetadata } = await within(60_000, s3.headObject(there));
      expect(ResponseMetadata.RetryAttempts).toBe(1);
      expect(server.accepted).toBe(count + 1);
      await within(60_000, listIt(s3));
    } finally {
      await leavesNothing(s3, server, before);
    }
  });

  it("count for nothing: what fails after them has all its attempts", async () => {
    const before = handles();
    const server = await FaultServer.start([
      works,
      hangsUp("reset"),
      says(answer("503 Oh")),
      says(answer("503 Oh")),
      works,
    ]);
    const s3 = impatient(`http://127.0.0.1:${server.port}`, { maxAttempts: 3 });
    try {
      await s3.headObject(there);
      const { ResponseMetadata } = await within(60_000, s3.headObject(there));
      expect(ResponseMetadata.RetryAttempts).toBe(3);
    } finally {
      await leavesNothing(s3, server, before);
    }
  });

  it("are not asked for again and again", async () => {
    const before = handles();
    const server = await FaultServer.start([works, hangsUp("reset")]);
    const s3 = impatient(`http://127.0.0.1:${server.port}`, { maxAttempts: 2 });
    try {
      await s3.headObject(there);
      await expect(within(60_000, s3.headObject(there))).rejects.toMatchObject({ name: "TransportError", attempts: 3 });
    } finally {
      await leavesNothing(s3, server, before);
    }
  });
});

describe("many calls at once, with faults among them", () => {
  it("each gets its own answer", async () => {
    const before = handles();
    const faulty = [
      works,
      works,
      cut(100_000, "reset"),
      works,
      hangsUp("close"),
      works,
      says("HTTP/1.1 50", "close"),
      works,
      says(answer("503 Oh")),
    ];
    const plays = Array.from({ length: 400 }, (_, i) => (i < 380 ? faulty[(i * 7) % faulty.length]! : works));
    const server = await FaultServer.start(plays);
    const s3 = impatient(`http://127.0.0.1:${server.port}`, {
      maxConnections: 8,
      maxAttempts: 10,
    });
    try {
      await within(
        60_000,
        Promise.all(
          Array.from({ length: 60 }, async (_, i) => {
            const first = i * 4000;
            const { Body } = await s3.getObject({ ...there, Range: `bytes=${first}-${first + 49_999}` });
            const bytes = await Body.bytes();
            expect(Buffer.compare(bytes, object.subarray(first, first + 50_000))).toBe(0);
          }),
        ),
      );
      expect(server.open.size).toBeLessThanOrEqual(8);
    } finally {
      await leavesNothing(s3, server, before);
    }
  });
});

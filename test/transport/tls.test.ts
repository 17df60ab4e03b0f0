import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createServer, type TLSSocket } from "node:tls";
import { fileURLToPath } from "node:url";
import { Worker } from "node:worker_threads";
import { afterEach, describe, expect, it } from "vitest";
import { makeResponseBody } from "../../src/transport/index.js";
import { eventually, failure, get, rawServer, reply, transport } from "./support.js";

const path = (name: string): string => fileURLToPath(new URL(`../../fixtures/tls/${name}.pem`, import.meta.url));
const caBundle = path("authority");

const stops: (() => void)[] = [];
afterEach(() => {
  for (const stop of stops.splice(0)) stop();
});

/** The program of a thread that answers requests over TLS, and tells how many connections it had when it is asked. */
const answerer = `
  const { parentPort, workerData: pem } = require("node:worker_threads");
  let connections = 0;
  const server = require("node:tls").createServer({ key: pem, cert: pem }, (socket) => {
    connections++;
    socket.on("error", () => {}).on("data", (chunk) => {
      if (/(\\r\\n\\r\\n|body)$/.test(chunk.latin1Slice())) socket.write("HTTP/1.1 200 OK\\r\\ncontent-length: 2\\r\\n\\r\\nok");
    });
  });
  server.listen(0, "127.0.0.1", () => parentPort.postMessage(server.address().port));
  parentPort.on("message", () => parentPort.postMessage(connections));
`;

/** A server over TLS that answers every request alike. */
async function tlsServer(
  certificate: string,
  answer: (socket: TLSSocket) => void = (socket) => socket.write(reply("secret")),
) {
  const pem = readFileSync(path(certificate));
  const seen = { origin: "", port: 0, accepted: 0, resumed: 0, received: "", names: new Set<unknown>() };
  const server = createServer({ key: pem, cert: pem }, (socket) => {
    seen.accepted++;
    if (socket.isSessionReused()) seen.resumed++;
    seen.names.add((socket as TLSSocket & { servername: unknown }).servername);
    socket.on("error", () => {});
    socket.on("data", (chunk) => {
      seen.received += chunk.toString("latin1");
      if (seen.received.endsWith("\r\n\r\n")) answer(socket);
    });
    stops.push(() => socket.destroy());
  });
  server.on("tlsClientError", () => {});
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  seen.port = (server.address() as { port: number }).port;
  seen.origin = `https://localhost:${seen.port}`;
  stops.push(() => server.close());
  return seen;
}

describe("TLS", () => {
  it("trusts the CA bundle it is given: a path, PEM text, or AWS_CA_BUNDLE", async () => {
    const server = await tlsServer("loopback");
    for (const options of [
      { caBundle },
      { caBundle: readFileSync(caBundle, "utf8") },
      { env: { AWS_CA_BUNDLE: caBundle } },
    ]) {
      expect((await transport(options).send(get(server))).body.toString()).toBe("secret");
    }
    const { source } = await transport({ caBundle }).send(get(server, { expect: "stream" }));
    expect(await makeResponseBody(source!).text()).toBe("secret");
    const byAddress = { origin: `https://127.0.0.1:${server.port}` };
    expect((await transport({ caBundle }).send(get(byAddress))).status).toBe(200);
    expect([...server.names]).toEqual(["localhost", false]);
  });

  it("names the host of the Host header to the server", async () => {
    const server = await tlsServer("other");
    const response = await transport({ caBundle }).send(get(server, { headers: ["host", "other.example"] }));
    expect(response.status).toBe(200);
    expect([...server.names]).toEqual(["other.example"]);
  });

  it("keeps connections, HEAD's too, and resumes sessions for new ones", async () => {
    const server = await tlsServer("loopback", (socket) => socket.write(reply("")));
    const client = transport({ caBundle });
    for (let i = 0; i < 3; i++) await client.send(get(server, { method: i === 1 ? "HEAD" : "GET" }));
    expect(server.accepted).toBe(1);
    await Promise.all(Array.from({ length: 3 }, () => client.send(get(server))));
    expect([server.accepted, server.resumed]).toEqual([3, 2]);
  });

  it("keeps a connection whose answer was there before the socket told that the request had gone", async () => {
    // In a thread of its own, so that it can answer while this one does nothing.
    const worker = new Worker(answerer, { eval: true, workerData: readFileSync(path("loopback"), "utf8") });
    stops.push(() => void worker.terminate());
    const [port] = (await once(worker, "message")) as [number];
    const client = transport({ caBundle });
    const server = { origin: `https://localhost:${port}` };
    await client.send(get(server));
    const nap = new Int32Array(new SharedArrayBuffer(4));
    for (const more of [{}, { method: "PUT", body: Buffer.from("body") }, { expect: "stream" }, {}] as const) {
      // Word of what is written over TLS comes with the next turn's immediates; bytes that are there by then come before it.
      const sending = await new Promise<{ answer: ReturnType<typeof client.send> }>((resolve) => {
        setImmediate(() => {
          const answer = client.send(get(server, more));
          Atomics.wait(nap, 0, 0, 100);
          resolve({ answer });
        });
      });
      const { source } = await sending.answer;
      if (source) await makeResponseBody(source).text();
    }
    worker.postMessage("connections?");
    expect(await once(worker, "message")).toEqual([1]);
  });

  it("refuses certificates, each with its hint", async () => {
    for (const [certificate, options, code, hint] of [
      ["loopback", {}, "UNABLE_TO_VERIFY_LEAF_SIGNATURE", /AWS_CA_BUNDLE/],
      ["other", { caBundle }, "ERR_TLS_CERT_ALTNAME_INVALID", /another name/],
      ["expired", { caBundle }, "CERT_HAS_EXPIRED", /clock/],
    ] as const) {
      const server = await tlsServer(certificate);
      const client = transport(options);
      const error = await failure(client.send(get(server)));
      expect(error).toMatchObject({ name: "TransportError", code, phase: "connecting" });
      expect(error["hint"]).toMatch(hint);
      await eventually(() => client.stats().sockets === 0);
    }
  });

  it("tells when the other side does not speak it", async () => {
    const server = await rawServer((socket) => {
      socket.once("data", () => socket.end("HTTP/1.1 400 Bad Request\r\n\r\n"));
    });
    const error = await failure(transport().send(get({ origin: server.origin.replace("http:", "https:") })));
    expect(error).toMatchObject({ name: "TransportError", phase: "connecting" });
    expect(error["hint"]).toMatch(/plain HTTP starts with http:/);
    // Not OpenSSL's numbers, files and line ends.
    expect(error.message).toMatch(/^(wrong version number|packet length too long) while connecting to [^\n]*$/);
  });

  it("a CA bundle that can't be read or holds nothing is named", async () => {
    const server = await tlsServer("loopback");
    for (const bundle of [
      "/no/such/bundle.pem",
      "-----BEGIN CERTIFICATE-----\nnonsense\n-----END CERTIFICATE-----\n",
    ]) {
      const error = await failure(transport({ caBundle: bundle }).send(get(server)));
      expect(error).toMatchObject({ name: "ConfigError", code: "InvalidCaBundle" });
    }
  });

  it("a connection cut within is an error, and an early refusal an answer", async () => {
    const cut = await tlsServer("loopback", (socket) => {
      socket.write("HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\n012", () => socket.destroy());
    });
    const client = transport({ caBundle });
    const error = await failure(client.send(get(cut)));
    expect(["IncompleteBodyError", "TransportError"]).toContain(error.name);
    await eventually(() => client.stats().sockets === 0);

    const early = await tlsServer("loopback");
    const refusing = createServer(
      { key: readFileSync(path("loopback")), cert: readFileSync(path("loopback")) },
      (socket) => {
        socket.on("error", () => {});
        socket.once("data", () => {
          socket.pause();
          socket.write(reply("denied", "403 Forbidden", { connection: "close" }), () => socket.end());
        });
        stops.push(() => socket.destroy());
      },
    );
    await new Promise<void>((resolve) => refusing.listen(0, "127.0.0.1", resolve));
    stops.push(() => refusing.close());
    const origin = `https://localhost:${(refusing.address() as { port: number }).port}`;
    for (let i = 0; i < 5; i++) {
      const response = await client.send(get({ origin }, { method: "PUT", body: Buffer.alloc(8 * 1024 * 1024) }));
      expect([response.status, response.body.toString()]).toEqual([403, "denied"]);
    }
    expect(early.accepted).toBe(0);
  });
});

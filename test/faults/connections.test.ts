import { describe } from "vitest";
import {
  blurts,
  closesAtOnce,
  cut,
  hangsUp,
  holdsConnection,
  object,
  resetsAtOnce,
  works,
  worksOnce,
} from "./plays.js";
import { onConnect, reset } from "./server.js";
import { caBundle, faults, getIt, listIt, putting, soon } from "./table.js";

describe("no connection", () => {
  faults([
    {
      fault: "nothing, with limits longer than a timer runs",
      server: [works],
      options: { connectTimeout: Number.POSITIVE_INFINITY, requestTimeout: Number.POSITIVE_INFINITY },
      healed: 1,
    },
    {
      fault: "refused",
      server: [works],
      call: async (s3, server) => {
        await server.stop();
        await getIt(s3);
      },
      error: { name: "TransportError", code: "ECONNREFUSED", phase: "connecting", attempts: 3 },
      after: 0,
    },
    {
      fault: "refused, until the service is back",
      server: [works],
      call: async (s3, server) => {
        await server.stop();
        await getIt(s3).then(
          () => Promise.reject(new Error("it succeeded")),
          () => server.listen(),
        );
        await getIt(s3);
      },
      healed: 1,
    },
    {
      fault: "a name without an address",
      server: [works],
      endpoint: () => "http://no-such-host.invalid",
      error: { name: "TransportError", phase: "connecting", attempts: 3 },
      after: 0,
    },
    {
      fault: "closed as soon as it stands, once",
      server: [closesAtOnce, works],
      healed: 2,
    },
    {
      fault: "reset as soon as it stands, twice",
      server: [resetsAtOnce, resetsAtOnce, works],
      healed: 3,
    },
    {
      fault: "reset as soon as it stands, always",
      server: [resetsAtOnce],
      error: { name: "TransportError", attempts: 3 },
      after: 3,
    },
    {
      fault: "reset as soon as it stands, once, with bytes to send",
      server: [resetsAtOnce, works],
      call: putting(),
      healed: 2,
    },
    {
      fault: "an answer before anything was asked",
      server: [blurts("HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nevil"), works],
      call: listIt,
      options: soon,
      healed: 2,
    },
    {
      fault: "a greeting in another protocol",
      server: [blurts("220 mail.example ESMTP\r\n")],
      error: { name: "TransportError", attempts: 3 },
      after: 3,
    },
  ]);
});

describe("TLS", () => {
  const trusting = { AWS_CA_BUNDLE: caBundle };
  faults([
    { fault: "none", server: [works], tls: "loopback", env: trusting, healed: 1 },
    {
      fault: "a certificate that nobody vouches for",
      server: [works],
      tls: "loopback",
      error: { name: "TransportError", code: "UNABLE_TO_VERIFY_LEAF_SIGNATURE", phase: "connecting", attempts: 1 },
      after: 0,
    },
    {
      fault: "a certificate for another name",
      server: [works],
      tls: "other",
      env: trusting,
      error: { name: "TransportError", code: "ERR_TLS_CERT_ALTNAME_INVALID", attempts: 1 },
      after: 0,
    },
    {
      fault: "a certificate that has expired",
      server: [works],
      tls: "expired",
      env: trusting,
      error: { name: "TransportError", code: "CERT_HAS_EXPIRED", attempts: 1 },
      after: 0,
    },
    {
      fault: "plain HTTP where TLS was expected",
      server: [onConnect(({ socket }) => socket.once("data", () => socket.end("HTTP/1.1 400 Bad Request\r\n\r\n")))],
      endpoint: (port) => `https://localhost:${port}`,
      error: { name: "TransportError", phase: "connecting", attempts: 1 },
      after: 1,
    },
    {
      fault: "TLS where plain HTTP was expected",
      server: [works],
      tls: "loopback",
      endpoint: (port) => `http://localhost:${port}`,
      error: { name: "TransportError" },
      after: 0,
    },
    {
      fault: "reset in the handshake",
      server: [onConnect(({ socket }) => socket.once("data", () => reset(socket)))],
      endpoint: (port) => `https://localhost:${port}`,
      error: { name: "TransportError", phase: "connecting", attempts: 3 },
      after: 3,
    },
    {
      fault: "closed in the handshake",
      server: [onConnect(({ socket }) => socket.once("data", () => socket.end()))],
      endpoint: (port) => `https://localhost:${port}`,
      error: { name: "TransportError", phase: "connecting", attempts: 3 },
      after: 3,
    },
    {
      fault: "a handshake that never comes to an end",
      server: [holdsConnection],
      endpoint: (port) => `https://localhost:${port}`,
      options: { connectTimeout: 100 },
      error: { name: "TimeoutError", code: "ConnectTimeout", phase: "connecting", attempts: 3 },
      after: 3,
    },
    {
      fault: "half of the body, then no more of the connection",
      server: [cut(150_000, "close"), works],
      tls: "loopback",
      env: trusting,
      healed: 2,
    },
    {
      fault: "half of the body, then a reset",
      server: [cut(150_000, "reset"), works],
      tls: "loopback",
      env: trusting,
      healed: 2,
    },
  ]);
});

describe("a kept connection that the server has closed", () => {
  const twice = (call: typeof getIt): typeof getIt => {
    return async (s3) => {
      await getIt(s3);
      await call(s3);
    };
  };
  async function* once(): AsyncGenerator<Uint8Array> {
    yield Buffer.alloc(1000, "x");
  }
  faults([
    { fault: "closed when a GET comes", server: [worksOnce("close"), works], call: twice(getIt), healed: 2 },
    { fault: "reset when a GET comes", server: [worksOnce("reset"), works], call: twice(getIt), healed: 2 },
    { fault: "reset when a listing is asked for", server: [worksOnce("reset"), works], call: twice(listIt), healed: 2 },
    {
      fault: "reset again and again, and attempts beyond",
      server: [worksOnce("reset"), hangsUp("reset"), works],
      call: twice(getIt),
      healed: 3,
    },
    {
      fault: "reset when bytes are put",
      server: [worksOnce("reset"), works],
      call: async (s3, server) => {
        await getIt(s3);
        await putting()(s3, server);
      },
      healed: 2,
    },
    {
      fault: "reset when a stream is put that can be opened anew",
      server: [worksOnce("reset"), works],
      call: async (s3, server) => {
        await getIt(s3);
        await putting(
          () =>
            async function* () {
              for (let at = 0; at < 300_000; at += 10_000) yield object.subarray(at, at + 10_000);
            },
          { ContentLength: 300_000 },
        )(s3, server);
      },
      healed: 2,
    },
    {
      fault: "reset when a stream is put that can be read only once",
      server: [worksOnce("reset"), works],
      call: async (s3) => {
        await getIt(s3);
        await s3.putObject({ Bucket: "bucket", Key: "key", Body: once(), ContentLength: 1000 });
      },
      error: { name: "TransportError" },
    },
    {
      fault: "closed while idle, with a stream to put",
      server: [worksOnce("reset"), works],
      call: async (s3, server) => {
        await getIt(s3);
        for (const socket of server.open) socket.end();
        while (s3.stats()!.sockets > 0) await new Promise((resolve) => setTimeout(resolve, 5));
        await s3.putObject({ Bucket: "bucket", Key: "key", Body: once(), ContentLength: 1000 });
      },
      healed: 2,
    },
  ]);
});

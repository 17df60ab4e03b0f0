import { Buffer } from "node:buffer";
import type { Socket } from "node:net";
import { TransportError } from "../errors/base.js";
import type { ProxyServer } from "./proxy.js";

/** A proxy's answer to CONNECT, at most. */
const MAX_ANSWER = 16 * 1024;

/** The code of the error of a proxy that does not tunnel to this host; over plain HTTP, it may still forward. */
export const TUNNEL_REFUSED = "ProxyRefusedTunnel";

/**
 * Asks the proxy at the other end of `socket` for a tunnel to `authority` (`host:port`). Afterwards the socket is as good as one to the
 * host itself. Errors of the socket are its owner's.
 * @see {@link https://www.rfc-editor.org/rfc/rfc9110#section-9.3.6 CONNECT}
 */
export function openTunnel(
  socket: Socket,
  proxy: ProxyServer,
  authority: string,
  callback: (error: Error | null) => void,
): void {
  let answer: Buffer = Buffer.alloc(0);
  const onEnd = (): void => {
    done(refused(proxy, "it closed the connection", TUNNEL_REFUSED));
  };
  const done = (error: Error | null): void => {
    socket.removeListener("data", onData);
    socket.removeListener("end", onEnd);
    callback(error);
  };
  const onData = (chunk: Buffer): void => {
    answer = answer.length === 0 ? chunk : Buffer.concat([answer, chunk]);
    const end = answer.indexOf("\r\n\r\n");
    if (end === -1) {
      if (answer.length > MAX_ANSWER) done(refused(proxy, "its answer is no HTTP", "ProxyError"));
      return;
    }
    const status = /^HTTP\/1\.[01] (\d{3})/.exec(answer.toString("latin1", 0, 12))?.[1];
    if (status === undefined) done(refused(proxy, "its answer is no HTTP", "ProxyError"));
    else if (status.startsWith("2")) {
      socket.pause();
      if (answer.length > end + 4) socket.unshift(answer.subarray(end + 4));
      done(null);
    } else if (status === "407")
      done(refused(proxy, "it wants other credentials (407)", "ProxyAuthenticationRequired"));
    else done(refused(proxy, `it answered ${status}`, TUNNEL_REFUSED));
  };
  socket.on("data", onData).on("end", onEnd);
  const authorization = proxy.authorization === undefined ? "" : `Proxy-Authorization: ${proxy.authorization}\r\n`;
  socket.write(`CONNECT ${authority} HTTP/1.1\r\nHost: ${authority}\r\n${authorization}\r\n`, "latin1");
}

function refused(proxy: ProxyServer, why: string, code: string): TransportError {
  return new TransportError(`The proxy ${proxy.name} gave no tunnel: ${why}`, {
    code,
    hint:
      code === "ProxyAuthenticationRequired"
        ? "Give the proxy's user and password in its URL: http://user:password@host:port."
        : "Check HTTPS_PROXY, HTTP_PROXY and ALL_PROXY, and name hosts to reach directly in NO_PROXY.",
  });
}

import { readFile } from "node:fs/promises";
import type { Dispatcher } from "undici";
import { proxyForOrigin } from "../config/proxy.js";
import type { Env } from "../config/types.js";
import { TimeoutError, TransportError } from "../errors/base.js";
import type { ProviderOptions } from "./types.js";

/** A request of a credential provider: small, with a whole body. */
export interface HttpRequest {
  readonly method: "GET" | "POST" | "PUT";
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string | undefined;
}

/** Its answer, read to the end. */
export interface HttpResponse {
  readonly status: number;
  /** By lower-case name. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** How a request may be sent. */
export interface HttpLimits {
  /** Milliseconds until there is a connection, and after it until the answer is read. */
  readonly timeout: number;
  /** Whether the proxies of the environment apply: not to hosts of the machine itself. */
  readonly proxy: boolean;
  /** File with the certificates to trust. */
  readonly caBundle?: string | undefined;
}

/** Sends one request. @throws TransportError (`ConnectionFailed`) or TimeoutError (`ConnectTimeout`, `ReadTimeout`). */
export type HttpSend = (request: HttpRequest, limits: HttpLimits) => Promise<HttpResponse>;

/** An answer is a page at most; what is longer is not from one of these services. */
const MAX_BODY = 1 << 20;

/** How requests are sent with these options: through the caller's dispatcher or `fetch`, else by an undici Agent of our own. */
export function makeSend(options: ProviderOptions, env: Env, signal: AbortSignal | undefined): HttpSend {
  const { dispatcher, fetch } = options;
  return async (request, limits) => {
    signal?.throwIfAborted();
    for (const [name, value] of Object.entries(request.headers)) refuseLineBreaks(name, value);
    if (dispatcher !== undefined) return dispatchRequest(dispatcher, request, limits, signal);
    if (fetch !== undefined) return fetchRequest(fetch, request, limits, signal);
    const own = await makeAgent(request.url, limits, env);
    try {
      return await dispatchRequest(own, request, limits, signal);
    } finally {
      // One request, one connection: nothing is left open that would keep a program from ending.
      void own.destroy();
    }
  };
}

function refuseLineBreaks(name: string, value: string): void {
  if (/[\r\n\0]/.test(value)) {
    throw new TransportError(`The header ${name} has a line break in its value; it was not sent`, {
      code: "InvalidHeader",
      hint: "A token in a file or variable probably ends with one, or is not the token at all.",
    });
  }
}

// By path, and only here: undici's main entry takes a hundred milliseconds, and the host program's `fetch` for its own.
async function makeAgent(url: string, { timeout, proxy, caBundle }: HttpLimits, env: Env): Promise<Dispatcher> {
  const ca = caBundle === undefined ? {} : { ca: await readFile(caBundle, "utf8") };
  const tls = { ...ca, timeout };
  const uri = proxy ? proxyForOrigin(url, env) : undefined;
  // The limits are kept below, to the millisecond; undici's own go by the second.
  const common = { headersTimeout: 0, bodyTimeout: 0 };
  if (uri === undefined) {
    const { default: Agent } = await import("undici/lib/dispatcher/agent.js");
    return new Agent({ ...common, connect: tls });
  }
  const { default: ProxyAgent } = await import("undici/lib/dispatcher/proxy-agent.js");
  return new ProxyAgent({ ...common, uri, proxyTunnel: false, requestTls: tls, proxyTls: tls });
}

function dispatchRequest(
  dispatcher: Dispatcher,
  { method, url, headers, body }: HttpRequest,
  { timeout }: HttpLimits,
  signal: AbortSignal | undefined,
): Promise<HttpResponse> {
  const { origin, path } = splitUrl(url);
  return new Promise((resolve, reject) => {
    let controller: Dispatcher.DispatchController | undefined;
    let status = 0;
    let responseHeaders: Record<string, string> = {};
    const chunks: Buffer[] = [];
    let size = 0;
    let settled = false;

    const settle = (action: () => void): void => {
      if (settled) return;
      settled = true;
      clearTimeout(timer);
      signal?.removeEventListener("abort", onAbort);
      action();
    };
    const stop = (error: unknown): void => {
      settle(() => reject(error));
      controller?.abort(error instanceof Error ? error : new Error("aborted"));
    };
    const onAbort = (): void => stop(signal!.reason);
    const onTimeout = (): void => {
      const phase = controller === undefined ? "connection" : "answer";
      stop(
        new TimeoutError(`${method} ${origin}: no ${phase} in ${timeout / 1000} s`, {
          code: controller === undefined ? "ConnectTimeout" : "ReadTimeout",
        }),
      );
    };
    // First the connection has its time, then the answer.
    let timer = setTimeout(onTimeout, timeout);
    signal?.addEventListener("abort", onAbort);

    const fail = (cause: unknown): void => settle(() => reject(connectionError(method, origin, cause)));
    try {
      dispatcher.dispatch(
        { origin, path, method, headers: { ...headers }, body: body ?? null },
        {
          onRequestStart(started) {
            controller = started;
            if (settled) return started.abort(new Error("aborted"));
            clearTimeout(timer);
            timer = setTimeout(onTimeout, timeout);
          },
          onResponseStart(_controller, statusCode, incoming) {
            status = statusCode;
            responseHeaders = flattenHeaders(incoming);
          },
          onResponseData(_controller, chunk) {
            size += chunk.length;
            if (size > MAX_BODY) return stop(new TransportError(`${method} ${origin}: the answer is too long`));
            chunks.push(chunk);
          },
          onResponseEnd() {
            settle(() => resolve({ status, headers: responseHeaders, body: Buffer.concat(chunks).toString("utf8") }));
          },
          onResponseError(_controller, error) {
            fail(error);
          },
        },
      );
    } catch (error) {
      fail(error);
    }
  });
}

async function fetchRequest(
  fetch: typeof globalThis.fetch,
  { method, url, headers, body }: HttpRequest,
  { timeout }: HttpLimits,
  signal: AbortSignal | undefined,
): Promise<HttpResponse> {
  const limit = AbortSignal.timeout(timeout);
  try {
    const response = await fetch(url, {
      method,
      headers: { ...headers },
      ...(body === undefined ? {} : { body }),
      redirect: "manual",
      signal: signal === undefined ? limit : AbortSignal.any([signal, limit]),
    });
    return { status: response.status, headers: Object.fromEntries(response.headers), body: await response.text() };
  } catch (error) {
    signal?.throwIfAborted();
    if (limit.aborted)
      throw new TimeoutError(`${method} ${url}: no answer in ${timeout / 1000} s`, { code: "ReadTimeout" });
    throw connectionError(method, splitUrl(url).origin, error);
  }
}

function connectionError(method: string, origin: string, cause: unknown): TransportError {
  const { code, message } = cause as NodeJS.ErrnoException;
  const timedOut = code === "UND_ERR_CONNECT_TIMEOUT" || code === "ETIMEDOUT";
  const what = `${method} ${origin}: ${code ?? message}`;
  return timedOut
    ? new TimeoutError(what, { code: "ConnectTimeout", cause })
    : new TransportError(what, { code: "ConnectionFailed", cause });
}

function flattenHeaders(incoming: NodeJS.Dict<string | string[]>): Record<string, string> {
  const flat: Record<string, string> = {};
  for (const [name, value] of Object.entries(incoming)) {
    if (value !== undefined) flat[name.toLowerCase()] = Array.isArray(value) ? value.join(", ") : value;
  }
  return flat;
}

/** Cuts a URL into what a dispatcher wants. Path and query stay as they are. */
export function splitUrl(url: string): { origin: string; path: string } {
  const match = /^(https?:\/\/[^/?#]+)([^#]*)/i.exec(url);
  if (match === null) throw new TransportError(`'${url}' is no http or https URL`, { code: "InvalidUrl" });
  const path = match[2]!;
  return { origin: match[1]!, path: path.startsWith("/") ? path : `/${path}` };
}

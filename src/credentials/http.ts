import type { Env } from "../config/types.js";
import { TimeoutError, TransportError } from "../errors/base.js";
import { Transport } from "../transport/transport.js";
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
  /** Milliseconds until there is a connection, and after it without a sign of the service. */
  readonly timeout: number;
  /** Whether the proxies of the environment apply: not to hosts of the machine itself. */
  readonly proxy: boolean;
  /** File with the certificates to trust. */
  readonly caBundle?: string | undefined;
}

/** Sends one request. @throws TransportError, or TimeoutError (`ConnectTimeout`, `ReadTimeout`). */
export type HttpSend = (request: HttpRequest, limits: HttpLimits) => Promise<HttpResponse>;

/** How requests are sent with these options: through the caller's dispatcher or `fetch`, else over a connection of our own. */
export function makeSend(options: ProviderOptions, env: Env, signal: AbortSignal | undefined): HttpSend {
  return async (request, limits) => {
    signal?.throwIfAborted();
    for (const [name, value] of Object.entries(request.headers)) refuseLineBreaks(name, value);
    if (options.dispatcher === undefined && options.fetch !== undefined) {
      return fetchRequest(options.fetch, request, limits, signal);
    }
    const { timeout, proxy, caBundle } = limits;
    // One request, one connection: nothing stays open that would keep a program from ending.
    const transport = new Transport({
      connectTimeout: timeout,
      requestTimeout: timeout,
      keepAlive: 0,
      caBundle,
      env: proxy ? env : {},
      dispatcher: options.dispatcher,
    });
    try {
      const response = await transport.send({
        ...splitUrl(request.url),
        method: request.method,
        headers: Object.entries(request.headers).flat(),
        body: request.body,
        expect: "buffer",
        signal,
      });
      return { status: response.status, headers: response.headers, body: response.body.toString("utf8") };
    } finally {
      void transport.destroy();
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

async function fetchRequest(
  fetch: typeof globalThis.fetch,
  { method, url, headers, body }: HttpRequest,
  { timeout }: HttpLimits,
  signal: AbortSignal | undefined,
): Promise<HttpResponse> {
  const limit = AbortSignal.timeout(timeout);
  const { origin } = splitUrl(url);
  try {
    const response = await fetch(url, {
      method,
      headers: { ...headers },
      ...(body === undefined ? {} : { body }),
      redirect: "manual",
      signal: signal === undefined ? limit : AbortSignal.any([signal, limit]),
    });
    return { status: response.status, headers: Object.fromEntries(response.headers), body: await response.text() };
  } catch (cause) {
    signal?.throwIfAborted();
    const what = `${method} ${origin}`;
    if (limit.aborted) throw new TimeoutError(`${what}: no answer in ${timeout} ms`, { code: "ReadTimeout", cause });
    throw new TransportError(`${what}: ${(cause as Error).message}`, { code: "ConnectionFailed", cause });
  }
}

/** Cuts a URL into what the transport wants. Path and query stay as they are. */
export function splitUrl(url: string): { origin: string; path: string } {
  const match = /^(https?:\/\/[^/?#]+)([^#]*)/i.exec(url);
  if (match === null) throw new TransportError(`'${url}' is no http or https URL`, { code: "InvalidUrl" });
  const path = match[2]!;
  return { origin: match[1]!, path: path.startsWith("/") ? path : `/${path}` };
}

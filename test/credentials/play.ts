import type { Dispatcher } from "undici";
import { expect } from "vitest";

/** One exchange of a scenario: what must be asked, and what is answered. */
export interface Exchange {
  request: {
    method: string;
    url: string;
    headers?: Record<string, string>;
    form?: Record<string, string>;
    json?: Record<string, unknown>;
    /** `key id/region/service` of the signature. */
    signedBy?: string;
    sessionToken?: string;
    unsigned?: boolean;
  };
  response: { status: number; headers?: Record<string, string>; body: string };
  /** May be asked again. */
  repeat?: boolean;
  /** May be left out. */
  optional?: boolean;
}

interface Request {
  method: string;
  url: string;
  headers: Record<string, string>;
  body: string;
}

/** Plays the services of a scenario behind an undici dispatcher; any request that is not the next one fails the test. */
export class PlayedServices {
  readonly #exchanges: readonly Exchange[];
  #next = 0;
  /** Every fault noticed: what runs under test may swallow what is thrown at it. */
  readonly faults: string[] = [];

  constructor(exchanges: readonly Exchange[]) {
    this.#exchanges = exchanges;
  }

  get dispatcher(): Dispatcher {
    return {
      dispatch: (options: Dispatcher.DispatchOptions, handler: Dispatcher.DispatchHandler): boolean => {
        queueMicrotask(() => this.#answer(options, handler));
        return true;
      },
    } as Dispatcher;
  }

  /** Expects that all was asked that had to be, and nothing else. */
  finish(): void {
    expect(this.faults).toEqual([]);
    const open = this.#exchanges.slice(this.#next).filter(({ optional }) => !optional);
    expect(open.map(({ request }) => `${request.method} ${request.url}`)).toEqual([]);
  }

  #answer(options: Dispatcher.DispatchOptions, handler: Dispatcher.DispatchHandler): void {
    const controller = { aborted: false, paused: false, reason: null, abort() {}, pause() {}, resume() {} };
    const headers: Record<string, string> = {};
    for (const [name, value] of Object.entries(options.headers as Record<string, string>)) {
      headers[name.toLowerCase()] = value;
    }
    const request = {
      method: options.method as string,
      url: `${options.origin as string}${options.path}`,
      headers,
      body: (options.body as string | null) ?? "",
    };
    handler.onRequestStart?.(controller, {});
    const exchange = this.#find(request);
    if (exchange === undefined) {
      this.faults.push(`unexpected: ${request.method} ${request.url} ${request.body}`);
      handler.onResponseError?.(controller, Object.assign(new Error("unexpected request"), { code: "ECONNREFUSED" }));
      return;
    }
    const { status, headers: answered = {}, body } = exchange.response;
    handler.onResponseStart?.(controller, status, answered, "");
    if (body !== "") handler.onResponseData?.(controller, Buffer.from(body));
    handler.onResponseEnd?.(controller, {});
  }

  #find(request: Request): Exchange | undefined {
    // The one before may come again; those that may be left out are passed over.
    const before = this.#exchanges[this.#next - 1];
    for (let i = this.#next; i < this.#exchanges.length; i++) {
      const exchange = this.#exchanges[i]!;
      if (mismatch(exchange.request, request) === undefined) {
        this.#next = i + 1;
        return exchange;
      }
      if (!exchange.optional) break;
    }
    if (before?.repeat && mismatch(before.request, request) === undefined) return before;
    const repeated = this.#exchanges
      .slice(0, this.#next)
      .find((exchange) => exchange.repeat && mismatch(exchange.request, request) === undefined);
    if (repeated === undefined) {
      const expected = this.#exchanges[this.#next];
      if (expected !== undefined) this.faults.push(mismatch(expected.request, request)!);
    }
    return repeated;
  }
}

function mismatch(expected: Exchange["request"], { method, url, headers, body }: Request): string | undefined {
  if (method !== expected.method || sortedQuery(url) !== sortedQuery(expected.url))
    return `not ${expected.method} ${expected.url}`;
  for (const [name, value] of Object.entries(expected.headers ?? {})) {
    if (headers[name] !== value) return `header ${name} is ${headers[name]}`;
  }
  const form = new URLSearchParams(body);
  for (const [name, value] of Object.entries(expected.form ?? {})) {
    if (form.get(name) !== value) return `form field ${name} is ${form.get(name)}`;
  }
  if (expected.json !== undefined) {
    const json = JSON.parse(body) as Record<string, unknown>;
    for (const [name, value] of Object.entries(expected.json))
      if (json[name] !== value) return `member ${name} differs`;
  }
  const signed = /^AWS4-HMAC-SHA256 Credential=(.+)\/\d{8}\/([^/]+\/[^/]+)\/aws4_request,/.exec(
    headers.authorization ?? "",
  );
  if (expected.signedBy !== undefined && (signed === null || `${signed[1]}/${signed[2]}` !== expected.signedBy)) {
    return `signed by ${headers.authorization}`;
  }
  if (expected.signedBy !== undefined && headers["x-amz-security-token"] !== expected.sessionToken)
    return "session token";
  if (expected.unsigned && headers.authorization !== undefined) return "signed";
  return undefined;
}

function sortedQuery(url: string): string {
  const [path, query = ""] = url.split("?");
  return `${path}?${query.split("&").sort().join("&")}`;
}

import type { Dispatcher } from "undici";
import { type Connection, type Exchange, isSource } from "./exchange.js";
import { copyHeaders, readHeaders } from "./headers.js";

/** What a dispatcher of the newer kind gives to steer a request with. */
interface Controller {
  abort(reason: Error): void;
  pause(): void;
  resume(): void;
}

/**
 * The handler for a dispatcher of the caller's: it has both sets of methods that undici's generations call, the old
 * (`onConnect`, `onHeaders`, ...) and the new (`onRequestStart`, `onResponseStart`, ...); the first that calls decides.
 */
export class ForeignHandler implements Connection {
  readonly reused = false;
  readonly unsent = false;
  readonly writeFailure = undefined;
  #exchange: Exchange;
  #style: "old" | "new" | undefined;
  #abort: ((reason: Error) => void) | undefined;
  #over = false;

  constructor(exchange: Exchange) {
    this.#exchange = exchange;
    exchange.connection = this;
  }

  release(reusable: boolean): void {
    this.#over = true;
    if (!reusable) this.#abort?.(new Error("The request was given up"));
  }

  attend(): void {}

  ignore(): void {}

  // The old style.

  onConnect(abort: (reason?: Error) => void): void {
    if (!this.#takes("old")) return;
    this.#begin(abort);
  }

  onBodySent(): void {}

  onRequestSent(): void {
    this.#exchange.sent();
  }

  onResponseStarted(): void {}

  onHeaders(status: number, headers: Buffer[] | string[], resume: () => void): boolean {
    if (!this.#takes("old") || status < 200) return true;
    return this.#exchange.head(status, readHeaders(headers), resume);
  }

  onData(chunk: Buffer): boolean {
    return this.#takes("old") ? this.#exchange.data(chunk, false) : true;
  }

  onComplete(): void {
    if (this.#takes("old")) this.#complete();
  }

  onError(error: Error): void {
    if (this.#takes("old")) this.#exchange.fail(error);
  }

  onUpgrade(): void {
    this.#exchange.fail(new Error("The server changed the protocol"));
  }

  // The new style.

  onRequestStart(controller: Controller): void {
    if (!this.#takes("new")) return;
    this.#begin((reason) => controller.abort(reason));
    // The new style doesn't tell when the request is out. It may be, at any time from now on.
    this.#exchange.sent();
  }

  onRequestUpgrade(): void {
    this.onUpgrade();
  }

  onResponseStart(
    controller: Controller,
    status: number,
    headers: Record<string, string | string[] | undefined>,
  ): void {
    if (!this.#takes("new") || status < 200) return;
    this.#exchange.head(status, copyHeaders(headers), () => controller.resume());
  }

  onResponseData(controller: Controller, chunk: Buffer): void {
    if (this.#takes("new") && !this.#exchange.data(chunk, false)) controller.pause();
  }

  onResponseEnd(): void {
    if (this.#takes("new")) this.#complete();
  }

  onResponseError(_controller: Controller, error: Error): void {
    if (this.#takes("new")) this.#exchange.fail(error);
  }

  #takes(style: "old" | "new"): boolean {
    this.#style ??= style;
    return this.#style === style;
  }

  #begin(abort: (reason: Error) => void): void {
    this.#abort = abort;
    if (this.#over) abort(new Error("The request was given up"));
    else this.#exchange.begin();
  }

  #complete(): void {
    // It is the dispatcher's business what becomes of its connection.
    this.#exchange.sentWhole = true;
    this.#exchange.complete();
  }
}

/** Sends an exchange through a dispatcher of the caller's, which is left as it is. */
export function dispatchForeign(
  dispatcher: Pick<Dispatcher, "dispatch">,
  exchange: Exchange,
  requestTimeout: number,
): void {
  const { origin, path, method, headers, body, contentLength } = exchange.request;
  const source = isSource(body);
  const record: Record<string, string | string[]> = {};
  for (let i = 0; i + 1 < headers.length; i += 2) {
    const name = headers[i] as string;
    if (source && (name === "content-length" || name === "transfer-encoding")) continue;
    const value = headers[i + 1] as string;
    const before = record[name];
    if (before === undefined || !Object.hasOwn(record, name)) {
      Object.defineProperty(record, name, { value, enumerable: true, configurable: true, writable: true });
    } else record[name] = Array.isArray(before) ? [...before, value] : [before, value];
  }
  if (source && contentLength !== undefined) record["content-length"] = String(contentLength);
  const timeout = exchange.request.requestTimeout ?? requestTimeout;
  const handler = new ForeignHandler(exchange);
  try {
    dispatcher.dispatch(
      {
        origin,
        path,
        method: method as Dispatcher.HttpMethod,
        headers: record,
        // An async iterable is as good a body as a stream to every undici; the type does not say so.
        body: (body ?? null) as Dispatcher.DispatchOptions["body"],
        headersTimeout: timeout,
        bodyTimeout: timeout,
        ...(method === "HEAD" ? { reset: false } : undefined),
      },
      handler as unknown as Dispatcher.DispatchHandler,
    );
  } catch (error) {
    exchange.fail(error);
  }
}

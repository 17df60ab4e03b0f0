import { EventEmitter } from "node:events";
import type { Dispatcher } from "undici";
import { TucuxiError } from "../errors/base.js";

/** What a request comes to: a whole answer in memory, or an error of the connection. */
export interface StubReply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
}

/** A request as a dispatcher gets it, its body read. */
export interface StubRequest {
  readonly origin: string;
  readonly path: string;
  readonly method: string;
  /** By lower-case name; one given more than once is joined by commas. */
  readonly headers: Record<string, string>;
  readonly body: Buffer;
}

type Handler = Dispatcher.DispatchHandler;
type Options = Dispatcher.DispatchOptions;

function readHeaders(given: unknown): Record<string, string> {
  const headers: Record<string, string> = Object.create(null);
  const add = (name: unknown, value: unknown): void => {
    const key = String(name).toLowerCase();
    for (const one of Array.isArray(value) ? value : [value]) {
      if (one !== undefined && one !== null) headers[key] = key in headers ? `${headers[key]},${one}` : String(one);
    }
  };
  if (Array.isArray(given) && !Array.isArray(given[0]))
    for (let i = 0; i + 1 < given.length; i += 2) add(given[i], given[i + 1]);
  else if (given && typeof given === "object") {
    const pairs = Symbol.iterator in given ? (given as Iterable<[string, string]>) : Object.entries(given);
    for (const [name, value] of pairs) add(name, value);
  }
  return headers;
}

async function readBody(body: unknown): Promise<Buffer> {
  if (body === undefined || body === null) return Buffer.alloc(0);
  if (typeof body === "string") return Buffer.from(body);
  if (body instanceof Uint8Array) return Buffer.from(body);
  const chunks: Uint8Array[] = [];
  for await (const chunk of body as AsyncIterable<Uint8Array | string>) {
    chunks.push(typeof chunk === "string" ? Buffer.from(chunk) : chunk);
  }
  return Buffer.concat(chunks);
}

/** Steers one answer: what undici hands to a handler. */
class Controller {
  aborted = false;
  paused = false;
  reason: Error | null = null;
  rawHeaders = null;
  rawTrailers = null;
  #resume: (() => void) | undefined;

  abort(reason: Error): void {
    this.aborted = true;
    this.reason = reason;
    this.resume();
  }

  pause(): void {
    this.paused = true;
  }

  resume(): void {
    this.paused = false;
    this.#resume?.();
  }

  /** Waits while the reader wants no more. */
  async ready(): Promise<void> {
    while (this.paused && !this.aborted) await new Promise<void>((resolve) => (this.#resume = resolve));
  }
}

const refused = (): never => {
  throw new TucuxiError("A Stub only answers requests that an S3 client dispatches.", { code: "StubMisused" });
};

/** undici's Dispatcher, as far as a client of S3 uses it, without a network under it. Nothing of undici is loaded. */
export abstract class StubDispatcher extends EventEmitter {
  /** Gives the answer to a request; what it throws is an error of the connection. */
  protected abstract respond(request: StubRequest): StubReply;

  /** Takes a request, and answers through the handler: undici's own method. */
  dispatch(options: Options, handler: Handler): boolean {
    void this.#run(options, handler);
    return true;
  }

  async #run(options: Options, handler: Handler): Promise<void> {
    const controller = new Controller();
    const modern = typeof handler.onRequestStart === "function";
    const steer = controller as unknown as Dispatcher.DispatchController;
    try {
      if (modern) handler.onRequestStart?.(steer, {});
      else handler.onConnect?.((reason?: Error) => controller.abort(reason ?? new Error("aborted")));
      const body = await readBody(options.body);
      if (controller.aborted) throw controller.reason;
      handler.onBodySent?.(body.length, body.length);
      const reply = this.respond({
        origin: String(options.origin ?? ""),
        path: options.path,
        method: options.method,
        headers: readHeaders(options.headers),
        body,
      });
      if (modern) await answerModern(handler, controller, steer, reply);
      else await answerOld(handler, controller, reply);
    } catch (thrown) {
      const error = thrown instanceof Error ? thrown : new Error(String(thrown));
      if (modern) handler.onResponseError?.(steer, error);
      else handler.onError?.(error);
    }
  }

  // undici's type promises listeners of its own events, of which there are none here.
  override listeners(name: string | symbol): never[] {
    return super.listeners(name) as never[];
  }

  override rawListeners(name: string | symbol): never[] {
    return super.rawListeners(name) as never[];
  }

  close(callback?: () => void): Promise<void> {
    callback?.();
    return Promise.resolve();
  }

  destroy(): Promise<void> {
    return Promise.resolve();
  }

  compose: (...interceptors: never[]) => never = refused;
  connect: (...options: never[]) => never = refused;
  pipeline: (...options: never[]) => never = refused;
  request: (...options: never[]) => never = refused;
  stream: (...options: never[]) => never = refused;
  upgrade: (...options: never[]) => never = refused;
}

async function answerModern(
  handler: Handler,
  controller: Controller,
  steer: Dispatcher.DispatchController,
  reply: StubReply,
): Promise<void> {
  handler.onResponseStart?.(steer, reply.status, { ...reply.headers }, "");
  await controller.ready();
  if (reply.body.length > 0 && !controller.aborted) handler.onResponseData?.(steer, Buffer.from(reply.body));
  await controller.ready();
  if (controller.aborted) throw controller.reason;
  handler.onResponseEnd?.(steer, {});
}

async function answerOld(handler: Handler, controller: Controller, reply: StubReply): Promise<void> {
  const raw = Object.entries(reply.headers).flatMap(([name, value]) => [Buffer.from(name), Buffer.from(value)]);
  const resume = (): void => controller.resume();
  if (handler.onHeaders?.(reply.status, raw, resume, "") === false) controller.pause();
  await controller.ready();
  if (reply.body.length > 0 && !controller.aborted && handler.onData?.(Buffer.from(reply.body)) === false)
    controller.pause();
  await controller.ready();
  if (controller.aborted) throw controller.reason;
  handler.onComplete?.([]);
}

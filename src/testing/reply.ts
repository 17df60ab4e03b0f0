import type { IncomingMessage, ServerResponse } from "node:http";
import type { Operation } from "../model/operation.js";
import type { Answer } from "./answer.js";
import type { S3Error } from "./errors.js";
import { writeBody, writeHeaders } from "./output.js";
import { declaration, writePlain } from "./xml-write.js";

/** A body of at most this many unread bytes is let in, so that the connection can stay. */
const smallRest = 1024 * 1024;
const lingerMs = 10_000;

const latin1 = (text: string): string =>
  /[^\x00-\xff]|[\x80-\xff]/.test(text) ? Buffer.from(text).toString("latin1") : text;

/** The way back: head, body, and what becomes of the connection. */
export class Reply {
  readonly #request: IncomingMessage;
  readonly #response: ServerResponse;
  readonly #requestId: string;
  readonly #hostId: string;
  readonly #now: Date;
  #expectsContinue: boolean;

  constructor(
    request: IncomingMessage,
    response: ServerResponse,
    requestId: string,
    hostId: string,
    now: Date,
    expectsContinue: boolean,
  ) {
    this.#request = request;
    this.#response = response;
    this.#requestId = requestId;
    this.#hostId = hostId;
    this.#now = now;
    this.#expectsContinue = expectsContinue;
  }

  /** Nobody is there any more, or the answer is under way. */
  get gone(): boolean {
    return this.#response.headersSent || this.#response.destroyed || this.#request.socket.destroyed;
  }

  /** Lets a client that waits for it send its body. */
  sendContinue(): void {
    if (!this.#expectsContinue) return;
    this.#expectsContinue = false;
    this.#response.writeContinue();
  }

  #head(): Record<string, string> {
    return {
      "x-amz-id-2": this.#hostId,
      "x-amz-request-id": this.#requestId,
      Date: this.#now.toUTCString(),
      Server: "AmazonS3",
    };
  }

  /** Sends what a handler answered. */
  async send(operation: Operation | undefined, answer: Answer): Promise<void> {
    const headers = this.#head();
    const output = (answer.output ?? {}) as Record<string, unknown>;
    let text: string | undefined;
    if (operation?.output) {
      writeHeaders(output, operation.output, headers);
      text = answer.chunks || answer.status === 304 ? undefined : writeBody(operation, output);
    }
    for (const [name, value] of Object.entries(answer.headers ?? {})) headers[name] = value;
    const status = answer.status ?? 200;
    if (answer.chunks) {
      await this.#write(status, headers, answer.chunks);
      return;
    }
    if (text !== undefined)
      headers["Content-Type"] ??= operation?.name === "GetBucketPolicy" ? "application/json" : "application/xml";
    await this.#writeText(status, headers, text);
  }

  /** Sends an error document; a HEAD gets its status alone. */
  async sendError(
    error: S3Error,
    extra: Record<string, string>,
    key: string | undefined,
    bucket: string | undefined,
  ): Promise<void> {
    const headers = { ...this.#head(), ...extra, ...error.headers };
    if (error.status !== 304) headers["Content-Type"] = "application/xml";
    let text = writePlain("Code", error.code) + writePlain("Message", error.message);
    for (const [name, value] of Object.entries(error.details)) text += writePlain(name, value);
    if (
      error.details["Resource"] === undefined &&
      bucket !== undefined &&
      /^(AccessDenied|InternalError|SlowDown)$/.test(error.code)
    ) {
      text += writePlain("Resource", `/${bucket}${key === undefined ? "" : `/${key}`}`);
    }
    text += writePlain("RequestId", this.#requestId) + writePlain("HostId", this.#hostId);
    await this.#writeText(error.status, headers, `${declaration}<Error>${text}</Error>`);
  }

  async #writeText(status: number, headers: Record<string, string>, text: string | undefined): Promise<void> {
    const bytes = text === undefined ? undefined : Buffer.from(text);
    const head = this.#request.method === "HEAD";
    if (status !== 204 && status !== 304 && !(head && bytes)) headers["Content-Length"] ??= String(bytes?.length ?? 0);
    await this.#write(status, headers, head || !bytes || status === 304 ? [] : [bytes]);
  }

  async #write(status: number, headers: Record<string, string>, chunks: readonly Uint8Array[]): Promise<void> {
    const response = this.#response;
    const unread = this.#unreadBytes();
    const linger = unread > smallRest || this.#expectsContinue;
    if (linger) headers["Connection"] = "close";
    for (const [name, value] of Object.entries(headers)) headers[name] = latin1(value);
    response.writeHead(status, headers);
    if (this.#request.method !== "HEAD" && status !== 304) {
      for (const chunk of chunks) {
        if (response.destroyed) return;
        if (!response.write(chunk)) await this.#drained();
      }
    }
    if (linger) await this.#linger();
    response.end();
  }

  #drained(): Promise<void> {
    const response = this.#response;
    return new Promise((resolve) => {
      const done = (): void => {
        response.off("drain", done);
        response.off("close", done);
        resolve();
      };
      response.on("drain", done);
      response.on("close", done);
    });
  }

  /** Bytes of the request that have not come in yet; Infinity when nobody knows. */
  #unreadBytes(): number {
    const request = this.#request;
    if (request.complete) return 0;
    const length = request.headers["content-length"];
    return length === undefined
      ? request.headers["transfer-encoding"] === undefined
        ? 0
        : Number.POSITIVE_INFINITY
      : Number(length);
  }

  /**
   * The answer is out while the body is still coming. To close now would reset the connection, and the client might lose the answer: so the rest is let in,
   * and thrown away, for a while.
   */
  #linger(): Promise<void> {
    const request = this.#request;
    this.#response.flushHeaders();
    return new Promise((resolve) => {
      const done = (): void => {
        clearTimeout(timer);
        request.off("end", done);
        request.off("close", done);
        resolve();
      };
      const timer = setTimeout(done, this.#expectsContinue ? 250 : lingerMs);
      timer.unref();
      request.on("end", done);
      request.on("close", done);
      request.resume();
    });
  }
}

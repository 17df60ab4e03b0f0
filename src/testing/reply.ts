import type { IncomingMessage, ServerResponse } from "node:http";
import type { Operation } from "../model/operation.js";
import type { Answer } from "./answer.js";
import { S3Error } from "./errors.js";
import { type FaultEffect, spoil } from "./faults.js";
import { writeBody, writeHeaders } from "./output.js";
import { bytesOf, hold, type Piece } from "./storage.js";
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
  /** What the answer says the time is. */
  now: Date;
  #expectsContinue: boolean;
  /** What is to go wrong on the way. */
  fault: FaultEffect | undefined;

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
    this.now = now;
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
      Date: this.now.toUTCString(),
      Server: "AmazonS3",
    };
  }

  /** Sends what a handler answered. */
  async send(operation: Operation | undefined, given: Answer): Promise<void> {
    const letGo = hold(given.chunks ?? []);
    try {
      await this.#send(operation, given);
    } finally {
      letGo();
    }
  }

  async #send(operation: Operation | undefined, given: Answer): Promise<void> {
    const { fault } = this;
    const answer = fault ? spoil(fault, given) : given;
    if (fault?.errorIn200 !== undefined) {
      const error = new S3Error(
        fault.errorIn200,
        fault.message ?? "A fault that the test asked for.",
        {},
        { status: 200 },
      );
      await this.sendError(error, answer.headers ?? {}, undefined, undefined);
      return;
    }
    const headers = this.#head();
    const output = (answer.output ?? {}) as Record<string, unknown>;
    let text: string | undefined;
    if (operation?.output) {
      writeHeaders(output, operation.output, headers);
      text = answer.chunks || answer.status === 304 ? undefined : (answer.text ?? writeBody(operation, output));
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
    await this.#writeText(error.status, headers, this.fault?.body ?? `${declaration}<Error>${text}</Error>`);
  }

  async #writeText(status: number, headers: Record<string, string>, text: string | undefined): Promise<void> {
    const blank = " ".repeat(this.fault?.whitespace ?? 0);
    const bytes = text === undefined ? undefined : Buffer.from(blank + text);
    const head = this.#request.method === "HEAD";
    if (status !== 204 && status !== 304 && !(head && bytes)) headers["Content-Length"] ??= String(bytes?.length ?? 0);
    await this.#write(status, headers, head || !bytes || status === 304 ? [] : [bytes]);
  }

  async #write(status: number, headers: Record<string, string>, chunks: readonly Piece[]): Promise<void> {
    const response = this.#response;
    const unread = this.#unreadBytes();
    const linger = unread > smallRest || this.#expectsContinue;
    if (linger) headers["Connection"] = "close";
    for (const [name, value] of Object.entries(headers)) headers[name] = latin1(value);
    if (this.fault && !(await this.#beforeHead(this.fault))) return;
    const length = headers["Content-Length"];
    if (length !== undefined) {
      // Last, for Node reads a Content-Disposition behind it another way, and refuses most that is not ASCII.
      delete headers["Content-Length"];
      headers["Content-Length"] = length;
    }
    response.writeHead(status, headers);
    if (this.#request.method !== "HEAD" && status !== 304 && !(await this.#writeChunks(chunks))) return;
    if (linger) await this.#linger();
    response.end();
  }

  /** Stalls or resets before there is an answer. Gives false when there will be none. */
  async #beforeHead(fault: FaultEffect): Promise<boolean> {
    if (fault.stallMs !== undefined && fault.stallAfter === undefined) await this.#pause(fault.stallMs);
    if (fault.resetAfter === 0) this.reset();
    return !this.#request.socket.destroyed;
  }

  /** Ends the connection the hard way. */
  reset(): void {
    const { socket } = this.#request;
    // Only a plain socket can send a reset.
    if ("encrypted" in socket) socket.destroy();
    else socket.resetAndDestroy();
  }

  /** Sends the body as fast as the client takes it. Gives false when it was cut off. */
  async #writeChunks(chunks: readonly Piece[]): Promise<boolean> {
    const response = this.#response;
    const { stallMs, stallAfter, resetAfter, truncateAfter } = this.fault ?? {};
    const cut = resetAfter ?? truncateAfter;
    let sent = 0;
    for (const chunk of bytesOf(chunks)) {
      let piece = chunk;
      if (stallMs !== undefined && stallAfter !== undefined && sent <= stallAfter && stallAfter < sent + chunk.length) {
        const at = stallAfter - sent;
        if (at > 0) response.write(chunk.subarray(0, at));
        else response.flushHeaders();
        sent += at;
        piece = chunk.subarray(at);
        await this.#pause(stallMs);
      }
      if (response.destroyed) return false;
      if (cut !== undefined && sent + piece.length >= cut) {
        response.write(piece.subarray(0, cut - sent), () => {
          if (resetAfter === undefined) this.#request.socket.end();
          else this.reset();
        });
        return false;
      }
      sent += piece.length;
      if (!response.write(piece)) await this.#drained();
    }
    return true;
  }

  #pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const done = (): void => {
        clearTimeout(timer);
        this.#response.off("close", done);
        resolve();
      };
      const timer = setTimeout(done, ms);
      this.#response.on("close", done);
    });
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

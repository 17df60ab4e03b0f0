import { Buffer } from "node:buffer";
import { IncompleteBodyError, TransportError, TucuxiError } from "../errors/base.js";
import { listen, unlisten } from "./abort.js";
import { BodyQueue } from "./body-queue.js";
import { timeoutFailure, transportFailure } from "./failure.js";
import { contentLength, type HeaderRecord, noHeaders } from "./headers.js";
import { ownCopy } from "./memory.js";
import type { Phase, TransportRequest, TransportResponse } from "./types.js";

/** What is kept of an error answer. */
const ERROR_LIMIT = 1024 * 1024;
/** What an answer that is wanted whole may come to. */
const BUFFER_LIMIT = 128 * 1024 * 1024;
const NOTHING = Buffer.alloc(0);

/** The connection under an exchange, as far as the exchange deals with it. */
export interface Connection {
  /** It had served another request before. */
  readonly reused: boolean;
  /** Bytes of the request still wait to go out. */
  readonly unsent: boolean;
  /** The write that failed while the answer was still awaited, if one did. */
  readonly writeFailure: Error | undefined;
  /** Its exchange is over; it may serve again if `reusable`, otherwise it is thrown away. */
  release(reusable: boolean): void;
  /** Bytes are wanted again after a pause: silence counts from now, and the process waits for it again. */
  attend(): void;
  /** Nobody wants bytes now: it must not keep the process alive. */
  ignore(): void;
}

/** Who wants to know that a body lies unread. */
export interface UnreadWatch {
  add(exchange: Exchange): void;
  delete(exchange: Exchange): void;
  /** The body was collected before anybody read it. */
  forgotten(exchange: Exchange): void;
}

/**
 * One request and its answer, from hand-over to the last byte, whatever happens in between. It is settled once (the promise of
 * `send`) and over once (the connection is given back).
 */
export class Exchange {
  readonly request: TransportRequest;
  readonly startedAt = performance.now();
  phase: Phase = "connecting";
  /** The first byte of an answer has come, its headers not yet. */
  begun = false;
  /** The whole request is with the kernel or the socket's queue. */
  sentWhole = false;
  /** Bytes of a source that have gone to the socket. */
  bytesSent = 0;
  /** Give-out of the connection is over; late callbacks are ignored. */
  over = false;
  connection: Connection | undefined;
  /** When the body was paused, or last read from since, for the watch. */
  pausedAt = 0;
  /** Where it stands in the line of those that wait. */
  place = 0;
  /** Takes the exchange out of the queue it waits in; undefined when it doesn't wait. */
  leaveQueue: ((exchange: Exchange) => void) | undefined;

  #resolve: (response: TransportResponse) => void;
  #reject: (reason: unknown) => void;
  #unread: UnreadWatch;
  #settled = false;
  #deadlineTimer: NodeJS.Timeout | undefined;
  #status = 0;
  #headers: HeaderRecord | undefined;
  #length: number | undefined;
  #queue: BodyQueue | undefined;
  #chunks: Buffer[] | undefined;
  #received = 0;
  #keep = true;
  /** A turn of the event loop was waited for before the answer counts as whole. */
  #turned = false;
  #lastWrite: NodeJS.Timeout | undefined;
  #resume: (() => void) | undefined;

  constructor(
    request: TransportRequest,
    unread: UnreadWatch,
    resolve: (response: TransportResponse) => void,
    reject: (reason: unknown) => void,
  ) {
    this.request = request;
    this.#unread = unread;
    this.#resolve = resolve;
    this.#reject = reject;
  }

  /** Starts to listen for abort and deadline; false if the call is over before it began. */
  arm(): boolean {
    const { signal, deadline } = this.request;
    if (signal !== undefined) {
      if (signal.aborted) {
        this.cancel(signal.reason);
        return false;
      }
      listen(signal, this);
    }
    if (deadline !== undefined) {
      this.#deadlineTimer = setTimeout(passDeadline, Math.max(deadline - Date.now(), 0), this);
    }
    return true;
  }

  /** The signal was aborted. */
  abort(reason: unknown): void {
    this.cancel(reason);
  }

  /** The deadline of the whole call has passed. */
  passDeadline(): void {
    const { deadline = 0 } = this.request;
    const limit = Math.max(Math.round(deadline - (Date.now() - (performance.now() - this.startedAt))), 0);
    this.cancel(
      timeoutFailure("CallTimeout", limit, "The call took too long", this.context(), "Raise the call's `timeout`."),
    );
  }

  /** Ends it at once with this reason, in whatever phase. */
  cancel(reason: unknown): void {
    if (this.over) return;
    if (this.#queue !== undefined) this.#queue.abort(reason);
    this.#settleWithFailure(reason);
    this.#finish(false);
  }

  /** It failed: told by the connection, or a limit. */
  fail(reason: unknown): void {
    if (this.over) return;
    if (this.phase === "reading" && (this.#status >= 300 || this.#bodiless) && !this.#settled) {
      // The answer is in its status; a service that refuses an upload often cuts the connection right after its refusal.
      // undici takes a 204 and a 304 for cut when they tell the length of what they don't send.
      this.#settle(!this.#bodiless);
    } else {
      const failure = this.#explain(reason);
      if (this.#queue !== undefined) this.#queue.fail(failure);
      this.#settleWithFailure(failure);
    }
    this.#finish(false);
  }

  /** Nothing moved on the connection for `limit` ms. */
  fallSilent(limit: number): void {
    if (this.over || this.phase === "connecting" || this.#queue?.paused) return;
    if (this.phase !== "reading") {
      if (this.connection?.unsent) {
        this.phase = "before-sent";
        this.fail(
          timeoutFailure("WriteTimeout", limit, "The service took no more bytes", this.context(), WRITE_TIMEOUT_HINT),
        );
        return;
      }
      if (!this.sentWhole) return; // The body's own source is slow: not the service's fault, nor ours to limit.
    }
    this.fail(timeoutFailure("ReadTimeout", limit, "No bytes came", this.context(), READ_TIMEOUT_HINT));
  }

  /** Nobody reads the body: let the connection go. */
  abandon(waited: number): void {
    this.cancel(
      new TucuxiError(`The body was let go after it had not been read for ${Math.round(waited)} ms`, {
        code: "BodyAbandoned",
        hint: "Read a body soon after its call, or call its destroy(); a body that nobody reads holds a connection.",
      }),
    );
  }

  /** A connection is about to carry the request. */
  begin(): void {
    this.phase = "before-sent";
  }

  /** The request is out, body and all. */
  sent(): void {
    this.sentWhole = true;
    if (this.phase === "before-sent") this.phase = "sent";
  }

  /** Headers of an answer; false asks for a pause, which never happens here. */
  head(status: number, headers: HeaderRecord, resume: () => void): boolean {
    if (this.over) return true;
    this.begun = false;
    this.phase = "reading";
    this.#status = status;
    this.#headers = headers;
    this.#resume = resume;
    const { expect, method } = this.request;
    if (method !== "HEAD") this.#length = contentLength(headers);
    if (status < 300 && expect === "stream" && method !== "HEAD") {
      this.#queue = new BodyQueue(this, this.#length);
      this.#settle(false);
      if (this.request.deadlineOnBody === false) this.#disarmDeadline();
    } else if (status < 300 && expect === "none") {
      this.#keep = false;
    }
    return true;
  }

  /** The head of the answer is here, and it tells how long the body is. */
  get inBody(): boolean {
    return this.phase === "reading" && this.#length !== undefined;
  }

  /** Bytes of the body, `lent` where they are good for the time of the call alone; false asks for a pause. */
  data(chunk: Buffer, lent: boolean): boolean {
    // Nothing is what undici finds first when it goes on after a pause: whoever paused at that would never get further.
    if (this.over || chunk.length === 0) return true;
    this.#received += chunk.length;
    const queue = this.#queue;
    if (queue !== undefined) {
      if (queue.push(chunk, lent)) return true;
      this.connection?.ignore();
      this.#unread.add(this);
      return false;
    }
    if (!this.#keep) return true;
    const kept = lent ? ownCopy(chunk) : chunk;
    if (this.#chunks === undefined) this.#chunks = [kept];
    else this.#chunks.push(kept);
    if (this.#received > (this.#status >= 300 ? ERROR_LIMIT : BUFFER_LIMIT)) this.#overflow();
    return true;
  }

  /** The answer is whole. */
  complete(): void {
    if (this.over) return;
    const length = this.#length;
    if (length !== undefined && this.#received !== length && !this.#bodiless) {
      this.fail(new IncompleteBodyError(length, this.#received, { hint: BROKEN_OFF }));
      return;
    }
    const { body, contentLength: toSend } = this.request;
    if (this.#status < 300 && !this.sentWhole && isSource(body) && (toSend === undefined || this.bytesSent < toSend)) {
      // A success for what was never sent whole: whatever it means, the object that was meant is not stored.
      this.#failBeforeBody(`${this.bytesSent} of ${toSend ?? "all its"} bytes`);
      return;
    }
    const { connection } = this;
    // A head alone is on its way for certain where its answer is here.
    const unsent = connection?.unsent === true && (isSource(body) || bytesIn(body) > 0);
    if (unsent && !this.#turned) {
      // Over TLS, the word that all is written comes with the immediates of the next turn, and a fast answer before it.
      this.#turned = true;
      setImmediate(completeLater, this);
      return;
    }
    if (unsent && this.#status < 300 && this.#queue === undefined && bytesIn(body) > 0) {
      this.#successTooSoon(bytesIn(body));
      return;
    }
    if (this.#queue !== undefined) this.#queue.end();
    else this.#settle(false);
    // Bytes still on their way belong to a request that is answered already: that connection is no use to the next.
    this.#finish(this.sentWhole && !unsent && connection?.writeFailure === undefined);
  }

  /** The same of bytes in memory: they are all with the socket, which may not have got rid of them. */
  #successTooSoon(toSend: number): void {
    if (this.#lastWrite === undefined) this.#lastWrite = setTimeout(completeLater, LAST_WRITE, this);
    else this.#failBeforeBody(`not all of the ${toSend} bytes`);
  }

  #failBeforeBody(had: string): void {
    this.phase = "before-sent";
    this.fail(
      new TransportError(`The service answered ${this.#status} when it had ${had}`, {
        code: "AnswerBeforeBody",
        hint: "No S3 does that: look at what stands between.",
      }),
    );
  }

  resumeBody(): void {
    if (this.over) return;
    this.#unread.delete(this);
    this.connection?.attend();
    this.#resume?.();
  }

  readPaused(): void {
    if (!this.over) this.#unread.add(this);
  }

  /** Somebody has begun to read the body. */
  get touched(): boolean {
    return this.#queue?.touched === true;
  }

  cancelBody(reason: unknown): void {
    if (reason instanceof TucuxiError && reason.code === "BodyAbandoned") this.#unread.forgotten(this);
    this.#finish(false);
  }

  /** The facts of this moment, for an error. */
  context(): { origin: string; phase: Phase; elapsed: number; reused: boolean } {
    return {
      origin: this.request.origin,
      phase: this.phase,
      elapsed: performance.now() - this.startedAt,
      reused: this.connection?.reused ?? false,
    };
  }

  /** It has no body by definition, whatever its headers say. */
  get #bodiless(): boolean {
    return this.#status === 204 || this.#status === 304;
  }

  #settle(truncated: boolean): void {
    if (this.#settled) return;
    this.#settled = true;
    this.#resolve({
      status: this.#status,
      headers: this.#headers ?? noHeaders(),
      body: this.#collected(),
      source: this.#queue,
      truncated,
    });
  }

  #settleWithFailure(reason: unknown): void {
    if (this.#settled) return;
    this.#settled = true;
    this.#reject(reason);
  }

  #collected(): Buffer {
    const chunks = this.#chunks;
    if (chunks === undefined) return NOTHING;
    this.#chunks = undefined;
    return chunks.length === 1 ? (chunks[0] as Buffer) : Buffer.concat(chunks);
  }

  #overflow(): void {
    if (this.#status >= 300) this.#settle(true);
    else {
      this.#settleWithFailure(
        new TucuxiError(`The answer is longer than ${BUFFER_LIMIT} bytes`, {
          code: "AnswerTooLarge",
          hint: "No answer of S3 that is not an object is this long: check the endpoint.",
        }),
      );
    }
    this.#finish(false);
  }

  #explain(reason: unknown): unknown {
    const writeFailure = this.connection?.writeFailure;
    const cause = writeFailure ?? reason;
    // A socket queue that never drained means that the service cannot have the whole request.
    if (this.phase === "sent" && this.connection?.unsent === true) this.phase = "before-sent";
    const failure = transportFailure(cause, this.context());
    const length = this.#length;
    if (
      this.phase === "reading" &&
      length !== undefined &&
      this.#received < length &&
      failure instanceof TucuxiError &&
      failure.code === "ConnectionClosed"
    ) {
      return new IncompleteBodyError(length, this.#received, { cause: failure, hint: BROKEN_OFF });
    }
    return failure;
  }

  #disarmDeadline(): void {
    if (this.#deadlineTimer === undefined) return;
    clearTimeout(this.#deadlineTimer);
    this.#deadlineTimer = undefined;
  }

  #finish(reusable: boolean): void {
    if (this.over) return;
    this.over = true;
    this.#disarmDeadline();
    clearTimeout(this.#lastWrite);
    if (this.request.signal !== undefined) unlisten(this.request.signal, this);
    if (this.pausedAt !== 0) this.#unread.delete(this);
    this.#resume = undefined;
    this.leaveQueue?.(this);
    this.connection?.release(reusable);
  }
}

const WRITE_TIMEOUT_HINT = "Raise `requestTimeout`, or look at the network.";
const READ_TIMEOUT_HINT = "Raise `requestTimeout` if the service may be this slow; otherwise look at the network.";
const BROKEN_OFF = "The connection was cut before the end; asking again usually helps.";

/** How long after its answer the end of a request may be told, ms. */
const LAST_WRITE = 50;

/** How many bytes of a request lie in memory; 0 when they come from a source. */
function bytesIn(body: TransportRequest["body"]): number {
  return typeof body === "string" || ArrayBuffer.isView(body) ? (body as Uint8Array | string).length : 0;
}

/** Whether a body is read while it is sent. */
export function isSource(body: TransportRequest["body"]): boolean {
  return typeof body === "object" && body !== null && !ArrayBuffer.isView(body);
}

function completeLater(exchange: Exchange): void {
  exchange.complete();
}

function passDeadline(exchange: Exchange): void {
  exchange.passDeadline();
}

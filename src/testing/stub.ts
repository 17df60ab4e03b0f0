import { TucuxiError } from "../errors/base.js";
import { type Operation, operation, operationOfMethod } from "../model/operation.js";
import { explainFaults } from "../protocol/validate.js";
import type { Answer } from "./answer.js";
import { AwsChunkedReader } from "./aws-chunked.js";
import { S3Error } from "./errors.js";
import { eventFrame } from "./event-frames.js";
import { readBodyInto, readInput } from "./input.js";
import { writeBody, writeHeaders } from "./output.js";
import { routeRequest } from "./router.js";
import { StubDispatcher, type StubReply, type StubRequest } from "./stub-dispatcher.js";
import { AnyValue, differences } from "./stub-match.js";
import type { StubAnswer, StubCall, StubFailure, StubInput, StubMethod } from "./stub-types.js";
import { parseTarget } from "./target.js";
import { declaration, writePlain } from "./xml-write.js";

/** A call that the test did not see coming, an answer that cannot be given, or one that nobody asked for. */
export class StubError extends TucuxiError {}

interface Queued {
  readonly expected: object | undefined;
  readonly reply: (found: Operation, input: Record<string, unknown>) => StubReply;
}

/** How a stub reads what it gets. */
export interface StubOptions {
  /** Host names behind which the bucket's name is the first label, when the client is set to such an endpoint. */
  domains?: readonly string[] | undefined;
}

/**
 * Answers a client's calls from queues that the test fills, one a method, each answer once and in order. It takes the place of the network: what the client
 * validates, writes, signs and reads runs as always. A call that is not expected is refused, and remembered for `assertDone()`.
 *
 * ```ts
 * const stub = new Stub();
 * const s3 = new S3Client({ dispatcher: stub, region: "us-east-1", credentials });
 * stub.answer("getObject", { Body: "hello" }, { Bucket: "b", Key: "k" });
 * stub.fail("putObject", { code: "AccessDenied" });
 * // ...
 * stub.assertDone();
 * ```
 */
export class Stub extends StubDispatcher {
  /** In what is expected of a call: any value, as long as there is one. */
  static readonly ANY: AnyValue = new AnyValue();

  /** The calls that came, with what could be read of them from the wire. */
  readonly calls: StubCall[] = [];
  readonly #queues = new Map<string, Queued[]>();
  readonly #faults: string[] = [];
  readonly #domains: readonly string[];
  #requests = 0;

  constructor(options: StubOptions = {}) {
    super();
    this.#domains = options.domains ?? [];
  }

  /**
   * Queues an answer.
   * @param method `"getObject"`
   * @param output members of the operation's output, or what makes them from the input; strings and bytes stand for streams
   * @param expected members that the call must have, see `StubExpected`
   * @throws StubError when the operation has no such member, or none of such a kind, or there is no such operation
   */
  answer<M extends StubMethod>(
    method: M,
    output: StubAnswer<M> | ((input: Record<string, unknown>) => StubAnswer<M>) = {},
    expected?: StubInput<M>,
  ): this {
    const found = known(method);
    if (typeof output !== "function") checkMembers(found, output);
    return this.#queue(method, expected, (meant, input) => {
      const given = typeof output === "function" ? output(input) : output;
      checkMembers(meant, given);
      return this.#reply(meant, given);
    });
  }

  /**
   * Queues an error: S3's, as code and status, or an Error of the connection (`Object.assign(new Error("reset"), { code: "ECONNRESET" })`).
   * @param expected members that the call must have, see `StubExpected`
   */
  fail<M extends StubMethod>(method: M, failure: StubFailure | Error, expected?: StubInput<M>): this {
    known(method);
    return this.#queue(method, expected, (meant) => {
      if (failure instanceof Error) throw failure;
      return this.#failure(meant, failure);
    });
  }

  #queue(method: string, expected: object | undefined, reply: Queued["reply"]): this {
    const queue = this.#queues.get(method);
    if (queue) queue.push({ expected, reply });
    else this.#queues.set(method, [{ expected, reply }]);
    return this;
  }

  /** Throws a StubError unless every answer was used, and every call was expected. */
  assertDone(): void {
    const unused = [...this.#queues]
      .filter(([, queue]) => queue.length > 0)
      .map(([method, { length }]) => `${method} (${length})`);
    const faults = [...this.#faults];
    if (unused.length > 0) faults.push(`Answers that nobody asked for: ${unused.join(", ")}.`);
    if (faults.length > 0) throw new StubError(faults.join("\n"));
  }

  /** Empties the queues, and forgets what came. */
  reset(): void {
    this.#queues.clear();
    this.#faults.length = 0;
    this.calls.length = 0;
  }

  protected respond(request: StubRequest): StubReply {
    const { operation: found, input } = this.#read(request);
    const method = found.name.charAt(0).toLowerCase() + found.name.slice(1);
    this.calls.push({ method, input, headers: request.headers, url: request.origin + request.path });
    const queue = this.#queues.get(method);
    const next = queue?.[0];
    if (!queue || !next) {
      const waiting = [...this.#queues].filter(([, others]) => others.length > 0).map(([name]) => name);
      this.#refuse(
        `${method} was called, and there is no answer for it.`,
        waiting.length > 0 ? `Answers wait for ${waiting.join(", ")}.` : "No answers are left.",
      );
    }
    const wrong = differences(next!.expected ?? {}, input);
    if (wrong.length > 0) this.#refuse(`${method} was not called as expected: ${wrong.join("; ")}.`);
    queue!.shift();
    return next!.reply(found, input);
  }

  #refuse(message: string, hint?: string): never {
    this.#faults.push(message);
    throw new StubError(message, { hint });
  }

  /** The operation and its input, read from the wire as a server does. */
  #read(request: StubRequest): { operation: Operation; input: Record<string, unknown> } {
    const { headers } = request;
    const host = headers["host"] ?? request.origin.replace(/^https?:\/\//, "");
    try {
      const target = parseTarget(request.path, host, this.#domains);
      const found = routeRequest(request.method, target, headers);
      const input = readInput(found, target, headers);
      const payload = found.input.payload;
      const bytes = unframe(request);
      if (payload?.streaming) input[payload.name] = new Uint8Array(bytes);
      else if (payload) readBodyInto(input, found.input, bytes.toString("utf8"));
      return { operation: found, input };
    } catch (error) {
      if (!(error instanceof S3Error)) throw error;
      return this.#refuse(`A request can't be read, ${request.method} ${request.path}: ${error.message}`);
    }
  }

  #head(): Record<string, string> {
    const id = (++this.#requests).toString(16).toUpperCase().padStart(16, "0");
    return { "x-amz-request-id": id, "x-amz-id-2": `stub/${id}`, date: new Date().toUTCString(), server: "AmazonS3" };
  }

  #reply(found: Operation, given: object): StubReply {
    const { ResponseMetadata: metadata, ...members } = given as Record<string, unknown> & {
      ResponseMetadata?: { HTTPStatusCode?: number; HTTPHeaders?: Record<string, string> };
    };
    const output: Record<string, unknown> = { ...members };
    if (output["Metadata"]) output["Metadata"] = new Map(Object.entries(output["Metadata"]));
    const headers: Record<string, string> = {};
    if (found.output) writeHeaders(output, found.output, headers);
    const body = bodyOf(found, output);
    const length: Record<string, string> =
      found.method === "HEAD" || body.length === 0 ? {} : { "content-length": String(body.length) };
    const answer: Answer = { status: metadata?.HTTPStatusCode ?? (found.method === "DELETE" ? 204 : 200) };
    return {
      status: answer.status!,
      headers: lower({ ...this.#head(), ...headers, ...length, ...metadata?.HTTPHeaders }),
      body,
    };
  }

  #failure(found: Operation, failure: StubFailure): StubReply {
    const error = new S3Error(
      failure.code,
      failure.message ?? failure.code,
      failure.details,
      failure.status === undefined ? {} : { status: failure.status },
    );
    const head = this.#head();
    let text = writePlain("Code", error.code) + writePlain("Message", error.message);
    for (const [name, value] of Object.entries(error.details)) text += writePlain(name, value);
    text += writePlain("RequestId", head["x-amz-request-id"]!) + writePlain("HostId", head["x-amz-id-2"]!);
    const body = found.method === "HEAD" ? "" : `${declaration}<Error>${text}</Error>`;
    return {
      status: error.status,
      headers: lower({ ...head, "content-type": "application/xml", ...failure.headers }),
      body: Buffer.from(body),
    };
  }
}

function known(method: string): Operation {
  const found = operationOfMethod(method);
  if (!found) throw new StubError(`${JSON.stringify(method)} is no operation of S3.`);
  return operation(found.name);
}

/** An answer must be one that S3 could give, but for what a test has no use for: no member is needed. */
function checkMembers(found: Operation, output: object): void {
  if (typeof output !== "object" || output === null) throw new StubError(`${found.name} answers a dictionary.`);
  const { ResponseMetadata: _, ...members } = output as Record<string, unknown>;
  const { payload, members: known = [] } = found.output ?? {};
  for (const name of Object.keys(members)) {
    if (found.output?.byName.has(name)) continue;
    const all = known.map((member) => member.name).join(", ");
    throw new StubError(`${found.name} answers no ${name}.`, { hint: `It answers ${all || "nothing"}.` });
  }
  const body = payload && members[payload.name];
  if (payload?.streaming && !(body === undefined || typeof body === "string" || body instanceof Uint8Array))
    throw new StubError(`${found.name} can't answer this: ${payload.name}: expected string or Uint8Array.`);
  // Events are a list here.
  if (payload?.shape.kind === "structure" && payload.shape.eventStream) delete members[payload.name];
  const faults = found.output ? explainFaults(found.output, members) : [];
  const wrong = faults.filter(({ problem }) => problem !== "missing");
  if (wrong.length === 0) return;
  const list = wrong.map(({ path, problem }) => `${path}: ${problem}`).join("; ");
  throw new StubError(`${found.name} can't answer this: ${list}.`);
}

const lower = (headers: Record<string, string>): Record<string, string> =>
  Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));

function bodyOf(found: Operation, output: Record<string, unknown>): Uint8Array {
  const payload = found.output?.payload;
  const value = payload && output[payload.name];
  if (found.method === "HEAD") return new Uint8Array();
  if (payload?.shape.kind === "structure" && payload.shape.eventStream) {
    const { shape } = payload;
    return Buffer.concat(((value ?? []) as Record<string, unknown>[]).map((event) => eventFrame(shape, event)));
  }
  if (payload?.streaming)
    return typeof value === "string" ? Buffer.from(value) : ((value as Uint8Array | undefined) ?? new Uint8Array());
  return Buffer.from(writeBody(found, output) ?? "");
}

/** The payload without aws-chunked around it; what is signed is not checked here. */
function unframe(request: StubRequest): Buffer {
  const declared = request.headers["x-amz-content-sha256"] ?? "";
  if (!declared.startsWith("STREAMING-")) return request.body;
  const reader = new AwsChunkedReader(undefined, declared.endsWith("-TRAILER"));
  const pieces = reader.push(request.body);
  reader.end();
  return Buffer.concat(pieces);
}

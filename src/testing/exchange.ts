import { randomBytes } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import { type Operation, operation } from "../model/operation.js";
import { authorize } from "./access.js";
import type { Answer } from "./answer.js";
import { authenticate, type Identity } from "./auth.js";
import { type BodyPlan, type Content, planBody, readBody } from "./body.js";
import { bucketNameFault, invalidBucketName } from "./buckets.js";
import type { Call, World } from "./call.js";
import type { HeaderLists } from "./canonical.js";
import { hasChecksum } from "./checksums.js";
import { corsHeaders, preflight } from "./cors.js";
import { accessDenied, invalidRequest, notImplemented, S3Error } from "./errors.js";
import { errorOf, type FaultEffect } from "./faults.js";
import { handlerOf } from "./handlers.js";
import { type Headers, readBodyInto, readInput } from "./input.js";
import { postObject } from "./post-form.js";
import { Reply } from "./reply.js";
import type { RequestLog } from "./request-log.js";
import { routeRequest } from "./router.js";
import { bytesOf, type Storage } from "./storage.js";
import type { Bucket } from "./store.js";
import { parseTarget, type Target } from "./target.js";

/** XML and JSON bodies are read as a whole: ten thousand parts with checksums fit. */
const maxDocument = 8 * 1024 * 1024;

/** Operations that S3 refuses without Content-MD5 or a checksum. */
const checksumNeeded = new Set([
  "DeleteObjects",
  "PutBucketCors",
  "PutBucketLifecycleConfiguration",
  "PutBucketReplication",
  "PutBucketTagging",
  "PutObjectLegalHold",
  "PutObjectLockConfiguration",
  "PutObjectRetention",
]);

/** What is the same for all requests of a server. */
export interface Host {
  readonly world: World;
  /** Names that stand for the server itself, lower case. */
  readonly ownHosts: readonly string[];
  now(): Date;
  log(entry: RequestLog): void;
  /** The fault that meets a request. */
  fault(operation: string, bucket: string | undefined, key: string | undefined): FaultEffect | undefined;
}

const nobody: Identity = {
  user: undefined,
  presigned: false,
  payloadHash: undefined,
  region: undefined,
  seed: undefined,
};

const isForm = (contentType: string | undefined): boolean => /^multipart\/form-data\b/i.test(contentType ?? "");

const utf8 = (text: string): string => (/[\x80-\xff]/.test(text) ? Buffer.from(text, "latin1").toString("utf8") : text);

/** Headers as the signature sees them (each value) and as everything else does (joined). */
function readHeaders(raw: readonly string[]): { lists: HeaderLists; headers: Headers } {
  const lists = new Map<string, string[]>();
  for (let i = 0; i + 1 < raw.length; i += 2) {
    const name = raw[i]!.toLowerCase();
    const value = utf8(raw[i + 1]!);
    const list = lists.get(name);
    if (list) list.push(value);
    else lists.set(name, [value]);
  }
  const headers: Record<string, string> = Object.create(null);
  for (const [name, values] of lists) headers[name] = values.join(",");
  return { lists, headers };
}

/** One request and its answer. */
export class Exchange {
  readonly #host: Host;
  readonly #request: IncomingMessage;
  readonly #reply: Reply;
  readonly #method: string;
  readonly #headers: Headers;
  readonly #lists: HeaderLists;
  #now: Date;
  readonly #log: RequestLog;
  #bucket: Bucket | undefined;
  #fault: FaultEffect | undefined;

  /** @param expectsContinue the client waits for a `100 Continue` before it sends its body */
  constructor(host: Host, request: IncomingMessage, response: ServerResponse, expectsContinue: boolean) {
    this.#host = host;
    this.#request = request;
    this.#method = request.method ?? "GET";
    this.#now = host.now();
    const { lists, headers } = readHeaders(request.rawHeaders);
    this.#lists = lists;
    this.#headers = headers;
    const ids = randomBytes(44);
    const requestId = ids.toString("hex", 0, 8).toUpperCase();
    this.#reply = new Reply(request, response, requestId, ids.toString("base64", 8), this.#now, expectsContinue);
    this.#log = {
      requestId,
      time: this.#now,
      method: this.#method,
      url: request.url ?? "",
      headers,
      operation: undefined,
      bucket: undefined,
      key: undefined,
      bodyBytes: 0,
      statusCode: 0,
      code: undefined,
    };
    host.log(this.#log);
  }

  /** Answers the request, whatever comes of it. */
  async run(): Promise<void> {
    try {
      const target = parseTarget(this.#request.url ?? "/", this.#headers["host"] ?? "", this.#host.ownHosts);
      this.#log.bucket = target.bucket;
      this.#log.key = target.key;
      this.#bucket = target.bucket === undefined ? undefined : this.#host.world.buckets.get(target.bucket);
      if (this.#method === "OPTIONS") {
        this.#log.operation = "preflight";
        await this.#send(undefined, { headers: preflight(this.#bucket, this.#headers) });
        return;
      }
      const form = this.#headers["content-type"];
      if (this.#method === "POST" && target.key === undefined && target.bucket !== undefined && isForm(form)) {
        await this.#answerWith("PostObject", operation("PutObject"), () => this.#post(target, form!));
        return;
      }
      const meant = routeRequest(this.#method, target, this.#headers);
      await this.#answerWith(meant.name, meant, () => this.#answer(meant, target));
    } catch (error) {
      await this.#fail(error).catch(() => this.#request.socket.destroy());
    }
  }

  /** Does what was asked, with whatever is to go wrong. */
  async #answerWith(name: string, meant: Operation, work: () => Promise<Answer>): Promise<void> {
    this.#log.operation = name;
    const fault = this.#host.fault(name, this.#log.bucket, this.#log.key);
    if (!fault) {
      await this.#send(meant, await work());
      return;
    }
    this.#reply.fault = fault;
    this.#fault = fault;
    if (fault.skewSeconds !== undefined) {
      this.#now = new Date(this.#now.getTime() + fault.skewSeconds * 1000);
      this.#reply.now = this.#now;
    }
    const error = errorOf(fault);
    if (error && !fault.afterwards) throw error;
    const answer = await work();
    if (error) throw error;
    await this.#send(meant, answer);
  }

  async #send(operation: Operation | undefined, answer: Answer): Promise<void> {
    // What nobody read (a body that an operation has no use for) must not stand in the way of the next request.
    const headers = { ...answer.headers, ...corsHeaders(this.#bucket, this.#headers, this.#method) };
    this.#log.statusCode = answer.status ?? 200;
    await this.#reply.send(operation, { ...answer, headers });
  }

  async #fail(error: unknown): Promise<void> {
    if (this.#reply.gone) return;
    const known =
      error instanceof S3Error
        ? error
        : new S3Error(
            "InternalError",
            `A mistake in the server itself: ${error instanceof Error ? error.stack : String(error)}`,
          );
    this.#log.statusCode = known.status;
    this.#log.code = known.code;
    const region = this.#bucket?.region;
    const cors = corsHeaders(this.#bucket, this.#headers, this.#method);
    const headers =
      region !== undefined && this.#log.operation === "HeadBucket" ? { ...cors, "x-amz-bucket-region": region } : cors;
    await this.#reply.sendError(known, headers, this.#log.key, this.#log.bucket);
  }

  /** A browser's form; the body has the signature, so it is read before anything is known. */
  #post(target: Target, contentType: string): Promise<Answer> {
    const put = operation("PutObject");
    this.#checkBucket(put, target, nobody);
    this.#reply.sendContinue();
    return postObject(this.#source(), contentType, {
      operation: put,
      input: {},
      target,
      headers: this.#headers,
      now: this.#now,
      requestHost: this.#headers["host"] ?? "",
      secure: this.#host.world.url.startsWith("https:"),
      remoteAddress: this.#request.socket.remoteAddress,
      world: this.#host.world,
      bucket: this.#bucket!,
      body: () => Promise.reject(new Error("The body of a form is read already.")),
    });
  }

  async #answer(operation: Operation, target: Target): Promise<Answer> {
    const { world } = this.#host;
    const identity = authenticate({
      method: this.#method,
      target,
      headers: this.#headers,
      lists: this.#lists,
      now: this.#now,
      users: world.users,
      regions: world.regions,
      rightRegion: this.#bucket?.region ?? target.hostRegion ?? world.region,
    });
    const handler = handlerOf(operation);
    if (!handler) throw notImplemented(`${operation.name} is not done by this server.`);
    this.#checkBucket(operation, target, identity);
    const call: Call<Record<string, unknown>> = {
      operation,
      input: {},
      target,
      headers: this.#headers,
      identity,
      user: identity.user,
      now: this.#now,
      requestHost: this.#headers["host"] ?? "",
      secure: world.url.startsWith("https:"),
      remoteAddress: this.#request.socket.remoteAddress,
      world,
      bucket: this.#bucket!,
      body: () => this.#readBody(operation, identity, true, world.storage),
    };
    authorize(call);
    const input = readInput(operation, target, this.#headers);
    Object.assign(call.input, input);
    const payload = operation.input.payload;
    if (payload && !payload.streaming) {
      readBodyInto(call.input, operation.input, await this.#readDocument(operation, identity));
    }
    return handler(call as Call<never>);
  }

  #checkBucket(operation: Operation, target: Target, identity: Identity): void {
    if (target.bucket === undefined || operation.name === "CreateBucket") return;
    const bucket = this.#bucket;
    if (!bucket) {
      const name = target.bucket;
      if (bucketNameFault(name) !== undefined && !/^[A-Za-z0-9._-]{3,255}$/.test(name))
        throw invalidBucketName(name, "there can't be such a bucket");
      throw new S3Error("NoSuchBucket", "There is no such bucket.", { BucketName: name });
    }
    const session = identity.user?.session;
    if (session && session.bucket !== bucket.name) throw accessDenied("The session is for another bucket.");
    if (session?.readOnly && !/^(Get|Head|List)/.test(operation.name)) throw accessDenied("The session may only read.");
    const sent = target.hostRegion ?? identity.region;
    if (sent !== undefined && sent !== bucket.region && operation.name !== "GetBucketLocation") {
      throw new S3Error(
        "PermanentRedirect",
        "The bucket is in another region; send the request there.",
        { Region: bucket.region, Endpoint: `${bucket.name}.s3.${bucket.region}.amazonaws.com`, Bucket: bucket.name },
        { headers: { "x-amz-bucket-region": bucket.region } },
      );
    }
    const owner = this.#headers["x-amz-expected-bucket-owner"];
    if (owner !== undefined && owner !== bucket.owner.accountId)
      throw accessDenied("The bucket belongs to somebody else.");
  }

  /** Reads the body once, in full, and checks it. */
  async #readBody(operation: Operation, identity: Identity, needed: boolean, storage: Storage): Promise<Content> {
    const plan: BodyPlan = planBody(this.#headers, identity, needed, operation.requestChecksum !== undefined);
    this.#reply.sendContinue();
    const content = await readBody(this.#source(), plan, identity, storage);
    this.#log.bodyBytes = content.size;
    return content;
  }

  #source(): AsyncIterable<Uint8Array> {
    const source: AsyncIterable<Uint8Array> = this.#request.iterator({ destroyOnReturn: false });
    const most = this.#fault?.resetRequestAfter;
    return most === undefined ? source : this.#resetAfter(source, most);
  }

  async *#resetAfter(source: AsyncIterable<Uint8Array>, most: number): AsyncGenerator<Uint8Array> {
    let size = 0;
    for await (const bytes of source) {
      size += bytes.length;
      if (size >= most) {
        this.#reply.reset();
        throw new Error("A fault has cut the request off.");
      }
      yield bytes;
    }
  }

  async #readDocument(operation: Operation, identity: Identity): Promise<string> {
    const length = Number(this.#headers["x-amz-decoded-content-length"] ?? this.#headers["content-length"] ?? 0);
    if (length > maxDocument) {
      throw new S3Error("MaxMessageLengthExceeded", "The document in the body is too long.", {
        MaxMessageLengthBytes: maxDocument,
      });
    }
    if (checksumNeeded.has(operation.name) && !hasChecksum(this.#headers)) {
      throw invalidRequest("Content-MD5 or an x-amz-checksum- header is missing, which this operation needs.");
    }
    const { documents } = this.#host.world;
    const content = await this.#readBody(operation, identity, false, documents);
    documents.release(content);
    return Buffer.concat([...bytesOf(content.chunks)]).toString("utf8");
  }
}

/**
 * An upload in parts: create, parts side by side, complete; or, when anything fails, abort.
 * @see {@link https://docs.aws.amazon.com/AmazonS3/latest/userguide/mpuoverview.html Multipart uploads}
 */
import { hash } from "node:crypto";
import { IncompleteBodyError, TucuxiError } from "../../errors/base.js";
import { S3ServiceError } from "../../errors/service.js";
import type {
  CompletedPart,
  CompleteMultipartUploadOutput,
  CompleteMultipartUploadRequest,
  CreateMultipartUploadRequest,
  UploadPartRequest,
} from "../../model/generated/types.js";
import { checksum, checksumMember, createChecksum } from "../../transport/checksum/index.js";
import type { TransferContext } from "../context.js";
import { type Dictionary, membersFor } from "../input.js";
import { growingPartSize, MAX_PARTS, MIB, partSizeFor } from "../limits.js";
import type { Run } from "../run.js";
import type { UploadInput } from "../types.js";
import { type Earlier, findEarlier, samePart, writeToken } from "./resume.js";
import { type Shipment, shipBytes, shipStream } from "./send.js";
import type { PartSource } from "./source.js";
import { planSums, type SumPlan, wholeSum, wholeSums } from "./sums.js";
import { abortUpload, graceful, tellUnfinished } from "./unfinished.js";

/** Parts of a file above this size are read while they are sent, twice if they have a checksum, rather than held in memory. */
const HELD_PART = 64 * MIB;
/** How long a create may go on after an abort, in milliseconds. */
const GRACE = 5000;

/** A part that is there. */
export interface DonePart {
  readonly number: number;
  readonly size: number;
  readonly etag: string | undefined;
  readonly sum: string | undefined;
}

/** What a part of an upload in parts is made from. */
export interface MultipartPlan {
  readonly partSize: number;
  readonly lanes: number;
  readonly resume: boolean | string;
  readonly checksumAlgorithm: string | undefined;
  /** What of a source of unknown length was read already, to see how long it is. */
  readonly head?: Uint8Array | undefined;
}

/** Sends a source in parts. */
export async function uploadParts(
  context: TransferContext,
  run: Run,
  input: UploadInput,
  source: PartSource,
  plan: MultipartPlan,
): Promise<CompleteMultipartUploadOutput> {
  let sums = planSums(context, input, plan.checksumAlgorithm);
  let partSize = source.size === undefined ? plan.partSize : partSizeFor(source.size, plan.partSize);
  const earlier = plan.resume
    ? await findEarlier(context, input, plan.resume, source.size === undefined, run.signal)
    : undefined;
  if (earlier) {
    // What is there decides: parts of another size, or with another checksum, could not be joined by it.
    if (earlier.partSize !== undefined && fits(source.size, earlier.partSize)) partSize = earlier.partSize;
    sums = { ...earlier.sums, given: earlier.sums.algorithm === sums.algorithm ? sums.given : undefined };
  }
  const uploadId = earlier?.uploadId ?? (await create(context, run, input, sums));
  const token = writeToken(input, uploadId, partSize);
  run.meter.resumeToken = token;
  try {
    run.signal.throwIfAborted();
    const parts = await new Parts(context, run, input, source, { ...plan, partSize }, sums, uploadId, earlier).send();
    await source.check();
    return await complete(context, run, input, uploadId, sums, parts, source.size);
  } catch (error) {
    const failure = run.scope.reasonOf(error);
    const { Bucket, Key } = input;
    if (plan.resume) {
      tellUnfinished(failure, { Bucket, Key, UploadId: uploadId, aborted: false, resumeToken: token });
    } else {
      tellUnfinished(failure, { Bucket, Key, UploadId: uploadId, ...(await abortUpload(context, input, uploadId)) });
    }
    throw failure;
  }
}

function fits(size: number | undefined, partSize: number): boolean {
  return partSize > 0 && (size === undefined || Math.ceil(size / partSize) <= MAX_PARTS);
}

/** Creates the upload. It is let finish when the transfer is stopped meanwhile: one whose id nobody knows could not be removed. */
export async function create(context: TransferContext, run: Run, input: object, sums: SumPlan): Promise<string> {
  const members = membersFor("CreateMultipartUpload", input, wholeSums);
  delete members["ChecksumAlgorithm"];
  delete members["ChecksumType"];
  if (sums.algorithm !== undefined) members["ChecksumAlgorithm"] = sums.algorithm;
  if (sums.type !== undefined) members["ChecksumType"] = sums.type;
  const patience = graceful(run.signal, GRACE);
  try {
    const { UploadId } = await context.client.createMultipartUpload(
      members as unknown as CreateMultipartUploadRequest,
      {
        signal: patience.signal,
      },
    );
    if (!UploadId)
      throw new TucuxiError("The service created a multipart upload without an id", { code: "NoUploadId" });
    return UploadId;
  } finally {
    patience.end();
  }
}

class Parts {
  readonly #context: TransferContext;
  readonly #run: Run;
  readonly #shared: Dictionary;
  readonly #source: PartSource;
  readonly #plan: MultipartPlan;
  readonly #sums: SumPlan;
  readonly #uploadId: string;
  readonly #earlier: Earlier | undefined;
  readonly #done: DonePart[] = [];
  /** The next part, and where it begins. */
  #number = 1;
  #start = 0;
  #ended = false;
  #head: Uint8Array | undefined;
  /** Parts of a stream are read one after the other. */
  #turn: Promise<unknown> = Promise.resolve();

  constructor(
    context: TransferContext,
    run: Run,
    input: UploadInput,
    source: PartSource,
    plan: MultipartPlan,
    sums: SumPlan,
    uploadId: string,
    earlier: Earlier | undefined,
  ) {
    this.#context = context;
    this.#run = run;
    this.#shared = membersFor("UploadPart", input, withoutBody);
    this.#source = source;
    this.#plan = plan;
    this.#sums = sums;
    this.#uploadId = uploadId;
    this.#earlier = earlier;
    this.#head = plan.head;
  }

  async send(): Promise<DonePart[]> {
    const { size } = this.#source;
    const count = size === undefined ? MAX_PARTS : Math.ceil(size / this.#plan.partSize);
    await this.#run.scope.lanes(Math.min(this.#plan.lanes, count), async () => {
      while (!this.#ended) await this.#run.slot(() => this.#next());
    });
    return this.#done.sort((a, b) => a.number - b.number);
  }

  /** Claims the next part, reads and sends it. */
  async #next(): Promise<void> {
    const { size, sequential, stream } = this.#source;
    if (size !== undefined && (!sequential || this.#start >= size)) {
      if (this.#start >= size) {
        this.#ended = true;
        return;
      }
      const start = this.#start;
      const length = Math.min(this.#plan.partSize, size - start);
      const number = this.#number++;
      this.#start += length;
      if (stream && length > HELD_PART && !this.#earlier?.parts.has(number)) {
        return this.#sendStreamed(number, start, length, stream.bind(this.#source));
      }
      return this.#withBuffer(length, async (buffer) =>
        this.#sendBytes(number, await this.#source.read(start, length, buffer)),
      );
    }
    // The length of the next part is known only when the turn comes.
    let settle = (): void => {};
    const before = this.#turn;
    this.#turn = new Promise<void>((resolve) => {
      settle = resolve;
    });
    await before;
    let length = 0;
    try {
      this.#run.signal.throwIfAborted();
      if (this.#ended) return;
      if (this.#number > MAX_PARTS) throw tooMany(this.#start);
      length =
        size === undefined
          ? growingPartSize(this.#number, this.#plan.partSize)
          : Math.min(this.#plan.partSize, size - this.#start);
      if (length <= 0) {
        this.#ended = true;
        return;
      }
    } finally {
      if (length <= 0) settle();
    }
    await this.#withBuffer(length, async (buffer) => {
      let bytes: Uint8Array;
      let number: number;
      try {
        bytes = await this.#readNext(length, buffer);
        number = this.#number++;
        this.#start += bytes.length;
        if (bytes.length < length) this.#ended = true;
      } finally {
        settle();
      }
      if (bytes.length > 0) await this.#sendBytes(number, bytes);
    });
  }

  /** The next bytes of a stream, those first that were read to see how long it is. */
  async #readNext(length: number, buffer: Buffer): Promise<Uint8Array> {
    const head = this.#head;
    if (head === undefined) return this.#source.read(this.#start, length, buffer);
    if (head.length > length) {
      this.#head = head.subarray(length);
      return head.subarray(0, length);
    }
    this.#head = undefined;
    if (head.length === length) return head;
    buffer.set(head);
    const rest = await this.#source.read(this.#start, length - head.length, buffer.subarray(head.length, length));
    return buffer.subarray(0, head.length + rest.length);
  }

  async #withBuffer(length: number, job: (buffer: Buffer) => Promise<void>): Promise<void> {
    if (!this.#source.needsBuffer) return job(empty);
    const buffer = this.#run.takeBuffer(length);
    try {
      await job(buffer.length === length ? buffer : buffer.subarray(0, length));
    } finally {
      this.#run.giveBuffer(buffer);
    }
  }

  async #sendBytes(number: number, bytes: Uint8Array): Promise<void> {
    const { algorithm } = this.#sums;
    const sum = algorithm === undefined ? undefined : checksum(algorithm, bytes);
    const there = this.#earlier?.parts.get(number);
    if (there && samePart(there, bytes)) {
      this.#run.meter.add(bytes.length);
      this.#run.meter.partDone();
      this.#done.push({ number, size: bytes.length, etag: there.ETag, sum });
      return;
    }
    await this.#put(number, bytes.length, sum, shipBytes(this.#run, bytes));
  }

  /** A large part of a file: read once for its checksum, and again while it is sent. */
  async #sendStreamed(
    number: number,
    start: number,
    length: number,
    stream: (start: number, length: number) => AsyncGenerator<Uint8Array>,
  ): Promise<void> {
    let sum: string | undefined;
    if (this.#sums.algorithm !== undefined) {
      const running = createChecksum(this.#sums.algorithm);
      for await (const piece of stream(start, length)) {
        this.#run.signal.throwIfAborted();
        running.update(piece);
      }
      sum = running.base64();
    }
    await this.#put(
      number,
      length,
      sum,
      shipStream(this.#run, length, () => stream(start, length)),
    );
  }

  async #put(number: number, size: number, sum: string | undefined, shipment: Shipment): Promise<void> {
    const part: Dictionary = {
      ...this.#shared,
      PartNumber: number,
      UploadId: this.#uploadId,
      Body: shipment.body,
    };
    if (shipment.length !== undefined) part["ContentLength"] = shipment.length;
    if (sum !== undefined && this.#sums.algorithm) part[checksumMember(this.#sums.algorithm)] = sum;
    const { client } = this.#context;
    const { ETag } = await client.uploadPart(part as unknown as UploadPartRequest, { signal: this.#run.signal });
    shipment.arrived();
    this.#done.push({ number, size, etag: ETag, sum });
  }
}

const withoutBody: ReadonlySet<string> = new Set([
  "Body",
  "ContentLength",
  "ContentMD5",
  "ChecksumAlgorithm",
  ...wholeSums,
]);
const empty = Buffer.alloc(0);

function tooMany(bytes: number): TucuxiError {
  return new TucuxiError(`The body goes on after ${MAX_PARTS} parts and ${bytes} bytes`, {
    code: "TooManyParts",
    hint: "Give `ContentLength`, so that the parts can be made large enough, or a larger `partSize`.",
  });
}

/**
 * Joins the parts.
 * @throws IncompleteBodyError when they do not come to the size of the source
 */
export async function complete(
  context: TransferContext,
  run: Run,
  input: object,
  UploadId: string,
  sums: SumPlan,
  parts: readonly DonePart[],
  size: number | undefined,
): Promise<CompleteMultipartUploadOutput> {
  const total = parts.reduce((sum, part) => sum + part.size, 0);
  if (size !== undefined && total !== size) throw new IncompleteBodyError(size, total);
  const members = membersFor("CompleteMultipartUpload", input, wholeSums);
  delete members["ChecksumType"];
  if (context.checksums) members["MpuObjectSize"] ??= total;
  if (sums.algorithm !== undefined && sums.type !== undefined) members["ChecksumType"] = sums.type;
  const whole = wholeSum(sums, parts);
  if (whole !== undefined && sums.algorithm) members[checksumMember(sums.algorithm)] = whole;
  const Parts = parts.map(({ number, etag, sum }): CompletedPart => {
    const part: CompletedPart = { PartNumber: number, ETag: etag };
    if (sum !== undefined && sums.algorithm) part[checksumMember(sums.algorithm)] = sum;
    return part;
  });
  const request = { ...members, UploadId, MultipartUpload: { Parts } } as unknown as CompleteMultipartUploadRequest;
  try {
    return await context.client.completeMultipartUpload(request, { signal: run.signal });
  } catch (error) {
    const done = await doneBefore(context, run, input, parts, error);
    if (done) return done;
    throw error;
  }
}

/**
 * An attempt whose answer was lost may have succeeded; then the next one finds no upload any more. The object's ETag tells: it is made from the
 * parts'.
 */
async function doneBefore(
  { client }: TransferContext,
  run: Run,
  input: object,
  parts: readonly DonePart[],
  error: unknown,
): Promise<CompleteMultipartUploadOutput | undefined> {
  if (!(error instanceof S3ServiceError) || error.code !== "NoSuchUpload" || (error.attempts ?? 1) < 2)
    return undefined;
  const tags = parts.map(({ etag = "" }) => etag.replaceAll('"', ""));
  if (!tags.every((tag) => /^[0-9a-f]{32}$/i.test(tag))) return undefined;
  const expected = `"${hash("md5", Buffer.from(tags.join(""), "hex"))}-${parts.length}"`;
  const members = membersFor("HeadObject", input, conditions) as { Bucket: string; Key: string };
  try {
    const found = await client.headObject(members, { signal: run.signal });
    if (found.ETag !== expected) return undefined;
    const { ETag, VersionId, ResponseMetadata } = found;
    const { Bucket, Key } = members;
    return { Bucket, Key, ETag, ResponseMetadata, ...(VersionId === undefined ? {} : { VersionId }) };
  } catch {
    return undefined;
  }
}

const conditions: ReadonlySet<string> = new Set(["IfMatch", "IfNoneMatch"]);

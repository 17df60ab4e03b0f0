/** The parts of an upload, read and sent side by side. */
import { TucuxiError } from "../../errors/base.js";
import type { UploadPartRequest } from "../../model/generated/types.js";
import { checksum, checksumMember, createChecksum } from "../../transport/checksum/index.js";
import type { TransferContext } from "../context.js";
import { type Dictionary, membersFor } from "../input.js";
import { growingPartSize, MAX_PARTS, MIB } from "../limits.js";
import type { Run } from "../run.js";
import type { UploadInput } from "../types.js";
import { type Earlier, samePart } from "./resume.js";
import { type Shipment, shipBytes, shipStream } from "./send.js";
import type { PartSource } from "./source.js";
import { type SumPlan, wholeSums } from "./sums.js";
import { PartWrites } from "./unfinished.js";

/** Parts of a file above this size are read while they are sent, twice if they have a checksum, rather than held in memory. */
const HELD_PART = 64 * MIB;

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

/** The same with parts of a size that suffices. */
export interface SizedPlan extends MultipartPlan {
  /** What parts of the size that was asked for may take. */
  readonly memory: number;
}

/** A part of a stream, in memory that is given back once it has gone. */
interface ReadPart {
  readonly number: number;
  readonly bytes: Uint8Array;
  readonly buffer: Buffer;
  /** What was taken for it. */
  readonly length: number;
}

export class Parts {
  readonly #context: TransferContext;
  readonly #run: Run;
  readonly #shared: Dictionary;
  readonly #source: PartSource;
  readonly #plan: SizedPlan;
  readonly #sums: SumPlan;
  readonly #uploadId: string;
  readonly #earlier: Earlier | undefined;
  readonly #writes: PartWrites;
  readonly #done: DonePart[] = [];
  /** The next part, and where it begins. */
  #number = 1;
  #start = 0;
  #ended = false;
  #head: Uint8Array | undefined;
  /** Parts of a stream are read one after the other. */
  #turn: Promise<unknown> = Promise.resolve();
  /** Bytes of a stream that are held until they have gone. */
  #held = 0;
  /** Tells whoever waits for some of them to go. */
  #freed: (() => void) | undefined;

  constructor(
    context: TransferContext,
    run: Run,
    input: UploadInput,
    source: PartSource,
    plan: SizedPlan,
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
    this.#writes = new PartWrites(run);
    this.#head = plan.head;
  }

  /** Of those that were sent, one may still arrive. */
  get adrift(): boolean {
    return this.#writes.adrift;
  }

  async send(): Promise<DonePart[]> {
    const { size } = this.#source;
    const count = size === undefined ? MAX_PARTS : Math.ceil(size / this.#plan.partSize);
    try {
      await this.#run.scope.lanes(Math.min(this.#plan.lanes, count), async () => {
        while (!this.#ended) await this.#run.slot(() => this.#next());
      });
    } finally {
      this.#writes.end();
    }
    return this.#done.sort((a, b) => a.number - b.number);
  }

  /** Claims the next part, reads and sends it. */
  async #next(): Promise<void> {
    const { size, sequential, stream } = this.#source;
    if (sequential || size === undefined) return this.#nextInOrder();
    const start = this.#start;
    if (start >= size) {
      this.#ended = true;
      return;
    }
    const length = Math.min(this.#plan.partSize, size - start);
    const number = this.#number++;
    this.#start += length;
    if (stream && length > HELD_PART && !this.#earlier?.parts.has(number)) {
      return this.#sendStreamed(number, start, length, stream.bind(this.#source));
    }
    const buffer = this.#source.needsBuffer ? this.#run.takeBuffer(length) : undefined;
    try {
      await this.#sendBytes(number, await this.#source.read(start, length, buffer?.subarray(0, length)));
    } finally {
      if (buffer) this.#run.giveBuffer(buffer);
    }
  }

  async #nextInOrder(): Promise<void> {
    const turn = this.#turn.then(() => this.#readPart());
    this.#turn = turn.catch(() => {});
    const part = await turn;
    if (!part) return;
    try {
      if (part.bytes.length > 0) await this.#sendBytes(part.number, part.bytes);
    } finally {
      this.#letGo(part.buffer, part.length);
    }
  }

  /** The next part of a stream; undefined at its end. */
  async #readPart(): Promise<ReadPart | undefined> {
    const { size } = this.#source;
    this.#run.signal.throwIfAborted();
    if (this.#ended) return undefined;
    if (this.#number > MAX_PARTS) throw tooMany(this.#start);
    const { partSize } = this.#plan;
    const length =
      size === undefined ? growingPartSize(this.#number, partSize) : Math.min(partSize, size - this.#start);
    if (length <= 0) {
      this.#ended = true;
      return undefined;
    }
    await this.#room(length);
    const buffer = this.#run.takeBuffer(length);
    try {
      const bytes = await this.#readNext(length, buffer.subarray(0, length));
      this.#start += bytes.length;
      if (bytes.length < length) this.#ended = true;
      return { number: this.#number++, bytes, buffer, length };
    } catch (error) {
      this.#ended = true;
      this.#letGo(buffer, length);
      throw error;
    }
  }

  /** Waits until parts that have grown fit into the memory of those asked for; two may always be under way. */
  async #room(length: number): Promise<void> {
    const most = Math.max(this.#plan.memory, 2 * length);
    while (this.#held + length > most) {
      await new Promise<void>((resolve) => {
        this.#freed = resolve;
      });
    }
    this.#run.signal.throwIfAborted();
    this.#held += length;
  }

  #letGo(buffer: Buffer, length: number): void {
    this.#run.giveBuffer(buffer);
    this.#held -= length;
    this.#freed?.();
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
    const { ETag } = await this.#writes.send((signal) =>
      client.uploadPart(part as unknown as UploadPartRequest, { signal }),
    );
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

function tooMany(bytes: number): TucuxiError {
  return new TucuxiError(`The body goes on after ${MAX_PARTS} parts and ${bytes} bytes`, {
    code: "TooManyParts",
    hint: "Give `ContentLength`, so that the parts can be made large enough, or a larger `partSize`.",
  });
}

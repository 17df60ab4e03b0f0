/** Copies between services that cannot fetch from each other: the bytes pass through this machine, by ranges and in parts. */
import type { TransferContext } from "../context.js";
import { WholeCheck } from "../download/check.js";
import { openObject, type RemoteObject } from "../download/object.js";
import { partSizeFor, type Sizes } from "../limits.js";
import { Run } from "../run.js";
import type { CopyInput, CopyOutput, UploadFileInput } from "../types.js";
import type { PartSource } from "../upload/source.js";
import { uploadFrom } from "../upload/upload.js";
import { described, readSource, sourceInput } from "./source.js";

/** @param run what is sent counts, as of other copies; what is read on the way does not */
export async function copyThrough(
  context: TransferContext,
  run: Run,
  input: CopyInput,
  sizes: Sizes,
  source: TransferContext,
  checksumAlgorithm: string | undefined,
  shared: boolean,
): Promise<CopyOutput> {
  const reading = new Run({ signal: run.signal }, run.concurrency);
  const name = readSource(input.CopySource);
  // In one request goes what may be held, and no more.
  const threshold = Math.min(sizes.threshold, sizes.partSize * run.concurrency);
  let object: RemoteObject | undefined;
  try {
    object = await run.slot(() => openObject(source, reading, sourceInput(name, input), 0, sizes.partSize));
    const { size } = object;
    if (!shared) run.meter.total = size;
    const partSize = size < threshold ? Math.max(size, 1) : partSizeFor(size, sizes.partSize);
    const expected = size > sizes.partSize ? await object.askChecksum() : object.checksum;
    const check = object.whole ? undefined : WholeCheck.for(expected, Math.ceil(size / partSize));
    const target = await described(input, source, name, object.output, run);
    const output = await uploadFrom(
      context,
      run,
      target as unknown as UploadFileInput,
      new ObjectSource(object, partSize, check?.inOrder ? undefined : check),
      { ...sizes, threshold },
      { checksumAlgorithm: (checksumAlgorithm ?? (context.checksums ? expected?.algorithm : undefined)) as never },
      true,
    );
    const { ResponseMetadata: _, ...CopyObjectResult } = output;
    return { CopyObjectResult, ...output };
  } finally {
    object?.discard(undefined);
    reading.end();
  }
}

/** An object elsewhere, as what an upload is made from. */
class ObjectSource implements PartSource {
  readonly size: number;
  readonly sequential = false;
  readonly needsBuffer = true;
  readonly #object: RemoteObject;
  readonly #partSize: number;
  readonly #check: WholeCheck | undefined;

  constructor(object: RemoteObject, partSize: number, check: WholeCheck | undefined) {
    this.size = object.size;
    this.#object = object;
    this.#partSize = partSize;
    this.#check = check;
  }

  async read(start: number, length: number, buffer: Buffer | undefined): Promise<Uint8Array> {
    const target = buffer ?? Buffer.allocUnsafe(length);
    const sum = this.#check?.begin();
    await this.#object.read(start, start + length, (piece, at) => {
      target.set(piece, at - start);
      sum?.update(piece);
    });
    if (sum) this.#check?.add(start / this.#partSize, sum, length);
    if (length === this.size) await this.check();
    return target.length === length ? target : target.subarray(0, length);
  }

  async check(): Promise<void> {
    this.#check?.verify();
  }

  async close(reason?: unknown): Promise<void> {
    this.#object.discard(reason);
  }
}

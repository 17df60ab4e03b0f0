/** Any number of objects deleted, a thousand to a call. */
import type { S3Client } from "../client/client.js";
import type { CallOptions } from "../client/options.js";
import { BatchError } from "../errors/layers.js";
import { checkOptionNames, optionNames } from "../errors/names.js";
import { S3ServiceError } from "../errors/service.js";
import type {
  DeletedObject,
  DeleteError,
  DeleteObjectRequest,
  DeleteObjectsOutput,
  DeleteObjectsRequest,
  ObjectIdentifier,
} from "../model/generated/types.js";

/** Members that go into every call of a batch. */
export type BatchInput = Omit<DeleteObjectsRequest, "Bucket" | "Delete"> & {
  /** `Quiet: true`: the service names only what failed. */
  Delete?: { Quiet?: boolean | undefined } | undefined;
};

/** Options of a batch; `timeout` and `headers` are for each call. */
export interface BatchOptions extends CallOptions {
  /** Calls under way at a time, at most. Default: 4. */
  concurrency?: number | undefined;
}

const batchNames = optionNames<BatchOptions>({ concurrency: true, signal: true, timeout: true, headers: true });

/** What DeleteObjects takes. */
const batchSize = 1000;

/** A key that XML 1.0 has no way to write. */
const beyondXml = /[\0-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]/;

/**
 * Deletes what the pages name.
 * @throws BatchError with every key that failed, once all were tried
 */
export async function deleteInBatches(
  client: S3Client,
  bucket: string,
  pages: AsyncIterable<ObjectIdentifier[]>,
  input: BatchInput,
  given: BatchOptions,
): Promise<DeleteObjectsOutput[]> {
  checkOptionNames(given, batchNames, "DeleteObjects");
  const { concurrency = 4, ...options } = given;
  const { Delete: how, ...members } = input;
  const answers: DeleteObjectsOutput[] = [];
  const lane = new Lane(Math.max(1, Math.trunc(concurrency) || 1));
  let count = 0;

  const send = (work: () => Promise<DeleteObjectsOutput>): Promise<void> => {
    const place = count++;
    return lane.add(async () => {
      answers[place] = await work();
    });
  };
  const sendBatch = async (objects: ObjectIdentifier[]): Promise<void> => {
    const odd = objects.filter(({ Key }) => beyondXml.test(Key));
    const plain = odd.length === 0 ? objects : objects.filter(({ Key }) => !beyondXml.test(Key));
    if (plain.length > 0) {
      await send(() =>
        client.deleteObjects({ Bucket: bucket, ...members, Delete: { ...how, Objects: plain } }, options),
      );
    }
    for (const object of odd)
      await send(() => deleteAlone(client, { Bucket: bucket, ...single(members), ...object }, options));
  };

  try {
    let waiting: ObjectIdentifier[] = [];
    for await (const page of pages) {
      waiting = waiting.length === 0 ? page : waiting.concat(page);
      while (waiting.length >= batchSize) {
        await sendBatch(waiting.slice(0, batchSize));
        waiting = waiting.slice(batchSize);
      }
    }
    if (waiting.length > 0) await sendBatch(waiting);
  } finally {
    // Nothing goes on behind the caller's back, whatever happened.
    await lane.settled();
  }
  lane.check();

  const errors: DeleteError[] = [];
  const deleted: DeletedObject[] = [];
  for (const answer of answers) {
    for (const each of answer.Errors) errors.push(each);
    for (const each of answer.Deleted) deleted.push(each);
  }
  if (errors.length > 0) throw new BatchError(errors, deleted);
  return answers;
}

/** DeleteObject knows no checksum of its body, having none. */
function single({
  ChecksumAlgorithm: _,
  ...members
}: Omit<BatchInput, "Delete">): Omit<DeleteObjectRequest, "Bucket" | "Key"> {
  return members;
}

/** One key by DeleteObject, answered as DeleteObjects would. */
async function deleteAlone(
  client: S3Client,
  input: DeleteObjectRequest,
  options: CallOptions,
): Promise<DeleteObjectsOutput> {
  const name = { Key: input.Key, ...(input.VersionId === undefined ? {} : { VersionId: input.VersionId }) };
  try {
    const { DeleteMarker, VersionId, ResponseMetadata } = await client.deleteObject(input, options);
    const marker = DeleteMarker ? { DeleteMarker, DeleteMarkerVersionId: VersionId } : {};
    return { Deleted: [{ ...name, ...marker } as DeletedObject], Errors: [], ResponseMetadata };
  } catch (error) {
    // Of one key only what a batch could have said of it; the bucket gone or no right to anything ends the batch.
    if (!(error instanceof S3ServiceError) || error.code === "NoSuchBucket") throw error;
    return {
      Deleted: [],
      Errors: [{ ...name, Code: error.code, Message: error.message }],
      ResponseMetadata: error.response.ResponseMetadata,
    };
  }
}

/** So many at a time; after a failure, none more. */
class Lane {
  readonly #width: number;
  readonly #running = new Set<Promise<void>>();
  #failure: { error: unknown } | undefined;

  constructor(width: number) {
    this.#width = width;
  }

  /** Begins the work once there is room; throws what earlier work failed with. */
  async add(work: () => Promise<void>): Promise<void> {
    while (this.#running.size >= this.#width) await Promise.race(this.#running);
    this.check();
    const run: Promise<void> = work()
      .catch((error: unknown) => {
        this.#failure ??= { error };
      })
      .finally(() => this.#running.delete(run));
    this.#running.add(run);
  }

  /** Throws what work failed with. */
  check(): void {
    if (this.#failure) throw this.#failure.error;
  }

  /** Waits for what is under way, failed or not. */
  async settled(): Promise<void> {
    await Promise.all(this.#running);
  }
}

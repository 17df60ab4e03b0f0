/** Copies within S3: one CopyObject, or parts side by side for what it cannot carry. */
import type {
  CopyObjectOutput,
  CopyObjectRequest,
  HeadObjectOutput,
  UploadPartCopyRequest,
} from "../../model/generated/types.js";
import { algorithmOf, type ChecksumAlgorithm, checksumMember, digestLengths } from "../../transport/checksum/index.js";
import type { TransferContext } from "../context.js";
import { checkMembers, membersFor } from "../input.js";
import { checkOptions, partSizeFor, type Sizes, sizesOf } from "../limits.js";
import { copyNames } from "../option-names.js";
import { Run } from "../run.js";
import type { CopyInput, CopyOptions, CopyOutput } from "../types.js";
import { complete, create } from "../upload/multipart.js";
import type { DonePart } from "../upload/parts.js";
import type { SumPlan } from "../upload/sums.js";
import { abortUpload, PartWrites, tellUnfinished } from "../upload/unfinished.js";
import { described, headSource, readSource, type SourceName } from "./source.js";
import { copyThrough } from "./through.js";

export async function copy(
  context: TransferContext,
  input: CopyInput,
  options: CopyOptions = {},
  source: TransferContext = context,
): Promise<CopyOutput> {
  checkMembers("copy", input, ["CopyObject"]);
  checkOptions(options, copyNames, "copy");
  const sizes = sizesOf(options, context.service === source.service ? "copy" : "upload");
  const run = new Run(options, sizes.concurrency);
  try {
    const output = await copyObject(context, run, input, sizes, source, options.checksumAlgorithm);
    run.meter.finish();
    return output;
  } finally {
    run.end();
  }
}

/** Copies one object within a run that others may share. */
export async function copyObject(
  context: TransferContext,
  run: Run,
  input: CopyInput,
  sizes: Sizes,
  source: TransferContext,
  checksumAlgorithm: string | undefined,
  shared = false,
): Promise<CopyOutput> {
  const algorithm = input.ChecksumAlgorithm ?? checksumAlgorithm;
  try {
    if (context.service !== source.service) {
      return await copyThrough(context, run, input, sizes, source, algorithm, shared);
    }
    const name = readSource(input.CopySource);
    const head = await run.slot(() => headSource(source, name, input, run.signal));
    const size = head.ContentLength ?? 0;
    if (!shared) run.meter.total = size;
    const pinned: CopyInput = { ...input };
    // Of what was looked at, and nothing that came after it.
    if (head.ETag !== undefined) pinned.CopySourceIfMatch ??= head.ETag;
    // Conditions held when the head was asked for; beside an ETag they would mean something else.
    delete pinned.CopySourceIfModifiedSince;
    delete pinned.CopySourceIfUnmodifiedSince;
    delete pinned.CopySourceIfNoneMatch;
    const output =
      size > 0 && size >= sizes.threshold
        ? await copyParts(context, run, pinned, sizes, source, name, head, algorithm)
        : await copyWhole(context, run, pinned, size, algorithm);
    run.meter.fileDone();
    const { Bucket, Key } = input;
    return { ...output, Bucket, Key };
  } catch (error) {
    throw run.scope.reasonOf(error);
  }
}

async function copyWhole(
  { client }: TransferContext,
  run: Run,
  input: CopyInput,
  size: number,
  algorithm: string | undefined,
): Promise<CopyObjectOutput> {
  const members = membersFor("CopyObject", input);
  if (algorithm !== undefined) members["ChecksumAlgorithm"] = algorithm;
  const output = await run.slot(() =>
    client.copyObject(members as unknown as CopyObjectRequest, { signal: run.signal }),
  );
  const { LastModified: _, ...result } = output.CopyObjectResult ?? {};
  run.meter.add(size);
  run.meter.partDone();
  return { ...result, ...output } as CopyObjectOutput;
}

async function copyParts(
  context: TransferContext,
  run: Run,
  input: CopyInput,
  sizes: Sizes,
  source: TransferContext,
  name: SourceName,
  head: HeadObjectOutput,
  algorithm: string | undefined,
): Promise<CopyObjectOutput> {
  const size = head.ContentLength ?? 0;
  const partSize = partSizeFor(size, sizes.partSize);
  const target = await described(input, source, name, head, run);
  const sums = sumsOf(head, algorithm);
  const uploadId = await create(context, run, target, sums);
  const writes = new PartWrites(run);
  try {
    run.signal.throwIfAborted();
    const parts = await sendParts(context, run, input, { size, partSize, uploadId, sums }, writes);
    const output = await complete(context, run, target, uploadId, sums, parts, size);
    const { ResponseMetadata: _, ...result } = output;
    return { CopyObjectResult: result, ...output } as CopyObjectOutput;
  } catch (error) {
    const failure = run.scope.reasonOf(error);
    const { Bucket, Key } = input;
    const end = await abortUpload(context, input, uploadId, writes.adrift);
    tellUnfinished(failure, { Bucket, Key, UploadId: uploadId, ...end });
    throw failure;
  } finally {
    writes.end();
  }
}

/** As CopyObject: the algorithm of the source, unless another one is named. */
function sumsOf(head: HeadObjectOutput, named: string | undefined): SumPlan {
  const of = (algorithm: string): string | undefined =>
    (head as unknown as Record<string, string | undefined>)[checksumMember(algorithm as ChecksumAlgorithm)];
  const algorithm =
    named === undefined ? Object.keys(digestLengths).find((one) => of(one) !== undefined) : algorithmOf(named);
  if (algorithm === undefined) return { algorithm: undefined, type: undefined, given: undefined };
  const crc = algorithm.startsWith("CRC");
  const type = named === undefined && head.ChecksumType === "COMPOSITE" ? "COMPOSITE" : crc ? "FULL_OBJECT" : undefined;
  // The parts' bytes are the same bytes in the same order: the whole's checksum must be the source's.
  const given = type === "FULL_OBJECT" && head.ChecksumType === "FULL_OBJECT" ? of(algorithm) : undefined;
  return { algorithm: algorithm as ChecksumAlgorithm, type, given };
}

async function sendParts(
  { client }: TransferContext,
  run: Run,
  input: CopyInput,
  plan: { size: number; partSize: number; uploadId: string; sums: SumPlan },
  writes: PartWrites,
): Promise<DonePart[]> {
  const { size, partSize, uploadId, sums } = plan;
  const shared = membersFor("UploadPartCopy", input);
  const count = Math.ceil(size / partSize);
  const done: DonePart[] = [];
  let next = 1;
  await run.scope.lanes(Math.min(run.concurrency, count), async () => {
    while (next <= count) {
      const number = next++;
      const start = (number - 1) * partSize;
      const end = Math.min(start + partSize, size);
      const request = {
        ...shared,
        PartNumber: number,
        UploadId: uploadId,
        CopySourceRange: `bytes=${start}-${end - 1}`,
      } as unknown as UploadPartCopyRequest;
      const { CopyPartResult } = await run.slot(() =>
        writes.send((signal) => client.uploadPartCopy(request, { signal })),
      );
      const sum = sums.algorithm && CopyPartResult?.[checksumMember(sums.algorithm)];
      done.push({ number, size: end - start, etag: CopyPartResult?.ETag, sum });
      run.meter.add(end - start);
      run.meter.partDone();
    }
  });
  return done.sort((a, b) => a.number - b.number);
}

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
} from "../../model/generated/types.js";
import { checksumMember } from "../../transport/checksum/index.js";
import type { TransferContext } from "../context.js";
import { membersFor } from "../input.js";
import { MAX_PARTS, MIN_PART, partSizeFor } from "../limits.js";
import type { Run } from "../run.js";
import type { UploadInput } from "../types.js";
import { type DonePart, type MultipartPlan, Parts } from "./parts.js";
import { findEarlier, writeToken } from "./resume.js";
import type { PartSource } from "./source.js";
import { planSums, type SumPlan, wholeSum, wholeSums } from "./sums.js";
import { abortUpload, graceful, tellUnfinished } from "./unfinished.js";

/** How long a create may go on after an abort, in milliseconds. */
const GRACE = 5000;

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
  const sized = { ...plan, partSize, memory: plan.partSize * plan.lanes };
  const parts = new Parts(context, run, input, source, sized, sums, uploadId, earlier);
  try {
    run.signal.throwIfAborted();
    const done = await parts.send();
    await source.check();
    return await complete(context, run, input, uploadId, sums, done, source.size);
  } catch (error) {
    const failure = run.scope.reasonOf(error);
    const { Bucket, Key } = input;
    if (plan.resume) {
      tellUnfinished(failure, { Bucket, Key, UploadId: uploadId, aborted: false, resumeToken: token });
    } else {
      const end = await abortUpload(context, input, uploadId, parts.adrift);
      tellUnfinished(failure, { Bucket, Key, UploadId: uploadId, ...end });
    }
    throw failure;
  }
}

/** Whether parts of this size can make up the whole: not too many, and none too small but the last. */
function fits(size: number | undefined, partSize: number): boolean {
  if (size !== undefined && size <= partSize) return true;
  return partSize >= MIN_PART && (size === undefined || Math.ceil(size / partSize) <= MAX_PARTS);
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

/** Uploads: in one request or in parts, from files and from anything that has bytes. */
import { ParamValidationError } from "../../errors/base.js";
import type { PutObjectOutput, PutObjectRequest } from "../../model/generated/types.js";
import type { TransferContext } from "../context.js";
import { checkMembers, membersFor } from "../input.js";
import { checkOptions, MIB, type Sizes, sizesOf } from "../limits.js";
import { transferNames } from "../option-names.js";
import { checkPath } from "../path.js";
import { Run } from "../run.js";
import type { UploadFileInput, UploadInput, UploadOptions, UploadOutput } from "../types.js";
import { openFile } from "./file-source.js";
import { uploadParts } from "./multipart.js";
import { type Shipment, shipBytes, shipOnce, shipStream } from "./send.js";
import { openBody, type PartSource } from "./source.js";
import { wholeSums } from "./sums.js";

const operations = ["PutObject", "CreateMultipartUpload", "CompleteMultipartUpload"] as const;
/** A source up to here goes into memory when it goes in one request. */
const HELD = 8 * MIB;
/** So much of a stream of unknown length may be held to see whether it ends, if the parts do not take more anyway. */
const HEAD = 64 * MIB;

const refused = {
  UploadId: "is the transfer's own: use `resume`",
  MultipartUpload: "is the transfer's own",
};

/** Sends a body of any kind and length. */
export async function upload(
  context: TransferContext,
  input: UploadInput,
  options: UploadOptions = {},
): Promise<UploadOutput> {
  checkMembers("upload", input, operations, refused);
  checkOptions(options, transferNames, "upload");
  const sizes = sizesOf(options, "upload");
  const run = new Run(options, sizes.concurrency);
  try {
    const { Body, ...rest } = input;
    const source = await openBody(Body, input.ContentLength, run.signal).catch((error: unknown) => {
      throw run.scope.reasonOf(error);
    });
    return await uploadFrom(context, run, rest, source, sizes, options);
  } finally {
    run.end();
  }
}

/** Sends a file. */
export async function uploadFile(
  context: TransferContext,
  path: string,
  input: UploadFileInput,
  options: UploadOptions = {},
): Promise<UploadOutput> {
  checkPath(path, "file", "uploadFile");
  checkMembers("uploadFile", input, operations, { ...refused, Body: "is the file: use upload() for other bodies" });
  checkOptions(options, transferNames, "uploadFile");
  const sizes = sizesOf(options, "upload");
  const run = new Run(options, sizes.concurrency);
  try {
    return await uploadFrom(context, run, input, await openFile(path, input.ContentLength), sizes, options);
  } finally {
    run.end();
  }
}

/** Sends an opened source within a run that others may share, and closes it. */
export async function uploadFrom(
  context: TransferContext,
  run: Run,
  input: UploadFileInput,
  source: PartSource,
  sizes: Sizes,
  options: Pick<UploadOptions, "resume" | "checksumAlgorithm">,
  shared = false,
): Promise<UploadOutput> {
  let failure: unknown;
  try {
    if (source.size !== undefined && !shared) run.meter.total = source.size;
    const output = await choose(context, run, input, source, sizes, options);
    run.meter.fileDone();
    if (!shared) {
      run.meter.total = run.meter.bytes;
      run.meter.finish();
    }
    return told(context, input, output);
  } catch (error) {
    failure = run.scope.reasonOf(error);
    throw failure;
  } finally {
    await source.close(failure);
  }
}

async function choose(
  context: TransferContext,
  run: Run,
  input: UploadFileInput,
  source: PartSource,
  sizes: Sizes,
  options: Pick<UploadOptions, "resume" | "checksumAlgorithm">,
): Promise<PutObjectOutput> {
  const { threshold, partSize } = sizes;
  const { size } = source;
  const parts = (head?: Uint8Array): Promise<PutObjectOutput> =>
    uploadParts(context, run, input, source, {
      partSize,
      lanes: run.concurrency,
      resume: options.resume ?? false,
      checksumAlgorithm: options.checksumAlgorithm,
      head,
    });
  const single = (shipment: Shipment): Promise<PutObjectOutput> =>
    put(context, run, input, shipment, options.checksumAlgorithm);
  if (input.WriteOffsetBytes === undefined && size !== undefined && size > 0 && size >= threshold) return parts();
  if (size !== undefined) {
    const { stream, once } = source;
    return run.slot(async () => {
      if (size > HELD) {
        if (stream) return single(shipStream(run, size, () => stream.call(source, 0, size)));
        if (once) return single(shipOnce(run, size, once.call(source)));
      }
      const bytes = await source.read(0, size, undefined);
      // One reading of a small file is one state of it; a stream may go on past its length.
      if (source.sequential) await source.check();
      return single(shipBytes(run, bytes));
    });
  }
  // One byte less than the threshold decides for one request.
  const limit = Math.min(Math.max(threshold, 1), Math.max(HEAD, partSize * run.concurrency));
  const head = await source.read(0, limit, undefined);
  if (head.length < limit) return run.slot(() => single(shipBytes(run, head)));
  if (input.WriteOffsetBytes !== undefined) throw appendInParts(limit);
  return parts(head);
}

async function put(
  { client }: TransferContext,
  run: Run,
  input: UploadFileInput,
  shipment: Shipment,
  algorithm: UploadOptions["checksumAlgorithm"],
): Promise<PutObjectOutput> {
  const members = membersFor("PutObject", input) as unknown as PutObjectRequest;
  members.Body = shipment.body;
  if (shipment.length !== undefined) members.ContentLength = shipment.length;
  else delete members.ContentLength;
  const summed = members.ContentMD5 !== undefined || Object.keys(members).some((name) => wholeSums.has(name));
  if (algorithm !== undefined && members.ChecksumAlgorithm === undefined && !summed)
    members.ChecksumAlgorithm = algorithm;
  const output = await client.putObject(members, { signal: run.signal });
  shipment.arrived();
  return output;
}

function appendInParts(held: number): ParamValidationError {
  return new ParamValidationError(
    [{ path: "WriteOffsetBytes", problem: `appends in one request, but Body goes on after ${held} bytes` }],
    { operation: "upload", hint: "Give ContentLength: a body of known length goes in one request, whatever its size." },
  );
}

function told(context: TransferContext, { Bucket, Key }: UploadFileInput, output: PutObjectOutput): UploadOutput {
  return { Location: context.location(Bucket, Key), ...output, Bucket, Key };
}

/** Which checksum an upload in parts has: of each part, and of the whole. */
import { ParamValidationError } from "../../errors/base.js";
import {
  algorithmOf,
  type ChecksumAlgorithm,
  checksumMember,
  digestLengths,
  fullObjectChecksum,
  isCrc,
} from "../../transport/checksum/index.js";
import type { TransferContext } from "../context.js";
import type { UploadInput } from "../types.js";

export interface SumPlan {
  /** undefined: none is sent. */
  readonly algorithm: ChecksumAlgorithm | undefined;
  /** A name that we cannot compute goes to the service as it is, which says what it thinks of it. */
  readonly type: "FULL_OBJECT" | "COMPOSITE" | undefined;
  /** The whole object's, as the caller knows it. */
  readonly given: string | undefined;
}

const algorithms = Object.keys(digestLengths) as ChecksumAlgorithm[];

/** Members with the checksum of a whole body. */
export const wholeSums: ReadonlySet<string> = new Set(algorithms.map(checksumMember));

/**
 * Chooses: what the input gives or names, else what the option names, else what the client does by itself.
 * @throws ParamValidationError for what cannot be held in parts
 */
export function planSums(context: TransferContext, input: UploadInput, option: string | undefined): SumPlan {
  const type = input.ChecksumType as SumPlan["type"];
  const given = algorithms.find((algorithm) => input[checksumMember(algorithm)] !== undefined);
  if (given !== undefined) {
    if (!isCrc(given) && type !== "FULL_OBJECT") {
      throw refusal(checksumMember(given), `S3 cannot check the ${given} of a whole object that is sent in parts`);
    }
    return { algorithm: given, type: "FULL_OBJECT", given: input[checksumMember(given)] };
  }
  if (input.ContentMD5 !== undefined) {
    throw refusal("ContentMD5", "S3 cannot check the MD5 of a whole object that is sent in parts");
  }
  const name = input.ChecksumAlgorithm ?? option ?? (context.checksums ? "CRC32" : undefined);
  if (name === undefined) return { algorithm: undefined, type: undefined, given: undefined };
  const algorithm = algorithmOf(name);
  if (algorithm === undefined) throw refusal("ChecksumAlgorithm", `is none of ${algorithms.join(", ")}`);
  return { algorithm, type: type ?? (isCrc(algorithm) ? "FULL_OBJECT" : undefined), given: undefined };
}

function refusal(path: string, problem: string): ParamValidationError {
  return new ParamValidationError([{ path, problem }], {
    operation: "upload",
    hint: "Leave it out and name a ChecksumAlgorithm, or raise `multipartThreshold` so that the object goes in one piece (5 GiB at most).",
  });
}

/** The whole object's checksum, if the parts' come to one. */
export function wholeSum(
  plan: SumPlan,
  parts: readonly { readonly sum: string | undefined; readonly size: number }[],
): string | undefined {
  const { algorithm, type } = plan;
  if (plan.given !== undefined) return plan.given;
  if (algorithm === undefined || type !== "FULL_OBJECT" || !isCrc(algorithm)) return undefined;
  const all: { checksum: string; length: number }[] = [];
  for (const { sum, size } of parts) {
    if (sum === undefined) return undefined;
    all.push({ checksum: sum, length: size });
  }
  return fullObjectChecksum(algorithm, all);
}

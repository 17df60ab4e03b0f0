/** Which members of an input go into which request: by the model, so that members added to S3 pass through by themselves. */
import { partsHint } from "../errors/address.js";
import { type ParamFault, ParamValidationError } from "../errors/base.js";
import { closest } from "../errors/names.js";
import { type OperationName, operation } from "../model/operation.js";
import { kindOf } from "../protocol/index.js";

export type Dictionary = Record<string, unknown>;

/** Members that are given and that the operation takes, but for those named. */
export function membersFor(name: OperationName, input: object, without: ReadonlySet<string> = nothing): Dictionary {
  const { byName } = operation(name).input;
  const out: Dictionary = {};
  for (const [member, value] of Object.entries(input)) {
    if (value !== undefined && byName.has(member) && !without.has(member)) out[member] = value;
  }
  return out;
}

/** Refuses members that none of the operations takes: a misspelt one would otherwise be silently without effect. */
export function checkMembers(
  title: string,
  input: unknown,
  names: readonly OperationName[],
  refused: Dictionary = {},
): void {
  checkDictionary(title, input, "Key");
  const faults: ParamFault[] = [];
  for (const [member, value] of Object.entries(input)) {
    if (value === undefined) continue;
    if (member in refused) faults.push({ path: member, problem: String(refused[member]) });
    else if (!names.some((name) => operation(name).input.byName.has(member))) {
      const near = closest(member, [...new Set(names.flatMap((name) => [...operation(name).input.byName.keys()]))]);
      faults.push({ path: member, problem: near === undefined ? "unknown" : `unknown; did you mean ${near}?` });
    }
  }
  for (const member of ["Bucket", "Key"] as const) {
    const value = (input as Dictionary)[member];
    if (!operation(names[0]!).input.byName.get(member)?.required) continue;
    if (value === undefined) faults.push({ path: member, problem: "missing" });
    else if (typeof value !== "string") faults.push({ path: member, problem: `expected string, got ${typeof value}` });
    else if (value === "") faults.push({ path: member, problem: "must not be empty" });
  }
  if (faults.length > 0) throw new ParamValidationError(faults, { operation: title });
}

/** Refuses an input that is no dictionary. */
export function checkDictionary(title: string, input: unknown, member: "Key" | "Prefix"): asserts input is object {
  if (typeof input === "object" && input !== null) return;
  throw new ParamValidationError([{ path: "input", problem: `expected dictionary, got ${kindOf(input)}` }], {
    operation: title,
    hint: partsHint(input, member) ?? `Give { Bucket, ${member} } and what else it takes in one dictionary.`,
  });
}

/** Directory buckets, of S3 Express, tell themselves by their names' end. */
export const isDirectoryBucket = (bucket: string): boolean => bucket.endsWith("--x-s3");

const nothing: ReadonlySet<string> = new Set();

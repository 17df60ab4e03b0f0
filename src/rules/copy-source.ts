import type { ParamFault } from "../errors/base.js";
import { encodeKey } from "../protocol/encode.js";
import { kindOf } from "../protocol/validate.js";
import { isDictionary } from "../protocol/xml-write.js";
import { bucketProblem, isAccessPointArn } from "./bucket-name.js";
import { type Dictionary, type Rule, takes, withMember } from "./rule.js";

const versionPattern = /\?versionId=\S+$/;

/**
 * The source of a copy as it goes into its header: encoded, and of an access point's ARN the object in it. A text is taken as
 * `bucket/key`, with the key as it is, not encoded, and perhaps `?versionId=` behind it.
 */
export const copySource: Rule = {
  applies: (op) => takes(op, "CopySource"),
  prepare(input, _context, faults) {
    const source = input["CopySource"];
    if (typeof source === "string" && /^s3:\/\//i.test(source)) {
      faults.push({ path: "CopySource", problem: "expected `bucket/key` or { Bucket, Key, VersionId? }" });
      return input;
    }
    if (typeof source === "string") return withSource(input, fromText(source), faults);
    if (!isDictionary(source)) return input;
    const before = faults.length;
    sourceFaults(source, faults);
    if (faults.length > before) return input;
    const { Bucket, Key, VersionId } = source as { Bucket: string; Key: string; VersionId?: string };
    const path = isAccessPointArn(Bucket) ? `${Bucket}/object/${Key}` : `${Bucket}/${Key}`;
    return withSource(input, [path, VersionId === undefined ? "" : `?versionId=${VersionId}`], faults);
  },
};

/** What is to be encoded, and the version behind it, which is not. */
function fromText(source: string): [path: string, version: string] {
  const version = versionPattern.exec(source);
  return version ? [source.slice(0, version.index), version[0]] : [source, ""];
}

function withSource(input: Dictionary, [path, version]: [string, string], faults: ParamFault[]): Dictionary {
  try {
    return withMember(input, "CopySource", encodeKey(path) + version);
  } catch {
    faults.push({ path: "CopySource", problem: "has half of a surrogate pair, which UTF-8 cannot carry" });
    return input;
  }
}

function sourceFaults(source: Dictionary, faults: ParamFault[]): void {
  for (const name of ["Bucket", "Key", "VersionId"]) {
    const value = source[name];
    const path = `CopySource.${name}`;
    if (value === undefined) {
      if (name !== "VersionId") faults.push({ path, problem: "missing" });
    } else if (typeof value !== "string") faults.push({ path, problem: `expected string, got ${kindOf(value)}` });
    else if (value === "") faults.push({ path, problem: "must not be empty" });
    else if (name === "Bucket") {
      // A slash in it would make another bucket of it, and another key.
      const problem = bucketProblem(value);
      if (problem !== undefined) faults.push({ path, problem });
    }
  }
  for (const name in source) {
    if (name !== "Bucket" && name !== "Key" && name !== "VersionId" && source[name] !== undefined) {
      faults.push({ path: `CopySource.${name}`, problem: "unknown; the members are Bucket, Key, VersionId" });
    }
  }
}

import { accessDenied, S3Error } from "./errors.js";

/** The bounds of a form's file in bytes. */
export interface LengthRange {
  readonly least: number;
  readonly most: number;
}

/** Fields that a policy need not speak of. */
const free = new Set(["x-amz-signature", "file", "policy", "bucket", "awsaccesskeyid", "signature"]);

const invalid = (why: string): S3Error =>
  new S3Error("InvalidPolicyDocument", `The form's policy can't be read: ${why}.`);
const against = (why: string): S3Error => accessDenied(`Invalid according to Policy: ${why}`);

interface PolicyDocument {
  readonly expiration: string;
  readonly conditions: readonly unknown[];
}

function readPolicy(base64: string): PolicyDocument {
  let document: unknown;
  try {
    document = JSON.parse(Buffer.from(base64, "base64").toString("utf8"));
  } catch {
    throw invalid("it is not JSON in base64");
  }
  if (typeof document !== "object" || document === null) throw invalid("it is no object");
  const { expiration, conditions } = document as Partial<PolicyDocument>;
  if (typeof expiration !== "string" || Number.isNaN(Date.parse(expiration))) throw invalid("expiration is missing");
  if (!Array.isArray(conditions)) throw invalid("conditions are missing");
  return { expiration, conditions };
}

/** One rule as a triple: `{ a: b }` is `["eq", "$a", b]`. */
function readRule(condition: unknown): [kind: string, field: string, value: string] | LengthRange {
  if (Array.isArray(condition)) {
    const [kind, first, second] = condition as unknown[];
    const word = typeof kind === "string" ? kind.toLowerCase() : "";
    if (word === "content-length-range") {
      const range = { least: Number(first), most: Number(second) };
      if (!(range.least >= 0 && range.most >= 0)) throw invalid("content-length-range needs two numbers");
      return range;
    }
    if (
      (word !== "eq" && word !== "starts-with") ||
      typeof first !== "string" ||
      !first.startsWith("$") ||
      second === undefined
    ) {
      throw invalid(`${JSON.stringify(condition)} is no condition`);
    }
    return [word, first.slice(1).toLowerCase(), String(second)];
  }
  const entries = typeof condition === "object" && condition !== null ? Object.entries(condition) : [];
  if (entries.length !== 1) throw invalid(`${JSON.stringify(condition)} is no condition`);
  return ["eq", entries[0]![0].toLowerCase(), String(entries[0]![1])];
}

/**
 * Holds the fields of a form against its policy: every rule must be met, and every field be spoken of.
 * @param fields by lower-case name, the bucket among them
 * @returns the bounds of the file, if the policy has any
 */
export function checkPostPolicy(
  policy: string,
  fields: ReadonlyMap<string, string>,
  now: Date,
): LengthRange | undefined {
  const document = readPolicy(policy);
  if (new Date(document.expiration) <= now) throw against("Policy expired.");
  let range: LengthRange | undefined;
  const spoken = new Set<string>();
  for (const condition of document.conditions) {
    const rule = readRule(condition);
    if (!Array.isArray(rule)) {
      range = rule;
      continue;
    }
    const [kind, field, value] = rule;
    spoken.add(field);
    const given = fields.get(field) ?? "";
    if (kind === "eq" ? given !== value : !given.startsWith(value)) {
      throw against(`Policy Condition failed: ["${kind}", "$${field}", "${value}"]`);
    }
  }
  const extra = [...fields.keys()].filter(
    (field) => !spoken.has(field) && !free.has(field) && !field.startsWith("x-ignore-"),
  );
  // The type of a file's own part is not a field of the form.
  if (extra.length > 0) throw against(`Extra input fields: ${extra.join(", ")}`);
  return range;
}

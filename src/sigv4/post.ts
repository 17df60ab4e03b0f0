import { checkDate, checkExpires, checkInput, got } from "./check.js";
import { setField } from "./headers.js";
import { Signer } from "./signer.js";
import type { PolicyCondition, PresignedPost, PresignPostInput } from "./types.js";

/** Fields that the policy is not about: what signs it, the file, and what S3 does not look at. */
const WITHOUT_CONDITION = /^(policy|x-amz-signature|file|x-ignore-.*)$/i;
/** Fields that we write. */
const OURS = /^(policy|x-amz-(algorithm|credential|date|security-token|signature))$/i;

const FILENAME = /\$\{filename\}/;

/**
 * Makes the fields of an HTML form (or of a multipart/form-data POST) that uploads one object to S3 without credentials of its own.
 * Send every field, then the file as `file`. Synchronous; nothing of the input is changed. Throws TypeError or RangeError naming the
 * argument that cannot be used.
 *
 * The bucket, the key and each of `fields` get an exact condition unless `conditions` has one about them; a value with `${filename}`
 * gets a condition on what stands before it.
 *
 * @see https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-HTTPPOSTConstructPolicy.html
 */
export function presignPost(input: PresignPostInput): PresignedPost {
  checkInput(input);
  const signer = new Signer(input);
  const time = checkDate(input.date);
  signer.at(time);
  const expiresIn = checkExpires(input.expiresIn);
  checkText("url", input.url);
  checkText("bucket", input.bucket);
  checkText("key", input.key);

  const fields: Record<string, string> = {};
  const given = input.fields ?? {};
  if (typeof given !== "object" || Array.isArray(given))
    throw new TypeError(`fields: must be an object of strings, by name${got(given)}`);
  for (const [name, value] of Object.entries(given)) {
    if (typeof value !== "string")
      throw new TypeError(`fields[${JSON.stringify(name)}]: must be a string${got(value)}`);
    if (name.toLowerCase() !== "key" && !OURS.test(name)) setField(fields, name, value);
  }
  fields["key"] = input.key;
  fields["x-amz-algorithm"] = signer.algorithm;
  fields["x-amz-credential"] = signer.credential;
  fields["x-amz-date"] = signer.amzDate;
  if (signer.sessionToken !== undefined) fields["x-amz-security-token"] = signer.sessionToken;

  const extra = input.conditions ?? [];
  if (!Array.isArray(extra)) throw new TypeError(`conditions: must be a list${got(extra)}`);
  const conditions: PolicyCondition[] = extra.map(checkCondition);
  const covered = new Set(conditions.flatMap(fieldsOf));
  if (!covered.has("bucket")) conditions.push({ bucket: input.bucket });
  for (const [name, value] of Object.entries(fields)) {
    if (!covered.has(name.toLowerCase()) && !WITHOUT_CONDITION.test(name)) conditions.push(conditionFor(name, value));
  }
  const expiration = new Date(time + expiresIn * 1000).toISOString();
  fields["policy"] = Buffer.from(toAsciiJson({ expiration, conditions })).toString("base64");
  fields["x-amz-signature"] = signer.sign(fields["policy"]);
  return { url: input.url, fields };
}

/** S3 puts the file's name in before it compares. */
function conditionFor(name: string, value: string): PolicyCondition {
  const at = value.search(FILENAME);
  if (at >= 0) return ["starts-with", `$${name}`, value.slice(0, at)];
  const exact: Record<string, string> = {};
  setField(exact, name, value);
  return exact;
}

/** The names of the fields that a condition is about, in lower case: to S3 their case does not matter. */
function fieldsOf(condition: PolicyCondition): string[] {
  if (!isList(condition)) return Object.keys(condition).map((name) => name.toLowerCase());
  return condition[0] === "content-length-range" ? [] : [condition[1].slice(1).toLowerCase()];
}

function isList(condition: PolicyCondition): condition is Extract<PolicyCondition, readonly unknown[]> {
  return Array.isArray(condition);
}

function checkCondition(condition: PolicyCondition, index: number): PolicyCondition {
  if (isGood(condition)) return condition;
  throw new TypeError(
    `conditions[${index}]: must be { field: text }, ["eq" or "starts-with", "$field", text] or ["content-length-range", least, most]`,
  );
}

function isGood(condition: PolicyCondition): boolean {
  if (condition === null || typeof condition !== "object") return false;
  if (!isList(condition)) return Object.values(condition).every((value) => typeof value === "string");
  const [operator, first, second] = condition;
  if (operator === "content-length-range") return isSize(first) && isSize(second) && first <= second;
  const isText = (operator === "eq" || operator === "starts-with") && typeof first === "string";
  return isText && first.startsWith("$") && typeof second === "string";
}

function isSize(value: unknown): value is number {
  return typeof value === "number" && Number.isSafeInteger(value) && value >= 0;
}

function checkText(name: string, value: string): void {
  if (typeof value !== "string" || value === "")
    throw new TypeError(`${name}: must be a string that is not empty${got(value)}`);
}

/** JSON without characters beyond ASCII: S3 wants them escaped. */
function toAsciiJson(value: unknown): string {
  return JSON.stringify(value).replace(
    /[\x7f-\uffff]/g,
    (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

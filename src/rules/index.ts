/**
 * What is peculiar to S3, in one table: rule by rule, what becomes of an input before it is written and of an output after it is read.
 * Each is a small file of its own. The order is that in which they are applied.
 *
 * What the model says needs no rule, and stands in `src/protocol`: a policy is a body of plain text; the text of GetBucketLocation's root is its member; lists
 * that are always there; and errors are recognised wherever they come: inside a 200, without a body, with or without a namespace.
 */
import { partsHint } from "../errors/address.js";
import { type ParamFault, ParamValidationError } from "../errors/base.js";
import type { Operation } from "../model/operation.js";
import { explainFaults } from "../protocol/validate.js";
import { isDictionary } from "../protocol/xml-write.js";
import { bucketName } from "./bucket-name.js";
import { checksumMode } from "./checksum-mode.js";
import { copySource } from "./copy-source.js";
import { customerKey } from "./customer-key.js";
import { expires } from "./expires.js";
import { idempotencyToken } from "./idempotency-token.js";
import { listEncoding } from "./list-encoding.js";
import { locationConstraint } from "./location-constraint.js";
import { metadataAscii } from "./metadata.js";
import type { AnswerContext, Dictionary, Rule, RuleContext } from "./rule.js";

export { isAccessPointArn } from "./bucket-name.js";
export type { AnswerContext, Rule, RuleContext } from "./rule.js";

/** The table. */
export const rules = {
  /** Bucket: its characters. */
  bucketName,
  /** CopySource: from text or `{ Bucket, Key, VersionId }`, encoded. */
  copySource,
  /** SSECustomerKey and CopySourceSSECustomerKey: base64, and the MD5. */
  customerKey,
  /** Metadata: ASCII. */
  metadataAscii,
  /** CreateBucket: in the client's region. */
  locationConstraint,
  /** Listings: `encoding-type=url` asked for and undone. */
  listEncoding,
  /** GetObject: `x-amz-checksum-mode: ENABLED`. */
  checksumMode,
  /** RenameObject: a ClientToken. */
  idempotencyToken,
  /** GetObject, HeadObject: Expires and ExpiresString. */
  expires,
} as const satisfies Record<string, Rule>;

interface RulesOfOperation {
  readonly prepare: readonly NonNullable<Rule["prepare"]>[];
  readonly finish: readonly NonNullable<Rule["finish"]>[];
}

const known = new Map<Operation, RulesOfOperation>();

function rulesOf(op: Operation): RulesOfOperation {
  let found = known.get(op);
  if (found === undefined) {
    const own: Rule[] = Object.values(rules).filter((rule) => rule.applies(op));
    found = {
      prepare: own.flatMap((rule) => rule.prepare ?? []),
      finish: own.flatMap((rule) => rule.finish ?? []),
    };
    known.set(op, found);
  }
  return found;
}

/**
 * The input as it is to be written: the same object where no rule changes anything, else a copy. The caller's is never touched.
 * @throws ParamValidationError when a rule finds a fault; it then names all other faults of the input too
 */
export function prepareInput(op: Operation, input: object, context: RuleContext): object {
  // What is no dictionary at all is the serializer's to refuse.
  if (!isDictionary(input)) return input;
  const faults: ParamFault[] = [];
  let draft: Dictionary = withGetters(op, input);
  for (const prepare of rulesOf(op).prepare) draft = prepare(draft, context, faults, op);
  if (faults.length > 0) {
    throw new ParamValidationError(withOthers(faults, explainFaults(op.input, draft)), {
      operation: op.name,
      hint: hintOf(input),
    });
  }
  return draft;
}

/** What is to be done about a bucket that is more than one. */
function hintOf({ Bucket, CopySource }: Dictionary): string | undefined {
  const parts = partsHint(Bucket, "Key") ?? partsHint(CopySource, "Key");
  const more = typeof Bucket === "string" && Bucket.includes("/") && !Bucket.startsWith("arn:");
  return parts ?? (more ? "What comes behind the slash belongs to the Key or Prefix." : undefined);
}

/**
 * An instance of a class may have members that are getters of its class: they have no names of its own, so they are read by the model's, once, into a
 * plain dictionary.
 */
function withGetters(op: Operation, input: Dictionary): Dictionary {
  const maker: unknown = Object.getPrototypeOf(input);
  if (maker === Object.prototype || maker === null) return input;
  const out: Dictionary = { ...input };
  for (const { name } of op.input.members) if (input[name] !== undefined) out[name] = input[name];
  return out;
}

/** Those of the model's faults that are not the same thing said again. */
function withOthers(faults: readonly ParamFault[], others: readonly ParamFault[]): ParamFault[] {
  const member = (path: string): string => path.split(".", 1)[0]!;
  const told = new Set(faults.map((fault) => fault.path));
  const whole = new Set(
    faults.filter((fault) => member(fault.path) === "CopySource").map((fault) => member(fault.path)),
  );
  return [...faults, ...others.filter((fault) => !told.has(fault.path) && !whole.has(fault.path))];
}

/** Applies the rules to an output, in place. */
export function finishOutput(op: Operation, output: object, context: AnswerContext): void {
  for (const finish of rulesOf(op).finish) finish(output as Dictionary, context, op);
}

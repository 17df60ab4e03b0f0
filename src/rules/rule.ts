/** What a rule of S3 is made of. */
import type { ParamFault } from "../errors/base.js";
import type { Operation } from "../model/operation.js";

export type Dictionary = Record<string, unknown>;

/** What rules know of the client and the call. */
export interface RuleContext {
  /** The client's region. */
  readonly region?: string | undefined;
  /**
   * Ask for the checksum of what is read: responses are to be validated, and the endpoint is one that knows how. Off for presigned
   * requests: whoever sends them would have to send the header too. Default: false.
   */
  readonly checksumMode?: boolean | undefined;
  /** Ask for encoded keys in listings. Off for presigned requests: their sender has nobody to decode them. Default: true. */
  readonly listEncoding?: boolean | undefined;
  /** Make a token where the caller gives none. Off for presigned requests: their sender could not know it. Default: true. */
  readonly idempotencyToken?: boolean | undefined;
  /** Fill in the location constraint of a new bucket. Default: true. */
  readonly locationConstraint?: boolean | undefined;
}

/** What rules know of an answer. */
export interface AnswerContext {
  /** The input as the caller gave it. */
  readonly input: object;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
}

/** One thing that is peculiar to S3. */
export interface Rule {
  /** The operations that it is about; asked once an operation. */
  applies(op: Operation): boolean;
  /**
   * The input as it is to be written: the same object, or a copy with members changed. What is wrong goes into `faults`, and the value stays
   * as it is.
   */
  readonly prepare?: (input: Dictionary, context: RuleContext, faults: ParamFault[], op: Operation) => Dictionary;
  /** Changes the output, which is ours, in place. */
  readonly finish?: (output: Dictionary, context: AnswerContext, op: Operation) => void;
}

/** Does the operation's input have a member of this name? */
export const takes = (op: Operation, member: string): boolean => op.input.byName.has(member);

/**
 * A copy of the input with one member more, or another one. By hand: the spread operator is ten times as slow on inputs of many shapes, and what it makes is
 * slow to walk.
 */
export function withMember(input: Dictionary, name: string, value: unknown): Dictionary {
  const out: Dictionary = {};
  for (const key in input) {
    // Assigned, this one would become the copy's prototype. No member has the name: the serializer says so.
    if (key === "__proto__") return { ...input, [name]: value };
    out[key] = input[key];
  }
  out[name] = value;
  return out;
}

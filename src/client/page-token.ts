/** Where a listing stands, as a string that can be kept: base64url of JSON. */
import { ParamValidationError } from "../errors/base.js";
import type { Pagination } from "../model/page.js";

/** Values for the members of the input that lead to a page; undefined: the listing's first. */
export type Tokens = Readonly<Record<string, string | number>>;

/** A place in a listing: so many items into the page that the tokens lead to. */
export interface Place {
  readonly after: Tokens | undefined;
  readonly drop: number;
}

/** The place as a string. */
export function writeToken(pagination: Pagination, { after, drop }: Place): string {
  const text = JSON.stringify({ of: pagination.operation, after, drop: drop || undefined });
  return Buffer.from(text).toString("base64url");
}

/**
 * The place that a string tells; boto3's tokens for the same operation are understood too.
 * @throws ParamValidationError when it is none, or of another listing
 */
export function readToken(pagination: Pagination, token: string): Place {
  const refuse = (problem: string): never => {
    throw new ParamValidationError([{ path: "startingToken", problem }], {
      operation: pagination.operation,
      hint: "Give what `resumeToken` gave. A token or marker of the service itself goes into the input.",
    });
  };
  if (typeof token !== "string" || !/^[A-Za-z0-9+/_-]+={0,2}$/.test(token)) return refuse("is not a resume token");
  let read: unknown;
  try {
    read = JSON.parse(Buffer.from(token, "base64url").toString());
  } catch {
    return refuse("is not a resume token");
  }
  if (!isDictionary(read)) return refuse("is not a resume token");
  if (typeof read["of"] === "string" && read["of"] !== pagination.operation) {
    return refuse(`is a token of ${read["of"]}`);
  }
  const ours = "of" in read;
  const { boto_truncate_amount: amount, ...flat } = read;
  const [after, drop] = ours ? [read["after"] ?? {}, read["drop"] ?? 0] : [flat, amount ?? 0];
  if (!isDictionary(after) || !Number.isSafeInteger(drop) || (drop as number) < 0) return refuse("is damaged");
  const tokens: Record<string, string | number> = {};
  for (const [name, value] of Object.entries(after)) {
    if (!pagination.tokens.some(({ input }) => input === name))
      return refuse(`has a member ${name} that does not belong to this listing`);
    // boto3 writes null for what the service did not send.
    if (value === null) continue;
    if (typeof value !== "string" && typeof value !== "number") return refuse("is damaged");
    tokens[name] = value;
  }
  return { after: Object.keys(tokens).length > 0 ? tokens : undefined, drop: drop as number };
}

const isDictionary = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/**
 * Notices a token that comes again, however long the circle, with two tokens in memory: the last one, and one that is
 * kept for twice as many pages each time (Brent's way of finding a cycle).
 */
export class TokenGuard {
  #last: string | undefined;
  #kept: string | undefined;
  #power = 1;
  #steps = 0;

  constructor(first: Tokens | undefined) {
    this.#last = first && JSON.stringify(first);
    this.#kept = this.#last;
  }

  /** Was this token here before? */
  repeats(tokens: Tokens): boolean {
    const text = JSON.stringify(tokens);
    if (text === this.#last || text === this.#kept) return true;
    this.#last = text;
    if (++this.#steps === this.#power) {
      this.#kept = text;
      this.#power *= 2;
      this.#steps = 0;
    }
    return false;
  }
}

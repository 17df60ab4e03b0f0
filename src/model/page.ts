/**
 * The listings of the S3 API as data. `generated/pages.ts` holds one line a listing:
 *
 *   tokens more limit lists... =kept...
 *
 * `tokens` are pairs `input<output` with commas between: the member of the next page's input, and where the answer has its value
 * (`a|b`: b where a is absent; `List[-1].Member`: of the last item). `more` is the answer's flag that there is more, `limit` the input's
 * member for the length of a page (`-`: none). Then the answer's lists, the main one first, and, with `=`, members that hold for all pages.
 * A path goes into structures by dots.
 */
import { pageLines } from "./generated/pages.js";
import type { OperationName } from "./operation.js";

/** One token that leads from a page to the next. */
export interface PageToken {
  /** The member of the input that takes it. */
  readonly input: string;
  /** Where the answer has it, in order of preference. */
  readonly outputs: readonly string[];
}

/** How an operation lists. */
export interface Pagination {
  readonly operation: OperationName;
  readonly tokens: readonly PageToken[];
  /** Path of the flag that there is more; undefined: there is while there are tokens. */
  readonly more: string | undefined;
  /** The member of the input that limits a page; undefined: the service alone decides. */
  readonly limit: string | undefined;
  /** Paths of the answer's lists, the main one first. */
  readonly lists: readonly [string, ...string[]];
  /** Members of the first page that hold for all. */
  readonly kept: readonly string[];
}

const known = new Map<string, Pagination>();

/** How the operation behind a client's method lists; undefined when it lists nothing. */
export function paginationOfMethod(method: string): Pagination | undefined {
  let found = known.get(method);
  if (!found) {
    const name = method.charAt(0).toUpperCase() + method.slice(1);
    if (name === method || !Object.hasOwn(pageLines, name)) return undefined;
    found = read(name as keyof typeof pageLines);
    known.set(method, found);
  }
  return found;
}

/** The methods of the client that list. */
export const listingMethods = (): string[] =>
  Object.keys(pageLines).map((name) => name.charAt(0).toLowerCase() + name.slice(1));

function read(operation: keyof typeof pageLines): Pagination {
  const [tokens = "", more = "-", limit = "-", ...rest] = pageLines[operation].split(" ");
  const [main = "", ...others] = rest.filter((path) => !path.startsWith("="));
  return {
    operation,
    tokens: tokens.split(",").map((pair) => {
      const [input = "", output = ""] = pair.split("<");
      return { input, outputs: output.split("|") };
    }),
    more: more === "-" ? undefined : more,
    limit: limit === "-" ? undefined : limit,
    lists: [main, ...others],
    kept: rest.filter((path) => path.startsWith("=")).map((path) => path.slice(1)),
  };
}

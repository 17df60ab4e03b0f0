import { ParamValidationError } from "../errors/base.js";
import { PaginationError } from "../errors/layers.js";
import { checkOptionNames, closest } from "../errors/names.js";
import type { Operations } from "../model/generated/methods.js";
import type { PageOperations, PageResults } from "../model/generated/pages.js";
import { operation, operationOfMethod } from "../model/operation.js";
import { listingMethods, type PageToken, type Pagination, paginationOfMethod } from "../model/page.js";
import { validationError } from "../protocol/serialize.js";
import { kindOf, numberGiven } from "../protocol/validate.js";
import { isDictionary } from "../protocol/xml-write.js";
import { decodeUrl } from "../rules/list-encoding.js";
import type { ClientMethods } from "./operations.js";
import { pageNames } from "./option-names.js";
import type { CallOptions } from "./options.js";
import { type Place, readToken, TokenGuard, type Tokens, writeToken } from "./page-token.js";

/** A page of a listing: the answer of its operation. */
export type Page<M extends keyof PageOperations> = Operations[M]["output"];

/** Options of `paginate`; `timeout` and `headers` are for each call. */
export interface PaginateOptions extends CallOptions {
  /** Most entries that the service puts into one page, 1 to 1000 as a rule. Default: the service's. */
  pageSize?: number | undefined;
  /** Most items of the main list altogether; the last page is cut to fit. Default: all. */
  maxItems?: number | undefined;
  /** A `resumeToken` of an earlier listing with the same input: goes on exactly there. */
  startingToken?: string | undefined;
  /** Ask for the next page while this one is worked on. Default: false. */
  prefetch?: boolean | undefined;
}

type Dictionary = Record<string, unknown>;

/** One page on its way to the caller. */
interface Step {
  readonly page: Dictionary;
  /** What led to the page. */
  readonly tokens: Tokens | undefined;
  /** Items of its main list that belong to an earlier reading. */
  readonly dropped: number;
  /** Where the listing stands once the page is read; undefined: at its end. */
  readonly rest: Place | undefined;
}

/**
 * A listing, page by page: an async iterable of the operation's answers. Each iteration starts anew; nothing is asked for before
 * somebody iterates, nor after the end, and `break` ends it at once.
 *
 * ```ts
 * for await (const page of s3.paginate("listObjectsV2", { Bucket: "river" })) console.log(page.Contents.length);
 * for await (const object of s3.paginate("listObjectsV2", { Bucket: "river" }).items()) console.log(object.Key);
 * ```
 */
export class Pages<M extends keyof PageOperations> implements AsyncIterable<Page<M>> {
  readonly #client: Record<string, (input: object, options: CallOptions) => Promise<object>>;
  readonly #method: M;
  readonly #input: Dictionary;
  readonly #options: PaginateOptions;
  readonly #pagination: Pagination;
  // Where the caller stands, in two fields: items() moves it with every item.
  #tokens: Tokens | undefined;
  #drop = 0;
  #state: "new" | "under way" | "ended" = "new";

  constructor(client: ClientMethods, method: M, input: Operations[M]["input"], options: PaginateOptions = {}) {
    const pagination = listing(method);
    if (!isDictionary(input)) throw validationError(operation(pagination.operation), input);
    checkOptionNames(options, pageNames, pagination.operation);
    checkValues(pagination, options);
    this.#client = client as unknown as Record<string, (input: object, options: CallOptions) => Promise<object>>;
    this.#method = method;
    this.#input = { ...input };
    this.#options = options;
    this.#pagination = pagination;
    if (options.pageSize !== undefined && pagination.limit !== undefined)
      this.#input[pagination.limit] = options.pageSize;
  }

  /**
   * Where to go on another time, after the last page or item that was handed out: give it as `startingToken`, with the same
   * input. undefined at the end of the listing, and before its beginning.
   */
  get resumeToken(): string | undefined {
    if (this.#state === "new") return this.#options.startingToken;
    if (this.#state === "ended" || (this.#tokens === undefined && this.#drop === 0)) return undefined;
    return writeToken(this.#pagination, { after: this.#tokens, drop: this.#drop });
  }

  /** The pages, in order. */
  async *[Symbol.asyncIterator](): AsyncGenerator<Page<M>, void, undefined> {
    for await (const { page, rest } of this.#steps()) {
      this.#stand(rest);
      yield page as unknown as Page<M>;
    }
  }

  /** The items of the pages' main list, one by one: objects, versions, uploads, parts, buckets. */
  async *items(): AsyncGenerator<PageOperations[M], void, undefined> {
    const [main] = this.#pagination.lists;
    for await (const { page, tokens, dropped, rest } of this.#steps()) {
      const items = (at(page, main) ?? []) as PageOperations[M][];
      this.#tokens = tokens;
      for (let i = 0; i < items.length - 1; i++) {
        this.#drop = dropped + i + 1;
        yield items[i]!;
      }
      this.#stand(rest);
      if (items.length > 0) yield items[items.length - 1]!;
    }
  }

  /**
   * All pages as one: their lists joined, and of the other members those that hold for the whole listing. With `maxItems`, ask
   * `resumeToken` afterwards whether there is more.
   */
  async fullResult(): Promise<Pick<Page<M>, PageResults[M] & keyof Page<M>>> {
    const lists = this.#pagination.lists.map((path): [string, unknown[]] => [path, []]);
    const result: Dictionary = {};
    let first = true;
    for await (const { page, rest } of this.#steps()) {
      this.#stand(rest);
      for (const [path, items] of lists) for (const item of (at(page, path) ?? []) as unknown[]) items.push(item);
      if (first) for (const name of this.#pagination.kept) if (page[name] !== undefined) result[name] = page[name];
      first = false;
    }
    for (const [path, items] of lists) put(result, path, items);
    return result as Pick<Page<M>, PageResults[M] & keyof Page<M>>;
  }

  #stand(place: Place | undefined): void {
    if (place === undefined) this.#state = "ended";
    this.#tokens = place?.after;
    this.#drop = place?.drop ?? 0;
  }

  async *#steps(): AsyncGenerator<Step, void, undefined> {
    const { maxItems, startingToken, prefetch } = this.#options;
    let { after: tokens, drop }: Place =
      startingToken === undefined ? { after: undefined, drop: 0 } : readToken(this.#pagination, startingToken);
    let left = maxItems ?? Number.POSITIVE_INFINITY;
    this.#state = "under way";
    this.#stand({ after: tokens, drop });
    if (left === 0) return;

    const guard = new TokenGuard(tokens ?? this.#tokensOf(this.#input, (token) => [token.input]));
    const ahead = prefetch ? new Leash(this.#options.signal) : undefined;
    try {
      let request = this.#ask(tokens, ahead);
      for (;;) {
        const page = await request;
        this.#options.signal?.throwIfAborted();
        const next = this.#next(page);
        const { dropped, kept, over } = this.#cut(page, drop, left);
        drop -= dropped;
        left -= kept;
        if (over > 0) {
          yield { page, tokens, dropped, rest: { after: tokens, drop: dropped + kept } };
          return;
        }
        const fault =
          next === "lost" ? this.#lost() : next !== undefined && guard.repeats(next) ? this.#repeated(next) : undefined;
        const more = next !== undefined && left > 0;
        if (ahead && more && fault === undefined) request = this.#ask(next as Tokens, ahead);
        const rest =
          next === undefined
            ? undefined
            : next === "lost"
              ? { after: tokens, drop: dropped + kept }
              : { after: next, drop };
        yield { page, tokens, dropped, rest };
        if (fault) throw fault;
        if (!more) return;
        tokens = next as Tokens;
        if (!ahead) request = this.#ask(tokens, undefined);
      }
    } finally {
      ahead?.end();
    }
  }

  /** Asks for the page that the tokens lead to. */
  #ask(tokens: Tokens | undefined, ahead: Leash | undefined): Promise<Dictionary> {
    const { timeout, headers } = this.#options;
    const signal = ahead?.signal ?? this.#options.signal;
    if (signal?.aborted) return Promise.reject(signal.reason);
    const input = { ...this.#input };
    if (tokens) {
      for (const token of this.#pagination.tokens) delete input[token.input];
      Object.assign(input, tokens);
    }
    const answer = this.#client[this.#method]!(input, { signal, timeout, headers }) as Promise<Dictionary>;
    // Nobody waits yet for a page that is read ahead: its failure comes out when its turn comes.
    if (ahead) answer.catch(() => {});
    return answer;
  }

  /** What leads to the page after this one: undefined at the end, `lost` when there is one but nothing leads to it. */
  #next(page: Dictionary): Tokens | "lost" | undefined {
    const { more } = this.#pagination;
    if (more !== undefined && at(page, more) !== true) return undefined;
    // The rules decode what they asked to be encoded; when the caller asked for it, keys must be decoded to become markers.
    const encoded = page["EncodingType"] === "url" && this.#input["EncodingType"] !== undefined;
    const tokens = this.#tokensOf(page, (token) => token.outputs, encoded);
    return tokens ?? (more === undefined ? undefined : "lost");
  }

  #tokensOf(source: Dictionary, paths: (token: PageToken) => readonly string[], encoded = false): Tokens | undefined {
    let found: Record<string, string | number> | undefined;
    for (const token of this.#pagination.tokens) {
      for (const path of paths(token)) {
        const value = path.includes("[-1]") ? lastKey(source, path) : at(source, path);
        if ((typeof value !== "string" && typeof value !== "number") || value === "") continue;
        found ??= {};
        found[token.input] = encoded && /^(Key)?Marker$/.test(token.input) ? decodeUrl(String(value)) : value;
        break;
      }
    }
    return found;
  }

  /**
   * Takes from a page what an earlier reading had of it and what is beyond `left`. A page that is resumed inside gives its other
   * lists no second time.
   */
  #cut(page: Dictionary, drop: number, left: number): { dropped: number; kept: number; over: number } {
    const [main, ...others] = this.#pagination.lists;
    const items = (at(page, main) ?? []) as unknown[];
    const dropped = Math.min(drop, items.length);
    const kept = Math.min(items.length - dropped, left);
    if (kept < items.length) put(page, main, items.slice(dropped, dropped + kept));
    if (drop > 0) for (const path of others) if (at(page, path) !== undefined) put(page, path, []);
    return { dropped, kept, over: items.length - dropped - kept };
  }

  #repeated(tokens: Tokens): PaginationError {
    return new PaginationError(
      `${this.#pagination.operation}: the service sent ${JSON.stringify(tokens)} a second time, which would go on for ever`,
      {
        hint: "The service's listing is broken: it does not go on where it is told to.",
      },
    );
  }

  #lost(): PaginationError {
    return new PaginationError(
      `${this.#pagination.operation}: the service says that there is more, but not where it goes on`,
      {
        hint: "The service's listing is broken. What came so far is good, but it is not all.",
      },
    );
  }
}

/**
 * How a method lists.
 * @throws PaginationError, ParamValidationError
 */
function listing(method: unknown): Pagination {
  const names = listingMethods();
  if (typeof method !== "string") {
    throw new ParamValidationError([{ path: "method", problem: `expected string, got ${kindOf(method)}` }], {
      hint: `These list: ${names.join(", ")}.`,
    });
  }
  const found = paginationOfMethod(method);
  if (found) return found;
  const near = operationOfMethod(method) ? undefined : closest(method, names);
  throw new PaginationError(`${method} does not list page by page`, {
    code: "NotPageable",
    hint: `${near === undefined ? "" : `Did you mean ${near}? `}These do: ${names.join(", ")}.`,
  });
}

/** A signal of one's own that also follows the caller's, and leaves no listener there. */
class Leash {
  readonly #own = new AbortController();
  readonly #outer: AbortSignal | undefined;
  readonly #follow = (): void => this.#own.abort(this.#outer?.reason);

  constructor(outer: AbortSignal | undefined) {
    this.#outer = outer;
    if (outer?.aborted) this.#follow();
    else outer?.addEventListener("abort", this.#follow, { once: true });
  }

  get signal(): AbortSignal {
    return this.#own.signal;
  }

  /** Stops what is still under way. */
  end(): void {
    this.#outer?.removeEventListener("abort", this.#follow);
    this.#own.abort();
  }
}

/** The value at a path of names with dots between. */
function at(source: Dictionary, path: string): unknown {
  if (!path.includes(".")) return source[path];
  let value: unknown = source;
  for (const name of path.split(".")) value = (value as Dictionary | undefined)?.[name];
  return value;
}

/** Sets the value at a path. */
function put(target: Dictionary, path: string, value: unknown): void {
  const names = path.split(".");
  const last = names.pop()!;
  for (const name of names) {
    target[name] ??= {};
    target = target[name] as Dictionary;
  }
  target[last] = value;
}

/**
 * The last key of a page, as where the next begins: of its items or of its common prefixes, whichever comes later in S3's order, that of
 * the bytes. (Services that send no `NextMarker` end pages with either.)
 */
function lastKey(page: Dictionary, path: string): string | undefined {
  const [list = "", member = ""] = path.split("[-1].");
  const item = (page[list] as Record<string, string>[] | undefined)?.at(-1)?.[member];
  const prefix = (page["CommonPrefixes"] as { Prefix?: string }[] | undefined)?.at(-1)?.Prefix;
  if (item === undefined || prefix === undefined) return item ?? prefix;
  return Buffer.compare(Buffer.from(item), Buffer.from(prefix)) < 0 ? prefix : item;
}

function checkValues(pagination: Pagination, { pageSize, maxItems, prefetch, signal }: PaginateOptions): void {
  const faults = [];
  if (pageSize !== undefined && !(Number.isSafeInteger(pageSize) && pageSize > 0)) {
    faults.push({ path: "pageSize", problem: `expected a whole number above 0, got ${numberGiven(pageSize)}` });
  } else if (pageSize !== undefined && pagination.limit === undefined) {
    faults.push({ path: "pageSize", problem: "the service alone decides how long the pages of this listing are" });
  }
  if (maxItems !== undefined && !(Number.isSafeInteger(maxItems) && maxItems >= 0)) {
    faults.push({ path: "maxItems", problem: `expected a whole number, got ${numberGiven(maxItems)}` });
  }
  if (prefetch !== undefined && typeof prefetch !== "boolean") {
    faults.push({ path: "prefetch", problem: `expected a boolean, got ${numberGiven(prefetch)}` });
  }
  if (signal !== undefined && !(signal instanceof AbortSignal)) {
    faults.push({ path: "signal", problem: "expected an AbortSignal" });
  }
  if (faults.length > 0) throw new ParamValidationError(faults, { operation: pagination.operation });
}

/**
 * Goes through a listing of any length: `paginate(client, "listObjectsV2", { Bucket })`, or `client.paginate("listObjectsV2", ...)`.
 * @param method a listing operation, by the name of the client's method
 * @param input the operation's input
 * @returns the pages as an async iterable, with `items()` for what is on them; nothing is sent before it is iterated
 * @throws PaginationError `NotPageable` when the operation lists nothing
 * @throws ParamValidationError for a page size or item limit that is none; a bad `startingToken` is told by the iteration
 */
export function paginate<M extends keyof PageOperations>(
  client: ClientMethods,
  method: M,
  input: Operations[M]["input"],
  options?: PaginateOptions,
): Pages<M> {
  return new Pages(client, method, input, options);
}

import type { S3Client } from "../client/client.js";
import type { CallOptions } from "../client/options.js";
import { type Page, paginate } from "../client/pages.js";
import { ParamValidationError } from "../errors/base.js";
import type { Operations } from "../model/generated/methods.js";
import type { PageOperations } from "../model/generated/pages.js";
import type { DeleteObjectsOutput, ObjectIdentifier } from "../model/generated/types.js";
import { paginationOfMethod } from "../model/page.js";
import { kindOf, numberGiven } from "../protocol/validate.js";
import { isDictionary } from "../protocol/xml-write.js";
import type { BatchInput, BatchOptions } from "./batch-delete.js";

/** What filters a collection: the members of its operation's input. */
export type Filter<Method extends keyof PageOperations> = Partial<Operations[Method]["input"]>;

/** How the calls of a collection are made; `timeout` is for each. */
export interface CollectionOptions extends CallOptions {
  /** Ask for the next page while this one is worked on. Default: false where one iterates, true where all is read anyway. */
  prefetch?: boolean | undefined;
}

/** Where a collection's resources come from. */
export interface CollectionSource<Item, Method extends keyof PageOperations, Entry> {
  readonly client: S3Client;
  readonly method: Method;
  /** What the parent fills in. */
  readonly input: Filter<Method>;
  /** What a page lists. */
  readonly entries: (page: Page<Method>) => readonly Entry[];
  /** The resource of an entry. */
  readonly make: (entry: Entry, input: Operations[Method]["input"]) => Item;
}

/** What has been chosen of a collection. */
interface Choice {
  readonly filter: Record<string, unknown>;
  readonly limit: number | undefined;
  readonly pageSize: number | undefined;
  readonly options: CollectionOptions;
}

/**
 * Resources of one kind, fetched as they are read: `for await (const object of bucket.objects.filter({ Prefix: "a/" }).limit(10))`.
 * Each method of the chain gives another collection and leaves this one as it is; nothing is sent before something is read.
 */
export class Collection<Item, Method extends keyof PageOperations, Entry = unknown> implements AsyncIterable<Item> {
  protected readonly source: CollectionSource<Item, Method, Entry>;
  readonly #choice: Choice;

  constructor(source: CollectionSource<Item, Method, Entry>, choice?: unknown) {
    this.source = source;
    this.#choice = (choice as Choice | undefined) ?? { filter: {}, limit: undefined, pageSize: undefined, options: {} };
  }

  /** The same collection. */
  all(): this {
    return this.#with({});
  }

  /** Only what the service lists for these members of the operation's input; what an earlier filter said stays, and lists grow. */
  filter(input: Filter<Method>): this {
    const given: unknown = input;
    if (given !== undefined && !isDictionary(given)) {
      throw new ParamValidationError([{ path: "filter", problem: `expected dictionary, got ${kindOf(given)}` }], {
        operation: "collection",
        hint: typeof given === "string" ? `{ Prefix: ${JSON.stringify(given)} } is what begins so.` : undefined,
      });
    }
    return this.#with({ filter: merge(this.#choice.filter, { ...input } as Record<string, unknown>) });
  }

  /** At most so many. */
  limit(count: number): this {
    if (!Number.isSafeInteger(count) || count < 0) throw notCount("limit", "a whole number", count);
    return this.#with({ limit: count });
  }

  /** So many on a page that the service sends, at most. */
  pageSize(count: number): this {
    if (!Number.isSafeInteger(count) || count < 1) throw notCount("pageSize", "a whole number above 0", count);
    return this.#with({ pageSize: count });
  }

  /** With these options for the calls, an abort signal for one. */
  with(options: CollectionOptions): this {
    return this.#with({ options: { ...this.#choice.options, ...options } });
  }

  /** Page by page, as arrays. */
  async *pages(): AsyncGenerator<Item[], void, undefined> {
    const { make } = this.source;
    for await (const { entries, input } of this.#read()) yield entries.map((entry) => make(entry, input));
  }

  /** One by one. */
  async *[Symbol.asyncIterator](): AsyncGenerator<Item, void, undefined> {
    const { make } = this.source;
    for await (const { entries, input } of this.#read()) for (const entry of entries) yield make(entry, input);
  }

  /** The first, or undefined when there is none. */
  async first(): Promise<Item | undefined> {
    for await (const item of this.limit(Math.min(1, this.#choice.limit ?? 1))) return item;
    return undefined;
  }

  /** All of them. */
  async toArray(): Promise<Item[]> {
    const { make } = this.source;
    const items: Item[] = [];
    for await (const { entries, input } of this.#read(true))
      for (const entry of entries) items.push(make(entry, input));
    return items;
  }

  /** How many there are: S3 does not say, so all pages are read. */
  async count(): Promise<number> {
    let count = 0;
    for await (const { entries } of this.#read(true)) count += entries.length;
    return count;
  }

  /** The entries of each page, without resources made of them. */
  protected async *entryPages(): AsyncGenerator<readonly Entry[], void, undefined> {
    for await (const { entries } of this.#read(true)) yield entries;
  }

  /** The options of the collection's calls. */
  protected get options(): CollectionOptions {
    return this.#choice.options;
  }

  #with(change: Partial<Choice>): this {
    const Kind = this.constructor as new (source: CollectionSource<Item, Method, Entry>, choice: Choice) => this;
    return new Kind(this.source, { ...this.#choice, ...change });
  }

  async *#read(
    all = false,
  ): AsyncGenerator<{ entries: readonly Entry[]; input: Operations[Method]["input"] }, void, undefined> {
    const { client, method } = this.source;
    const { filter, limit, options } = this.#choice;
    if (limit === 0) return;
    const input = merge(this.source.input as Record<string, unknown>, filter) as unknown as Operations[Method]["input"];
    // Resources are what their names say: the client asks for encoded keys anyway, and decodes those that it asked for.
    delete (input as { EncodingType?: string }).EncodingType;
    const pages = paginate(client, method, input, {
      prefetch: all && limit === undefined,
      ...options,
      pageSize: this.#pageSize(input as unknown as Record<string, unknown>),
    });
    let left = limit ?? Number.POSITIVE_INFINITY;
    for await (const page of pages) {
      const entries = this.source.entries(page);
      yield { entries: entries.length > left ? entries.slice(0, left) : entries, input };
      left -= entries.length;
      if (left <= 0) return;
    }
  }

  /** Who wants ten does not wait for a thousand; but with a delimiter, a page may hold prefixes alone. */
  #pageSize(input: Record<string, unknown>): number | undefined {
    const { pageSize, limit } = this.#choice;
    if (pageSize !== undefined || limit === undefined || limit >= 1000 || input["Delimiter"] !== undefined)
      return pageSize;
    const member = paginationOfMethod(this.source.method)?.limit;
    return member === undefined || input[member] !== undefined ? undefined : limit;
  }
}

/** How to name an entry to DeleteObjects, besides. */
export interface BatchSource<Item, Method extends keyof PageOperations, Entry>
  extends CollectionSource<Item, Method, Entry> {
  readonly identify: (entry: Entry) => ObjectIdentifier;
}

/** A collection whose members can be deleted all at once. */
export class BatchCollection<Item, Method extends "listObjects" | "listObjectVersions", Entry> extends Collection<
  Item,
  Method,
  Entry
> {
  readonly #identify: (entry: Entry) => ObjectIdentifier;

  constructor(source: BatchSource<Item, Method, Entry>, choice?: unknown) {
    super(source, choice);
    this.#identify = source.identify;
  }

  /**
   * Deletes everything in the collection, a thousand to a call and several calls at a time, while it is still being listed. Keys that no
   * XML can carry are deleted one by one.
   * @param input members that go into every call: `MFA`, `RequestPayer`, `BypassGovernanceRetention`, ...
   * @returns the answers of the calls
   * @throws BatchError when some could not be deleted, once everything was tried: `errors` says which and why, `deleted` what is gone
   */
  async delete(input: BatchInput = {}, options: BatchOptions = {}): Promise<DeleteObjectsOutput[]> {
    const { deleteInBatches } = await import("./batch-delete.js");
    const { prefetch: _, ...own } = this.options;
    const bucket = (this.source.input as { Bucket: string }).Bucket;
    return deleteInBatches(this.source.client, bucket, this.#identifiers(), input, { ...own, ...options });
  }

  async *#identifiers(): AsyncGenerator<ObjectIdentifier[], void, undefined> {
    for await (const entries of this.entryPages()) yield entries.map(this.#identify);
  }
}

/** One dictionary over another: dictionaries are merged, lists joined, anything else replaced. */
function merge(under: Record<string, unknown>, over: Record<string, unknown>): Record<string, unknown> {
  const merged = { ...under };
  for (const [name, value] of Object.entries(over)) {
    const there = merged[name];
    if (value === undefined) continue;
    if (Array.isArray(there) && Array.isArray(value)) merged[name] = [...there, ...value];
    else if (isPlain(there) && isPlain(value)) merged[name] = merge(there, value);
    else merged[name] = value;
  }
  return merged;
}

const isPlain = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && Object.getPrototypeOf(value) === Object.prototype;

const notCount = (path: string, expected: string, value: unknown): ParamValidationError =>
  new ParamValidationError([{ path, problem: `expected ${expected}, got ${numberGiven(value)}` }], {
    operation: "collection",
  });

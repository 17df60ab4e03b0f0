/** What every resource has: its identifiers, its client, and attributes that are there once they are loaded. */

import { inspect } from "node:util";
import type { S3Client } from "../client/client.js";
import type { WaitOptions } from "../client/waiters.js";
import { ParamValidationError, TucuxiError } from "../errors/base.js";

/** An operation's input, less the members that the resource fills in; who gives them overrides it. */
export type Given<Input, Filled extends keyof Input> = Omit<Input, Filled> & Partial<Pick<Input, Filled>>;

/** What stands behind a resource. */
export interface ResourceMeta<Data extends object> {
  /** The client that its actions go through. */
  readonly client: S3Client;
  readonly serviceName: "s3";
  /** The names of its identifiers. */
  readonly identifiers: readonly string[];
  /** The attributes as S3 gave them; undefined before they are loaded. */
  data: Data | undefined;
}

/** The kinds of resources whose attributes are defined. */
const defined = /* @__PURE__ */ new WeakSet<object>();

/** A thing in S3, by name. It costs nothing to make: only its actions, and `load()`, send something. */
export abstract class Resource<Data extends object = object> {
  /** The names of the identifiers, in the constructor's order. */
  static readonly identifiers: readonly string[] = [];

  /** The attributes and what the service calls them: `eTag:ETag size:Size`. */
  protected static readonly attributes: string = "";

  /** The names of the methods that make other resources: `acl object`. */
  protected static readonly subresources: string = "";

  /** The client and the raw attributes. */
  readonly meta: ResourceMeta<Data>;

  constructor(client: S3Client, data?: Data) {
    if (typeof client !== "object" || client === null) {
      throw new ParamValidationError([{ path: "client", problem: `expected an S3Client, got ${inspect(client)}` }], {
        operation: new.target.name,
        hint: "`new S3Resource().bucket(name)` and its kin fill the client in.",
      });
    }
    Resource.#defineAttributes(new.target);
    this.meta = { client, serviceName: "s3", identifiers: new.target.identifiers, data };
  }

  /** The names of the methods that make other resources. */
  availableSubresources(): string[] {
    const { subresources } = this.constructor as typeof Resource;
    return subresources === "" ? [] : subresources.split(" ");
  }

  /** Is it the same thing: of the same kind, with the same identifiers? Clients don't count. */
  equals(other: unknown): boolean {
    if (this === other) return true;
    if (!(other instanceof Resource) || other.constructor !== this.constructor) return false;
    return this.meta.identifiers.every((name) => identifierOf(this, name) === identifierOf(other, name));
  }

  /** `S3Object(bucketName: 'river', key: 'tucuxi.jpg')`: the same text for the same thing, so it serves as a key of a Map. */
  toString(): string {
    const identifiers = this.meta.identifiers.map((name) => `${name}: ${inspect(identifierOf(this, name))}`);
    return `${this.constructor.name}(${identifiers.join(", ")})`;
  }

  /** The identifiers alone. */
  toJSON(): Record<string, string | number> {
    return Object.fromEntries(this.meta.identifiers.map((name) => [name, identifierOf(this, name)]));
  }

  [inspect.custom](): string {
    return this.toString();
  }

  /** What gives the attributes, once for each kind: written out, they were a fifth of the layer, which every import has to read. */
  static #defineAttributes(kind: typeof Resource): void {
    if (kind === Resource || defined.has(kind)) return;
    defined.add(kind);
    Resource.#defineAttributes(Object.getPrototypeOf(kind));
    if (!Object.hasOwn(kind, "attributes")) return;
    for (const pair of kind.attributes.split(" ")) {
      const [name = "", member = ""] = pair.split(":");
      Object.defineProperty(kind.prototype, name, {
        get(this: Resource) {
          const { data } = this.meta;
          if (data === undefined) throw notLoaded(this, member);
          return data[member as keyof object];
        },
        configurable: true,
      });
    }
  }
}

const identifierOf = (resource: Resource, name: string): string | number =>
  (resource as unknown as Record<string, string | number>)[name]!;

function notLoaded(resource: Resource, name: string): TucuxiError {
  const loads = typeof (resource as { load?: unknown }).load === "function";
  return new TucuxiError(`${resource} has no ${name} yet: its attributes are not loaded`, {
    code: "NotLoaded",
    hint: loads
      ? "Call `await x.load()` first; every attribute is there from then on."
      : "Its attributes come with the listing that it is from, such as `bucket.objectVersions`; it cannot be loaded alone.",
  });
}

/**
 * An identifier, if it is one.
 * @throws ParamValidationError when it is missing, empty or of another type
 */
export function identifier<Value extends string | number>(
  kind: { name: string },
  name: string,
  value: Value,
  type: "string" | "number",
): Value {
  const good =
    type === "string"
      ? typeof value === "string" && value !== ""
      : Number.isSafeInteger(value) && (value as number) > 0;
  if (good) return value;
  const expected = type === "string" ? "a string that is not empty" : "a whole number above 0";
  throw new ParamValidationError([{ path: name, problem: `expected ${expected}, got ${inspect(value)}` }], {
    operation: kind.name,
  });
}

/**
 * The members of an input, which begin with a capital as all of S3's do, and the options of a wait, which don't, from the one
 * dictionary or the two that were given.
 */
export function waitInput<Input extends object>(
  input: (Input & WaitOptions) | undefined,
  options: WaitOptions | undefined,
): [Input, WaitOptions] {
  const [given, own] = split(input);
  return [given as Input, { ...own, ...options }];
}

/** A dictionary in two: what begins with a capital, and the rest. */
export function split(dictionary: object | undefined): [object, object] {
  const given: Record<string, unknown> = {};
  const own: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(dictionary ?? {})) (/^[A-Z]/.test(name) ? given : own)[name] = value;
  return [given, own];
}

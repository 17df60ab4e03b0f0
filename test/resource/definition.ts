// boto3's definition of the resource layer, as one line a fact: what fixtures/resources/names.txt holds.
import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const file = (path: string): string => fileURLToPath(new URL(`../../${path}`, import.meta.url));

/** One class and what the definition gives it. */
export interface ResourceFacts {
  name: string;
  identifiers: string[];
  attributes: string[];
  load: string | undefined;
  /** Operation, and the class of the resource that comes of it. */
  actions: Fact[];
  collections: Fact[];
  resources: Fact[];
  waiters: Fact[];
  batch: Fact[];
}

/** `Put=PutObject>Object`: a name, the operation behind it, the resource that it leads to. */
export interface Fact {
  name: string;
  operation: string | undefined;
  resource: string | undefined;
}

/** The committed facts. */
export const fixtureText = (): string => readFileSync(file("fixtures/resources/names.txt"), "utf8");

/** Reads the facts from their lines. */
export function readFacts(text: string): ResourceFacts[] {
  return text
    .trimEnd()
    .split(/\n(?! )/)
    .filter((block) => !block.startsWith("#"))
    .map((block) => {
      const [name = "", ...lines] = block.split("\n");
      const words = new Map(
        lines.map((line): [string, string[]] => {
          const [kind = "", ...rest] = line.trim().split(" ");
          return [kind, rest];
        }),
      );
      const facts = (kind: string): Fact[] =>
        (words.get(kind) ?? []).map((word) => {
          const [, own = "", operation, resource] = /^(\w+)(?:=(\w+))?(?:>(\w+))?$/.exec(word) ?? [];
          return { name: own, operation, resource };
        });
      return {
        name,
        identifiers: words.get("identifiers") ?? [],
        attributes: words.get("attributes") ?? [],
        load: words.get("load")?.[0],
        actions: facts("actions"),
        collections: facts("collections"),
        resources: facts("resources"),
        waiters: facts("waiters"),
        batch: facts("batch"),
      };
    });
}

interface Definition {
  identifiers?: { name: string; memberName?: string }[];
  shape?: string;
  load?: { request: { operation: string } };
  actions?: Record<string, { request: { operation: string }; resource?: { type: string } }>;
  hasMany?: Record<string, { request: { operation: string }; resource: { type: string } }>;
  has?: Record<string, { resource: { type: string } }>;
  waiters?: Record<string, { waiterName: string }>;
  batchActions?: Record<string, { request: { operation: string } }>;
}

/** The same lines from boto3's own file, where it lies beside the repository. */
export function sharedText(): string | undefined {
  const folder = file("../shared/model/");
  if (!existsSync(`${folder}s3-resources.json`)) return undefined;
  const read = <T>(name: string): T => JSON.parse(readFileSync(folder + name, "utf8")) as T;
  const { service, resources } = read<{ service: Definition; resources: Record<string, Definition> }>(
    "s3-resources.json",
  );
  const { shapes } = read<{ shapes: Record<string, { members?: Record<string, unknown> }> }>("s3-service.json");
  const className = (name: string): string => (name === "Object" ? "S3Object" : name);
  const to = (type: string | undefined): string => (type === undefined ? "" : `>${className(type)}`);

  const block = (name: string, definition: Definition): string => {
    const {
      identifiers = [],
      shape,
      load,
      actions = {},
      hasMany = {},
      has = {},
      waiters = {},
      batchActions = {},
    } = definition;
    const named = new Set(identifiers.map((identifier) => identifier.memberName ?? identifier.name));
    const kinds: [string, string[]][] = [
      ["identifiers", identifiers.map((identifier) => identifier.name)],
      ["attributes", Object.keys(shapes[shape ?? ""]?.members ?? {}).filter((member) => !named.has(member))],
      ["load", load ? [load.request.operation] : []],
      [
        "actions",
        Object.entries(actions).map(([key, value]) => `${key}=${value.request.operation}${to(value.resource?.type)}`),
      ],
      [
        "collections",
        Object.entries(hasMany).map(([key, value]) => `${key}=${value.request.operation}${to(value.resource.type)}`),
      ],
      ["resources", Object.entries(has).map(([key, value]) => `${key}${to(value.resource.type)}`)],
      ["waiters", Object.entries(waiters).map(([key, value]) => `${key}=${value.waiterName}`)],
      ["batch", Object.entries(batchActions).map(([key, value]) => `${key}=${value.request.operation}`)],
    ];
    return [
      name,
      ...kinds.filter(([, words]) => words.length > 0).map(([kind, words]) => `  ${kind} ${words.join(" ")}`),
    ].join("\n");
  };
  return [
    block("S3Resource", service),
    ...Object.entries(resources).map(([name, each]) => block(className(name), each)),
  ].join("\n");
}

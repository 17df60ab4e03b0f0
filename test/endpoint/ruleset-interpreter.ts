// A plain interpreter of AWS's endpoint rule set (JSON, version 1.0), to compare the hand-written rules with. It shares no code with
// them on purpose, and takes no care of speed.
import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

type Expression = string | boolean | number | { ref: string } | Call | { [key: string]: Expression } | Expression[];
type Call = { fn: string; argv: Expression[]; assign?: string };
type Rule = { conditions: Call[] } & (
  | { type: "tree"; rules: Rule[] }
  | { type: "error"; error: Expression }
  | { type: "endpoint"; endpoint: { url: Expression; properties: Expression; headers: Expression } }
);
type Value = unknown;
type Scope = Record<string, Value>;

export interface RuleSet {
  parameters: Record<string, { type: string; default?: boolean; required?: boolean }>;
  rules: Rule[];
}

export interface PartitionData {
  id: string;
  regionRegex: string;
  regions: Record<string, unknown>;
  outputs: Record<string, string | boolean>;
}

export type Answer = {
  /** The number of the rule that answered, counted over the leaves of the set. */
  rule: number;
} & ({ error: string } | { url: string; headers: unknown; properties: { authSchemes: Record<string, Value>[] } });

const folder = fileURLToPath(new URL("../../../shared/model/", import.meta.url));

function load<T>(name: string): T | undefined {
  return existsSync(folder + name) ? (JSON.parse(readFileSync(folder + name, "utf8")) as T) : undefined;
}

/** The rule set that may lie beside the repository. */
export const loadRuleSet = (): RuleSet | undefined => load<RuleSet>("s3-endpoint-rule-set.json");

/** The partitions that may lie beside the repository. */
export const loadPartitions = (): PartitionData[] | undefined =>
  load<{ partitions: PartitionData[] }>("partitions.json")?.partitions;

export class Interpreter {
  readonly leaves: Rule[] = [];
  readonly #ruleSet: RuleSet;
  readonly #partitions: PartitionData[];

  constructor(ruleSet: RuleSet, partitions: PartitionData[]) {
    this.#ruleSet = ruleSet;
    this.#partitions = partitions;
    const walk = (rule: Rule): void => {
      if (rule.type === "tree") rule.rules.forEach(walk);
      else this.leaves.push(rule);
    };
    ruleSet.rules.forEach(walk);
  }

  /** What the rules say; undefined where no rule fits. */
  run(parameters: Record<string, Value>): Answer | undefined {
    const scope: Scope = {};
    for (const [name, declared] of Object.entries(this.#ruleSet.parameters)) {
      const value = parameters[name] ?? declared.default;
      if (value !== undefined) scope[name] = value;
    }
    return this.#first(this.#ruleSet.rules, scope);
  }

  #first(rules: Rule[], outer: Scope): Answer | undefined {
    for (const rule of rules) {
      const scope = { ...outer };
      if (!rule.conditions.every((condition) => this.#holds(condition, scope))) continue;
      if (rule.type === "tree") {
        const answer = this.#first(rule.rules, scope);
        if (answer) return answer;
        continue;
      }
      const leaf = this.leaves.indexOf(rule);
      if (rule.type === "error") return { rule: leaf, error: this.#value(rule.error, scope) as string };
      return {
        rule: leaf,
        url: this.#value(rule.endpoint.url, scope) as string,
        headers: this.#value(rule.endpoint.headers, scope),
        properties: this.#value(rule.endpoint.properties, scope) as { authSchemes: Record<string, Value>[] },
      };
    }
    return undefined;
  }

  #holds(condition: Call, scope: Scope): boolean {
    const value = this.#call(condition, scope);
    if (condition.assign) scope[condition.assign] = value;
    return value !== undefined && value !== null && value !== false;
  }

  #value(expression: Expression, scope: Scope): Value {
    if (typeof expression === "string") {
      return expression.replace(/\{([\w#]+)\}/g, (_, path: string) => {
        const found = path.split("#").reduce((value: Value, key) => (value as Scope)[key], scope);
        if (typeof found !== "string") throw new Error(`no ${path} in scope`);
        return found;
      });
    }
    if (typeof expression !== "object") return expression;
    if (Array.isArray(expression)) return expression.map((item) => this.#value(item, scope));
    if ("ref" in expression) return scope[expression.ref as string];
    if ("fn" in expression) return this.#call(expression as Call, scope);
    return Object.fromEntries(Object.entries(expression).map(([key, item]) => [key, this.#value(item, scope)]));
  }

  #call({ fn, argv }: Call, scope: Scope): Value {
    const args = argv.map((argument) => this.#value(argument, scope));
    switch (fn) {
      case "isSet":
        return args[0] !== undefined && args[0] !== null;
      case "not":
        return args[0] === undefined || args[0] === null || args[0] === false;
      case "booleanEquals":
      case "stringEquals":
        return args[0] === args[1];
      case "getAttr":
        return getAttr(args[0] as Scope, args[1] as string);
      case "substring":
        return substring(args[0] as string, args[1] as number, args[2] as number, args[3] as boolean);
      case "uriEncode":
        return uriEncode(args[0] as string);
      case "parseURL":
        return parseUrl(args[0] as string);
      case "isValidHostLabel":
        return isValidHostLabel(args[0] as string, args[1] as boolean);
      case "aws.partition":
        return this.#partition(args[0] as string);
      case "aws.parseArn":
        return parseArn(args[0] as string);
      case "aws.isVirtualHostableS3Bucket":
        return isVirtualHostable(args[0] as string, args[1] as boolean);
      default:
        throw new Error(`unknown function ${fn}`);
    }
  }

  #partition(region: string): Value {
    const found =
      this.#partitions.find((partition) => Object.hasOwn(partition.regions, region)) ??
      this.#partitions.find((partition) => new RegExp(partition.regionRegex).test(region)) ??
      this.#partitions[0];
    return { ...found?.outputs, name: found?.id };
  }
}

function getAttr(value: Scope, path: string): Value {
  const indexed = /^(\w+)\[(\d+)\]$/.exec(path);
  return indexed ? (value[indexed[1] as string] as Value[])[Number(indexed[2])] : value[path];
}

function substring(value: string, start: number, stop: number, reverse: boolean): string | undefined {
  if (start >= stop || value.length < stop || /[^\0-\x7f]/.test(value)) return undefined;
  return reverse ? value.substring(value.length - stop, value.length - start) : value.substring(start, stop);
}

function uriEncode(value: string): string {
  let encoded = "";
  for (const byte of Buffer.from(value, "utf8")) {
    const character = String.fromCharCode(byte);
    encoded += /[\w.~-]/.test(character) ? character : `%${byte.toString(16).toUpperCase().padStart(2, "0")}`;
  }
  return encoded;
}

export function parseUrl(value: string): Scope | undefined {
  const match = /^(https?):\/\/([^/?#\\\s]+)([^?#\\\s]*)$/i.exec(value);
  if (!match || !URL.canParse(value) || value.includes("@")) return undefined;
  const [, scheme = "", authority = "", path = ""] = match;
  const host = authority.replace(/:\d+$/, "");
  return {
    scheme: scheme.toLowerCase(),
    authority,
    path,
    normalizedPath: `/${path.split("/").filter(Boolean).join("/")}/`.replace("//", "/"),
    isIp: /^(\d+\.){3}\d+$/.test(host) || host.startsWith("["),
  };
}

export function isValidHostLabel(value: string, allowSubDomains: boolean): boolean {
  const labels = allowSubDomains ? value.split(".") : [value];
  return labels.every((label) => /^(?!-)[a-zA-Z\d-]{1,63}(?<!-)$/.test(label));
}

export function parseArn(value: string): Scope | undefined {
  const [arn, partition, service, region, accountId, ...rest] = value.split(":");
  const resource = rest.join(":");
  if (arn !== "arn" || !partition || !service || !resource) return undefined;
  return { partition, service, region, accountId, resourceId: resource.replaceAll(":", "/").split("/") };
}

export function isVirtualHostable(value: string, allowSubDomains: boolean): boolean {
  return (
    value.length >= 3 &&
    value === value.toLowerCase() &&
    !/^\d{1,3}(\.\d{1,3}){3}$/.test(value) &&
    isValidHostLabel(value, allowSubDomains)
  );
}

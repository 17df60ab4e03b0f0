/** How to read a structure, worked out once from the model and used by both readers of XML. */
import type { Member, ScalarShape, Shape, StructureShape } from "../model/shape.js";
import { parseTimestamp } from "./time.js";
import { XmlError } from "./xml-text.js";

/** What an element holds; numbers, for they are compared on the hot path: those before `structure` are texts. */
export const holds = {
  string: 0,
  integer: 1,
  boolean: 2,
  timestamp: 3,
  blob: 4,
  structure: 5,
  /** An element around items. */
  list: 6,
} as const;

/** An element that may stand in a structure or list. */
export interface Entry {
  /** The member's place in the model's order. */
  readonly index: number;
  /** The name in dictionaries. */
  readonly name: string;
  /** The name in XML. */
  readonly tag: string;
  /** The tags as they stand where there is neither prefix nor attribute. */
  readonly open: string;
  readonly close: string;
  readonly holds: (typeof holds)[keyof typeof holds];
  /** Each element of this name is one item of a list. */
  readonly repeated: boolean;
  /** How to read a structure. */
  readonly plan: ReadPlan | undefined;
  /** The item of a list. */
  readonly item: Entry | undefined;
  /** What followed the last time: a guess that is right on nearly every element of a listing. */
  next: Entry | undefined;
}

/** A structure's elements and attributes. */
export interface ReadPlan {
  readonly entries: ReadonlyMap<string, Entry>;
  readonly attributes: readonly Entry[] | undefined;
  /** Names in the model's order. */
  readonly names: readonly string[];
  /** A list and a single value that share an element's name: the deprecated notification has `Events` and `Event`. */
  readonly twins: readonly (readonly [list: string, single: string])[] | undefined;
  /** What came first the last time. */
  first: Entry | undefined;
}

const plans = new Map<StructureShape, ReadPlan>();

/** The plan for a structure, or for the part of an operation's output that is in its body. */
export function readPlan(structure: StructureShape): ReadPlan {
  let plan = plans.get(structure);
  if (!plan) {
    const entries = new Map<string, Entry>();
    const attributes: Entry[] = [];
    const twins: [string, string][] = [];
    structure.members.forEach((member, index) => {
      if (member.location !== "body") return;
      const entry = memberEntry(member, index);
      if (member.attribute) {
        attributes.push(entry);
        return;
      }
      const twin = entries.get(entry.tag);
      if (twin !== undefined) twins.push(twin.repeated ? [twin.name, entry.name] : [entry.name, twin.name]);
      if (twin === undefined || entry.repeated) entries.set(entry.tag, entry);
    });
    plan = {
      entries,
      attributes: attributes.length > 0 ? attributes : undefined,
      names: structure.members.map((member) => member.name),
      twins: twins.length > 0 ? twins : undefined,
      first: undefined,
    };
    plans.set(structure, plan);
  }
  return plan;
}

function memberEntry(member: Member, index: number): Entry {
  const { shape } = member;
  const repeated = shape.kind === "list" && member.flattened;
  return entryOf(member.name, member.wireName, index, repeated ? shape.member.shape : shape, repeated);
}

function entryOf(name: string, tag: string, index: number, shape: Shape, repeated: boolean): Entry {
  return {
    index,
    name,
    tag,
    open: `<${tag}>`,
    close: `</${tag}>`,
    holds: holdsOf(shape),
    repeated,
    plan: shape.kind === "structure" ? readPlan(shape) : undefined,
    item:
      shape.kind === "list"
        ? entryOf(shape.member.name, shape.member.wireName, 0, shape.member.shape, false)
        : undefined,
    next: undefined,
  };
}

function holdsOf(shape: Shape): Entry["holds"] {
  switch (shape.kind) {
    case "structure":
    case "list":
      return holds[shape.kind];
    case "map":
      throw new Error("S3 has no maps in bodies");
    case "long":
      return holds.integer;
    default:
      return holds[(shape as ScalarShape).kind as "string" | "integer" | "boolean" | "timestamp" | "blob"];
  }
}

/** What a text means; undefined when it is empty and its kind has no empty value. */
export function scalarValue(kind: Entry["holds"], text: string, name: string): unknown {
  switch (kind) {
    case holds.integer:
      return integerValue(text, name);
    case holds.boolean:
      return text === "true";
    case holds.timestamp: {
      if (text === "") return undefined;
      const moment = parseTimestamp(text);
      if (moment === undefined) throw new XmlError(`${name} is no timestamp`);
      return moment;
    }
    case holds.blob:
      return new Uint8Array(Buffer.from(text, "base64"));
    default:
      return text;
  }
}

function integerValue(text: string, name: string): number | undefined {
  const { length } = text;
  if (length === 0) return undefined;
  // Up to fifteen digits are exact as they are added up.
  if (length < 16) {
    let value = 0;
    let i = 0;
    for (; i < length; i++) {
      const digit = text.charCodeAt(i) - 48;
      if (digit < 0 || digit > 9) break;
      value = value * 10 + digit;
    }
    if (i === length) return value;
  }
  const trimmed = text.trim();
  if (trimmed === "") return undefined;
  if (!/^[+-]?\d+$/.test(trimmed)) throw new XmlError(`${name} is no number`);
  return Number(trimmed);
}

/** The same dictionary with its members in the model's order, and the first of a list as its twin's value. */
export function inOrder(plan: ReadPlan, value: Record<string, unknown>): Record<string, unknown> {
  for (const [list, single] of plan.twins ?? []) {
    const items = value[list] as unknown[] | undefined;
    if (items !== undefined) value[single] = items[0];
  }
  const out: Record<string, unknown> = {};
  for (const name of plan.names) if (value[name] !== undefined) out[name] = value[name];
  return out;
}

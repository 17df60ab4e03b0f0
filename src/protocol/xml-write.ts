/**
 * Dictionaries to XML, driven by the model. Written here rather than by a library because every control character counts: a
 * reader turns a bare CR into LF, and S3 would then delete another key than the one that was meant.
 */
import { types } from "node:util";
import type { ListShape, Member, ScalarShape, Shape, StructureShape } from "../model/shape.js";
import { isWellFormed } from "./characters.js";
import { fault } from "./encode.js";
import { formatTimestamp, momentOf } from "./time.js";

/** The namespace of S3's documents. */
export const s3Namespace = "http://s3.amazonaws.com/doc/2006-03-01/";

export type Dictionary = Record<string, unknown>;

/** A member of a structure with everything about its element worked out. */
interface Element {
  readonly name: string;
  readonly tag: string;
  readonly required: boolean;
  readonly attribute: boolean;
  readonly flattened: boolean;
  readonly shape: Shape;
}

interface StructurePlan {
  readonly attributes: readonly Element[];
  readonly elements: readonly Element[];
  readonly union: boolean;
  /** ` xmlns:xsi="…"`, where the structure has a namespace of its own. */
  readonly namespace: string;
}

const plans = new Map<StructureShape, StructurePlan>();

const elementOf = (member: Member): Element => ({
  name: member.name,
  tag: member.wireName,
  required: member.required,
  attribute: member.attribute,
  flattened: member.flattened,
  shape: member.shape,
});

function planOf(structure: StructureShape): StructurePlan {
  let plan = plans.get(structure);
  if (!plan) {
    // A structure that is the whole input has members elsewhere too: they are none of the body's business.
    const members = structure.members.filter((member) => member.location === "body").map(elementOf);
    plan = {
      attributes: members.filter((member) => member.attribute),
      elements: members.filter((member) => !member.attribute),
      union: structure.union,
      namespace: structure.namespaceUri ? ` xmlns:${structure.namespacePrefix}="${structure.namespaceUri}"` : "",
    };
    plans.set(structure, plan);
  }
  return plan;
}

/** Is this something with members, and not a list, a Date, a Map or bytes? */
export function isDictionary(value: unknown): value is Dictionary {
  return (
    typeof value === "object" &&
    value !== null &&
    !Array.isArray(value) &&
    !(value instanceof Date) &&
    !(value instanceof Map) &&
    !(value instanceof Set) &&
    !ArrayBuffer.isView(value)
  );
}

/**
 * The document for a structure, without a declaration.
 * @param partial the value has members that travel elsewhere, so its unknown ones are found elsewhere too
 */
export function writeDocument(root: string, structure: StructureShape, value: unknown, partial = false): string {
  return writeStructure(root, ` xmlns="${s3Namespace}"`, structure, value, partial);
}

function writeStructure(
  tag: string,
  attributes: string,
  structure: StructureShape,
  value: unknown,
  partial: boolean,
): string {
  if (!isDictionary(value)) throw fault;
  const plan = planOf(structure);
  let seen = 0;
  attributes += plan.namespace;
  for (const element of plan.attributes) {
    const part = value[element.name];
    if (part === undefined) {
      if (element.required) throw fault;
      continue;
    }
    seen++;
    attributes += ` ${element.tag}="${escapeAttribute(scalarText(element.shape as ScalarShape, part))}"`;
  }
  let content = "";
  for (const element of plan.elements) {
    const part = value[element.name];
    if (part === undefined) {
      if (element.required) throw fault;
      continue;
    }
    seen++;
    content += write(element.tag, element.shape, part, element.flattened);
  }
  if (plan.union && seen !== 1) throw fault;
  if (!partial) {
    for (const name in value) if (value[name] !== undefined) seen--;
    if (seen !== 0) refuseUnknown(structure, value);
  }
  return content === "" ? `<${tag}${attributes}/>` : `<${tag}${attributes}>${content}</${tag}>`;
}

/** Counting found more or fewer members than there are names: an unknown one, or getters of a class, which have no names of the instance's. */
function refuseUnknown(structure: StructureShape, value: Dictionary): void {
  for (const name in value) if (value[name] !== undefined && !structure.byName.has(name)) throw fault;
}

function write(tag: string, part: Shape, value: unknown, flattened: boolean): string {
  switch (part.kind) {
    case "structure":
      return writeStructure(tag, "", part, value, false);
    case "list":
      return writeList(tag, part, value, flattened);
    case "map":
      // S3 has no map in a body.
      throw fault;
    default: {
      const text = scalarText(part, value);
      return text === "" ? `<${tag}/>` : `<${tag}>${escapeText(text)}</${tag}>`;
    }
  }
}

function writeList(tag: string, list: ListShape, value: unknown, flattened: boolean): string {
  if (!Array.isArray(value)) throw fault;
  const { member } = list;
  const item = flattened ? tag : member.wireName;
  let content = "";
  for (const part of value) content += write(item, member.shape, part, member.flattened);
  if (flattened) return content;
  return content === "" ? `<${tag}/>` : `<${tag}>${content}</${tag}>`;
}

/**
 * A scalar as it stands in a body, before escaping.
 * @throws fault when the value is of the wrong type
 */
export function scalarText(part: ScalarShape, value: unknown): string {
  switch (part.kind) {
    case "string":
      if (typeof value !== "string" || (part.min !== undefined && value.length < part.min)) throw fault;
      return value;
    case "integer":
    case "long":
      if (!Number.isSafeInteger(value) || (part.min !== undefined && (value as number) < part.min)) throw fault;
      return String(value);
    case "boolean":
      if (value === true) return "true";
      if (value === false) return "false";
      throw fault;
    case "timestamp": {
      const moment = momentOf(value);
      if (moment === undefined) throw fault;
      return formatTimestamp(moment, part.format ?? "iso8601");
    }
    case "blob":
      return base64(value);
  }
}

/** Bytes, or a text taken as UTF-8, in base64. */
export function base64(value: unknown): string {
  if (typeof value === "string") return Buffer.from(value).toString("base64");
  if (types.isArrayBuffer(value)) return Buffer.from(value).toString("base64");
  if (!types.isUint8Array(value)) throw fault;
  return Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString("base64");
}

function reference(code: number): string {
  switch (code) {
    case 38:
      return "&amp;";
    case 60:
      return "&lt;";
    case 62:
      return "&gt;";
    case 34:
      return "&quot;";
    default:
      return `&#${code};`;
  }
}

/**
 * Must this character be a reference? Markup; what a reader would change (CR, LF at the end of a line, and the two that only
 * XML 1.1 counts as line ends); and what XML 1.0 has no way to carry but S3 takes, and itself sends, as a reference.
 */
const mustRefer = (code: number): boolean =>
  code < 32 ? code !== 9 : code === 38 || code === 60 || code === 62 || (code > 126 && isOdd(code));

const isOdd = (code: number): boolean => code < 160 || code === 0x2028 || code === 0xfffe || code === 0xffff;

/** Text of an element. */
export function escapeText(text: string): string {
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code > 126 || mustRefer(code)) return escapeFrom(text, i, false);
  }
  return text;
}

/** Value of an attribute, between double quotes. */
export const escapeAttribute = (text: string): string => escapeFrom(text, 0, true);

function escapeFrom(text: string, from: number, attribute: boolean): string {
  if (!isWellFormed(text)) throw fault;
  let out = "";
  let done = 0;
  for (let i = from; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (mustRefer(code) || (attribute && (code === 34 || code === 9))) {
      out += text.slice(done, i) + reference(code);
      done = i + 1;
    }
  }
  return done === 0 ? text : out + text.slice(done);
}

/**
 * The general reader of XML: fast-xml-parser makes a tree, and the model makes dictionaries of it. It is loaded when an answer first
 * needs it.
 */
import { type Entry, holds, inOrder, type ReadPlan, scalarValue } from "./read-plan.js";
import { decodeText, localName, normalise, XmlError } from "./xml-text.js";

type Dictionary = Record<string, unknown>;

/** An element: what it holds is text or elements. */
export interface XmlNode {
  /** Name without prefix. */
  readonly name: string;
  /** The text of the element itself, references resolved. */
  readonly text: string;
  readonly children: readonly XmlNode[];
  /** Names, without prefix, and values in turn. */
  readonly attributes: readonly string[];
}

type Parser = (text: string) => unknown;

let parser: Parser | undefined;

/** Has `loadTreeReader` been awaited? */
export const treeReaderLoaded = (): boolean => parser !== undefined;

/** Loads fast-xml-parser: tens of milliseconds, once in a process. */
export async function loadTreeReader(): Promise<void> {
  if (parser) return;
  const { makeParser } = await import("./xml-library.js");
  parser = makeParser();
}

/** The document's root. */
export function parseTree(source: string): XmlNode {
  if (!parser) throw new Error("the XML reader is not loaded");
  // The library wants a declaration to come first; S3 sends blanks before it to keep a connection alive.
  const text = normalise(source).trim();
  refuseOddMarkup(text);
  // It forgets text that comes last.
  if (!text.endsWith(">")) throw new XmlError("text outside the root element");
  let found: unknown;
  try {
    found = parser(text);
  } catch (error) {
    throw new XmlError(error instanceof Error ? error.message : String(error));
  }
  const parts = found as Record<string, unknown>[];
  const roots = parts.filter((part) => nameOf(part) !== "#text");
  if (parts.some((part) => String(part["#text"] ?? "").trim() !== ""))
    throw new XmlError("text outside the root element");
  if (roots.length !== 1) throw new XmlError("no single root element");
  return nodeOf(roots[0]!);
}

const nameOf = (part: Record<string, unknown>): string => {
  for (const name in part) if (name !== ":@") return name;
  return "";
};

function nodeOf(part: Record<string, unknown>): XmlNode {
  const name = nameOf(part);
  const children: XmlNode[] = [];
  let text = "";
  for (const inner of part[name] as Record<string, unknown>[]) {
    const kind = nameOf(inner);
    if (kind === "#text") text += decodeText(String(inner["#text"]));
    // Within CDATA an ampersand is an ampersand.
    else if (kind === "#cdata") for (const piece of inner["#cdata"] as Dictionary[]) text += String(piece["#text"]);
    else children.push(nodeOf(inner));
  }
  const attributes: string[] = [];
  const given = part[":@"] as Record<string, unknown> | undefined;
  for (const key in given) {
    if (!key.startsWith(":xmlns")) attributes.push(localName(key.slice(1)), decodeText(String(given[key])));
  }
  // The library transforms the name of an empty element twice.
  return { name: localName(name.replace(/^\.+/, "")), text, children, attributes };
}

/** The library reads DOCTYPEs and the entities in them, and takes whatever begins with `<![` for a CDATA section. */
function refuseOddMarkup(text: string): void {
  for (let at = text.indexOf("<!"); at >= 0; at = text.indexOf("<!", at)) {
    const end = text.startsWith("<!--", at) ? "-->" : text.startsWith("<![CDATA[", at) ? "]]>" : undefined;
    if (end === undefined) {
      throw new XmlError(text.startsWith("<!DOCTYPE", at) ? "a DOCTYPE, which S3 never sends" : "markup that is none");
    }
    const found = text.indexOf(end, at + 4);
    if (found < 0) throw new XmlError("the end of the text within markup");
    at = found;
  }
}

/** The root's members into `slots`, by their places in the model. */
export function membersOfTree(node: XmlNode, plan: ReadPlan, slots: unknown[]): void {
  for (const child of node.children) {
    const entry = plan.entries.get(child.name);
    if (entry === undefined) continue;
    const value = memberOf(child, entry);
    if (value === undefined) continue;
    // The first, where there are more than the model has room for: the deprecated lifecycle has one transition a rule, buckets have more.
    if (!entry.repeated) slots[entry.index] ??= value;
    else if (slots[entry.index] === undefined) slots[entry.index] = [value];
    else (slots[entry.index] as unknown[]).push(value);
  }
}

/** The node as a dictionary. */
export function dictionaryOfTree(node: XmlNode, plan: ReadPlan): Dictionary {
  const slots: unknown[] = [];
  membersOfTree(node, plan, slots);
  for (const entry of plan.attributes ?? []) {
    for (let i = 0; i < node.attributes.length; i += 2) {
      if (node.attributes[i] === localName(entry.tag)) slots[entry.index] = node.attributes[i + 1];
    }
  }
  const out: Dictionary = {};
  plan.names.forEach((name, index) => {
    if (slots[index] !== undefined) out[name] = slots[index];
  });
  return plan.twins === undefined ? out : inOrder(plan, out);
}

function memberOf(node: XmlNode, entry: Entry): unknown {
  switch (entry.holds) {
    case holds.structure:
      return dictionaryOfTree(node, entry.plan!);
    case holds.list: {
      const out: unknown[] = [];
      for (const child of node.children) {
        if (child.name !== entry.item!.tag) continue;
        const value = memberOf(child, entry.item!);
        if (value !== undefined) out.push(value);
      }
      return out;
    }
    default:
      return scalarValue(entry.holds, node.text, entry.name);
  }
}

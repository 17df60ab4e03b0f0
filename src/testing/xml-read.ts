import type { ListShape, Member, Shape, StructureShape } from "../model/shape.js";
import { malformedXml } from "./errors.js";

/** An element as it stands in a document: the server's own small reader, so that a mistake of the client's can't hide behind itself. */
export interface Element {
  /** The name without prefix. */
  readonly name: string;
  readonly namespace: string;
  /** Attributes by name as written, such as `xsi:type`, without declarations of namespaces. */
  readonly attributes: ReadonlyMap<string, string>;
  readonly children: Element[];
  /** All text directly inside, decoded. */
  text: string;
}

const s3Namespace = "http://s3.amazonaws.com/doc/2006-03-01/";
const entities: Readonly<Record<string, string>> = { lt: "<", gt: ">", amp: "&", quot: '"', apos: "'" };
const token =
  /<!--[\s\S]*?-->|<!\[CDATA\[[\s\S]*?\]\]>|<\?[\s\S]*?\?>|<\/([^\s<>]+)\s*>|<([^\s/<>!?]+)((?:\s+[^\s=<>]+\s*=\s*(?:"[^"<]*"|'[^'<]*'))*)\s*(\/?)>/g;
const attribute = /([^\s=]+)\s*=\s*(?:"([^"]*)"|'([^']*)')/g;

function decodeText(text: string): string {
  if (!text.includes("&")) return text;
  return text.replace(/&(#x[0-9a-fA-F]{1,6}|#\d{1,7}|\w+);|&/g, (all, name: string | undefined) => {
    if (name === undefined) throw malformedXml("an & stands alone");
    if (name.startsWith("#")) {
      const code = name[1] === "x" ? Number.parseInt(name.slice(2), 16) : Number(name.slice(1));
      if (code > 0x10ffff) throw malformedXml(`${all} is no character`);
      return String.fromCodePoint(code);
    }
    const known = Object.hasOwn(entities, name) ? entities[name] : undefined;
    if (known === undefined) throw malformedXml(`the entity ${all} is unknown`);
    return known;
  });
}

/** As XML has it: line ends written as they are become LF; references to CR stay. */
function rawText(text: string): string {
  return text.includes("\r") ? text.replace(/\r\n?/g, "\n") : text;
}

/** The text between two tags; a `<` in it is a tag that could not be read, a DOCTYPE among them. */
function textBetween(xml: string, from: number, to: number): string {
  const text = xml.slice(from, to);
  if (text.includes("<")) throw malformedXml("a tag is broken, or of a kind that is not taken here");
  return decodeText(rawText(text));
}

/** Reads a whole document; no DOCTYPE, no entities but the five, one root. */
export function readDocument(xml: string): Element {
  const root: Element = { name: "", namespace: "", attributes: new Map(), children: [], text: "" };
  const open: { element: Element; tag: string; prefixes: ReadonlyMap<string, string> }[] = [
    {
      element: root,
      tag: "",
      prefixes: new Map([
        ["", ""],
        ["xml", "http://www.w3.org/XML/1998/namespace"],
      ]),
    },
  ];
  let at = xml.charCodeAt(0) === 0xfeff ? 1 : 0;
  token.lastIndex = at;
  for (let match = token.exec(xml); match; match = token.exec(xml)) {
    const top = open[open.length - 1]!;
    if (match.index > at) top.element.text += textBetween(xml, at, match.index);
    at = token.lastIndex;
    const [all, closed, opened, written = "", empty] = match;
    if (closed !== undefined) {
      if (open.length < 2 || top.tag !== closed) throw malformedXml(`</${closed}> closes nothing`);
      open.pop();
    } else if (opened !== undefined) {
      if (open.length > 100) throw malformedXml("it nests too deep");
      const prefixes = new Map(top.prefixes);
      const attributes = new Map<string, string>();
      for (const [, name = "", double, single = ""] of written.matchAll(attribute)) {
        const value = decodeText(double ?? single);
        if (name === "xmlns") prefixes.set("", value);
        else if (name.startsWith("xmlns:")) prefixes.set(name.slice(6), value);
        else attributes.set(name, value);
      }
      const colon = opened.indexOf(":");
      const namespace = prefixes.get(colon < 0 ? "" : opened.slice(0, colon));
      if (namespace === undefined) throw malformedXml(`the prefix of <${opened}> is not declared`);
      const element: Element = { name: opened.slice(colon + 1), namespace, attributes, children: [], text: "" };
      top.element.children.push(element);
      if (!empty) open.push({ element, tag: opened, prefixes });
    } else if (all.startsWith("<![CDATA[")) {
      top.element.text += rawText(all.slice(9, -3));
    } else if (all.startsWith("<?xml") && match.index > 1) {
      throw malformedXml("the XML declaration is not at its beginning");
    }
  }
  root.text += textBetween(xml, at, xml.length);
  const only = root.children[0];
  if (open.length !== 1 || !only || root.children.length !== 1 || root.text.trim() !== "") {
    throw malformedXml("it is not one whole document");
  }
  return only;
}

function readScalar(text: string, shape: Shape, path: string): unknown {
  switch (shape.kind) {
    case "string":
      return text;
    case "integer":
    case "long":
      if (!/^\s*-?\d{1,18}\s*$/.test(text)) throw malformedXml(`${path} is no whole number`);
      return Number(text);
    case "boolean": {
      const word = text.trim().toLowerCase();
      if (word !== "true" && word !== "false") throw malformedXml(`${path} is neither true nor false`);
      return word === "true";
    }
    case "timestamp": {
      const time = new Date(text.trim());
      if (Number.isNaN(time.getTime())) throw malformedXml(`${path} is no date`);
      return time;
    }
    default:
      return Buffer.from(text, "base64");
  }
}

function readList(elements: readonly Element[], member: Member, path: string): unknown[] {
  return elements.map((element, i) => readValue(element, member.shape, `${path}[${i}]`));
}

function readValue(element: Element, shape: Shape, path: string): unknown {
  if (shape.kind === "structure") return readStructure(element, shape, path);
  if (shape.kind === "list") {
    for (const child of element.children) {
      if (child.name !== shape.member.wireName) throw malformedXml(`<${child.name}> has no place in ${path}`);
    }
    return readList(element.children, shape.member, path);
  }
  if (shape.kind === "map") throw malformedXml(`${path} cannot be read`);
  if (element.children.length > 0) throw malformedXml(`<${element.children[0]!.name}> has no place in ${path}`);
  return readScalar(element.text, shape, path);
}

/** The list behind a member whose items stand directly in its structure. */
export function flattenedList(member: Member): ListShape | undefined {
  const shape = member.shape;
  return shape.kind === "list" && (member.flattened || shape.flattened) ? shape : undefined;
}

/**
 * An element as the dictionary that a structure describes. Strict as S3 is: an element that the structure doesn't have, a second one where one is
 * meant, text between elements and missing required members are refused as MalformedXML.
 */
export function readStructure(element: Element, shape: StructureShape, path = element.name): Record<string, unknown> {
  const value: Record<string, unknown> = {};
  const groups = new Map<string, Element[]>();
  for (const child of element.children) {
    const group = groups.get(child.name);
    if (group) group.push(child);
    else groups.set(child.name, [child]);
  }
  if (element.text.trim() !== "") throw malformedXml(`there is text in ${path}`);
  for (const member of shape.members) {
    if (member.location !== "body") continue;
    const here = `${path}.${member.wireName}`;
    if (member.attribute) {
      const text = element.attributes.get(member.wireName);
      if (text !== undefined) value[member.name] = text;
      else if (member.required) throw malformedXml(`${here} is missing`);
      continue;
    }
    const list = flattenedList(member);
    const name = list && list.member.wireName !== "member" ? list.member.wireName : member.wireName;
    const found = groups.get(name);
    if (!found) {
      if (member.required) throw malformedXml(`${here} is missing`);
      continue;
    }
    groups.delete(name);
    if (list) {
      value[member.name] = readList(found, list.member, here);
    } else {
      if (found.length > 1) throw malformedXml(`${here} is there more than once`);
      value[member.name] = readValue(found[0]!, member.shape, here);
    }
  }
  for (const name of groups.keys()) throw malformedXml(`<${name}> has no place in ${path}`);
  return value;
}

/** The dictionary in a body whose root must have one of these names, in S3's namespace or in none. */
export function readPayload(xml: string, shape: StructureShape, roots: readonly string[]): Record<string, unknown> {
  const root = readDocument(xml);
  if (!roots.includes(root.name)) throw malformedXml(`its root is <${root.name}> and should be <${roots[0]}>`);
  if (
    root.namespace !== "" &&
    root.namespace !== s3Namespace &&
    !root.namespace.startsWith("http://doc.s3.amazonaws.com/")
  ) {
    throw malformedXml(`its namespace ${root.namespace} is not S3's`);
  }
  return readStructure(root, shape);
}

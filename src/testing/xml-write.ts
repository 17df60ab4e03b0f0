import type { Member, Shape, StructureShape } from "../model/shape.js";
import { flattenedList } from "./xml-read.js";

const s3Namespace = "http://s3.amazonaws.com/doc/2006-03-01/";

/** Text as it may stand in XML; a carriage return or another control character only survives as a reference, as S3 sends it. */
export function escapeXml(text: string): string {
  if (!/[&<>"\x00-\x08\x0b-\x1f\x7f\ufffe\uffff]/.test(text)) return text;
  return text.replace(/[&<>"\x00-\x08\x0b-\x1f\x7f\ufffe\uffff]/g, (c) => {
    switch (c) {
      case "&":
        return "&amp;";
      case "<":
        return "&lt;";
      case ">":
        return "&gt;";
      case '"':
        return "&quot;";
      default:
        return `&#x${c.charCodeAt(0).toString(16)};`;
    }
  });
}

/** ISO 8601 with milliseconds, as S3 writes times in XML. */
function scalarText(value: unknown, shape: Shape): string {
  if (value instanceof Date) return value.toISOString();
  if (shape.kind === "blob" && value instanceof Uint8Array) return Buffer.from(value).toString("base64");
  return String(value);
}

function writeElement(name: string, value: unknown, shape: Shape): string {
  if (shape.kind === "structure") {
    const structure = value as Record<string, unknown>;
    return `<${name}${writeAttributes(structure, shape)}>${writeMembers(structure, shape)}</${name}>`;
  }
  if (shape.kind === "list") {
    const items = (value as unknown[]).map((item) => writeElement(shape.member.wireName, item, shape.member.shape));
    return `<${name}>${items.join("")}</${name}>`;
  }
  const text = scalarText(value, shape);
  return text === "" ? `<${name}/>` : `<${name}>${escapeXml(text)}</${name}>`;
}

function writeAttributes(value: Record<string, unknown>, shape: StructureShape): string {
  let text = shape.namespacePrefix ? ` xmlns:${shape.namespacePrefix}="${shape.namespaceUri}"` : "";
  for (const member of shape.members) {
    const given = value[member.name];
    if (member.attribute && given !== undefined) text += ` ${member.wireName}="${escapeXml(String(given))}"`;
  }
  return text;
}

function writeMember(value: unknown, member: Member): string {
  const list = flattenedList(member);
  if (!list) return writeElement(member.wireName, value, member.shape);
  const name = list.member.wireName !== "member" ? list.member.wireName : member.wireName;
  let text = "";
  for (const item of value as unknown[]) text += writeElement(name, item, list.member.shape);
  return text;
}

/** The members of a dictionary that belong into the body, in the model's order. */
export function writeMembers(value: Record<string, unknown>, shape: StructureShape): string {
  let text = "";
  for (const member of shape.members) {
    const given = value[member.name];
    if (given !== undefined && member.location === "body" && !member.attribute) text += writeMember(given, member);
  }
  return text;
}

/** A whole document as S3 sends it: declaration, root in S3's namespace, the dictionary inside. */
export function writeDocument(root: string, value: Record<string, unknown>, shape: StructureShape): string {
  const attributes = ` xmlns="${s3Namespace}"${writeAttributes(value, shape)}`;
  return `${declaration}<${root}${attributes}>${writeMembers(value, shape)}</${root}>`;
}

/** How every document of S3 begins. */
export const declaration = '<?xml version="1.0" encoding="UTF-8"?>\n';

/** An element without a schema: error documents. */
export function writePlain(name: string, value: string | number): string {
  return `<${name}>${escapeXml(String(value))}</${name}>`;
}

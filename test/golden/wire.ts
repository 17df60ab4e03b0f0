import { createHash } from "node:crypto";
import { XMLParser } from "fast-xml-parser";

/** A request as it went over the wire. */
export interface Sent {
  method: string;
  scheme: string;
  host: string;
  path: string;
  query: string;
  /** Lower-case name, value; in order. */
  headers: [string, string][];
  body: Buffer;
}

/** One header's value, or undefined. */
export const header = (sent: Sent, name: string): string | undefined => sent.headers.find(([key]) => key === name)?.[1];

/** A payload without its aws-chunked framing, and the trailers that followed it. */
export function unframe(sent: Sent): { body: Buffer; trailers: Record<string, string> } {
  const trailers: Record<string, string> = {};
  if (!/^STREAMING-/.test(header(sent, "x-amz-content-sha256") ?? "")) return { body: sent.body, trailers };
  const parts: Buffer[] = [];
  let at = 0;
  for (;;) {
    const end = sent.body.indexOf("\r\n", at);
    const size = Number.parseInt(sent.body.toString("latin1", at, end), 16);
    if (end < 0 || Number.isNaN(size)) throw new Error("aws-chunked body is malformed");
    at = end + 2;
    if (size === 0) break;
    parts.push(sent.body.subarray(at, at + size));
    at += size + 2;
  }
  for (const line of sent.body.toString("latin1", at).split("\r\n")) {
    const colon = line.indexOf(":");
    if (colon > 0) trailers[line.slice(0, colon).toLowerCase()] = line.slice(colon + 1).trim();
  }
  return { body: Buffer.concat(parts), trailers };
}

type Canonical = [name: string, attributes: Record<string, string>, content: Canonical[] | string];

/** XML as nested lists: namespaces resolved, prefixes and blanks between elements gone. */
export function canonicalXml(text: string): Canonical {
  const parser = new XMLParser({
    preserveOrder: true,
    ignoreAttributes: false,
    attributeNamePrefix: "",
    parseTagValue: false,
    parseAttributeValue: false,
    trimValues: false,
    processEntities: false,
  });
  const decode = (value: string): string =>
    value.replace(/&(?:#x([0-9a-f]+)|#(\d+)|(\w+));/gi, (_, hex?: string, dec?: string, name?: string) =>
      hex
        ? String.fromCodePoint(Number.parseInt(hex, 16))
        : dec
          ? String.fromCodePoint(Number(dec))
          : ({ lt: "<", gt: ">", amp: "&", quot: '"', apos: "'" } as Record<string, string>)[name!]!,
    );
  type Node = Record<string, unknown>;
  const convert = (node: Node, scope: Record<string, string>): Canonical => {
    const name = Object.keys(node).find((key) => key !== ":@")!;
    const attributes = (node[":@"] ?? {}) as Record<string, string>;
    const inner = { ...scope };
    const own: Record<string, string> = {};
    for (const [key, value] of Object.entries(attributes)) {
      if (key === "xmlns") inner[""] = value;
      else if (key.startsWith("xmlns:")) inner[key.slice(6)] = value;
    }
    const resolve = (full: string, plain: string): string => {
      const [prefix, local] = full.includes(":") ? full.split(":") : [plain, full];
      const uri = prefix === undefined ? undefined : inner[prefix];
      return uri ? `{${uri}}${local}` : local!;
    };
    for (const [key, value] of Object.entries(attributes)) {
      if (key !== "xmlns" && !key.startsWith("xmlns:")) own[resolve(key, " ")] = decode(value);
    }
    const children = (node[name] as Node[]).filter((child) => !("#text" in child) || Object.keys(child).length > 1);
    const text = (node[name] as Node[]).map((child) => ("#text" in child ? String(child["#text"]) : "")).join("");
    const content = children.length > 0 ? children.map((child) => convert(child, inner)) : decode(text);
    return [resolve(name, ""), own, content];
  };
  const roots = parser.parse(text) as Node[];
  return convert(roots.find((node) => !("?xml" in node))!, {});
}

/** SHA-256, in hex. */
export const sha256 = (bytes: Buffer): string => createHash("sha256").update(bytes).digest("hex");

/**
 * fast-xml-parser, told to interpret nothing of the text: no numbers, no trimming, no entities (it deletes the reference to a control
 * character). A file of its own, which names what it uses: of a package that is loaded whole, bundlers would keep the writer too.
 */
import { XMLParser } from "fast-xml-parser";
import { depthLimit } from "./xml-text.js";

export function makeParser(): (text: string) => unknown {
  const parser = new XMLParser({
    preserveOrder: true,
    ignoreAttributes: false,
    attributeNamePrefix: ":",
    textNodeName: "#text",
    cdataPropName: "#cdata",
    parseTagValue: false,
    parseAttributeValue: false,
    trimValues: false,
    processEntities: false,
    ignoreDeclaration: true,
    ignorePiTags: true,
    maxNestedTags: depthLimit,
    // A tag `__proto__` is a name like any other behind a character that no name can begin with.
    transformTagName: (name: string) => `.${name}`,
  });
  // `true`: checked for being well formed before.
  return (text) => parser.parse(text, true);
}

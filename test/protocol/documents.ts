import fc from "fast-check";
import type { Shape, StructureShape } from "../../src/model/shape.js";

/** Texts that are hard to carry. */
const texts = fc.oneof(
  fc.constantFrom(
    "",
    " ",
    "0123",
    "1e5",
    "true",
    "null",
    " lead and trail ",
    "a\nb",
    "\r",
    "\r\n",
    "\t",
    "&amp;",
    "]]>",
    "<a>",
    "__proto__",
    "\u0001",
    "\ufffd",
    "é日本🐬",
  ),
  fc.string({ unit: "grapheme", maxLength: 12 }),
);

/** Ways to write one text. */
function written(text: string, way: number): string {
  const escaped = (from: string): string =>
    [...from]
      .map((one) => {
        const code = one.codePointAt(0)!;
        if (one === "<") return "&lt;";
        if (one === ">") return "&gt;";
        if (one === "&") return "&amp;";
        if (one === '"') return "&quot;";
        return code < 32 || (code > 126 && code < 160) || code > 0xfff0 ? `&#x${code.toString(16)};` : one;
      })
      .join("");
  const literal = !/[\0-\x08\x0b-\x1f\ufffe\uffff]/.test(text);
  switch (way) {
    case 1:
      return [...text].map((one) => `&#${one.codePointAt(0)};`).join("");
    case 2:
      return literal ? `<![CDATA[${text.replaceAll("]]>", "]]]]><![CDATA[>")}]]>` : escaped(text);
    case 3: {
      const half = text.slice(0, text.length >> 1);
      const rest = text.slice(half.length);
      return literal && !/[\ud800-\udbff]$/.test(half) && !rest.includes("]]>")
        ? `${escaped(half)}<!-- & --><![CDATA[${rest}]]>`
        : escaped(text);
    }
    default:
      return escaped(text);
  }
}

/** How one document is written. */
interface Style {
  prefix: string;
  blank: string;
  way: number;
  shuffle: boolean;
  extra: string;
}

const styles: fc.Arbitrary<Style> = fc.record({
  prefix: fc.constantFrom("", "", "ns2:"),
  blank: fc.constantFrom("", "", "\n  "),
  way: fc.nat(4),
  shuffle: fc.boolean(),
  extra: fc.constantFrom(
    "",
    "",
    "<SomethingNew a='1 > 0' b = \"&lt;\"><Deep>1</Deep><Empty/></SomethingNew>",
    "<!-- <c> & -->",
    "<?pi x?>",
  ),
});

function scalar(shape: Shape): fc.Arbitrary<string> {
  switch (shape.kind) {
    case "integer":
    case "long":
      return fc.constantFrom("0", "7", "-1", "9007199254740991", "4294967296", " 12 ");
    case "boolean":
      return fc.constantFrom("true", "false", "True", "");
    case "timestamp":
      return fc.constantFrom(
        "2026-01-02T03:04:05.000Z",
        "1999-12-31T23:59:59Z",
        "2026-01-02T03:04:05+05:30",
        "1767323045",
        "Fri, 02 Jan 2026 03:04:05 GMT",
      );
    default:
      return texts;
  }
}

const element = (tag: string, attributes: string, content: string, { prefix }: Style): string =>
  content === "" ? `<${prefix}${tag}${attributes}/>` : `<${prefix}${tag}${attributes}>${content}</${prefix}${tag}>`;

function item(tag: string, shape: Shape, style: Style): fc.Arbitrary<string> {
  switch (shape.kind) {
    case "structure": {
      const attribute = shape.members.find((member) => member.attribute);
      const xsi = attribute ? ` xmlns:xsi="${shape.namespaceUri}" ${attribute.wireName}="Group &amp; co"` : "";
      return content(shape, style).map((inside) => element(tag, xsi, inside, style));
    }
    case "list":
      return fc
        .array(item(shape.member.wireName, shape.member.shape, style), { maxLength: 3 })
        .map((items) => element(tag, "", items.join(style.blank), style));
    case "map":
      return fc.constant("");
    default:
      return scalar(shape).map((text) => element(tag, "", written(text, style.way), style));
  }
}

function content(structure: StructureShape, style: Style): fc.Arbitrary<string> {
  const members = structure.members.filter((member) => member.location === "body" && !member.attribute);
  const parts = members.map((member) => {
    const { shape } = member;
    const one =
      shape.kind === "list" && member.flattened
        ? item(member.wireName, shape.member.shape, style)
        : item(member.wireName, shape, style);
    return fc.array(one, { maxLength: shape.kind === "list" && member.flattened ? 3 : 1 });
  });
  return fc.tuple(fc.tuple(...parts), fc.nat()).map(([lists, dice]) => {
    const all = lists.flat();
    if (style.shuffle && all.length > 1) all.push(...all.splice(0, dice % all.length));
    if (style.extra !== "") all.splice(dice % (all.length + 1), 0, style.extra);
    return all.length === 0 ? "" : style.blank + all.join(style.blank) + style.blank;
  });
}

/** Documents of that structure, in all ways of writing. */
export const documents = (structure: StructureShape): fc.Arbitrary<string> =>
  styles.chain((style) =>
    fc
      .tuple(
        content(structure, style),
        fc.constantFrom("", '<?xml version="1.0" encoding="UTF-8"?>\n', "\ufeff", "\n <!-- c -->"),
      )
      .map(([inside, head]) => {
        const namespace = ` xmlns${style.prefix === "" ? "" : ":ns2"}="http://s3.amazonaws.com/doc/2006-03-01/"`;
        return `${head}${element("Result", namespace, inside, style)}${style.blank}`;
      }),
  );

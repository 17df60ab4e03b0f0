import fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import { operationLines } from "../../src/model/generated/operations.js";
import { type OperationName, operation } from "../../src/model/operation.js";
import { type StructureShape, structure } from "../../src/model/shape.js";
import { readPlan } from "../../src/protocol/read-plan.js";
import { Scanner } from "../../src/protocol/xml-scan.js";
import { decodeText, XmlError } from "../../src/protocol/xml-text.js";
import { dictionaryOfTree, loadTreeReader, parseTree } from "../../src/protocol/xml-tree.js";
import { documents } from "./documents.js";

beforeAll(loadTreeReader);

const scan = (shape: StructureShape, text: string): unknown => {
  const scanner = new Scanner(text);
  scanner.root();
  return scanner.dictionary(readPlan(shape));
};
const viaTree = (shape: StructureShape, text: string): unknown => dictionaryOfTree(parseTree(text), readPlan(shape));

const refused = Symbol("refused");
const orRefused = (run: () => unknown): unknown => {
  try {
    return run();
  } catch (error) {
    if (error instanceof XmlError) return refused;
    throw error;
  }
};

/** What answers have in their bodies. */
const bodies: [string, StructureShape][] = (Object.keys(operationLines) as OperationName[]).flatMap((name) => {
  const { output } = operation(name);
  if (!output) return [];
  const shape = output.payload?.shape ?? output;
  if (shape.kind !== "structure" || shape.eventStream) return [];
  return shape.members.some((member) => member.location === "body") ? [[name, shape] as [string, StructureShape]] : [];
});

describe("the two readers of XML", () => {
  it.each(bodies)("read the same in documents of %s", (_, shape) => {
    fc.assert(
      fc.property(documents(shape), (text) => {
        const found = scan(shape, text);
        expect(found).toEqual(viaTree(shape, text));
      }),
      { numRuns: 15 },
    );
  });

  const listing = operation("ListObjectVersions").output!;
  const grants = operation("GetBucketAcl").output!;

  it("refuse every document that is cut", () => {
    fc.assert(
      fc.property(fc.oneof(documents(listing), documents(grants)), fc.nat(), (text, dice) => {
        const whole = text.trimEnd();
        const cut = whole.slice(0, dice % whole.length);
        expect(orRefused(() => scan(listing, cut))).toBe(refused);
        expect(orRefused(() => viaTree(listing, cut))).toBe(refused);
      }),
      { numRuns: 300 },
    );
  });

  it("agree on documents with something wrong in them, but for what the library overlooks", () => {
    fc.assert(
      fc.property(
        // The library counts quotes in processing instructions, where they mean nothing.
        documents(listing).filter((text) => !text.includes("<?")),
        fc.nat(),
        fc.constantFrom(..."<>&;/=\"'x ]!?:", "<a>", "</a>", "<b/>", "&#65;", "&x;"),
        fc.nat(2),
        (text, dice, piece, how) => {
          const at = dice % text.length;
          const other = text.slice(0, at) + (how === 0 ? "" : piece) + text.slice(how === 2 ? at : at + 1);
          const ours = orRefused(() => scan(listing, other));
          // The scanner is the stricter of the two; what it takes, it reads as the library does.
          if (ours !== refused) expect(orRefused(() => viaTree(listing, other))).toEqual(ours);
        },
      ),
      { numRuns: 600 },
    );
  });

  it.each([
    ["nothing", ""],
    ["blanks", " \n"],
    ["text", "no XML"],
    ["a web page", "<!DOCTYPE html><html><body>x</body></html>"],
    ["an open element", "<a><b></b>"],
    ["a wrong end", "<a><b></c></a>"],
    ["crossed elements", "<a><b><c></b></c></a>"],
    ["two roots", "<a/><b/>"],
    ["text after the root", "<a/>x"],
    ["text before the root", "x<a/>"],
    ["an end alone", "</a>"],
    ["an attribute without quotes", "<a b=c/>"],
    ["an attribute without a value", "<a b/>"],
    ["an open attribute", '<a b="c/>'],
    ["an open comment", "<a><!-- x </a>"],
    ["an open section", "<a><![CDATA[ x </a>"],
    ["a section outside", "<a/><![CDATA[x]]>"],
    ["an unknown entity", "<ListVersionsResult><Name>&nbsp;</Name></ListVersionsResult>"],
    ["a bare ampersand", "<ListVersionsResult><Name>a & b</Name></ListVersionsResult>"],
    ["a reference to half a pair", "<ListVersionsResult><Name>&#xD800;</Name></ListVersionsResult>"],
    ["a reference beyond Unicode", "<ListVersionsResult><Name>&#x110000;</Name></ListVersionsResult>"],
    ["a number that is none", "<ListVersionsResult><MaxKeys>many</MaxKeys></ListVersionsResult>"],
    ["a moment that is none", "<r><Version><LastModified>yesterday</LastModified></Version></r>"],
    ["a name that is none", "<1a/>"],
  ])("refuse %s", (_, text) => {
    expect(orRefused(() => scan(listing, text))).toBe(refused);
    expect(orRefused(() => viaTree(listing, text))).toBe(refused);
  });

  it("take the first of what there should be one of", () => {
    const text =
      "<r><Name>a</Name><MaxKeys>1</MaxKeys><Version><Owner><ID>x</ID></Owner><Owner><ID>y</ID></Owner></Version><Name>b</Name></r>";
    const wanted = { Name: "a", MaxKeys: 1, Versions: [{ Owner: { ID: "x" } }] };
    expect(scan(listing, text)).toEqual(wanted);
    expect(viaTree(listing, text)).toEqual(wanted);
  });

  it("refuse DOCTYPEs, wherever, and take the word for a text", () => {
    const bomb = `<!DOCTYPE lolz [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;">]><r><Name>&b;</Name></r>`;
    const external = `<!DOCTYPE r [<!ENTITY x SYSTEM "file:///etc/passwd">]><r><Name>&x;</Name></r>`;
    const inside = "<r><!DOCTYPE x><Name>a</Name></r>";
    for (const text of [bomb, external, inside, `<?xml version="1.0"?>${bomb}`]) {
      expect(orRefused(() => scan(listing, text))).toBe(refused);
      expect(orRefused(() => viaTree(listing, text))).toBe(refused);
    }
    const harmless = "<r><!-- <!DOCTYPE x> --><Name><![CDATA[<!DOCTYPE y>]]></Name></r>";
    expect(scan(listing, harmless)).toEqual({ Name: "<!DOCTYPE y>" });
    expect(viaTree(listing, harmless)).toEqual({ Name: "<!DOCTYPE y>" });
  });

  it("refuse what nests too deep", () => {
    const nest = (depth: number): string => `<r>${"<x>".repeat(depth)}${"</x>".repeat(depth)}<Name>n</Name></r>`;
    for (const read of [scan, viaTree]) {
      expect(read(listing, nest(40))).toEqual({ Name: "n" });
      expect(orRefused(() => read(listing, nest(200)))).toBe(refused);
      expect(orRefused(() => read(listing, nest(100_000)))).toBe(refused);
    }
  });

  it("are not impressed by the names of properties", () => {
    const text =
      "<__proto__><__proto__><Name>x</Name></__proto__><constructor><prototype/></constructor><toString>1</toString><hasOwnProperty/><Name>n</Name><Version><__proto__>1</__proto__><Key>__proto__</Key></Version></__proto__>";
    for (const read of [scan, viaTree]) {
      const found = read(listing, text) as Record<string, unknown>;
      expect(found).toEqual({ Name: "n", Versions: [{ Key: "__proto__" }] });
      expect(Object.getPrototypeOf(found)).toBe(Object.prototype);
      expect(({} as Record<string, unknown>)["Name"]).toBeUndefined();
    }
  });

  it("take line ends as XML does, and a CR that is meant as one", () => {
    const text = "<r>\r\n<Name>a\r\nb\rc&#13;d&#xD;&#xA;e</Name>\r</r>\r\n";
    for (const read of [scan, viaTree]) expect(read(listing, text)).toEqual({ Name: "a\nb\nc\rd\r\ne" });
  });

  it("find an attribute under any prefix, and let be what is no attribute of ours", () => {
    for (const [open, wanted] of [
      ['<Grantee xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:type="Group">', "Group"],
      ["<Grantee xmlns:i='http://www.w3.org/2001/XMLSchema-instance' i:type='a&quot;b'\n>", 'a"b'],
      ['<Grantee other="1" xsi:type = "">', ""],
      ["<Grantee>", undefined],
    ] as const) {
      const text = `<r><AccessControlList><Grant>${open}<ID>1</ID></Grantee></Grant></AccessControlList></r>`;
      const Grantee = wanted === undefined ? { ID: "1" } : { ID: "1", Type: wanted };
      for (const read of [scan, viaTree]) expect(read(grants, text)).toEqual({ Grants: [{ Grantee }] });
    }
  });

  it("keep members in the model's order, whatever the document's", () => {
    const text = "<r><Version><Key>k</Key><Size>1</Size><ETag>e</ETag></Version><IsTruncated>true</IsTruncated></r>";
    for (const read of [scan, viaTree]) {
      const found = read(listing, text) as { Versions: object[] };
      expect(Object.keys(found)).toEqual(["IsTruncated", "Versions"]);
      expect(Object.keys(found.Versions[0]!)).toEqual(["ETag", "Size", "Key"]);
    }
  });

  it("leave out numbers and moments that are empty, and keep empty texts", () => {
    const text =
      "<r><MaxKeys/><Name/><Prefix></Prefix><IsTruncated/><Version><LastModified/><Size></Size></Version></r>";
    for (const read of [scan, viaTree]) {
      expect(read(listing, text)).toEqual({ IsTruncated: false, Versions: [{}], Name: "", Prefix: "" });
    }
  });

  it("fill a list and the single value that it replaced from one element", () => {
    const shape = structure("NotificationConfigurationDeprecated");
    const text =
      "<r><TopicConfiguration><Event>a</Event></TopicConfiguration><QueueConfiguration><Event>a</Event><Event>b</Event></QueueConfiguration></r>";
    for (const read of [scan, viaTree]) {
      expect(read(shape, text)).toEqual({
        TopicConfiguration: { Events: ["a"], Event: "a" },
        QueueConfiguration: { Event: "a", Events: ["a", "b"] },
      });
    }
  });
});

describe("documents of ten megabytes", () => {
  const size = 10_000_000;
  const listing = operation("ListObjectsV2").output!;
  // A reader that is not linear does not come back before the test's time is over.
  it.each([
    ["keys", `<r>${"<Contents><Key>k</Key></Contents>".repeat(size / 33)}</r>`],
    ["one text", `<r><Name>${"a".repeat(size)}</Name></r>`],
    ["references", `<r><Name>${"&amp;".repeat(size / 5)}</Name></r>`],
    ["ampersands", `<r><Name>${"&".repeat(size)}</Name></r>`],
    ["comments", `<r>${"<!-- c -->".repeat(size / 10)}</r>`],
    ["starts", "<a>".repeat(size / 3)],
    ["angles", "<".repeat(size)],
    ["an open attribute", `<r a="${"x".repeat(size)}`],
    ["attributes", `<r ${'a="b" '.repeat(size / 6)}/>`],
    ["sections", `<r><Name>${"<![CDATA[x]]>".repeat(size / 13)}</Name></r>`],
    ["openings of sections", `<r><Name>${"<![CDATA[".repeat(size / 9)}`],
    ["blanks in a tag", `<r${" ".repeat(size)}`],
  ])("of %s are read or refused in one go", (_, text) => {
    const found = orRefused(() => scan(listing, text));
    expect(found === refused || typeof found === "object").toBe(true);
  });
});

describe("references", () => {
  it("stand for what they name", () => {
    expect(decodeText("&quot;a&quot;")).toBe('"a"');
    expect(decodeText("&quot;a&quot;b&quot;")).toBe('"a"b"');
    expect(decodeText("&quot;&quot;")).toBe('""');
    expect(decodeText("&lt;&gt;&amp;&apos;&quot;")).toBe("<>&'\"");
    expect(decodeText("&amp;lt;")).toBe("&lt;");
    expect(decodeText("&#65;&#x42;&#x1f42c;&#0000067;")).toBe("AB🐬C");
    expect(decodeText("a&#13;b")).toBe("a\rb");
  });
});

import fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import { S3ServiceError } from "../../src/errors/service.js";
import { operationLines } from "../../src/model/generated/operations.js";
import { type OperationName, operation } from "../../src/model/operation.js";
import { MalformedResponseError, parseError, parseOutput } from "../../src/protocol/index.js";
import { loadTreeReader } from "../../src/protocol/xml-tree.js";
import { anyText, hostileNames, outcome, runs } from "./support.js";

beforeAll(loadTreeReader);

/** Some that are scanned, some that are read as a tree, a text, and none at all. */
const operations = (
  [
    "ListObjectsV2",
    "DeleteObjects",
    "CompleteMultipartUpload",
    "GetObjectTagging",
    "GetBucketLifecycleConfiguration",
    "GetBucketAcl",
    "GetBucketPolicy",
    "GetBucketLocation",
    "PutObject",
    "HeadObject",
  ] as const
).map((name) => operation(name));

const names = [
  ...hostileNames,
  ...[
    "Error",
    "Code",
    "Message",
    "Contents",
    "Key",
    "Rule",
    "Grant",
    "Grantee",
    "TagSet",
    "Tag",
    "Name",
    "Size",
    "Owner",
  ],
];
/** Documents that are nearly XML, of elements that matter and some that should not. */
const documents: fc.Arbitrary<string> = fc
  .array(
    fc.oneof(
      fc.constantFrom(...names).map((name) => `<${name}>`),
      fc.constantFrom(...names).map((name) => `</${name}>`),
      fc.constantFrom(...names).map((name) => `<${name}/>`),
      fc.constantFrom(...names).map((name) => `<${name} ${name}="1" xsi:type='${name}'>x</${name}>`),
      fc.constantFrom(
        "<!DOCTYPE r [<!ENTITY a 'b'>]>",
        "<![CDATA[",
        "]]>",
        "<!--",
        "-->",
        "<?xml version='1.0' encoding='utf-16'?>",
        "&a;",
        "&amp;",
        "&#0;",
        "&#x110000;",
        "&#xD800;",
        "<",
        ">",
        "1",
        "\ufeff",
        "true",
        "2026-01-31T00:00:00Z",
      ),
      anyText(10),
    ),
    { maxLength: 40 },
  )
  .map((parts) => parts.join(""));
/** The same with a root that ends, which gets further. */
const wrapped = fc.tuple(fc.constantFrom(...names), documents).map(([name, text]) => `<${name}>${text}</${name}>`);
const trees: fc.Arbitrary<string> = fc.letrec<{ node: string }>((tie) => ({
  node: fc.oneof(
    { maxDepth: 5, withCrossShrink: true },
    fc.constantFrom("x", "1", "&lt;", "2026-01-31T00:00:00Z", ""),
    fc
      .tuple(fc.constantFrom(...names), fc.array(tie("node"), { maxLength: 4 }))
      .map(([name, inner]) => `<${name}>${inner.join("")}</${name}>`),
  ),
})).node;

const anyBody: fc.Arbitrary<string | Uint8Array> = fc.oneof(
  documents,
  wrapped,
  trees,
  fc.uint8Array({ maxLength: 200 }),
  trees.map((text) => Buffer.from(`\ufeff${text}`, "utf16le")),
  trees.map((text) => Buffer.from(text.replaceAll("x", "\xff\xfe"), "latin1")),
);

describe("whatever comes in a body", () => {
  it("of a success is an output, an error of the service, or malformed", () => {
    fc.assert(
      fc.property(fc.constantFrom(...operations), anyBody, (op, body) => {
        const { value, error } = outcome(() => parseOutput(op, 200, {}, body));
        if (error !== undefined) {
          expect(error instanceof MalformedResponseError || error instanceof S3ServiceError).toBe(true);
        } else expect(Object.getPrototypeOf(value)).toBe(Object.prototype);
      }),
      { numRuns: runs(2000) },
    );
  });

  it("of an error is an error of the service, with a code and a message", () => {
    fc.assert(
      fc.property(fc.constantFrom(...operations), fc.integer({ min: 300, max: 999 }), anyBody, (op, status, body) => {
        const error = parseError(op, status, {}, body);
        expect(error).toBeInstanceOf(S3ServiceError);
        expect([typeof error.code, typeof error.message, error.statusCode]).toEqual(["string", "string", status]);
        // Where the document has an element of that name, it is a property like any other.
        expect(Object.getPrototypeOf(error.response.Error)).toBe(Object.prototype);
        JSON.stringify(error);
      }),
      { numRuns: runs(1500) },
    );
  });

  it("and in the headers", () => {
    const header = fc.oneof(
      fc.constantFrom(
        "content-length",
        "last-modified",
        "etag",
        "x-amz-meta-__proto__",
        "x-amz-meta-constructor",
        "x-amz-missing-meta",
        "x-amz-restore",
        "expires",
        "x-amz-delete-marker",
      ),
      fc.constantFrom(...hostileNames).map((name) => `x-amz-meta-${name}`),
      fc.constantFrom(...hostileNames),
    );
    fc.assert(
      fc.property(fc.array(fc.tuple(header, anyText(20)), { maxLength: 10 }), (pairs) => {
        const headers = Object.create(null) as Record<string, string>;
        for (const [name, value] of pairs) headers[name] = value;
        const output = parseOutput(operation("HeadObject"), 200, headers, "") as { Metadata: Record<string, string> };
        const sent = Object.keys(headers).filter((name) => name.startsWith("x-amz-meta-"));
        expect(Object.keys(output.Metadata).sort()).toEqual(sent.map((name) => name.slice(11)).sort());
        expect(Object.getPrototypeOf(output.Metadata)).toBe(Object.prototype);
      }),
      { numRuns: runs(1000) },
    );
  });
});

/** A reader whose work grows faster than the document does not come back before the test's time is over. */
describe("documents of a megabyte", () => {
  const size = 1_000_000;
  const kinds: [name: string, text: string][] = [
    ["elements that nobody knows", `<r>${"<x>y</x>".repeat(size / 8)}</r>`],
    ["rules", `<r>${"<Rule><ID>r</ID></Rule>".repeat(size / 23)}</r>`],
    ["one text", `<Error><Code>A</Code><Message>${"a".repeat(size)}</Message></Error>`],
    ["references", `<Error><Code>A</Code><Message>${"&#65;".repeat(size / 5)}</Message></Error>`],
    ["elements of an error", `<Error>${"<Code>A</Code>".repeat(size / 14)}</Error>`],
    ["nesting", "<Error>".repeat(size / 7)],
    ["an attribute without end", `<Error a="${"x".repeat(size)}`],
    ["comments that begin", `<Error>${"<!--".repeat(size / 4)}`],
    ["sections that begin", `<Error>${"<![CDATA[".repeat(size / 9)}`],
    ["entities", `<!DOCTYPE r [${'<!ENTITY a "b">'.repeat(size / 15)}]><r/>`],
    ["blanks", " ".repeat(size)],
    ["angles", "<".repeat(size)],
    ["semicolons", `<Error><Code>&${";".repeat(size)}</Code></Error>`],
  ];
  const read: OperationName[] = ["ListObjectsV2", "GetBucketLifecycleConfiguration", "PutObject", "GetBucketPolicy"];

  it.each(kinds)("of %s", (_, text) => {
    for (const name of read) {
      expect(name in operationLines).toBe(true);
      const { error } = outcome(() => parseOutput(operation(name), 200, {}, text));
      if (error !== undefined) {
        expect(error instanceof MalformedResponseError || error instanceof S3ServiceError).toBe(true);
      }
    }
    expect(parseError(operation("PutObject"), 400, {}, text)).toBeInstanceOf(S3ServiceError);
  });
});

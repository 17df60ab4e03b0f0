import { Readable } from "node:stream";
import { ReadableStream } from "node:stream/web";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ParamValidationError } from "../../src/errors/base.js";
import { operationLines } from "../../src/model/generated/operations.js";
import { type Operation, type OperationName, operation } from "../../src/model/operation.js";
import type { Member, Shape, StructureShape } from "../../src/model/shape.js";
import { explainFaults, serialize, type WireRequest } from "../../src/protocol/index.js";
import { canonicalXml } from "../golden/wire.js";

const write = (name: OperationName, input: object): WireRequest => serialize(operation(name), input);
const headersOf = (request: WireRequest): Record<string, string> => {
  const headers: Record<string, string> = {};
  for (let i = 0; i < request.headers.length; i += 2) headers[request.headers[i]!] = request.headers[i + 1]!;
  return headers;
};
const get = (input: object): WireRequest => write("GetObject", { Bucket: "b", Key: "k", ...input });
const put = (input: object): WireRequest => write("PutObject", { Bucket: "b", Key: "k", ...input });

describe("paths", () => {
  it.each([
    ["k", "/k"],
    ["/lead", "//lead"],
    ["trail/", "/trail/"],
    ["a//b", "/a//b"],
    ["./x", "/./x"],
    ["../y", "/../y"],
    ["a/../b", "/a/../b"],
    ["a b", "/a%20b"],
    ["a+b=c&d;e@f:g,h$i!j'k(l)m*n", "/a%2Bb%3Dc%26d%3Be%40f%3Ag%2Ch%24i%21j%27k%28l%29m%2An"],
    ["?x#y", "/%3Fx%23y"],
    ["100%", "/100%25"],
    ["%2F", "/%252F"],
    ["\\back", "/%5Cback"],
    ["tab\t\n\r", "/tab%09%0A%0D"],
    ["\0\u0001\u007f", "/%00%01%7F"],
    ["é日本🐬", "/%C3%A9%E6%97%A5%E6%9C%AC%F0%9F%90%AC"],
    ["~-._", "/~-._"],
  ])("a key %j goes out as %s", (Key, path) => {
    expect(get({ Key }).path).toBe(path);
  });

  it("every key comes back from its path", () => {
    fc.assert(
      fc.property(fc.string({ unit: "grapheme", minLength: 1 }), (Key) => {
        const { path } = get({ Key });
        expect(path).toMatch(/^\/(?:[A-Za-z0-9\-._~/]|%[0-9A-F]{2})+$/);
        expect(decodeURIComponent(path.slice(1))).toBe(Key);
        expect(path.split("/").length).toBe(Key.split("/").length + 1);
      }),
    );
  });

  it("is empty for a bucket, and the operation's own where there is none", () => {
    expect(write("HeadBucket", { Bucket: "b" }).path).toBe("");
    expect(write("ListBuckets", {}).path).toBe("/");
    expect(write("WriteGetObjectResponse", { RequestRoute: "r", RequestToken: "t" })).toMatchObject({
      path: "/WriteGetObjectResponse",
      hostPrefix: "r.",
    });
  });
});

describe("queries", () => {
  it("are in the order of signing, and keep a sub-resource bare", () => {
    const request = write("GetObjectAcl", { Bucket: "b", Key: "k", VersionId: "a b/c" });
    expect(request.query).toBe("acl&versionId=a%20b%2Fc");
    expect(request.canonicalQuery).toBe("acl=&versionId=a%20b%2Fc");
    expect(write("GetBucketAcl", { Bucket: "b" })).toMatchObject({ query: "acl", canonicalQuery: "acl=" });
    // `select=` would come behind `select-type=2` if the parts were sorted as texts.
    expect(write("SelectObjectContent", select)).toMatchObject({
      query: "select&select-type=2",
      canonicalQuery: "select=&select-type=2",
    });
    expect(
      write("ListObjectsV2", { Bucket: "b", StartAfter: "s", Prefix: "", MaxKeys: 0, FetchOwner: false }).query,
    ).toBe("fetch-owner=false&list-type=2&max-keys=0&prefix=&start-after=s");
    expect(write("UploadPart", { UploadId: "u", PartNumber: 1, Key: "k", Bucket: "b" }).query).toBe(
      "partNumber=1&uploadId=u",
    );
  });

  it("write a moment as the model says", () => {
    expect(get({ ResponseExpires: new Date(0) }).query).toBe(
      "response-expires=Thu%2C%2001%20Jan%201970%2000%3A00%3A00%20GMT",
    );
  });

  it("come back as they were, and are sorted by their encoded names", () => {
    fc.assert(
      fc.property(fc.string({ unit: "grapheme" }), fc.string({ unit: "grapheme" }), (Prefix, Delimiter) => {
        const { query, canonicalQuery } = write("ListObjectsV2", { Bucket: "b", Prefix, Delimiter });
        const pairs = new Map(
          query.split("&").map((part) => part.split("=").map(decodeURIComponent) as [string, string]),
        );
        expect(pairs.get("prefix")).toBe(Prefix);
        expect(pairs.get("delimiter")).toBe(Delimiter);
        expect(canonicalQuery).toBe(query.split("&").sort().join("&"));
      }),
    );
  });
});

const select = {
  Bucket: "b",
  Key: "k",
  Expression: "select * from s3object",
  ExpressionType: "SQL",
  InputSerialization: { CSV: {} },
  OutputSerialization: { JSON: { RecordDelimiter: "\n" } },
};

describe("headers", () => {
  it("write moments, numbers and booleans as S3 reads them", () => {
    expect(
      headersOf(
        put({
          Expires: new Date("2026-01-02T03:04:05.678Z"),
          ObjectLockRetainUntilDate: new Date("2026-01-02T03:04:05.678Z"),
          ContentLength: 0,
          BucketKeyEnabled: false,
        }),
      ),
    ).toEqual({
      expires: "Fri, 02 Jan 2026 03:04:05 GMT",
      "x-amz-object-lock-retain-until-date": "2026-01-02T03:04:05Z",
      "content-length": "0",
      "x-amz-server-side-encryption-bucket-key-enabled": "false",
    });
  });

  it("take moments as boto3 does, too: seconds, or a text that is a date", () => {
    for (const Expires of [0, "1970-01-01", "1970-01-01T00:00:00Z", "Thu, 01 Jan 1970 00:00:00 GMT", new Date(0)]) {
      expect(headersOf(put({ Expires }))).toEqual({ expires: "Thu, 01 Jan 1970 00:00:00 GMT" });
    }
    for (const Expires of [Number.NaN, Date.now(), "tomorrow", "", true, {}, new Date(Number.NaN), new Date(1e15)]) {
      expect(() => put({ Expires })).toThrow(/Expires: expected Date/);
    }
  });

  it("join lists, and quote what has a comma", () => {
    const request = (ObjectAttributes: string[]) =>
      headersOf(write("GetObjectAttributes", { Bucket: "b", Key: "k", ObjectAttributes }))["x-amz-object-attributes"];
    expect(request(["ETag", "ObjectSize"])).toBe("ETag,ObjectSize");
    expect(request(["a,b", 'c"d', "e"])).toBe('"a,b","c\\"d",e');
    expect(request([])).toBeUndefined();
  });

  it("spread metadata, names in lower case, and nothing of a prototype", () => {
    expect(headersOf(put({ Metadata: { CamelCase: "A", "x-y": "b", none: undefined } }))).toEqual({
      "x-amz-meta-camelcase": "A",
      "x-amz-meta-x-y": "b",
    });
    const bare = Object.assign(Object.create(null) as object, { a: "1" });
    expect(headersOf(put({ Metadata: bare }))).toEqual({ "x-amz-meta-a": "1" });
    const proto = JSON.parse('{"__proto__":"1","constructor":"2"}') as object;
    expect(headersOf(put({ Metadata: proto }))).toEqual({
      "x-amz-meta-__proto__": "1",
      "x-amz-meta-constructor": "2",
    });
  });

  it.each(["a\r\nx-evil: 1", "a\nb", "a\rb", "a\0b", "a\x7fb", "é\r\nx: 1"])("cannot be broken by %j", (value) => {
    expect(() => put({ ContentDisposition: value })).toThrow(/^PutObject: ContentDisposition: has a line break/);
    expect(() => put({ Metadata: { a: value } })).toThrow(/Metadata\.a: has a line break/);
    expect(() => put({ Metadata: { [value]: "a" } })).toThrow(/the name is part of a header's/);
    expect(() => write("GetObjectAttributes", { Bucket: "b", Key: "k", ObjectAttributes: [value] })).toThrow(
      /ObjectAttributes\[0\]: has a line break/,
    );
  });

  it("keep tabs, runs of blanks and what is beyond ASCII as text", () => {
    expect(headersOf(put({ ContentDisposition: "a\t b  é日本" }))["content-disposition"]).toBe("a\t b  é日本");
  });

  it("are never there twice", () => {
    expect(() => put({ Metadata: { Author: "a", author: "b" } })).toThrow(
      "Metadata.author: is the same header as Author: case does not count",
    );
  });

  it("say what the XML is", () => {
    expect(headersOf(write("DeleteObjects", { Bucket: "b", Delete: { Objects: [] } }))["content-type"]).toBe(
      "application/xml",
    );
    expect(headersOf(write("PutBucketPolicy", { Bucket: "b", Policy: "{}" }))).toEqual({});
  });
});

describe("bodies", () => {
  it.each([
    ["text", "é"],
    ["bytes", new Uint8Array(2)],
    ["bytes", Buffer.from("x")],
    ["bytes", new ArrayBuffer(2)],
    ["stream", new Blob(["x"])],
    ["stream", Readable.from(["x"])],
    ["stream", new ReadableStream()],
    ["stream", [new Uint8Array(1)]],
    ["stream", { [Symbol.iterator]: () => [][Symbol.iterator]() }],
    ["stream", { async *[Symbol.asyncIterator]() {} }],
    ["stream", () => "x"],
  ])("of kind %s go through untouched", (kind, Body) => {
    const request = put({ Body });
    expect(request.kind).toBe(kind);
    expect(request.body).toBe(Body);
  });

  it.each([
    null,
    5,
    true,
    {},
    { a: 1 },
    new Date(),
    [1],
    ["a"],
    new Float64Array(1),
    new DataView(new ArrayBuffer(1)),
    Symbol("x"),
    5n,
  ])("refuse %o", (Body) => {
    expect(() => put({ Body })).toThrow(/^PutObject: Body: expected string, Uint8Array, /);
  });

  it("are none where there is nothing to send", () => {
    expect(put({})).toMatchObject({ kind: "none", body: undefined });
    expect(put({ Body: undefined })).toMatchObject({ kind: "none", body: undefined });
    expect(write("CreateBucket", { Bucket: "b" })).toMatchObject({ kind: "none", body: undefined, headers: [] });
  });
});

describe("documents", () => {
  const tagging = (Value: string): string =>
    write("PutBucketTagging", { Bucket: "b", Tagging: { TagSet: [{ Key: "k", Value }] } }).body as string;

  it("have the model's names, namespace and order", () => {
    const request = write("CompleteMultipartUpload", {
      Bucket: "b",
      Key: "k",
      UploadId: "u",
      MultipartUpload: { Parts: [{ PartNumber: 1, ETag: '"a&b"' }, { PartNumber: 2 }] },
    });
    expect(request.body).toBe(
      '<CompleteMultipartUpload xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Part><ETag>"a&amp;b"</ETag><PartNumber>1</PartNumber></Part><Part><PartNumber>2</PartNumber></Part></CompleteMultipartUpload>',
    );
    expect(write("SelectObjectContent", select).body).toBe(
      '<SelectObjectContentRequest xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Expression>select * from s3object</Expression><ExpressionType>SQL</ExpressionType><InputSerialization><CSV/></InputSerialization><OutputSerialization><JSON><RecordDelimiter>&#10;</RecordDelimiter></JSON></OutputSerialization></SelectObjectContentRequest>',
    );
  });

  it("say what kind of grantee it is, in an attribute of another namespace", () => {
    const { body } = write("PutBucketAcl", {
      Bucket: "b",
      AccessControlPolicy: { Grants: [{ Grantee: { ID: "1", Type: 'a"b<c&\t\n' }, Permission: "READ" }], Owner: {} },
    });
    expect(body).toContain(
      '<Grantee xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:type="a&quot;b&lt;c&amp;&#9;&#10;"><ID>1</ID></Grantee>',
    );
  });

  it("escape markup, line ends and whatever a reader would change or refuse", () => {
    expect(tagging("<a> & 'b' \"c\" ]]>\t")).toContain("<Value>&lt;a&gt; &amp; 'b' \"c\" ]]&gt;\t</Value>");
    expect(tagging("a\rb\nc\r\n")).toContain("<Value>a&#13;b&#10;c&#13;&#10;</Value>");
    expect(tagging("\0\u0001\u0085\u2028\ufffe\u007f")).toContain("<Value>&#0;&#1;&#133;&#8232;&#65534;&#127;</Value>");
    expect(tagging("é日本🐬")).toContain("<Value>é日本🐬</Value>");
    expect(tagging("")).toContain("<Value/>");
    expect(() => tagging("\ud800")).toThrow(/Tagging\.TagSet\[0\]\.Value: has half of a surrogate pair/);
  });

  it("carry every text there and back", () => {
    fc.assert(
      fc.property(fc.string({ unit: "grapheme" }), (value) => {
        const [, , [set]] = canonicalXml(tagging(value)) as unknown as [string, object, [[string, object, unknown[]]]];
        const text = (set[2] as [string, object, [string, object, string][]][])[0]![2][1]![2];
        expect(text).toBe(value);
      }),
    );
  });

  it("write moments with as much of a second as there is", () => {
    const document = (RetainUntilDate: Date): unknown =>
      write("PutObjectRetention", { Bucket: "b", Key: "k", Retention: { RetainUntilDate } }).body;
    expect(document(new Date(500))).toContain("1970-01-01T00:00:00.500Z");
    expect(document(new Date(0))).toContain("1970-01-01T00:00:00Z");
    const old = { Bucket: "b", Delete: { Objects: [{ Key: "k", LastModifiedTime: new Date(500) }] } };
    expect(write("DeleteObjects", old).body).toContain(
      "<LastModifiedTime>Thu, 01 Jan 1970 00:00:00 GMT</LastModifiedTime>",
    );
  });

  it("read the getters of a class", () => {
    class Tag {
      get Key(): string {
        return "k";
      }
      get Value(): string {
        return "v";
      }
    }
    const write = (tag: object): unknown =>
      serialize(operation("PutBucketTagging"), { Bucket: "b", Tagging: { TagSet: [tag] } }).body;
    expect(write(new Tag())).toBe(write({ Key: "k", Value: "v" }));
    expect(() => write(Object.assign(new Tag(), { Extra: 1 }))).toThrow("Tagging.TagSet[0].Extra: unknown");
  });

  it("take exactly one member of a union", () => {
    const union = (ObjectEncryption: object) =>
      write("UpdateObjectEncryption", { Bucket: "b", Key: "k", ObjectEncryption });
    expect(union({ SSEKMS: { KMSKeyArn: "arn:aws:kms:us-east-1:1:key/1" } }).body).toContain("<SSE-KMS>");
    expect(() => union({})).toThrow("ObjectEncryption: expected exactly one of SSEKMS, got none");
    expect(() => union({ SSEKMS: { KMSKeyArn: "short" } })).toThrow("must have at least 20 characters, got 5");
  });
});

describe("what is wrong is told all at once", () => {
  const faults = (name: OperationName, input: unknown): string[] => {
    try {
      serialize(operation(name), input as object);
    } catch (error) {
      expect(error).toBeInstanceOf(ParamValidationError);
      return (error as ParamValidationError).faults.map((fault) => `${fault.path}: ${fault.problem}`);
    }
    return [];
  };

  it("with the path of each", () => {
    expect(
      faults("DeleteObjects", { Delete: { Objects: [{ Key: "a" }, {}, { Key: 3 }, "d", undefined, { Key: "" }] } }),
    ).toEqual([
      "Bucket: missing",
      "Delete.Objects[1].Key: missing",
      "Delete.Objects[2].Key: expected string, got number",
      "Delete.Objects[3]: expected dictionary, got string",
      "Delete.Objects[4]: missing",
      "Delete.Objects[5].Key: must not be empty",
    ]);
    expect(faults("GetObject", { Bucket: null, Key: ["k"], PartNumber: "1", Range: new Date() })).toEqual([
      "Bucket: expected string, got null",
      "Key: expected string, got array",
      "Range: expected string, got Date",
      "PartNumber: expected integer, got string",
    ]);
    expect(faults("ListObjectsV2", { Bucket: "b", MaxKeys: 1.5, FetchOwner: "true" })).toEqual([
      "MaxKeys: expected integer, got 1.5",
      "FetchOwner: expected boolean, got string",
    ]);
    expect(faults("ListBuckets", { MaxBuckets: 0 })).toEqual(["MaxBuckets: must be at least 1, got 0"]);
    expect(faults("ListDirectoryBuckets", { MaxDirectoryBuckets: -1 })).toEqual([
      "MaxDirectoryBuckets: must be at least 0, got -1",
    ]);
    expect(faults("ListDirectoryBuckets", { MaxDirectoryBuckets: 0 })).toEqual([]);
    expect(faults("PutObject", { Bucket: "b", Key: "\udc00", ContentLength: 2 ** 53, Metadata: "a=b" })).toEqual([
      "ContentLength: expected integer, got 9007199254740992",
      "Key: has half of a surrogate pair, which UTF-8 cannot carry",
      "Metadata: expected dictionary of strings, got string",
    ]);
    expect(faults("PutObject", { Bucket: "b", Key: "k", Metadata: new Headers({ a: "b" }) })).toEqual([
      "Metadata: expected dictionary of strings, got Headers",
    ]);
  });

  it.each([undefined, null, "x", 5, [], new Map(), () => ({})])("even when the input is %o", (input) => {
    expect(faults("GetObject", input)[0]).toMatch(/^(input: expected dictionary, got |Bucket: missing)/);
  });

  it.each([
    ["GetObject", "bucket", "Bucket"],
    ["GetObject", "Version", "VersionId"],
    ["GetObject", "versionID", "VersionId"],
    ["GetObject", "IfNonMatch", "IfNoneMatch"],
    ["PutObject", "MetaData", "Metadata"],
    ["PutObject", "Content-Type", "ContentType"],
    ["PutObject", "StorageClas", "StorageClass"],
    ["ListObjectsV2", "maxkeys", "MaxKeys"],
    ["ListObjectsV2", "Delimeter", "Delimiter"],
  ] as const)("%s knows what %s may have meant", (name, wrong, right) => {
    expect(faults(name, { [wrong]: "x" }).join()).toContain(`${wrong}: unknown; did you mean ${right}?`);
  });

  it("names the members where there is nothing like it", () => {
    expect(faults("ListBuckets", { Quux: 1 })).toEqual([
      "Quux: unknown; the members are MaxBuckets, ContinuationToken, Prefix, BucketRegion",
    ]);
    expect(faults("ListBuckets", { ["x".repeat(1 << 20)]: 1 })[0]).toContain("unknown; the members are");
    expect(faults("ListBuckets", { Quux: undefined })).toEqual([]);
  });

  it("never shows a value that may be a secret", () => {
    const secret = "s3cr3t\u0000";
    expect(() => put({ SSECustomerKey: secret })).toThrow(/SSECustomerKey/);
    expect(() => put({ SSECustomerKey: secret })).not.toThrow(/s3cr3t/);
  });

  it("lets pass what S3 may know better", () => {
    expect(faults("PutObject", { Bucket: "b", Key: "k".repeat(5000), StorageClass: "SOMETHING_NEW", ACL: "" })).toEqual(
      [],
    );
    expect(faults("ListObjectsV2", { Bucket: "b", MaxKeys: -2147483648 })).toEqual([]);
    expect(faults("DeleteObjects", { Bucket: "b", Delete: { Objects: [] } })).toEqual([]);
  });
});

/** Anything at all where the model wants something: now and then what it wants. */
const anything = fc.oneof(
  fc.constantFrom<unknown>(
    undefined,
    null,
    "",
    "a",
    "a\nb",
    "\ud800",
    0,
    1.5,
    -1,
    Number.NaN,
    true,
    [],
    {},
    new Date(0),
    new Uint8Array(1),
  ),
  fc.string(),
);

function anyOf(shape: Shape, depth: number): fc.Arbitrary<unknown> {
  const right: () => fc.Arbitrary<unknown> = () => {
    switch (shape.kind) {
      case "structure":
        return inputOf(shape, depth + 1);
      case "list":
        return fc.array(anyOf(shape.member.shape, depth + 1), { maxLength: 3 });
      case "map":
        return fc.dictionary(
          fc.constantFrom("a", "A", "b-c", "d e", ""),
          fc.constantFrom<unknown>("x", "é", "a\n", 1),
          { maxKeys: 2 },
        );
      case "string":
        return fc.constantFrom("a", "a b", "é", "", "x".repeat(25));
      case "integer":
      case "long":
        return fc.constantFrom(0, 1, 7);
      case "boolean":
        return fc.boolean();
      case "timestamp":
        return fc.constantFrom<unknown>(new Date(0), 0, "2020-01-01");
      case "blob":
        return fc.constantFrom<unknown>("x", new Uint8Array(2));
    }
  };
  return fc.oneof({ weight: 20, arbitrary: right() }, { weight: 1, arbitrary: anything });
}

function inputOf(structure: StructureShape, depth: number): fc.Arbitrary<Record<string, unknown>> {
  const members: Record<string, fc.Arbitrary<unknown>> = {};
  const required: string[] = [];
  for (const member of structure.members as Member[]) {
    if (depth > 3 && !member.required) continue;
    members[member.name] = anyOf(member.shape, depth);
    if (member.required) required.push(member.name);
  }
  const given = fc.record(members, { requiredKeys: required as never });
  return fc
    .tuple(given, fc.nat(30))
    .map(([input, dice]) => (dice === 0 ? { ...input, Unknown: 1 } : input)) as fc.Arbitrary<Record<string, unknown>>;
}

describe("the fast path and the explanation", () => {
  const names = Object.keys(operationLines) as OperationName[];
  it("come to the same verdict on every operation", () => {
    let refused = 0;
    let taken = 0;
    const check = (op: Operation): void => {
      fc.assert(
        fc.property(inputOf(op.input, 0), (input) => {
          const faults = explainFaults(op.input, input);
          if (faults.length === 0) {
            serialize(op, input);
            taken++;
          } else {
            expect(() => serialize(op, input)).toThrow(ParamValidationError);
            refused++;
          }
        }),
        { numRuns: 12 },
      );
    };
    for (const name of names) check(operation(name));
    expect(refused).toBeGreaterThan(100);
    expect(taken).toBeGreaterThan(100);
  });
});

import { createHash } from "node:crypto";
import { describe, expect, it } from "vitest";
import { ParamValidationError } from "../../src/errors/base.js";
import { operationLines } from "../../src/model/generated/operations.js";
import { type OperationName, operation } from "../../src/model/operation.js";
import { serialize } from "../../src/protocol/index.js";
import { finishOutput, isAccessPointArn, prepareInput, type RuleContext, rules } from "../../src/rules/index.js";
import { decodeUrl } from "../../src/rules/list-encoding.js";

type Dictionary = Record<string, unknown>;

/** Applies the rules to a frozen input: the caller's is never touched. */
const prepare = (name: OperationName, input: Dictionary, context: RuleContext = {}): Dictionary => {
  for (const value of Object.values(input))
    if (typeof value === "object" && !ArrayBuffer.isView(value)) Object.freeze(value);
  return prepareInput(operation(name), Object.freeze(input), context) as Dictionary;
};
const faults = (name: OperationName, input: Dictionary): string[] => {
  try {
    serialize(operation(name), prepare(name, input));
  } catch (error) {
    expect(error).toBeInstanceOf(ParamValidationError);
    return (error as ParamValidationError).faults.map((fault) => `${fault.path}: ${fault.problem}`);
  }
  return [];
};
const names = Object.keys(operationLines) as OperationName[];

describe("an input to which no rule applies", () => {
  it("is the same object", () => {
    const input = { Bucket: "b", Key: "k" };
    for (const name of ["HeadObject", "DeleteObject", "PutObject", "GetObjectAcl"] as const) {
      expect(prepareInput(operation(name), input, { checksumMode: true })).toBe(input);
    }
    expect(prepareInput(operation("GetObject"), input, {})).toBe(input);
  });

  it.each([null, undefined, "x", 5, []])("may be %j, which is not the rules' business", (input) => {
    expect(prepareInput(operation("GetObject"), input as never, {})).toBe(input);
  });
});

describe("an instance of a class", () => {
  class Target {
    readonly Bucket = "b";
    get Key(): string {
      return "k";
    }
    get Range(): undefined {
      return undefined;
    }
    describe(): string {
      return this.Key;
    }
  }

  it("has its getters read once, and no more members than the model knows", () => {
    expect(prepareInput(operation("GetObject"), new Target(), { checksumMode: true })).toEqual({
      Bucket: "b",
      Key: "k",
      ChecksumMode: "ENABLED",
    });
    expect(
      serialize(operation("HeadObject"), prepareInput(operation("HeadObject"), new Target(), {}) as Dictionary).path,
    ).toBe("/k");
  });

  it("is refused for an unknown member as any other is", () => {
    const target = Object.assign(new Target(), { key: "x" });
    expect(() => serialize(operation("HeadObject"), prepareInput(operation("HeadObject"), target, {}))).toThrow(
      "HeadObject: key: unknown",
    );
  });
});

describe("Bucket", () => {
  const ok = ["b", "a.b", "A_b-c", "x".repeat(255), "arn:aws:s3:us-west-2:123456789012:accesspoint/my-ap"];
  ok.push("arn:aws:s3::123456789012:accesspoint:mfzwi23gnjvgw.mrap");
  ok.push("arn:aws-cn:s3-object-lambda:cn-north-1:123456789012:accesspoint:olap");
  ok.push("arn:aws:s3-outposts:us-west-2:123456789012:outpost/op-01234567890123456/accesspoint/my-ap");
  it.each(ok)("may be %s", (Bucket) => {
    expect(faults("HeadBucket", { Bucket })).toEqual([]);
  });

  const bad = [
    "bücket",
    "x".repeat(256),
    "a/b",
    "a%2Fb",
    "../up",
    "a b",
    "a\nb",
    "b\n",
    "a?b",
    "arn:aws:s3:us-west-2:1:accesspoint/x",
  ];
  bad.push("arn:aws:s3:us-west-2:123456789012:accesspoint/", "arn:aws:iam::123456789012:role/x", "\ud800");
  it.each(bad)("cannot be %j", (Bucket) => {
    expect(faults("HeadBucket", { Bucket })[0]).toMatch(/^Bucket: is no bucket name: 1 to 255 letters/);
  });

  it("cannot be empty", () => {
    expect(faults("ListObjectsV2", { Bucket: "" })).toEqual(["Bucket: must not be empty"]);
  });

  it("is told along with every other fault", () => {
    expect(faults("DeleteObjects", { Bucket: "a b", Delete: { Objects: [{}] }, bucket: "x" })).toEqual([
      "Bucket: is no bucket name: 1 to 255 letters, digits, dots, hyphens and underscores, or the ARN of an access point",
      "Delete.Objects[0].Key: missing",
      "bucket: unknown; the members are Bucket, Delete, MFA, RequestPayer, BypassGovernanceRetention, ExpectedBucketOwner, ChecksumAlgorithm",
    ]);
  });

  it("is checked on every operation that has one", () => {
    for (const name of names) {
      if (!operation(name).input.byName.has("Bucket")) continue;
      expect(() => prepare(name, { Bucket: "a b" })).toThrow(/Bucket: is no bucket name/);
    }
  });

  it("is an access point by its ARN alone", () => {
    expect(isAccessPointArn("arn:aws:s3:us-west-2:123456789012:accesspoint:x")).toBe(true);
    expect(isAccessPointArn("my-bucket")).toBe(false);
  });
});

describe("CopySource", () => {
  const source = (CopySource: unknown): unknown =>
    prepare("CopyObject", { Bucket: "b", Key: "k", CopySource })["CopySource"];
  it.each([
    [{ Bucket: "src", Key: "a b/ü+c?" }, "src/a%20b/%C3%BC%2Bc%3F"],
    [{ Bucket: "src", Key: "/a//b" }, "src//a//b"],
    [{ Bucket: "src", Key: "k", VersionId: "v.1_2-3" }, "src/k?versionId=v.1_2-3"],
    [{ Bucket: "src", Key: "k", VersionId: undefined }, "src/k"],
    [{ Bucket: "src", Key: "k?versionId=x" }, "src/k%3FversionId%3Dx"],
    [
      { Bucket: "arn:aws:s3:us-west-2:123456789012:accesspoint/ap", Key: "k" },
      "arn%3Aaws%3As3%3Aus-west-2%3A123456789012%3Aaccesspoint/ap/object/k",
    ],
    ["src/a b", "src/a%20b"],
    ["/src/k", "/src/k"],
    ["src/k?versionId=abc.DEF_1-2", "src/k?versionId=abc.DEF_1-2"],
    ["src/k?versionId=a b", "src/k%3FversionId%3Da%20b"],
    ["src/%41", "src/%2541"],
    ["src/line\nfeed", "src/line%0Afeed"],
  ])("%j is %s", (given, wanted) => {
    expect(source(given)).toBe(wanted);
  });

  it("has faults of its own", () => {
    const told = (CopySource: unknown): string[] => faults("CopyObject", { Bucket: "b", Key: "k", CopySource });
    expect(told({ Key: "k" })).toEqual(["CopySource.Bucket: missing"]);
    expect(told({ Bucket: 5, Key: "", VersionId: null, Version: "x" })).toEqual([
      "CopySource.Bucket: expected string, got number",
      "CopySource.Key: must not be empty",
      "CopySource.VersionId: expected string, got null",
      "CopySource.Version: unknown; the members are Bucket, Key, VersionId",
    ]);
    expect(told({ Bucket: "src/x", Key: "k" })[0]).toMatch(/^CopySource\.Bucket: is no bucket name/);
    expect(told("src/\ud800")).toEqual(["CopySource: has half of a surrogate pair, which UTF-8 cannot carry"]);
    expect(told({ Bucket: "src", Key: "\ud800" })).toEqual([
      "CopySource: has half of a surrogate pair, which UTF-8 cannot carry",
    ]);
    expect(told(5)).toEqual(["CopySource: expected string, got number"]);
    expect(told(["src", "k"])).toEqual(["CopySource: expected string, got array"]);
    expect(told(undefined)).toEqual(["CopySource: missing"]);
    expect(told({ Bucket: "src", Key: "k", VersionId: "a\r\nb" })[0]).toMatch(/^CopySource: has a line break/);
  });
});

describe("keys of the caller's own", () => {
  const md5 = (bytes: Uint8Array): string => createHash("md5").update(bytes).digest("base64");
  const raw = new Uint8Array(32).map((_, i) => i * 7);

  it("go out in base64, with the MD5 of their bytes", () => {
    for (const [key, bytes] of [
      ["0123456789abcdef0123456789abcdef", Buffer.from("0123456789abcdef0123456789abcdef")],
      ["clé-ü", Buffer.from("clé-ü")],
      [raw, raw],
      [Buffer.concat([Buffer.from("xx"), raw]).subarray(2), raw],
      [raw.buffer.slice(0), raw],
    ] as const) {
      const out = prepare("GetObject", { Bucket: "b", Key: "k", SSECustomerKey: key });
      expect(out["SSECustomerKey"]).toBe(Buffer.from(bytes).toString("base64"));
      expect(out["SSECustomerKeyMD5"]).toBe(md5(bytes));
    }
  });

  it("are left alone where the MD5 is given", () => {
    const given = { Bucket: "b", Key: "k", SSECustomerKey: "AAAA", SSECustomerKeyMD5: "BBBB" };
    expect(prepare("PutObject", given)).toBe(given);
    expect(prepare("PutObject", { ...given, SSECustomerKey: raw })).toMatchObject({
      SSECustomerKey: Buffer.from(raw).toString("base64"),
      SSECustomerKeyMD5: "BBBB",
    });
  });

  it("have the source's beside them on copies", () => {
    const input = { Bucket: "b", Key: "k", CopySource: "s/k", SSECustomerKey: "a", CopySourceSSECustomerKey: "b" };
    expect(prepare("CopyObject", input)).toMatchObject({
      SSECustomerKey: "YQ==",
      SSECustomerKeyMD5: md5(Buffer.from("a")),
      CopySourceSSECustomerKey: "Yg==",
      CopySourceSSECustomerKeyMD5: md5(Buffer.from("b")),
    });
  });

  it("are treated so on every operation that takes them", () => {
    const taking = names.filter((name) => operation(name).input.byName.has("SSECustomerKeyMD5"));
    const known = ["GetObject", "HeadObject", "PutObject", "CopyObject", "CreateMultipartUpload", "UploadPart"];
    known.push("UploadPartCopy", "CompleteMultipartUpload", "SelectObjectContent", "ListParts", "GetObjectAttributes");
    for (const name of known) expect(taking).toContain(name);
    for (const name of taking) {
      if (!operation(name).input.byName.has("SSECustomerKey")) continue;
      expect(prepare(name, { Bucket: "b", Key: "k", SSECustomerKey: "a" })["SSECustomerKeyMD5"]).toBe(
        md5(Buffer.from("a")),
      );
    }
  });

  it("are refused when they are none", () => {
    expect(faults("GetObject", { Bucket: "b", Key: "k", SSECustomerKey: 5 })).toEqual([
      "SSECustomerKey: expected string, got number",
    ]);
  });
});

describe("a new bucket", () => {
  const create = (input: Dictionary, context: RuleContext): unknown =>
    prepare("CreateBucket", { Bucket: "b", ...input }, context)["CreateBucketConfiguration"];
  it("is made in the client's region", () => {
    expect(create({}, { region: "eu-central-1" })).toEqual({ LocationConstraint: "eu-central-1" });
    expect(create({ CreateBucketConfiguration: { Tags: [] } }, { region: "eu-central-1" })).toEqual({
      Tags: [],
      LocationConstraint: "eu-central-1",
    });
    expect(create({ CreateBucketConfiguration: {} }, { region: "eu-central-1" })).toEqual({
      LocationConstraint: "eu-central-1",
    });
  });

  it("is not told where it goes without saying, or was said", () => {
    for (const region of ["us-east-1", "aws-global", undefined]) expect(create({}, { region })).toBeUndefined();
    const region = "eu-central-1";
    expect(create({}, { region, locationConstraint: false })).toBeUndefined();
    expect(create({ Bucket: "b--euc1-az1--x-s3" }, { region })).toBeUndefined();
    for (const CreateBucketConfiguration of [
      { LocationConstraint: "EU" },
      { Location: { Type: "AvailabilityZone", Name: "x" } },
      { Bucket: { Type: "Directory" } },
    ]) {
      expect(create({ CreateBucketConfiguration }, { region })).toBe(CreateBucketConfiguration);
    }
    expect(prepare("DeleteBucket", { Bucket: "b" }, { region })).toEqual({ Bucket: "b" });
  });
});

describe("listings", () => {
  const listing = ["ListObjects", "ListObjectsV2", "ListObjectVersions", "ListMultipartUploads"] as const;

  it("are asked for encoded keys, all that can be", () => {
    expect(names.filter((name) => rules.listEncoding.applies(operation(name))).sort()).toEqual([...listing].sort());
    for (const name of listing) {
      expect(prepare(name, { Bucket: "b" })).toEqual({ Bucket: "b", EncodingType: "url" });
      expect(prepare(name, { Bucket: "b" }, { listEncoding: false })).toEqual({ Bucket: "b" });
    }
    const asked = { Bucket: "b", EncodingType: "url" };
    expect(prepare("ListObjects", asked)).toBe(asked);
  });

  const encoded = (): Dictionary => ({
    EncodingType: "url",
    Prefix: "a%20b+c",
    Delimiter: "%2F",
    Marker: "%2B",
    NextMarker: "%25",
    KeyMarker: "%C3%A9",
    NextKeyMarker: "%01",
    StartAfter: "x+y",
    Name: "a%20b",
    ContinuationToken: "a%20b",
    NextContinuationToken: "%41",
    VersionIdMarker: "%41",
    UploadIdMarker: "%41",
    Contents: [{ Key: "%00+%0A", ETag: "%41" }, {}],
    Versions: [{ Key: "a%2Bb", VersionId: "%41" }],
    DeleteMarkers: [{ Key: "a%2Bb" }],
    Uploads: [{ Key: "a%2Bb", UploadId: "%41" }],
    CommonPrefixes: [{ Prefix: "a%2Bb/" }],
  });

  it("are decoded in every place that is encoded, and no other", () => {
    const output = encoded();
    finishOutput(operation("ListObjectVersions"), output, { input: { Bucket: "b" }, headers: {} });
    expect(output).toEqual({
      EncodingType: "url",
      Prefix: "a b c",
      Delimiter: "/",
      Marker: "+",
      NextMarker: "%",
      KeyMarker: "é",
      NextKeyMarker: "\u0001",
      StartAfter: "x y",
      Name: "a%20b",
      ContinuationToken: "a%20b",
      NextContinuationToken: "%41",
      VersionIdMarker: "%41",
      UploadIdMarker: "%41",
      Contents: [{ Key: "\0 \n", ETag: "%41" }, {}],
      Versions: [{ Key: "a+b", VersionId: "%41" }],
      DeleteMarkers: [{ Key: "a+b" }],
      Uploads: [{ Key: "a+b", UploadId: "%41" }],
      CommonPrefixes: [{ Prefix: "a+b/" }],
    });
  });

  it("are believed where the service encodes the names in its lists alone, as Ceph's gateway does", () => {
    const input = { Bucket: "b", Prefix: "x+", Delimiter: "+", Marker: "x+%41", StartAfter: "a%20b", KeyMarker: "+" };
    const page = (NextMarker: string): Dictionary => ({
      ...input,
      EncodingType: "url",
      NextMarker,
      Contents: [{ Key: "x%2B1" }, { Key: "x%2B%25" }],
      CommonPrefixes: [{ Prefix: "x%20y/" }],
    });
    for (const [sent, meant] of [
      ["x+%", "x+%"],
      ["x%2B%25", "x+%"],
      ["x y/", "x y/"],
      ["x+y/", "x y/"],
      ["elsewhere+%41", "elsewhere A"],
    ] as const) {
      const output = page(sent);
      finishOutput(operation("ListObjects"), output, { input, headers: {} });
      expect(output).toEqual({
        ...input,
        EncodingType: "url",
        NextMarker: meant,
        Contents: [{ Key: "x+1" }, { Key: "x+%" }],
        CommonPrefixes: [{ Prefix: "x y/" }],
      });
    }
  });

  it("are decoded in Ceph's list of uploads, which encodes and does not say so", () => {
    const page = (): Dictionary => ({ NextKeyMarker: "c%26d", Uploads: [{ Key: "a%20b" }, { Key: "c%2526d" }] });
    const input = { Bucket: "b" };
    const headers = { "x-amz-request-id": "tx00000ee25a74b1b818317-006b03928e-1023-default" };
    const ceph = page();
    finishOutput(operation("ListMultipartUploads"), ceph, { input, headers });
    expect(ceph).toEqual({ NextKeyMarker: "c%26d", Uploads: [{ Key: "a b" }, { Key: "c%26d" }] });
    const other = page();
    finishOutput(operation("ListMultipartUploads"), other, { input, headers: { "x-amz-request-id": "tx1" } });
    expect(other).toEqual(page());
  });

  it("are not decoded where the service did not encode, or the caller asked", () => {
    const plain = { ...encoded(), EncodingType: undefined };
    finishOutput(operation("ListObjects"), plain, { input: { Bucket: "b" }, headers: {} });
    expect(plain).toEqual({ ...encoded(), EncodingType: undefined });
    const asked = encoded();
    finishOutput(operation("ListObjects"), asked, { input: { Bucket: "b", EncodingType: "url" }, headers: {} });
    expect(asked).toEqual(encoded());
  });

  it.each([
    ["plain", "plain"],
    ["a+b%2Bc", "a b+c"],
    ["100%", "100%"],
    ["%zz%41", "%zzA"],
    ["%C3%A9%", "é%"],
    ["%FF", "\ufffd"],
    ["%e2%82%ac", "€"],
  ])("%s decodes to %j", (text, wanted) => {
    expect(decodeUrl(text)).toBe(wanted);
  });
});

describe("checksums of what is read", () => {
  it("are asked for where they are to be checked", () => {
    const asking = names.filter((name) => rules.checksumMode.applies(operation(name)));
    expect(asking).toEqual(["GetObject", "GetObjectAnnotation"]);
    const input = { Bucket: "b", Key: "k" };
    expect(prepare("GetObject", input, { checksumMode: true })).toEqual({ ...input, ChecksumMode: "ENABLED" });
    expect(prepare("HeadObject", input, { checksumMode: true })).toBe(input);
    const own = { ...input, ChecksumMode: "DISABLED" };
    expect(prepare("GetObject", own, { checksumMode: true })).toBe(own);
    expect(prepare("GetObject", { ...input, ChecksumMode: undefined }, { checksumMode: true })["ChecksumMode"]).toBe(
      "ENABLED",
    );
  });
});

describe("RenameObject", () => {
  it("has a token of its own each time, if the caller gives none", () => {
    const input = { Bucket: "b", Key: "k", RenameSource: "/b/x" };
    const first = prepare("RenameObject", input)["ClientToken"];
    expect(first).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    expect(prepare("RenameObject", input)["ClientToken"]).not.toBe(first);
    expect(prepare("RenameObject", { ...input, ClientToken: "mine" })["ClientToken"]).toBe("mine");
  });
});

describe("Metadata", () => {
  it("is ASCII, names and values", () => {
    const told = (Metadata: Dictionary): string[] => faults("PutObject", { Bucket: "b", Key: "k", Metadata });
    expect(told({ a: "é", ü: "b", c: "d" })).toEqual([
      "Metadata.a: has characters beyond ASCII, which S3's metadata cannot hold; encode them (as with encodeURIComponent)",
      "Metadata.ü: has characters beyond ASCII, which S3's metadata cannot hold; encode them (as with encodeURIComponent)",
    ]);
    expect(told({ a: "b" })).toEqual([]);
    expect(told({ a: 5 })).toEqual(["Metadata.a: expected string, got number"]);
    for (const name of ["CopyObject", "CreateMultipartUpload"] as const) {
      expect(() => prepare(name, { Bucket: "b", Key: "k", CopySource: "s/k", Metadata: { a: "日本" } })).toThrow(
        /beyond ASCII/,
      );
    }
  });
});

describe("Expires", () => {
  it("is there as text, date or not", () => {
    for (const name of ["GetObject", "HeadObject"] as const) {
      const output: Dictionary = {};
      finishOutput(operation(name), output, { input: {}, headers: { expires: "never" } });
      expect(output).toEqual({ ExpiresString: "never" });
    }
    const without: Dictionary = {};
    finishOutput(operation("GetObject"), without, { input: {}, headers: {} });
    expect(without).toEqual({});
    const other: Dictionary = {};
    finishOutput(operation("PutObject"), other, { input: {}, headers: { expires: "never" } });
    expect(other).toEqual({});
  });
});

describe("an input of strange names", () => {
  it("is copied without changing what it is", () => {
    const input = JSON.parse('{"Bucket":"b","__proto__":{"Prefix":"p"}}') as Dictionary;
    const out = prepare("ListObjectsV2", input);
    expect(Object.getPrototypeOf(out)).toBe(Object.prototype);
    expect(faults("ListObjectsV2", JSON.parse('{"Bucket":"b","__proto__":{"Prefix":"p"}}') as Dictionary)[0]).toMatch(
      /^__proto__: unknown/,
    );
  });
});

import { createHmac } from "node:crypto";
import { describe, expect, it } from "vitest";
import { deriveSigningKey, type PolicyCondition, presignPost } from "../../src/sigv4/index.js";
import { common, credentials } from "./support.js";

const form = { ...common, url: "https://bucket.s3.amazonaws.com/", bucket: "bucket", key: "user/photo.jpg" };
/** Written apart, since it is no placeholder of ours. */
const filename = "$" + "{filename}";
const policyOf = (fields: Record<string, string>) =>
  JSON.parse(Buffer.from(fields["policy"]!, "base64").toString()) as { expiration: string; conditions: unknown[] };
const conditionsOf = (input: object) => policyOf(presignPost({ ...form, ...input }).fields).conditions;

const signature = [
  { "x-amz-algorithm": "AWS4-HMAC-SHA256" },
  { "x-amz-credential": `${credentials.accessKeyId}/20260131/us-east-1/s3/aws4_request` },
  { "x-amz-date": "20260131T120000Z" },
];

describe("a POST policy", () => {
  it("covers bucket, key and the fields of the signature, and is signed", () => {
    const { url, fields } = presignPost(form);
    expect(url).toBe(form.url);
    expect(Object.keys(fields)).toEqual([
      "key",
      "x-amz-algorithm",
      "x-amz-credential",
      "x-amz-date",
      "policy",
      "x-amz-signature",
    ]);
    expect(policyOf(fields)).toEqual({
      expiration: "2026-01-31T13:00:00.000Z",
      conditions: [{ bucket: "bucket" }, { key: "user/photo.jpg" }, ...signature],
    });
    const key = deriveSigningKey(credentials.secretAccessKey, "20260131", "us-east-1", "s3");
    expect(fields["x-amz-signature"]).toBe(createHmac("sha256", key).update(fields["policy"]!).digest("hex"));
  });

  it("covers each field that has no condition", () => {
    const fields = { acl: "public-read", "Content-Type": "image/png", "x-amz-meta-a": "b", "x-ignore-me": "c" };
    const conditions: PolicyCondition[] = [
      ["starts-with", "$content-type", "image/"],
      ["content-length-range", 1, 1024],
      { "x-amz-meta-a": "b" },
    ];
    const given = structuredClone({ fields, conditions });
    const made = presignPost({ ...form, fields, conditions });
    expect(policyOf(made.fields).conditions).toEqual([
      ...conditions,
      { bucket: "bucket" },
      { acl: "public-read" },
      { key: "user/photo.jpg" },
      ...signature,
    ]);
    expect(made.fields).toMatchObject(fields);
    expect({ fields, conditions }).toEqual(given);
  });

  it("fixes what stands before the file's name", () => {
    expect(conditionsOf({ key: `user/${filename}` })).toContainEqual(["starts-with", "$key", "user/"]);
    expect(conditionsOf({ key: filename })).toContainEqual(["starts-with", "$key", ""]);
    expect(conditionsOf({ key: `a/${filename}.bak` })).toContainEqual(["starts-with", "$key", "a/"]);
    expect(conditionsOf({ fields: { "x-amz-meta-name": `n-${filename}` } })).toContainEqual([
      "starts-with",
      "$x-amz-meta-name",
      "n-",
    ]);
    expect(presignPost({ ...form, key: `user/${filename}` }).fields["key"]).toBe(`user/${filename}`);
  });

  it("leaves bucket and key to the caller's own conditions", () => {
    const conditions = [
      ["starts-with", "$key", "user/"],
      ["eq", "$bucket", "bucket"],
    ];
    expect(conditionsOf({ conditions })).toEqual([...conditions, ...signature]);
  });

  it("carries the session token, and ours in place of fields that belong to a signature", () => {
    const who = { ...credentials, sessionToken: "t/o+k=" };
    const fields = { Policy: "x", "X-Amz-Date": "x", key: "x", "X-AMZ-SIGNATURE": "x" };
    const made = presignPost({ ...form, credentials: who, fields }).fields;
    expect(made["x-amz-security-token"]).toBe("t/o+k=");
    expect(policyOf(made).conditions).toContainEqual({ "x-amz-security-token": "t/o+k=" });
    expect(Object.keys(made)).not.toEqual(expect.arrayContaining(["Policy"]));
    expect(made).toMatchObject({ key: "user/photo.jpg", "x-amz-date": "20260131T120000Z" });
    expect(made).not.toHaveProperty("X-Amz-Date");
    expect(made).not.toHaveProperty("X-AMZ-SIGNATURE");
  });

  it("expires when asked", () => {
    expect(policyOf(presignPost({ ...form, expiresIn: 90 }).fields).expiration).toBe("2026-01-31T12:01:30.000Z");
    expect(() => presignPost({ ...form, expiresIn: 0 })).toThrow(/^expiresIn: must be/);
  });

  it("is plain ASCII, for any key", () => {
    const { fields } = presignPost({
      ...form,
      key: 'ü/日本/\u{1f42c}"\n',
      fields: JSON.parse('{"__proto__":"x"}') as Record<string, string>,
    });
    expect(Buffer.from(fields["policy"]!, "base64").toString()).toMatch(/^[ -~]*$/);
    expect(policyOf(fields).conditions).toContainEqual({ key: 'ü/日本/\u{1f42c}"\n' });
    expect(Object.keys(fields)).toContain("__proto__");
  });

  it("is signed the same when it is long", () => {
    const conditions = Array.from({ length: 100 }, (_, i) => ["starts-with", `$x-amz-meta-${i}`, "x".repeat(20)]);
    const { fields } = presignPost({ ...form, conditions: conditions as unknown as PolicyCondition[] });
    const key = deriveSigningKey(credentials.secretAccessKey, "20260131", "us-east-1", "s3");
    expect(fields["x-amz-signature"]).toBe(createHmac("sha256", key).update(fields["policy"]!).digest("hex"));
  });

  it.each<[RegExp, unknown]>([
    [/^bucket: must be/, { bucket: "" }],
    [/^key: must be/, { key: undefined }],
    [/^url: must be/, { url: 5 }],
    [/^fields\["a"\]: must be a string, got 5/, { fields: { a: 5 } }],
    [/^conditions\[1\]: must be/, { conditions: [{ acl: "x" }, ["between", "$a", "b"]] }],
    [/^conditions\[0\]: must be/, { conditions: [["eq", "key", "x"]] }],
    [/^conditions\[0\]: must be/, { conditions: [["content-length-range", 5, 1]] }],
    [/^conditions\[0\]: must be/, { conditions: [["content-length-range", "1", "5"]] }],
    [/^conditions\[0\]: must be/, { conditions: [{ acl: 5 }] }],
    [/^conditions\[0\]: must be/, { conditions: ["eq"] }],
    [/^conditions\[0\]: must be/, { conditions: [null] }],
    [/^conditions: must be a list, got "x"/, { conditions: "x" }],
    [/^fields: must be an object of strings, by name, got "x"/, { fields: "x" }],
  ])("is refused with %s", (message, wrong) => {
    expect(() => presignPost({ ...form, ...(wrong as object) })).toThrow(message);
  });
});

import { CredentialsError, ParamValidationError, S3Client, type S3ClientOptions, TucuxiError } from "tucuxi";
import { type SigningCredentials, verifySignature } from "tucuxi/sigv4";
import { describe, expect, it } from "vitest";
import { failureOf, keys } from "./support.js";

const date = new Date("2026-08-15T12:34:56.789Z");
const object = { Bucket: "river", Key: "k" };
const at = { signingDate: date };

const client = (options: S3ClientOptions = {}): S3Client =>
  new S3Client({ region: "eu-central-1", credentials: keys, ...options });

/** What a server says of a request with this URL, an hour at most after it was signed. */
const verdict = (url: string, method: string, headers: Record<string, string> = {}) =>
  verifySignature({
    method,
    url,
    headers: { host: new URL(url).host, ...headers },
    credentials: keys as SigningCredentials,
    region: "eu-central-1",
    service: "s3",
    date,
  });

const signed = (url: string): string | null => new URL(url).searchParams.get("X-Amz-SignedHeaders");

describe("a presigned URL", () => {
  it("is signed for the method that HTTP clients send, in whatever case it is given", async () => {
    const url = await client().presign("getObject", object, { ...at, method: "head" });
    expect(verdict(url, "HEAD")).toMatchObject({ valid: true });
    expect(url).toBe(await client().presign("getObject", object, { ...at, method: "HEAD" }));
  });

  it.each(["", "GET /x", "GET\n", 5, null])("is not made for the method %j", async (method) => {
    const failure = await failureOf(client().presign("getObject", object, { method: method as never }));
    expect(failure).toMatchObject({ code: "InvalidOption", message: expect.stringMatching(/^method: /) });
  });

  it("has no header that whoever uses it could not know", async () => {
    const url = await client().presign("renameObject", { ...object, RenameSource: "old" }, at);
    expect(signed(url)).toBe("host;x-amz-rename-source");
    const mine = await client().presign("renameObject", { ...object, RenameSource: "old", ClientToken: "t" }, at);
    expect(signed(mine)).toBe("host;x-amz-client-token;x-amz-rename-source");
    for (const method of ["getObject", "listObjectsV2", "headObject"] as const) {
      const input = method === "listObjectsV2" ? { Bucket: "river" } : object;
      expect(signed(await client().presign(method, input as never, at))).toBe("host");
    }
  });

  it("needs no input where the operation needs none", async () => {
    expect(await client().presign("listBuckets", undefined as never, at)).toBe(
      await client().presign("listBuckets", {}, at),
    );
  });

  it.each([new Date(Number.NaN), new Date(8e15), "2026-01-01", 0, null])(
    "is not made for the time %s",
    async (signingDate) => {
      const options = { signingDate: signingDate as Date };
      const calls = [() => client().presign("getObject", object, options), () => client().presignPost(object, options)];
      for (const call of calls) {
        const failure = await failureOf(call());
        expect(failure).toBeInstanceOf(TucuxiError);
        expect(failure.message).toMatch(/^signingDate: /);
      }
    },
  );

  it.each(["a b", "é", "a,b"])("is not made with the access key %j, nor is any request", async (accessKeyId) => {
    const s3 = client({ credentials: { ...keys, accessKeyId } });
    for (const call of [
      () => s3.presign("getObject", object),
      () => s3.presignPost(object),
      () => s3.headObject(object),
    ]) {
      const failure = await failureOf(call());
      expect(failure).toBeInstanceOf(CredentialsError);
      expect(failure).toMatchObject({ code: "InvalidCredentials" });
    }
  });
});

describe("a presigned form", () => {
  it("of an anonymous client has what is sent and no signature, as its URLs have none", async () => {
    const s3 = client({ credentials: "anonymous" });
    expect(await s3.presignPost({ ...object, Fields: { acl: "public-read", Key: "other" } })).toEqual({
      url: "https://river.s3.eu-central-1.amazonaws.com/",
      fields: { acl: "public-read", key: "k" },
    });
    expect(await s3.presign("getObject", object)).toBe("https://river.s3.eu-central-1.amazonaws.com/k");
  });

  it("leaves out fields that are undefined", async () => {
    const form = await client().presignPost(
      { ...object, Fields: { acl: undefined as never, "x-amz-meta-a": "b" } },
      at,
    );
    expect(Object.keys(form.fields)).not.toContain("acl");
    expect(form.fields["x-amz-meta-a"]).toBe("b");
  });

  it.each([
    [null, "presignPost: input: expected dictionary, got null"],
    [{ ...object, Expires: 5 }, "presignPost: Expires: unknown; the members are Bucket, Key, Fields, Conditions"],
    [{ ...object, Fields: ["acl"] }, "presignPost: Fields: expected dictionary of strings, got array"],
    [{ ...object, Fields: { acl: 1 } }, "presignPost: Fields.acl: expected string, got number"],
    [{ ...object, Conditions: {} }, "presignPost: Conditions: expected array, got dictionary"],
    [{ ...object, Conditions: [["content-length-range", 1]] }, /^presignPost: Conditions\[0\]: must be/],
    [{ Bucket: "river" }, "PutObject: Key: missing"],
  ])("is not made of %j", async (input, message) => {
    const failure = await failureOf(client().presignPost(input as never));
    expect(failure).toBeInstanceOf(ParamValidationError);
    expect(failure.message).toMatch(message);
  });
});

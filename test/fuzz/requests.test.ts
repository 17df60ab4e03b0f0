import fc from "fast-check";
import { ParamValidationError, type S3Client, S3ServiceError, Session, TucuxiError } from "tucuxi";
import { verifySignature } from "tucuxi/sigv4";
import { S3Server } from "tucuxi/testing";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { anyText, hostileNames, runs, wellFormed } from "./support.js";

let server: S3Server;
let s3: S3Client;
beforeAll(async () => {
  server = await S3Server.start({ buckets: ["bucket", "other"] });
  const { url: endpoint, region, credentials } = server;
  s3 = new Session({ env: { HOME: "/nonexistent" } }).client({ endpoint, region, credentials });
});
afterAll(async () => {
  await s3.close();
  await server.stop();
});

const isWellFormed = (text: string): boolean => (text as unknown as { isWellFormed(): boolean }).isWellFormed();

describe("keys", () => {
  const key = fc.oneof(
    anyText(40),
    fc
      .array(fc.constantFrom(".", "..", "", "a", "/", "\\", "%2e", "other", "?", "#"), { maxLength: 6 })
      .map((parts) => parts.join("/")),
  );

  it("of any characters come back as they went in, or are refused before anything is sent", async () => {
    await fc.assert(
      fc.asyncProperty(key, async (Key) => {
        const asked = server.requests.length;
        let put = true;
        try {
          await s3.putObject({ Bucket: "bucket", Key, Body: "x" });
        } catch (error) {
          put = false;
          expect(error).toBeInstanceOf(ParamValidationError);
          expect(server.requests.length).toBe(asked);
          expect(Key === "" || !isWellFormed(Key)).toBe(true);
        }
        if (!put) return;
        // There is one object in both buckets, and it has this key.
        const listed = [];
        for (const Bucket of ["bucket", "other"]) {
          const { Contents } = await s3.listObjectsV2({ Bucket });
          listed.push(...Contents.map((object) => object.Key));
        }
        expect(listed).toEqual([Key]);
        expect(await (await s3.getObject({ Bucket: "bucket", Key })).Body.text()).toBe("x");
        const deleted = await s3.deleteObjects({ Bucket: "bucket", Delete: { Objects: [{ Key }] } });
        expect(deleted.Deleted.map((object) => object.Key)).toEqual([Key]);
        expect((await s3.listObjectsV2({ Bucket: "bucket" })).Contents).toEqual([]);
      }),
      { numRuns: runs(120) },
    );
  });

  it("are copied and named as sources, too", async () => {
    await fc.assert(
      fc.asyncProperty(
        wellFormed(30).filter((text) => text !== ""),
        async (Key) => {
          await s3.putObject({ Bucket: "bucket", Key, Body: Key });
          await s3.copyObject({ Bucket: "other", Key: "copy", CopySource: { Bucket: "bucket", Key } });
          expect(await (await s3.getObject({ Bucket: "other", Key: "copy" })).Body.text()).toBe(Key);
          await s3.deleteObject({ Bucket: "bucket", Key });
          await s3.deleteObject({ Bucket: "other", Key: "copy" });
        },
      ),
      { numRuns: runs(50) },
    );
  });
});

describe("headers", () => {
  const refused = (text: string): boolean => /[\0-\x08\n-\x1f\x7f]/.test(text) || !isWellFormed(text);

  it("of any value reach the service as they are, or nothing is sent", async () => {
    await fc.assert(
      fc.asyncProperty(
        anyText(30),
        fc.constantFrom("ContentDisposition", "CacheControl", "ContentLanguage"),
        async (value, member) => {
          const asked = server.requests.length;
          try {
            await s3.putObject({ Bucket: "bucket", Key: "key", Body: "x", [member]: value });
          } catch (error) {
            expect(error).toBeInstanceOf(ParamValidationError);
            expect(refused(value)).toBe(true);
            expect(server.requests.length).toBe(asked);
            return;
          }
          const output = (await s3.headObject({ Bucket: "bucket", Key: "key" })) as unknown as Record<string, unknown>;
          // HTTP has no blanks around a value, and no empty header of these.
          expect(output[member] ?? "").toBe(value.replace(/^[ \t]+|[ \t]+$/g, ""));
        },
      ),
      { numRuns: runs(150) },
    );
  });

  it("of metadata, names and values, come back or are refused", async () => {
    const name = fc.oneof(fc.constantFrom(...hostileNames), fc.stringMatching(/^[a-z0-9_.~-]{1,12}$/), anyText(8));
    const value = fc.oneof(fc.stringMatching(/^[!-~]([ -~]{0,20}[!-~])?$/), anyText(12));
    let stored = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(fc.tuple(name, value), { maxLength: 4 }), async (pairs) => {
        const Metadata: Record<string, string> = {};
        for (const [key, text] of pairs) {
          Object.defineProperty(Metadata, key, { value: text, enumerable: true, configurable: true, writable: true });
        }
        const asked = server.requests.length;
        try {
          await s3.putObject({ Bucket: "bucket", Key: "key", Body: "x", Metadata });
        } catch (error) {
          expect(error).toBeInstanceOf(ParamValidationError);
          expect(server.requests.length).toBe(asked);
          return;
        }
        stored++;
        const { Metadata: found } = await s3.headObject({ Bucket: "bucket", Key: "key" });
        const wanted = Object.entries(Metadata).map(([key, text]) => [
          key.toLowerCase(),
          text.replace(/^[ \t]+|[ \t]+$/g, ""),
        ]);
        expect(Object.entries(found ?? {}).sort()).toEqual(wanted.sort());
      }),
      { numRuns: runs(200) },
    );
    expect(stored).toBeGreaterThan(5);
  });

  it("of the caller's own split no request", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.oneof(fc.constantFrom("x-own", "x-amz-meta-a", ...hostileNames), anyText(8)),
        anyText(20),
        async (name, value) => {
          const asked = server.requests.length;
          const headers: Record<string, string> = {};
          Object.defineProperty(headers, name, { value, enumerable: true, configurable: true, writable: true });
          let error: unknown;
          await s3.headBucket({ Bucket: "bucket" }, { headers }).catch((reason: unknown) => {
            error = reason;
          });
          if (error !== undefined) expect(error).toBeInstanceOf(TucuxiError);
          if (error !== undefined && !(error instanceof S3ServiceError)) expect(server.requests.length).toBe(asked);
          for (const { operation } of server.requests.slice(asked)) expect(operation).toBe("HeadBucket");
        },
      ),
      { numRuns: runs(150) },
    );
  });
});

describe("inputs of any kind", () => {
  const anything = fc.anything({
    withDate: true,
    withBigInt: true,
    withTypedArray: true,
    withNullPrototype: true,
    maxDepth: 2,
  });
  it("are sent, or refused with all their faults", async () => {
    const { Stub } = await import("tucuxi/testing");
    expect(Stub).toBeTypeOf("function");
    const methods = ["getObject", "putObject", "deleteObjects", "putBucketTagging", "completeMultipartUpload"] as const;
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...methods),
        fc.dictionary(
          fc.constantFrom(
            "Bucket",
            "Key",
            "Delete",
            "Tagging",
            "MultipartUpload",
            "UploadId",
            "Metadata",
            "Range",
            ...hostileNames,
          ),
          anything,
        ),
        async (method, input) => {
          const error: unknown = await (s3[method] as (input: object) => Promise<unknown>)(input).then(
            () => undefined,
            (reason: unknown) => reason,
          );
          if (error !== undefined) expect(error).toBeInstanceOf(TucuxiError);
        },
      ),
      { numRuns: runs(200) },
    );
  });
});

describe("presigned URLs", () => {
  it("of any input verify, or are refused", async () => {
    const { credentials, region } = server;
    let made = 0;
    await fc.assert(
      fc.asyncProperty(
        anyText(30),
        fc.constantFrom("getObject", "putObject", "deleteObject", "headObject"),
        fc.oneof(fc.constant(3600), fc.double(), fc.integer({ min: -5, max: 700_000 })),
        fc.option(anyText(20), { nil: undefined }),
        async (Key, method, expiresIn, disposition) => {
          const more =
            method === "getObject" && disposition !== undefined ? { ResponseContentDisposition: disposition } : {};
          let url: string;
          try {
            url = await s3.presign(method, { Bucket: "bucket", Key, ...more } as never, { expiresIn });
          } catch (error) {
            expect(error).toBeInstanceOf(TucuxiError);
            return;
          }
          made++;
          expect(url).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/bucket\/[\x21-\x7e]+$/);
          const verb = { getObject: "GET", putObject: "PUT", deleteObject: "DELETE", headObject: "HEAD" }[method];
          const verdict = verifySignature({
            method: verb!,
            url,
            headers: { host: new URL(url).host },
            credentials,
            region,
            service: "s3",
          });
          expect([url, verdict.valid, verdict.reason]).toEqual([url, true, undefined]);
        },
      ),
      { numRuns: runs(400) },
    );
    expect(made).toBeGreaterThan(5);
  });

  it("are read by the service as they were meant", async () => {
    await fc.assert(
      fc.asyncProperty(
        wellFormed(30).filter((text) => text !== "" && !/(^|\/)\.\.?(\/|$)/.test(text)),
        async (Key) => {
          const url = await s3.presign("putObject", { Bucket: "bucket", Key });
          const answer = await fetch(url, { method: "PUT", body: "x" });
          expect(answer.status).toBe(200);
          expect(
            (await s3.listObjectsV2({ Bucket: "bucket", Prefix: Key })).Contents.map((object) => object.Key),
          ).toContain(Key);
          await s3.deleteObject({ Bucket: "bucket", Key });
        },
      ),
      { numRuns: runs(40) },
    );
  });

  it("of forms hold any key and field, and the service takes them", async () => {
    await fc.assert(
      fc.asyncProperty(
        wellFormed(20).filter((text) => text !== "" && !text.includes("{filename}")),
        fc.dictionary(
          fc.constantFrom("Content-Type", "Cache-Control", "x-amz-meta-a", "success_action_status"),
          fc.stringMatching(/^[!-~][ -~]{0,10}[!-~]$/),
        ),
        async (Key, Fields) => {
          const { url, fields } = await s3.presignPost({ Bucket: "bucket", Key, Fields });
          const policy = JSON.parse(Buffer.from(fields["policy"]!, "base64").toString("utf8")) as {
            conditions: unknown[];
          };
          expect(policy.conditions).toContainEqual({ bucket: "bucket" });
          expect(JSON.stringify(policy.conditions)).toContain(JSON.stringify(Key));
          // What control characters become in a form is not ours to say; what is left must be taken.
          if (/[\0-\x1f\x7f]/.test(Key)) return;
          const form = new FormData();
          for (const [name, value] of Object.entries(fields)) form.append(name, value);
          form.append("file", new Blob(["x"]), "file");
          const answer = await fetch(url, { method: "POST", body: form });
          expect([Key, Fields, answer.status < 300 ? "taken" : await answer.text()]).toEqual([Key, Fields, "taken"]);
        },
      ),
      { numRuns: runs(60) },
    );
  });
});

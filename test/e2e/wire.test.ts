// A second opinion on what goes over the wire: every request here is caught by a bare HTTP server and signed again by the `aws4`
// package, which knows nothing of ours; the chunks of a stream are checked by the formula of the specification.
import { createHash, createHmac } from "node:crypto";
import { createServer, type IncomingMessage, type Server } from "node:http";
import { createRequire } from "node:module";
import type { AddressInfo } from "node:net";
import { Readable } from "node:stream";
import { S3Client, S3ServiceError } from "tucuxi";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { awkwardKeys, controlKeys, keyTitle } from "./suite/keys.js";

interface Signable {
  method: string;
  path: string;
  headers: Record<string, string>;
  service: string;
  region: string;
  signQuery?: boolean;
  doNotModifyHeaders?: boolean;
  extraHeadersToInclude?: Record<string, boolean>;
}
const aws4 = createRequire(import.meta.url)("aws4") as {
  sign(request: Signable, keys: object): { path: string; headers: Record<string, string> };
};

interface Caught {
  method: string;
  path: string;
  headers: Record<string, string>;
  body: Buffer;
}

const keys = {
  accessKeyId: "TUCUXIWIREKEY0000001",
  secretAccessKey: "wire/secret+key=abcdefghijklmnopqrstuvwxyz",
  sessionToken: "token/with+signs==",
};
const region = "sa-east-1";
let server: Server;
let s3: S3Client;
let caught: Caught[];

beforeAll(async () => {
  caught = [];
  server = createServer(async (request, answer) => {
    caught.push({
      method: request.method ?? "",
      path: request.url ?? "",
      headers: headersOf(request),
      body: Buffer.concat(await request.toArray()),
    });
    answer.writeHead(404, { "content-type": "application/xml" });
    answer.end("<Error><Code>NoSuchKey</Code><Message>Only listening</Message></Error>");
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  s3 = new S3Client({ endpoint, region, credentials: keys, forcePathStyle: true });
});

afterAll(async () => {
  await s3.close();
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

/** What one call puts on the wire. The answer is always an error; anything but that error is a fault. */
async function wire(call: () => Promise<unknown>): Promise<Caught> {
  caught.length = 0;
  await expect(call()).rejects.toThrow(S3ServiceError);
  expect(caught).toHaveLength(1);
  return caught[0]!;
}

/** Signs the caught request again, over the headers that it names, and expects the same signature. */
function confirm({ method, path, headers, body }: Caught): void {
  const authorization = headers["authorization"] ?? "";
  const names = (/SignedHeaders=([^,]+)/.exec(authorization)?.[1] ?? "").split(";");
  expect(names).toEqual(expect.arrayContaining(["host", "x-amz-content-sha256", "x-amz-date", "x-amz-security-token"]));
  const signed = aws4.sign(
    {
      method,
      path,
      headers: Object.fromEntries(names.map((name) => [name, headers[name] ?? "missing"])),
      service: "s3",
      region,
      doNotModifyHeaders: false,
      extraHeadersToInclude: Object.fromEntries(names.map((name) => [name, true])),
    },
    keys,
  );
  expect(signed.headers["Authorization"]?.replaceAll(", ", ",")).toBe(authorization.replaceAll(", ", ","));
  const declared = headers["x-amz-content-sha256"] ?? "";
  if (/^[0-9a-f]{64}$/.test(declared)) expect(declared).toBe(createHash("sha256").update(body).digest("hex"));
  // Whatever S3 takes for its own must be under the signature.
  for (const name of Object.keys(headers)) if (name.startsWith("x-amz-")) expect(names).toContain(name);
}

describe("header signatures under aws4", () => {
  const Bucket = "wire-bucket";
  const calls: Record<string, () => Promise<unknown>> = {
    listBuckets: () => s3.listBuckets(),
    createBucket: () => s3.createBucket({ Bucket, ACL: "private" }),
    "listObjectsV2, every query": () =>
      s3.listObjectsV2({
        Bucket,
        Prefix: "a b/é+&=%~*'()!",
        Delimiter: "/",
        MaxKeys: 3,
        StartAfter: "",
        ContinuationToken: "1/+==",
      }),
    listObjectVersions: () => s3.listObjectVersions({ Bucket, KeyMarker: "k\u0001\t", VersionIdMarker: "v" }),
    "getObject with headers": () =>
      s3.getObject({
        Bucket,
        Key: "k",
        Range: "bytes=0-1",
        IfMatch: '"e"',
        VersionId: "v+/=",
        ResponseContentType: "a/b; c=d",
      }),
    "putObject with metadata": () =>
      s3.putObject({
        Bucket,
        Key: "k",
        Body: "é",
        Metadata: { a: "two  spaces", b: "" },
        Tagging: "a=1&b=2%203",
        CacheControl: "x",
      }),
    "putObject of bytes": () => s3.putObject({ Bucket, Key: "k", Body: new Uint8Array(70_000).fill(7) }),
    deleteObjects: () => s3.deleteObjects({ Bucket, Delete: { Objects: [{ Key: "a\r\nb" }, { Key: "<&>" }] } }),
    copyObject: () => s3.copyObject({ Bucket, Key: "k", CopySource: { Bucket, Key: "ü +%/a//b", VersionId: "v" } }),
    createMultipartUpload: () => s3.createMultipartUpload({ Bucket, Key: "k", ContentType: "text/plain" }),
    uploadPart: () => s3.uploadPart({ Bucket, Key: "k", UploadId: "u/+=&", PartNumber: 3, Body: "part" }),
    completeMultipartUpload: () =>
      s3.completeMultipartUpload({
        Bucket,
        Key: "k",
        UploadId: "u",
        MultipartUpload: { Parts: [{ PartNumber: 1, ETag: '"e"' }] },
      }),
    putBucketPolicy: () => s3.putBucketPolicy({ Bucket, Policy: '{"a":"é日本"}' }),
    "putBucketAcl, no query value": () => s3.putBucketAcl({ Bucket, ACL: "private" }),
    "headers of the caller's": () =>
      s3.headObject({ Bucket, Key: "k" }, { headers: { "x-custom": " a   b ", "X-Amz-Meta-Up": "Case" } }),
    "customer's key": () =>
      s3.getObject({ Bucket, Key: "k", SSECustomerAlgorithm: "AES256", SSECustomerKey: new Uint8Array(32) }),
  };
  for (const [title, call] of Object.entries(calls)) {
    test(title, async () => {
      confirm(await wire(call));
    });
  }

  for (const Key of [...awkwardKeys, ...controlKeys]) {
    test(`key ${keyTitle(Key)}`, async () => {
      const request = await wire(() => s3.getObject({ Bucket, Key }));
      const path = request.path.replace(/\?.*$/s, "");
      expect(decodeURIComponent(path)).toBe(`/${Bucket}/${Key}`);
      expect(path).toMatch(/^[A-Za-z0-9%\-._~/]*$/);
      confirm(request);
    });
  }
});

describe("presigned URLs under aws4", () => {
  const sign = (method: string, url: string, headers: Record<string, string> = {}) => {
    const [, host = "", path = ""] = /^http:\/\/([^/]+)(.*)$/s.exec(url) ?? [];
    const signature = /[?&]X-Amz-Signature=([0-9a-f]{64})$/.exec(path)?.[1];
    const bare = path
      .replace(/&X-Amz-Signature=.*$/, "")
      .replace(/&?X-Amz-(SignedHeaders|Credential|Algorithm|Security-Token)=[^&]*/g, "");
    const request = { method, path: bare, headers: { host, ...headers }, service: "s3", region, signQuery: true };
    const again = aws4.sign(request, keys);
    expect(/X-Amz-Signature=([0-9a-f]{64})/.exec(again.path)?.[1]).toBe(signature);
  };

  test("every awkward key", async () => {
    for (const Key of [...awkwardKeys, ...controlKeys]) {
      sign("GET", await s3.presign("getObject", { Bucket: "wire-bucket", Key }, { expiresIn: 77 }));
    }
  });

  test("queries and headers", async () => {
    const Bucket = "wire-bucket";
    sign("GET", s3.presignSync("listObjectsV2", { Bucket, Prefix: "a b/é+&=%~*'()!" }));
    sign(
      "GET",
      await s3.presign("getObject", { Bucket, Key: "k", ResponseContentDisposition: 'attachment; filename="é&.txt"' }),
    );
    sign("PUT", await s3.presign("uploadPart", { Bucket, Key: "k", UploadId: "u/+=", PartNumber: 2 }));
    sign("GET", await s3.presign("getBucketAcl", { Bucket }));
    sign("PUT", await s3.presign("putObject", { Bucket, Key: "k" }, { headers: { "content-type": "text/a  b" } }), {
      "content-type": "text/a  b",
    });
  });
});

describe("the chunks of a stream", () => {
  test("each is signed over the one before it", async () => {
    const whole = Buffer.alloc(200_000, "0123456789");
    const request = await wire(() =>
      s3.putObject({
        Bucket: "wire-bucket",
        Key: "k",
        Body: Readable.from([whole.subarray(0, 7), whole.subarray(7)]),
        ContentLength: whole.length,
      }),
    );
    confirm(request);
    expect(request.headers["x-amz-content-sha256"]).toMatch(/^STREAMING-AWS4-HMAC-SHA256-PAYLOAD(-TRAILER)?$/);
    expect(request.headers["x-amz-decoded-content-length"]).toBe(String(whole.length));
    expect(request.headers["content-length"]).toBe(String(request.body.length));

    const hmac = (key: string | Buffer, text: string) => createHmac("sha256", key).update(text).digest();
    const sha = (bytes: Uint8Array) => createHash("sha256").update(bytes).digest("hex");
    const date = request.headers["x-amz-date"] ?? "";
    const scope = [date.slice(0, 8), region, "s3", "aws4_request"];
    const key = scope.reduce<string | Buffer>((secret, step) => hmac(secret, step), `AWS4${keys.secretAccessKey}`);
    let previous = /Signature=([0-9a-f]{64})/.exec(request.headers["authorization"] ?? "")?.[1] ?? "";
    const pieces: Buffer[] = [];
    for (let rest = request.body; rest.length > 0; ) {
      const end = rest.indexOf("\r\n");
      const [, size = "", signature] =
        /^([0-9a-f]+);chunk-signature=([0-9a-f]{64})$/i.exec(rest.toString("latin1", 0, end)) ?? [];
      const bytes = rest.subarray(end + 2, end + 2 + Number.parseInt(size, 16));
      const text = ["AWS4-HMAC-SHA256-PAYLOAD", date, scope.join("/"), previous, sha(Buffer.alloc(0)), sha(bytes)].join(
        "\n",
      );
      expect(hmac(key, text).toString("hex")).toBe(signature);
      previous = signature ?? "";
      pieces.push(bytes);
      rest = rest.subarray(end + 2 + bytes.length + (bytes.length > 0 ? 2 : 0));
      if (bytes.length === 0) break;
    }
    expect(Buffer.concat(pieces).equals(whole)).toBe(true);
  });
});

/** Names in lower case; those that came more than once joined, as the signature has them. */
function headersOf({ rawHeaders }: IncomingMessage): Record<string, string> {
  const headers: Record<string, string> = {};
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const name = rawHeaders[at]!.toLowerCase();
    const value = rawHeaders[at + 1]!;
    headers[name] = headers[name] === undefined ? value : `${headers[name]},${value}`;
  }
  return headers;
}

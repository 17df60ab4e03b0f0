import { createHash } from "node:crypto";
import { Readable } from "node:stream";
import { type S3Client, type S3ClientOptions, Session } from "tucuxi";
import { S3Server } from "tucuxi/testing";
import { describe, expect, it } from "vitest";
import { keys, nowhere, onAws, onService, Play, type Scope, type Sent, Service, unframe, verdict } from "./support.js";

const text = Buffer.alloc(150_000, "tucuxi ");
const empty = createHash("sha256").digest("hex");
const digest = createHash("sha256").update(text).digest("hex");
const stream = () => Readable.from([text.subarray(0, 70_001), text.subarray(70_001)]);

const tls = "https://store.test";
const http = "http://store.test";

type Kind = "none" | "document" | "bytes" | "stream";
type Row = [kind: Kind, checksum: boolean, endpoint: string, payloadSigning: boolean | undefined, declared: string];

/** The table of payload.ts, row by row. */
const table: Row[] = [
  ...[tls, http].flatMap((endpoint) =>
    [undefined, true, false].flatMap((signing): Row[] => [
      ["none", false, endpoint, signing, empty],
      ["document", true, endpoint, signing, "sha256"],
      ["document", false, endpoint, signing, "sha256"],
    ]),
  ),
  ["bytes", true, tls, undefined, "UNSIGNED-PAYLOAD"],
  ["bytes", true, tls, true, digest],
  ["bytes", true, tls, false, "UNSIGNED-PAYLOAD"],
  ["bytes", true, http, undefined, digest],
  ["bytes", true, http, true, digest],
  ["bytes", true, http, false, "UNSIGNED-PAYLOAD"],
  ["bytes", false, tls, undefined, digest],
  ["bytes", false, tls, true, digest],
  ["bytes", false, tls, false, "UNSIGNED-PAYLOAD"],
  ["bytes", false, http, undefined, digest],
  ["bytes", false, http, true, digest],
  ["bytes", false, http, false, "UNSIGNED-PAYLOAD"],
  ["stream", true, tls, undefined, "STREAMING-UNSIGNED-PAYLOAD-TRAILER"],
  ["stream", true, tls, true, "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER"],
  ["stream", true, tls, false, "STREAMING-UNSIGNED-PAYLOAD-TRAILER"],
  ["stream", true, http, undefined, "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER"],
  ["stream", true, http, true, "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER"],
  ["stream", true, http, false, "STREAMING-UNSIGNED-PAYLOAD-TRAILER"],
  ["stream", false, tls, undefined, "UNSIGNED-PAYLOAD"],
  ["stream", false, tls, true, "STREAMING-AWS4-HMAC-SHA256-PAYLOAD"],
  ["stream", false, tls, false, "UNSIGNED-PAYLOAD"],
  ["stream", false, http, undefined, "STREAMING-AWS4-HMAC-SHA256-PAYLOAD"],
  ["stream", false, http, true, "STREAMING-AWS4-HMAC-SHA256-PAYLOAD"],
  ["stream", false, http, false, "UNSIGNED-PAYLOAD"],
];

async function send(s3: S3Client, kind: Kind, bucket = "river"): Promise<unknown> {
  switch (kind) {
    case "none":
      return s3.deleteObject({ Bucket: bucket, Key: "k" });
    case "document":
      return s3.putBucketPolicy({ Bucket: bucket, Policy: "{}" });
    case "bytes":
      return s3.putObject({ Bucket: bucket, Key: "k", Body: text });
    default:
      return s3.uploadPart({
        Bucket: bucket,
        Key: "k",
        UploadId: "u",
        PartNumber: 1,
        Body: stream,
        ContentLength: text.length,
      });
  }
}

const body = (sent: Sent, scope?: Scope): Buffer => unframe(sent, scope).body;

describe("what is declared of a payload", () => {
  it.each(table)("%s, checksum %s, %s, payloadSigning %s: %s", async (kind, checksum, endpoint, signing, declared) => {
    const play = new Play();
    await using s3 = onAws(play, {
      endpoint,
      payloadSigning: signing,
      ...(checksum ? { requestChecksumCalculation: "WHEN_SUPPORTED" } : {}),
    });
    await send(s3, kind);
    const sent = play.last;
    const expected = declared === "sha256" ? createHash("sha256").update(sent.body).digest("hex") : declared;
    expect(sent.headers["x-amz-content-sha256"]).toBe(expected);
    expect(verdict(sent)).toMatchObject({ valid: true });
    if (kind === "bytes" || kind === "stream") {
      expect(body(sent).equals(text)).toBe(true);
      const chunked = declared.startsWith("STREAMING");
      expect(sent.headers["x-amz-decoded-content-length"]).toBe(chunked ? String(text.length) : undefined);
      expect(sent.headers["x-amz-trailer"]).toBe(declared.endsWith("TRAILER") ? "x-amz-checksum-crc32" : undefined);
      expect(Number(sent.headers["content-length"] ?? text.length)).toBe(sent.body.length);
      expect(sent.headers["content-encoding"]).toBeUndefined();
    }
  });

  it("sends nothing of it unsigned and unasked over plain HTTP", () => {
    for (const [kind, , endpoint, signing, declared] of table) {
      if (endpoint === http && signing === undefined && kind !== "none") expect(declared).not.toMatch(/UNSIGNED/);
    }
  });

  it("is read from the profile's payload_signing_enabled too", async () => {
    const { mkdtemp, rm, writeFile } = await import("node:fs/promises");
    const folder = await mkdtemp(`${(await import("node:os")).tmpdir()}/tucuxi-`);
    try {
      await writeFile(`${folder}/config`, "[default]\ns3 =\n  payload_signing_enabled = true\n");
      const play = new Play();
      const session = new Session({ env: { ...nowhere, AWS_CONFIG_FILE: `${folder}/config` }, credentials: keys });
      await using s3 = session.client({ dispatcher: play });
      await send(s3, "bytes");
      expect(play.last.headers["x-amz-content-sha256"]).toBe(digest);
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});

describe("aws-chunked as Content-Encoding", () => {
  const put = async (options: S3ClientOptions, ContentEncoding?: string): Promise<Sent> => {
    const play = new Play();
    await using s3 = onAws(play, options);
    const input = { Bucket: "river", Key: "k", Body: stream, ContentLength: text.length, ChecksumAlgorithm: "SHA1" };
    await s3.putObject({ ...input, ...(ContentEncoding === undefined ? {} : { ContentEncoding }) });
    expect(verdict(play.last)).toMatchObject({ valid: true });
    return play.last;
  };

  it.each([
    [undefined, "aws-chunked"],
    ["gzip", "gzip,aws-chunked"],
    ["gzip, br", "gzip, br,aws-chunked"],
  ])("comes after the caller's on Amazon's hosts: %s", async (given, sent) => {
    expect((await put({}, given)).headers["content-encoding"]).toBe(sent);
    expect((await put({ payloadSigning: true }, given)).headers["content-encoding"]).toBe(sent);
  });

  it.each([http, tls])("is left out on %s, which might store it", async (endpoint) => {
    expect((await put({ endpoint })).headers["content-encoding"]).toBeUndefined();
    expect((await put({ endpoint }, "gzip")).headers["content-encoding"]).toBe("gzip");
  });

  it("is never stored with the object", async () => {
    const server = await S3Server.start({ buckets: ["river"] });
    try {
      for (const checksums of ["WHEN_SUPPORTED", "WHEN_REQUIRED"] as const) {
        for (const payloadSigning of [true, false]) {
          await using s3 = onService(server, {
            region: server.region,
            credentials: server.credentials,
            requestChecksumCalculation: checksums,
            payloadSigning,
          });
          const object = { Bucket: "river", Key: "k" };
          await s3.putObject({ ...object, Body: stream, ContentLength: text.length });
          expect(await s3.headObject(object)).not.toHaveProperty("ContentEncoding");
          await s3.putObject({ ...object, Body: stream, ContentLength: text.length, ContentEncoding: "br" });
          const { Body, ContentEncoding } = await s3.getObject(object);
          expect(ContentEncoding).toBe("br");
          expect(Buffer.from(await Body.bytes()).equals(text)).toBe(true);
        }
      }
    } finally {
      await server.stop();
    }
  });
});

describe("Multi-Region Access Points", () => {
  const arn = "arn:aws:s3::123456789012:accesspoint/mfzwi23gnjvgw.mrap";
  const host = "https://mfzwi23gnjvgw.mrap.accesspoint.s3-global.amazonaws.com";

  it("sign for all regions with SigV4A", async () => {
    const play = new Play();
    await using s3 = onAws(play);
    await s3.getObject({ Bucket: arn, Key: "a//b" });
    const sent = play.last;
    expect(sent.origin).toBe(host);
    expect(sent.path).toBe("/a//b");
    expect(sent.headers["x-amz-region-set"]).toBe("*");
    expect(sent.headers["authorization"]).toMatch(
      /^AWS4-ECDSA-P256-SHA256 Credential=AKIDCLIENT\/\d{8}\/s3\/aws4_request/,
    );
    expect(verdict(sent, { region: "eu-central-1" })).toMatchObject({ valid: true });
    expect(verdict(sent, { credentials: { ...keys, secretAccessKey: "another" } }).valid).toBe(false);
  });

  it("send the session token signed", async () => {
    const play = new Play();
    const credentials = { ...keys, sessionToken: "the-token" };
    await using s3 = onAws(play, { credentials });
    await s3.headObject({ Bucket: arn, Key: "k" });
    expect(play.last.headers["x-amz-security-token"]).toBe("the-token");
    expect(play.last.headers["authorization"]).toContain("x-amz-security-token");
    expect(verdict(play.last, { credentials })).toMatchObject({ valid: true });
  });

  it.each([
    [{ payloadSigning: true }, "STREAMING-AWS4-ECDSA-P256-SHA256-PAYLOAD-TRAILER"],
    [{ payloadSigning: true, requestChecksumCalculation: "WHEN_REQUIRED" }, "STREAMING-AWS4-ECDSA-P256-SHA256-PAYLOAD"],
    [{}, "STREAMING-UNSIGNED-PAYLOAD-TRAILER"],
  ] as [S3ClientOptions, string][])("sign streams chunk by chunk: %o", async (options, declared) => {
    const play = new Play();
    await using s3 = onAws(play, options);
    await send(s3, "stream", arn);
    const sent = play.last;
    expect(sent.headers["x-amz-content-sha256"]).toBe(declared);
    expect(verdict(sent)).toMatchObject({ valid: true });
    expect(body(sent).equals(text)).toBe(true);
    expect(sent.headers["content-length"]).toBe(String(sent.body.length));
  });

  it("presign", async () => {
    await using s3 = onAws(new Play());
    const url = new URL(await s3.presign("getObject", { Bucket: arn, Key: "k" }));
    expect(url.origin).toBe(host);
    expect(url.searchParams.get("X-Amz-Algorithm")).toBe("AWS4-ECDSA-P256-SHA256");
    expect(url.searchParams.get("X-Amz-Region-Set")).toBe("*");
    const sent = { method: "GET", origin: url.origin, target: url.pathname + url.search, headers: {} } as Sent;
    expect(verdict(sent)).toMatchObject({ valid: true });
  });

  it("can be refused", async () => {
    await using s3 = onAws(new Play(), { disableMultiregionAccessPoints: true });
    await expect(s3.getObject({ Bucket: arn, Key: "k" })).rejects.toThrow(/Multi-Region Access Point/i);
  });
});

describe("WriteGetObjectResponse", () => {
  const input = { RequestRoute: "io-iad07", RequestToken: "token", StatusCode: 200 };

  it("is signed, payload and all, where nothing else protects it", async () => {
    for (const Body of [text, stream]) {
      const play = new Play();
      await using s3 = onAws(play, { endpoint: http });
      await s3.writeGetObjectResponse({ ...input, Body, ContentLength: text.length });
      const { headers, body } = play.last;
      expect(headers["x-amz-content-sha256"]).toBe(
        Body === stream ? "STREAMING-AWS4-HMAC-SHA256-PAYLOAD" : createHash("sha256").update(body).digest("hex"),
      );
      expect(verdict(play.last, { service: "s3-object-lambda" })).toMatchObject({ valid: true });
    }
  });

  it.each([
    ["bytes", { Body: text }],
    ["a stream", { Body: stream, ContentLength: text.length }],
  ])("goes to its route, its payload unsigned: %s", async (_, more) => {
    const play = new Play();
    await using s3 = onAws(play, { payloadSigning: true, requestChecksumCalculation: "WHEN_SUPPORTED" });
    await s3.writeGetObjectResponse({ ...input, ...more });
    const sent = play.last;
    expect(sent.origin).toBe("https://io-iad07.s3-object-lambda.eu-central-1.amazonaws.com");
    expect(sent.path).toBe("/WriteGetObjectResponse");
    expect(sent.headers["x-amz-content-sha256"]).toBe("UNSIGNED-PAYLOAD");
    expect(sent.body.equals(text)).toBe(true);
    expect(verdict(sent, { service: "s3-object-lambda" })).toMatchObject({ valid: true });
  });

  it("takes a stream as it is made, however long it will be", async () => {
    const play = new Play();
    await using s3 = onAws(play);
    async function* made(): AsyncGenerator<Uint8Array> {
      for (let i = 0; i < 70; i++) yield text;
    }
    await s3.writeGetObjectResponse({ ...input, Body: made() });
    const { headers, body } = play.last;
    expect(headers["content-length"]).toBeUndefined();
    expect(headers["x-amz-content-sha256"]).toBe("UNSIGNED-PAYLOAD");
    expect(body).toHaveLength(70 * text.length);
    expect(verdict(play.last, { service: "s3-object-lambda" })).toMatchObject({ valid: true });
    // Over plain HTTP its chunks are signed, and their whole length announced.
    await using plain = onAws(new Play(), { endpoint: http });
    await expect(plain.writeGetObjectResponse({ ...input, Body: made() })).rejects.toThrow(/its length is not known/);
  });

  it.each([
    [tls, tls.replace("//", "//io-iad07.")],
    ["http://127.0.0.1:9000", "http://127.0.0.1:9000"],
    ["http://localhost:9000", "http://localhost:9000"],
  ])("goes to its route on an endpoint of one's own, if that has names below it: %s", async (endpoint, origin) => {
    const play = new Play();
    await using s3 = onAws(play, { endpoint });
    await s3.writeGetObjectResponse({ ...input, Body: "x" });
    expect(play.last.origin).toBe(origin);
  });
});

describe("clients without credentials", () => {
  it.each(["none", "document", "bytes", "stream"] as Kind[])("sign nothing: %s", async (kind) => {
    for (const endpoint of [undefined, http, tls]) {
      const play = new Play();
      await using s3 = onAws(play, { credentials: "anonymous", ...(endpoint ? { endpoint } : {}) });
      await send(s3, kind);
      const { headers } = play.last;
      for (const name of ["authorization", "x-amz-date", "x-amz-security-token"])
        expect(headers).not.toHaveProperty(name);
      expect(headers["x-amz-content-sha256"]).toBe(
        kind === "stream" && endpoint === undefined ? "STREAMING-UNSIGNED-PAYLOAD-TRAILER" : undefined,
      );
      if (kind === "stream" || kind === "bytes") expect(body(play.last).equals(text)).toBe(true);
    }
  });

  it("send streams over plain HTTP as they are", async () => {
    await using service = await Service.start();
    await using s3 = onService(service, { credentials: "anonymous" });
    await send(s3, "stream");
    expect(service.last.body.equals(text)).toBe(true);
    expect(service.last.headers["content-length"]).toBe(String(text.length));
  });

  it("give URLs without a signature", async () => {
    await using s3 = onAws(new Play(), { credentials: "anonymous" });
    expect(s3.presignSync("getObject", { Bucket: "river", Key: "a b", VersionId: "v" })).toBe(
      "https://river.s3.eu-central-1.amazonaws.com/a%20b?versionId=v",
    );
  });
});

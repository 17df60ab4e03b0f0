import { createHash } from "node:crypto";
import { Readable } from "node:stream";
import { type ChecksumMode, S3Client, type S3ClientOptions, Session } from "tucuxi";
import { describe, expect, it } from "vitest";
import { type ChecksumAlgorithm, checksum, digestLengths } from "../../src/transport/checksum/index.js";
import { type Answer, fail, failureOf, keys, nowhere, Play, type Sent, unframe, verdict } from "./support.js";

const text = Buffer.from("the tucuxi is the other river dolphin");
const algorithms = Object.keys(digestLengths) as ChecksumAlgorithm[];

const hosts = {
  AWS: {},
  "custom http": { endpoint: "http://store.test:9000" },
  "custom https": { endpoint: "https://store.test" },
} satisfies Record<string, S3ClientOptions>;
type Host = keyof typeof hosts;

const payloads = {
  bytes: { Body: text },
  "stream of known length": { Body: () => Readable.from([text]), ContentLength: text.length },
  "stream of unknown length": { Body: () => Readable.from([text]) },
  empty: { Body: "" },
  none: {},
};
type Payload = keyof typeof payloads | "XML";

const make = (host: Host, dispatcher: Play, options: S3ClientOptions = {}): S3Client =>
  new S3Client({ region: "eu-central-1", credentials: keys, ...hosts[host], maxAttempts: 1, ...options, dispatcher });

async function send(host: Host, payload: Payload, options: S3ClientOptions, extra: object = {}): Promise<Sent> {
  const play = new Play();
  await using s3 = make(host, play, options);
  if (payload === "XML") {
    await s3.putBucketTagging({ Bucket: "river", Tagging: { TagSet: [{ Key: "a", Value: "b" }] }, ...extra });
  } else await s3.putObject({ Bucket: "river", Key: "k", ...payloads[payload], ...extra });
  expect(play.sent).toHaveLength(1);
  expect(verdict(play.last)).toMatchObject({ valid: true });
  return play.last;
}

/** All that is said of a payload, in headers and trailers. */
function said(sent: Sent): Record<string, string> {
  const { trailers } = unframe(sent);
  const names =
    /^(x-amz-checksum-|x-amz-sdk-|content-md5|x-amz-trailer$|x-amz-content-sha256|content-encoding|transfer-enc)/;
  const headers = Object.fromEntries(Object.entries(sent.headers).filter(([name]) => names.test(name)));
  return {
    ...headers,
    ...Object.fromEntries(Object.entries(trailers).map(([name, value]) => [`trailer ${name}`, value])),
  };
}

const sha = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex");
const md5 = (bytes: Uint8Array): string => createHash("md5").update(bytes).digest("base64");
const bytesOf = (payload: Payload, sent: Sent): Buffer =>
  payload === "XML" ? sent.body : payload === "empty" || payload === "none" ? Buffer.alloc(0) : text;

/** What must be declared where a checksum of that algorithm is sent. */
function withChecksum(host: Host, payload: Payload, algorithm: ChecksumAlgorithm, sent: Sent): Record<string, string> {
  const bytes = bytesOf(payload, sent);
  const name = `x-amz-checksum-${algorithm.toLowerCase()}`;
  const value = checksum(algorithm, bytes);
  const http = host === "custom http";
  if (payload === "stream of known length") {
    return {
      "x-amz-sdk-checksum-algorithm": algorithm,
      "x-amz-trailer": name,
      [`trailer ${name}`]: value,
      "x-amz-content-sha256": http
        ? "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER"
        : "STREAMING-UNSIGNED-PAYLOAD-TRAILER",
      ...(host === "AWS" ? { "content-encoding": "aws-chunked" } : {}),
    };
  }
  return {
    "x-amz-sdk-checksum-algorithm": algorithm,
    [name]: value,
    "x-amz-content-sha256": http || payload === "XML" ? sha(bytes) : "UNSIGNED-PAYLOAD",
  };
}

/** The same where none is sent. */
function plain(host: Host, payload: Payload, sent: Sent): Record<string, string> {
  if (payload === "stream of known length") {
    return {
      "x-amz-content-sha256": host === "custom http" ? "STREAMING-AWS4-HMAC-SHA256-PAYLOAD" : "UNSIGNED-PAYLOAD",
    };
  }
  return { "x-amz-content-sha256": sha(bytesOf(payload, sent)) };
}

const allHosts = Object.keys(hosts) as Host[];
const allPayloads = [...Object.keys(payloads), "XML"] as Payload[];
const grid = allHosts.flatMap((host) => allPayloads.map((payload) => [host, payload] as const));

describe("checksums of requests", () => {
  it.each(grid)("by default: %s, %s", async (host, payload) => {
    const sent = await send(host, payload, {});
    if (host === "AWS") expect(said(sent)).toEqual(withChecksum(host, payload, "CRC32", sent));
    else if (payload === "XML") {
      expect(said(sent)).toEqual({ "content-md5": md5(sent.body), ...plain(host, payload, sent) });
    } else expect(said(sent)).toEqual(plain(host, payload, sent));
  });

  it.each(grid)("WHEN_SUPPORTED: %s, %s", async (host, payload) => {
    const sent = await send(host, payload, { requestChecksumCalculation: "WHEN_SUPPORTED" });
    expect(said(sent)).toEqual(withChecksum(host, payload, "CRC32", sent));
  });

  it.each(grid)("WHEN_REQUIRED: %s, %s", async (host, payload) => {
    const sent = await send(host, payload, { requestChecksumCalculation: "WHEN_REQUIRED" });
    const want = payload === "XML" ? withChecksum(host, payload, "CRC32", sent) : plain(host, payload, sent);
    expect(said(sent)).toEqual(want);
  });

  const named = allHosts.flatMap((host) =>
    (["bytes", "stream of known length", "XML"] as Payload[]).flatMap((payload) =>
      algorithms.map((algorithm) => [host, payload, algorithm] as const),
    ),
  );

  it.each(named)("named by the caller: %s, %s, %s", async (host, payload, algorithm) => {
    for (const requestChecksumCalculation of [undefined, "WHEN_REQUIRED"] as (ChecksumMode | undefined)[]) {
      const sent = await send(host, payload, { requestChecksumCalculation }, { ChecksumAlgorithm: algorithm });
      expect(said(sent)).toEqual(withChecksum(host, payload, algorithm, sent));
    }
  });

  it.each(allHosts.flatMap((host) => algorithms.map((algorithm) => [host, algorithm] as const)))(
    "given by the caller: %s, %s",
    async (host, algorithm) => {
      const value = checksum(algorithm, text);
      const name = `x-amz-checksum-${algorithm.toLowerCase()}`;
      const given = { [`Checksum${algorithm}`]: value };
      const sent = await send(host, "bytes", {}, given);
      expect(said(sent)).toEqual({
        [name]: value,
        "x-amz-content-sha256": host === "custom http" ? sha(text) : "UNSIGNED-PAYLOAD",
      });
      const streamed = await send(host, "stream of known length", {}, given);
      expect(said(streamed)).toEqual({ [name]: value, ...plain(host, "stream of known length", streamed) });
    },
  );

  it.each(allHosts)("Content-MD5 of the caller's: %s", async (host) => {
    const sent = await send(host, "bytes", {}, { ContentMD5: md5(text) });
    expect(said(sent)).toMatchObject({ "content-md5": md5(text) });
    expect("x-amz-sdk-checksum-algorithm" in sent.headers).toBe(host === "AWS");
    const document = await send(host, "XML", {}, { ContentMD5: "MgcyLuyu/9N0HbgmLdvlxA==" });
    expect(document.headers["content-md5"]).toBe("MgcyLuyu/9N0HbgmLdvlxA==");
  });

  it("leaves an algorithm that nobody knows to the service", async () => {
    const sent = await send("AWS", "bytes", {}, { ChecksumAlgorithm: "CRC2050" });
    expect(said(sent)).toEqual({ "x-amz-sdk-checksum-algorithm": "CRC2050", "x-amz-content-sha256": sha(text) });
  });

  it.each(["getObject", "headObject", "deleteObject", "createMultipartUpload"] as const)(
    "says nothing of a payload that %s has not",
    async (method) => {
      const play = new Play(() => ({ body: "<a/>" }));
      await using s3 = make("custom https", play);
      await s3[method]({ Bucket: "river", Key: "k" }).catch(() => {});
      const { "x-amz-content-sha256": hash, ...rest } = said(play.last);
      expect(hash).toBe(sha(Buffer.alloc(0)));
      expect(rest).toEqual({});
    },
  );
});

describe("where the setting comes from", () => {
  const trial = async (env: Record<string, string>, options: S3ClientOptions = {}): Promise<Sent> => {
    const play = new Play();
    const session = new Session({ env: { ...nowhere, ...env }, credentials: keys, region: "eu-central-1" });
    await using s3 = session.client({ endpoint: "https://store.test", ...options, dispatcher: play });
    await s3.putObject({ Bucket: "river", Key: "k", Body: text });
    return play.last;
  };

  it("is the environment", async () => {
    const sent = await trial({ AWS_REQUEST_CHECKSUM_CALCULATION: "when_supported" });
    expect(sent.headers["x-amz-checksum-crc32"]).toBe(checksum("CRC32", text));
  });

  it("is the client's option before it", async () => {
    const sent = await trial(
      { AWS_REQUEST_CHECKSUM_CALCULATION: "when_supported" },
      { requestChecksumCalculation: "WHEN_REQUIRED" },
    );
    expect(sent.headers["x-amz-checksum-crc32"]).toBeUndefined();
  });

  it("is the profile", async () => {
    const { mkdtemp, rm, writeFile } = await import("node:fs/promises");
    const folder = await mkdtemp(`${(await import("node:os")).tmpdir()}/tucuxi-`);
    try {
      await writeFile(`${folder}/config`, "[default]\nrequest_checksum_calculation = when_supported\n");
      const sent = await trial({ AWS_CONFIG_FILE: `${folder}/config` });
      expect(sent.headers["x-amz-checksum-crc32"]).toBe(checksum("CRC32", text));
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});

describe("checksums of answers", () => {
  const get = async (
    host: Host,
    options: S3ClientOptions,
    answer: Answer,
    input: object = {},
  ): Promise<{ sent: Sent; body: Promise<string> }> => {
    const play = new Play(() => answer);
    const s3 = make(host, play, options);
    const { Body } = await s3.getObject({ Bucket: "river", Key: "k", ...input });
    const body = Body.text();
    await body.catch(() => {});
    return { sent: play.last, body };
  };
  const holding = (algorithm: ChecksumAlgorithm, of: Uint8Array, more: Record<string, string> = {}): Answer => ({
    headers: { [`x-amz-checksum-${algorithm.toLowerCase()}`]: checksum(algorithm, of), ...more },
    body: text,
  });

  it.each([
    ["AWS", undefined, true],
    ["AWS", "WHEN_SUPPORTED", true],
    ["AWS", "WHEN_REQUIRED", false],
    ["custom https", undefined, false],
    ["custom https", "WHEN_SUPPORTED", true],
    ["custom https", "WHEN_REQUIRED", false],
  ] as [Host, ChecksumMode | undefined, boolean][])("are asked for: %s, %s: %s", async (host, mode, asked) => {
    const { sent } = await get(host, { responseChecksumValidation: mode }, { body: text });
    expect(sent.headers["x-amz-checksum-mode"]).toBe(asked ? "ENABLED" : undefined);
  });

  it.each(algorithms)("are checked: %s", async (algorithm) => {
    const good = await get("AWS", {}, holding(algorithm, text));
    expect(await good.body).toBe(text.toString());
    const bad = await get("AWS", {}, holding(algorithm, Buffer.from("other")));
    expect(await failureOf(bad.body)).toMatchObject({
      name: "ChecksumMismatchError",
      algorithm,
      expected: checksum(algorithm, Buffer.from("other")),
      actual: checksum(algorithm, text),
    });
  });

  it("are checked on other hosts where they come unasked", async () => {
    const { body } = await get("custom https", {}, holding("SHA256", Buffer.from("other")));
    expect((await failureOf(body)).name).toBe("ChecksumMismatchError");
  });

  it("are not checked with WHEN_REQUIRED, unless the caller asks", async () => {
    const options = { responseChecksumValidation: "WHEN_REQUIRED" } as const;
    const wrong = holding("CRC32", Buffer.from("other"));
    expect(await (await get("AWS", options, wrong)).body).toBe(text.toString());
    const asked = await get("AWS", options, wrong, { ChecksumMode: "ENABLED" });
    expect(asked.sent.headers["x-amz-checksum-mode"]).toBe("ENABLED");
    expect((await failureOf(asked.body)).name).toBe("ChecksumMismatchError");
  });

  it.each([
    ["composite by its form", holding("CRC32", text, { "x-amz-checksum-crc32": "AAAAAA==-3" })],
    ["composite by its type", holding("CRC32", Buffer.from("other"), { "x-amz-checksum-type": "COMPOSITE" })],
    ["a range", { ...holding("CRC32", Buffer.from("other"), { "content-range": "bytes 0-36/90" }), status: 206 }],
    ["an algorithm of the future", { headers: { "x-amz-checksum-crc2050": "AAAA" }, body: text }],
  ])("are passed over: %s", async (_, answer) => {
    expect(await (await get("AWS", {}, answer)).body).toBe(text.toString());
  });

  it("are no matter to an error", async () => {
    const play = new Play(() => ({ ...fail(404, "NoSuchKey"), headers: { "x-amz-checksum-crc32": "AAAAAA==" } }));
    expect((await failureOf(make("AWS", play).getObject({ Bucket: "river", Key: "k" }))).code).toBe("NoSuchKey");
  });
});

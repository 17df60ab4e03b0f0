import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { S3Client } from "tucuxi";
import { afterAll, afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { failing, MIB, noise } from "./support.js";

// A service that does with parts what ours in memory never would: goes on with them after the upload was aborted.
type Answer = (response: ServerResponse, request: IncomingMessage) => void | Promise<void>;

const xml =
  (root: string, content = "", status = 200): Answer =>
  (response) => {
    response.writeHead(status, { "content-type": "application/xml" }).end(`<${root}>${content}</${root}>`);
  };
const refusal = (code: string, status: number): Answer => xml("Error", `<Code>${code}</Code>`, status);
const stored: Answer = (response, request) =>
  request.headers["x-amz-copy-source"] === undefined
    ? void response.writeHead(200, { etag: '"1"' }).end()
    : xml("CopyPartResult", "<ETag>1</ETag>")(response, request);
const lost: Answer = (_response, request) => void request.socket.destroy();
const onePart = xml("ListPartsResult", "<Part><PartNumber>2</PartNumber></Part>");
const silence: Answer = () => {};

const operations: Record<string, string> = {
  HEAD: "HeadObject",
  POST: "CreateMultipartUpload",
  PUT: "UploadPart",
  DELETE: "AbortMultipartUpload",
  GET: "ListParts",
};

/** Operations in the order that they came, with what their headers said. */
let asked: { operation: string; headers: IncomingMessage["headers"] }[];
const names = (): string[] => asked.map(({ operation }) => operation);
let controller: AbortController;
const reason = new Error("enough");
/** What each operation is answered, in turn; the last answer for all that come after it. */
let answers: Record<string, Answer[]>;

const server = createServer(async (request, response) => {
  const { method = "", url = "" } = request;
  const operation = url.includes("?tagging") ? "GetObjectTagging" : (operations[method] ?? method);
  // A connection that had served before would be given a second try.
  response.setHeader("connection", "close");
  asked.push({ operation, headers: request.headers });
  request.resume();
  await once(request, "end").catch(() => {});
  const queue = answers[operation] ?? [];
  const answer = queue.length > 1 ? queue.shift() : queue[0];
  await answer?.(response, request);
});
server.listen(0, "127.0.0.1");
await once(server, "listening");
const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
const s3 = new S3Client({
  endpoint,
  region: "us-east-1",
  credentials: { accessKeyId: "a", secretAccessKey: "b" },
  maxAttempts: 1,
});
afterAll(async () => {
  await s3.close();
  server.closeAllConnections();
  server.close();
});

beforeEach(() => {
  asked = [];
  controller = new AbortController();
  answers = {
    HeadObject: [
      (response) => {
        response.writeHead(200, { "content-length": 10 * MIB, etag: '"1"' }).end();
      },
    ],
    GetObjectTagging: [xml("Tagging", "<TagSet/>")],
    CreateMultipartUpload: [xml("InitiateMultipartUploadResult", "<UploadId>u</UploadId>")],
    UploadPart: [stored],
    AbortMultipartUpload: [(response) => void response.writeHead(204).end()],
    ListParts: [refusal("NoSuchUpload", 404)],
  };
});
afterEach(() => void vi.useRealTimers());

const Body = noise(10 * MIB);
const input = { Bucket: "b", Key: "k", RequestPayer: "requester", ExpectedBucketOwner: "111122223333" } as const;
const options = { partSize: 5 * MIB, multipartThreshold: 5 * MIB, concurrency: 2 };

/** The transfer stops when both parts have arrived; then one is answered, and the other one dealt with. */
const stopAt2nd = (then: Answer): Answer[] => {
  let first: ServerResponse;
  return [
    (response) => {
      first = response;
    },
    async (response, request) => {
      controller.abort(reason);
      await stored(first, request);
      await then(response, request);
    },
  ];
};

const makeUpload = (): Promise<unknown> => s3.upload({ ...input, Body }, { ...options, signal: controller.signal });
const makeCopy = (): Promise<unknown> =>
  s3.copy({ ...input, CopySource: "c/k" }, { ...options, signal: controller.signal });

for (const [kind, call, before] of [
  ["an upload", makeUpload, ["CreateMultipartUpload", "UploadPart", "UploadPart"]],
  ["a copy", makeCopy, ["HeadObject", "GetObjectTagging", "CreateMultipartUpload", "UploadPart", "UploadPart"]],
] as const) {
  describe(`${kind} that is stopped while parts are under way`, () => {
    it("lets them be answered, and then needs no second look", async () => {
      // The moment that they are given does not pass.
      vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
      answers["UploadPart"] = stopAt2nd(stored);
      expect(await failing(call())).toBe(reason);
      expect(names()).toEqual([...before, "AbortMultipartUpload"]);
      expect(reason).toMatchObject({ upload: { UploadId: "u", aborted: true } });
    });

    it("aborts again where one came after the abort", async () => {
      answers["UploadPart"] = stopAt2nd(silence);
      answers["ListParts"] = [onePart, refusal("NoSuchUpload", 404)];
      expect(await failing(call())).toBe(reason);
      const round = ["AbortMultipartUpload", "ListParts"];
      expect(names()).toEqual([...before, ...round, ...round]);
      expect(reason).toMatchObject({ upload: { UploadId: "u", aborted: true } });
      const { headers } = asked.at(-1)!;
      expect(headers).toMatchObject({
        "x-amz-request-payer": "requester",
        "x-amz-expected-bucket-owner": "111122223333",
      });
    });
  });
}

describe("an upload whose parts were cut off", () => {
  beforeEach(() => {
    answers["UploadPart"] = stopAt2nd(silence);
  });
  const upload = (): unknown => (reason as unknown as { upload: unknown }).upload;

  it("is gone when no part is listed", async () => {
    answers["ListParts"] = [xml("ListPartsResult")];
    expect(await failing(makeUpload())).toBe(reason);
    expect(names().slice(3)).toEqual(["AbortMultipartUpload", "ListParts"]);
    expect(upload()).toMatchObject({ aborted: true });
  });

  it("is aborted a second time even if it was gone at first", async () => {
    answers["AbortMultipartUpload"] = [refusal("NoSuchUpload", 404), (response) => void response.writeHead(204).end()];
    answers["ListParts"] = [onePart, xml("ListPartsResult")];
    expect(await failing(makeUpload())).toBe(reason);
    expect(names().slice(3)).toEqual(["AbortMultipartUpload", "ListParts", "AbortMultipartUpload", "ListParts"]);
    expect(upload()).toMatchObject({ aborted: true });
  });

  it("counts as aborted where nobody may look", async () => {
    for (const answer of [refusal("AccessDenied", 403), refusal("NotImplemented", 501), lost]) {
      asked = [];
      controller = new AbortController();
      answers["UploadPart"] = stopAt2nd(silence);
      answers["ListParts"] = [answer];
      expect(await failing(makeUpload())).toBe(reason);
      expect(names().slice(3)).toEqual(["AbortMultipartUpload", "ListParts"]);
      expect(upload()).toMatchObject({ aborted: true });
    }
  });

  it("says what to do when parts come after every abort", async () => {
    answers["ListParts"] = [onePart];
    const error = await failing(makeUpload());
    expect(error).toBe(reason);
    expect(names().filter((name) => name === "AbortMultipartUpload")).toHaveLength(5);
    expect(upload()).toMatchObject({
      aborted: false,
      abortError: { code: "PartsLeft", hint: expect.stringContaining("abortMultipartUpload") },
    });
    expect(error["hint"]).toContain("could not be aborted");
  });

  it("says so when a later abort fails", async () => {
    answers["AbortMultipartUpload"] = [(response) => void response.writeHead(204).end(), refusal("AccessDenied", 403)];
    answers["ListParts"] = [onePart];
    expect(await failing(makeUpload())).toBe(reason);
    expect(upload()).toMatchObject({ aborted: false, abortError: { code: "AccessDenied" } });
  });
});

describe("an upload that fails", () => {
  const single = { ...options, concurrency: 1 };
  const lone = (more: object = {}): Promise<Error & Record<string, unknown>> =>
    failing(s3.upload({ ...input, Body }, { ...single, signal: controller.signal, ...more }));

  it("is looked after when the answer for a part got lost", async () => {
    answers["UploadPart"] = [lost];
    expect(await lone()).toMatchObject({ phase: "sent", upload: { aborted: true } });
    expect(names().slice(2)).toEqual(["AbortMultipartUpload", "ListParts"]);
  });

  it("is aborted, and no more, when a part was refused", async () => {
    answers["UploadPart"] = [refusal("AccessDenied", 403)];
    expect(await lone()).toMatchObject({ code: "AccessDenied", upload: { aborted: true } });
    expect(names().slice(1)).toEqual(["UploadPart", "AbortMultipartUpload"]);
  });

  it("is aborted, and no more, between parts", async () => {
    answers["UploadPart"] = [
      async (response, request) => {
        await stored(response, request);
        await once(response, "finish");
        controller.abort(reason);
      },
    ];
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    expect(await lone()).toBe(reason);
    expect(names().filter((name) => name === "ListParts")).toEqual([]);
  });

  it("sends no more of a part whose bytes are counted, and tells of none", async () => {
    // Two seconds' worth of bytes: none of the parts can be whole.
    const maxBandwidth = 2.5 * MIB;
    const after: number[] = [];
    const onProgress = ({ bytes }: { bytes: number }): void => {
      if (controller.signal.aborted) after.push(bytes);
      else controller.abort(reason);
    };
    expect(await lone({ maxBandwidth, onProgress })).toBe(reason);
    expect(after).toEqual([]);
    expect(names()).toEqual(["CreateMultipartUpload", "UploadPart", "AbortMultipartUpload"]);
  });
});

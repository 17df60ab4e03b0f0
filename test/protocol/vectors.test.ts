import { describe, expect, it } from "vitest";
import { ChecksumMismatchError, IncompleteBodyError, ParamValidationError } from "../../src/errors/base.js";
import { S3ServiceError } from "../../src/errors/service.js";
import { type OperationName, operation } from "../../src/model/operation.js";
import {
  hasStreamingOutput,
  loadEventStream,
  MalformedResponseError,
  parseError,
  parseOutput,
  prepareParser,
  responseMetadata,
  serialize,
} from "../../src/protocol/index.js";
import { finishOutput, prepareInput } from "../../src/rules/index.js";
import { plain, revive } from "../golden/values.js";
import { canonicalXml } from "../golden/wire.js";
import { sharedVectors } from "../support/shared.js";

/** What somebody else adds behind this room: signing, checksums, framing. */
const added = new Set([
  "x-amz-content-sha256",
  "x-amz-security-token",
  "transfer-encoding",
  "x-amz-trailer",
  "x-amz-decoded-content-length",
]);

interface RequestCase {
  suite: "requests" | "validation";
  id: string;
  op: OperationName;
  config: string;
  input: Record<string, unknown>;
  expect: {
    error?: string;
    method: string;
    path: string;
    query: [string, string][];
    query_raw: string;
    headers: Record<string, string>;
    body_b64?: string;
    xml_canonical?: unknown;
    payload: string;
    derived?: {
      checksum?: { header: string; default: boolean };
      lists?: string[];
      uuid?: string[];
      ssec_raw?: boolean;
    };
  };
}

const requestLines = sharedVectors<
  RequestCase & { configs: Record<string, { region: string; responseChecksumValidation: string }> }
>("requests.jsonl");

describe.runIf(requestLines !== undefined)("requests of the wider suite", () => {
  const [head, ...cases] = requestLines ?? [];
  it.each(cases.map((one) => [one.id, one] as const))("%s", (_, one) => {
    const op = operation(one.op);
    const input = revive(one.input) as object;
    const config = head!.configs[one.config]!;
    const before = JSON.stringify(one.input);
    const context = {
      region: config.region,
      checksumMode: config.responseChecksumValidation === "WHEN_SUPPORTED",
    };
    const run = () => serialize(op, prepareInput(op, input, context));
    const wanted = one.expect;
    if (wanted.error) {
      expect(run).toThrow(ParamValidationError);
      return;
    }
    const request = run();
    expect(JSON.stringify(one.input)).toBe(before);
    expect(op.method).toBe(wanted.method);

    // The bucket is in the host or in front of the path; a custom endpoint may have a path of its own.
    const bucket = (one.input["Bucket"] as string | undefined) ?? "";
    const base = one.config === "custom-path" ? "/store" : "";
    const paths =
      bucket === ""
        ? [base + request.path]
        : [`${base}/${bucket}${request.path}`, base + (request.path === "" ? "/" : request.path)];
    expect(paths).toContain(wanted.path);
    const pairs =
      request.query === "" ? [] : request.query.split("&").map((part) => part.split("=") as [string, string?]);
    const decoded = pairs.map(([name, value = ""]) => [decodeURIComponent(name), decodeURIComponent(value)]);
    const withoutEncoding = (list: string[][]) => list.filter(([name]) => name !== "encoding-type").sort();
    expect(withoutEncoding(decoded)).toEqual(withoutEncoding(wanted.query));
    // The same parts, each encoded as the other encoded it.
    for (const [name, value] of pairs)
      expect(wanted.query_raw).toContain(value === undefined ? name : `${name}=${value}`);
    expect(request.canonicalQuery).toBe(
      // By name: `select` comes before `select-type`.
      [...pairs]
        .sort(([a], [b]) => (a < b ? -1 : 1))
        .map(([name, value = ""]) => `${name}=${value}`)
        .join("&"),
    );

    const headers = new Map<string, string>();
    for (let i = 0; i < request.headers.length; i += 2) {
      expect(headers.has(request.headers[i]!)).toBe(false);
      headers.set(request.headers[i]!, request.headers[i + 1]!);
    }
    const expected = new Map(Object.entries(wanted.headers).filter(([name]) => !added.has(name)));
    const { checksum } = wanted.derived ?? {};
    if (checksum) expected.delete(checksum.header);
    if (checksum?.default) expected.delete("x-amz-sdk-checksum-algorithm");
    if (!("ContentLength" in one.input)) expected.delete("content-length");
    const coding = expected.get("content-encoding")?.replace(/,?aws-chunked$/, "");
    if (coding === "") {
      expected.delete("content-encoding");
      if (one.input["ContentEncoding"] === "") headers.delete("content-encoding");
    }
    if (coding) expected.set("content-encoding", coding);
    if (request.kind === "xml") {
      expect(headers.get("content-type")).toBe("application/xml");
      headers.delete("content-type");
    }
    if (wanted.derived?.ssec_raw) {
      const name = "x-amz-server-side-encryption-customer-key";
      expect(headers.has(name)).toBe(true);
      headers.delete(name);
      expected.delete(name);
      headers.delete(`${name}-md5`);
      expected.delete(`${name}-md5`);
    }
    for (const name of wanted.derived?.uuid ?? []) {
      expect(headers.get(name)).toMatch(/^[0-9a-f-]{36}$/);
      headers.set(name, expected.get(name)!);
    }
    // Unless the caller sends one, a length is another room's to say.
    if (one.input["ContentLength"] !== undefined && !expected.has("content-length")) headers.delete("content-length");
    expect(Object.fromEntries(headers)).toEqual(Object.fromEntries(expected));

    if (wanted.payload === "xml") {
      if (wanted.xml_canonical === undefined) expect(request.kind).toBe("none");
      else
        expect(withoutFractions(canonicalXml(request.body as string))).toEqual(withoutFractions(wanted.xml_canonical));
    } else if (wanted.payload === "string") {
      expect(Buffer.from(request.body as string).toString("base64")).toBe(wanted.body_b64);
    } else if (wanted.payload === "none") expect(request.kind).toBe("none");
  });
});

/** Microseconds here, milliseconds there. */
const withoutFractions = (xml: unknown): unknown =>
  JSON.parse(JSON.stringify(xml).replace(/(T\d\d:\d\d:\d\d\.\d{3})(?:000)?Z/g, "$1Z"));

interface ResponseCase {
  suite: "responses" | "errors" | "events";
  id: string;
  op: OperationName;
  input: Record<string, unknown>;
  http: { status: number; headers: [string, string][]; body_b64: string; framing: string };
  expect: {
    output?: Record<string, unknown>;
    error?: {
      code: string;
      message: string;
      status: number;
      requestId: string | null;
      hostId: string | null;
      details: Record<string, string>;
    };
  };
  alt?: { http: ResponseCase["http"]; expect: ResponseCase["expect"] };
  alt_asked?: { http?: ResponseCase["http"]; expect: ResponseCase["expect"] };
}

const responseLines = sharedVectors<ResponseCase>("responses.jsonl");

describe.runIf(responseLines !== undefined)("answers of the wider suite", () => {
  const cases = (responseLines ?? []).slice(1).filter((one) => one.suite !== "events");
  const read = async (one: ResponseCase, http: ResponseCase["http"], prepared: object) => {
    const op = operation(one.op);
    const headers: Record<string, string> = {};
    for (const [name, value] of http.headers) headers[name.toLowerCase()] = value;
    const body = Buffer.from(http.body_b64, "base64");
    if (http.status >= 300) throw parseError(op, http.status, headers, op.method === "HEAD" ? undefined : body);
    await prepareParser(op);
    const output = parseOutput(op, http.status, headers, body) as Record<string, unknown>;
    finishOutput(op, output, { input: revive(one.input) as object, headers });
    output["ResponseMetadata"] = responseMetadata(http.status, headers, 0);
    expect(prepared).toBeDefined();
    return output;
  };
  it.each(cases.map((one) => [one.id, one] as const))("%s", async (_, one) => {
    const op = operation(one.op);
    const prepared = prepareInput(op, revive(one.input) as object, { region: "us-east-1" });
    const wanted = one.alt_asked && one.input["EncodingType"] === undefined ? one.alt_asked : one;
    const http = wanted.http ?? one.http;
    let output: Record<string, unknown>;
    try {
      output = await read(one, http, prepared);
    } catch (error) {
      if (error instanceof MalformedResponseError) {
        expect(one.expect.error?.code).toBe("500");
        return;
      }
      if (!(error instanceof S3ServiceError)) throw error;
      const { error: expected } = wanted.expect;
      if (!expected) throw error;
      if (http.body_b64 === "" && /^\d+$/.test(expected.code)) {
        expect(error.code).toMatch(/^(\d+|[A-Z][A-Za-z]+)$/);
      } else {
        expect(error.code).toBe(expected.code);
        expect(error.message).toBe(expected.message);
        expect(error.response.Error).toEqual(expected.details);
      }
      expect(error.statusCode).toBe(expected.status);
      if (expected.requestId !== null) expect(error.requestId).toBe(expected.requestId);
      if (expected.hostId !== null) expect(error.hostId).toBe(expected.hostId);
      return;
    }
    expect(wanted.expect.output, "no error").toBeDefined();
    const expected: Record<string, unknown> = { ...wanted.expect.output };
    const { Body: _body, AnnotationPayload: _payload, ...rest } = expected;
    const found = (await plain(output)) as Record<string, unknown>;
    delete (found["ResponseMetadata"] as Record<string, unknown>)["HTTPHeaders"];
    delete (found["ResponseMetadata"] as Record<string, unknown>)["RetryAttempts"];
    if (!("ExpiresString" in rest)) delete found["ExpiresString"];
    for (const member of op.output?.members ?? []) {
      if (member.always && rest[member.name] === undefined) rest[member.name] = [];
    }
    // The framing, and not the model, tells the length of a stream.
    if (hasStreamingOutput(op)) {
      delete found["ContentLength"];
      delete rest["ContentLength"];
    }
    if (rest["LocationConstraint"] === null) delete rest["LocationConstraint"];
    expect(found).toEqual(rest);
    const order = op.output?.members.map((member) => member.name).filter((name) => name in found) ?? [];
    expect(Object.keys(output).filter((name) => order.includes(name))).toEqual(order);
  });
});

interface EventError {
  class: string;
  code: string | null;
  message: string | null;
}

describe.runIf(responseLines !== undefined)("event streams of the wider suite", () => {
  const cases = (responseLines ?? []).filter((one) => one.suite === "events");
  const pieces = async function* (bytes: Uint8Array, length: number): AsyncGenerator<Uint8Array> {
    for (let at = 0; at < bytes.length; at += length) yield bytes.subarray(at, at + length);
  };
  it.each(cases.flatMap((one) => [1, 3, 100, 1 << 20].map((length) => [one.id, length, one] as const)))(
    "%s in pieces of %d",
    async (_, length, one) => {
      const { readEvents } = await loadEventStream();
      const bytes = Buffer.from(one.http.body_b64, "base64");
      const { $events, error } = (one.expect.output as { Payload: { $events: unknown[]; error?: EventError } }).Payload;
      const found: unknown[] = [];
      let thrown: unknown;
      try {
        for await (const event of readEvents(operation(one.op), pieces(bytes, length))) found.push(await plain(event));
      } catch (caught) {
        thrown = caught;
      }
      expect(found).toEqual($events);
      if (error?.class === "ChecksumMismatch") expect(thrown).toBeInstanceOf(ChecksumMismatchError);
      else if (error) {
        expect(thrown).toBeInstanceOf(S3ServiceError);
        expect(thrown).toMatchObject({ code: error.code, message: error.message });
      } else if (thrown !== undefined) expect(thrown).toBeInstanceOf(IncompleteBodyError);
    },
  );
});

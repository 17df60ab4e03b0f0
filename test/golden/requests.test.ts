import { S3Client, type S3ClientOptions } from "tucuxi";
import { type SigningCredentials, verifySignature } from "tucuxi/sigv4";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type ChecksumAlgorithm, checksum } from "../../src/transport/checksum/index.js";
import { sharedVectors } from "../support/shared.js";
import { Capture, RawServer } from "./servers.js";
import { revive } from "./values.js";
import { canonicalXml, header, type Sent, sha256, unframe } from "./wire.js";

interface Expected {
  method: string;
  scheme: string;
  host: string;
  path: string;
  query: [string, string][];
  headers: Record<string, string>;
  trailers?: Record<string, string>;
  body_b64?: string;
  body_sha256?: string;
  xml_canonical?: unknown;
  scope: string;
  payload: "none" | "xml" | "blob" | "string";
  derived?: {
    checksum?: { header: string; default: boolean };
    query?: string[];
    uuid?: string[];
    lists?: string[];
    ssec_raw?: boolean;
  };
}

interface RequestCase {
  suite: "requests" | "validation";
  id: string;
  op: string;
  config: string;
  why?: string;
  input: Record<string, unknown>;
  expect: Expected & { error?: string };
}

interface Head {
  configs: Record<string, S3ClientOptions>;
}

/** Headers that a client is free to set, or whose value follows from how it framed the body. */
const free = new Set([
  "host",
  "user-agent",
  "authorization",
  "x-amz-date",
  "expect",
  "connection",
  "accept",
  "accept-encoding",
  "x-amz-content-sha256",
  "content-length",
  "transfer-encoding",
  "x-amz-trailer",
  "x-amz-trailer-signature",
  "x-amz-decoded-content-length",
  "amz-sdk-invocation-id",
  "amz-sdk-request",
]);

const lines = sharedVectors<RequestCase | Head>("requests.jsonl");
const head = lines?.[0] as Head | undefined;
const cases = (lines?.slice(1) ?? []) as RequestCase[];

const client = (config: string, extra: S3ClientOptions): S3Client =>
  new S3Client({ ...head!.configs[config], maxAttempts: 1, ...extra });

const methodOf = (operation: string): string => operation.charAt(0).toLowerCase() + operation.slice(1);

type AnyClient = Record<string, (input: unknown) => Promise<unknown>>;

describe.runIf(lines !== undefined)("requests as another client writes them", () => {
  let server: RawServer;
  beforeAll(async () => {
    server = await RawServer.start();
  });
  afterAll(() => server.stop());

  async function send(test: RequestCase): Promise<Sent> {
    const local = head!.configs[test.config]!.endpoint?.startsWith("http://127.0.0.1");
    if (local) {
      server.sent.length = 0;
      await using s3 = client(test.config, { endpoint: server.origin });
      await (s3 as unknown as AnyClient)[methodOf(test.op)]!(revive(test.input)).catch(rethrowUnlessCaptured);
      return server.sent[0]!;
    }
    const dispatcher = new Capture();
    await using s3 = client(test.config, { dispatcher });
    await (s3 as unknown as AnyClient)[methodOf(test.op)]!(revive(test.input)).catch(rethrowUnlessCaptured);
    return dispatcher.sent[0]!;
  }

  function rethrowUnlessCaptured(error: { code?: string; statusCode?: number }): void {
    if (error.code !== "Captured" && error.statusCode !== 400) throw error;
  }

  describe.each(groups(cases.filter((test) => test.suite === "requests")))("%s", (_, tests) => {
    it.each(tests.map((test) => [test.id, test] as const))("%s", async (_id, test) => {
      compare(await send(test), test);
    });
  });

  describe("validation", () => {
    it.each(
      cases.filter((test) => test.suite === "validation").map((test) => [`${test.id} ${test.why}`, test] as const),
    )("%s", async (_id, test) => {
      if (!test.expect.error) {
        expect(await send(test)).toBeDefined();
        return;
      }
      server.sent.length = 0;
      await using s3 = client(test.config, { endpoint: server.origin });
      const failure = await (s3 as unknown as AnyClient)[methodOf(test.op)]!(revive(test.input)).then(
        () => undefined,
        (error: Error) => error,
      );
      expect(["ParamValidationError", "EndpointError"]).toContain(failure?.name);
      expect(server.sent).toEqual([]);
    });
  });

  function compare(sent: Sent, test: RequestCase): void {
    const { expect: wanted } = test;
    const { body, trailers } = unframe(sent);
    const local = wanted.host === "127.0.0.1:9";
    expect(sent.method).toBe(wanted.method);
    expect(sent.scheme).toBe(wanted.scheme);
    if (!local)
      expect(sent.host.replace(/\bs3\.us-east-1\./, "s3.")).toBe(wanted.host.replace(/\bs3\.us-east-1\./, "s3."));
    expect(sent.path.replace(/^(\/[^/]+)\/$/, "$1")).toBe(wanted.path.replace(/^(\/[^/]+)\/$/, "$1"));
    const derivedQuery = new Set(wanted.derived?.query);
    const sentQuery = pairs(sent.query).filter(([name]) => !derivedQuery.has(name));
    expect(sort(sentQuery)).toEqual(sort(wanted.query.filter(([name]) => !derivedQuery.has(name))));
    compareHeaders(sent, trailers, test, body);
    if (wanted.xml_canonical !== undefined)
      expect(shortTimes(canonicalXml(body.toString("utf8")))).toEqual(shortTimes(wanted.xml_canonical));
    else if (wanted.body_sha256 !== undefined) expect(sha256(body)).toBe(wanted.body_sha256);
    else expect(body.toString("base64")).toBe(wanted.body_b64);
    verify(sent, test);
  }

  function compareHeaders(sent: Sent, trailers: Record<string, string>, test: RequestCase, body: Buffer): void {
    const { expect: wanted } = test;
    const derived = wanted.derived?.checksum;
    const want: Record<string, string> = {};
    const got: Record<string, string> = {};
    for (const [name, value] of Object.entries({ ...wanted.headers, ...wanted.trailers })) want[name] = value;
    for (const [name, value] of [...sent.headers, ...Object.entries(trailers)]) {
      if (name in got) throw new Error(`${name} was sent twice`);
      got[name] = value;
    }
    for (const side of [want, got]) {
      for (const name of free) delete side[name];
      // aws-chunked is a matter of framing.
      if (side["content-encoding"] !== undefined) {
        const rest = side["content-encoding"].split(",").filter((coding) => coding.trim() !== "aws-chunked");
        if (rest.length === 0) delete side["content-encoding"];
        else side["content-encoding"] = rest.join(",");
      }
      for (const name of wanted.derived?.lists ?? []) if (side[name]) side[name] = side[name].replaceAll(/,\s*/g, ",");
      for (const name of wanted.derived?.uuid ?? []) if (side[name]) side[name] = "uuid";
      for (const [name, value] of Object.entries(side)) if (value === "") delete side[name];
    }
    if (derived) {
      if (derived.default) expect(got["x-amz-sdk-checksum-algorithm"]).toBe("CRC32");
      // Another way to write the same XML has another checksum.
      if (wanted.payload === "xml" && body.toString("base64") !== wanted.body_b64) {
        const algorithm = got["x-amz-sdk-checksum-algorithm"] as ChecksumAlgorithm;
        want[derived.header] = checksum(algorithm, body);
      }
      expect(got[derived.header]).toBe(want[derived.header]);
    }
    for (const type of ["application/xml", "application/octet-stream"]) {
      if (want["content-type"] === undefined && got["content-type"] === type) {
        expect(wanted.payload).toBe(type === "application/xml" ? "xml" : "blob");
        delete got["content-type"];
      }
    }
    for (const side of [want, got]) {
      const source = side["x-amz-copy-source"];
      if (source)
        side["x-amz-copy-source"] = source.replaceAll(/%(21|27|28|29|2A)/gi, (code) => decodeURIComponent(code));
    }
    if (wanted.derived?.ssec_raw) {
      for (const side of [want, got]) {
        delete side["x-amz-server-side-encryption-customer-key"];
        delete side["x-amz-server-side-encryption-customer-key-md5"];
      }
    }
    expect(got).toEqual(want);
    const declared = header(sent, "x-amz-content-sha256");
    if (sent.scheme === "http" && declared && /^[0-9a-f]{64}$/.test(declared)) expect(declared).toBe(sha256(body));
    if (sent.scheme === "http") expect(declared).not.toMatch(/UNSIGNED/);
  }

  function verify(sent: Sent, test: RequestCase): void {
    const [region, service] = test.expect.scope.split("/") as [string, string];
    const scope = header(sent, "authorization")!.match(/Credential=[^/]+\/\d{8}\/([^,]*)\/aws4_request/)![1];
    expect(scope).toBe(`${region}/${service}`);
    const verdict = verifySignature({
      method: sent.method,
      url: `${sent.scheme}://${sent.host}${sent.path}${sent.query ? `?${sent.query}` : ""}`,
      headers: Object.fromEntries([["host", sent.host], ...sent.headers]),
      credentials: head!.configs[test.config]!.credentials as SigningCredentials,
      region,
      service,
      date: new Date(),
    });
    expect(verdict).toMatchObject({ valid: true });
  }
});

/** ISO times may have any number of digits behind the second. */
const shortTimes = (tree: unknown): unknown =>
  JSON.parse(
    JSON.stringify(tree).replaceAll(
      /(T\d\d:\d\d:\d\d)\.(\d*?)0*Z"/g,
      (_, time: string, digits: string) => `${time}${digits && `.${digits}`}Z"`,
    ),
  );

const pairs = (query: string): [string, string][] =>
  query === ""
    ? []
    : query.split("&").map((pair) => {
        const mark = pair.indexOf("=");
        return mark < 0
          ? [decodeURIComponent(pair), ""]
          : [decodeURIComponent(pair.slice(0, mark)), decodeURIComponent(pair.slice(mark + 1))];
      });

const sort = (list: [string, string][]): string[] => list.map((pair) => JSON.stringify(pair)).sort();

function groups(list: RequestCase[]): [string, RequestCase[]][] {
  const byOperation = new Map<string, RequestCase[]>();
  for (const test of list) {
    const group = byOperation.get(test.op) ?? [];
    group.push(test);
    byOperation.set(test.op, group);
  }
  return [...byOperation];
}

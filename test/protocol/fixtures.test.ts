import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { operationLines } from "../../src/model/generated/operations.js";
import { type OperationName, operation } from "../../src/model/operation.js";
import { parseOutput, prepareParser, serialize } from "../../src/protocol/index.js";
import { finishOutput, prepareInput } from "../../src/rules/index.js";
import { plain, revive } from "../golden/values.js";
import { canonicalXml } from "../golden/wire.js";

const load = <T>(name: string): T[] =>
  JSON.parse(readFileSync(new URL(`../../fixtures/protocol/${name}`, import.meta.url), "utf8")) as T[];

/** What an operation's request must be, for every operation, as botocore writes it. */
interface RequestFixture {
  operation: OperationName;
  input: Record<string, unknown>;
  method: string;
  /** What follows the bucket. */
  path: string;
  /** Sorted, without `encoding-type`. */
  query: string;
  headers: Record<string, string>;
  /** Name (with its namespace where that is not S3's), attributes, children or text. */
  document?: unknown;
  text?: string;
}

/** What becomes of an answer, for every operation that has one, as botocore reads it. */
interface AnswerFixture {
  operation: OperationName;
  headers: Record<string, string>;
  body: string;
  output: Record<string, unknown>;
}

const namespace = /\{http:\/\/s3\.amazonaws\.com\/doc\/2006-03-01\/\}/g;
/** Without S3's namespace, and with as many digits behind the second as we write. */
const simple = (document: unknown): unknown =>
  JSON.parse(
    JSON.stringify(document)
      .replace(namespace, "")
      .replace(/(T\d\d:\d\d:\d\d\.\d{3})000Z/g, "$1Z"),
  );

const requests = load<RequestFixture>("requests.json");
const answers = load<AnswerFixture>("answers.json");

describe("every operation", () => {
  it("has fixtures", () => {
    const covered = new Set(requests.map((one) => one.operation));
    expect(Object.keys(operationLines).filter((name) => !covered.has(name as OperationName))).toEqual([]);
  });

  it.each(requests.map((one, i) => [`${one.operation} ${i}`, one] as const))("writes %s", (_, one) => {
    const op = operation(one.operation);
    const request = serialize(op, prepareInput(op, revive(one.input) as object, { checksumMode: true }));
    expect(op.method).toBe(one.method);
    // Where there is a bucket, its own level may be written with or without a slash.
    expect([request.path, request.path || "/"]).toContain(one.path);
    const query = request.query
      .split("&")
      .filter((part) => !part.startsWith("encoding-type"))
      .sort()
      .join("&");
    expect(query).toBe(one.query);
    const headers: Record<string, string> = {};
    for (let i = 0; i < request.headers.length; i += 2) headers[request.headers[i]!] = request.headers[i + 1]!;
    const wanted = { ...one.headers };
    if (request.kind === "xml") wanted["content-type"] = "application/xml";
    for (const name of Object.keys(headers)) {
      // Two of our own: keys are encoded wherever they are taken, and a token is made where none is given.
      if (name.includes("customer-key") && wanted[name] === undefined) delete headers[name];
      if (name === "x-amz-client-token" && one.input["ClientToken"] === undefined) delete headers[name];
    }
    expect(headers).toEqual(wanted);
    if (one.document !== undefined) expect(simple(canonicalXml(request.body as string))).toEqual(simple(one.document));
    else if (one.text !== undefined) expect(request.body).toBe(one.text);
    else expect(request.kind).not.toBe("xml");
  });

  it.each(answers.map((one, i) => [`${one.operation} ${i}`, one] as const))("reads %s", async (_, one) => {
    const op = operation(one.operation);
    await prepareParser(op);
    const output = parseOutput(op, 200, one.headers, Buffer.from(one.body));
    finishOutput(op, output, { input: {}, headers: one.headers });
    const wanted = { ...one.output };
    for (const member of op.output!.members) if (member.always) wanted[member.name] ??= [];
    expect(await plain(output)).toEqual(wanted);
  });
});

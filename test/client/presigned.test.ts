import { readFileSync } from "node:fs";
import { S3Client, type S3ClientOptions } from "tucuxi";
import { verifySignature } from "tucuxi/sigv4";
import { describe, expect, it } from "vitest";
import { operationLines } from "../../src/model/generated/operations.js";
import { operation } from "../../src/model/operation.js";
import { serialize } from "../../src/protocol/index.js";
import { prepareInput } from "../../src/rules/index.js";
import { revive } from "../golden/values.js";

const load = <T>(name: string): T[] =>
  JSON.parse(readFileSync(new URL(`../../fixtures/protocol/${name}`, import.meta.url), "utf8")) as T[];

/** A URL as botocore makes it, for every operation whose body it leaves to the sender. */
interface PresignedFixture {
  operation: string;
  client: "plain" | "session" | "path";
  input: object;
  expiresIn: number;
  url: string;
}

const keys = { accessKeyId: "AKIDPRESIGN", secretAccessKey: "presigned/Secret+Key" };
const clients: Record<PresignedFixture["client"], S3ClientOptions> = {
  plain: { region: "eu-central-1", credentials: keys },
  session: { region: "us-west-2", credentials: { ...keys, sessionToken: "session/Token+=" } },
  path: { region: "eu-west-1", credentials: keys, endpoint: "https://gateway.example.com/store/" },
};
/** Operations that are signed for another service than S3. */
const otherServices: Record<string, string> = {
  WriteGetObjectResponse: "s3-object-lambda",
  ListDirectoryBuckets: "s3express",
};
const date = new Date("2026-08-15T12:34:56Z");

type Presign = (method: string, input: unknown, options: object) => Promise<string>;
const presign = (client: PresignedFixture["client"], name: string, input: unknown, expiresIn = 60): Promise<string> => {
  const s3 = new S3Client(clients[client]);
  const method = name.charAt(0).toLowerCase() + name.slice(1);
  return (s3.presign as unknown as Presign).call(s3, method, input, { signingDate: date, expiresIn });
};

/** Parameters may come in any order, and a sub-resource with or without an equals sign. */
const parts = (url: string): [string, string[]] => {
  const [where = "", query = ""] = url.split("?");
  return [
    where,
    query
      .split("&")
      .map((part) => (part.includes("=") ? part : `${part}=`))
      .sort(),
  ];
};

describe("a presigned URL of every operation", () => {
  it.each(load<PresignedFixture>("presigned.json").map((one, i) => [`${one.operation} ${i}`, one] as const))(
    "is what botocore makes of it: %s",
    async (_, { operation: name, client, input, expiresIn, url }) => {
      expect(parts(await presign(client, name, revive(input), expiresIn))).toEqual(parts(url));
    },
  );

  const inputs = new Map(
    load<{ operation: string; input: Record<string, unknown> }>("requests.json").map((one) => [
      one.operation,
      one.input,
    ]),
  );
  it.each(Object.keys(operationLines))("holds before a server: %s", async (name) => {
    const op = operation(name as never);
    const { payload } = op.input;
    const input = { ...inputs.get(name) };
    // The bytes are the sender's.
    if (payload?.streaming) delete input[payload.name];
    const url = await presign("path", name, revive(input));
    // What its sender must send, as the operation's own request would have it; a document brings its content type itself.
    const given = revive(payload?.streaming && payload.required ? { ...input, [payload.name]: "" } : input) as object;
    const sent = serialize(op, prepareInput(op, given, { listEncoding: false, idempotencyToken: false }));
    const headers: Record<string, string> = { host: new URL(url).host };
    for (let at = 0; at < sent.headers.length; at += 2) headers[sent.headers[at]!] = sent.headers[at + 1]!;
    if (sent.kind === "xml") delete headers["content-type"];
    const service = otherServices[name] ?? "s3";
    const { method } = op;
    expect(
      verifySignature({ method, url, headers, credentials: keys, region: "eu-west-1", service, date }),
    ).toMatchObject({
      valid: true,
    });
    const signed = new URL(url).searchParams.get("X-Amz-SignedHeaders")!.split(";");
    expect(signed.sort()).toEqual(Object.keys(headers).sort());
  });

  it("leaves out the bytes even of an operation that cannot do without", async () => {
    const input = { Bucket: "river", Key: "k", AnnotationName: "n" };
    const url = await presign("plain", "PutObjectAnnotation", input);
    expect(url).toContain("annotationName=n");
    expect(await presign("plain", "PutObjectAnnotation", { ...input, AnnotationPayload: "x" })).toBe(url);
    await expect(presign("plain", "PutObject", { ...input, AnnotationName: undefined, Body: "x" })).rejects.toThrow(
      "Body: not part of a presigned URL",
    );
  });
});

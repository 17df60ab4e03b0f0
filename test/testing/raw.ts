import { createHash } from "node:crypto";
import { type ClientRequest, type IncomingHttpHeaders, request } from "node:http";
import aws4 from "aws4";
import type { S3Server } from "tucuxi/testing";

/** What came back over the wire. */
export interface Answer {
  status: number;
  headers: IncomingHttpHeaders;
  bytes: Buffer;
  text: string;
}

/** What goes out; the path is sent as it stands. */
export interface Ask {
  method?: string;
  /** Path and query, percent-encoded. */
  path: string;
  headers?: Record<string, string>;
  body?: string | Uint8Array;
  region?: string;
  credentials?: { accessKeyId: string; secretAccessKey: string; sessionToken?: string };
  /** Changes the signed request before it goes out. */
  tamper?: (signed: { path: string; headers: Record<string, string | number> }) => void;
}

const sha256 = (data: string | Uint8Array): string => createHash("sha256").update(data).digest("hex");

/** Signs by the aws4 package, which shares nothing with this one. */
export function sign(server: S3Server, ask: Ask): { path: string; headers: Record<string, string | number> } {
  const { method = "GET", path, headers = {}, body } = ask;
  const host = server.url.replace(/^https?:\/\//, "");
  return aws4.sign(
    {
      service: "s3",
      region: ask.region ?? server.region,
      host,
      method,
      path,
      headers: {
        "X-Amz-Content-Sha256": sha256(body ?? ""),
        ...(body === undefined ? {} : { "Content-Length": String(Buffer.byteLength(body)) }),
        ...headers,
      },
    },
    ask.credentials ?? server.credentials,
  );
}

/** Opens a request whose body the test sends itself. */
export function open(
  server: S3Server,
  ask: { method: string; path: string; headers: Record<string, string | number> },
): { sent: ClientRequest; answer: Promise<Answer> } {
  const { port } = server;
  const sent = request({ host: "127.0.0.1", port, ...ask, agent: false });
  const answer = new Promise<Answer>((resolve, reject) => {
    sent.on("error", reject);
    sent.on("response", (response) => {
      const chunks: Buffer[] = [];
      response.on("data", (chunk: Buffer) => chunks.push(chunk));
      response.on("error", reject);
      response.on("end", () => {
        const bytes = Buffer.concat(chunks);
        resolve({ status: response.statusCode ?? 0, headers: response.headers, bytes, text: bytes.toString() });
      });
    });
  });
  return { sent, answer };
}

/** Sends a request as it is. */
export function send(server: S3Server, ask: Omit<Ask, "tamper">): Promise<Answer> {
  const { method = "GET", path, headers = {}, body } = ask;
  const length: Record<string, number> = body === undefined ? {} : { "Content-Length": Buffer.byteLength(body) };
  const { sent, answer } = open(server, { method, path, headers: { ...length, ...headers } });
  sent.end(body);
  return answer;
}

/** Sends a signed request. */
export function call(server: S3Server, ask: Ask): Promise<Answer> {
  const signed = sign(server, ask);
  ask.tamper?.(signed);
  const { sent, answer } = open(server, { method: ask.method ?? "GET", path: signed.path, headers: signed.headers });
  sent.end(ask.body);
  return answer;
}

/** A presigned path. */
export function presign(server: S3Server, ask: Ask & { expires?: number }): string {
  const { method = "GET", path, headers = {} } = ask;
  const query = `${path.includes("?") ? "&" : "?"}X-Amz-Expires=${ask.expires ?? 60}`;
  return aws4.sign(
    {
      service: "s3",
      region: ask.region ?? server.region,
      host: server.url.replace(/^https?:\/\//, ""),
      method,
      path: path + query,
      headers,
      signQuery: true,
    },
    ask.credentials ?? server.credentials,
  ).path;
}

/** The text of the first element of that name. */
export const element = (xml: string, name: string): string | undefined =>
  new RegExp(`<${name}(?: [^>]*)?>([\\s\\S]*?)</${name}>`).exec(xml)?.[1];

/** The texts of all elements of that name. */
export const elements = (xml: string, name: string): string[] =>
  [...xml.matchAll(new RegExp(`<${name}(?: [^>]*)?>([\\s\\S]*?)</${name}>`, "g"))].map((match) => match[1]!);

/** A key as S3 has it in a path. */
export const encodeKey = (key: string): string =>
  encodeURIComponent(key)
    .replace(/[!'()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`)
    .replaceAll("%2F", "/");

/** Puts an object and expects that to work. */
export async function put(
  server: S3Server,
  path: string,
  body: string | Uint8Array = "",
  headers: Record<string, string> = {},
): Promise<Answer> {
  const answer = await call(server, { method: "PUT", path, body, headers });
  if (answer.status !== 200) throw new Error(`PUT ${path}: ${answer.status} ${answer.text}`);
  return answer;
}

/** A PUT or POST of a document, with its MD5. */
export function document(server: S3Server, method: string, path: string, xml: string): Promise<Answer> {
  const md5 = createHash("md5").update(xml).digest("base64");
  return call(server, { method, path, body: xml, headers: { "Content-MD5": md5 } });
}

/** Status and code, as errors are compared. */
export const fault = (answer: Answer): string => `${answer.status} ${element(answer.text, "Code")}`;

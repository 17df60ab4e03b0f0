import { request } from "node:http";

/** What came back over the wire. */
export interface RawAnswer {
  status: number;
  headers: Record<string, string | string[] | undefined>;
  body: string;
}

/**
 * Sends a request whose path goes out as it stands. `fetch` parses its URL, which resolves `..`, so a presigned URL of such a
 * key can't be fetched with it.
 */
export function raw(
  url: string,
  options: { method?: string; headers?: Record<string, string>; body?: string | Uint8Array } = {},
): Promise<RawAnswer> {
  const [, host = "", port = "80", path = "/"] = /^http:\/\/([^:/]+)(?::(\d+))?(\/.*)?$/s.exec(url) ?? [];
  return new Promise((resolve, reject) => {
    const { method = "GET", headers = {}, body = "" } = options;
    const length = method === "GET" || method === "HEAD" ? {} : { "content-length": String(Buffer.byteLength(body)) };
    const sent = request({ host, port, path, method, headers: { ...length, ...headers }, agent: false }, (answer) => {
      const chunks: Buffer[] = [];
      answer.on("data", (chunk: Buffer) => chunks.push(chunk));
      answer.on("error", reject);
      answer.on("end", () =>
        resolve({ status: answer.statusCode ?? 0, headers: answer.headers, body: Buffer.concat(chunks).toString() }),
      );
    });
    sent.on("error", reject);
    sent.end(body);
  });
}

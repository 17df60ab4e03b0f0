/** A log of what goes over the wire, for people: written only when somebody asked for it, and without secrets. */
import type { Env } from "../config/types.js";
import type { TransportRequest, TransportResponse } from "../transport/index.js";
import type { Logger } from "./hooks.js";
import { without } from "./secrets.js";

/** Takes the lines of the log. */
export type WireLog = (text: string) => void;

/** Where the log goes: to the logger's `debug`; with TUCUXI_DEBUG set and no logger, to the standard error. Undefined: nowhere. */
export function wireLog(logger: Logger | undefined, env: Env): WireLog | undefined {
  if (logger?.debug) return (text) => logger.debug?.(text);
  const wanted = env["TUCUXI_DEBUG"]?.trim().toLowerCase();
  if (!wanted || wanted === "0" || wanted === "false") return undefined;
  return (text) => {
    process.stderr.write(`${text}\n`);
  };
}

/** The log of a request that has these secrets: an answer may say them again under another name. */
export const discreetly =
  (log: WireLog, secrets: readonly string[]): WireLog =>
  (text) =>
    log(without(secrets, text));

const secret =
  /^(x-amz-security-token|x-amz-s3session-token|x-amz(-copy-source)?-server-side-encryption-customer-key|proxy-authorization|(set-)?cookie)$/;

/** A header's value as it may be shown. */
function shown(name: string, value: string): string {
  if (secret.test(name)) return "[hidden]";
  return name === "authorization"
    ? value.replace(/Signature=\w+/, "Signature=[hidden]").replace(/^(?!AWS4-).*/, "[hidden]")
    : value;
}

export function logRequest(log: WireLog, request: TransportRequest, attempt: number): void {
  const { label, method, origin, path, headers, body, contentLength } = request;
  const lines = [`tucuxi: ${label}, attempt ${attempt}`, `> ${method} ${origin}${path}`];
  for (let i = 0; i < headers.length; i += 2) lines.push(`> ${headers[i]}: ${shown(headers[i]!, headers[i + 1]!)}`);
  const length = typeof body === "string" || body instanceof Uint8Array ? body.length : contentLength;
  if (body) lines.push(`> (body of ${length === undefined ? "unknown length" : `${length} bytes`})`);
  log(lines.join("\n"));
}

export function logResponse(log: WireLog, request: TransportRequest, response: TransportResponse, ms: number): void {
  const lines = [`tucuxi: ${request.label}, answered after ${Math.round(ms)} ms`, `< ${response.status}`];
  for (const [name, value] of Object.entries(response.headers)) lines.push(`< ${name}: ${shown(name, value)}`);
  if (response.body.length > 0) lines.push(`< (body of ${response.body.length} bytes)`);
  log(lines.join("\n"));
}

/** `delay`: milliseconds until the next attempt; undefined: there is none. */
export function logFailure(
  log: WireLog,
  operation: string,
  attempt: number,
  failure: unknown,
  delay: number | undefined,
): void {
  const what = failure instanceof Error ? `${failure.name}: ${failure.message}` : String(failure);
  const next = delay === undefined ? "the call ends with it" : `again in ${Math.round(delay)} ms`;
  log(`tucuxi: ${operation}, attempt ${attempt} failed, ${next}: ${what}`);
}

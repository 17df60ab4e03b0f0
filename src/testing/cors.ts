import type { CORSConfiguration, CORSRule } from "../model/generated/types.js";
import { S3Error } from "./errors.js";
import type { Headers } from "./input.js";
import type { Bucket } from "./store.js";

/** Whether a value fits a pattern with at most one `*`. */
function fits(pattern: string, value: string): boolean {
  const star = pattern.indexOf("*");
  if (star < 0) return pattern === value;
  const [head, tail] = [pattern.slice(0, star), pattern.slice(star + 1)];
  return value.length >= pattern.length - 1 && value.startsWith(head) && value.endsWith(tail);
}

const listed = (text: string | undefined): string[] =>
  (text ?? "")
    .split(",")
    .map((name) => name.trim().toLowerCase())
    .filter((name) => name !== "");

function findRule(
  bucket: Bucket | undefined,
  origin: string,
  method: string,
  asked: readonly string[],
): CORSRule | undefined {
  const configuration = bucket?.configurations.get("cors") as CORSConfiguration | undefined;
  return configuration?.CORSRules.find(
    (rule) =>
      rule.AllowedOrigins.some((pattern) => fits(pattern, origin)) &&
      rule.AllowedMethods.includes(method) &&
      asked.every((name) => rule.AllowedHeaders?.some((pattern) => fits(pattern.toLowerCase(), name))),
  );
}

function answer(rule: CORSRule, origin: string): Record<string, string> {
  const any = rule.AllowedOrigins.includes("*");
  const headers: Record<string, string> = {
    "Access-Control-Allow-Origin": any ? "*" : origin,
    "Access-Control-Allow-Methods": rule.AllowedMethods.join(", "),
    Vary: "Origin, Access-Control-Request-Headers, Access-Control-Request-Method",
  };
  if (rule.ExposeHeaders && rule.ExposeHeaders.length > 0)
    headers["Access-Control-Expose-Headers"] = rule.ExposeHeaders.join(", ");
  if (!any) headers["Access-Control-Allow-Credentials"] = "true";
  if (rule.MaxAgeSeconds !== undefined) headers["Access-Control-Max-Age"] = String(rule.MaxAgeSeconds);
  return headers;
}

/** What a browser is told that asks before it sends; throws when no rule lets it. */
export function preflight(bucket: Bucket | undefined, headers: Headers): Record<string, string> {
  const origin = headers["origin"];
  const method = headers["access-control-request-method"];
  const asked = listed(headers["access-control-request-headers"]);
  if (origin === undefined) throw new S3Error("BadRequest", "A preflight request needs the header Origin.");
  if (method === undefined || !/^(GET|PUT|HEAD|POST|DELETE)$/.test(method))
    throw new S3Error("BadRequest", "Access-Control-Request-Method must be one of GET, PUT, HEAD, POST, DELETE.");
  const rule = findRule(bucket, origin, method, asked);
  if (!rule) {
    const why = bucket?.configurations.has("cors")
      ? "no rule of the bucket allows this request"
      : "the bucket has no rules";
    throw new S3Error("AccessForbidden", `CORSResponse: ${why}.`, { Method: method, ResourceType: "BUCKET" });
  }
  const found = answer(rule, origin);
  if (asked.length > 0) found["Access-Control-Allow-Headers"] = asked.join(", ");
  return found;
}

/** The headers that an answer to a request from a page of another origin gets; none where no rule fits. */
export function corsHeaders(bucket: Bucket | undefined, headers: Headers, method: string): Record<string, string> {
  const origin = headers["origin"];
  const rule =
    origin === undefined ? undefined : findRule(bucket, origin, headers["access-control-request-method"] ?? method, []);
  return rule && origin !== undefined ? answer(rule, origin) : {};
}

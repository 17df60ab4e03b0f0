import { operationLines } from "../model/generated/operations.js";
import { type Operation, type OperationName, operation } from "../model/operation.js";
import { S3Error } from "./errors.js";
import type { Headers } from "./input.js";
import type { Query, Target } from "./target.js";

type Level = "service" | "bucket" | "object";

/** What a request must have for an operation to be meant. */
interface Route {
  readonly operation: Operation;
  /** Names of the query, with the value that the operation's URI fixes, if any. */
  readonly query: readonly { name: string; value: string | undefined }[];
  readonly copy: boolean;
}

// Read from the model on the first request: start-up stays short.
let routes: Map<string, Route[]> | undefined;
let subResources: Set<string> | undefined;

function levelOf(found: Operation): Level | undefined {
  if (found.path === "/") return "service";
  if (found.path === "/{Bucket}") return "bucket";
  return found.path === "/{Bucket}/{Key+}" ? "object" : undefined;
}

function read(): Map<string, Route[]> {
  const table = new Map<string, Route[]>();
  const names = new Set<string>(["torrent", "tagging"]);
  for (const name of Object.keys(operationLines) as OperationName[]) {
    const found = operation(name);
    const level = levelOf(found);
    // Deprecated twins share the address of their successors; the directory list has the address of the other one.
    if (!level || found.deprecated || name === "ListDirectoryBuckets") continue;
    const fixed = found.query === "" ? [] : found.query.split("&");
    const query: { name: string; value: string | undefined }[] = fixed.map((part) => {
      const [key = "", value] = part.split("=");
      if (value === undefined) names.add(key);
      return { name: key, value };
    });
    for (const member of found.input.members) {
      if (member.location === "query" && member.required) query.push({ name: member.wireName, value: undefined });
    }
    const copy = found.input.members.some((member) => member.required && member.wireName === "x-amz-copy-source");
    const place = `${found.method} ${level}`;
    const list = table.get(place);
    const route: Route = { operation: found, query, copy };
    if (list) list.push(route);
    else table.set(place, [route]);
  }
  // The most demanding first, so that the first that fits is the one meant.
  for (const list of table.values()) list.sort((a, b) => weight(b) - weight(a));
  subResources = names;
  routes = table;
  return table;
}

const weight = (route: Route): number => route.query.length * 2 + (route.copy ? 1 : 0);

function fits(route: Route, query: Query, copy: boolean): boolean {
  if (route.copy && !copy) return false;
  // A part without its number must not become an object.
  if (query.has("uploadId") && !route.query.some(({ name }) => name === "uploadId")) return false;
  for (const { name, value } of route.query) {
    if (value === undefined ? !query.has(name) : query.get(name) !== value) return false;
  }
  return true;
}

/** The service that the signature names is all that tells the list of directory buckets from the other one. */
const isForExpress = (target: Target, headers: Headers): boolean =>
  /\/s3express\/aws4_request/.test(headers["authorization"] ?? target.query.get("X-Amz-Credential") ?? "");

/**
 * The operation that a request means, read from the model: method, what the path names, the query and, for copies, the header.
 * A sub-resource that nothing answers to is refused, never taken for the operation on the bucket or object itself.
 */
export function routeRequest(method: string, target: Target, headers: Headers): Operation {
  if (method === "POST" && target.bucket === "WriteGetObjectResponse" && target.key === undefined)
    return operation("WriteGetObjectResponse");
  const copy = headers["x-amz-copy-source"] !== undefined;
  const level: Level = target.bucket === undefined ? "service" : target.key === undefined ? "bucket" : "object";
  const list = (routes ?? read()).get(`${method} ${level}`);
  const sub = target.query.pairs.find(([name]) => subResources!.has(name))?.[0];
  for (const route of list ?? []) {
    if (!fits(route, target.query, copy)) continue;
    if (sub !== undefined && !route.query.some(({ name }) => subResources!.has(name))) break;
    if (route.operation.name === "ListBuckets" && isForExpress(target, headers))
      return operation("ListDirectoryBuckets");
    return route.operation;
  }
  const asked = sub ?? (target.query.has("uploadId") ? "uploadId" : undefined);
  const known = list?.some((route) => route.query.some(({ name }) => name === asked));
  if (asked !== undefined && known) {
    throw new S3Error("InvalidArgument", `${method} on ?${asked} lacks a parameter that it needs.`, {
      ResourceType: asked.toUpperCase(),
    });
  }
  throw new S3Error("MethodNotAllowed", `There is no ${method} here.`, {
    Method: method,
    ResourceType: sub === undefined ? level.toUpperCase() : sub.toUpperCase(),
  });
}

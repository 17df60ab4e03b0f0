import { uriEncode } from "./target.js";

/** Stands for any value, in what a call is expected to have. */
export class AnyValue {
  readonly kind = "any value";
}

const isObject = (value: unknown): value is Record<string, unknown> => typeof value === "object" && value !== null;

/** A copy source as it goes over the wire, decoded: dictionaries, strings and what was sent come to the same. */
function copySource(value: unknown): string {
  if (!isObject(value)) return decodeURIComponent(String(value)).replace(/^\//, "");
  const version = value["VersionId"] === undefined ? "" : `?versionId=${String(value["VersionId"])}`;
  return `${String(value["Bucket"])}/${decodeURIComponent(uriEncode(String(value["Key"]), true))}${version}`;
}

const bytesOf = (value: unknown): Buffer | undefined =>
  typeof value === "string" ? Buffer.from(value) : value instanceof Uint8Array ? Buffer.from(value) : undefined;

const show = (value: unknown): string => {
  if (value instanceof Uint8Array) {
    const text = Buffer.from(value).toString();
    return JSON.stringify(text.length > 60 ? `${text.slice(0, 60)}...` : text);
  }
  return value === undefined ? "nothing" : (JSON.stringify(value) ?? String(value));
};

/**
 * Compares what a call brought with what was expected of it. Members that the expectation does not name don't count, since a client adds some of its own
 * (checksums, encoding types); lists must have the same length.
 * @returns where they differ, and how
 */
export function differences(expected: unknown, found: unknown, path = ""): string[] {
  if (expected instanceof AnyValue) return found === undefined ? [`${path}: expected any value, got nothing`] : [];
  const wrong = [
    `${path}: expected ${expected instanceof RegExp ? String(expected) : show(expected)}, got ${show(found)}`,
  ];
  if (expected === undefined) return found === undefined ? [] : wrong;
  if (expected instanceof RegExp) return typeof found === "string" && expected.test(found) ? [] : wrong;
  if (path.endsWith("CopySource")) return copySource(expected) === copySource(found) ? [] : wrong;
  if (found instanceof Uint8Array || expected instanceof Uint8Array) {
    const [a, b] = [bytesOf(expected), bytesOf(found)];
    // Keys of a customer's own travel in base64.
    return a && b && (a.equals(b) || (typeof found === "string" && a.toString("base64") === found)) ? [] : wrong;
  }
  if (expected instanceof Date) {
    // Headers know seconds, at best.
    const same = found instanceof Date && Math.trunc(expected.getTime() / 1000) === Math.trunc(found.getTime() / 1000);
    return same ? [] : wrong;
  }
  if (Array.isArray(expected)) {
    if (!Array.isArray(found) || found.length !== expected.length) return wrong;
    return expected.flatMap((item, i) => differences(item, found[i], `${path}[${i}]`));
  }
  if (isObject(expected)) {
    if (!isObject(found)) return wrong;
    return Object.entries(expected).flatMap(([name, value]) =>
      differences(value, found[name], path === "" ? name : `${path}.${name}`),
    );
  }
  if (typeof expected === "string" && typeof found === "string" && /SSECustomerKey$/.test(path)) {
    return expected === found || Buffer.from(expected).toString("base64") === found ? [] : wrong;
  }
  return Object.is(expected, found) ? [] : wrong;
}

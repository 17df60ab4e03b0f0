/** What a server may be told, and of which kind. */
import { ConfigError } from "../errors/base.js";
import { refuseUnknown } from "../errors/names.js";
import type { S3ServerOptions } from "./server.js";

type Check = (value: unknown) => boolean;
const text: Check = (value) => typeof value === "string" && value !== "";
const object: Check = (value) => typeof value === "object" && value !== null;
const names = [(value: unknown) => Array.isArray(value) && value.every(text), "a list of names"] as const;
const callable = [(value: unknown) => typeof value === "function", "a function"] as const;
const count = [
  (value: unknown) => Number.isSafeInteger(value) && (value as number) > 0,
  "a whole number above 0",
] as const;
const keys: Check = (value) => {
  const { accessKeyId, secretAccessKey } = (value ?? {}) as Record<string, unknown>;
  return text(accessKeyId) && text(secretAccessKey);
};

const checks: Record<keyof S3ServerOptions, readonly [check: Check, kind: string]> = {
  port: [
    (value) => Number.isInteger(value) && (value as number) >= 0 && (value as number) <= 65_535,
    "a whole number from 0 to 65535",
  ],
  host: [text, "an address"],
  credentials: [
    (value) => (Array.isArray(value) ? value.every(keys) : keys(value)),
    "an object with accessKeyId and secretAccessKey, or a list of such",
  ],
  buckets: names,
  region: [text, "a region name"],
  regions: names,
  clock: callable,
  tls: [object, "an object with key and cert"],
  folder: [text, "a path"],
  maxBytes: [(value) => typeof value === "number" && value >= 0, "a number of bytes"],
  pageSize: count,
  minPartSize: [(value) => Number.isSafeInteger(value) && (value as number) >= 0, "a number of bytes"],
  random: callable,
  domains: names,
};

/** @throws ConfigError for an option that is misspelt or of the wrong kind; `undefined` counts as not given */
export function checkServerOptions(options: S3ServerOptions): void {
  if (!object(options)) throw new ConfigError("S3Server: its options must be an object", { code: "InvalidOption" });
  refuseUnknown(options, Object.keys(checks), "S3Server");
  for (const [name, value] of Object.entries(options)) {
    const [check, kind] = checks[name as keyof S3ServerOptions];
    if (value !== undefined && !check(value))
      throw new ConfigError(`${name}: must be ${kind}`, { code: "InvalidOption" });
  }
}

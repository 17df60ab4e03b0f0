import { invalidArgument, S3Error } from "./errors.js";

/** The query of a request: its pairs in order, decoded once, and the first value of each name. */
export class Query {
  /** Decoded pairs in the order of the wire. */
  readonly pairs: readonly (readonly [name: string, value: string])[];
  readonly #first = new Map<string, string>();

  /** @param raw what stands behind the `?`, as it came */
  constructor(raw: string) {
    const pairs: [string, string][] = [];
    if (raw !== "") {
      for (const part of raw.split("&")) {
        if (part === "") continue;
        const equals = part.indexOf("=");
        const name = decodeQuery(equals < 0 ? part : part.slice(0, equals));
        const value = equals < 0 ? "" : decodeQuery(part.slice(equals + 1));
        pairs.push([name, value]);
        if (!this.#first.has(name)) this.#first.set(name, value);
      }
    }
    this.pairs = pairs;
  }

  has(name: string): boolean {
    return this.#first.has(name);
  }

  /** The first value of that name. */
  get(name: string): string | undefined {
    return this.#first.get(name);
  }

  /** Every value of that name. */
  all(name: string): string[] {
    return this.pairs.filter((pair) => pair[0] === name).map((pair) => pair[1]);
  }
}

/** Where a request points: taken from the raw request target, which no URL class has touched. */
export interface Target {
  /** Path and query as they came. */
  readonly raw: string;
  /** The path, decoded once. */
  readonly path: string;
  readonly query: Query;
  readonly bucket: string | undefined;
  readonly key: string | undefined;
  /** The bucket came in the host name. */
  readonly virtualHost: boolean;
  /** The region that the host name has, if it is one of S3's own host names. */
  readonly hostRegion: string | undefined;
}

/** Percent-decodes bytes that must be UTF-8; a raw byte above 127 stands for itself. */
function decode(text: string, what: string): string {
  try {
    const utf8 = /[\x80-\xff]/.test(text) ? Buffer.from(text, "latin1").toString("utf8") : text;
    return decodeURIComponent(utf8);
  } catch {
    throw new S3Error("InvalidURI", `The ${what} is not percent-encoded UTF-8.`, { URI: text });
  }
}

function decodeQuery(text: string): string {
  return text === "" ? "" : decode(text.includes("+") ? text.replaceAll("+", " ") : text, "query");
}

/** Percent-encodes as Signature Version 4 has it: all but `A-Z a-z 0-9 - . _ ~`, and `/` where it may stay. */
export function uriEncode(text: string, keepSlash: boolean): string {
  const encoded = encodeURIComponent(text).replace(/[!'()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`);
  return keepSlash ? encoded.replaceAll("%2F", "/") : encoded;
}

const awsHost =
  /^(?:(.+)\.)?s3(?:express-[a-z0-9-]+)?(?:-fips|-accelerate)?(?:[.-]dualstack)?(?:[.-]([a-z0-9-]+))?\.amazonaws\.com(?:\.cn)?$/;

/**
 * The bucket in a host name, or undefined where the path has it. Virtual hosts are `bucket.localhost`, `bucket.` before one of our own names, and
 * S3's own host names, for those who lead `*.amazonaws.com` here.
 */
function bucketOfHost(host: string, ownHosts: readonly string[]): { bucket?: string; region?: string } {
  const name = host.replace(/:\d+$/, "").toLowerCase();
  if (ownHosts.includes(name)) return {};
  for (const own of ownHosts) {
    if (!/^[\d.]+$|^\[/.test(own) && name.endsWith(`.${own}`)) return { bucket: name.slice(0, -own.length - 1) };
  }
  const aws = awsHost.exec(name);
  if (!aws) return {};
  return { ...(aws[1] ? { bucket: aws[1] } : {}), ...(aws[2] ? { region: aws[2] } : {}) };
}

/**
 * Reads a request target.
 * @param raw the target as it came: `/bucket/key?query`, or with scheme and host before it, as to a proxy
 * @param host the Host header
 * @param ownHosts the names of this server, lower case: what has none of them before it is path style
 */
export function parseTarget(raw: string, host: string, ownHosts: readonly string[]): Target {
  if (!raw.startsWith("/")) raw = raw === "*" ? "/" : raw.replace(/^[a-z]+:\/\/[^/?]*/i, "");
  if (!raw.startsWith("/")) raw = `/${raw}`;
  const mark = raw.indexOf("?");
  const rawPath = mark < 0 ? raw : raw.slice(0, mark);
  const path = decode(rawPath, "path");
  const query = new Query(mark < 0 ? "" : raw.slice(mark + 1));
  const { bucket: hostBucket, region: hostRegion } = bucketOfHost(host, ownHosts);
  if (hostBucket !== undefined) {
    const key = path.slice(1);
    return { raw, path, query, bucket: hostBucket, key: key === "" ? undefined : key, virtualHost: true, hostRegion };
  }
  // Split before decoding: `/bucket%2Fkey` is one strange bucket name.
  const slash = rawPath.indexOf("/", 1);
  const bucket = decode(slash < 0 ? rawPath.slice(1) : rawPath.slice(1, slash), "path");
  const key = slash < 0 ? "" : decode(rawPath.slice(slash + 1), "path");
  if (bucket === "" && path !== "/") {
    throw new S3Error("InvalidBucketName", "The path names a key, but no bucket.", { BucketName: "" });
  }
  return {
    raw,
    path,
    query,
    bucket: bucket === "" ? undefined : bucket,
    key: key === "" ? undefined : key,
    virtualHost: false,
    hostRegion,
  };
}

/** A whole number from a query or header, within bounds. */
export function integer(name: string, text: string, least: number, most: number): number {
  const value = /^-?\d{1,15}$/.test(text) ? Number(text) : Number.NaN;
  if (!(value >= least && value <= most)) {
    throw invalidArgument(name, text, `${name} must be a whole number from ${least} to ${most}.`);
  }
  return value;
}

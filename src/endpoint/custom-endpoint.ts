import { isDottedQuad } from "./host-label.js";

/** A custom endpoint taken apart. */
export interface CustomEndpoint {
  scheme: "http" | "https";
  /** Host and, where it was given, port, as they were written: `localhost:9000`, `[::1]:9000`. */
  authority: string;
  /** The path as it was written: empty, or beginning with `/`. */
  path: string;
  /** The path without empty segments, with `/` at both ends. */
  normalizedPath: string;
  /** The host is an IPv4 or IPv6 address, so that no bucket can stand in front of it. */
  isIp: boolean;
}

const longestHost = 255;

/**
 * Takes `http(s)://host[:port][/path]` apart; undefined if it is not that. Not a general URL parser on purpose: what could make
 * two readers see two different hosts (users, backslashes, control characters, dot segments, numbers that count as addresses) is refused.
 */
export function parseCustomEndpoint(endpoint: string): CustomEndpoint | undefined {
  const schemeEnd = endpoint.indexOf("://");
  if (schemeEnd !== 4 && schemeEnd !== 5) return undefined;
  const scheme = endpoint.slice(0, schemeEnd).toLowerCase();
  if (scheme !== "http" && scheme !== "https") return undefined;

  const authorityStart = schemeEnd + 3;
  const slash = endpoint.indexOf("/", authorityStart);
  const authority = slash < 0 ? endpoint.slice(authorityStart) : endpoint.slice(authorityStart, slash);
  const path = slash < 0 ? "" : endpoint.slice(slash);
  if (!isPath(path)) return undefined;

  const portColon = authority.lastIndexOf(":");
  const hasPort = portColon > authority.lastIndexOf("]");
  if (hasPort && !isPort(authority.slice(portColon + 1))) return undefined;
  const host = hasPort ? authority.slice(0, portColon) : authority;

  const isIp = host.startsWith("[") || isDottedQuad(host);
  if (!(isIp ? isIpAddress(host) : isHostName(host))) return undefined;
  return { scheme, authority, path, normalizedPath: normalizePath(path), isIp };
}

/** The characters of a path by RFC 3986, and no dot segments, which a proxy on the way might resolve. */
function isPath(path: string): boolean {
  if (path === "" || path === "/") return true;
  if (!/^[\w\-.~/]*$/.test(path) && !/^(?:[\w\-.~!$&'()*+,;=:@/]|%[\da-fA-F]{2})*$/.test(path)) return false;
  return !/\/(?:\.|%2[eE]){1,2}(?:\/|$)/.test(path);
}

function normalizePath(path: string): string {
  if (path === "" || path === "/") return "/";
  const collapsed = path.includes("//") ? path.replace(/\/{2,}/g, "/") : path;
  return collapsed.endsWith("/") ? collapsed : `${collapsed}/`;
}

function isPort(text: string): boolean {
  return /^\d{1,5}$/.test(text) && Number(text) <= 65535;
}

function isIpAddress(host: string): boolean {
  // An IPv6 address alone goes to the platform's parser: nothing in it can be resolved or moved.
  if (host.startsWith("[")) return /^\[[\da-f:.]{2,45}\]$/i.test(host) && URL.canParse(`http://${host}`);
  // 010.0.0.1 is 8.0.0.1 to some readers.
  return host.split(".").every((octet) => String(Number(octet)) === octet && Number(octet) <= 255);
}

/**
 * Labels as in `isHostLabel`, and underscores, as container networks have them; a dot at the end is allowed. The last label is no number:
 * that would be an address to some readers.
 */
function isHostName(host: string): boolean {
  const end = host.endsWith(".") ? host.length - 1 : host.length;
  if (host.length > longestHost) return false;
  let start = 0;
  for (let index = 0; index <= end; index++) {
    const code = index === end ? dot : host.charCodeAt(index);
    if (code === dot) {
      if (index === start || index - start > longestLabel) return false;
      if (host.charCodeAt(start) === hyphen || host.charCodeAt(index - 1) === hyphen) return false;
      if (index < end) start = index + 1;
    } else if (code !== hyphen && code !== underscore && !isLetterOrDigit(code)) return false;
  }
  const first = host.charCodeAt(start);
  return !isDigit(first) || !/^(?:\d+|0[xX][\da-fA-F]*)\.?$/.test(host.slice(start));
}

const dot = 46;
const hyphen = 45;
const underscore = 95;
const longestLabel = 63;

const isDigit = (code: number): boolean => code >= 48 && code <= 57;
const isLetterOrDigit = (code: number): boolean =>
  isDigit(code) || (code >= 97 && code <= 122) || (code >= 65 && code <= 90);

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
  return /^(?:[\w\-.~!$&'()*+,;=:@/]|%[\da-f]{2})*$/i.test(path) && !/\/(?:\.|%2e){1,2}(?:\/|$)/i.test(path);
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

/** Labels of letters, digits, hyphens and, as container networks have them, underscores. The last is no number: that is an address. */
function isHostName(host: string): boolean {
  if (host.length > longestHost) return false;
  const labels = (host.endsWith(".") ? host.slice(0, -1) : host).split(".");
  for (const label of labels) {
    if (label.length > 63 || !/^\w(?:[\w-]*\w)?$/.test(label)) return false;
  }
  return !/^(?:\d+|0x[\da-f]*)$/i.test(labels.at(-1) ?? "");
}

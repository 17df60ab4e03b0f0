import { Buffer } from "node:buffer";
import { ConfigError } from "../errors/base.js";

/** One proxy. */
export interface ProxyServer {
  readonly host: string;
  readonly port: number;
  /** The proxy itself is spoken to over TLS. */
  readonly secure: boolean;
  /** Value of Proxy-Authorization; a secret. */
  readonly authorization: string | undefined;
  /** `host:port`, for messages: never the URL, which may hold a password. */
  readonly name: string;
}

type Env = Readonly<Record<string, string | undefined>>;

/**
 * The proxies that the environment names, as curl reads it: `https_proxy` or `http_proxy` by the scheme of the endpoint, then `all_proxy`; each in
 * lower case, then in upper case; `no_proxy` lists the hosts to reach directly.
 */
export class ProxySettings {
  #env: Env;
  #noProxy: NoProxy;
  #parsed = new Map<string, ProxyServer>();

  /** Undefined if the environment names no proxy at all. */
  static from(env: Env): ProxySettings | undefined {
    return SCHEMES.some((scheme) => either(env, `${scheme}_proxy`) !== undefined) ? new ProxySettings(env) : undefined;
  }

  constructor(env: Env) {
    this.#env = env;
    this.#noProxy = parseNoProxy(either(env, "no_proxy") ?? "");
  }

  /** The proxy for `https://host[:port]`, or undefined: go directly. Throws a ConfigError for a proxy URL that can't be used. */
  for(origin: string): ProxyServer | undefined {
    const secure = origin.startsWith("https:");
    const name = secure ? "https_proxy" : "http_proxy";
    const url = either(this.#env, name) ?? either(this.#env, "all_proxy");
    if (url === undefined || excluded(this.#noProxy, origin, secure)) return undefined;
    let proxy = this.#parsed.get(url);
    if (proxy === undefined) {
      proxy = parseProxy(url, name.toUpperCase());
      this.#parsed.set(url, proxy);
    }
    return proxy;
  }
}

const SCHEMES = ["https", "http", "all"];

/** A variable in either case, the lower one first; empty counts as unset. */
function either(env: Env, name: string): string | undefined {
  const value = (env[name] ?? env[name.toUpperCase()])?.trim();
  return value === "" ? undefined : value;
}

/** A URL, or `host:port`. Messages about it never show it: it may hold a password. */
function parseProxy(text: string, variable: string): ProxyServer {
  let url: URL;
  try {
    url = new URL(/^[a-z][a-z0-9+.-]*:\/\//i.test(text) ? text : `http://${text}`);
  } catch {
    throw new ConfigError(`${variable} is not a URL`, { code: "InvalidProxy", hint: FORM });
  }
  const { protocol } = url;
  if (protocol !== "http:" && protocol !== "https:") {
    throw new ConfigError(`${variable} names a proxy of the kind ${protocol}//, which is not supported`, {
      code: "InvalidProxy",
      hint: FORM,
    });
  }
  const secure = protocol === "https:";
  const host = url.hostname.startsWith("[") ? url.hostname.slice(1, -1) : url.hostname;
  const port = Number(url.port) || (secure ? 443 : 80);
  return {
    host,
    port,
    secure,
    authorization:
      url.username === "" && url.password === ""
        ? undefined
        : `Basic ${Buffer.from(`${decode(url.username)}:${decode(url.password)}`).toString("base64")}`,
    name: `${url.hostname}:${port}`,
  };
}

const FORM = "Write it as http://[user:password@]host:port.";

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

interface NoProxyEntry {
  readonly host: string;
  readonly port: number | undefined;
  readonly network: { readonly address: bigint; readonly bits: number; readonly width: number } | undefined;
}

type NoProxy = "all" | readonly NoProxyEntry[];

function parseNoProxy(text: string): NoProxy {
  const entries: NoProxyEntry[] = [];
  for (const word of text.toLowerCase().split(/[\s,]+/)) {
    if (word === "*") return "all";
    if (word === "") continue;
    const [, bracketed, plain, port] = /^(?:\[(.+)\]|([^:]+|.*:.*:.*))(?::(\d+))?$/.exec(word) ?? [];
    const host = (bracketed ?? plain ?? word).replace(/^\*?\./, "").replace(/\.$/, "");
    entries.push({ host, port: port === undefined ? undefined : Number(port), network: parseNetwork(host) });
  }
  return entries;
}

/** Whether a list of hosts not to proxy covers an origin: a name covers its subdomains, `10.0.0.0/8` a network, `host:port` one port. */
function excluded(list: NoProxy, origin: string, secure: boolean): boolean {
  if (list === "all") return true;
  if (list.length === 0) return false;
  const [, bracketed, plain, given] = /^[a-z]+:\/\/(?:\[(.+)\]|([^:/]+))(?::(\d+))?/i.exec(origin) ?? [];
  const host = (bracketed ?? plain ?? "").toLowerCase().replace(/\.$/, "");
  const port = given === undefined ? (secure ? 443 : 80) : Number(given);
  const address = parseAddress(host);
  return list.some((entry) => {
    if (entry.port !== undefined && entry.port !== port) return false;
    if (entry.network !== undefined) {
      if (address === undefined || address.width !== entry.network.width) return false;
      const shift = BigInt(address.width - entry.network.bits);
      return address.value >> shift === entry.network.address >> shift;
    }
    return host === entry.host || (address === undefined && host.endsWith(`.${entry.host}`));
  });
}

function parseNetwork(text: string): NoProxyEntry["network"] {
  const slash = text.indexOf("/");
  const address = parseAddress(slash === -1 ? text : text.slice(0, slash));
  if (address === undefined) return undefined;
  const bits = slash === -1 ? address.width : Number(text.slice(slash + 1));
  if (!Number.isInteger(bits) || bits < 0 || bits > address.width) return undefined;
  return { address: address.value, bits, width: address.width };
}

/** An IPv4 or IPv6 address as a number, or undefined for a name. */
function parseAddress(text: string): { value: bigint; width: number } | undefined {
  if (/^\d{1,3}(\.\d{1,3}){3}$/.test(text)) {
    let value = 0n;
    for (const part of text.split(".")) value = (value << 8n) | BigInt(part);
    return { value, width: 32 };
  }
  if (!/^[0-9a-f:]*:[0-9a-f:.]*$/.test(text)) return undefined;
  const [head = "", tail] = text.split("::");
  const groups = (part: string): string[] => (part === "" ? [] : part.split(":"));
  const left = groups(head);
  const right = tail === undefined ? [] : groups(tail);
  const missing = 8 - left.length - right.length;
  if (missing < 0 || (tail === undefined && missing !== 0)) return undefined;
  let value = 0n;
  for (const group of [...left, ...Array<string>(missing).fill("0"), ...right]) {
    if (!/^[0-9a-f]{1,4}$/.test(group)) return undefined;
    value = (value << 16n) | BigInt(`0x${group}`);
  }
  return { value, width: 128 };
}

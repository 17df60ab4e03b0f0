import { present } from "./locate.js";
import type { Env } from "./types.js";

/**
 * The proxy that the environment names for a URL, or undefined: `https_proxy`/`HTTPS_PROXY` for https, `http_proxy`/
 * `HTTP_PROXY` for http, unless `no_proxy`/`NO_PROXY` has the host. A proxy without a scheme is an http one.
 *
 * @param origin scheme, host and port: `https://sts.eu-west-1.amazonaws.com`.
 */
export function proxyForOrigin(origin: string, env: Env): string | undefined {
  const match = /^(https?):\/\/(\[[^\]]*\]|[^:/?#]*)(?::(\d+))?/i.exec(origin);
  if (match === null) return undefined;
  const scheme = match[1]!.toLowerCase();
  const proxy = present(env[`${scheme}_proxy`]) ?? present(env[`${scheme.toUpperCase()}_PROXY`]);
  if (proxy === undefined) return undefined;
  const host = match[2]!.toLowerCase().replace(/^\[|\]$/g, "");
  const port = match[3] ?? (scheme === "https" ? "443" : "80");
  const exempt = present(env.no_proxy) ?? present(env.NO_PROXY) ?? "";
  if (exempt.split(/[\s,]+/).some((entry) => exempts(entry.toLowerCase(), host, port))) return undefined;
  return /^[a-z][a-z0-9+.-]*:\/\//i.test(proxy) ? proxy : `http://${proxy}`;
}

/** `*`, `host`, `.domain`, `*.domain`, each with or without a port; a domain counts for the hosts below it, too. */
function exempts(entry: string, host: string, port: string): boolean {
  if (entry === "") return false;
  if (entry === "*") return true;
  const match = /^(\[[^\]]*\]|.*?)(?::(\d+))?$/.exec(
    entry.split(":").length > 2 && !entry.startsWith("[") ? `[${entry}]` : entry,
  )!;
  if (match[2] !== undefined && match[2] !== port) return false;
  const domain = match[1]!.replace(/^\[|\]$/g, "").replace(/^\*?\./, "");
  return domain !== "" && (host === domain || host.endsWith(`.${domain}`));
}

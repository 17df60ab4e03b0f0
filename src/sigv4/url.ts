import { got } from "./check.js";

/** A URL taken apart without being changed. */
export interface Target {
  /** `https://host`, as given; empty where the URL began with the path. */
  readonly origin: string;
  /** As clients send it: lower case, without the scheme's own port. Undefined where the URL began with the path. */
  readonly host: string | undefined;
  /** As given; `/` where there was none. */
  readonly path: string;
  /** As given, without the `?`. */
  readonly query: string;
}

const ABSOLUTE = /^([A-Za-z][A-Za-z\d+.-]*):\/\/([^/?#]*)/;

/**
 * Splits a URL by hand: WHATWG's `URL` would resolve dots, drop tabs and turn backslashes, and so sign and send another object's key.
 */
export function splitUrl(url: string): Target {
  const parts = typeof url === "string" ? ABSOLUTE.exec(url) : null;
  if (parts === null && (typeof url !== "string" || !url.startsWith("/"))) {
    throw new TypeError(`url: must be absolute (https://host/path) or begin with the path (/path)${got(url)}`);
  }
  if (/[\r\n\0\p{Cs}]/u.test(url)) {
    throw new TypeError(
      "url: must not have line ends, NUL or half a surrogate pair in it; percent-encode what is meant",
    );
  }
  const [origin = "", scheme = "", authority = ""] = parts ?? [];
  if (parts !== null && (authority === "" || /[@\s\\]/.test(authority))) {
    throw new TypeError("url: must have a host, and no user name or password before it");
  }
  const target = url.slice(origin.length);
  const mark = target.indexOf("?");
  const path = mark < 0 ? target : target.slice(0, mark);
  return {
    origin,
    host: parts === null ? undefined : hostHeader(scheme.toLowerCase(), authority.toLowerCase()),
    // A `#` right behind the host would melt into it without the slash.
    path: path.startsWith("/") ? path : `/${path}`,
    query: mark < 0 ? "" : target.slice(mark + 1),
  };
}

function hostHeader(scheme: string, authority: string): string {
  const own = scheme === "https" ? /:(443)?$/ : scheme === "http" ? /:(80)?$/ : /:$/;
  return authority.replace(own, "");
}

import { parseCustomEndpoint } from "./custom-endpoint.js";
import { fault } from "./fault.js";
import { isDottedQuad, isHostLabel } from "./host-label.js";
import type { AuthScheme, ResolvedEndpoint, SigningName } from "./parameters.js";

/** How a request for an endpoint is signed, in the signer's words. */
export type EndpointSigning =
  | {
      readonly name: "sigv4" | "sigv4-s3express";
      readonly service: SigningName;
      readonly region: string;
      readonly regionSet: undefined;
      /** Encode the path a second time for the canonical request; never so for S3. */
      readonly doubleEncode: boolean;
    }
  | {
      readonly name: "sigv4a";
      readonly service: SigningName;
      readonly region: undefined;
      readonly regionSet: readonly string[];
      readonly doubleEncode: boolean;
    };

/** A resolved endpoint in the pieces that the road needs, so that a request takes no URL apart. */
export interface PreparedEndpoint {
  /** The URL as the rules gave it. */
  readonly url: string;
  readonly scheme: "http:" | "https:";
  /** The value of the Host header: lower case, with the port where it is not the scheme's own. IPv6 addresses in brackets. */
  readonly host: string;
  /** Scheme and host, which name a connection pool: `https://b.s3.eu-west-1.amazonaws.com`. */
  readonly origin: string;
  /** What comes before `/key` in the path, encoded and without a slash at its end: ``, `/prefix`, `/bucket`, `/prefix/bucket`. */
  readonly basePath: string;
  /** How to sign. Where the endpoint leaves a choice, as preferred; else with SigV4: an HMAC costs a tenth of SigV4A's ECDSA. */
  readonly signing: EndpointSigning;
  /** `S3Express` for directory buckets. */
  readonly backend: "S3Express" | undefined;
}

/** What a configuration says of signing. */
export interface SigningPreferences {
  readonly signingRegionSet?: readonly string[] | undefined;
  readonly authSchemePreference?: readonly string[] | undefined;
}

/**
 * Takes a resolved endpoint apart.
 *
 * @throws {@link EndpointError} where the rules put a name in front of what cannot have one, an IP address, or made a host of more than
 * 255 characters.
 */
export function prepareEndpoint(
  { url, properties }: ResolvedEndpoint,
  preferences: SigningPreferences = {},
): PreparedEndpoint {
  const parts = parseCustomEndpoint(url);
  if (parts === undefined) throw impossibleHost(url);
  const scheme = parts.scheme === "https" ? "https:" : "http:";
  const host = canonicalHost(parts.authority, parts.scheme === "https" ? 443 : 80);
  return {
    url,
    scheme,
    host,
    origin: `${scheme}//${host}`,
    basePath: parts.path.endsWith("/") ? parts.path.slice(0, -1) : parts.path,
    signing: chooseSigning(properties.authSchemes, preferences),
    backend: properties.backend,
  };
}

/**
 * The same endpoint with labels in front of its host, as WriteGetObjectResponse has its route. An address, or the name of one machine such as
 * `localhost`, has no names below it, and stays what it is.
 *
 * @param prefix one or more host labels, each with its dot: `route.`.
 * @throws {@link EndpointError} if these are no host labels, or the name becomes too long.
 */
export function withHostPrefix(endpoint: PreparedEndpoint, prefix: string): PreparedEndpoint {
  const name = endpoint.host.replace(/:\d+$/, "");
  if (!name.includes(".") || isDottedQuad(name)) return endpoint;
  const host = `${prefix}${endpoint.host}`.toLowerCase();
  const origin = `${endpoint.scheme}//${host}`;
  if (!prefix.endsWith(".") || !isHostLabel(prefix.slice(0, -1), true) || parseCustomEndpoint(origin) === undefined) {
    throw impossibleHost(origin);
  }
  return { ...endpoint, url: origin + endpoint.basePath, host, origin };
}

function chooseSigning(
  schemes: readonly AuthScheme[],
  { signingRegionSet, authSchemePreference = [] }: SigningPreferences,
): EndpointSigning {
  const liked = authSchemePreference.find((wanted) => schemes.some(({ name }) => name === wanted));
  const scheme = schemes.find(({ name }) => (liked === undefined ? name !== "sigv4a" : name === liked)) ?? schemes[0];
  if (scheme === undefined) throw fault("The endpoint names no way to sign", "This is a defect of Tucuxi: report it.");
  const doubleEncode = !scheme.disableDoubleEncoding;
  const service = scheme.signingName;
  return scheme.name === "sigv4a"
    ? {
        name: scheme.name,
        service,
        region: undefined,
        regionSet: signingRegionSet ?? scheme.signingRegionSet,
        doubleEncode,
      }
    : { name: scheme.name, service, region: scheme.signingRegion, regionSet: undefined, doubleEncode };
}

/** One spelling for one host: what is signed must be what is sent, and what is sent is what the HTTP client made of the origin. */
function canonicalHost(authority: string, defaultPort: number): string {
  const colon = authority.lastIndexOf(":");
  const hasPort = colon > authority.lastIndexOf("]");
  const name = (hasPort ? authority.slice(0, colon) : authority).toLowerCase();
  // Only the platform knows the canonical form of an IPv6 address.
  const host = name.startsWith("[") ? new URL(`http://${name}`).hostname : name;
  const port = hasPort ? Number(authority.slice(colon + 1)) : defaultPort;
  return port === defaultPort ? host : `${host}:${port}`;
}

function impossibleHost(url: string): Error {
  return fault(
    `The endpoint \`${url}\` has no valid host name`,
    "An IP address cannot have a bucket or access point in front of it: set forcePathStyle to true, or give a host name as endpoint.",
  );
}

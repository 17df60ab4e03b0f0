import { invalidRegion } from "./fault.js";
import type { AuthScheme, ResolvedEndpoint, SigningName } from "./parameters.js";

/** An endpoint that is signed for with SigV4 in one region: what most requests meet. */
export function signedEndpoint(url: string, signingName: SigningName, region: string): ResolvedEndpoint {
  return endpoint(url, [sigv4(signingName, region)]);
}

/** An endpoint with its ways to sign. */
export function endpoint(url: string, authSchemes: AuthScheme[]): ResolvedEndpoint {
  return { url, headers: {}, properties: { authSchemes } };
}

/** SigV4 for one region. */
export function sigv4(signingName: SigningName, region: string): AuthScheme {
  return { name: "sigv4", signingName, signingRegion: scopeRegion(region), disableDoubleEncoding: true };
}

/** SigV4 with the session of a directory bucket. */
export function sigv4S3Express(region: string): AuthScheme {
  return {
    name: "sigv4-s3express",
    signingName: "s3express",
    signingRegion: scopeRegion(region),
    disableDoubleEncoding: true,
  };
}

/** SigV4A for every region. */
export function sigv4a(signingName: SigningName): AuthScheme {
  return { name: "sigv4a", signingName, signingRegionSet: ["*"], disableDoubleEncoding: true };
}

/**
 * The rules take any region for a custom endpoint, and other makers' regions have names of many kinds. But in the credential scope,
 * inside the Authorization header, a slash, comma, space or line end would begin another field.
 */
function scopeRegion(region: string): string {
  if (!/^[!-+\-.0-~]+$/.test(region)) throw invalidRegion(region);
  return region;
}

import { EndpointError } from "../errors/base.js";

/** An EndpointError with the rules' own message, and a hint of ours. */
export function fault(message: string, hint: string): EndpointError {
  return new EndpointError(message, { hint });
}

/** The region can stand neither in a host name nor in a credential scope. */
export function invalidRegion(region: string): EndpointError {
  return fault(
    "Invalid region: region was not a valid DNS name.",
    `The region is ${JSON.stringify(region)}; a region looks like "eu-central-1": letters, digits and hyphens.`,
  );
}

/** The custom endpoint is not `http(s)://host[:port][/path]`. A password in it is not repeated. */
export function invalidEndpoint(endpoint: string): EndpointError {
  const shown = endpoint.replace(/^([^/?#@]*\/\/)?.*@/s, "$1***@");
  return fault(
    `Custom endpoint \`${shown}\` was not a valid URI`,
    "An endpoint is http:// or https://, a host, and if need be a port and a path; no user name, query or fragment.",
  );
}

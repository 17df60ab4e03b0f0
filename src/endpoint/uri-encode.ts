import { fault } from "./fault.js";

/**
 * Percent-encodes everything but letters, digits and `-._~`, so that a bucket's name is one segment of a path and nothing more.
 * Throws EndpointError for what no encoding can keep in its place: an empty name, `.` and `..`, and half a surrogate pair.
 */
export function bucketSegment(bucket: string): string {
  if (bucket === "" || bucket === "." || bucket === "..") throw unusableBucket(bucket);
  let encoded: string;
  try {
    encoded = encodeURIComponent(bucket);
  } catch {
    throw unusableBucket(bucket);
  }
  return encoded.replace(/[!'()*]/g, (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`);
}

function unusableBucket(bucket: string): Error {
  return fault(
    `Invalid bucket name: \`${bucket}\``,
    "This name cannot stand in a URL. A bucket's name has 3 to 63 lower-case letters, digits, dots and hyphens.",
  );
}

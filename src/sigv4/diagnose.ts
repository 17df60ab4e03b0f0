import { EMPTY_HASH, firstDifference, UNSIGNED_PAYLOAD } from "./canonical.js";
import { canonicalPath } from "./encode.js";
import type { Target } from "./url.js";

/**
 * Looks for the line that makes a signature differ, by trying what clients and proxies are known to do. The sender's canonical request
 * is not known here, but one that leads to the signature received is the one that was signed.
 *
 * @param ours the canonical request as we have it
 * @param holds whether the signature received is that of a canonical request
 * @returns the first line that differs, undefined when no guess fits
 */
export function diagnose(
  ours: string,
  target: Target,
  holds: (canonicalRequest: string) => boolean,
): string | undefined {
  for (const guess of guesses(ours, target)) if (guess !== ours && holds(guess)) return firstDifference(ours, guess);
  return undefined;
}

function* guesses(ours: string, { path, query }: Target): Generator<string> {
  const lines = ours.split("\n");
  const withLine = (at: number, line: string) => lines.map((old, i) => (i === at ? line : old)).join("\n");

  for (const method of ["GET", "HEAD", "PUT", "POST", "DELETE"]) yield withLine(0, method);
  // Signed as it stands; encoded once more, as for other services; with its dots resolved, as URL classes do.
  yield withLine(1, path);
  for (const doubleEncode of [false, true]) {
    for (const normalize of [false, true]) yield withLine(1, canonicalPath(path, normalize, doubleEncode));
  }
  // Not sorted or not encoded; a parameter added on the way. Bounded, as the request may come from anybody.
  yield withLine(2, query);
  const parameters = (lines[2] ?? "").split("&");
  for (const added of parameters.length > 30 ? [] : parameters)
    yield withLine(2, parameters.filter((one) => one !== added).join("&"));
  // A proxy that puts its own name or port into the host header.
  const host = lines.findIndex((line) => line.startsWith("host:"));
  const name = lines[host]?.replace(/:\d+$/, "") ?? "";
  for (const port of ["", ":80", ":443"]) yield withLine(host, name + port);
  // A payload that was signed as another one.
  const declared = lines.findIndex((line) => line.startsWith("x-amz-content-sha256:"));
  for (const hash of [UNSIGNED_PAYLOAD, EMPTY_HASH]) {
    const guess = withLine(lines.length - 1, hash);
    yield guess;
    yield guess.replace(`\n${lines[declared]}\n`, `\nx-amz-content-sha256:${hash}\n`);
  }
}

import { ChecksumMismatchError } from "../../errors/base.js";
import { type ChecksumAlgorithm, validationHeaders, validationOrder } from "./algorithms.js";
import { createChecksum } from "./checksum.js";

/** Checks bytes that come in pieces against what was said of them. */
export interface ChecksumVerifier {
  readonly algorithm: ChecksumAlgorithm;
  update(bytes: Uint8Array): void;
  /** Throws a ChecksumMismatchError when the bytes were others. */
  verify(): void;
}

/** A checksum of a whole object that a response's headers give. */
export interface GivenChecksum {
  readonly algorithm: ChecksumAlgorithm;
  /** Base64. */
  readonly value: string;
}

/**
 * The checksum to hold a response's body to: the first in `validationOrder` that is of the whole object. One of parts (`base64-N`) says nothing
 * of the bytes in a row.
 *
 * @param headers names in lower case
 */
export function responseChecksum(headers: Readonly<Record<string, string | undefined>>): GivenChecksum | undefined {
  if (headers["x-amz-checksum-type"]?.toUpperCase() === "COMPOSITE") return undefined;
  for (let i = 0; i < validationHeaders.length; i++) {
    const value = headers[validationHeaders[i]!];
    if (value === undefined || value === "" || value.includes("-")) continue;
    return { algorithm: validationOrder[i]!, value: value.trim() };
  }
  return undefined;
}

/**
 * A verifier for the body of a response, or undefined where its headers give no checksum of a whole object. Not for ranges: S3 gives
 * the whole object's checksum with some of them.
 */
export function checksumVerifier(headers: Readonly<Record<string, string | undefined>>): ChecksumVerifier | undefined {
  const given = responseChecksum(headers);
  if (!given) return undefined;
  const { algorithm, value } = given;
  const checksum = createChecksum(algorithm);
  return {
    algorithm,
    update: (bytes) => checksum.update(bytes),
    verify() {
      const actual = checksum.base64();
      if (actual === value) return;
      throw new ChecksumMismatchError(algorithm, value, actual, {
        hint: "The bytes were damaged on their way, or stored under a wrong checksum: read the object again.",
      });
    },
  };
}

import { describe, expect, it } from "vitest";
import { ChecksumMismatchError } from "../../../src/errors/base.js";
import {
  algorithmOf,
  algorithmOfHeader,
  checksum,
  checksumHeader,
  checksumMember,
  checksumTextLength,
  checksumVerifier,
  isChecksumHeader,
  responseChecksum,
  validationOrder,
} from "../../../src/transport/checksum/index.js";
import { algorithms, sequence } from "./support.js";

describe("names", () => {
  it.each(algorithms)("%s has a header, a member and a length", (algorithm) => {
    const header = `x-amz-checksum-${algorithm.toLowerCase()}`;
    expect(checksumHeader(algorithm)).toBe(header);
    expect(checksumMember(algorithm)).toBe(`Checksum${algorithm}`);
    expect(algorithmOfHeader(header)).toBe(algorithm);
    expect(algorithmOfHeader(header.toUpperCase())).toBe(algorithm);
    expect(isChecksumHeader(header)).toBe(true);
    expect(checksum(algorithm, sequence(1))).toHaveLength(checksumTextLength(algorithm));
    expect(validationOrder).toContain(algorithm);
  });

  it("are told from what is none", () => {
    expect(algorithmOf("crc32c")).toBe("CRC32C");
    expect(algorithmOf("toString")).toBeUndefined();
    expect(checksumHeader("CRC16")).toBeUndefined();
    for (const name of ["x-amz-checksum-type", "x-amz-checksum-mode", "x-amz-checksum-algorithm"]) {
      expect(isChecksumHeader(name)).toBe(false);
      expect(algorithmOfHeader(name)).toBeUndefined();
    }
    expect(isChecksumHeader("x-amz-sdk-checksum-algorithm")).toBe(false);
    // An algorithm of tomorrow still is the caller's checksum.
    expect(isChecksumHeader("x-amz-checksum-blake3")).toBe(true);
    expect(algorithmOfHeader("x-amz-checksum-blake3")).toBeUndefined();
  });
});

describe("the checksum of a response", () => {
  const bytes = sequence(1000);
  const headers = Object.fromEntries(algorithms.map((name) => [checksumHeader(name), checksum(name, bytes)]));

  it("is the first of the order that is there", () => {
    const left = { ...headers };
    for (const algorithm of validationOrder) {
      expect(responseChecksum(left)).toEqual({ algorithm, value: headers[checksumHeader(algorithm)] });
      delete left[checksumHeader(algorithm)];
    }
    expect(responseChecksum(left)).toBeUndefined();
    expect(checksumVerifier({ etag: '"x"' })).toBeUndefined();
  });

  it("is not one made of parts", () => {
    expect(responseChecksum({ "x-amz-checksum-crc32c": "AAAAAA==-2" })).toBeUndefined();
    expect(responseChecksum({ "x-amz-checksum-crc64nvme": "AAAAAA==-2", "x-amz-checksum-sha1": "x" })?.algorithm).toBe(
      "SHA1",
    );
    expect(responseChecksum({ ...headers, "x-amz-checksum-type": "COMPOSITE" })).toBeUndefined();
    expect(responseChecksum({ ...headers, "x-amz-checksum-type": "FULL_OBJECT" })?.algorithm).toBe("XXHASH128");
  });

  it.each(algorithms)("%s is held to the bytes as they come", (algorithm) => {
    const header = checksumHeader(algorithm);
    const good = checksumVerifier({ [header]: headers[header] });
    expect(good?.algorithm).toBe(algorithm);
    for (let at = 0; at < bytes.length; at += 300) good?.update(bytes.subarray(at, at + 300));
    expect(good?.verify()).toBeUndefined();

    const bad = checksumVerifier({ [header]: headers[header] });
    bad?.update(bytes.subarray(1));
    const actual = checksum(algorithm, bytes.subarray(1));
    const error = {
      algorithm,
      expected: headers[header],
      actual,
      hint: expect.stringContaining("read the object again"),
    };
    expect(() => bad?.verify()).toThrow(expect.objectContaining(error));
    expect(() => bad?.verify()).toThrow(ChecksumMismatchError);
  });
});

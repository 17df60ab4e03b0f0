import { type Rule, withMember } from "./rule.js";

/** S3 sends an object's checksum only to those who ask for it. */
export const checksumMode: Rule = {
  applies: (op) => op.responseChecksum,
  prepare(input, { checksumMode: ask = false }) {
    return ask && input["ChecksumMode"] === undefined ? withMember(input, "ChecksumMode", "ENABLED") : input;
  },
};

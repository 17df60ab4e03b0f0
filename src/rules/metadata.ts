import { isDictionary } from "../protocol/xml-write.js";
import type { Rule } from "./rule.js";

const beyondAscii = /[^\0-\x7f]/;

/** Metadata travels in headers, and S3 takes nothing but ASCII there: what goes beyond it comes back as something else, or breaks the signature. */
export const metadataAscii: Rule = {
  applies: (op) => op.input.members.some((member) => member.location === "headers"),
  prepare(input, _context, faults) {
    const metadata = input["Metadata"];
    if (metadata === undefined || !isDictionary(metadata)) return input;
    for (const name in metadata) {
      const value = metadata[name];
      if (beyondAscii.test(name) || (typeof value === "string" && beyondAscii.test(value))) {
        faults.push({
          path: `Metadata.${name}`,
          problem:
            "has characters beyond ASCII, which S3's metadata cannot hold; encode them (as with encodeURIComponent)",
        });
      }
    }
    return input;
  },
};

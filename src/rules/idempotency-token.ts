import { randomUUID } from "node:crypto";
import { type Rule, withMember } from "./rule.js";

/**
 * A token by which S3 knows a request that comes twice; made here when the caller gives none, once a call and not once an attempt. Not for a
 * presigned URL: it would be a signed header that whoever has the URL could not know.
 */
export const idempotencyToken: Rule = {
  applies: (op) => op.input.members.some((member) => member.idempotencyToken),
  prepare(input, { idempotencyToken: fill = true }, _faults, op) {
    if (!fill) return input;
    let out = input;
    for (const member of op.input.members) {
      if (member.idempotencyToken && input[member.name] === undefined) out = withMember(out, member.name, randomUUID());
    }
    return out;
  },
};

import { createHash } from "node:crypto";
import { types } from "node:util";
import { type Dictionary, type Rule, takes, withMember } from "./rule.js";

/**
 * A key of the caller's own for encryption is given as it is, bytes or text; S3 wants it in base64, with the MD5 of its bytes beside it. A caller who
 * gives the MD5 has done all that: then a text goes out untouched.
 */
export const customerKey: Rule = {
  applies: (op) => takes(op, "SSECustomerKeyMD5") || takes(op, "CopySourceSSECustomerKeyMD5"),
  prepare(input) {
    let out = input;
    if (input["SSECustomerKey"] !== undefined) out = encodeMember(out, "SSECustomerKey");
    if (input["CopySourceSSECustomerKey"] !== undefined) out = encodeMember(out, "CopySourceSSECustomerKey");
    return out;
  },
};

function encodeMember(input: Dictionary, name: string): Dictionary {
  const given = input[name];
  const digest = `${name}MD5`;
  const hasDigest = input[digest] !== undefined;
  let bytes: Uint8Array;
  if (typeof given === "string") {
    if (hasDigest) return input;
    bytes = Buffer.from(given);
  } else if (types.isUint8Array(given)) bytes = given;
  else if (types.isArrayBuffer(given)) bytes = new Uint8Array(given);
  // The serializer says what is wrong with it.
  else return input;
  const encoded = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("base64");
  const out = withMember(input, name, encoded);
  if (!hasDigest) out[digest] = createHash("md5").update(bytes).digest("base64");
  return out;
}

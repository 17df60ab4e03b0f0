import type { Operation } from "../model/operation.js";
import type { Member, StructureShape } from "../model/shape.js";
import { invalidArgument, malformedAcl, missingBody, S3Error } from "./errors.js";
import type { Target } from "./target.js";
import { readPayload } from "./xml-read.js";

/** Headers of a request by lower-case name; a header given more than once is joined by commas. */
export type Headers = Readonly<Record<string, string>>;

function scalar(member: Member, text: string): unknown {
  const shape = member.shape;
  switch (shape.kind) {
    case "integer":
    case "long":
      if (!/^-?\d{1,16}$/.test(text.trim()))
        throw invalidArgument(member.wireName, text, `${member.wireName} must be a whole number.`);
      return Number(text);
    case "boolean":
      return text.trim().toLowerCase() === "true";
    case "timestamp": {
      const time = new Date(text);
      // As HTTP has it, a condition on a date that is none does not count.
      return Number.isNaN(time.getTime()) ? undefined : time;
    }
    case "list":
      return text
        .split(",")
        .map((part) => part.trim())
        .filter((part) => part !== "");
    default:
      return text;
  }
}

/** Headers with a prefix, by the rest of their names. */
function prefixed(headers: Headers, prefix: string): Record<string, string> {
  const found: Record<string, string> = Object.create(null);
  for (const name in headers) if (name.startsWith(prefix)) found[name.slice(prefix.length)] = headers[name]!;
  return found;
}

/** The members of an input that are not in the body: labels, query and headers. */
export function readInput(found: Operation, target: Target, headers: Headers): Record<string, unknown> {
  const input: Record<string, unknown> = {};
  for (const member of found.input.members) {
    if (member.location === "uri") {
      input[member.name] = member.name === "Bucket" ? target.bucket : target.key;
    } else if (member.location === "query") {
      const text = target.query.get(member.wireName);
      if (text !== undefined) input[member.name] = scalar(member, text);
    } else if (member.location === "headers") {
      input[member.name] = prefixed(headers, member.wireName);
    } else if (member.location === "header") {
      const text = headers[member.wireName];
      if (text !== undefined && text !== "") input[member.name] = scalar(member, text);
      else if (member.required) {
        throw new S3Error("InvalidRequest", `The header ${member.wireName} is missing.`, {
          HeaderName: member.wireName,
        });
      }
    }
  }
  return input;
}

/** The XML of a request as the member that is its payload, or as members of the body where the operation has them without one. */
export function readBodyInto(input: Record<string, unknown>, shape: StructureShape, text: string): void {
  const payload = shape.payload;
  if (payload && payload.shape.kind === "structure") {
    if (text.trim() === "") {
      if (payload.required) throw missingBody();
      return;
    }
    try {
      input[payload.name] = readPayload(text, payload.shape, [payload.wireName, payload.shape.name]);
    } catch (error) {
      const isAcl = payload.shape.name === "AccessControlPolicy";
      throw isAcl && error instanceof S3Error ? malformedAcl(error.message) : error;
    }
  } else if (payload && payload.shape.kind === "string") {
    input[payload.name] = text;
  }
}

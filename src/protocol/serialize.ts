/**
 * Dictionary to request: what of it goes into path, query, headers and body. Everything that depends on the operation alone is
 * worked out once, on its first use; a call then walks the members that it was given. Values are checked as they are
 * written, and the first that cannot be sent ends the walk: only then does `validate.ts` look for every fault.
 */
import { partsHint } from "../errors/address.js";
import { ParamValidationError, TucuxiError } from "../errors/base.js";
import type { BodyInput } from "../model/dictionaries.js";
import type { Operation } from "../model/operation.js";
import type { Member, ScalarShape, StructureShape } from "../model/shape.js";
import { type BodyKind, bodyKind } from "./body.js";
import { isHeaderName, isHeaderValue, isHostLabel, isWellFormed } from "./characters.js";
import { encodeKey, encodeQuery, fault } from "./encode.js";
import { formatTimestamp, momentOf } from "./time.js";
import { explainFaults } from "./validate.js";
import { type Dictionary, isDictionary, scalarText, writeDocument } from "./xml-write.js";

/** A request as it leaves this room: no host yet, no bucket, nothing signed. */
export interface WireRequest {
  /**
   * What follows the bucket, percent-encoded: empty for operations on a bucket, `/` and the key for those on an object (a key
   * `/lead` gives `//lead`; nothing is ever normalised). Without a bucket: `/`, or the operation's own path.
   */
  path: string;
  /** The query as on the wire, without `?`, in the order that signing wants; a sub-resource without a value has no `=`. */
  query: string;
  /** The same as it is signed: `acl=` for `acl`. */
  canonicalQuery: string;
  /** Names (lower case, none twice) and values in turn. Values are text: those beyond ASCII are signed, and sent, as UTF-8. */
  headers: string[];
  /** XML or text, or the streaming member as it was given. */
  body: string | BodyInput | undefined;
  /** `none`: no body. `xml`: a document. Else the kind of a streaming member or of a policy. */
  kind: "none" | "xml" | BodyKind;
  /** Labels before the host name, with their dot: `route.`. */
  hostPrefix: string | undefined;
}

/** Where a member goes; numbers, for the switch on them is on the hot path. */
const at = {
  bucket: 0,
  key: 1,
  query: 2,
  header: 3,
  list: 4,
  prefix: 5,
  stream: 6,
  text: 7,
  document: 8,
  body: 9,
  host: 10,
} as const;

interface Slot {
  readonly member: Member;
  readonly at: (typeof at)[keyof typeof at];
  readonly required: boolean;
  /** `name=` of a query parameter, the name of a header, a prefix of headers. */
  readonly wire: string;
  /** The place of a query parameter. */
  readonly rank: number;
  readonly scalar: ScalarShape | undefined;
}

interface Plan {
  readonly op: Operation;
  readonly slots: ReadonlyMap<string, Slot>;
  readonly required: number;
  /** The path of operations without a key. */
  readonly path: string;
  /** The query when no member adds to it. */
  readonly query: string;
  readonly canonicalQuery: string;
  /** Every query parameter in the order of signing: the fixed ones filled in. */
  readonly queryParts: readonly (string | undefined)[];
  /** The structure whose members make up the body, where none of them is the payload. */
  readonly bodyRoot: string | undefined;
}

const plans = new Map<Operation, Plan>();

function whereOf(member: Member): Slot["at"] {
  switch (member.location) {
    case "uri":
      return member.wireName === "Bucket" ? at.bucket : at.key;
    case "query":
      return at.query;
    case "headers":
      return at.prefix;
    case "header":
      if (member.hostLabel) return at.host;
      return member.shape.kind === "list" ? at.list : at.header;
    case "payload":
      if (member.streaming) return at.stream;
      return member.shape.kind === "structure" ? at.document : at.text;
    default:
      return at.body;
  }
}

function makePlan(op: Operation): Plan {
  const { members } = op.input;
  const fixed = op.query === "" ? [] : op.query.split("&");
  const names = [
    ...fixed.map((text) => text.split("=")[0]!),
    ...members.filter((member) => member.location === "query").map((member) => encodeQuery(member.wireName)),
  ].sort();
  const queryParts: (string | undefined)[] = new Array(names.length).fill(undefined);
  for (const text of fixed) queryParts[names.indexOf(text.split("=")[0]!)] = text;

  const slots = new Map<string, Slot>();
  for (const member of members) {
    const where = whereOf(member);
    const wire = where === at.query ? `${encodeQuery(member.wireName)}=` : member.wireName;
    const { kind } = member.shape;
    slots.set(member.name, {
      member,
      at: where,
      required: member.required,
      wire,
      rank: where === at.query ? names.indexOf(wire.slice(0, -1)) : -1,
      scalar: kind === "structure" || kind === "list" || kind === "map" ? undefined : (member.shape as ScalarShape),
    });
  }
  const hasBody = members.some((member) => member.location === "body");
  return {
    op,
    slots,
    required: members.filter((member) => member.required).length,
    path: op.path.startsWith("/{Bucket}") ? "" : op.path,
    query: queryParts.filter((part) => part !== undefined).join("&"),
    // By name: `select` before `select-type`, though "select=" as a text comes after "select-type=2".
    canonicalQuery: queryParts
      .filter((part) => part !== undefined)
      .map((part) => (part.includes("=") ? part : `${part}=`))
      .join("&"),
    queryParts,
    bodyRoot: hasBody && !op.input.payload ? op.input.name : undefined,
  };
}

/**
 * The request for an operation, from the dictionary of its input. The rules of S3 (`src/rules`) have been applied before.
 * @throws ParamValidationError naming every fault of the input
 */
export function serialize(op: Operation, input: object): WireRequest {
  let plan = plans.get(op);
  if (plan === undefined) {
    plan = makePlan(op);
    plans.set(op, plan);
  }
  try {
    return write(plan, input as Dictionary);
  } catch (error) {
    if (error !== fault) throw error;
  }
  throw validationError(op, input);
}

/** How an input is given that was given otherwise. */
function form(op: Operation, input: unknown): string {
  const { members, byName } = op.input;
  const required = members.filter((member) => member.required).map(({ name }) => name);
  const names = required.length > 0 ? `: { ${required.join(", ")} }` : "";
  return partsHint(input, byName.has("Key") ? "Key" : "Prefix") ?? `The input is one dictionary${names}.`;
}

/** What is wrong with the input, as one error. */
export function validationError(op: Operation, input: unknown): TucuxiError {
  const faults = explainFaults(op.input, input);
  if (faults.length > 0) {
    return new ParamValidationError(faults, {
      operation: op.name,
      hint: isDictionary(input) ? undefined : form(op, input),
    });
  }
  return new TucuxiError(`${op.name}: the input could not be written, and no member of it is at fault`, {
    code: "InternalError",
    hint: "This is a bug in tucuxi. Please report it with the names and types of the members that were given.",
  });
}

function write(plan: Plan, input: Dictionary): WireRequest {
  if (!isDictionary(input)) throw fault;
  const headers: string[] = [];
  const { op } = plan;
  let { path } = plan;
  let query: (string | undefined)[] | undefined;
  let body: WireRequest["body"];
  let kind: WireRequest["kind"] = "none";
  let hostPrefix: string | undefined;
  let { required } = plan;

  for (const name in input) {
    const value = input[name];
    if (value === undefined) continue;
    const slot = plan.slots.get(name);
    if (slot === undefined) throw fault;
    if (slot.required) required--;
    switch (slot.at) {
      case at.bucket:
        // Where the bucket goes, and how it is written there, is the endpoint's affair.
        if (typeof value !== "string" || !isWellFormed(value)) throw fault;
        break;
      case at.key:
        path = `/${encodeKey(scalarText(slot.scalar!, value))}`;
        break;
      case at.query:
        query ??= plan.queryParts.slice();
        query[slot.rank] = slot.wire + encodeQuery(scalarText(slot.scalar!, value));
        break;
      case at.header:
        headers.push(slot.wire, headerText(slot.scalar!, value));
        break;
      case at.list: {
        const text = listText(slot.member, value);
        if (text !== "") headers.push(slot.wire, text);
        break;
      }
      case at.prefix:
        prefixHeaders(slot.wire, value, headers);
        break;
      case at.stream: {
        const found = bodyKind(value);
        if (found === undefined) throw fault;
        kind = found;
        body = value as BodyInput;
        break;
      }
      case at.text:
        kind = "text";
        body = scalarText(slot.scalar!, value);
        if (!isWellFormed(body)) throw fault;
        break;
      case at.document:
        kind = "xml";
        body = writeDocument(slot.wire, slot.member.shape as StructureShape, value);
        break;
      case at.host: {
        const label = headerText(slot.scalar!, value);
        if (!isHostLabel(label)) throw fault;
        hostPrefix = `${label}.`;
        headers.push(slot.wire, label);
        break;
      }
      // Members of the body are written together, in the model's order.
    }
  }
  if (required !== 0) throw fault;
  if (plan.bodyRoot !== undefined) {
    kind = "xml";
    body = writeDocument(plan.bodyRoot, op.input, input, true);
  }
  if (kind === "xml") headers.push("content-type", "application/xml");

  let text = plan.query;
  let canonical = plan.canonicalQuery;
  if (query !== undefined) {
    text = "";
    canonical = "";
    for (const part of query) {
      if (part === undefined) continue;
      if (text !== "") {
        text += "&";
        canonical += "&";
      }
      text += part;
      canonical += part.includes("=") ? part : `${part}=`;
    }
  }
  return { path, query: text, canonicalQuery: canonical, headers, body, kind, hostPrefix };
}

function headerText(shape: ScalarShape, value: unknown): string {
  if (shape.kind === "timestamp") {
    const moment = momentOf(value);
    if (moment === undefined) throw fault;
    if (shape.format !== "iso8601") return formatTimestamp(moment, "rfc822");
    // A header counts whole seconds, in whatever format.
    return `${moment.toISOString().slice(0, 19)}Z`;
  }
  const text = scalarText(shape, value);
  if (shape.kind === "string" && !isHeaderValue(text)) throw fault;
  return text;
}

/** The items with commas between; an item that has a comma or a quote itself is quoted. */
function listText(member: Member, value: unknown): string {
  const { shape } = member;
  if (shape.kind !== "list" || !Array.isArray(value)) throw fault;
  let out = "";
  for (let i = 0; i < value.length; i++) {
    const text = headerText(shape.member.shape as ScalarShape, value[i]);
    if (i > 0) out += ",";
    out += /[",]/.test(text) ? `"${text.replace(/["\\]/g, "\\$&")}"` : text;
  }
  return out;
}

function prefixHeaders(prefix: string, value: unknown, headers: string[]): void {
  if (!isDictionary(value)) throw fault;
  const first = headers.length;
  for (const name in value) {
    const text = value[name];
    if (text === undefined) continue;
    if (typeof text !== "string" || !isHeaderName(name) || !isHeaderValue(text)) throw fault;
    const header = prefix + name.toLowerCase();
    // Names that differ in case alone are one header, and one of the two values would be lost.
    for (let i = first; i < headers.length; i += 2) if (headers[i] === header) throw fault;
    headers.push(header, text);
  }
}

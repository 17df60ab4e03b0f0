/**
 * Answer to dictionary: headers and body of a success, by the model. Errors that come with a 200 end here too. Everything that depends on the
 * operation alone is worked out once, on its first use.
 */
import type { Operation, OperationName } from "../model/operation.js";
import type { Member, Shape, StructureShape } from "../model/shape.js";
import { bodyText } from "./body-text.js";
import { type ErrorContext, parseError } from "./error.js";
import { malformedResponse } from "./malformed.js";
import { type ReadPlan, readPlan } from "./read-plan.js";
import { parseTimestamp } from "./time.js";
import { Scanner } from "./xml-scan.js";
import { XmlError } from "./xml-text.js";
import { dictionaryOfTree, loadTreeReader, membersOfTree, parseTree, treeReaderLoaded } from "./xml-tree.js";

type Dictionary = Record<string, unknown>;

/**
 * Operations whose answers the scanner reads, for they come by the thousand, or in the way of every transfer. The rest, a
 * bucket's configurations, are read by way of a tree.
 */
const scanned: ReadonlySet<OperationName> = new Set<OperationName>([
  "ListObjectsV2",
  "ListObjects",
  "ListObjectVersions",
  "ListMultipartUploads",
  "ListParts",
  "ListBuckets",
  "ListDirectoryBuckets",
  "DeleteObjects",
  "CopyObject",
  "UploadPartCopy",
  "CreateMultipartUpload",
  "CompleteMultipartUpload",
  "CreateSession",
  "GetBucketLocation",
  "GetObjectAttributes",
  "GetObjectTagging",
]);

/** Operations that have not done their work when their 200 has no body, or that would be misunderstood without: no location means us-east-1. */
const needBody: ReadonlySet<OperationName> = new Set<OperationName>([
  "CopyObject",
  "UploadPartCopy",
  "CreateMultipartUpload",
  "CompleteMultipartUpload",
  "CreateSession",
  "GetBucketLocation",
]);

interface HeaderSlot {
  readonly index: number;
  readonly shape: Shape;
}

interface Plan {
  readonly names: readonly string[];
  readonly headers: ReadonlyMap<string, HeaderSlot>;
  /** Headers with a prefix, all into one dictionary. */
  readonly prefix: string | undefined;
  readonly prefixIndex: number;
  readonly statusIndex: number;
  /** The body is this structure. */
  readonly payload: ReadPlan | undefined;
  readonly payloadIndex: number;
  /** The body is text: a policy. */
  readonly text: boolean;
  /** The body's root has members of the output. */
  readonly body: ReadPlan | undefined;
  /** The body's root has no elements, but a text that is this member. */
  readonly rootTextIndex: number;
  /** The body is read by somebody else: a stream of bytes or events. */
  readonly stream: boolean;
  readonly always: readonly number[];
  readonly scanned: boolean;
  readonly needBody: boolean;
  /** The body is a document. */
  readonly readsXml: boolean;
}

const plans = new Map<Operation, Plan>();

const noMembers: Plan = {
  names: [],
  headers: new Map(),
  prefix: undefined,
  prefixIndex: -1,
  statusIndex: -1,
  payload: undefined,
  payloadIndex: -1,
  text: false,
  body: undefined,
  rootTextIndex: -1,
  stream: false,
  always: [],
  scanned: true,
  needBody: false,
  readsXml: false,
};

function makePlan(op: Operation): Plan {
  const { output } = op;
  if (!output) return noMembers;
  const { members } = output;
  const indexOf = (test: (member: Member) => boolean): number => members.findIndex(test);
  const headers = new Map<string, HeaderSlot>();
  members.forEach((member, index) => {
    if (member.location === "header") headers.set(member.wireName, { index, shape: member.shape });
  });
  const prefixIndex = indexOf((member) => member.location === "headers");
  const { payload } = output;
  const hasBody = members.some((member) => member.location === "body");
  const isStructure = payload?.shape.kind === "structure" && !payload.shape.eventStream;
  const always = members.flatMap((member, index) => (member.always ? [index] : []));
  const rootTextIndex = indexOf((member) => member.location === "text");
  return {
    names: members.map((member) => member.name),
    headers,
    prefix: members[prefixIndex]?.wireName,
    prefixIndex,
    statusIndex: indexOf((member) => member.location === "status"),
    payload: isStructure ? readPlan(payload.shape as StructureShape) : undefined,
    payloadIndex: payload ? members.indexOf(payload) : -1,
    text: payload?.shape.kind === "string",
    body: hasBody ? readPlan(output) : undefined,
    rootTextIndex,
    stream: payload !== undefined && !isStructure && payload.shape.kind !== "string",
    always,
    scanned: scanned.has(op.name),
    needBody: needBody.has(op.name) || always.length > 0,
    readsXml: hasBody || isStructure || rootTextIndex >= 0,
  };
}

function planOf(op: Operation): Plan {
  let plan = plans.get(op);
  if (plan === undefined) {
    plan = makePlan(op);
    plans.set(op, plan);
  }
  return plan;
}

/** Is the body of a success a stream, of bytes or of events, that is not to be read whole? */
export const hasStreamingOutput = (op: Operation): boolean => planOf(op).stream;

/**
 * Makes ready what `parseOutput` needs for this operation; a promise to be awaited before it, or undefined when there is
 * nothing to wait for. It takes a while the first time, so call it when the request goes out.
 */
export function prepareParser(op: Operation): Promise<void> | undefined {
  const plan = planOf(op);
  return plan.scanned || (!plan.body && !plan.payload) || treeReaderLoaded() ? undefined : loadTreeReader();
}

/**
 * The output's dictionary, members in the model's order, without `ResponseMetadata` and without a streaming member.
 * @param headers names in lower case
 * @param body the whole body; ignored where it is a stream (`hasStreamingOutput`)
 * @throws S3ServiceError for an error inside a success (its `statusCode` is 500)
 * @throws MalformedResponseError when the body is not what the operation answers: no XML, cut, missing
 */
export function parseOutput(
  op: Operation,
  status: number,
  headers: Record<string, string>,
  body: Uint8Array | string | undefined,
  context?: ErrorContext,
): Dictionary {
  const plan = planOf(op);
  const slots: unknown[] = new Array(plan.names.length);
  if (!plan.stream) readBody(op, plan, status, headers, body, slots, context);
  if (plan.headers.size > 0 || plan.prefix !== undefined) readHeaders(plan, headers, slots);
  if (plan.statusIndex >= 0) slots[plan.statusIndex] = status;
  for (const index of plan.always) slots[index] ??= [];

  const out: Dictionary = {};
  const { names } = plan;
  for (let i = 0; i < names.length; i++) {
    const value = slots[i];
    if (value !== undefined) out[names[i]!] = value;
  }
  return out;
}

function readHeaders(plan: Plan, headers: Record<string, string>, slots: unknown[]): void {
  const { prefix } = plan;
  const map: Record<string, string> | undefined = prefix === undefined ? undefined : {};
  for (const name in headers) {
    const slot = plan.headers.get(name);
    if (slot !== undefined) slots[slot.index] = headerValue(slot.shape, headers[name]!);
    else if (map !== undefined && name.startsWith(prefix!)) put(map, name.slice(prefix!.length), headers[name]!);
  }
  if (map !== undefined) slots[plan.prefixIndex] = map;
}

/** By definition where assignment would do something else. */
function put(map: Record<string, string>, name: string, value: string): void {
  if (name !== "__proto__") map[name] = value;
  else Object.defineProperty(map, name, { value, configurable: true, enumerable: true, writable: true });
}

/** A header that is not what it should be is no reason to lose the rest: it is left out, and stands in HTTPHeaders. */
function headerValue(shape: Shape, text: string): unknown {
  switch (shape.kind) {
    case "integer":
    case "long":
      return /^\s*[+-]?\d+\s*$/.test(text) ? Number(text) : undefined;
    case "boolean":
      return text === "true";
    case "timestamp":
      return parseTimestamp(text);
    case "blob":
      return new Uint8Array(Buffer.from(text, "base64"));
    case "list":
      return text.split(",").map((item) => headerValue(shape.member.shape, item.trim()));
    default:
      return text;
  }
}

function readBody(
  op: Operation,
  plan: Plan,
  status: number,
  headers: Record<string, string>,
  body: Uint8Array | string | undefined,
  slots: unknown[],
  context: ErrorContext | undefined,
): void {
  const text = bodyText(body);
  if (plan.text) {
    if (rootOf(text) === "Error") throw parseError(op, 500, headers, text, context);
    slots[plan.payloadIndex] = text;
    return;
  }
  if (isBlankText(text)) {
    if (plan.needBody && status === 200) throw malformedResponse(op, "its answer has no body");
    // Blanks are how a slow operation keeps its connection alive; this one then forgot to say how it went.
    if (text !== "" && plan.readsXml) throw malformedResponse(op, "its answer is blank");
    if (plan.payload) slots[plan.payloadIndex] = {};
    return;
  }
  if (!plan.readsXml) {
    const root = rootOf(text);
    if (root === "Error") throw parseError(op, 500, headers, text, context);
    if (root?.toLowerCase() === "html") throw malformedResponse(op, "its answer is a web page");
    return;
  }
  try {
    const scanner = new Scanner(text);
    const root = scanner.root();
    if (root === "Error") throw parseError(op, 500, headers, text, context);
    if (root.toLowerCase() === "html") throw new XmlError("a web page");
    if (plan.rootTextIndex >= 0) {
      const value = scanner.text();
      if (value !== "") slots[plan.rootTextIndex] = value;
    } else if (plan.scanned) {
      if (plan.payload) slots[plan.payloadIndex] = scanner.dictionary(plan.payload);
      else scanner.members(plan.body!, slots);
    } else {
      const node = parseTree(text);
      if (plan.payload) slots[plan.payloadIndex] = dictionaryOfTree(node, plan.payload);
      else membersOfTree(node, plan.body!, slots);
    }
  } catch (error) {
    if (!(error instanceof XmlError)) throw error;
    throw malformedResponse(op, `its answer is not the XML that it should be: ${error.message}`);
  }
}

function isBlankText(text: string): boolean {
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code !== 32 && code !== 10 && code !== 13 && code !== 9 && code !== 0xfeff) return false;
  }
  return true;
}

/** The name of the root element, if the text begins like XML. */
function rootOf(text: string): string | undefined {
  const start = /^[\s\ufeff]*<(?:!doctype\s+(\w+))?/i.exec(text);
  if (!start) return undefined;
  if (start[1] !== undefined) return start[1];
  try {
    return new Scanner(text).root();
  } catch {
    return undefined;
  }
}

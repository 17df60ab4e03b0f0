// The definition as lines: the grammars stand in src/model/shape.ts and src/model/operation.ts.
import { alwaysLists, rootTexts } from "./facts.mjs";

const locations = { uri: "u", querystring: "q", header: "h", headers: "p", statusCode: "c" };
const scalars = { string: "s", integer: "i", long: "l", boolean: "b", blob: "x", timestamp: "t" };

/** The type of a member, as the grammar writes it. */
function typeOf(model, reference) {
  const shape = model.shapes[reference.shape];
  const scalar = scalars[shape.type];
  if (!scalar) return reference.shape;
  if (scalar === "t") {
    const format = reference.timestampFormat ?? shape.timestampFormat;
    return format === "iso8601" ? "ti" : format === "rfc822" ? "tr" : "t";
  }
  // No string is shorter than nothing, but a number can well be less than that.
  const bounded = scalar === "s" ? shape.min > 0 : scalar === "i" && shape.min !== undefined;
  return bounded ? `${scalar}${shape.min}` : scalar;
}

function member(model, name, reference, { payload = false, rootText = false, required = false, always = false } = {}) {
  const shape = model.shapes[reference.shape];
  const location = payload ? "P" : rootText ? "T" : (locations[reference.location] ?? "");
  let wire = reference.locationName ?? (shape.type === "structure" ? shape.locationName : undefined) ?? name;
  if (location === "h" || location === "p") wire = wire.toLowerCase();
  // A flattened list has no element of its own: its items carry the member's name, or their own where the list gives them one.
  const flattened = Boolean(reference.flattened ?? shape.flattened);
  if (shape.type === "list" && flattened && !location && shape.member.locationName) wire = shape.member.locationName;
  const flags =
    (required ? "!" : "") +
    (flattened ? "~" : "") +
    (reference.xmlAttribute ? "#" : "") +
    (reference.streaming ? "*" : "") +
    (shape.sensitive ? "$" : "") +
    (reference.idempotencyToken ? "?" : "") +
    (reference.eventpayload ? "^" : "") +
    (reference.hostLabel ? "&" : "") +
    (always ? "+" : "");
  return `${name}:${typeOf(model, reference)}${location ? `@${location}` : ""}${wire === name ? "" : `=${wire}`}${flags}`;
}

function line(model, name, shape) {
  if (shape.type === "list") {
    return `${shape.flattened ? "[~" : "["} ${member(model, shape.member.locationName ?? "member", { shape: shape.member.shape })}`;
  }
  if (shape.type === "map") return `% ${member(model, "key", shape.key)} ${member(model, "value", shape.value)}`;
  const own = shape.xmlNamespace?.prefix ? `<${shape.xmlNamespace.prefix}=${shape.xmlNamespace.uri}>` : "";
  const members = Object.entries(shape.members).map(([key, reference]) =>
    member(model, key, reference, {
      payload: shape.payload === key,
      rootText: rootTexts[name] === key,
      required: shape.required?.includes(key),
      always: alwaysLists[name]?.includes(key),
    }),
  );
  return [`{${shape.union ? "|" : ""}${shape.eventstream ? "^" : ""}${own}`, ...members].join(" ");
}

/** By name, the text that most structures have for a member of that name, where more than one has it. */
function sharedMembers(lines) {
  const counts = new Map();
  for (const [, [head, ...members]] of lines) {
    if (head.startsWith("{")) for (const text of members) counts.set(text, (counts.get(text) ?? 0) + 1);
  }
  const shared = new Map();
  for (const [text, count] of [...counts].sort(([, a], [, b]) => a - b)) if (count > 1) shared.set(nameOf(text), text);
  return shared;
}

const nameOf = (member) => member.slice(0, member.indexOf(":"));

/** One line for each structure, list and map, and before them one for each member that several structures have. */
export function shapeLines(model) {
  const lines = Object.entries(model.shapes)
    .filter(([, shape]) => !scalars[shape.type])
    .map(([name, shape]) => [name, line(model, name, shape).split(" ")]);
  const shared = sharedMembers(lines);
  const text = [...shared.values()].sort().map((member) => `.${member.replace(":", " ")}`);
  for (const [name, [head, ...members]] of lines) {
    const short = members.map((member) => (shared.get(nameOf(member)) === member ? nameOf(member) : member));
    text.push([name, head, ...(head.startsWith("{") ? short : members)].join(" "));
  }
  return `export const shapeLines = \`\n${text.join("\n")}\n\`;\n`;
}

/** One line for each operation. */
export function operationLines(model) {
  const lines = Object.entries(model.operations).map(([name, operation]) => {
    const { httpChecksum: checksum, staticContextParams: context = {} } = operation;
    const takes = checksum?.requestAlgorithmMember || checksum?.requestChecksumRequired;
    const flags =
      (takes ? (checksum.requestChecksumRequired ? "C" : "c") : "") +
      (checksum?.requestAlgorithmMember ? "M" : "") +
      (checksum?.requestValidationModeMember ? "v" : "") +
      (context.UseS3ExpressControlEndpoint?.value ? "x" : "") +
      (context.DisableS3ExpressSessionAuth?.value ? "e" : "") +
      (context.DisableAccessPoints?.value ? "a" : "") +
      (context.UseObjectLambdaEndpoint?.value ? "l" : "") +
      (operation.unsignedPayload ? "u" : "") +
      (operation.endpoint?.hostPrefix ? "h" : "") +
      (operation.deprecated ? "d" : "");
    const { method, requestUri } = operation.http;
    const short = (shape, usual) => (shape === name + usual ? "+" : (shape ?? "-"));
    const input = short(operation.input.shape, "Request");
    const text = [method, requestUri, input, short(operation.output?.shape, "Output"), flags].join(" ").trimEnd();
    return `  ${name}: ${JSON.stringify(text)},`;
  });
  return [
    `import type { OperationName } from "./types.js";`,
    "",
    `export const operationLines: Readonly<Record<OperationName, string>> = {\n${lines.join("\n")}\n};`,
    "",
  ].join("\n");
}

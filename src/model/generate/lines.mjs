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

/**
 * Names runs of members that come again: takes the pair of neighbours that saves most, puts a number in its place, and so on until
 * nothing is saved. Changes the lists, and gives the runs by their numbers.
 */
function shareRuns(lists) {
  const runs = [];
  for (;;) {
    const counts = new Map();
    for (const list of [...lists, ...runs]) {
      for (let i = 1; i < list.length; i++) {
        const pair = `${list[i - 1]} ${list[i]}`;
        counts.set(pair, (counts.get(pair) ?? 0) + 1);
      }
    }
    const number = String(runs.length);
    const saved = ([pair, count]) => count * (pair.length - number.length) - `${number} ${pair}\n`.length;
    const [best] = [...counts].sort((a, b) => saved(b) - saved(a));
    if (!best || saved(best) <= 0) break;
    const pair = best[0].split(" ");
    for (const list of [...lists, ...runs]) {
      for (let i = 1; i < list.length; i++) {
        if (list[i - 1] === pair[0] && list[i] === pair[1]) list.splice(i - 1, 2, number);
      }
    }
    runs.push(pair);
  }
  // A run that stands in one other alone is told there.
  const all = () => [...lists, ...runs.filter(Boolean)];
  for (const [i, run] of runs.entries()) {
    const users = all().filter((list) => list.includes(String(i)));
    if (users.length > 1 || users[0].indexOf(String(i)) !== users[0].lastIndexOf(String(i))) continue;
    users[0].splice(users[0].indexOf(String(i)), 1, ...run);
    runs[i] = undefined;
  }
  return runs;
}

/**
 * One line for each structure, list and map, and before them one for each member that several structures have, and each run of members that
 * comes again.
 */
export function shapeLines(model) {
  const lines = Object.entries(model.shapes)
    .filter(([, shape]) => !scalars[shape.type])
    .map(([name, shape]) => [name, line(model, name, shape).split(" ")]);
  const shared = sharedMembers(lines);
  const short = lines.map(([, [head, ...members]]) =>
    head.startsWith("{")
      ? members.map((member) => (shared.get(nameOf(member)) === member ? nameOf(member) : member))
      : members,
  );
  const runs = shareRuns(short.filter((_, i) => lines[i][1][0].startsWith("{")));
  const text = [
    ...[...shared.values()].sort().map((member) => `.${member.replace(":", " ")}`),
    ...runs.flatMap((run, i) => (run ? [[i, ...run].join(" ")] : [])),
    ...lines.map(([name, [head]], i) => [name, head, ...short[i]].join(" ")),
  ];
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
    `import type { OperationName } from "./methods.js";`,
    "",
    `export const operationLines: Readonly<Record<OperationName, string>> = {\n${lines.join("\n")}\n};`,
    "",
  ].join("\n");
}

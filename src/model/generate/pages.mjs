// Listings and waits as lines: the grammars stand in src/model/page.ts and src/model/waiter.ts.
import { listingsLeftOut } from "./facts.mjs";
import { methodName, typeName } from "./types.mjs";

const list = (value) => (value === undefined ? [] : Array.isArray(value) ? value : [value]);

/** Every listing: those of the definition and those it leaves out. */
function listings(pagination) {
  return Object.entries({ ...pagination, ...listingsLeftOut }).sort(([a], [b]) => (a < b ? -1 : 1));
}

/** The name of the structure that a list at a path of an output holds. */
function itemShape(model, operation, path) {
  let shape = model.shapes[model.operations[operation].output.shape];
  for (const name of path.split(".")) {
    if (!shape.members?.[name]) throw new Error(`${operation}: its answer has no ${path}`);
    shape = model.shapes[shape.members[name].shape];
  }
  if (shape.type !== "list") throw new Error(`${operation}: ${path} is no list`);
  return shape.member.shape;
}

/** The file pages.ts. */
export function pageLines(model, pagination) {
  const items = new Set();
  const lines = [];
  const itemTypes = [];
  const resultNames = [];
  for (const [name, entry] of listings(pagination)) {
    const inputs = list(entry.input_token);
    const outputs = list(entry.output_token);
    const lists = list(entry.result_key);
    const kept = list(entry.non_aggregate_keys);
    const takes = model.shapes[model.operations[name].input.shape].members;
    for (const member of [...inputs, ...list(entry.limit_key)]) {
      if (!takes[member]) throw new Error(`${name}: its input has no ${member}`);
    }
    const tokens = inputs.map((token, index) => `${token}<${outputs[index].replaceAll(" ", "").replace("||", "|")}`);
    const text = [
      tokens.join(","),
      entry.more_results ?? "-",
      entry.limit_key ?? "-",
      ...lists,
      ...kept.map((key) => `=${key}`),
    ].join(" ");
    const [item] = lists.map((path) => typeName(itemShape(model, name, path)));
    items.add(item);
    lines.push(`  ${name}: ${JSON.stringify(text)},`);
    itemTypes.push(`  ${methodName(name)}: ${item};`);
    const names = new Set([...lists, ...kept].map((path) => JSON.stringify(path.split(".")[0])));
    resultNames.push(`  ${methodName(name)}: ${[...names].join(" | ")};`);
  }
  return [
    `import type {\n${[...items]
      .sort()
      .map((type) => `  ${type},`)
      .join("\n")}\n} from "./types.js";`,
    "",
    `export const pageLines = {\n${lines.join("\n")}\n} as const;`,
    "",
    "/** What the main list of each listing holds, by the name of the client's method. */",
    `export interface PageOperations {\n${itemTypes.join("\n")}\n}`,
    "",
    "/** The members of each listing's answer that make sense for all of its pages together. */",
    `export interface PageResults {\n${resultNames.join("\n")}\n}`,
    "",
  ].join("\n");
}

/** `ObjectExists` -> `objectExists`. */
const waiterName = methodName;

/** The file waiters.ts. */
export function waiterLines(model, waiters) {
  const types = new Set();
  const lines = [];
  const table = [];
  for (const [name, waiter] of Object.entries(waiters)) {
    const { input, output } = model.operations[waiter.operation];
    types.add(input.shape).add(output.shape);
    const acceptors = waiter.acceptors.map(({ matcher, expected, state }) => {
      if (matcher !== "status") throw new Error(`${name}: src/model/waiter.ts knows no matcher ${matcher}`);
      return `${expected}=${state}`;
    });
    lines.push(
      `  ${name}: ${JSON.stringify([waiter.operation, waiter.delay, waiter.maxAttempts, ...acceptors].join(" "))},`,
    );
    // A wait that ends well by an error has no answer to give.
    const ends = waiter.acceptors.filter(({ state }) => state === "success").map(({ expected }) => expected < 300);
    const answer = [...(ends.includes(true) ? [output.shape] : []), ...(ends.includes(false) ? ["undefined"] : [])];
    table.push(`  /** Asks ${waiter.operation} every ${waiter.delay} seconds, ${waiter.maxAttempts} times at most. */`);
    table.push(`  ${waiterName(name)}: { input: ${input.shape}; output: ${answer.join(" | ")} };`);
  }
  return [
    `import type {\n${[...types]
      .sort()
      .map((type) => `  ${type},`)
      .join("\n")}\n} from "./types.js";`,
    "",
    `export const waiterLines = {\n${lines.join("\n")}\n} as const;`,
    "",
    "/** What each wait takes, and what it ends with. */",
    `export interface Waiters {\n${table.join("\n")}\n}`,
    "",
  ].join("\n");
}

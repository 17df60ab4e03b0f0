/**
 * What is wrong with an input, member by member: the slow path, walked only when `serialize.ts` has met a value that it cannot
 * write. Both follow the model, and a test holds them to the same verdict. Values never appear in what is said here: they may
 * be secrets.
 */

import { types } from "node:util";
import type { ParamFault } from "../errors/base.js";
import { closest } from "../errors/names.js";
import type { Member, ScalarShape, Shape, StructureShape } from "../model/shape.js";
import { bodyKind } from "./body.js";
import { isHeaderName, isHeaderValue, isHostLabel, isWellFormed } from "./characters.js";
import { momentOf } from "./time.js";
import { isDictionary } from "./xml-write.js";

/** Every fault of an operation's input (or output), in the order of its members; empty when it can be written. */
export function explainFaults(structure: StructureShape, value: unknown): ParamFault[] {
  const faults: ParamFault[] = [];
  structureFaults(structure, value, "", faults);
  return faults;
}

const join = (path: string, name: string): string => (path === "" ? name : `${path}.${name}`);

/** What a value is, in a word: `null`, `array`, `Uint8Array`. */
export function kindOf(value: unknown): string {
  if (value === null) return "null";
  if (Array.isArray(value)) return "array";
  if (typeof value !== "object") return typeof value;
  const maker = (value as { constructor?: unknown }).constructor;
  const name = typeof maker === "function" ? maker.name : "";
  return name === "" || name === "Object" ? "dictionary" : name;
}

/** What was given as an option where a number is wanted. */
export function numberGiven(value: unknown): string {
  if (typeof value === "number") return String(value);
  return typeof value === "string" ? JSON.stringify(value.slice(0, 100)) : kindOf(value);
}

function structureFaults(structure: StructureShape, value: unknown, path: string, faults: ParamFault[]): void {
  if (!isDictionary(value)) {
    faults.push({ path: path || "input", problem: `expected dictionary, got ${kindOf(value)}` });
    return;
  }
  const given: string[] = [];
  for (const member of structure.members) {
    const part = value[member.name];
    if (part !== undefined) {
      given.push(member.name);
      memberFaults(member, part, join(path, member.name), faults);
    } else if (member.required) faults.push({ path: join(path, member.name), problem: "missing" });
  }
  for (const name in value) {
    if (value[name] !== undefined && !structure.byName.has(name)) {
      faults.push({ path: join(path, name), problem: unknownProblem(structure, name, given) });
    }
  }
  if (structure.union && given.length !== 1) {
    const names = structure.members.map((member) => member.name).join(", ");
    faults.push({
      path: path || "input",
      problem: `expected exactly one of ${names}, got ${given.length === 0 ? "none" : given.join(", ")}`,
    });
  }
}

/** What it is that is no body, and what makes one of it. */
function noBody(value: unknown): string {
  if (Array.isArray(value)) return "array of other things";
  const kind = kindOf(value);
  if (value instanceof Promise) return `${kind}; await it`;
  if (ArrayBuffer.isView(value)) return `${kind}; Uint8Array has its bytes`;
  if (kind === "Response" || kind === "Request") return `${kind}; give its body`;
  return kind === "dictionary" ? `${kind}; JSON.stringify makes a text of it` : kind;
}

function memberFaults(member: Member, value: unknown, path: string, faults: ParamFault[]): void {
  const { shape } = member;
  if (member.streaming) {
    if (bodyKind(value) === undefined) {
      faults.push({
        path,
        problem: `expected string, Uint8Array, ArrayBuffer, Blob, stream, (async) iterable of Uint8Array or a function that returns one, got ${noBody(value)}`,
      });
    }
    return;
  }
  valueFaults(shape, value, path, faults, member.location);
  if (member.hostLabel && typeof value === "string" && !isHostLabel(value)) {
    faults.push({ path, problem: "is part of a host name: letters, digits, dots and hyphens only" });
  }
}

function valueFaults(
  shape: Shape,
  value: unknown,
  path: string,
  faults: ParamFault[],
  location: Member["location"],
): void {
  switch (shape.kind) {
    case "structure":
      structureFaults(shape, value, path, faults);
      break;
    case "list":
      if (!Array.isArray(value)) faults.push({ path, problem: `expected array, got ${kindOf(value)}` });
      else {
        for (let i = 0; i < value.length; i++) {
          if (value[i] === undefined) faults.push({ path: `${path}[${i}]`, problem: "missing" });
          else valueFaults(shape.member.shape, value[i], `${path}[${i}]`, faults, location);
        }
      }
      break;
    case "map":
      mapFaults(value, path, faults);
      break;
    default: {
      const problem = scalarProblem(shape, value, location);
      if (problem !== undefined) faults.push({ path, problem });
    }
  }
}

/** A map becomes headers, one a name. */
function mapFaults(value: unknown, path: string, faults: ParamFault[]): void {
  // Headers, URLSearchParams and their like are objects too, with nothing but methods.
  if (!isDictionary(value) || Symbol.iterator in value) {
    faults.push({ path, problem: `expected dictionary of strings, got ${kindOf(value)}` });
    return;
  }
  const seen = new Map<string, string>();
  for (const name in value) {
    const text = value[name];
    if (text === undefined) continue;
    const other = seen.get(name.toLowerCase());
    seen.set(name.toLowerCase(), name);
    if (typeof text !== "string") {
      faults.push({ path: join(path, name), problem: `expected string, got ${kindOf(text)}` });
    } else if (name === "") faults.push({ path, problem: "a name is empty" });
    else if (!isHeaderName(name)) {
      faults.push({ path: join(path, name), problem: "the name is part of a header's: letters, digits and -_.~ only" });
    } else if (!isHeaderValue(text)) faults.push({ path: join(path, name), problem: headerProblem(text) });
    else if (other !== undefined) {
      faults.push({ path: join(path, name), problem: `is the same header as ${other}: case does not count` });
    }
  }
}

function scalarProblem(shape: ScalarShape, value: unknown, location: Member["location"]): string | undefined {
  switch (shape.kind) {
    case "string":
      return stringProblem(shape, value, location);
    case "integer":
    case "long":
      if (Number.isSafeInteger(value)) {
        return shape.min !== undefined && (value as number) < shape.min
          ? `must be at least ${shape.min}, got ${value as number}`
          : undefined;
      }
      return `expected integer, got ${typeof value === "number" ? value : kindOf(value)}`;
    case "boolean":
      return typeof value === "boolean" ? undefined : `expected boolean, got ${kindOf(value)}`;
    case "timestamp":
      if (momentOf(value) !== undefined) return undefined;
      if (value instanceof Date) return "expected Date, got one that is invalid or outside the years 1 to 9999";
      if (typeof value === "number") return "expected Date, got number that is no count of seconds since 1970";
      return `expected Date, got ${typeof value === "string" ? "string that is no date" : kindOf(value)}`;
    case "blob":
      return typeof value === "string" || types.isUint8Array(value) || types.isArrayBuffer(value)
        ? undefined
        : `expected Uint8Array or string, got ${kindOf(value)}`;
  }
}

function stringProblem(shape: ScalarShape, value: unknown, location: Member["location"]): string | undefined {
  if (typeof value !== "string") return `expected string, got ${kindOf(value)}`;
  if (shape.min !== undefined && value.length < shape.min) {
    return shape.min === 1 ? "must not be empty" : `must have at least ${shape.min} characters, got ${value.length}`;
  }
  if (location === "header") return isHeaderValue(value) ? undefined : headerProblem(value);
  if (!isWellFormed(value)) return surrogateProblem;
  return undefined;
}

const surrogateProblem = "has half of a surrogate pair, which UTF-8 cannot carry";

const headerProblem = (value: string): string =>
  isWellFormed(value) ? "has a line break or another control character, which a header cannot carry" : surrogateProblem;

function unknownProblem(structure: StructureShape, name: string, given: readonly string[]): string {
  const names = structure.members.map((member) => member.name);
  const guess = closest(
    name,
    names.filter((other) => !given.includes(other)),
  );
  if (guess !== undefined) return `unknown; did you mean ${guess}?`;
  if (names.length === 0) return "unknown; there are no members here";
  return names.length <= 12 ? `unknown; the members are ${names.join(", ")}` : "unknown";
}

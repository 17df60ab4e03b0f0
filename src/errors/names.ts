/** Names that nobody knows, and those that were likely meant. */
import { ConfigError, ParamValidationError } from "./base.js";

/** How many letters must change to make one word of the other. */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const same = a.charCodeAt(i - 1) === b.charCodeAt(j - 1);
      next.push(Math.min(row[j]! + 1, next[j - 1]! + 1, row[j - 1]! + (same ? 0 : 1)));
    }
    row = next;
  }
  return row[b.length]!;
}

/** The name among these that was likely meant. */
export function closest(name: string, names: readonly string[]): string | undefined {
  // A name of a megabyte is no misspelling, and the distance to it takes long.
  if (name.length > 100) return undefined;
  const wanted = name.toLowerCase().replace(/[-_]/g, "");
  let best: string | undefined;
  let least = Math.max(2, Math.floor(wanted.length / 4)) + 0.5;
  for (const candidate of names) {
    const lower = candidate.toLowerCase();
    let score = distance(wanted, lower);
    // `Version` for `VersionId`, `Meta` for `Metadata`.
    if (wanted.length >= 3 && (lower.startsWith(wanted) || wanted.startsWith(lower))) score = Math.min(score, 1.5);
    if (score < least) {
      least = score;
      best = candidate;
    }
  }
  return best;
}

/** What other clients of S3 call an option that is called otherwise here, in lower case without `-` and `_`. */
const elsewhere = new Map([
  ["abortsignal", "signal"],
  ["accesskeyid", "credentials"],
  ["addressingstyle", "forcePathStyle"],
  ["awsaccesskeyid", "credentials"],
  ["awssecretaccesskey", "credentials"],
  ["callback", "onProgress"],
  ["chunksize", "partSize"],
  ["customuseragent", "userAgentAppId"],
  ["httpoptions", "requestTimeout"],
  ["leavepartsonerror", "resume"],
  ["limit", "maxItems"],
  ["maxconcurrency", "concurrency"],
  ["maxkeys", "pageSize"],
  ["maxretries", "maxAttempts"],
  ["maxsockets", "maxConnections"],
  ["maxwaittime", "maxAttempts"],
  ["mindelay", "delay"],
  ["multipartchunksize", "partSize"],
  ["queuesize", "concurrency"],
  ["requesthandler", "dispatcher"],
  ["requesttimeout", "timeout"],
  ["retries", "maxAttempts"],
  ["s3forcepathstyle", "forcePathStyle"],
  ["secretaccesskey", "credentials"],
  ["timeout", "requestTimeout"],
]);

/** What is said of a name that is none of these: the one that was likely meant, and all of them. */
function namesInstead(name: string, names: readonly string[]): string {
  const other = elsewhere.get(name.toLowerCase().replace(/[-_]/g, ""));
  const near = other !== undefined && names.includes(other) ? other : closest(name, names);
  return `${near === undefined ? "" : `Did you mean ${near}? `}The options are ${names.join(", ")}.`;
}

/**
 * Refuses options of other names than these: one that is misspelt would otherwise be silently without effect.
 * @param what whose options they are, for the message
 * @throws ConfigError `UnknownOption`
 */
export function refuseUnknown(options: object, names: readonly string[], what: string): void {
  for (const name of Object.keys(options)) {
    if (names.includes(name)) continue;
    throw new ConfigError(`${name}: not an option of ${what}`, {
      code: "UnknownOption",
      hint: namesInstead(name, names),
    });
  }
}

/** The names of options, as `checkOptionNames` wants them; the compiler sees that none is left out. */
export const optionNames = <Options>(names: Record<keyof Options, true>): ReadonlySet<string> =>
  new Set(Object.keys(names));

/**
 * The same of what goes beside the input of one call: a loop over the names that are given, and no more. What is `undefined` is not given.
 * @throws ParamValidationError naming every option that nobody knows, also where they are no dictionary at all
 */
export function checkOptionNames(options: unknown, names: ReadonlySet<string>, operation: string): void {
  if (typeof options !== "object" || options === null) throw noDictionary(options, names, operation);
  for (const name in options) if (!names.has(name)) refuseNames(options, names, operation);
}

function refuseNames(options: object, names: ReadonlySet<string>, operation: string): void {
  const all = [...names];
  const unknown: string[] = [];
  for (const name in options) {
    if (!names.has(name) && (options as Record<string, unknown>)[name] !== undefined) unknown.push(name);
  }
  const [first] = unknown;
  if (first === undefined) return;
  const signal = options instanceof AbortSignal && names.has("signal");
  const instead = signal ? `An AbortSignal is given as { signal }. ${theNames(names)}` : namesInstead(first, all);
  const member = /^[A-Z][a-z]/.test(first) && !instead.startsWith("Did");
  throw new ParamValidationError(
    unknown.map((path) => ({ path, problem: "not an option" })),
    { operation, hint: member ? `What begins with a capital belongs to the input. ${instead}` : instead },
  );
}

/** What those had in mind who give something else for options. */
const mistaken = new Map([
  ["function", "Nothing is called back: await the call. "],
  ["string", "What a request needs goes into one dictionary, the options into another behind it. "],
]);

function noDictionary(options: unknown, names: ReadonlySet<string>, operation: string): ParamValidationError {
  const kind = options === null ? "null" : typeof options;
  return new ParamValidationError([{ path: "options", problem: `expected dictionary, got ${kind}` }], {
    operation,
    hint: `${mistaken.get(kind) ?? ""}${theNames(names)}`,
  });
}

const theNames = (names: ReadonlySet<string>): string => `The options are ${[...names].join(", ")}.`;

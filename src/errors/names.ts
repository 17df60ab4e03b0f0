/** Names that nobody knows, and those that were likely meant. */
import { ConfigError } from "./base.js";

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

/**
 * Refuses options of other names than these: one that is misspelt would otherwise be silently without effect.
 * @param what whose options they are, for the message
 * @throws ConfigError `UnknownOption`
 */
export function refuseUnknown(options: object, names: readonly string[], what: string): void {
  for (const name of Object.keys(options)) {
    if (names.includes(name)) continue;
    const near = closest(name, names);
    throw new ConfigError(`${name}: not an option of ${what}`, {
      code: "UnknownOption",
      hint: `${near === undefined ? "" : `Did you mean ${near}? `}The options are ${names.join(", ")}.`,
    });
  }
}

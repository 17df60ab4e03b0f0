import { ConfigError } from "../errors/base.js";

/**
 * How the text of a setting becomes its value. `source` names the variable or the line it came from, for the error.
 * These read settings only, never secrets: an error shows the text.
 */
export type ValueParser<T> = (text: string, source: string) => T;

/** Any text, without the blanks around it. */
export const parseText: ValueParser<string> = (text) => text.trim();

/** `true` or `false`, in any case of letters. */
export const parseBoolean: ValueParser<boolean> = (text, source) => {
  const word = text.trim().toLowerCase();
  if (word === "true") return true;
  if (word === "false") return false;
  throw bad(text, source, "true or false");
};

/** A whole number, 1 or more. */
export const parseCount: ValueParser<number> = (text, source) => {
  const count = Number(text.trim());
  if (/^\d+$/.test(text.trim()) && count >= 1 && Number.isSafeInteger(count)) return count;
  throw bad(text, source, "a whole number, 1 or more");
};

/** Names between commas; blanks around them and empty ones are dropped. */
export const parseNames: ValueParser<readonly string[]> = (text) => {
  return text
    .split(",")
    .map((name) => name.trim())
    .filter((name) => name !== "");
};

/** Names of regions between commas, or `*`; patterns such as `eu-*` too. */
export const parseRegionSet: ValueParser<readonly string[]> = (text, source) => {
  const names = parseNames(text, source);
  if (names.length > 0 && names.every(isRegionPattern)) return names;
  throw bad(text, source, "names of regions between commas, or *");
};

/** Whether a text may stand in a region set. */
export function isRegionPattern(text: unknown): text is string {
  return typeof text === "string" && /^[\w*-]+$/.test(text);
}

/** One of some words, in any case of letters; each stands for a value. */
export function parseWord<T>(words: Readonly<Record<string, T>>): ValueParser<T> {
  return (text, source) => {
    const word = text.trim().toLowerCase();
    if (Object.hasOwn(words, word)) return words[word]!;
    throw bad(text, source, Object.keys(words).join(", "));
  };
}

/** A URL for a message: what stands before an `@` may be a password. */
export function maskUserInfo(url: string): string {
  return url.replace(/[^/\s]*@/g, "***@");
}

function bad(text: string, source: string, expected: string): ConfigError {
  return new ConfigError(`${source}: '${text.trim()}' is not valid here; expected ${expected}`, {
    hint: `Correct ${source}, or take it out to use the default.`,
  });
}

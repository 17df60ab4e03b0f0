/** Patterns of names: `*`, `?`, `**`, `[a-z]`, `[!a-z]`, `{a,b}`, `\` before a character that is meant itself. */
import { ParamValidationError } from "../../errors/base.js";

/** What of a tree is transferred. Paths are names with `/` between them. */
export interface Filter {
  /** A file. */
  wants(path: string): boolean;
  /** A folder has something that may be wanted. */
  enters(path: string): boolean;
}

/**
 * @param include only what one of them matches; none given: everything
 * @param exclude not what one of them matches, nor what is in a folder that one matches
 */
export function makeFilter(include: readonly string[] | undefined, exclude: readonly string[] | undefined): Filter {
  const wanted = include?.map((pattern) => compile(pattern, "include"));
  const unwanted = exclude?.map((pattern) => compile(pattern, "exclude")) ?? [];
  const enters = (path: string): boolean => !unwanted.some((match) => match(path));
  return { enters, wants: (path) => (!wanted || wanted.some((match) => match(path))) && enters(path) };
}

/** A pattern matches a path when it matches the whole of it or of a folder that it is in. */
function compile(pattern: string, option: string): (path: string) => boolean {
  if (typeof pattern !== "string" || pattern === "") {
    throw new ParamValidationError([{ path: option, problem: "expected a list of patterns that are not empty" }]);
  }
  const inner = pattern.replace(/^\.?\//, "").replace(/\/$/, "");
  // One name alone may be that of any file or folder on the path; with a slash it counts from the top.
  const anchored = pattern.replace(/\/$/, "").includes("/");
  let source: string;
  try {
    source = translate(inner);
    return matcher(new RegExp(`^${anchored ? "" : "(?:.*/)?"}(?:${source})(?:/.*)?$`, "su"));
  } catch {
    throw new ParamValidationError([{ path: option, problem: `${JSON.stringify(pattern)} is not a pattern` }]);
  }
}

const matcher =
  (expression: RegExp) =>
  (path: string): boolean =>
    expression.test(path);

function translate(pattern: string): string {
  let out = "";
  let depth = 0;
  for (let i = 0; i < pattern.length; i++) {
    const char = pattern[i]!;
    if (char === "*") {
      let stars = 1;
      while (pattern[i + 1] === "*") {
        stars++;
        i++;
      }
      if (stars === 1) out += "[^/]*";
      else if (pattern[i + 1] === "/") {
        // `**/` is any number of folders, none included.
        out += "(?:.*/)?";
        i++;
      } else out += ".*";
    } else if (char === "?") out += "[^/]";
    else if (char === "[") {
      const end = pattern.indexOf("]", i + 2);
      if (end < 0) {
        out += "\\[";
        continue;
      }
      const negated = pattern[i + 1] === "!" || pattern[i + 1] === "^";
      const set = pattern.slice(i + (negated ? 2 : 1), end).replace(/[\\[\]^&~|]/g, "\\$&");
      out += `(?!/)[${negated ? "^" : ""}${set}]`;
      i = end;
    } else if (char === "{") {
      depth++;
      out += "(?:";
    } else if (char === "}" && depth > 0) {
      depth--;
      out += ")";
    } else if (char === "," && depth > 0) out += "|";
    else if (char === "\\" && i + 1 < pattern.length) out += literal(pattern[++i]!);
    else out += literal(char);
  }
  return out + ")".repeat(depth);
}

const literal = (char: string): string => char.replace(/[.*+?^${}()|[\]\\/]/, "\\$&");

import { ConfigError } from "../errors/base.js";

/** A command cut into words. */
export interface Command {
  readonly words: readonly string[];
  /** Whether it has what only a shell understands: a pipe, a redirection, `&&`, a substitution, `~/` before its program. */
  readonly needsShell: boolean;
}

/**
 * Cuts a command line into words as a shell does: blanks separate, quotes hold together, a backslash takes the next
 * character as it is (on Windows, where it separates folders, only before a double quote).
 *
 * @throws ConfigError where a quote is not closed, or there is no word at all.
 */
export function splitCommand(line: string, windows = process.platform === "win32"): Command {
  const words: string[] = [];
  let word: string | undefined;
  let quote: string | undefined;
  let bareOperator = false;
  let plain = true;
  let needsShell = false;

  const endWord = (): void => {
    if (word !== undefined) {
      if (words.length === 0 && /^(~[/\\]|\$)/.test(word) && plain) needsShell = true;
      if (bareOperator && plain && /^(\|\|?|&&?|;|<|\d?>{1,2}.*)$/.test(word)) needsShell = true;
      words.push(word);
    }
    word = undefined;
    bareOperator = false;
    plain = true;
  };

  for (let i = 0; i < line.length; i++) {
    const c = line[i]!;
    const next = line[i + 1];
    if (quote !== undefined) {
      if (c === quote) quote = undefined;
      else if (quote === '"' && c === "\\" && (next === '"' || (!windows && /[\\$`\n]/.test(next ?? "")))) {
        word += next!;
        i++;
      } else {
        if (quote === '"' && isSubstitution(c, next)) needsShell = true;
        word += c;
      }
    } else if (c === '"' || (c === "'" && !windows)) {
      quote = c;
      word ??= "";
      plain = false;
    } else if (c === "\\" && next !== undefined && (!windows || next === '"')) {
      word = (word ?? "") + next;
      plain = false;
      i++;
    } else if (/\s/.test(c)) {
      endWord();
    } else {
      if (isSubstitution(c, next) || c === "|") needsShell = true;
      if (/[&;<>|]/.test(c)) bareOperator = true;
      word = (word ?? "") + c;
    }
  }
  if (quote !== undefined)
    throw new ConfigError("credential_process: a quote is not closed", { hint: "Close the quote." });
  endWord();
  if (words.length === 0) throw new ConfigError("credential_process: there is no command", { hint: "Name a program." });
  return { words, needsShell };
}

function isSubstitution(c: string, next: string | undefined): boolean {
  return c === "`" || (c === "$" && next === "(");
}

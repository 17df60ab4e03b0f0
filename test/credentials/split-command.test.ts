import { describe, expect, it } from "vitest";
import { splitCommand } from "../../src/credentials/split-command.js";
import { ConfigError } from "../../src/errors/base.js";

describe("splitCommand", () => {
  it.each([
    ["a b  c\t d ", ["a", "b", "c", "d"]],
    ["'a b' \"c d\"", ["a b", "c d"]],
    ["a'b c'd\"e\"", ["ab cde"]],
    ["a '' \"\"", ["a", "", ""]],
    ["a\\ b \\'c \\\\", ["a b", "'c", "\\"]],
    ['"a \\" \\\\ \\x $y"', ['a " \\ \\x $y']],
    ["'a \\' b", ["a \\", "b"]],
    ["tool --url http://h/?a=1&b=2 --pw pa$$word", ["tool", "--url", "http://h/?a=1&b=2", "--pw", "pa$$word"]],
    ["tool '|' \">\" \\; 'a && b' '$(x)'", ["tool", "|", ">", ";", "a && b", "$(x)"]],
  ])("%s", (line, words) => {
    expect(splitCommand(line, false)).toEqual({ words, needsShell: false });
  });

  it.each([
    "a | b",
    "a|b",
    "a && b",
    "a ; b",
    "a > f",
    "a 2>/dev/null",
    "a < f",
    "a &",
    "echo $(b)",
    'echo "$(b)"',
    "echo `b`",
    "~/bin/tool x",
    "$HOME/bin/tool",
  ])("leaves to a shell: %s", (line) => {
    expect(splitCommand(line, false).needsShell).toBe(true);
  });

  it("knows the paths of Windows", () => {
    expect(splitCommand('"C:\\Program Files\\x\\tool.exe" --a C:\\b it\'s \\"q\\"', true)).toEqual({
      words: ["C:\\Program Files\\x\\tool.exe", "--a", "C:\\b", "it's", '"q"'],
      needsShell: false,
    });
  });

  it.each(["", "  ", "a 'b", 'a "b'])("refuses %j", (line) => {
    expect(() => splitCommand(line, false)).toThrow(ConfigError);
  });
});

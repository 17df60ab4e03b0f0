import { ConfigError } from "../errors/base.js";
import { isIdentifier } from "./ini.js";
import type { FileKind } from "./types.js";

/** What a section of the file is about; `ignored` ones are read for faults and dropped. */
export type SectionKind = "profile" | "sso-session" | "services" | "ignored";

/** One `key = value` with its continuation lines. */
export interface Property {
  /** Lower case. */
  readonly key: string;
  /** Trimmed; lines that continue it are joined with a line end. */
  value: string;
  /** Line of the file, from 1. */
  readonly line: number;
  /** The lines of a nested section, where the value is one. */
  block?: (readonly [key: string, value: string])[];
}

/** One section as the file has it; the same name may come again further down. */
export interface Section {
  readonly kind: SectionKind;
  readonly name: string;
  /** Whether it is written `[profile default]`, which beats `[default]`. */
  readonly prefixed: boolean;
  readonly line: number;
  readonly properties: Property[];
}

/**
 * Cuts a shared file into sections and properties, in AWS's dialect: `#` and `;` start a comment at the beginning of a
 * line, after a blank and after a section's bracket; an indented line continues the value above it, or is a line of the
 * nested section when that value is empty; names and keys with other characters than AWS allows are ignored.
 *
 * Two things are taken as boto3 takes them, where other SDKs stop with an error: a comment may be indented, and so may
 * the properties right under a section.
 *
 * @throws ConfigError naming file and line.
 * @see https://docs.aws.amazon.com/sdkref/latest/guide/file-format.html
 */
export function scanFile(text: string, kind: FileKind, file: string): Section[] {
  const sections: Section[] = [];
  let section: Section | undefined;
  // The property that indented lines belong to, how far it is indented itself, and whether it is one of the ignored.
  let property: Property | undefined;
  let propertyIndent = 0;

  const lines = text.split(/\r\n|\n|\r/);
  for (let i = 0; i < lines.length; i++) {
    const line = lines[i]!;
    const body = trim(line);
    if (body === "" || body.startsWith("#") || body.startsWith(";")) continue;
    const indent = indentOf(line);

    if (property !== undefined && indent > propertyIndent) {
      continueProperty(property, body, file, i + 1);
      continue;
    }
    if (body.startsWith("[")) {
      section = readSection(body, kind, file, i + 1);
      sections.push(section);
      property = undefined;
      continue;
    }
    if (section === undefined) {
      throw fault("expected a section such as [default] before the first property", file, i + 1);
    }
    if (indent > 0 && property === undefined && !body.includes("=")) {
      throw fault("an indented line continues the property above it, but there is none in this section", file, i + 1);
    }
    const [key, value] = splitProperty(uncomment(body), "property", file, i + 1);
    property = { key: key.toLowerCase(), value, line: i + 1 };
    propertyIndent = indent;
    // Names of other characters are ignored, yet their continuation lines must not become anyone else's.
    if (isIdentifier(key)) section.properties.push(property);
  }
  return sections;
}

function continueProperty(property: Property, body: string, file: string, line: number): void {
  if (property.value === "") property.block = [];
  if (property.block !== undefined) {
    const [key, value] = splitProperty(body, "line of a nested section", file, line);
    property.block.push([key.toLowerCase(), uncomment(value)]);
  }
  property.value += `\n${body}`;
}

function readSection(body: string, kind: FileKind, file: string, line: number): Section {
  const match = /^\[([^\]]*)\][ \t]*(?:[#;].*)?$/.exec(body);
  if (match === null) throw fault("a section must end with ']'", file, line);
  const title = trim(match[1]!);
  const make = (sectionKind: SectionKind, name: string, prefixed = false): Section => ({
    kind: sectionKind,
    name,
    prefixed,
    line,
    properties: [],
  });
  if (kind === "credentials") return isIdentifier(title) ? make("profile", title) : make("ignored", title);
  if (title === "default") return make("profile", title);
  const words = /^(profile|sso-session|services)[ \t]+(.+)$/.exec(title);
  if (words === null) return make("ignored", title);
  const quoted = /^"([^"]+)"$|^'([^']+)'$/.exec(words[2]!);
  const name = quoted === null ? words[2]! : (quoted[1] ?? quoted[2])!;
  if (quoted === null && !isIdentifier(name)) return make("ignored", name);
  return make(words[1] as SectionKind, name, true);
}

function splitProperty(body: string, what: string, file: string, line: number): [key: string, value: string] {
  const at = body.indexOf("=");
  if (at < 0) throw fault(`expected an '=' in this ${what}`, file, line);
  const key = trim(body.slice(0, at));
  if (key === "") throw fault(`this ${what} has no name before its '='`, file, line);
  return [key, trim(body.slice(at + 1))];
}

/** Cuts a comment off: `#` or `;` after a blank. Without the blank it is part of the value. */
function uncomment(body: string): string {
  const match = /(?:^|[ \t])[#;]/.exec(body);
  return match === null ? body : trim(body.slice(0, match.index));
}

function indentOf(line: string): number {
  let i = 0;
  while (line[i] === " " || line[i] === "\t") i++;
  return i;
}

/** Without blanks at either end. Not `String.trim`: a no-break space may be part of a value. */
function trim(text: string): string {
  let from = 0;
  let to = text.length;
  while (from < to && isBlank(text.charCodeAt(from))) from++;
  while (to > from && isBlank(text.charCodeAt(to - 1))) to--;
  return text.slice(from, to);
}

function isBlank(code: number): boolean {
  return code === 0x20 || code === 0x09 || code === 0x0b || code === 0x0c;
}

function fault(problem: string, file: string, line: number): ConfigError {
  // The line itself stays out of the message: it may hold a secret.
  return new ConfigError(`${file}, line ${line}: ${problem}`, {
    code: "ConfigParseError",
    hint: "See https://docs.aws.amazon.com/sdkref/latest/guide/file-format.html for the format of the shared files.",
  });
}

// Gathers the declarations that tsc wrote, a hundred files beside as many that nobody can come to, into one file a room with what the
// doors lead to and nothing else; the doors name what they export. They take half the bytes, and a quarter of the room on a disk.
//
// tsc writes them in one form, which is all that is read here: every statement begins at the edge, and every name is said in full.
// What else may come one day (two things of one name in a room, an `export default`, a namespace) is refused, not guessed.
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join, relative } from "node:path";

/** Rooms in one file: apart, a list of each other's names would take more than many of them. */
const TOGETHER = ["client", "model", "resource", "session", "transfer"];

const STATEMENT = /^(?:export|declare|import|interface|type|abstract)\b/;
const DECLARATION =
  /^(?:export )?(?:declare )?(?:abstract )?(?:class|interface|type|function|const|let|enum) (?<name>\w+)/;
const IMPORT = /^import (?:type )?(?:(?<main>\w+)|\{(?<names>[^}]*)\}) from "(?<path>[^"]+)";/;
const EXPORT = /^export (?<type>type )?(?:\{(?<names>[^}]*)\}|(?<all>\*)) from "(?<path>[^"]+)";/;

/** The statements of a file, each with the comment before it. */
function split(text) {
  const statements = [];
  let comment = [];
  let last;
  for (const line of text.split("\n")) {
    if (last !== undefined) {
      last.text += `\n${line}`;
    } else if (STATEMENT.test(line)) {
      last = { comment: comment.join("\n"), text: line };
      statements.push(last);
      comment = [];
    } else if (line !== "") {
      if (!/^(?:\/\*\*| \*)/.test(line)) throw new Error(`declarations: what is ${JSON.stringify(line)}?`);
      // A comment that another follows is the file's own.
      if (line.startsWith("/**")) comment = [];
      comment.push(line);
    }
    // At the edge it ends; what stands inside is set in by four. A type alone may go on behind a brace, with ` |`.
    const isType = last !== undefined && /^(?:export )?(?:declare )?type /.test(last.text);
    if (isType ? /^(?:\S| [|&]).*;$/.test(line) : /^\S.*[;}]$|^[;}]$/.test(line)) last = undefined;
  }
  return statements;
}

const namesIn = (list) =>
  list
    .split(",")
    .map((one) => one.trim())
    .filter(Boolean)
    .map((one) => {
      const [name, as = name] = one.replace(/^type /, "").split(" as ");
      return { name, as, typeOnly: one.startsWith("type ") };
    });

/**
 * The same with tabs, and without what says nothing: the stars before the lines of a comment, `declare` behind `export`, and what the kinds of
 * resources give statically, as `Resource` declares it.
 */
const shorten = (text) =>
  text
    .replace(/^(?: {4})+/gm, (spaces) => "\t".repeat(spaces.length / 4))
    .replace(
      /\/\*\*\n\s*\* (.*?)\n\s*\*\//gs,
      (_, lines) => `/** ${lines.replace(/^\s*\* ?/gm, "")}${lines.endsWith("```") ? "\n" : " "}*/`,
    )
    .replace(/^export declare /gm, "export ")
    .replace(/^\t(?:protected )?static readonly (?:identifiers|attributes|subresources): .*\n/gm, (line, _at, all) =>
      / class Resource\b/.test(all) ? line : "",
    );

/** A file: what it declares, takes from elsewhere and hands on. */
async function read(file) {
  const found = { file, declared: new Map(), imported: new Map(), handedOn: [], all: [] };
  for (const statement of split(await readFile(file, "utf8"))) {
    const { text } = statement;
    const from = (path) => (path.startsWith(".") ? join(file, "..", path.replace(/\.js$/, ".d.ts")) : path);
    const declaration = DECLARATION.exec(text);
    const imports = IMPORT.exec(text)?.groups;
    const exports = EXPORT.exec(text)?.groups;
    if (declaration) {
      const { name } = declaration.groups;
      const before = found.declared.get(name)?.text;
      // A function of several forms is several statements.
      const all = before === undefined ? "" : `${before}\n`;
      found.declared.set(name, {
        file,
        name,
        exported: text.startsWith("export "),
        comment: before === undefined ? statement.comment : found.declared.get(name).comment,
        text: all + (before === undefined || statement.comment === "" ? "" : `${statement.comment}\n`) + text,
      });
    } else if (imports?.main) {
      found.imported.set(imports.main, { from: imports.path, name: "default" });
    } else if (imports) {
      for (const { name, as } of namesIn(imports.names)) found.imported.set(as, { from: from(imports.path), name });
    } else if (exports?.all) {
      found.all.push({ from: from(exports.path), typeOnly: exports.type !== undefined });
    } else if (exports) {
      for (const one of namesIn(exports.names))
        found.handedOn.push({ ...one, from: from(exports.path), typeOnly: one.typeOnly || exports.type !== undefined });
    } else if (/^export (?:type )?\{ /.test(text)) {
      for (const one of namesIn(text.slice(text.indexOf("{") + 1, text.indexOf("}"))))
        found.handedOn.push({ ...one, from: file, typeOnly: one.typeOnly || text.startsWith("export type") });
    } else if (!/^export \{\};$|^import "/.test(text)) {
      throw new Error(`declarations: ${file} has ${text}`);
    }
  }
  return found;
}

/** Gathers what the doors (paths without `.d.ts`) lead to, from the folder that tsc wrote into the one that is installed. */
export async function gatherDeclarations(folder, out, doors) {
  const files = new Map();
  async function load(file) {
    if (files.has(file) || !file.startsWith(folder)) return;
    files.set(file, undefined);
    const found = await read(file);
    files.set(file, found);
    for (const { from } of [...found.imported.values(), ...found.handedOn, ...found.all]) await load(from);
  }
  for (const door of doors) await load(join(folder, `${door}.d.ts`));

  /** Where a name that a file exports, or uses, is declared; undefined where a package declares it. */
  function find(file, name) {
    const { declared, imported, handedOn, all } = files.get(file) ?? {};
    if (declared === undefined) return undefined;
    if (declared.has(name)) return declared.get(name);
    const on = imported.get(name) ?? handedOn.find(({ as }) => as === name);
    if (on) return find(on.from, on.name);
    for (const { from } of all) {
      const found = find(from, name);
      if (found) return found;
    }
    return undefined;
  }

  const rooms = new Map();
  const roomOf = (file) => {
    const [first, ...rest] = relative(folder, file).split("/");
    const room = rest.length > 0 ? first : first.replace(/\.d\.ts$/, "");
    return TOGETHER.includes(room) ? TOGETHER[0] : room;
  };
  function keep(declaration) {
    const name = roomOf(declaration.file);
    if (!rooms.has(name)) rooms.set(name, { kept: new Map(), imports: new Map(), free: new Map() });
    const { kept, imports, free } = rooms.get(name);
    if (kept.get(declaration.name) === declaration) return;
    if (kept.has(declaration.name)) throw new Error(`declarations: ${name} has more than one ${declaration.name}`);
    kept.set(declaration.name, declaration);
    const { imported } = files.get(declaration.file);
    // Of what stands in it: names, not what is said of them, nor what is quoted.
    const bare = declaration.text.replace(/\/\*\*.*?\*\/|"[^"]*"/gs, "");
    for (const [, word, member] of bare.matchAll(/\b([A-Za-z_]\w*)(\??[:(])?/g)) {
      const found = find(declaration.file, word);
      const taken = imported.get(word);
      if (found) {
        if (found.name !== word) throw new Error(`declarations: ${declaration.file} calls ${found.name} ${word}`);
        keep(found);
        if (roomOf(found.file) !== name) {
          found.wanted = true;
          take(imports, `./${roomOf(found.file)}.js`, word);
        }
      } else if (taken && !taken.from.startsWith("/")) take(imports, taken.from, word, taken.name === "default");
      else if (member === undefined) free.set(word, declaration);
    }
  }
  function take(imports, from, name, main = false) {
    const there = imports.get(name);
    if (there && there.from !== from) throw new Error(`declarations: ${name} is of ${there.from} and of ${from}`);
    imports.set(name, { from, main });
  }

  /** Everything that a file exports, by name; `typeOnly`: of a class, its type alone. */
  function exportsOf(file, typeOnly = false, found = new Map()) {
    const { declared, handedOn, all } = files.get(file);
    const add = (as, one, type) => {
      if (!found.has(as) || (found.get(as).typeOnly && !type)) found.set(as, { one, typeOnly: type });
    };
    for (const [name, one] of declared) if (one.exported) add(name, one, typeOnly);
    for (const { from, name, as, typeOnly: type } of handedOn) {
      const one = find(from, name);
      if (!one) throw new Error(`declarations: ${file} exports ${name}, which is nowhere`);
      add(as, one, typeOnly || type);
    }
    for (const { from, typeOnly: type } of all) exportsOf(from, typeOnly || type, found);
    return found;
  }

  const isValue = ({ text }) => !/^export (?:interface|type) /.test(text);
  const doorLists = [];
  for (const door of doors) {
    const lists = new Map();
    for (const [as, { one, typeOnly }] of exportsOf(join(folder, `${door}.d.ts`))) {
      keep(one);
      one.wanted = true;
      const room = roomOf(one.file);
      if (!lists.has(room)) lists.set(room, { names: [], types: [] });
      const { names, types } = lists.get(room);
      (typeOnly && isValue(one) ? types : names).push(as === one.name ? as : `${one.name} as ${as}`);
    }
    const up = relative(dirname(join(folder, door)), join(folder, "types"));
    doorLists.push({ door, lists, up: up.startsWith(".") ? up : `./${up}` });
  }
  const texts = new Map();
  for (const { door, lists, up } of doorLists) {
    const lines = [...lists].flatMap(([room, { names, types }]) => {
      const from = `from "${up}/${room}.js";`;
      // A type more than the door has does no harm, a value that is not there would.
      const all = [...rooms.get(room).kept.values()].filter(({ wanted }) => wanted);
      const others = all.filter(({ name }) => !names.includes(name));
      if (others.length < 3 && !others.some(isValue)) return [`export * ${from}`];
      return [
        ...(names.length > 0 ? [`export { ${names.sort().join(", ")} } ${from}`] : []),
        ...(types.length > 0 ? [`export type { ${types.sort().join(", ")} } ${from}`] : []),
      ];
    });
    texts.set(`${door}.d.ts`, lines);
  }
  for (const [name, { kept, imports, free }] of rooms) {
    for (const [word, { file }] of free) {
      if (kept.has(word) || imports.has(word))
        throw new Error(`declarations: ${file} means another ${word} than its room`);
    }
    const heads = new Map();
    for (const [word, { from, main }] of imports) {
      if (kept.has(word)) throw new Error(`declarations: ${name} has a ${word} of its own`);
      if (main) heads.set(`${word} from ${from}`, `import type ${word} from "${from}";`);
      else heads.set(from, [...(heads.get(from) ?? []), word]);
    }
    const lines = [...heads].map(([from, words]) =>
      typeof words === "string" ? words : `import type { ${words.sort().join(", ")} } from "${from}";`,
    );
    for (const { comment, text, wanted } of kept.values()) {
      const own = wanted ? text : text.replace(/^export /gm, "");
      const all = comment === "" ? own : `${comment}\n${own}`;
      lines.push(shorten(all));
    }
    // Without it, what no other room and no door wants would be exported.
    texts.set(`types/${name}.d.ts`, [...lines, "export {};"]);
  }
  for (const [name, lines] of texts) {
    await mkdir(dirname(join(out, name)), { recursive: true });
    await writeFile(join(out, name), `${lines.join("\n")}\n`);
  }
}

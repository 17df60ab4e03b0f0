/**
 * The S3 API as data. `generated/shapes.ts` holds every shape as one line of one text (a text costs nothing until it is
 * read, and a program uses few of its lines; an object with a field for each took a tenth of the time of importing the package);
 * `shape(name)` turns a line into the objects below on first use and keeps them.
 *
 * Grammar of a line: the name, then fields, separated by one space:
 *   structure   `{` flags (`|` union, `^` event stream, `<prefix=uri>` a namespace of its own), then members; a name alone is that of a
 *               member that several structures have, whose own line begins with a dot (`.Bucket s@u!`); a number is that of a run of
 *               members that comes again, which has a line of its own, too
 *   list        `[` member          `[~` when flattened
 *   map         `%` keyMember valueMember
 *   member      name `:` type `@`location? `=`wireName? flags
 *   type        `s` string, `i` integer, `l` long, `b` boolean, `x` blob, `t` timestamp (ISO 8601 in bodies, else
 *               RFC 822), `ti` ISO 8601, `tr` RFC 822, or the name of a structure, list or map; a number behind `s` or `i` is the
 *               least length or value allowed
 *   location    `u` uri label, `q` query, `h` header, `p` headers with a prefix, `c` status code, `P` the payload (the whole body), `T` the text of the
 *               body's root element; none: an element of the XML body
 *   flags       `!` required, `~` flattened, `#` XML attribute, `*` streaming, `$` sensitive, `?` idempotency token, `^` event payload,
 *               `&` host label, `+` a list that is there, empty, in every answer
 */
import { shapeLines } from "./generated/shapes.js";

/** Where a member travels. */
export type Location = "body" | "payload" | "text" | "uri" | "query" | "header" | "headers" | "status";

/** How a timestamp is written. */
export type TimestampFormat = "iso8601" | "rfc822";

/** A member of a structure, or the element of a list, or the key or value of a map. */
export class Member {
  /** The name in dictionaries. */
  readonly name: string;
  readonly location: Location;
  /** The name on the wire: XML element or attribute, header (lower case), query parameter, uri label. */
  readonly wireName: string;
  readonly required: boolean;
  readonly flattened: boolean;
  /** An XML attribute of its structure's element. */
  readonly attribute: boolean;
  readonly streaming: boolean;
  /** A secret: never in logs or errors. */
  readonly sensitive: boolean;
  /** Filled with a UUID when the caller gives none. */
  readonly idempotencyToken: boolean;
  /** The body of an event in an event stream. */
  readonly eventPayload: boolean;
  /** Becomes the first label of the host name. */
  readonly hostLabel: boolean;
  /** A list that is in every answer, if only empty. */
  readonly always: boolean;

  readonly #type: string;
  #shape: Shape | undefined;

  /** @param text one member in the grammar above */
  constructor(text: string) {
    const match = memberPattern.exec(text);
    if (!match) throw new Error(`model: cannot read member ${JSON.stringify(text)}`);
    const [, name = "", type = "", at, wire, flags = ""] = match;
    this.name = name;
    this.#type = type;
    this.location = at ? locations[at]! : "body";
    this.wireName = wire ?? name;
    this.required = flags.includes("!");
    this.flattened = flags.includes("~");
    this.attribute = flags.includes("#");
    this.streaming = flags.includes("*");
    this.sensitive = flags.includes("$");
    this.idempotencyToken = flags.includes("?");
    this.eventPayload = flags.includes("^");
    this.hostLabel = flags.includes("&");
    this.always = flags.includes("+");
  }

  /** The shape of the value; shapes may refer to each other in circles, so it is looked up when asked for. */
  get shape(): Shape {
    this.#shape ??= shape(this.#type);
    return this.#shape;
  }
}

/** A dictionary with named members, in the model's order. */
export interface StructureShape {
  readonly kind: "structure";
  readonly name: string;
  readonly members: readonly Member[];
  readonly byName: ReadonlyMap<string, Member>;
  /** The member that is the whole body, if there is one. */
  readonly payload: Member | undefined;
  /** Exactly one member is set. */
  readonly union: boolean;
  /** The value is a stream of events, each one of the members. */
  readonly eventStream: boolean;
  /** A namespace of its own: Grantee's `xsi`. Everything else is in S3's. */
  readonly namespacePrefix: string | undefined;
  readonly namespaceUri: string | undefined;
}

/** A list; `flattened` lists have no element around their items. */
export interface ListShape {
  readonly kind: "list";
  readonly name: string;
  readonly member: Member;
  readonly flattened: boolean;
}

/** A map of strings. */
export interface MapShape {
  readonly kind: "map";
  readonly name: string;
  readonly key: Member;
  readonly value: Member;
}

/** A value without parts. */
export interface ScalarShape {
  readonly kind: "string" | "integer" | "long" | "boolean" | "blob" | "timestamp";
  /** Shortest string or smallest number allowed, where the model says so. */
  readonly min: number | undefined;
  /** For timestamps, when the model fixes one. */
  readonly format: TimestampFormat | undefined;
}

/** The shape of a value. */
export type Shape = StructureShape | ListShape | MapShape | ScalarShape;

const scalar = (kind: ScalarShape["kind"], min?: number, format?: TimestampFormat): ScalarShape => ({
  kind,
  min,
  format,
});

const known = new Map<string, Shape>([
  ["s", scalar("string")],
  ["i", scalar("integer")],
  ["l", scalar("long")],
  ["b", scalar("boolean")],
  ["x", scalar("blob")],
  ["t", scalar("timestamp")],
  ["ti", scalar("timestamp", undefined, "iso8601")],
  ["tr", scalar("timestamp", undefined, "rfc822")],
]);

const locations: Record<string, Location> = {
  u: "uri",
  q: "query",
  h: "header",
  p: "headers",
  c: "status",
  P: "payload",
  T: "text",
};

const memberPattern = /^([^:]+):(\w+)(?:@(\w))?(?:=([^!~#*$?^&+]+))?([!~#*$?^&+]*)$/;

/** What stands behind a name in the text. */
function lineOf(name: string): string | undefined {
  const at = shapeLines.indexOf(`\n${name} `);
  return at < 0 ? undefined : shapeLines.slice(at + name.length + 2, shapeLines.indexOf("\n", at + 1));
}

function readMember(text: string): Member {
  return new Member(text.includes(":") ? text : `${text}:${lineOf(`.${text}`)}`);
}

/** The members of a line, with those of the runs in their place. */
function membersOf(texts: readonly string[]): string[] {
  return texts.flatMap((text) => (/^\d/.test(text) ? membersOf(lineOf(text)!.split(" ")) : text));
}

function readShape(name: string, line: string): Shape {
  const [head = "", ...rest] = line.split(" ");
  if (head.startsWith("[")) {
    return { kind: "list", name, member: new Member(rest[0]!), flattened: head === "[~" };
  }
  if (head === "%") return { kind: "map", name, key: new Member(rest[0]!), value: new Member(rest[1]!) };
  const members = membersOf(rest).map(readMember);
  const namespace = /<(?:(\w+)=)?([^>]+)>/.exec(head);
  return {
    kind: "structure",
    name,
    members,
    byName: new Map(members.map((member) => [member.name, member])),
    payload: members.find((member) => member.location === "payload"),
    union: head.includes("|"),
    eventStream: head.includes("^"),
    namespacePrefix: namespace?.[1],
    namespaceUri: namespace?.[2],
  };
}

/** The shape of that name, read on first use. */
export function shape(name: string): Shape {
  let found = known.get(name);
  if (!found) {
    const bounded = /^([si])(\d+)$/.exec(name);
    const line = lineOf(name);
    if (bounded) found = scalar(bounded[1] === "s" ? "string" : "integer", Number(bounded[2]));
    else if (line !== undefined) found = readShape(name, line);
    else throw new Error(`model: there is no shape ${name}`);
    known.set(name, found);
  }
  return found;
}

/** The structure of that name. */
export function structure(name: string): StructureShape {
  const found = shape(name);
  if (found.kind !== "structure") throw new Error(`model: ${name} is no structure`);
  return found;
}

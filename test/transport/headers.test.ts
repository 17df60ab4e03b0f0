import { isUtf8 } from "node:buffer";
import { inspect } from "node:util";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { contentLength, copyHeaders, readHeaders } from "../../src/transport/headers.js";

/** Names and values as undici hands them over: views of the one piece of memory that came, or pieces of their own. */
function views(lines: readonly (readonly [string, string, string])[], apart: boolean): Buffer[] {
  const whole = Buffer.from(
    `HTTP/1.1 200 OK\r\n${lines.map(([name, gap, value]) => `${name}:${gap}${value}\r\n`).join("")}\r\n`,
    "latin1",
  );
  const raw: Buffer[] = [];
  let at = 17;
  for (const [name, gap, value] of lines) {
    const from = at + name.length + 1 + gap.length;
    const pair = [whole.subarray(at, at + name.length), whole.subarray(from, from + value.length)];
    raw.push(...(apart ? pair.map((view) => Buffer.from(view)) : pair));
    at = from + value.length + 2;
  }
  return raw;
}

/** Bytes as text: UTF-8 where they are that. */
const decoded = (value: string): string => {
  const bytes = Buffer.from(value, "latin1");
  return isUtf8(bytes) ? bytes.toString("utf8") : value;
};

/** The plain way. */
function expected(lines: readonly (readonly [string, string, string])[]): [string, string][] {
  const map = new Map<string, string>();
  for (const [name, , given] of lines) {
    const key = name.toLowerCase();
    const before = map.get(key);
    const value = decoded(given);
    map.set(key, before === undefined ? value : `${before}, ${value}`);
  }
  return [...map];
}

const name = fc.oneof(
  fc.constantFrom(
    "ETag",
    "etag",
    "Content-Length",
    "x-amz-request-id",
    "X-Amz-Id-2",
    "__proto__",
    "constructor",
    "toString",
    "a",
  ),
  fc.stringMatching(/^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,20}$/),
);
const value = fc.oneof(
  fc.constantFrom("", "1", "a: b", "a  b", "x:y: z"),
  fc.stringMatching(/^[!-~\u0080-\u00ff]([ -~\u0080-\u00ff]{0,40}[!-~\u0080-\u00ff])?$/),
);
const gap = fc.constantFrom(" ", " ", " ", "", "  ", "\t");

describe("headers", () => {
  it.each([
    ["UTF-8", 'attachment; filename="río.txt"', "utf8"],
    ["Latin-1", "\xe9\xff", "latin1"],
  ] as const)("beyond ASCII are read as %s where they are that", (_, value, encoding) => {
    for (const apart of [true, false]) {
      const raw = views([["x-amz-meta-a", " ", Buffer.from(value, encoding).toString("latin1")]], apart);
      expect(readHeaders(raw)["x-amz-meta-a"]).toBe(value);
    }
  });

  it("are read alike however they lie in memory", () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(name, gap, value), { maxLength: 12 }), fc.boolean(), (lines, apart) => {
        expect(Object.entries(readHeaders(views(lines, apart))).sort()).toEqual(expected(lines).sort());
      }),
      { numRuns: 2000 },
    );
  });

  it("inherit nothing and change nothing else", () => {
    const headers = readHeaders(
      views(
        [
          ["__proto__", " ", "polluted"],
          ["constructor", " ", "x"],
          ["valueOf", " ", "y"],
        ],
        false,
      ),
    );
    expect(Object.keys(headers).sort()).toEqual(["__proto__", "constructor", "valueof"]);
    expect("hasOwnProperty" in headers).toBe(false);
    expect(({} as Record<string, unknown>)["polluted"]).toBe(undefined);
    const copied = copyHeaders(JSON.parse('{"__proto__":"z","X-A":["1","2"]}'));
    expect(Object.entries(copied)).toEqual([
      ["__proto__", "z"],
      ["x-a", "1, 2"],
    ]);
  });

  it("may come as text, or with lists", () => {
    expect({ ...readHeaders(["X-A", "1", "x-b", ["2", "3"]] as string[]) }).toEqual({ "x-a": "1", "x-b": "2, 3" });
    expect({ ...readHeaders([]) }).toEqual({});
  });

  it("tell a length only in digits", () => {
    const length = (text: string) => contentLength({ "content-length": text });
    expect([
      length("0"),
      length("15"),
      length("-1"),
      length("1e3"),
      length(""),
      length("9".repeat(20)),
      contentLength({}),
    ]).toEqual([0, 15, undefined, undefined, undefined, undefined, undefined]);
  });
});

describe("a record of headers", () => {
  const record = () =>
    readHeaders(
      views(
        [
          ["ETag", " ", '"e"'],
          ["__proto__", " ", "p"],
        ] as const,
        false,
      ),
    );

  it("prints as the plain dictionary that it is", () => {
    expect(inspect(record())).toBe(`{ etag: '"e"', ['__proto__']: 'p' }`);
    expect(inspect(readHeaders([]))).toBe("{}");
    for (const depth of [0, 1, 2, null]) {
      expect(inspect({ a: { b: record() } }, { depth })).toBe(inspect({ a: { b: { ...record() } } }, { depth }));
    }
  });

  it("equals a plain one, and has nothing of its own but the headers", () => {
    expect(readHeaders(views([["ETag", " ", "x"]] as const, false))).toEqual({ etag: "x" });
    expect(Reflect.ownKeys(record())).toEqual(["etag", "__proto__"]);
    expect({ ...record() }).toEqual(
      Object.fromEntries([
        ["etag", '"e"'],
        ["__proto__", "p"],
      ]),
    );
    const names: string[] = [];
    for (const name in record()) names.push(name);
    expect(names).toEqual(["etag", "__proto__"]);
    expect(record()["constructor"]).toBeUndefined();
  });

  it.each([
    "authorization",
    "Proxy-Authorization",
    "X-Amz-Security-Token",
    "x-amz-s3session-token",
    "x-amz-server-side-encryption-customer-key",
    "X-Amz-Copy-Source-Server-Side-Encryption-Customer-Key",
    "Cookie",
  ])("has no %s, which only requests have: an answer that says it says a secret again", (name) => {
    const lines = [
      ["ETag", " ", "e"],
      [name, " ", "secret"],
      [`${name}-MD5`, " ", "m"],
      [name, " ", "again"],
    ] as const;
    const wanted = { etag: "e", [`${name.toLowerCase()}-md5`]: "m" };
    for (let round = 0; round < 3; round++) {
      expect(readHeaders(views(lines, false))).toEqual(wanted);
      expect(readHeaders(views(lines, true))).toEqual(wanted);
      expect(copyHeaders(Object.fromEntries(lines.map(([key, , value]) => [key, value])))).toEqual(wanted);
    }
  });
});

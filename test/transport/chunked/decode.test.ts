import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ChecksumMismatchError } from "../../../src/errors/base.js";
import { createChunkVerifier } from "../../../src/sigv4/index.js";
import { checksum, checksumHeader } from "../../../src/transport/checksum/index.js";
import { type ChunkedFraming, encodeChunkedSync } from "../../../src/transport/chunked/index.js";
import { cut, sequence } from "../checksum/support.js";
import { ChunkedDecoder, type ChunkedDecoderOptions } from "./decoder.js";
import { ChunkedEncodingError, type ChunkedFault } from "./error.js";
import { identity, published, signer, verifier } from "./support.js";

const wire = (framing: ChunkedFraming, body: Uint8Array) => Buffer.concat([...encodeChunkedSync([body], framing)]);

function decode(pieces: Iterable<Uint8Array>, options?: ChunkedDecoderOptions) {
  const decoder = new ChunkedDecoder(options);
  const out: Uint8Array[] = [];
  for (const piece of pieces) out.push(...decoder.push(piece));
  decoder.end();
  return { body: Buffer.concat(out), trailers: { ...decoder.trailers }, decoder };
}

function failure(text: string | Uint8Array, options?: ChunkedDecoderOptions): ChunkedEncodingError {
  try {
    decode([typeof text === "string" ? Buffer.from(text, "latin1") : text], options);
  } catch (error) {
    expect(error).toBeInstanceOf(ChunkedEncodingError);
    return error as ChunkedEncodingError;
  }
  throw new Error("it was taken");
}

describe("a body comes back", () => {
  const kinds: [string, (trailer: boolean) => { framing: ChunkedFraming; options: ChunkedDecoderOptions }][] = [
    ["unsigned", (trailer) => ({ framing: { trailer: trailer ? "CRC64NVME" : undefined }, options: {} })],
    [
      "signed",
      (trailer) => ({
        framing: { signer: signer(), trailer: trailer ? "CRC32" : undefined },
        options: { verifier: verifier() },
      }),
    ],
    [
      "signed with ECDSA",
      (trailer) => ({
        framing: { signer: signer(true), ecdsa: true, trailer: trailer ? "SHA256" : undefined },
        options: { verifier: verifier(true) },
      }),
    ],
  ];

  it.each(kinds)("%s, however it is split", (_name, make) => {
    const property = fc.property(
      fc.nat({ max: 40_000 }),
      fc.boolean(),
      fc.array(fc.oneof(fc.nat({ max: 300 }), fc.nat({ max: 45_000 })), { maxLength: 15 }),
      (length, trailer, places) => {
        const body = sequence(length);
        const { framing, options } = make(trailer);
        const bytes = wire({ ...framing, chunkSize: 8192 }, body);
        const trailers = framing.trailer ? { [checksumHeader(framing.trailer)]: checksum(framing.trailer, body) } : {};
        const got = decode(cut(bytes, places), { ...options, decodedLength: length, trailers: Object.keys(trailers) });
        expect(got.body.equals(body)).toBe(true);
        expect(got.trailers).toEqual(trailers);
        expect(got.decoder).toMatchObject({ done: true, decodedLength: length });
      },
    );
    fc.assert(property, { numRuns: 40 });
  });

  it("byte by byte", () => {
    const body = sequence(9000);
    const bytes = wire({ signer: signer(), trailer: "XXHASH3", trailers: { "X-Amz-Meta-Note": "late" } }, body);
    const options = { verifier: verifier(), trailers: ["x-amz-meta-note", "X-Amz-Checksum-XXHash3"] };
    const got = decode(cut(bytes, Array.from(bytes.keys())), options);
    expect(got.body.equals(body)).toBe(true);
    expect(got.trailers).toEqual({ "x-amz-meta-note": "late", "x-amz-checksum-xxhash3": checksum("XXHASH3", body) });
  });

  it("from those who write it a little differently", () => {
    const bytes = Buffer.from("A ;x=1;chunk-signature=00\r\n0123456789\r\n000\r\nX-Amz-Note: \t a b \r\n\r\n");
    const got = decode([bytes]);
    expect(got.body.toString()).toBe("0123456789");
    expect(got.trailers).toEqual({ "x-amz-note": "a b" });
    expect(Object.getPrototypeOf(got.decoder.trailers)).toBeNull();
  });

  it.each(published.cases.filter((one) => one.framed))("as published: $id", (one) => {
    const lines = one.trailer?.headers.map((line) => line.split(/:(.*)/s) as [string, string]) ?? [];
    const text = one.chunks.map(
      ({ length, fill, signature }) =>
        `${length.toString(16)};chunk-signature=${signature}\r\n${length ? `${fill.repeat(length)}\r\n` : ""}`,
    );
    for (const [name, value] of lines) text.push(`${name}:${value}\r\n`);
    if (one.trailer) text.push(`x-amz-trailer-signature:${one.trailer.signature}\r\n`);
    text.push("\r\n");
    const options = {
      verifier: createChunkVerifier({ ...identity(), seedSignature: one.seed! }),
      trailers: lines.map(([name]) => name),
      decodedLength: 66_560,
    };
    const got = decode([Buffer.from(text.join(""))], options);
    expect(got.body.equals(Buffer.alloc(66_560, "a"))).toBe(true);
    expect(got.trailers).toEqual(Object.fromEntries(lines));
  });

  it("uncopied, and unsigned bytes at once", () => {
    const decoder = new ChunkedDecoder();
    const first = Buffer.from("5\r\nabc");
    const [part] = decoder.push(first);
    expect(part?.buffer).toBe(first.buffer);
    expect(Buffer.from(part!).toString()).toBe("abc");
    expect(decoder.push(Buffer.from("de\r\n0\r\n")).map(String)).toEqual([String(Buffer.from("de"))]);
    expect(decoder.done).toBe(false);
    expect(decoder.push(Buffer.from("\r\n"))).toEqual([]);
    expect(decoder.done).toBe(true);
  });

  it("signed bytes only when their signature has been checked", () => {
    const bytes = wire({ signer: signer() }, sequence(70_000));
    const decoder = new ChunkedDecoder({ verifier: verifier() });
    const end = bytes.indexOf("\r\n") + 2 + 65_536;
    expect(decoder.push(bytes.subarray(0, end))).toEqual([]);
    const out = decoder.push(bytes.subarray(end, end + 2));
    expect(Buffer.concat(out).equals(sequence(65_536))).toBe(true);
  });
});

describe("a body is refused", () => {
  const cases: [string, ChunkedFault, RegExp, string, ChunkedDecoderOptions?][] = [
    ["with no length", "IncompleteBody", /byte 0: "hello" is not the line of a chunk/, "hello\r\n"],
    ["with a negative length", "IncompleteBody", /"-1"/, "-1\r\n"],
    ["with a length beyond all", "IncompleteBody", /"fffffffffffffffff"/, "fffffffffffffffff\r\n"],
    ["with a longer chunk than it says", "IncompleteBody", /longer than the 3 bytes it says/, "3\r\nabcd\r\n0\r\n\r\n"],
    ["without line ends of two characters", "IncompleteBody", /does not end in CRLF/, "3\nabc\n0\n\n"],
    ["with a line that never ends", "IncompleteBody", /longer than 4096/, "0".repeat(5000)],
    ["with a line above the limit", "IncompleteBody", /longer than 10/, "3;abcdefghijk\r\n", { maxLineLength: 10 }],
    ["that ends within a chunk", "IncompleteBody", /byte 5: it ends 1 bytes before the end of a chunk of 3/, "3\r\nab"],
    ["that ends within its framing", "IncompleteBody", /ends in its framing/, "3\r\nabc\r\n0\r\n"],
    ["that is empty", "IncompleteBody", /ends in its framing/, ""],
    ["that goes on after its end", "IncompleteBody", /byte 5: bytes follow its end/, "0\r\n\r\nx"],
    [
      "shorter than announced",
      "IncompleteBody",
      /has 3 bytes, not the 4 announced/,
      "3\r\nabc\r\n0\r\n\r\n",
      { decodedLength: 4 },
    ],
    [
      "longer than announced",
      "IncompleteBody",
      /at least 3 bytes, not the 2 announced/,
      "3\r\nabc",
      { decodedLength: 2 },
    ],
    [
      "with a chunk above the limit",
      "InvalidChunkSizeError",
      /of 256 bytes is larger than 255/,
      "100\r\n",
      { maxChunkSize: 255 },
    ],
    ["without a trailer announced", "MalformedTrailerError", /x-a is announced/, "0\r\n\r\n", { trailers: ["x-a"] }],
    [
      "with a trailer not announced",
      "MalformedTrailerError",
      /x-b is not among/,
      "0\r\nx-b:1\r\n\r\n",
      { trailers: ["x-a"] },
    ],
    ["with a trailer twice", "MalformedTrailerError", /x-b comes twice/, "0\r\nx-b:1\r\nX-B:1\r\n\r\n"],
    [
      "with a trailer that is none",
      "MalformedTrailerError",
      /" folded" is not a header/,
      "0\r\nx-b:1\r\n folded\r\n\r\n",
    ],
    [
      "with an endless trailer",
      "MalformedTrailerError",
      /longer than 16384/,
      `0\r\n${Array.from({ length: 6000 }, (_, n) => `a${n}:b\r\n`).join("")}`,
    ],
  ];

  it.each(cases)("%s", (_name, code, message, text, options) => {
    const error = failure(text, options);
    expect(error.code).toBe(code);
    expect(error.message).toMatch(message);
    expect(error.message).toContain(`byte ${error.offset}:`);
  });

  it("with a wrong checksum, both values named", () => {
    const bytes = Buffer.from("9\r\n123456788\r\n0\r\nx-amz-checksum-crc32:y/Q5Jg==\r\n\r\n");
    expect(() => decode([bytes], { trailers: ["x-amz-checksum-crc32"] })).toThrow(
      expect.objectContaining({
        algorithm: "CRC32",
        expected: "y/Q5Jg==",
        actual: checksum("CRC32", Buffer.from("123456788")),
      }),
    );
    expect(() => decode([bytes], { trailers: ["x-amz-checksum-crc32"] })).toThrow(ChecksumMismatchError);
    // Nobody asked to hold it to the checksum.
    expect(decode([bytes]).body.toString()).toBe("123456788");
  });

  it("for good", () => {
    const decoder = new ChunkedDecoder();
    expect(() => decoder.push(Buffer.from("x\r\n"))).toThrow(/not the line of a chunk/);
    expect(() => decoder.push(Buffer.from("0\r\n\r\n"))).toThrow(/it failed before/);
    expect(() => decoder.end()).toThrow(ChunkedEncodingError);
  });

  describe("for its signatures", () => {
    const body = sequence(20_000);
    const make = () => wire({ signer: signer(), chunkSize: 8192, trailer: "CRC32" }, body);
    const refused = (bytes: Uint8Array, options: ChunkedDecoderOptions = {}) =>
      failure(bytes, { verifier: verifier(), trailers: ["x-amz-checksum-crc32"], ...options });

    it("when any byte of it changed", () => {
      const bytes = make();
      const property = fc.property(fc.nat({ max: bytes.length - 1 }), fc.integer({ min: 1, max: 255 }), (at, flip) => {
        const bad = Buffer.from(bytes);
        bad[at] = bad[at]! ^ flip;
        const letter = bytes.toString("latin1", at, at + 1);
        // A name in other case is the same name.
        if (flip === 32 && /[a-z]/i.test(letter) && at > bytes.length - 150) return;
        expect(() => decode([bad], { verifier: verifier(), trailers: ["x-amz-checksum-crc32"] })).toThrow();
      });
      fc.assert(property, { numRuns: 150 });
      expect(decode([bytes], { verifier: verifier() }).body.equals(body)).toBe(true);
    });

    it("made with another secret", () => {
      expect(refused(make(), { verifier: verifier(false, "another") })).toMatchObject({
        code: "SignatureDoesNotMatch",
        message: expect.stringContaining("the signature of a chunk of 8192 bytes"),
      });
    });

    it("when chunks change places, or one is missing", () => {
      const bytes = make();
      const length = bytes.indexOf("\r\n") + 2 + 8192 + 2;
      const [first, second, rest] = [
        bytes.subarray(0, length),
        bytes.subarray(length, 2 * length),
        bytes.subarray(2 * length),
      ];
      expect(refused(Buffer.concat([second, first, rest])).code).toBe("SignatureDoesNotMatch");
      expect(refused(Buffer.concat([first, rest])).code).toBe("SignatureDoesNotMatch");
    });

    it("when they are missing", () => {
      expect(refused(wire({ trailer: "CRC32" }, body)).message).toContain("comes without its signature");
      const text = make().toString("latin1");
      const unsignedTrailer = text.replace(/x-amz-trailer-signature:\w+\r\n/, "");
      expect(refused(Buffer.from(unsignedTrailer, "latin1")).message).toContain("the trailer is not signed");
      const wrongTrailer = text.replace(/(?<=x-amz-trailer-signature:)\w+/, "0".repeat(64));
      expect(refused(Buffer.from(wrongTrailer, "latin1")).message).toContain(
        "the signature of the trailer is not right",
      );
    });

    it("when something follows the signature of the trailer", () => {
      const text = make()
        .toString("latin1")
        .replace(/\r\n\r\n$/, "\r\nx-b:1\r\n\r\n");
      expect(refused(Buffer.from(text, "latin1"), { trailers: undefined })).toMatchObject({
        code: "MalformedTrailerError",
      });
    });

    it("when a chunk before the last is too small", () => {
      const sign = signer();
      const chunk = (size: number) =>
        `${size.toString(16)};chunk-signature=${sign.sign(Buffer.alloc(size, "a"))}\r\n${size ? `${"a".repeat(size)}\r\n` : ""}`;
      const small = `${chunk(8191)}${chunk(8192)}${chunk(0)}\r\n`;
      expect(refused(Buffer.from(small), { trailers: [] })).toMatchObject({ code: "InvalidChunkSizeError" });
    });

    it("when a chunk is too large to be held", () => {
      const text = `1000001;chunk-signature=${"0".repeat(64)}\r\n`;
      expect(refused(Buffer.from(text))).toMatchObject({ code: "InvalidChunkSizeError" });
    });
  });
});

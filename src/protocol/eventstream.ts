/**
 * The binary event stream that SelectObjectContent answers with: frames, each with two checksums, to events by the model.
 *
 * A frame: length of the whole (4 bytes), of the headers (4), CRC32 of these eight; headers; payload; CRC32 of all before.
 */
import { crc32 } from "node:zlib";
import { ChecksumMismatchError, IncompleteBodyError } from "../errors/base.js";
import type { S3ServiceError } from "../errors/service.js";
import type { Operation } from "../model/operation.js";
import type { StructureShape } from "../model/shape.js";
import { type ErrorContext, frameError } from "./error.js";
import { malformedResponse } from "./malformed.js";
import { readPlan } from "./read-plan.js";
import { Scanner } from "./xml-scan.js";
import { XmlError } from "./xml-text.js";

const preludeLength = 12;
const checksumLength = 4;
const headersLimit = 128 * 1024;
const payloadLimit = 24 * 1024 * 1024;

type Dictionary = Record<string, unknown>;

interface Frame {
  readonly headers: ReadonlyMap<string, unknown>;
  readonly payload: Uint8Array;
}

/**
 * The events of an answer, one dictionary with one member each, as they come. Events that the model does not know are passed over.
 * @param source the answer's body
 * @throws S3ServiceError when the service ends the stream with an error
 * @throws ChecksumMismatchError when a frame is not what it was when it was sent
 * @throws IncompleteBodyError when the body ends within a frame
 */
export async function* readEvents(
  op: Operation,
  source: AsyncIterable<Uint8Array>,
  context: ErrorContext = {},
): AsyncGenerator<Dictionary, void, undefined> {
  const stream = op.output?.payload?.shape;
  if (stream?.kind !== "structure" || !stream.eventStream) throw new Error(`${op.name} answers no events`);
  for await (const frame of readFrames(op, source)) {
    const type = frame.headers.get(":message-type");
    if (type === "event") {
      const event = eventOf(op, stream, frame);
      if (event !== undefined) yield event;
    } else throw errorOf(op, frame, context);
  }
}

async function* readFrames(op: Operation, source: AsyncIterable<Uint8Array>): AsyncGenerator<Frame, void, undefined> {
  let pieces: Uint8Array[] = [];
  let size = 0;
  let wanted = preludeLength;
  for await (const piece of source) {
    if (piece.length === 0) continue;
    pieces.push(piece);
    size += piece.length;
    if (size < wanted) continue;
    // Put together once a frame, however small the pieces are that it comes in.
    let rest = pieces.length === 1 ? view(piece) : Buffer.concat(pieces, size);
    for (;;) {
      wanted = rest.length < preludeLength ? preludeLength : frameLength(op, rest);
      if (rest.length < wanted) break;
      yield readFrame(op, rest.subarray(0, wanted));
      rest = rest.subarray(wanted);
    }
    pieces = rest.length === 0 ? [] : [rest];
    size = rest.length;
  }
  if (size > 0) {
    throw new IncompleteBodyError(wanted, size, {
      hint: "The connection was cut within an event. Ask again; with ScanRange a query can go on where this one stopped.",
    });
  }
}

const view = (bytes: Uint8Array): Buffer => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);

/** The length that the prelude announces, after a look at its checksum: nobody shall wait for a gigabyte that never comes. */
function frameLength(op: Operation, bytes: Buffer): number {
  checkSum(bytes.subarray(0, preludeLength - checksumLength), bytes.readUInt32BE(8), "prelude");
  const total = bytes.readUInt32BE(0);
  const headers = bytes.readUInt32BE(4);
  const payload = total - headers - preludeLength - checksumLength;
  if (headers > headersLimit || payload < 0 || payload > payloadLimit) {
    throw malformedResponse(op, `a frame claims ${headers} bytes of headers and ${payload} of payload`);
  }
  return total;
}

function checkSum(bytes: Uint8Array, expected: number, what: string): void {
  const actual = crc32(bytes);
  if (actual === expected) return;
  throw new ChecksumMismatchError("CRC32", base64(expected), base64(actual), {
    hint: `The ${what} of an event was changed on its way. Ask again.`,
  });
}

function base64(sum: number): string {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(sum);
  return bytes.toString("base64");
}

function readFrame(op: Operation, bytes: Buffer): Frame {
  const end = bytes.length - checksumLength;
  checkSum(bytes.subarray(0, end), bytes.readUInt32BE(end), "message");
  const payloadAt = preludeLength + bytes.readUInt32BE(4);
  const payload = bytes.subarray(payloadAt, end);
  return {
    headers: readHeaders(op, bytes.subarray(preludeLength, payloadAt)),
    payload: new Uint8Array(payload.buffer, payload.byteOffset, payload.length),
  };
}

/** Name, type and value in turn. */
function readHeaders(op: Operation, bytes: Buffer): Map<string, unknown> {
  const headers = new Map<string, unknown>();
  let at = 0;
  const take = (length: number): number => {
    const from = at;
    at += length;
    if (at > bytes.length) throw malformedResponse(op, "the headers of a frame are cut");
    return from;
  };
  const takeText = (length: number): Buffer => {
    const from = take(length);
    return bytes.subarray(from, from + length);
  };
  while (at < bytes.length) {
    const name = takeText(bytes.readUInt8(take(1))).toString("utf8");
    const type = bytes.readUInt8(take(1));
    if (headers.has(name)) throw malformedResponse(op, `a frame has two headers ${name}`);
    headers.set(name, readValue(op, bytes, type, take, takeText));
  }
  return headers;
}

function readValue(
  op: Operation,
  bytes: Buffer,
  type: number,
  take: (length: number) => number,
  takeText: (length: number) => Buffer,
): unknown {
  switch (type) {
    case 0:
      return true;
    case 1:
      return false;
    case 2:
      return bytes.readInt8(take(1));
    case 3:
      return bytes.readInt16BE(take(2));
    case 4:
      return bytes.readInt32BE(take(4));
    case 5:
      return bytes.readBigInt64BE(take(8));
    case 6:
      return takeText(bytes.readUInt16BE(take(2)));
    case 7:
      return takeText(bytes.readUInt16BE(take(2))).toString("utf8");
    case 8:
      return new Date(Number(bytes.readBigInt64BE(take(8))));
    case 9:
      return takeText(16).toString("hex");
    default:
      throw malformedResponse(op, `a frame has a header of the unknown type ${type}`);
  }
}

function eventOf(op: Operation, stream: StructureShape, frame: Frame): Dictionary | undefined {
  const type = frame.headers.get(":event-type");
  const member = typeof type === "string" ? stream.byName.get(type) : undefined;
  if (member?.shape.kind !== "structure") return undefined;
  const content: Dictionary = {};
  for (const part of member.shape.members) {
    if (!part.eventPayload) continue;
    if (part.shape.kind === "blob") content[part.name] = frame.payload;
    else if (part.shape.kind === "structure") {
      const text = view(frame.payload).toString("utf8");
      try {
        const scanner = new Scanner(text);
        scanner.root();
        content[part.name] = scanner.dictionary(readPlan(part.shape));
      } catch (error) {
        if (!(error instanceof XmlError)) throw error;
        throw malformedResponse(op, `the event ${member.name} is not the XML that it should be: ${error.message}`);
      }
    }
  }
  return { [member.name]: content };
}

function errorOf(op: Operation, frame: Frame, context: ErrorContext): S3ServiceError {
  const text = (name: string): string | undefined => {
    const value = frame.headers.get(name);
    return typeof value === "string" ? value : undefined;
  };
  const payload = view(frame.payload).toString("utf8");
  const code = text(":error-code") ?? text(":exception-type") ?? "EventStreamError";
  return frameError(op, code, text(":error-message") ?? payload, context);
}

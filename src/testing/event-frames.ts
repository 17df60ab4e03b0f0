import { crc32 } from "node:zlib";
import type { StructureShape } from "../model/shape.js";
import { writeDocument } from "./xml-write.js";

function header(name: string, value: string): Buffer {
  const key = Buffer.from(name);
  const text = Buffer.from(value);
  const bytes = Buffer.alloc(1 + key.length + 3 + text.length);
  bytes.writeUInt8(key.length, 0);
  key.copy(bytes, 1);
  // 7: the value is a string.
  bytes.writeUInt8(7, 1 + key.length);
  bytes.writeUInt16BE(text.length, 2 + key.length);
  text.copy(bytes, 4 + key.length);
  return bytes;
}

/** One message of an event stream: lengths, their checksum, headers, payload, the checksum of all. */
function frame(headers: readonly Buffer[], payload: Uint8Array): Buffer {
  const head = Buffer.concat(headers);
  const bytes = Buffer.alloc(12 + head.length + payload.length + 4);
  bytes.writeUInt32BE(bytes.length, 0);
  bytes.writeUInt32BE(head.length, 4);
  bytes.writeUInt32BE(crc32(bytes.subarray(0, 8)), 8);
  head.copy(bytes, 12);
  bytes.set(payload, 12 + head.length);
  bytes.writeUInt32BE(crc32(bytes.subarray(0, bytes.length - 4)), bytes.length - 4);
  return bytes;
}

/** An event of a stream as it goes over the wire. */
export function eventFrame(shape: StructureShape, event: Record<string, unknown>): Buffer {
  const member = shape.members.find(({ name }) => event[name] !== undefined);
  if (member?.shape.kind !== "structure")
    throw new Error(`${Object.keys(event).join(", ")} is no event of ${shape.name}.`);
  const value = event[member.name] as Record<string, unknown>;
  const headers = [header(":message-type", "event"), header(":event-type", member.name)];
  const inner = member.shape.members.find((candidate) => candidate.eventPayload);
  const content = inner && value[inner.name];
  if (!inner || content === undefined) return frame(headers, new Uint8Array());
  if (inner.shape.kind === "structure") {
    const xml = writeDocument(inner.wireName, content as Record<string, unknown>, inner.shape);
    return frame([...headers, header(":content-type", "text/xml")], Buffer.from(xml));
  }
  const bytes = typeof content === "string" ? Buffer.from(content) : (content as Uint8Array);
  return frame([...headers, header(":content-type", "application/octet-stream")], bytes);
}

import { S3Error } from "./errors.js";
import type { Piece } from "./storage.js";

/** The bytes from `start` up to, but without, `end`. */
export interface ByteRange {
  readonly start: number;
  readonly end: number;
}

/**
 * The one range that a Range header asks for. undefined: no range, several of them, or one that can't be read; S3 answers these with the whole object.
 * A range that lies outside is refused with 416.
 */
export function readRange(header: string | undefined, size: number): ByteRange | undefined {
  const match = header === undefined ? null : /^\s*bytes\s*=\s*(\d*)\s*-\s*(\d*)\s*$/i.exec(header);
  if (!match) return undefined;
  const [, first = "", last = ""] = match;
  if (first === "" && last === "") return undefined;
  if (first !== "" && last !== "" && Number(last) < Number(first)) return undefined;
  const start = first === "" ? Math.max(0, size - Number(last)) : Number(first);
  const end = first === "" || last === "" ? size : Math.min(size, Number(last) + 1);
  if (start >= size || (first === "" && Number(last) === 0)) {
    throw new S3Error("InvalidRange", "The range lies outside of the object.", {
      RangeRequested: header!,
      ActualObjectSize: size,
    });
  }
  return { start, end };
}

/** The pieces of those bytes; nothing is copied. */
export function sliceChunks(chunks: readonly Piece[], range: ByteRange): Piece[] {
  const out: Piece[] = [];
  let at = 0;
  for (const chunk of chunks) {
    const end = at + chunk.length;
    if (end > range.start && at < range.end) {
      out.push(chunk.subarray(Math.max(0, range.start - at), Math.min(chunk.length, range.end - at)));
    }
    if (end >= range.end) break;
    at = end;
  }
  return out;
}

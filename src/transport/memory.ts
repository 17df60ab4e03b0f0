import { Buffer, constants } from "node:buffer";

/** The same bytes in memory that nothing else lies in. */
export function ownCopy(bytes: Uint8Array): Buffer {
  const copy = Buffer.allocUnsafeSlow(bytes.length);
  copy.set(bytes);
  return copy;
}

/** Memory for a body, not filled; undefined where there is not so much. Since Node 22 a buffer has no limit but the machine's memory. */
export function memoryFor(length: number): Buffer | undefined {
  if (length > constants.MAX_LENGTH) return undefined;
  try {
    return Buffer.allocUnsafeSlow(length);
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}

import type { Readable } from "node:stream";

/** Whether something is a Node stream, of whatever realm or version. */
export function isReadable(input: unknown): input is Readable {
  const stream = input as Partial<Readable> | null;
  return (
    typeof stream === "object" &&
    stream !== null &&
    typeof stream.pipe === "function" &&
    typeof stream.on === "function"
  );
}

/**
 * Takes charge of a stream as soon as a call gets it: from here on, an error of the stream before anybody reads it fails the call rather than the
 * process. Stands apart because it must happen before anything is awaited, the code that reads bodies included.
 */
export function claimBody(input: unknown): void {
  if (isReadable(input)) input.on("error", ignore);
}

function ignore(): void {}

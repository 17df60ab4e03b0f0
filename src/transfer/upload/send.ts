/** The bytes of one request on their way: counted and slowed down, where somebody wants that. */
import { TucuxiError } from "../../errors/base.js";
import type { BodyInput } from "../../model/dictionaries.js";
import { Tally } from "../meter.js";
import type { Run } from "../run.js";

/** Bytes handed over at once while they are counted. */
const PIECE = 64 * 1024;

/** A body as the client takes it, and what to say once it has arrived. */
export interface Shipment {
  readonly body: BodyInput;
  /** Given with bodies that the client cannot measure. */
  readonly length: number | undefined;
  arrived(): void;
}

/** Bytes in memory: handed over as they are where nobody counts along. */
export function shipBytes(run: Run, bytes: Uint8Array): Shipment {
  const tally = new Tally(run.meter);
  const arrived = (): void => tally.done(bytes.length);
  if (bytes.length === 0 || (run.bandwidth === undefined && (!run.meter.heard || bytes.length <= PIECE))) {
    return { body: bytes, length: undefined, arrived };
  }
  return { body: () => metered(run, tally, slices(run, bytes)), length: bytes.length, arrived };
}

/** Bytes that are read while they are sent, as often as need be. */
export function shipStream(run: Run, length: number, open: () => AsyncIterable<Uint8Array>): Shipment {
  const tally = new Tally(run.meter);
  return { body: () => metered(run, tally, open()), length, arrived: () => tally.done(length) };
}

/** Bytes that can be read only once: an attempt that fails is the last. */
export function shipOnce(run: Run, length: number, pieces: AsyncIterable<Uint8Array>): Shipment {
  const tally = new Tally(run.meter);
  return { body: metered(run, tally, pieces), length, arrived: () => tally.done(length) };
}

function* slices(run: Run, bytes: Uint8Array): Generator<Uint8Array> {
  const size = run.bandwidth?.piece ?? PIECE;
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

async function* metered(
  run: Run,
  tally: Tally,
  pieces: Iterable<Uint8Array> | AsyncIterable<Uint8Array>,
): AsyncGenerator<Uint8Array> {
  tally.restart();
  for await (const piece of pieces) {
    const wait = run.bandwidth?.take(piece.length, run.signal);
    if (wait) await wait.catch(() => {});
    stopAtEnd(run);
    yield piece;
    stopAtEnd(run);
    // The next is asked for when this one has gone.
    tally.add(piece.length);
  }
}

/**
 * A part may go on for a moment after the end of the transfer, but not one that still lacks bytes. It says so in words of its own: the
 * reason may be an error after which the client would send the part again.
 */
function stopAtEnd({ signal }: Run): void {
  if (signal.aborted) throw new TucuxiError("The transfer has ended", { code: "TransferEnded" });
}

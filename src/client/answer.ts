/** What a streamed answer gives its reader: bytes that are checked on their way, or events. */
import type { readEvents } from "../protocol/eventstream.js";
import { loadEventStream } from "../protocol/index.js";
import { checksumVerifier } from "../transport/checksum/index.js";
import { makeResponseBody, type TransportResponse, type Verifier } from "../transport/index.js";
import type { Arrival, Call, Journey } from "./call.js";
import { healer } from "./healing.js";

/** Puts the body of an answer into its output. */
export function attachStream(
  call: Call,
  output: Record<string, unknown>,
  response: TransportResponse,
  arrival: Arrival,
  journey: Journey,
): void {
  const { op, limits } = call;
  const { headers } = response;
  const member = op.output!.payload!;
  const length = headers["content-length"];
  const body = makeResponseBody(response.source!, {
    contentLength: length !== undefined && /^\d+$/.test(length) ? Number(length) : undefined,
    contentType: headers["content-type"],
    verifier: verifierFor(call, response),
    heal: healer(call, response, arrival, journey),
    onEnd: limits.end,
  });
  const events = member.shape.kind === "structure";
  output[member.name] = events ? eventsOf(op, body, arrival) : body;
}

/** One operation in 116 has events: their reader is loaded when somebody reads some. */
async function* eventsOf(...answer: Parameters<typeof readEvents>): ReturnType<typeof readEvents> {
  yield* (await loadEventStream()).readEvents(...answer);
}

/** A part's bytes have no checksum of the whole; everything else that S3 gives one for is checked. */
function verifierFor({ engine, op, input }: Call, { status, headers }: TransportResponse): Verifier | undefined {
  if (!op.responseChecksum || status === 206) return undefined;
  const asked = (input as { ChecksumMode?: string }).ChecksumMode !== undefined;
  return asked || engine.settings.checkChecksums ? checksumVerifier(headers) : undefined;
}

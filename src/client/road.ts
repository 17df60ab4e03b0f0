/**
 * The road that every call takes:
 *
 *   dictionary -> rules -> protocol/serialize -> endpoint -> cargo (checksum, framing)
 *     -> [ credentials -> sigv4 -> transport ] repeated while a failure can be recovered from
 *     -> protocol/parse -> rules -> dictionary
 */
import type { Credentials } from "../credentials/types.js";
import type { PreparedEndpoint } from "../endpoint/prepared.js";
import type { Operation } from "../model/operation.js";
import {
  hasStreamingOutput,
  parseError,
  parseOutput,
  prepareParser,
  responseMetadata,
  serialize,
} from "../protocol/index.js";
import { finishOutput, prepareInput } from "../rules/index.js";
import type { TransportResponse } from "../transport/index.js";
import { attachStream } from "./answer.js";
import { buildAttempt } from "./attempt.js";
import type { Arrival, Call, Reader } from "./call.js";
import { loadCargo } from "./cargo.js";
import type { Engine } from "./engine.js";
import { canonicalOf } from "./explain.js";
import { startLimits } from "./limits.js";
import type { CallOptions } from "./options.js";
import { newRecovery, recover } from "./recovery.js";

/** Takes one call down the road, to the dictionary of its output. */
export async function travel(
  engine: Engine,
  op: Operation,
  input: object,
  options: CallOptions | undefined,
): Promise<object> {
  const limits = startLimits(options, op.name);
  let reading = false;
  try {
    const output = await journey({ engine, op, input, options, limits }, readOutput);
    // A body that is still to be read lives under the call's limits: whoever reads it to its end lifts them.
    reading = hasStreamingOutput(op);
    return output;
  } finally {
    if (!reading) limits.end();
  }
}

/** The journey itself, repeated as often as recovery allows. */
export async function journey<T>(call: Call, read: Reader<T>): Promise<T> {
  const { engine, op, input, limits } = call;
  const { settings } = engine;
  const wire = serialize(op, prepareInput(op, input, { region: settings.region, checksumMode: settings.askChecksums }));
  const { Bucket: bucket, Key: key } = input as { Bucket?: string; Key?: string };
  const parser = prepareParser(op);
  // Nobody waits for it until the answer is there; an attempt that fails first must not leave a rejection behind.
  parser?.catch(() => {});

  let endpoint = engine.endpoint(op, bucket, wire.hostPrefix);
  const loading = loadCargo(op, wire, endpoint, settings, engine.isAnonymous);
  const cargo = loading instanceof Promise ? await loading : loading;
  const recovery = newRecovery(op, bucket, cargo);
  const label = { toString: () => [op.name, bucket, key].filter(Boolean).join(" ") };

  const attempt = async (keys: Credentials | undefined, to: PreparedEndpoint): Promise<T> => {
    const pause = engine.retry.beforeSend();
    if (pause > 0) await engine.pause(pause, limits.signal);
    const { hooks } = settings;
    const seen = hooks && {
      operation: op.name,
      method: op.method,
      origin: to.origin,
      path: to.basePath + wire.path,
      attempt: recovery.attempt,
    };
    const hookHeaders = seen && hooks.beforeSign ? ((await hooks.beforeSign(seen)) ?? undefined) : undefined;
    const { request, signed } = buildAttempt(call, {
      wire,
      endpoint: to,
      cargo,
      credentials: keys,
      hookHeaders,
      label,
    });
    if (seen && hooks.beforeSend) await hooks.beforeSend(seen);
    const response = await engine.transport.send(request);
    const { status, headers } = response;
    if (hooks?.afterResponse)
      await hooks.afterResponse({ operation: op.name, status, headers, attempt: recovery.attempt });
    if (parser) await parser;
    const arrival = { attempts: recovery.attempt, bucket, key, region: to.signing.region, host: to.host };
    if (status < 300) return read(call, response, arrival);
    // Only a refused signature is ever compared with what was signed.
    const canonicalRequest = status === 403 ? canonicalOf(op, wire, to, cargo.plan.declared, signed) : undefined;
    throw parseError(op, status, headers, response.body, { ...arrival, canonicalRequest });
  };

  try {
    for (;;) {
      let credentials: Credentials | undefined;
      let failure: unknown;
      try {
        const keys = engine.keysFor(endpoint, bucket, limits.signal);
        credentials = keys instanceof Promise ? await keys : keys;
        limits.signal?.throwIfAborted();
        const result = await attempt(credentials, endpoint);
        engine.retry.success(recovery);
        return result;
      } catch (error) {
        failure = error;
      }
      limits.signal?.throwIfAborted();
      if ((await recover(call, recovery, failure, { endpoint, credentials })) === "endpoint") {
        endpoint = engine.endpoint(op, bucket, wire.hostPrefix);
      }
    }
  } finally {
    cargo.source?.discard();
  }
}

/** An answer as its dictionary. */
function readOutput(call: Call, response: TransportResponse, arrival: Arrival): object {
  const { op, input } = call;
  const { status, headers } = response;
  const streaming = hasStreamingOutput(op);
  const output = parseOutput(op, status, headers, streaming ? undefined : response.body, arrival);
  if (streaming) attachStream(call, output, response, arrival, journey);
  output.ResponseMetadata = responseMetadata(status, headers, arrival.attempts - 1);
  finishOutput(op, output, { input, headers });
  return output;
}

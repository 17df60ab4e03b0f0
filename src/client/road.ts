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
import { RetryPolicy, Transport, type TransportOptions, type TransportResponse } from "../transport/index.js";
import { attachStream } from "./answer.js";
import { buildAttempt } from "./attempt.js";
import type { Arrival, Call, Reader } from "./call.js";
import { loadCargo } from "./cargo.js";
import type { Engine, Equipment } from "./engine.js";
import { canonicalOf } from "./explain.js";
import { checkExtraHeaders } from "./extra-headers.js";
import { type HookRequest, runHook } from "./hooks.js";
import { orAborted, startLimits, unlimited } from "./limits.js";
import type { CallOptions } from "./options.js";
import { newRecovery, type Recovery, recover } from "./recovery.js";
import { hideSecrets, secretsOf } from "./secrets.js";
import { isTraced, traced } from "./trace.js";
import { discreetly, logRequest, logResponse } from "./wire-log.js";

/** Makes what requests are sent with. */
export function equip({ settings }: Engine, own: Pick<TransportOptions, "env" | "dispatcher">): Equipment {
  const { connectTimeout, requestTimeout, maxConnections, caBundle, retryMode, maxAttempts } = settings;
  return {
    transport: new Transport({ connectTimeout, requestTimeout, maxConnections, caBundle, ...own }),
    retry: new RetryPolicy({ mode: retryMode, maxAttempts }),
    travel,
  };
}

/** Takes one call down the road, to the dictionary of its output. */
function travel(
  engine: Engine,
  op: Operation,
  input: object,
  options: CallOptions | undefined,
  stay?: boolean,
): Promise<object> {
  return isTraced()
    ? traced(op, input, engine.settings.region, () => arrive(engine, op, input, options, stay))
    : arrive(engine, op, input, options, stay);
}

function arrive(
  engine: Engine,
  op: Operation,
  input: object,
  options: CallOptions | undefined,
  stay: boolean | undefined,
): Promise<object> {
  // Without limits there is nothing to lift in the end.
  if (options === undefined) return journey({ engine, op, input, options, limits: unlimited, stay }, readOutput);
  return arriveInTime(engine, op, input, options, stay);
}

async function arriveInTime(
  engine: Engine,
  op: Operation,
  input: object,
  options: CallOptions,
  stay: boolean | undefined,
): Promise<object> {
  const limits = startLimits(options, op.name);
  let reading = false;
  try {
    const output = await journey({ engine, op, input, options, limits, stay }, readOutput);
    // A body that is still to be read lives under the call's limits: whoever reads it to its end lifts them.
    reading = hasStreamingOutput(op);
    return output;
  } finally {
    if (reading) limits.rest();
    else limits.end();
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
  const loading = loadCargo(op, wire, endpoint, settings, engine.isAnonymous, limits.signal);
  const cargo =
    loading instanceof Promise
      ? await orAborted(loading, limits.signal, (late) => late.source?.discard(limits.signal?.reason))
      : loading;
  const recovery = newRecovery(call, bucket, cargo);
  const label = { toString: () => [op.name, bucket, key].filter(Boolean).join(" ") };

  const attempt = async (keys: Credentials | undefined, to: PreparedEndpoint): Promise<T> => {
    const pause = engine.retry.beforeSend();
    if (pause > 0) {
      await engine.pause(pause, limits.signal).catch((reason: unknown) => {
        engine.retry.giveUp();
        throw reason;
      });
    }
    const { hooks } = settings;
    const seen = hooks && {
      operation: op.name,
      method: op.method,
      origin: to.origin,
      path: (to.basePath + wire.path || "/") + (wire.query === "" ? "" : `?${wire.query}`),
      attempt: recovery.attempt,
      headers: {},
    };
    const hookHeaders = seen && hooks.beforeSign ? await headersOfHook(call, recovery, seen) : undefined;
    const { request, signed } = buildAttempt(call, {
      wire,
      endpoint: to,
      cargo,
      credentials: keys,
      hookHeaders,
      label,
      fresh: recovery.fresh,
    });
    if (seen && hooks.beforeSend) await hooked(call, recovery, () => hooks.beforeSend?.(seen));
    limits.sent = recovery.attempt;
    const wireLog = settings.wireLog && discreetly(settings.wireLog, secretsOf(wire.headers, keys));
    const start = wireLog ? performance.now() : 0;
    if (wireLog) logRequest(wireLog, request, recovery.attempt);
    const response = await engine.transport.send(request);
    if (wireLog) logResponse(wireLog, request, response, performance.now() - start);
    const { status, headers } = response;
    if (hooks?.afterResponse) {
      try {
        await hooked(call, recovery, () =>
          hooks.afterResponse?.({ operation: op.name, status, headers, attempt: recovery.attempt }),
        );
      } catch (error) {
        response.source?.cancel(error);
        throw error;
      }
    }
    if (parser) await parser;
    const { region } = to.signing;
    const arrival = { attempts: recovery.attempt, fared: recovery, bucket, key, region, host: to.host };
    if (status < 300) return read(call, response, arrival);
    // Only a refused signature is ever compared with what was signed.
    const canonicalRequest = status === 403 ? canonicalOf(op, wire, to, cargo.plan.declared, signed) : undefined;
    throw parseError(op, status, headers, response.body, { ...arrival, canonicalRequest });
  };

  try {
    for (;;) {
      // Whoever fetches credentials has tried as often as that makes sense: their failure is the call's.
      const keys = engine.keysFor(endpoint, bucket, limits.signal);
      const credentials = keys instanceof Promise ? await keys : keys;
      limits.signal?.throwIfAborted();
      let failure: unknown;
      try {
        const result = await attempt(credentials, endpoint);
        engine.retry.success(recovery);
        return result;
      } catch (error) {
        failure = hideSecrets(error, secretsOf(wire.headers, credentials));
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

/** Runs a hook; what it throws ends the call. */
async function hooked<T>({ limits }: Call, recovery: Recovery, hook: () => T | Promise<T>): Promise<T> {
  try {
    return await runHook(hook, limits.signal);
  } catch (error) {
    recovery.stopped = true;
    throw error;
  }
}

async function headersOfHook(call: Call, recovery: Recovery, request: HookRequest): Promise<Record<string, string>> {
  const { engine, op } = call;
  const returned = await hooked(call, recovery, () => engine.settings.hooks?.beforeSign?.(request));
  checkExtraHeaders(request.headers, op.name);
  if (returned === undefined || returned === null) return request.headers;
  checkExtraHeaders(returned, op.name);
  return { ...request.headers, ...returned };
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

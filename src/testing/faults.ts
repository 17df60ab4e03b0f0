import { ParamValidationError } from "../errors/base.js";
import { checkOptionNames, closest, optionNames } from "../errors/names.js";
import { operationLines } from "../model/generated/operations.js";
import type { Answer } from "./answer.js";
import { S3Error, statusOfCode } from "./errors.js";
import { bytesOf, type Piece } from "./storage.js";

/** Which requests a fault meets. What is left out does not narrow. */
export interface FaultScope {
  /** `GetObject`, or a list of such names. */
  operation?: string | readonly string[] | undefined;
  bucket?: string | undefined;
  /** A key, or a pattern that keys match. */
  key?: string | RegExp | undefined;
  /** How many requests it meets, from then on; default all. */
  times?: number | undefined;
  /** How many requests it first lets pass. Default 0. */
  skip?: number | undefined;
  /** The chance of each request to be met, 0 to 1. Default 1. */
  chance?: number | undefined;
}

/** What goes wrong. Effects can be combined; without any the request is answered as always, and only counted. */
export interface FaultEffect {
  /** Answer with this status and an error document; the code is InternalError, SlowDown (503) or the status's own. */
  status?: number | undefined;
  /** Answer with S3's error of this code: `SlowDown`, `RequestTimeout`, `ExpiredToken`. The status is S3's unless given. */
  code?: string | undefined;
  message?: string | undefined;
  /** The body in the place of the error document: what a proxy says. */
  body?: string | undefined;
  /** Headers that are added to the answer: `{ "Retry-After": "1" }`. */
  headers?: Readonly<Record<string, string>> | undefined;
  /** With status or code: do what was asked first, so that only the answer is lost. */
  afterwards?: boolean | undefined;
  /** Answer 200, with an error document of this code in the body. */
  errorIn200?: string | undefined;
  /** Send so many characters of white space before the XML, as S3 does while it works. */
  whitespace?: number | undefined;
  /** Wait this long before the answer, in milliseconds. */
  stallMs?: number | undefined;
  /** With `stallMs`: wait in the middle of the body, after so many bytes of it, and not before the answer. */
  stallAfter?: number | undefined;
  /** Reset the connection after so many bytes of the answer's body; 0: before there is any answer. */
  resetAfter?: number | undefined;
  /** Reset the connection after so many bytes of the request's body were read. */
  resetRequestAfter?: number | undefined;
  /** Close the connection after so many bytes of the body, though Content-Length promised more. */
  truncateAfter?: number | undefined;
  /** Change one bit of the body, in the byte at this place (from the end where negative). */
  corruptAt?: number | undefined;
  /** Give checksums and ETag that are not the body's. */
  wrongChecksum?: boolean | undefined;
  /** Seconds that the server's clock is ahead for this request (behind where negative). */
  skewSeconds?: number | undefined;
  /** Send the client to another region: 301 PermanentRedirect. */
  redirectTo?: string | undefined;
}

/** A fault as `S3Server.fault()` takes it. */
export type FaultOptions = FaultScope & FaultEffect;

const faultNames = optionNames<FaultOptions>({
  operation: true,
  bucket: true,
  key: true,
  times: true,
  skip: true,
  chance: true,
  status: true,
  code: true,
  message: true,
  body: true,
  headers: true,
  afterwards: true,
  errorIn200: true,
  whitespace: true,
  stallMs: true,
  stallAfter: true,
  resetAfter: true,
  resetRequestAfter: true,
  truncateAfter: true,
  corruptAt: true,
  wrongChecksum: true,
  skewSeconds: true,
  redirectTo: true,
});

/** Refuses a fault that no request could meet, or that would do nothing of what was meant. */
export function checkFault(options: FaultOptions): void {
  checkOptionNames(options, faultNames, "fault");
  const known = [...Object.keys(operationLines), "PostObject"];
  for (const name of [options.operation ?? []].flat()) {
    if (known.includes(name)) continue;
    const near = String(name).length > 5 ? closest(String(name), known) : undefined;
    const problem = `${JSON.stringify(name)} is no operation of S3`;
    throw new ParamValidationError([{ path: "operation", problem }], {
      operation: "fault",
      hint: `${near === undefined ? "" : `Did you mean ${near}? `}Operations have the API's names: GetObject, PutObject, UploadPart.`,
    });
  }
}

/** A fault that was set up. */
export class Fault {
  readonly options: Readonly<FaultOptions>;
  /** Requests that it met. */
  hits = 0;
  #passed = 0;
  readonly #remove: (fault: Fault) => void;

  constructor(options: FaultOptions, remove: (fault: Fault) => void) {
    this.options = options;
    this.#remove = remove;
  }

  /** Takes it away again. */
  remove(): void {
    this.#remove(this);
  }

  /** Whether it meets this request; counts it when it does. */
  meets(operation: string, bucket: string | undefined, key: string | undefined, random: () => number): boolean {
    const { options } = this;
    const operations = typeof options.operation === "string" ? [options.operation] : options.operation;
    if (operations && !operations.includes(operation)) return false;
    if (options.bucket !== undefined && options.bucket !== bucket) return false;
    if (options.key !== undefined) {
      if (key === undefined) return false;
      if (typeof options.key === "string" ? options.key !== key : !options.key.test(key)) return false;
    }
    if (this.hits >= (options.times ?? Number.POSITIVE_INFINITY)) return false;
    if (this.#passed < (options.skip ?? 0)) {
      this.#passed++;
      return false;
    }
    if (options.chance !== undefined && random() >= options.chance) return false;
    this.hits++;
    return true;
  }
}

const codes: Readonly<Record<number, string>> = {
  400: "InvalidRequest",
  403: "AccessDenied",
  404: "NoSuchKey",
  408: "RequestTimeout",
  409: "OperationAborted",
  412: "PreconditionFailed",
  429: "TooManyRequests",
  500: "InternalError",
  501: "NotImplemented",
  503: "SlowDown",
};

/** The error that a fault answers with; undefined when it does not. */
export function errorOf(effect: FaultEffect): S3Error | undefined {
  const headers = { ...effect.headers };
  if (effect.redirectTo !== undefined) {
    return new S3Error(
      "PermanentRedirect",
      "The bucket is in another region; send the request there.",
      { Region: effect.redirectTo, Endpoint: `s3.${effect.redirectTo}.amazonaws.com` },
      { headers: { ...headers, "x-amz-bucket-region": effect.redirectTo } },
    );
  }
  if (effect.status === undefined && effect.code === undefined) return undefined;
  const code = effect.code ?? codes[effect.status!] ?? "InternalError";
  const status = effect.status ?? statusOfCode(code);
  return new S3Error(code, effect.message ?? "A fault that the test asked for.", {}, { status, headers });
}

/** The answer with what the fault changes in it: checksums and bytes. */
export function spoil(effect: FaultEffect, answer: Answer): Answer {
  let spoiled = answer;
  if (effect.headers && effect.status === undefined && effect.code === undefined) {
    spoiled = { ...spoiled, headers: { ...spoiled.headers, ...effect.headers } };
  }
  if (effect.wrongChecksum) spoiled = { ...spoiled, output: wrongSums(spoiled.output ?? {}) };
  if (effect.corruptAt !== undefined && spoiled.chunks)
    spoiled = { ...spoiled, chunks: flip(spoiled.chunks, effect.corruptAt) };
  return spoiled;
}

function wrongSums(output: object): object {
  return Object.fromEntries(
    Object.entries(output).map(([name, value]: [string, unknown]) => {
      if (
        typeof value === "object" &&
        value !== null &&
        !(value instanceof Date) &&
        !(value instanceof Map) &&
        !Array.isArray(value)
      ) {
        return [name, wrongSums(value)];
      }
      if (typeof value !== "string" || !/^(ETag|Checksum(?!Type|Algorithm))/.test(name)) return [name, value];
      const at = value.startsWith('"') ? 1 : 0;
      return [name, `${value.slice(0, at)}${value[at] === "0" ? "1" : "0"}${value.slice(at + 1)}`];
    }),
  );
}

function flip(chunks: readonly Piece[], place: number): Piece[] {
  const size = chunks.reduce((sum, chunk) => sum + chunk.length, 0);
  let at = place < 0 ? size + place : place;
  return chunks.flatMap((chunk) => {
    const here = at >= 0 && at < chunk.length ? at : undefined;
    at -= chunk.length;
    if (here === undefined) return [chunk];
    const [byte] = bytesOf([chunk.subarray(here, here + 1)]);
    return [chunk.subarray(0, here), Uint8Array.of(byte![0]! ^ 1), chunk.subarray(here + 1)];
  });
}

import type { S3Client } from "../../src/client/client.js";
import { S3Operations } from "../../src/client/operations.js";
import type { CallOptions } from "../../src/client/options.js";
import { S3ServiceError } from "../../src/errors/service.js";
import type { OperationName } from "../../src/model/operation.js";

/** One call that reached the client. */
export interface Call {
  operation: OperationName;
  input: Record<string, unknown>;
  options: CallOptions | undefined;
}

/** Answers a call, or throws. */
export type Answer = (call: Call) => object | Promise<object>;

export const metadata = { HTTPStatusCode: 200, HTTPHeaders: {}, RetryAttempts: 0 };

/** A client without a network: a function answers, and every call is kept. */
export class ScriptedClient extends S3Operations {
  readonly calls: Call[] = [];
  readonly #answer: Answer;

  constructor(answer: Answer) {
    super();
    this.#answer = answer;
  }

  protected override async call(
    operation: OperationName,
    input: object,
    options: CallOptions | undefined,
  ): Promise<object> {
    const call: Call = { operation, input: input as Record<string, unknown>, options };
    this.calls.push(call);
    options?.signal?.throwIfAborted();
    return { ResponseMetadata: metadata, ...(await this.#answer(call)) };
  }

  /** For what wants the real one. */
  get asClient(): S3Client {
    return this as unknown as S3Client;
  }

  /** The inputs of the calls to one operation. */
  inputs(operation: OperationName): Record<string, unknown>[] {
    return this.calls.filter((call) => call.operation === operation).map(({ input }) => input);
  }
}

/** A client that answers with each of these in turn; the last one again and again. */
export const inTurn = (...answers: (object | Error)[]): ScriptedClient => {
  let next = 0;
  return new ScriptedClient(() => {
    const answer = answers[Math.min(next++, answers.length - 1)]!;
    if (answer instanceof Error) throw answer;
    return structuredClone(answer);
  });
};

/** What the service says no with. */
export const serviceError = (statusCode: number, code: string, attempts = 1): S3ServiceError =>
  new S3ServiceError(`${code}, says the script`, { statusCode, code, attempts });

/** A listing of keys, a page of so many, as ListObjectsV2 answers it; a delimiter works too. */
export function listing(keys: readonly string[], defaultPage = 3): ScriptedClient {
  return new ScriptedClient(({ input }) => {
    const size = (input["MaxKeys"] as number | undefined) ?? defaultPage;
    const delimiter = input["Delimiter"] as string | undefined;
    const after = (input["ContinuationToken"] ?? input["Marker"] ?? "") as string;
    const entries: { key?: string; prefix?: string }[] = [];
    for (const key of keys) {
      const end = delimiter === undefined ? -1 : key.indexOf(delimiter);
      const prefix = end < 0 ? undefined : key.slice(0, end + 1);
      if (prefix !== undefined && entries.some((entry) => entry.prefix === prefix)) continue;
      if ((prefix ?? key) > after) entries.push(prefix === undefined ? { key } : { prefix });
    }
    const page = entries.slice(0, size);
    const last = page.at(-1);
    return {
      Contents: page.flatMap(({ key }) => (key === undefined ? [] : [{ Key: key, Size: key.length }])),
      CommonPrefixes: page.flatMap(({ prefix }) => (prefix === undefined ? [] : [{ Prefix: prefix }])),
      IsTruncated: entries.length > size,
      Name: "b",
      ...(entries.length > size ? { NextContinuationToken: last?.key ?? last?.prefix } : {}),
    };
  });
}

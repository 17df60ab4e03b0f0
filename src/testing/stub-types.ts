import type { ClientMethods } from "../client/operations.js";
import type { AnyValue } from "./stub-match.js";

/** The operations of a client, by the names of their methods: `getObject`. */
export type StubMethod = keyof ClientMethods;

type Input<M extends StubMethod> = Parameters<ClientMethods[M]>[0];
type Output<M extends StubMethod> = Awaited<ReturnType<ClientMethods[M]>>;

/** What a method answers, as a test writes it: any of the output's members, streams as the bytes in them, events as a list. */
export type StubAnswer<M extends StubMethod> = {
  [Name in Exclude<keyof Output<M>, "ResponseMetadata">]?: Name extends "Body" | "AnnotationPayload"
    ? string | Uint8Array
    : Output<M>[Name] extends AsyncIterable<infer Event>
      ? readonly Event[]
      : Output<M>[Name];
} & {
  /** Status and headers, where they are not the usual ones. */
  ResponseMetadata?: { HTTPStatusCode?: number; HTTPHeaders?: Record<string, string> };
};

/** What a call must have: members that are not named don't count, `Stub.ANY` is any value, a pattern any text that it matches. */
export type StubExpected<T> =
  | T
  | AnyValue
  | (T extends string ? RegExp : never)
  | (T extends object ? { [Name in keyof T]?: StubExpected<T[Name]> | undefined } : never);

/** The input that a method is expected to be called with. */
export type StubInput<M extends StubMethod> = { [Name in keyof Input<M>]?: StubExpected<Input<M>[Name]> | undefined };

/** An error that S3 answers with. */
export interface StubFailure {
  /** `NoSuchKey`. */
  code: string;
  message?: string | undefined;
  /** Default: the status that S3 gives with the code. */
  status?: number | undefined;
  /** Further elements of the error document: `{ Region: "eu-west-1" }`. */
  details?: Record<string, string | number> | undefined;
  headers?: Record<string, string> | undefined;
}

/** One call that came to a stub. */
export interface StubCall {
  /** `getObject` */
  readonly method: string;
  /** The input as it could be read from the wire: with what the client added to it. */
  readonly input: Readonly<Record<string, unknown>>;
  /** By lower-case name. */
  readonly headers: Readonly<Record<string, string>>;
  /** Scheme, host, path and query. */
  readonly url: string;
}

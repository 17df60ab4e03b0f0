import type { S3ClientOptions } from "tucuxi";

/** How a server is known to part from S3 in one capability. The suite asserts it: the day it mends, the entry must go. */
export type Deviation =
  /** It says no, with this error code of its own. */
  | { readonly refused: string }
  /** It says yes and does something else: in words, for the matrix. The capability's test must fail its expectation. */
  | { readonly differs: string };

/** A server that the suite runs against. */
export interface Target {
  readonly name: string;
  /** What a client needs to speak to it; path style. */
  readonly options: S3ClientOptions & {
    readonly endpoint: string;
    readonly region: string;
    readonly credentials: { readonly accessKeyId: string; readonly secretAccessKey: string };
  };
  /** An endpoint, `http://name:port`, that takes bucket names as host names beneath `name`, if it has one. */
  readonly virtualHostEndpoint?: string | undefined;
  /** Known deviations by `room: capability`. */
  readonly known: Readonly<Record<string, Deviation>>;
}

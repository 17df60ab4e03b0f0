/** One request that the server got, and what it answered. */
export interface RequestLog {
  readonly requestId: string;
  readonly time: Date;
  readonly method: string;
  /** The raw request target. */
  readonly url: string;
  /** By lower-case name. */
  readonly headers: Readonly<Record<string, string>>;
  /** `PutObject`; `preflight` and `PostObject` are what the model has no name for; undefined when it was none. */
  operation: string | undefined;
  bucket: string | undefined;
  key: string | undefined;
  /** Bytes of the payload, without framing. */
  bodyBytes: number;
  /** 0 while there is no answer. */
  statusCode: number;
  /** The error's code. */
  code: string | undefined;
}

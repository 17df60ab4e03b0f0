/** One request that the server got, and what it answered. */
export interface RequestLog {
  /** What the answer's `x-amz-request-id` says. */
  readonly requestId: string;
  /** When it came, by the server's clock. */
  readonly time: Date;
  /** The HTTP method. */
  readonly method: string;
  /** The raw request target. */
  readonly url: string;
  /** By lower-case name. */
  readonly headers: Readonly<Record<string, string>>;
  /** `PutObject`; `preflight` and `PostObject` are what the model has no name for; undefined when it was none. */
  operation: string | undefined;
  /** The bucket that it named. */
  bucket: string | undefined;
  /** The key that it named, decoded. */
  key: string | undefined;
  /** Bytes of the payload, without framing. */
  bodyBytes: number;
  /** 0 while there is no answer. */
  statusCode: number;
  /** The error's code. */
  code: string | undefined;
}

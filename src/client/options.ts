/** Options of one call, beside its input. */
export interface CallOptions {
  /** Aborts the call in whatever phase it is; the call rejects with the signal's own reason. */
  signal?: AbortSignal | undefined;
  /** Limit on the whole call in milliseconds, retries and the reading of a body that is returned whole included. Default: none. */
  timeout?: number | undefined;
  /** Headers to send besides those of the operation; they are signed. */
  headers?: Record<string, string> | undefined;
}

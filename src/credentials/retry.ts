// Named imports of the timers, so that a program's faked clock does not stop the waits here.
import { setTimeout as wait } from "node:timers/promises";
import { TransportError } from "../errors/base.js";
import type { Context } from "./context.js";
import type { HttpLimits, HttpRequest, HttpResponse } from "./http.js";

/** How often a request may be tried, and how long to wait in between. */
export interface RetryPlan {
  /** Attempts in all. */
  readonly attempts: number;
  /** Milliseconds before the second attempt; it doubles from there. */
  readonly delay: number;
  /** Whether an answer is worth another attempt. Default: 5xx, 429. */
  readonly retryable?: ((response: HttpResponse) => boolean) | undefined;
  /** Whether a connection that failed is. Default: true. */
  readonly retryConnections?: boolean | undefined;
}

/**
 * Sends a request until it is answered for good or the plan is used up; then the last answer is given, or the last failure
 * thrown. `request` is made anew for each attempt: a signature has a date.
 */
export async function sendWithRetries(
  context: Context,
  request: () => HttpRequest,
  limits: HttpLimits,
  { attempts, delay, retryable = isTransient, retryConnections = true }: RetryPlan,
): Promise<HttpResponse> {
  for (let attempt = 1; ; attempt++) {
    try {
      const response = await context.send(request(), limits);
      if (attempt >= attempts || !retryable(response)) return response;
    } catch (error) {
      const again = error instanceof TransportError && error.code !== "InvalidHeader" && retryConnections;
      if (attempt >= attempts || !again) throw error;
    }
    await wait(delay * 2 ** (attempt - 1) * (0.5 + Math.random() / 2), undefined, { signal: context.signal }).catch(
      (error: unknown) => {
        context.signal?.throwIfAborted();
        throw error;
      },
    );
  }
}

/** Whether the service may answer otherwise in a moment. */
export function isTransient({ status }: HttpResponse): boolean {
  return status >= 500 || status === 429;
}

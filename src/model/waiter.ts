/**
 * What can be waited for, as data. `generated/waiters.ts` holds one line a wait:
 *
 *   Operation delay attempts status=state...
 *
 * The operation is asked every `delay` seconds, at most `attempts` times. The HTTP status of its answer says whether the wait goes on
 * (`retry`), has come to its end (`success`) or never will (`failure`).
 */
import { waiterLines } from "./generated/waiters.js";
import type { OperationName } from "./operation.js";

/** What an answer means for a wait. */
export type WaiterState = "success" | "retry" | "failure";

/** One thing to wait for. */
export interface Waiter {
  readonly operation: OperationName;
  /** Seconds between two questions. */
  readonly delay: number;
  readonly maxAttempts: number;
  /** What a status means; what is not here is no sign: a success goes on, an error ends the wait. */
  readonly states: ReadonlyMap<number, WaiterState>;
}

/** The wait of that name (`objectExists`); undefined when there is none. */
export function waiter(name: string): Waiter | undefined {
  const key = name.charAt(0).toUpperCase() + name.slice(1);
  if (key === name || !Object.hasOwn(waiterLines, key)) return undefined;
  const [operation, delay, maxAttempts, ...acceptors] = waiterLines[key as keyof typeof waiterLines].split(" ");
  return {
    operation: operation as OperationName,
    delay: Number(delay),
    maxAttempts: Number(maxAttempts),
    states: new Map(
      acceptors.map((acceptor) => {
        const [status, state] = acceptor.split("=");
        return [Number(status), state as WaiterState];
      }),
    ),
  };
}

/** The names of all waits. */
export const waiterNames = (): string[] =>
  Object.keys(waiterLines).map((name) => name.charAt(0).toLowerCase() + name.slice(1));

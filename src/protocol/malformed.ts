import { TransportError } from "../errors/base.js";
import type { Operation } from "../model/operation.js";

/** The answer was a success by its status, but its body is not what the operation answers. */
export class MalformedResponseError extends TransportError {}

/** @param what what is wrong with the answer, as the end of a sentence */
export const malformedResponse = (op: Operation, what: string): MalformedResponseError =>
  new MalformedResponseError(`${op.name}: the service answered with a success, but ${what}`, {
    code: "MalformedResponse",
    hint: "Ask again: the answer was cut, or came from something in between. If it comes every time, the endpoint may be no S3.",
  });

import type { OperationMethods } from "../model/generated/methods.js";
import { operationLines } from "../model/generated/operations.js";
import type { OperationName } from "../model/operation.js";
import type { CallOptions } from "./options.js";

/** The operations of the S3 API as a client has them. */
export type ClientMethods = OperationMethods<CallOptions>;

abstract class Caller {
  /** Sends one operation: the road that every method takes. */
  protected abstract call(operation: OperationName, input: object, options: CallOptions | undefined): Promise<unknown>;

  /** Written out, 116 methods that differ in a name would be a tenth of what an import has to read. */
  static withMethods(): typeof Caller {
    const { prototype } = Caller;
    // Taken out, and put back below: an object that never lost a member copies the list of all it has with each that it gets, in sum 0.2 MB
    // and half a millisecond, and garbage to be collected.
    Reflect.deleteProperty(prototype, "constructor");
    for (const name of Object.keys(operationLines) as OperationName[]) {
      const method = name.charAt(0).toLowerCase() + name.slice(1);
      // As a member of a literal, the function gets the name that stack traces show.
      const { [method]: value } = {
        [method](this: Caller, input: object = {}, options?: CallOptions) {
          return this.call(name, input, options);
        },
      };
      Object.defineProperty(prototype, method, { value, writable: true, configurable: true });
    }
    Object.defineProperty(prototype, "constructor", { value: Caller, writable: true, configurable: true });
    return Caller;
  }
}

/** The operations of the S3 API as methods; `call` is the road that each of them takes. */
export const S3Operations = /* @__PURE__ */ Caller.withMethods() as unknown as abstract new () => Caller &
  ClientMethods;

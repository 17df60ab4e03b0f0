/**
 * The operations of the S3 API as data. `generated/operations.ts` holds one line an operation:
 *
 *   METHOD uri input output flags
 *
 * `uri` has the labels `{Bucket}` and `{Key+}` (the `+`: slashes stay) and the fixed query. `input` and `output` are shapes (`-`: none, `+`: the
 * operation's own name and `Request` or `Output`). Flags:
 *   `c` a request checksum may be computed, `C` must be; `v` response checksums are validated; `M` the input member that names the algorithm exists
 *   `x` UseS3ExpressControlEndpoint, `e` DisableS3ExpressSessionAuth, `a` DisableAccessPoints, `l` UseObjectLambdaEndpoint
 *   `u` the payload is never signed, `h` the host starts with a member, `d` deprecated
 */

import type { OperationName } from "./generated/methods.js";
import { operationLines } from "./generated/operations.js";
import { type StructureShape, structure } from "./shape.js";

export type { OperationName };

/** One operation of the S3 API. */
export interface Operation {
  readonly name: OperationName;
  readonly method: string;
  /** The path before the query: `/`, `/{Bucket}`, `/{Bucket}/{Key+}` or a fixed one. */
  readonly path: string;
  /** The fixed query, without `?`: `acl`, `list-type=2`, or empty. */
  readonly query: string;
  readonly input: StructureShape;
  /** undefined: the answer has no body and no headers worth a member. */
  readonly output: StructureShape | undefined;
  /** `required`: S3 refuses the request without a checksum. `optional`: it takes one. */
  readonly requestChecksum: "required" | "optional" | undefined;
  /** The input has a member `ChecksumAlgorithm`. */
  readonly checksumMember: boolean;
  /** The input has a member `ChecksumMode`, and the answer's checksums are to be checked. */
  readonly responseChecksum: boolean;
  readonly expressControl: boolean;
  readonly noExpressSession: boolean;
  readonly noAccessPoints: boolean;
  readonly objectLambda: boolean;
  readonly unsignedPayload: boolean;
  readonly hostPrefix: boolean;
  readonly deprecated: boolean;
}

const known = new Map<string, Operation>();

/** The operation of that name, read on first use. */
export function operation(name: OperationName): Operation {
  let found = known.get(name);
  if (!found) {
    const [method = "", uri = "", input = "+", output = "-", flags = ""] = operationLines[name].split(" ");
    const mark = uri.indexOf("?");
    const has = (flag: string): boolean => flags.includes(flag);
    found = {
      name,
      method,
      path: mark < 0 ? uri : uri.slice(0, mark),
      query: mark < 0 ? "" : uri.slice(mark + 1),
      input: structure(input === "+" ? `${name}Request` : input),
      output: output === "-" ? undefined : structure(output === "+" ? `${name}Output` : output),
      requestChecksum: has("C") ? "required" : has("c") ? "optional" : undefined,
      checksumMember: has("M"),
      responseChecksum: has("v"),
      expressControl: has("x"),
      noExpressSession: has("e"),
      noAccessPoints: has("a"),
      objectLambda: has("l"),
      unsignedPayload: has("u"),
      hostPrefix: has("h"),
      deprecated: has("d"),
    };
    known.set(name, found);
  }
  return found;
}

/** The methods of the client that are operations. */
export const operationMethods = (): string[] =>
  Object.keys(operationLines).map((name) => name.charAt(0).toLowerCase() + name.slice(1));

/** The operation behind a method of the client: `getObject` -> `GetObject`; undefined when there is none. */
export function operationOfMethod(method: string): Operation | undefined {
  const name = method.charAt(0).toUpperCase() + method.slice(1);
  if (name === method || !Object.hasOwn(operationLines, name)) return undefined;
  return operation(name as OperationName);
}

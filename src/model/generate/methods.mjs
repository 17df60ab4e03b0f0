// One method an operation, and from the methods what an operation takes and gives.
import { operationSentences } from "./docs.mjs";
import { apiPage } from "./facts.mjs";
import { methodName, outputTypes } from "./types.mjs";

/** The file methods.ts. */
export function operationMethods(model) {
  const types = new Set();
  const outputType = outputTypes(model);
  const methods = Object.entries(model.operations).map(([name, operation]) => {
    if (!operationSentences[name]) throw new Error(`docs.mjs has no sentence for ${name}`);
    const input = operation.input.shape;
    const output = outputType(operation.output?.shape);
    types.add(input).add(output);
    const optional = !model.shapes[input].required?.length;
    return [
      "  /**",
      `   * ${operationSentences[name]}`,
      `   * @see ${apiPage(name)}`,
      ...(operation.deprecated
        ? ["   * @deprecated S3 keeps it for old programs; use the operation that took its place."]
        : []),
      "   */",
      `  ${methodName(name)}(input${optional ? "?" : ""}: ${input}, options?: Options): Promise<${output}>;`,
    ].join("\n");
  });
  return `import type {
${[...types]
  .sort()
  .map((type) => `  ${type},`)
  .join("\n")}
} from "./types.js";

/** The operations of the S3 API as methods; src/client/operations.ts makes them. */
export interface OperationMethods<Options> {
${methods.join("\n\n")}
}

/** What an operation takes and gives. */
interface Exchange<Input, Output> {
  input: Input;
  output: Output;
}

/** The input and output of every operation, by the name of the client's method. */
export type Operations = {
  [Method in keyof OperationMethods<never>]: OperationMethods<never>[Method] extends (
    input: infer Input,
  ) => Promise<infer Output>
    ? Exchange<NonNullable<Input>, Output>
    : never;
};

/** The name of an operation as the S3 API has it: \`GetObject\`. */
export type OperationName = Capitalize<keyof Operations>;
`;
}

// One method an operation, of the class that S3Client extends.
import { operationSentences } from "./docs.mjs";
import { apiPage } from "./facts.mjs";
import { methodName, outputTypes } from "./types.mjs";

/** The file methods.ts. */
export function clientMethods(model) {
  const types = new Set();
  const outputType = outputTypes(model);
  const methods = Object.entries(model.operations).map(([name, operation]) => {
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
      `  ${methodName(name)}(input${optional ? "?" : ""}: ${input}, options?: CallOptions): Promise<${output}>;`,
    ].join("\n");
  });
  return [
    `import type { CallOptions } from "../options.js";`,
    `import type {\n${[...types]
      .sort()
      .map((type) => `  ${type},`)
      .join("\n")}\n} from "../../model/generated/types.js";`,
    "",
    "/** The operations of the S3 API as methods; `../operations.ts` makes them. */",
    "export interface OperationMethods {",
    methods.join("\n\n"),
    "}",
    "",
  ].join("\n");
}

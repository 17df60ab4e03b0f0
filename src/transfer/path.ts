/** Paths of files and folders here. */
import { partsHint } from "../errors/address.js";
import { ParamValidationError } from "../errors/base.js";

/**
 * Refuses what cannot be the path of a file or folder here; a folder called `s3:` is `./s3:`.
 * @throws ParamValidationError
 */
export function checkPath(path: unknown, what: "file" | "folder", operation: string): void {
  const parts = partsHint(path, what === "file" ? "Key" : "Prefix");
  if (typeof path === "string" && path !== "" && parts === undefined) return;
  throw new ParamValidationError([{ path: "path", problem: `expected the path of a ${what}` }], {
    operation,
    hint: path instanceof URL ? "fileURLToPath of node:url makes a path of a URL." : parts,
  });
}

/** Addresses such as `s3://river/a`, as command lines take them: here bucket and key are given apart. */
import { ParamValidationError } from "../errors/base.js";

const address = /^s3:\/\/([^/]*)\/?(.*)$/is;

/** How an address is given here; undefined for what is none. */
export function partsHint(given: unknown, member: "Key" | "Prefix"): string | undefined {
  const [, bucket, rest] = (typeof given === "string" && address.exec(given)) || [];
  if (bucket === undefined) return undefined;
  const more = rest ? `, ${member}: ${JSON.stringify(rest)}` : "";
  return `s3:// addresses are given in parts: { Bucket: ${JSON.stringify(bucket)}${more} }.`;
}

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

import { readFile } from "node:fs/promises";
import { expandPath, homeFolder, present } from "../config/locate.js";
import { decodeText } from "../config/shared.js";
import { type Context, lacking, makeProvider } from "./context.js";
import { makeCredentials } from "./make.js";
import type { Credentials, CredentialsProvider, ProviderOptions } from "./types.js";

/**
 * Keys in the files of tools from before the shared files: `AWS_CREDENTIAL_FILE` (`AWSAccessKeyId=`, `AWSSecretKey=`), and
 * boto 2's `BOTO_CONFIG`, `/etc/boto.cfg`, `~/.boto` (`[Credentials]`).
 *
 * @throws NoCredentialsError where there is no such file with keys in it.
 */
export function fromLegacyFiles(options: ProviderOptions = {}): CredentialsProvider {
  return makeProvider(options, loadLegacyFiles);
}

export async function loadLegacyFiles(context: Context): Promise<Credentials | undefined> {
  const { env } = context;
  const listed = present(env.AWS_CREDENTIAL_FILE);
  if (listed !== undefined) {
    const values = linesOf(await textOf(expandPath(listed, env)), undefined);
    const found = keysOf(values.get("awsaccesskeyid"), values.get("awssecretkey"), "AWS_CREDENTIAL_FILE");
    if (found !== undefined) return found;
  }
  const boto = present(env.BOTO_CONFIG);
  const paths = boto === undefined ? ["/etc/boto.cfg", `${homeFolder(env)}/.boto`] : [expandPath(boto, env)];
  for (const path of paths) {
    const values = linesOf(await textOf(path), "credentials");
    const found = keysOf(values.get("aws_access_key_id"), values.get("aws_secret_access_key"), path);
    if (found !== undefined) return found;
  }
  return lacking(context, "files of older tools", "there is no key in AWS_CREDENTIAL_FILE, BOTO_CONFIG or ~/.boto");
}

async function textOf(path: string): Promise<string> {
  // Whoever has such a file by chance is not to be stopped by it.
  return readFile(path).then(decodeText, () => "");
}

/** `name = value` and `name: value` lines, names in lower case, of one section or of a file that has none. */
function linesOf(text: string, section: string | undefined): Map<string, string> {
  const values = new Map<string, string>();
  let current: string | undefined;
  for (const line of text.split(/\r?\n/)) {
    const header = /^\[([^\]]*)\]/.exec(line);
    if (header !== null) current = header[1]!.trim().toLowerCase();
    const match = /^([\w.-]+)\s*[=:]\s*(.*?)\s*$/.exec(line);
    if (match !== null && current === section) values.set(match[1]!.toLowerCase(), match[2]!);
  }
  return values;
}

function keysOf(
  accessKeyId: string | undefined,
  secretAccessKey: string | undefined,
  source: string,
): Credentials | undefined {
  if (!accessKeyId || !secretAccessKey) return undefined;
  return makeCredentials({ accessKeyId, secretAccessKey, source });
}

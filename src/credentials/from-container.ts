import { readFile } from "node:fs/promises";
import { expandPath, present } from "../config/locate.js";
import { decodeText } from "../config/shared.js";
import { maskUserInfo } from "../config/values.js";
import { CredentialsError } from "../errors/base.js";
import { type Context, lacking, makeProvider } from "./context.js";
import { CredentialsServiceError } from "./errors.js";
import { parseObject, textMember } from "./json.js";
import { makeCredentials, readExpiration } from "./make.js";
import { sendWithRetries } from "./retry.js";
import type { Credentials, CredentialsProvider, ProviderOptions } from "./types.js";

const RELATIVE = "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI";
const FULL = "AWS_CONTAINER_CREDENTIALS_FULL_URI";
const TOKEN = "AWS_CONTAINER_AUTHORIZATION_TOKEN";
const TOKEN_FILE = "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE";

/**
 * Credentials of a container's role: from the agent of ECS (`AWS_CONTAINER_CREDENTIALS_RELATIVE_URI`) or from a URL
 * (`AWS_CONTAINER_CREDENTIALS_FULL_URI`: EKS Pod Identity, Greengrass, Cloud Shell), with the token of
 * `AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE` or `AWS_CONTAINER_AUTHORIZATION_TOKEN`.
 *
 * @throws NoCredentialsError where neither variable is set, CredentialsError where the URL may not be asked or refuses.
 * @see https://docs.aws.amazon.com/sdkref/latest/guide/feature-container-credentials.html
 */
export function fromContainer(options: ProviderOptions = {}): CredentialsProvider {
  return makeProvider(options, loadContainer);
}

export async function loadContainer(context: Context): Promise<Credentials | undefined> {
  const url = containerUrl(context);
  if (url === undefined) return lacking(context, "container", `neither ${RELATIVE} nor ${FULL} is set`);
  const headers: Record<string, string> = { accept: "application/json" };
  const token = await authorizationToken(context);
  if (token !== undefined) headers.authorization = token;
  const response = await sendWithRetries(
    context,
    () => ({ method: "GET", url, headers }),
    { timeout: 2000, proxy: false },
    { attempts: 3, delay: 500 },
  );
  const json = parseObject(response.body);
  if (response.status !== 200) {
    throw new CredentialsServiceError({
      service: "container",
      operation: `GET ${url}`,
      statusCode: response.status,
      code: textMember(json, "code") ?? textMember(json, "Code") ?? String(response.status),
      serviceMessage: textMember(json, "message") ?? textMember(json, "Message") ?? "",
    });
  }
  const accessKeyId = textMember(json, "AccessKeyId");
  const secretAccessKey = textMember(json, "SecretAccessKey");
  if (accessKeyId === undefined || secretAccessKey === undefined) {
    throw new CredentialsError(`container: the answer of ${url} has no AccessKeyId and SecretAccessKey`, {
      code: "InvalidResponse",
      hint: `Check that ${RELATIVE} or ${FULL} names a credentials service.`,
    });
  }
  const expiration = textMember(json, "Expiration");
  return makeCredentials({
    accessKeyId,
    secretAccessKey,
    sessionToken: textMember(json, "Token"),
    expiration: expiration === undefined ? undefined : readExpiration(expiration, "container"),
    accountId: textMember(json, "AccountId"),
    source: "container",
  });
}

function containerUrl({ env }: Context): string | undefined {
  const relative = present(env[RELATIVE])?.trim();
  if (relative !== undefined) {
    // Anything else after the address could name another host.
    if (!relative.startsWith("/")) throw badUri(RELATIVE, relative, "a path that begins with a slash");
    return `http://169.254.170.2${relative}`;
  }
  const full = present(env[FULL])?.trim();
  if (full === undefined) return undefined;
  const match = /^(https?):\/\/(\[[0-9a-fA-F:.]+\]|[^/?#@:[\]\\\s]+)(?::\d{1,5})?(?:[/?][^\s#]*)?$/i.exec(full);
  if (match === null) throw badUri(FULL, full, "an absolute http or https URL");
  if (match[1]!.toLowerCase() !== "https" && !mayUsePlainHttp(match[2]!.toLowerCase())) {
    throw badUri(FULL, full, "https, or http to this machine (localhost, loopback) or the addresses of ECS and EKS");
  }
  return full;
}

/** The hosts that a token may be sent to in the clear. */
function mayUsePlainHttp(host: string): boolean {
  if (host === "localhost" || host === "169.254.170.2" || host === "169.254.170.23" || host === "[fd00:ec2::23]")
    return true;
  return /^127(\.\d{1,3}){3}$/.test(host) || /^\[(0*:)*:?0*1\]$/.test(host);
}

function badUri(variable: string, value: string, expected: string): CredentialsError {
  return new CredentialsError(`container: ${variable} is '${maskUserInfo(value)}'; expected ${expected}`, {
    code: "InvalidContainerUri",
    hint: `Correct ${variable}, or unset it.`,
  });
}

async function authorizationToken({ env }: Context): Promise<string | undefined> {
  const path = present(env[TOKEN_FILE]);
  const name = path === undefined ? TOKEN : TOKEN_FILE;
  const token = path === undefined ? present(env[TOKEN]) : await readToken(expandPath(path, env));
  if (token !== undefined && /[\r\n]/.test(token)) {
    throw new CredentialsError(`container: the token of ${name} has a line break in it`, {
      code: "InvalidToken",
      hint: "The token goes into a header as it is; write it without a line end.",
    });
  }
  return token;
}

async function readToken(path: string): Promise<string> {
  try {
    return decodeText(await readFile(path));
  } catch (cause) {
    throw new CredentialsError(
      `container: the token file ${path} cannot be read: ${(cause as NodeJS.ErrnoException).code}`,
      {
        code: "TokenFileUnreadable",
        cause,
        hint: `${TOKEN_FILE} names it; it is written by the container's runtime.`,
      },
    );
  }
}

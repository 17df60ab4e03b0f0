import { present } from "../config/locate.js";
import { type Context, lacking, makeProvider } from "./context.js";
import { partialCredentials } from "./errors.js";
import { makeCredentials, readExpiration } from "./make.js";
import type { Credentials, CredentialsProvider, ProviderOptions } from "./types.js";

/**
 * Keys of the environment: `AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY`, `AWS_SESSION_TOKEN` (or `AWS_SECURITY_TOKEN`),
 * `AWS_CREDENTIAL_EXPIRATION`, `AWS_ACCOUNT_ID`, as they are at each call.
 *
 * @throws NoCredentialsError where there is no key, CredentialsError where there is half a one.
 */
export function fromEnv(options: ProviderOptions = {}): CredentialsProvider {
  return makeProvider(options, loadEnv);
}

export async function loadEnv(context: Context): Promise<Credentials | undefined> {
  const { env } = context;
  const accessKeyId = present(env.AWS_ACCESS_KEY_ID);
  if (accessKeyId === undefined) return lacking(context, "environment", "AWS_ACCESS_KEY_ID is not set");
  const secretAccessKey = present(env.AWS_SECRET_ACCESS_KEY);
  if (secretAccessKey === undefined) throw partialCredentials("AWS_SECRET_ACCESS_KEY", "environment");
  const expiration = present(env.AWS_CREDENTIAL_EXPIRATION);
  return makeCredentials({
    accessKeyId: accessKeyId.trim(),
    secretAccessKey: secretAccessKey.trim(),
    sessionToken: (present(env.AWS_SECURITY_TOKEN) ?? present(env.AWS_SESSION_TOKEN))?.trim(),
    expiration: expiration === undefined ? undefined : readExpiration(expiration, "AWS_CREDENTIAL_EXPIRATION"),
    accountId: present(env.AWS_ACCOUNT_ID)?.trim(),
    source: "environment",
  });
}

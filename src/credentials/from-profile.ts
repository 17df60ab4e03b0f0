import { present } from "../config/locate.js";
import { describeOrigin, originOf } from "../config/parse.js";
import { noSuchProfile, selectProfile } from "../config/profile.js";
import type { FileKind, Profile, SharedConfig } from "../config/types.js";
import { type Context, lacking, makeProvider } from "./context.js";
import { partialCredentials } from "./errors.js";
import { loadLogin } from "./from-login.js";
import { loadProcess } from "./from-process.js";
import { loadSso } from "./from-sso.js";
import { loadWebIdentity } from "./from-web-identity.js";
import { makeCredentials } from "./make.js";
import { hasAnyKey, isRoleProfile, loadRole } from "./profile-role.js";
import type { Credentials, CredentialsProvider, ProviderOptions } from "./types.js";

/**
 * Credentials of a profile, by whatever it has, in this order: a role to assume (`role_arn` with `source_profile` or
 * `credential_source`), a web identity, IAM Identity Center, keys in the credentials file, a login session, a
 * `credential_process`, keys in the config file.
 *
 * @throws NoCredentialsError where it has none of them, ConfigError where there is no such profile or it is at fault.
 * @see https://docs.aws.amazon.com/sdkref/latest/guide/file-format.html
 */
export function fromProfile(options: ProviderOptions = {}): CredentialsProvider {
  return makeProvider(options, async (context) => {
    const config = await context.config();
    const { name } = context.choice;
    selectProfile(config, context.choice);
    if (config.profiles[name] === undefined) return lacking(context, `profile '${name}'`, noSuchProfile(config));
    return (await loadProfileRole(context, name, config)) ?? loadProfile(context, name, config);
  });
}

/** The first step of a profile: its role. */
export function loadProfileRole(
  context: Context,
  name: string,
  config: SharedConfig,
): Promise<Credentials | undefined> {
  return loadRole(context, name, config.profiles[name]!, config, [name], loadSourceProfile);
}

/** The further steps of a profile, its web identity first. */
export async function loadProfile(
  context: Context,
  name: string,
  config: SharedConfig,
): Promise<Credentials | undefined> {
  const profile = config.profiles[name]!;
  return (
    (await loadWebIdentity(context, {}, false, { name, profile })) ?? (await loadProfileRest(context, name, config))
  );
}

/** The steps of a profile that come after role and web identity. */
export async function loadProfileRest(
  context: Context,
  name: string,
  config: SharedConfig,
): Promise<Credentials | undefined> {
  const profile = config.profiles[name]!;
  return (
    (await loadSso(context, name, profile, config)) ??
    loadKeys(context, name, profile, "credentials") ??
    (await loadLogin(context, name, profile)) ??
    (await loadProcess(context, name, profile)) ??
    loadKeys(context, name, profile, "config")
  );
}

/** A profile that is the source of a role: its own keys, where it has some, go before a role of its own. */
async function loadSourceProfile(
  context: Context,
  name: string,
  config: SharedConfig,
  visited: readonly string[],
): Promise<Credentials | undefined> {
  const profile = config.profiles[name]!;
  return hasAnyKey(profile) || !isRoleProfile(profile)
    ? loadProfile(context, name, config)
    : loadRole(context, name, profile, config, visited, loadSourceProfile);
}

/** Keys of a profile, if they stand in that file. */
function loadKeys(context: Context, name: string, profile: Profile, kind: FileKind): Credentials | undefined {
  const accessKeyId = present(profile.aws_access_key_id);
  const secretAccessKey = present(profile.aws_secret_access_key);
  const first = accessKeyId === undefined ? "aws_secret_access_key" : "aws_access_key_id";
  if ((accessKeyId ?? secretAccessKey) === undefined || (originOf(profile, first)?.kind ?? "config") !== kind) {
    return lacking(context, `profile '${name}'`, `no aws_access_key_id in the ${kind} file`);
  }
  if (accessKeyId === undefined || secretAccessKey === undefined) {
    const missing = accessKeyId === undefined ? "aws_access_key_id" : "aws_secret_access_key";
    throw partialCredentials(missing, `profile '${name}': ${describeOrigin(profile, first)}`);
  }
  return makeCredentials({
    accessKeyId: accessKeyId.trim(),
    secretAccessKey: secretAccessKey.trim(),
    sessionToken: (present(profile.aws_security_token) ?? present(profile.aws_session_token))?.trim(),
    accountId: present(profile.aws_account_id)?.trim(),
    source: `profile '${name}'`,
  });
}

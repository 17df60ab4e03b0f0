import { expandPath, present } from "../config/locate.js";
import { describeOrigin } from "../config/parse.js";
import type { Profile } from "../config/types.js";
import { ConfigError } from "../errors/base.js";
import { type Context, lacking, makeProvider, settingSources } from "./context.js";
import { assumeRoleWithWebIdentity } from "./sts.js";
import { readTokenFile } from "./token-file.js";
import type { Credentials, CredentialsProvider, ProviderOptions } from "./types.js";

/** Options of `fromWebIdentity`; what is not given comes from environment, then profile. */
export interface WebIdentityOptions extends ProviderOptions {
  /** File that holds the token. Default: `AWS_WEB_IDENTITY_TOKEN_FILE`, `web_identity_token_file`. */
  webIdentityTokenFile?: string | undefined;
  /** ARN of the role. Default: `AWS_ROLE_ARN`, `role_arn`. */
  roleArn?: string | undefined;
  /** Name of the session. Default: `AWS_ROLE_SESSION_NAME`, `role_session_name`, one of ours. */
  roleSessionName?: string | undefined;
  /** Seconds that the credentials hold, 900 to 43,200. Default: 3600. */
  durationSeconds?: number | undefined;
  /** A policy (JSON) that narrows the role's own. */
  policy?: string | undefined;
}

/**
 * Credentials of a role for the token of an identity provider (EKS service accounts, GitHub Actions). The file is read at
 * each call: it is renewed by others.
 *
 * @throws NoCredentialsError where no token file is named, ConfigError where there is no role to it,
 *   CredentialsServiceError with STS's code.
 * @see https://docs.aws.amazon.com/sdkref/latest/guide/access-assume-role-web.html
 */
export function fromWebIdentity(options: WebIdentityOptions = {}): CredentialsProvider {
  return makeProvider(options, (context) => loadWebIdentity(context, options, true), [
    "webIdentityTokenFile",
    "roleArn",
    "roleSessionName",
    "policy",
  ]);
}

/** Where a web identity may come from: an option, a variable, a line of the profile. */
const places = {
  file: ["AWS_WEB_IDENTITY_TOKEN_FILE", "web_identity_token_file"],
  role: ["AWS_ROLE_ARN", "role_arn"],
  session: ["AWS_ROLE_SESSION_NAME", "role_session_name"],
} as const;

/** @param useEnv whether variables count: not for a profile that was named in code, nor for one that is a role's source. */
export async function loadWebIdentity(
  context: Context,
  options: WebIdentityOptions,
  useEnv: boolean,
  named?: { readonly name: string; readonly profile: Profile },
): Promise<Credentials | undefined> {
  const profile = named?.profile ?? (await settingSources(context)).profile;
  const name = named?.name ?? context.choice.name;
  const value = ([variable, key]: readonly [string, string]): string | undefined =>
    ((useEnv ? present(context.env[variable]) : undefined) ?? present(profile[key]))?.trim();

  const file = options.webIdentityTokenFile ?? value(places.file);
  if (file === undefined) {
    return useEnv
      ? lacking(context, "web identity", `${places.file[0]} is not set`)
      : lacking(context, `profile '${name}'`, `no ${places.file[1]}`);
  }
  const roleArn = options.roleArn ?? value(places.role);
  if (roleArn === undefined) {
    const from =
      useEnv && present(context.env[places.file[0]]) ? places.file[0] : describeOrigin(profile, places.file[1]);
    throw new ConfigError(`web identity: ${from} names a token file, but no role is named to use it for`, {
      hint: useEnv ? "Set AWS_ROLE_ARN." : `Add role_arn to profile '${name}'.`,
    });
  }
  const role = {
    roleArn,
    webIdentityToken: await readTokenFile(expandPath(file, context.env)),
    roleSessionName: options.roleSessionName ?? value(places.session),
    durationSeconds: options.durationSeconds,
    policy: options.policy,
  };
  return assumeRoleWithWebIdentity(context, role, `web identity: role ${roleArn}`);
}

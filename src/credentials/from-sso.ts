import { present } from "../config/locate.js";
import { describeOrigin } from "../config/parse.js";
import { selectProfile } from "../config/profile.js";
import type { Profile, SharedConfig } from "../config/types.js";
import { ConfigError, CredentialsError } from "../errors/base.js";
import { type Context, lacking, makeProvider } from "./context.js";
import { CredentialsServiceError } from "./errors.js";
import { objectMember, parseObject, textMember } from "./json.js";
import { makeCredentials } from "./make.js";
import { sendWithRetries } from "./retry.js";
import { serviceEndpoint, serviceLimits } from "./service-endpoint.js";
import { type SsoSession, ssoAccessToken } from "./sso-token.js";
import type { Credentials, CredentialsProvider, ProviderOptions } from "./types.js";

/**
 * Credentials of IAM Identity Center for a profile with `sso_account_id` and `sso_role_name`, and either `sso_session` or,
 * in the old form, `sso_start_url` and `sso_region`. `aws sso login` must have left a token; see `ssoAccessToken`.
 *
 * @throws NoCredentialsError where the profile has no such keys, ConfigError where some are missing, CredentialsError where
 *   one must log in.
 * @see https://docs.aws.amazon.com/sdkref/latest/guide/feature-sso-credentials.html
 */
export function fromSso(options: ProviderOptions = {}): CredentialsProvider {
  return makeProvider(options, async (context) => {
    const config = await context.config();
    return loadSso(context, context.choice.name, selectProfile(config, context.choice), config);
  });
}

export async function loadSso(
  context: Context,
  name: string,
  profile: Profile,
  config: SharedConfig,
): Promise<Credentials | undefined> {
  const accountId = present(profile.sso_account_id);
  const roleName = present(profile.sso_role_name);
  if (accountId === undefined && roleName === undefined) {
    const session = present(profile.sso_session) ?? present(profile.sso_start_url);
    const lack =
      session === undefined ? "no sso_account_id" : "an SSO session but neither sso_account_id nor sso_role_name";
    return lacking(context, `profile '${name}'`, lack);
  }
  const session = ssoSession(name, profile, config);
  if (accountId === undefined || roleName === undefined) {
    throw missing(accountId === undefined ? "sso_account_id" : "sso_role_name", `profile '${name}'`);
  }
  const token = await ssoAccessToken(context, session, name);
  const base = await serviceEndpoint(context, "SSO", session.region);
  const query = `account_id=${encodeURIComponent(accountId)}&role_name=${encodeURIComponent(roleName)}`;
  const response = await sendWithRetries(
    context,
    () => ({
      method: "GET",
      url: `${base}/federation/credentials?${query}`,
      headers: { "x-amz-sso_bearer_token": token },
    }),
    await serviceLimits(context),
    { attempts: 3, delay: 200 },
  );
  const json = parseObject(response.body);
  const role = objectMember(json, "roleCredentials");
  const accessKeyId = textMember(role, "accessKeyId");
  const secretAccessKey = textMember(role, "secretAccessKey");
  if (response.status === 200 && accessKeyId !== undefined && secretAccessKey !== undefined) {
    return makeCredentials({
      accessKeyId,
      secretAccessKey,
      sessionToken: textMember(role, "sessionToken"),
      expiration: typeof role.expiration === "number" ? new Date(role.expiration) : undefined,
      accountId,
      source: `profile '${name}': sso role ${roleName}`,
    });
  }
  if (response.status === 200) {
    throw new CredentialsError("sso: the answer of GetRoleCredentials has no keys", { code: "InvalidResponse" });
  }
  throw new CredentialsServiceError(
    {
      service: "SSO",
      operation: "GetRoleCredentials",
      statusCode: response.status,
      code: errorCode(json, response.headers["x-amzn-errortype"], response.status),
      serviceMessage: textMember(json, "message") ?? textMember(json, "Message") ?? "",
      requestId: response.headers["x-amzn-requestid"] ?? response.headers["requestid"],
    },
    {
      hint:
        response.status === 401
          ? `The login has ended: aws sso login --profile ${name}`
          : `Check sso_account_id and sso_role_name of profile '${name}', and that the user was given the role.`,
    },
  );
}

function errorCode(json: Readonly<Record<string, unknown>>, header: string | undefined, status: number): string {
  const named = (header ?? textMember(json, "__type") ?? textMember(json, "code"))?.split(":")[0]?.split("#").pop();
  return named ?? (status === 401 ? "UnauthorizedException" : String(status));
}

/** The session a profile speaks of; lines that stand in both places must agree. */
function ssoSession(name: string, profile: Profile, config: SharedConfig): SsoSession {
  const sessionName = present(profile.sso_session)?.trim();
  if (sessionName === undefined) {
    const where = `profile '${name}'`;
    const startUrl = present(profile.sso_start_url) ?? fail(missing("sso_start_url", where));
    const region = present(profile.sso_region) ?? fail(missing("sso_region", where));
    return { name: undefined, startUrl, region };
  }
  const session = config.ssoSessions[sessionName];
  if (session === undefined) {
    throw new ConfigError(
      `${describeOrigin(profile, "sso_session")}: there is no section [sso-session ${sessionName}]`,
      {
        hint: `Add it with \`aws configure sso-session\`. Sections there are: ${Object.keys(config.ssoSessions).join(", ") || "none"}.`,
      },
    );
  }
  const [startUrl, region] = (["sso_start_url", "sso_region"] as const).map((key) => {
    const inSession = present(session[key]);
    const inProfile = present(profile[key]);
    if (inSession === undefined) throw missing(key, `[sso-session ${sessionName}]`);
    if (inProfile !== undefined && inProfile !== inSession) {
      throw new ConfigError(
        `profile '${name}': ${describeOrigin(profile, key)} differs from ${describeOrigin(session, key)} of its sso-session`,
        { hint: `Take ${key} out of the profile.` },
      );
    }
    return inSession;
  }) as [string, string];
  return { name: sessionName, startUrl, region };
}

function missing(key: string, where: string): ConfigError {
  return new ConfigError(`sso: ${where} has no ${key}`, { hint: `Add ${key}, or set it up anew: aws configure sso` });
}

function fail(error: Error): never {
  throw error;
}

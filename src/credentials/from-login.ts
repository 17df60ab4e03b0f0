import { createHash } from "node:crypto";
import { expandPath, homeFolder, present } from "../config/locate.js";
import { selectProfile } from "../config/profile.js";
import type { Profile } from "../config/types.js";
import { CredentialsError } from "../errors/base.js";
import { type Context, contextRegion, lacking, makeProvider } from "./context.js";
import { dpopProof } from "./dpop.js";
import { CredentialsServiceError } from "./errors.js";
import { objectMember, parseObject, textMember } from "./json.js";
import { makeCredentials, readExpiration } from "./make.js";
import { sendWithRetries } from "./retry.js";
import { serviceEndpoint, serviceLimits } from "./service-endpoint.js";
import { isoSeconds } from "./sso-token.js";
import { readCacheFile, writeCacheFile } from "./token-file.js";
import type { Credentials, CredentialsProvider, ProviderOptions } from "./types.js";

/** Credentials that hold longer than this are used as they are, in milliseconds. */
const RENEWAL_WINDOW = 5 * 60_000;

/**
 * Credentials of a console session that `aws login` left in `~/.aws/login/cache` (or `AWS_LOGIN_CACHE_DIRECTORY`), for a
 * profile with `login_session`. They hold for minutes; they are renewed with the session's key and written back.
 *
 * @throws NoCredentialsError where the profile has no `login_session`, CredentialsError where one must log in.
 * @see https://docs.aws.amazon.com/sdkref/latest/guide/feature-login-credentials.html
 */
export function fromLogin(options: ProviderOptions = {}): CredentialsProvider {
  return makeProvider(options, async (context) => {
    return loadLogin(context, context.choice.name, selectProfile(await context.config(), context.choice));
  });
}

export async function loadLogin(context: Context, name: string, profile: Profile): Promise<Credentials | undefined> {
  const session = present(profile.login_session)?.trim();
  if (session === undefined) return lacking(context, `profile '${name}'`, "no login_session");
  const path = loginCachePath(context, session);
  // Read at each call: another process may have renewed it meanwhile.
  const cached = await readCacheFile(path);
  if (cached === undefined) throw loginNeeded(`there is no session in ${path}`, name);
  const access = objectMember(cached, "accessToken");
  const end = endOf(access, path);
  const source = `profile '${name}': login session`;
  const left = end - context.now();
  if (left > RENEWAL_WINDOW) return readAccess(access, new Date(end), path, name, source);
  try {
    return await renew(context, cached, path, name, source);
  } catch (error) {
    context.signal?.throwIfAborted();
    // A refresh token holds once: another process may have been the first to use it.
    const others = objectMember((await readCacheFile(path)) ?? {}, "accessToken");
    if (others.accessKeyId !== access.accessKeyId && endOf(others, path) > context.now()) {
      return readAccess(others, new Date(endOf(others, path)), path, name, source);
    }
    if (left <= 0) throw error;
    context.warn(`The login session of profile '${name}' could not be renewed yet: ${(error as Error).message}`);
    return readAccess(access, new Date(end), path, name, source);
  }
}

/** When an access token ends, in milliseconds since 1970. */
function endOf(access: Readonly<Record<string, unknown>>, path: string): number {
  const expiresAt = textMember(access, "expiresAt");
  return expiresAt === undefined ? 0 : readExpiration(expiresAt, path).getTime();
}

function loginCachePath({ env }: Context, session: string): string {
  const folder = present(env.AWS_LOGIN_CACHE_DIRECTORY);
  const hash = createHash("sha256").update(session).digest("hex");
  return `${folder === undefined ? `${homeFolder(env)}/.aws/login/cache` : expandPath(folder, env)}/${hash}.json`;
}

function readAccess(
  access: Readonly<Record<string, unknown>>,
  expiration: Date,
  path: string,
  name: string,
  source: string,
): Credentials {
  const [accessKeyId, secretAccessKey, sessionToken] = ["accessKeyId", "secretAccessKey", "sessionToken"].map(
    (member) => {
      const text = textMember(access, member);
      if (text === undefined) throw loginNeeded(`${path} has no accessToken.${member}`, name);
      return text;
    },
  ) as [string, string, string];
  return makeCredentials({
    accessKeyId,
    secretAccessKey,
    sessionToken,
    expiration,
    accountId: textMember(access, "accountId"),
    source,
  });
}

async function renew(
  context: Context,
  cached: Readonly<Record<string, unknown>>,
  path: string,
  name: string,
  source: string,
): Promise<Credentials> {
  const [clientId, refreshToken, dpopKey] = ["clientId", "refreshToken", "dpopKey"].map((member) => {
    const text = textMember(cached, member);
    if (text === undefined) throw loginNeeded(`${path} has no ${member}`, name);
    return text;
  }) as [string, string, string];
  const old = objectMember(cached, "accessToken");
  if (textMember(old, "accessKeyId") === undefined) throw loginNeeded(`${path} has no accessToken`, name);

  // Where one logged in knows the session; files of older tools do not say.
  const region = textMember(cached, "signInRegion") ?? (await contextRegion(context)) ?? "us-east-1";
  const url = `${await serviceEndpoint(context, "Signin", region)}/v1/token`;
  const body = JSON.stringify({ clientId, refreshToken, grantType: "refresh_token" });
  const proof = (): string => {
    try {
      return dpopProof(dpopKey, "POST", url, context.now());
    } catch {
      // The cause is left out: it may show the key.
      throw loginNeeded(`the dpopKey in ${path} is no P-256 private key`, name);
    }
  };
  const response = await sendWithRetries(
    context,
    () => ({ method: "POST", url, headers: { "content-type": "application/json", dpop: proof() }, body }),
    await serviceLimits(context),
    { attempts: 3, delay: 200 },
  );
  const json = parseObject(response.body);
  if (response.status !== 200) {
    throw new CredentialsServiceError(
      {
        service: "Signin",
        operation: "CreateOAuth2Token",
        statusCode: response.status,
        code:
          textMember(json, "error") ?? response.headers["x-amzn-errortype"]?.split(":")[0] ?? String(response.status),
        serviceMessage: textMember(json, "message") ?? textMember(json, "error_description") ?? "",
        requestId: response.headers["x-amzn-requestid"],
      },
      { hint: `Log in anew: aws login --profile ${name}` },
    );
  }
  const seconds = typeof json.expiresIn === "number" ? json.expiresIn : 0;
  const end = context.now() + seconds * 1000;
  const access = { ...old, ...objectMember(json, "accessToken"), expiresAt: isoSeconds(end) };
  const credentials = readAccess(access, new Date(end), path, name, source);
  const kept = { ...cached, accessToken: access, refreshToken: textMember(json, "refreshToken") ?? refreshToken };
  await writeCacheFile(path, kept).catch((error: unknown) => {
    context.warn(`The renewed login session of profile '${name}' could not be kept: ${(error as Error).message}`);
  });
  return credentials;
}

function loginNeeded(what: string, profile: string): CredentialsError {
  return new CredentialsError(`login: ${what}`, {
    code: "LoginRequired",
    hint: `Log in: aws login --profile ${profile}`,
  });
}

import { createHash } from "node:crypto";
import { homeFolder } from "../config/locate.js";
import { CredentialsError } from "../errors/base.js";
import type { Context } from "./context.js";
import { CredentialsServiceError } from "./errors.js";
import { parseObject, textMember } from "./json.js";
import { readExpiration } from "./make.js";
import { sendWithRetries } from "./retry.js";
import { serviceEndpoint, serviceLimits } from "./service-endpoint.js";
import { readCacheFile, writeCacheFile } from "./token-file.js";

/** What a profile says of IAM Identity Center. */
export interface SsoSession {
  /** Name of the `sso-session`; undefined where the profile itself has the start URL. */
  readonly name: string | undefined;
  readonly startUrl: string;
  readonly region: string;
}

/** A token of a session is renewed when it has less than this left, in milliseconds. */
const RENEWAL_WINDOW = 15 * 60_000;

/**
 * The access token that `aws sso login` left in `~/.aws/sso/cache`. That of an `sso-session` is renewed when it is about to
 * end and written back; that of an old profile is used until it has ended.
 *
 * @throws CredentialsError (`TokenMissing`, `TokenExpired`) that says how to log in.
 */
export async function ssoAccessToken(context: Context, session: SsoSession, profile: string): Promise<string> {
  const path = ssoCachePath(context, session);
  const cached = (await readCacheFile(path)) ?? {};
  const kept = keptToken(cached, path);
  if (kept === undefined) throw loginNeeded("TokenMissing", `there is no token in ${path}`, session, profile);
  const { token, end } = kept;
  const left = end - context.now();
  if (left > RENEWAL_WINDOW || session.name === undefined) {
    if (left > 0) return token;
    throw loginNeeded("TokenExpired", `the token in ${path} ended at ${new Date(end).toISOString()}`, session, profile);
  }
  try {
    const renewed = await renewToken(context, cached, session, path);
    if (renewed !== undefined) return renewed;
  } catch (error) {
    // A refresh token holds once: another process may have been the first to use it.
    const others = keptToken((await readCacheFile(path)) ?? {}, path);
    if (others !== undefined && others.token !== token && others.end > context.now()) return others.token;
    if (left <= 0) throw error;
    context.warn(`The token of sso-session '${session.name}' could not be renewed yet: ${(error as Error).message}`);
  }
  if (left > 0) return token;
  throw loginNeeded("TokenExpired", `the token in ${path} has ended and can't be renewed`, session, profile);
}

/** The token of a cache file, and when it ends; undefined where there is none in it. */
function keptToken(
  cached: Readonly<Record<string, unknown>>,
  path: string,
): { readonly token: string; readonly end: number } | undefined {
  const token = textMember(cached, "accessToken");
  const expiresAt = textMember(cached, "expiresAt");
  if (token === undefined || expiresAt === undefined) return undefined;
  return { token, end: readExpiration(expiresAt, path).getTime() };
}

/** `~/.aws/sso/cache/<SHA-1 of the session's name, or of the start URL>.json`. */
function ssoCachePath(context: Context, session: SsoSession): string {
  const hash = createHash("sha1")
    .update(session.name ?? session.startUrl)
    .digest("hex");
  return `${homeFolder(context.env)}/.aws/sso/cache/${hash}.json`;
}

/** The new token, or undefined where the file has not what it takes to get one. */
async function renewToken(
  context: Context,
  cached: Readonly<Record<string, unknown>>,
  session: SsoSession,
  path: string,
): Promise<string | undefined> {
  const clientId = textMember(cached, "clientId");
  const clientSecret = textMember(cached, "clientSecret");
  const refreshToken = textMember(cached, "refreshToken");
  const registrationEnd = textMember(cached, "registrationExpiresAt");
  if (clientId === undefined || clientSecret === undefined || refreshToken === undefined) return undefined;
  if (registrationEnd !== undefined && readExpiration(registrationEnd, path).getTime() <= context.now())
    return undefined;

  const url = `${await serviceEndpoint(context, "SSO OIDC", session.region)}/token`;
  const body = JSON.stringify({ clientId, clientSecret, grantType: "refresh_token", refreshToken });
  const headers = { "content-type": "application/json" };
  const response = await sendWithRetries(
    context,
    () => ({ method: "POST", url, headers, body }),
    await serviceLimits(context),
    { attempts: 3, delay: 200 },
  );
  const json = parseObject(response.body);
  const accessToken = textMember(json, "accessToken");
  if (response.status !== 200 || accessToken === undefined) {
    throw new CredentialsServiceError(
      {
        service: "SSO OIDC",
        operation: "CreateToken",
        statusCode: response.status,
        code: textMember(json, "error") ?? textMember(json, "code") ?? String(response.status),
        serviceMessage: textMember(json, "error_description") ?? textMember(json, "message") ?? "",
        requestId: response.headers["x-amzn-requestid"],
      },
      { hint: `Log in anew: aws sso login --sso-session ${session.name}` },
    );
  }
  const seconds = typeof json.expiresIn === "number" ? json.expiresIn : 0;
  const renewed = {
    ...cached,
    accessToken,
    expiresAt: isoSeconds(context.now() + seconds * 1000),
    refreshToken: textMember(json, "refreshToken") ?? refreshToken,
  };
  await writeCacheFile(path, renewed).catch((error: unknown) => {
    context.warn(
      `The new token of sso-session '${session.name}' is used but could not be kept: ${(error as Error).message}`,
    );
  });
  return accessToken;
}

/** `2026-01-31T12:00:00Z`, as the AWS tools write times into their caches. */
export function isoSeconds(time: number): string {
  return new Date(time).toISOString().replace(/\.\d+Z$/, "Z");
}

function loginNeeded(code: string, what: string, session: SsoSession, profile: string): CredentialsError {
  const login = session.name === undefined ? `--profile ${profile}` : `--sso-session ${session.name}`;
  return new CredentialsError(`sso: ${what}`, { code, hint: `Log in: aws sso login ${login}` });
}

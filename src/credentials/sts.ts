import { present } from "../config/locate.js";
import { findPartition } from "../endpoint/partitions/partition.js";
import { CredentialsError } from "../errors/base.js";
import { signRequest } from "../sigv4/request.js";
import { type Context, contextRegion, makeContext, settingSources } from "./context.js";
import { CredentialsServiceError } from "./errors.js";
import type { HttpRequest, HttpResponse } from "./http.js";
import { checkCredentials, makeCredentials, readExpiration } from "./make.js";
import { isTransient, sendWithRetries } from "./retry.js";
import { serviceEndpoint, serviceLimits } from "./service-endpoint.js";
import { elementText } from "./sts-xml.js";
import type { Credentials, CredentialsInput, ProviderOptions } from "./types.js";

/** Parameters that the two ways to assume a role share. */
export interface RoleParameters {
  /** `arn:aws:iam::123456789012:role/name`. */
  readonly roleArn: string;
  /** Name of the session, as it shows in logs and ARNs; 2 to 64 of `A-Z a-z 0-9 _ + = , . @ -`. Default: `tucuxi-session-<time>`. */
  readonly roleSessionName?: string | undefined;
  /** Seconds that the credentials hold, 900 to 43,200. Default: STS's, 3600. */
  readonly durationSeconds?: number | undefined;
  /** A policy (JSON) that narrows the role's own. */
  readonly policy?: string | undefined;
}

/** Parameters of AssumeRole. @see https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html */
export interface AssumeRoleParameters extends RoleParameters {
  readonly externalId?: string | undefined;
  /** Serial number or ARN of an MFA device. */
  readonly serialNumber?: string | undefined;
  /** The device's code. */
  readonly tokenCode?: string | undefined;
}

/** Parameters of AssumeRoleWithWebIdentity. @see https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRoleWithWebIdentity.html */
export interface WebIdentityParameters extends RoleParameters {
  /** The token of the identity provider. */
  readonly webIdentityToken: string;
}

/** Asks STS for a role's credentials, signed with others. */
export async function assumeRole(
  context: Context,
  role: AssumeRoleParameters,
  signer: Credentials,
  source: string,
): Promise<Credentials> {
  const parameters = {
    ...roleParameters(context, role),
    ExternalId: role.externalId,
    SerialNumber: role.serialNumber,
    TokenCode: role.tokenCode,
  };
  return readRole(await callSts(context, "AssumeRole", parameters, signer, role.roleArn), source);
}

/** Asks STS for a role's credentials for the token of an identity provider; the request is not signed. */
export async function assumeRoleWithWebIdentity(
  context: Context,
  role: WebIdentityParameters,
  source: string,
): Promise<Credentials> {
  const parameters = { ...roleParameters(context, role), WebIdentityToken: role.webIdentityToken };
  return readRole(await callSts(context, "AssumeRoleWithWebIdentity", parameters, undefined, role.roleArn), source);
}

/** Who one is, as STS sees it. */
export interface CallerIdentity {
  /** Account of the credentials, twelve digits. */
  readonly account: string;
  /** ARN of the user, or of the role's session. */
  readonly arn: string;
  /** The user's unique id. */
  readonly userId: string;
}

/** Input of `getCallerIdentity`. */
export interface CallerIdentityOptions extends ProviderOptions {
  /** Whose identity. */
  readonly credentials: CredentialsInput;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Asks STS who credentials belong to. No permission is needed for it.
 *
 * @throws CredentialsServiceError with STS's code where the credentials are not good.
 * @see https://docs.aws.amazon.com/STS/latest/APIReference/API_GetCallerIdentity.html
 */
export async function getCallerIdentity(options: CallerIdentityOptions): Promise<CallerIdentity> {
  const { credentials, signal } = options;
  if (credentials === "anonymous") {
    throw new CredentialsError("Anonymous requests have no caller identity", { code: "NoCredentials" });
  }
  const given = typeof credentials === "function" ? await credentials({ signal }) : credentials;
  const signer = checkCredentials(given, "credentials");
  const xml = await callSts(makeContext(options, signal), "GetCallerIdentity", {}, signer);
  return {
    account: required(xml, "Account", "GetCallerIdentity"),
    arn: required(xml, "Arn", "GetCallerIdentity"),
    userId: required(xml, "UserId", "GetCallerIdentity"),
  };
}

/** Regions that stood on the global host before there were regional ones: `sts_regional_endpoints = legacy` sends them there. */
const legacyRegions =
  /^(ap-northeast-1|ap-south-1|ap-southeast-[12]|ca-central-1|eu-central-1|eu-north-1|eu-west-[123]|sa-east-1|us-(east|west)-[12])$/;

async function stsRegion(context: Context, roleArn: string | undefined): Promise<string> {
  // Without a region the role's partition decides: its credentials are unknown elsewhere.
  const partition = roleArn?.split(":")[1];
  const fallback =
    partition === "aws-cn" ? "cn-northwest-1" : partition === "aws-us-gov" ? "us-gov-west-1" : "us-east-1";
  const region = (await contextRegion(context)) ?? fallback;
  const { env, profile } = await settingSources(context);
  const mode = present(env.AWS_STS_REGIONAL_ENDPOINTS) ?? present(profile.sts_regional_endpoints);
  return mode?.trim().toLowerCase() === "legacy" && legacyRegions.test(region) ? "aws-global" : region;
}

async function callSts(
  context: Context,
  action: string,
  parameters: Readonly<Record<string, string | undefined>>,
  signer: Credentials | undefined,
  roleArn?: string,
): Promise<string> {
  const region = await stsRegion(context, roleArn);
  const url = `${await serviceEndpoint(context, "STS", region)}/`;
  let body = `Action=${action}&Version=2011-06-15`;
  for (const [name, value] of Object.entries(parameters)) {
    if (value !== undefined) body += `&${name}=${encodeURIComponent(value)}`;
  }
  const headers = { "content-type": "application/x-www-form-urlencoded; charset=utf-8" };
  const request = (): HttpRequest => {
    if (signer === undefined) return { method: "POST", url, headers, body };
    const signed = signRequest({
      method: "POST",
      url,
      headers,
      body,
      credentials: signer,
      // The global host signs for the partition's own region.
      region: region.endsWith("-global") ? findPartition(region).implicitGlobalRegion : region,
      service: "sts",
      date: new Date(context.now()),
      signBodyHeader: false,
      doubleEncodePath: true,
      normalizePath: true,
    });
    return { method: "POST", url, headers: signed.headers as Record<string, string>, body };
  };
  const plan = {
    attempts: 3,
    delay: 200,
    retryable: (response: HttpResponse) => isTransient(response) || retryableCodes.test(response.body),
  };
  const response = await sendWithRetries(context, request, await serviceLimits(context), plan);
  if (response.status === 200) return response.body;
  throw stsError(action, response);
}

const retryableCodes =
  /<Code>(Throttling|ThrottlingException|RequestThrottled|RequestLimitExceeded|IDPCommunicationError)<\/Code>/;

const hints: Readonly<Record<string, string>> = {
  AccessDenied:
    "The credentials that ask may not assume this role: check the role's trust policy and the caller's own policies.",
  ExpiredToken: "The session that asks has ended: get new credentials for it.",
  ExpiredTokenException: "The web identity token has ended: the file must be renewed by whoever writes it.",
  InvalidIdentityToken:
    "The account knows no identity provider for this token, or the token is not the whole of the file.",
  RegionDisabledException: "STS is turned off for this region in the account: use another region, or turn it on.",
  InvalidClientTokenId:
    "STS does not know this access key id: it was deleted, is mistyped, or belongs to another partition.",
  SignatureDoesNotMatch: "The secret access key does not belong to the access key id, or the machine's clock is off.",
};

function stsError(action: string, { status, headers, body }: HttpResponse): CredentialsServiceError {
  const code = elementText(body, "Code") ?? String(status);
  return new CredentialsServiceError(
    {
      service: "STS",
      operation: action,
      statusCode: status,
      code,
      serviceMessage: elementText(body, "Message") ?? "",
      requestId: elementText(body, "RequestId") ?? headers["x-amzn-requestid"],
    },
    { hint: Object.hasOwn(hints, code) ? hints[code] : undefined },
  );
}

function readRole(xml: string, source: string): Credentials {
  const arn = elementText(xml, "Arn");
  const account = arn?.split(":")[4];
  return makeCredentials({
    accessKeyId: required(xml, "AccessKeyId", source),
    secretAccessKey: required(xml, "SecretAccessKey", source),
    sessionToken: required(xml, "SessionToken", source),
    expiration: readExpiration(required(xml, "Expiration", source), source),
    accountId: account === "" ? undefined : account,
    source,
  });
}

function required(xml: string, element: string, source: string): string {
  const text = elementText(xml, element);
  if (text !== undefined && text !== "") return text;
  throw new CredentialsError(`${source}: the answer of STS has no ${element}`, {
    code: "InvalidResponse",
    hint: "The endpoint is probably not STS: check AWS_ENDPOINT_URL_STS, AWS_ENDPOINT_URL and the profile's endpoint_url.",
  });
}

function roleParameters(context: Context, role: RoleParameters): Record<string, string | undefined> {
  return {
    RoleArn: role.roleArn,
    RoleSessionName: role.roleSessionName ?? `tucuxi-session-${context.now()}`,
    DurationSeconds: role.durationSeconds?.toString(),
    Policy: role.policy,
  };
}

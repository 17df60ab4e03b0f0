import { present } from "../config/locate.js";
import { ConfigError, CredentialsError, TransportError } from "../errors/base.js";
import { type Context, lacking, makeProvider, settingSources } from "./context.js";
import { CredentialsServiceError } from "./errors.js";
import type { HttpLimits, HttpRequest, HttpResponse } from "./http.js";
import { parseObject, textMember } from "./json.js";
import { makeCredentials, readExpiration } from "./make.js";
import { isTransient, sendWithRetries } from "./retry.js";
import type { Credentials, CredentialsProvider, ProviderOptions } from "./types.js";

/** Options of `fromInstanceMetadata`. */
export interface InstanceMetadataOptions extends ProviderOptions {
  /** Base URL of the metadata service. Default: `AWS_EC2_METADATA_SERVICE_ENDPOINT`, the profile's `ec2_metadata_service_endpoint`, by mode. */
  endpoint?: string | undefined;
  /** `IPv4` or `IPv6`, in any case. Default: `AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE`, the profile's `ec2_metadata_service_endpoint_mode`, `IPv4`. */
  endpointMode?: string | undefined;
  /** Limit on a connection and on an answer, in milliseconds. Default: `AWS_METADATA_SERVICE_TIMEOUT` (seconds), 1000. */
  timeout?: number | undefined;
  /** Attempts at each request that is answered by a failure of the service. Default: `AWS_METADATA_SERVICE_NUM_ATTEMPTS`, 4. */
  maxAttempts?: number | undefined;
}

const NAME = "instance metadata";
const ROLES = "/latest/meta-data/iam/security-credentials/";

/**
 * Credentials of the role of an EC2 instance, from its metadata service: with a session token (version 2), or without
 * where the service has none and `AWS_EC2_METADATA_V1_DISABLED` does not forbid it. Credentials that the service failed to
 * renew in time are given an end some minutes from now: S3 may still take them.
 *
 * @throws NoCredentialsError where there is no such service or no role, CredentialsError where it refuses.
 * @see https://docs.aws.amazon.com/sdkref/latest/guide/feature-imds-credentials.html
 */
export function fromInstanceMetadata(options: InstanceMetadataOptions = {}): CredentialsProvider {
  return makeProvider(options, (context) => loadInstanceMetadata(context, options), ["endpoint", "endpointMode"]);
}

export async function loadInstanceMetadata(
  context: Context,
  options: InstanceMetadataOptions = {},
): Promise<Credentials | undefined> {
  if (present(context.env.AWS_EC2_METADATA_DISABLED)?.trim().toLowerCase() === "true") {
    return lacking(context, NAME, "disabled by AWS_EC2_METADATA_DISABLED");
  }
  const service = await MetadataService.at(context, options);
  try {
    const role = await service.roleName();
    return role === undefined ? lacking(context, NAME, "the instance has no role") : await service.credentials(role);
  } catch (error) {
    if (!(error instanceof TransportError)) throw error;
    // No such service here, which is how it looks on most machines.
    return lacking(context, NAME, error.message);
  }
}

class MetadataService {
  readonly #context: Context;
  readonly #endpoint: string;
  readonly #limits: HttpLimits;
  readonly #attempts: number;
  readonly #v1Disabled: boolean;
  /** `null` where the service has no tokens. */
  #token: string | null | undefined;

  constructor(context: Context, endpoint: string, limits: HttpLimits, attempts: number, v1Disabled: boolean) {
    this.#context = context;
    this.#endpoint = endpoint;
    this.#limits = limits;
    this.#attempts = attempts;
    this.#v1Disabled = v1Disabled;
  }

  static async at(context: Context, options: InstanceMetadataOptions): Promise<MetadataService> {
    const { env, profile } = await settingSources(context);
    const seconds = Number(present(env.AWS_METADATA_SERVICE_TIMEOUT) ?? present(profile.metadata_service_timeout) ?? 1);
    const attempts = Number(
      options.maxAttempts ??
        present(env.AWS_METADATA_SERVICE_NUM_ATTEMPTS) ??
        present(profile.metadata_service_num_attempts) ??
        4,
    );
    const timeout = options.timeout ?? (seconds > 0 ? seconds * 1000 : 1000);
    const v1Disabled = present(env.AWS_EC2_METADATA_V1_DISABLED) ?? present(profile.ec2_metadata_v1_disabled) ?? "";
    return new MetadataService(
      context,
      metadataEndpoint(options, env, profile),
      { timeout, proxy: false },
      attempts >= 1 ? Math.floor(attempts) : 1,
      v1Disabled.trim().toLowerCase() === "true",
    );
  }

  /** The role's name; undefined where the instance has none. */
  async roleName(): Promise<string | undefined> {
    const response = await this.#get(ROLES, ({ body }) => body.trim() !== "");
    if (response.status === 404) return undefined;
    const name = response.body.trim().split(/\r?\n/)[0]!;
    if (response.status !== 200 || name === "") throw refused(`GET ${ROLES}`, response);
    return name;
  }

  async credentials(role: string): Promise<Credentials> {
    const path = ROLES + encodeURIComponent(role);
    const response = await this.#get(path, ({ body }) => Object.keys(parseObject(body)).length > 0);
    const json = parseObject(response.body);
    const accessKeyId = textMember(json, "AccessKeyId");
    const secretAccessKey = textMember(json, "SecretAccessKey");
    const code = textMember(json, "Code") ?? "Success";
    if (response.status !== 200 || code !== "Success" || accessKeyId === undefined || secretAccessKey === undefined) {
      throw refused(`GET ${path}`, response);
    }
    const expiration = textMember(json, "Expiration");
    return makeCredentials({
      accessKeyId,
      secretAccessKey,
      sessionToken: textMember(json, "Token"),
      expiration: expiration === undefined ? undefined : this.#extend(readExpiration(expiration, NAME)),
      accountId: textMember(json, "AccountId"),
      source: NAME,
    });
  }

  /** An end that is near means that the service could not renew the credentials; they are asked for again in some minutes. */
  #extend(expiration: Date): Date {
    const now = this.#context.now();
    const ahead = (15 + 2 + Math.random() * 8) * 60_000;
    if (expiration.getTime() - ahead > now) return expiration;
    this.#context.warn(
      "The credentials of the instance were not renewed in time; they are used for some minutes more, until the metadata service has new ones.",
    );
    return new Date(now + ahead);
  }

  /** @param isWhole whether the text of a good answer is one; a service that is starting gives nothing, or half of it. */
  async #get(path: string, isWhole: (response: HttpResponse) => boolean): Promise<HttpResponse> {
    const response = await this.#getOnce(path, isWhole);
    // A token may end sooner than it said, when the instance was moved.
    if (response.status !== 401 || this.#token === null) return response;
    this.#token = undefined;
    return this.#getOnce(path, isWhole);
  }

  async #getOnce(path: string, isWhole: (response: HttpResponse) => boolean): Promise<HttpResponse> {
    if (this.#token === undefined) this.#token = await this.#fetchToken();
    const headers: Record<string, string> = this.#token === null ? {} : { "x-aws-ec2-metadata-token": this.#token };
    return this.#send({ method: "GET", url: this.#endpoint + path, headers }, (response) => {
      return isTransient(response) || (response.status === 200 && !isWhole(response));
    });
  }

  async #fetchToken(): Promise<string | null> {
    const url = `${this.#endpoint}/latest/api/token`;
    const headers = { "x-aws-ec2-metadata-token-ttl-seconds": "21600" };
    let response: HttpResponse;
    try {
      response = await this.#send({ method: "PUT", url, headers }, isTransient);
    } catch (error) {
      // In a container the answer to PUT may be one hop too far away, while that to GET is not.
      if (error instanceof TransportError && error.code === "ReadTimeout") return this.#withoutToken(error.message);
      throw error;
    }
    // It knows tokens, and this request was wrong.
    if (response.status === 400) throw refused("PUT /latest/api/token", response);
    const token = response.status === 200 ? response.body.trim() : "";
    return token === "" ? this.#withoutToken(`HTTP ${response.status}`) : token;
  }

  #withoutToken(why: string): null {
    if (!this.#v1Disabled) return null;
    throw new CredentialsError(`${NAME}: there is no token (${why}), and version 1 is disabled`, {
      code: "MetadataTokenMissing",
      hint: "Raise the instance's hop limit for metadata to 2, or unset AWS_EC2_METADATA_V1_DISABLED.",
    });
  }

  #send(request: HttpRequest, retryable: (response: HttpResponse) => boolean): Promise<HttpResponse> {
    // A connection that fails now fails in a moment, too: everywhere but on EC2 that is the normal case.
    const plan = { attempts: this.#attempts, delay: 100, retryable, retryConnections: false };
    return sendWithRetries(this.#context, () => request, this.#limits, plan);
  }
}

function metadataEndpoint(
  options: InstanceMetadataOptions,
  env: Context["env"],
  profile: Readonly<Record<string, string>>,
): string {
  const [endpoint, source] =
    firstOf([
      [options.endpoint, "endpoint"],
      [env.AWS_EC2_METADATA_SERVICE_ENDPOINT, "AWS_EC2_METADATA_SERVICE_ENDPOINT"],
      [profile.ec2_metadata_service_endpoint, "ec2_metadata_service_endpoint"],
    ]) ?? [];
  if (endpoint !== undefined) {
    if (/^https?:\/\/[^/?#\s]+(\/[^?#\s]*)?$/i.test(endpoint)) return endpoint.replace(/\/+$/, "");
    throw new ConfigError(`${source}: '${endpoint}' is no http or https URL`, {
      hint: "The metadata service's endpoint looks like http://169.254.169.254.",
    });
  }
  const [mode, modeSource] =
    firstOf([
      [options.endpointMode, "endpointMode"],
      [env.AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE, "AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE"],
      [profile.ec2_metadata_service_endpoint_mode, "ec2_metadata_service_endpoint_mode"],
      [isTrue(env.AWS_IMDS_USE_IPV6) || isTrue(profile.imds_use_ipv6) ? "ipv6" : undefined, "AWS_IMDS_USE_IPV6"],
    ]) ?? [];
  switch (mode?.toLowerCase()) {
    case undefined:
    case "ipv4":
      return "http://169.254.169.254";
    case "ipv6":
      return "http://[fd00:ec2::254]";
    default:
      throw new ConfigError(`${modeSource}: '${mode}' is neither IPv4 nor IPv6`, { hint: `Correct ${modeSource}.` });
  }
}

function firstOf(places: readonly (readonly [string | undefined, string])[]): readonly [string, string] | undefined {
  for (const [text, source] of places) {
    const value = present(text)?.trim();
    if (value !== undefined) return [value, source];
  }
  return undefined;
}

function isTrue(text: string | undefined): boolean {
  return text?.trim().toLowerCase() === "true";
}

function refused(operation: string, { status, body }: HttpResponse): CredentialsServiceError {
  const json = parseObject(body);
  return new CredentialsServiceError({
    service: NAME,
    operation,
    statusCode: status,
    code: textMember(json, "Code") ?? String(status),
    serviceMessage: textMember(json, "Message") ?? "",
  });
}

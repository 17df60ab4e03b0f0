import { ConfigError } from "../errors/base.js";
import { present } from "./locate.js";
import { describeOrigin } from "./parse.js";
import type { Env, Profile, SharedConfig } from "./types.js";
import { maskUserInfo, parseBoolean } from "./values.js";

/** Where a setting may come from, below what the program itself says. */
export interface Sources {
  readonly env: Env;
  readonly config: SharedConfig;
  readonly profile: Profile;
}

/**
 * The endpoint URL that environment or files configure for a service, or undefined: `AWS_ENDPOINT_URL_<SERVICE>`,
 * `AWS_ENDPOINT_URL`, the service's line in the profile's `services` section, the profile's `endpoint_url`; none of them
 * where `ignore_configured_endpoint_urls` is true.
 *
 * @param serviceId AWS's id of the service: `S3`, `STS`, `SSO`, `SSO OIDC`.
 * @param ignore whether to take none of them. Default: as the settings say.
 * @throws ConfigError for a `services` section that does not exist and for what is no http(s) URL.
 * @see https://docs.aws.amazon.com/sdkref/latest/guide/feature-ss-endpoints.html
 */
export function configuredEndpointUrl(
  serviceId: string,
  { env, config, profile }: Sources,
  ignore?: boolean,
): string | undefined {
  if (ignore ?? ignoresConfigured(env, profile)) return undefined;
  const name = serviceId.replaceAll(" ", "_");
  for (const variable of [`AWS_ENDPOINT_URL_${name.toUpperCase()}`, "AWS_ENDPOINT_URL"]) {
    const url = present(env[variable]);
    if (url !== undefined) return checkUrl(url, variable);
  }
  if (present(profile.services) !== undefined) {
    const services = config.services[profile.services!];
    if (services === undefined) {
      throw new ConfigError(
        `${describeOrigin(profile, "services")}: there is no section [services ${profile.services}]`,
        {
          hint: `Add the section, or take the line out. Sections there are: ${Object.keys(config.services).join(", ") || "none"}.`,
        },
      );
    }
    const url = present(services[name.toLowerCase()]?.endpoint_url);
    if (url !== undefined) return checkUrl(url, `[services ${profile.services}] ${name.toLowerCase()}.endpoint_url`);
  }
  const url = present(profile.endpoint_url);
  return url === undefined ? undefined : checkUrl(url, describeOrigin(profile, "endpoint_url"));
}

function ignoresConfigured(env: Env, profile: Profile): boolean {
  const variable = present(env.AWS_IGNORE_CONFIGURED_ENDPOINT_URLS);
  if (variable !== undefined) return parseBoolean(variable, "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS");
  const key = "ignore_configured_endpoint_urls";
  const line = present(profile[key]);
  return line !== undefined && parseBoolean(line, describeOrigin(profile, key));
}

function checkUrl(text: string, source: string): string {
  const url = text.trim();
  if (/^https?:\/\/[^/?#\s]+[^\s]*$/i.test(url)) return url;
  throw new ConfigError(`${source}: '${maskUserInfo(url)}' is no URL to send requests to`, {
    hint: "An endpoint URL looks like https://host, https://host:9000 or http://127.0.0.1:9000/prefix.",
  });
}

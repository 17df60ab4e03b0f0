import { present } from "../config/locate.js";
import { describeOrigin } from "../config/parse.js";
import { noSuchProfile } from "../config/profile.js";
import type { Profile, SharedConfig } from "../config/types.js";
import { ConfigError, CredentialsError } from "../errors/base.js";
import { type Context, forkContext, lacking } from "./context.js";
import { listLacks } from "./errors.js";
import { loadContainer } from "./from-container.js";
import { loadEnv } from "./from-env.js";
import { loadInstanceMetadata } from "./from-instance-metadata.js";
import { assumeRole } from "./sts.js";
import type { Credentials } from "./types.js";

/** Loads a profile that is the source of a role; `visited` are the profiles on the way to it. */
export type SourceLoader = (
  context: Context,
  name: string,
  config: SharedConfig,
  visited: readonly string[],
) => Promise<Credentials | undefined>;

/** Whether a profile is for assuming a role with other credentials (with a token file it is one for web identity). */
export function isRoleProfile(profile: Profile): boolean {
  return present(profile.role_arn) !== undefined && present(profile.web_identity_token_file) === undefined;
}

/**
 * Assumes the role of a profile, with the credentials of its `source_profile` or `credential_source`.
 *
 * @throws ConfigError where the profile names both sources, none, one that is not there, or itself in a circle.
 */
export async function loadRole(
  context: Context,
  name: string,
  profile: Profile,
  config: SharedConfig,
  visited: readonly string[],
  loadSource: SourceLoader,
): Promise<Credentials | undefined> {
  if (!isRoleProfile(profile)) return lacking(context, `profile '${name}'`, "no role_arn");
  const roleArn = present(profile.role_arn)!.trim();
  const sourceProfile = present(profile.source_profile)?.trim();
  const credentialSource = present(profile.credential_source)?.trim();
  if (sourceProfile !== undefined && credentialSource !== undefined) {
    throw new ConfigError(
      `profile '${name}' has ${describeOrigin(profile, "source_profile")} and ${describeOrigin(profile, "credential_source")}: only one may be there`,
      { hint: "Take out the one that is not meant." },
    );
  }
  let signer: Credentials;
  if (sourceProfile !== undefined) {
    signer = await sourceCredentials(context, name, profile, sourceProfile, config, visited, loadSource);
  } else if (credentialSource !== undefined) {
    signer = await namedSource(context, name, profile, credentialSource);
  } else {
    throw new ConfigError(
      `profile '${name}': ${describeOrigin(profile, "role_arn")} is there, but nothing to assume it with`,
      {
        hint: "Add source_profile or credential_source.",
      },
    );
  }
  const serialNumber = present(profile.mfa_serial)?.trim();
  const role = {
    roleArn,
    roleSessionName: present(profile.role_session_name)?.trim(),
    externalId: present(profile.external_id)?.trim(),
    durationSeconds: seconds(profile.duration_seconds),
    serialNumber,
    tokenCode: serialNumber === undefined ? undefined : await mfaCode(context, serialNumber, `profile '${name}'`),
  };
  return assumeRole(context, role, signer, `profile '${name}': role ${roleArn}`);
}

/** Asks whoever can for the code of an MFA device. */
export async function mfaCode(context: Context, serialNumber: string, where: string): Promise<string> {
  const ask = context.options.mfaCodeProvider;
  if (ask !== undefined) return (await ask(serialNumber)).trim();
  throw new CredentialsError(`${where} needs the code of the MFA device ${serialNumber}`, {
    code: "MfaCodeNeeded",
    hint: "Pass `mfaCodeProvider`, a function that asks for the code: new Session({ mfaCodeProvider: async (serial) => ... }).",
  });
}

async function sourceCredentials(
  context: Context,
  name: string,
  profile: Profile,
  sourceName: string,
  config: SharedConfig,
  visited: readonly string[],
  loadSource: SourceLoader,
): Promise<Credentials> {
  const line = `profile '${name}': ${describeOrigin(profile, "source_profile")}`;
  const source = config.profiles[sourceName];
  if (source === undefined) {
    throw new ConfigError(`${line} names '${sourceName}': ${noSuchProfile(config)}`, {
      hint: "Correct source_profile.",
    });
  }
  const itself = sourceName === name && hasAnyKey(source);
  if (visited.includes(sourceName) && !itself) {
    throw new ConfigError(`${line} closes a circle: ${[...visited, sourceName].join(" -> ")}`, {
      code: "ProfileLoop",
      hint: "One of these profiles must have credentials of its own.",
    });
  }
  const fork = forkContext(context);
  const credentials = await loadSource(fork, sourceName, config, [...visited, sourceName]);
  if (credentials !== undefined) return credentials;
  throw new CredentialsError(`${line} names '${sourceName}', which has no credentials: ${listLacks(fork.lacks)}`, {
    code: "NoCredentials",
    hint: `Add keys to profile '${sourceName}', or another way to get some.`,
  });
}

/** Whether a profile has keys, or half of them, which then is a fault. */
export function hasAnyKey(profile: Profile): boolean {
  return present(profile.aws_access_key_id) !== undefined || present(profile.aws_secret_access_key) !== undefined;
}

const namedSources = {
  environment: loadEnv,
  ecscontainer: loadContainer,
  ec2instancemetadata: (context: Context) => loadInstanceMetadata(context),
};

async function namedSource(context: Context, name: string, profile: Profile, source: string): Promise<Credentials> {
  const line = `profile '${name}': ${describeOrigin(profile, "credential_source")}`;
  const word = source.toLowerCase();
  if (!Object.hasOwn(namedSources, word)) {
    throw new ConfigError(`${line}: '${source}' is no source of credentials`, {
      hint: "It is one of Environment, EcsContainer, Ec2InstanceMetadata.",
    });
  }
  const fork = forkContext(context);
  const credentials = await namedSources[word as keyof typeof namedSources](fork);
  if (credentials !== undefined) return credentials;
  throw new CredentialsError(`${line}: ${listLacks(fork.lacks)}`, {
    code: "NoCredentials",
    hint: `credential_source ${source} gave no credentials to assume the role with.`,
  });
}

/** A number of seconds; text that is none is ignored, as everywhere in AWS's tools. */
function seconds(text: string | undefined): number | undefined {
  const value = present(text)?.trim();
  return value !== undefined && /^\d+$/.test(value) ? Number(value) : undefined;
}

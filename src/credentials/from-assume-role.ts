import { selectProfile } from "../config/profile.js";
import { CredentialsError } from "../errors/base.js";
import { defaultChain } from "./chain.js";
import { type Context, makeProvider } from "./context.js";
import { loadProfileRole } from "./from-profile.js";
import { checkCredentials } from "./make.js";
import { mfaCode } from "./profile-role.js";
import { assumeRole } from "./sts.js";
import type { Credentials, CredentialsInput, CredentialsProvider, ProviderOptions } from "./types.js";

/** Options of `fromAssumeRole`. Without `roleArn` the profile says what role, and how. */
export interface AssumeRoleOptions extends ProviderOptions {
  /** `arn:aws:iam::123456789012:role/name`. */
  roleArn?: string | undefined;
  /** Who assumes the role. Default: what `defaultChain` finds. */
  credentials?: Exclude<CredentialsInput, "anonymous"> | undefined;
  /** Name of the session. Default: one of ours. */
  roleSessionName?: string | undefined;
  /** Seconds that the credentials hold, 900 to 43,200. Default: 3600. */
  durationSeconds?: number | undefined;
  /** What the role's owner agreed on with third parties. */
  externalId?: string | undefined;
  /** Serial number or ARN of an MFA device; `mfaCodeProvider` is asked for its code. */
  serialNumber?: string | undefined;
  /** A policy (JSON) that narrows the role's own. */
  policy?: string | undefined;
}

/**
 * Credentials of a role, by STS: one named here, or the one of a profile with `role_arn`.
 *
 * @throws NoCredentialsError where the profile has no role, CredentialsServiceError with STS's code.
 * @see https://docs.aws.amazon.com/sdkref/latest/guide/feature-assume-role-credentials.html
 */
export function fromAssumeRole(options: AssumeRoleOptions = {}): CredentialsProvider {
  const { roleArn, credentials } = options;
  // The role's owner decides in whose name: the search for those keys has nothing to do with the role.
  const signer = credentials ?? defaultChain(options);
  const load = async (context: Context): Promise<Credentials | undefined> => {
    if (roleArn === undefined) {
      const config = await context.config();
      selectProfile(config, context.choice);
      if (config.profiles[context.choice.name] === undefined) {
        throw new CredentialsError("assume role: no roleArn was given, and there is no profile to take one from", {
          code: "NoCredentials",
          hint: "Pass `roleArn`, or name a profile with role_arn.",
        });
      }
      return loadProfileRole(context, context.choice.name, config);
    }
    const given = typeof signer === "function" ? await signer({ signal: context.signal }) : signer;
    const { serialNumber } = options;
    const role = {
      roleArn,
      roleSessionName: options.roleSessionName,
      durationSeconds: options.durationSeconds,
      externalId: options.externalId,
      policy: options.policy,
      serialNumber,
      tokenCode: serialNumber === undefined ? undefined : await mfaCode(context, serialNumber, `role ${roleArn}`),
    };
    return assumeRole(context, role, checkCredentials(given, "credentials"), `role ${roleArn}`);
  };
  return makeProvider(options, load, ["roleArn", "roleSessionName", "externalId", "serialNumber", "policy"]);
}

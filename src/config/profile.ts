import { ConfigError } from "../errors/base.js";
import { present } from "./locate.js";
import { type Env, emptyRecord, type Profile, type SharedConfig } from "./types.js";

/** Which profile applies, and who said so. */
export interface ProfileChoice {
  readonly name: string;
  /** `option` where the program named it, a variable where the environment did, else `default`. */
  readonly from: "option" | "AWS_PROFILE" | "AWS_DEFAULT_PROFILE" | "default";
}

/** The profile to use: the one named in code, `AWS_PROFILE`, `AWS_DEFAULT_PROFILE`, else `default`. */
export function chooseProfile(named: string | undefined, env: Env): ProfileChoice {
  if (named !== undefined) return { name: named, from: "option" };
  const profile = present(env.AWS_PROFILE);
  if (profile !== undefined) return { name: profile.trim(), from: "AWS_PROFILE" };
  const fallback = present(env.AWS_DEFAULT_PROFILE);
  if (fallback !== undefined) return { name: fallback.trim(), from: "AWS_DEFAULT_PROFILE" };
  return { name: "default", from: "default" };
}

/**
 * The profile chosen, as the files have it; an empty one where nobody named it and no file has a `default`.
 *
 * @throws ConfigError where a profile was named that is in neither file.
 */
export function selectProfile(config: SharedConfig, choice: ProfileChoice): Profile {
  const profile = config.profiles[choice.name];
  if (profile !== undefined) return profile;
  if (choice.from === "default") return emptyRecord();
  const by = choice.from === "option" ? "" : ` (named by ${choice.from})`;
  throw new ConfigError(`Profile '${choice.name}'${by}: ${noSuchProfile(config)}`, {
    code: "ProfileNotFound",
    hint: "Check the spelling; in the config file a profile's section is [profile NAME], in the credentials file [NAME].",
  });
}

/** The rest of a sentence about a profile that does not exist: which there are. */
export function noSuchProfile(config: SharedConfig): string {
  const names = Object.keys(config.profiles);
  return names.length === 0
    ? "no such profile: the shared config files have none"
    : `no such profile in the shared config files, which have: ${names.join(", ")}`;
}

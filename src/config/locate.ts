import type { Env, FileOptions } from "./types.js";

/** The two shared files, as paths to open. */
export interface SharedFiles {
  readonly config: string;
  readonly credentials: string;
}

/** Where the shared files are when nobody says so. */
export function standardFiles(env: Env): SharedFiles {
  return { config: expandPath("~/.aws/config", env), credentials: expandPath("~/.aws/credentials", env) };
}

/**
 * Where the shared files are: an option, else `AWS_CONFIG_FILE` / `AWS_SHARED_CREDENTIALS_FILE`, else under `~/.aws`.
 *
 * @see https://docs.aws.amazon.com/sdkref/latest/guide/file-location.html
 */
export function locateSharedFiles(options: FileOptions = {}): SharedFiles {
  const env = options.env ?? process.env;
  const config = options.configFile ?? present(env.AWS_CONFIG_FILE);
  const credentials = options.credentialsFile ?? present(env.AWS_SHARED_CREDENTIALS_FILE);
  const standard = standardFiles(env);
  return {
    config: config === undefined ? standard.config : expandPath(config, env),
    credentials: credentials === undefined ? standard.credentials : expandPath(credentials, env),
  };
}

/** The user's home folder: `HOME`, on Windows also `USERPROFILE` and its drive and path, else what the system says. */
export function homeFolder(env: Env): string {
  const fromEnv = present(env.HOME);
  if (fromEnv !== undefined) return fromEnv;
  if (process.platform === "win32") {
    const profile = present(env.USERPROFILE);
    if (profile !== undefined) return profile;
    const path = present(env.HOMEPATH);
    if (path !== undefined) return (env.HOMEDRIVE ?? "C:") + path;
  }
  try {
    // Not imported above: most have a `HOME`, and need not load it.
    return process.getBuiltinModule("node:os").homedir();
  } catch {
    // Containers run under numbers that are nobody's, whom no list of users gives a home.
    return "/";
  }
}

/** Puts the home folder for a leading `~` and values for `$NAME` and `${NAME}` (on Windows also `%NAME%`); unknown names stay. */
export function expandPath(path: string, env: Env): string {
  const named = process.platform === "win32" ? /\$\{(\w+)\}|\$(\w+)|%(\w+)%/g : /\$\{(\w+)\}|\$(\w+)/g;
  const expanded = path.replace(named, (match, braced?: string, bare?: string, percent?: string) => {
    return env[(braced ?? bare ?? percent)!] ?? match;
  });
  return /^~(?=$|[/\\])/.test(expanded) ? homeFolder(env) + expanded.slice(1) : expanded;
}

/** A variable that is set to something: blank ones count as unset, as in every AWS tool. */
export function present(value: string | undefined): string | undefined {
  return value === undefined || value.trim() === "" ? undefined : value;
}

/** Environment variables, in the shape of `process.env`. */
export type Env = Readonly<Record<string, string | undefined>>;

/**
 * One profile (or `sso-session`): keys in lower case, values as they stand in the file, without coercion. A value that has
 * a nested section begins with a line end: `"\naddressing_style = path"`. Without a prototype, so that no key can meet one.
 */
export type Profile = Record<string, string>;

/** One `[services NAME]` section: per service (`s3`, `sts`) its keys and values. */
export type ServicesSection = Record<string, Record<string, string>>;

/** What the shared config files say. Every record is without a prototype. */
export interface SharedConfig {
  /** Profiles of both files; where both have a key, the credentials file wins. */
  profiles: Record<string, Profile>;
  /** `[sso-session NAME]` sections of the config file. */
  ssoSessions: Record<string, Profile>;
  /** `[services NAME]` sections of the config file. */
  services: Record<string, ServicesSection>;
}

/** Which of the two files a text is: they name their sections differently. */
export type FileKind = "config" | "credentials";

/** Where the shared files are looked for. */
export interface FileOptions {
  /** Path of the config file. Default: `AWS_CONFIG_FILE`, else `~/.aws/config`. */
  configFile?: string | undefined;
  /** Path of the credentials file. Default: `AWS_SHARED_CREDENTIALS_FILE`, else `~/.aws/credentials`. */
  credentialsFile?: string | undefined;
  /** The environment to read. Default: `process.env`. */
  env?: Env | undefined;
}

/** A record without a prototype: a key such as `__proto__` or `constructor` is a key like any other. */
export function emptyRecord<T>(): Record<string, T> {
  return Object.create(null) as Record<string, T>;
}

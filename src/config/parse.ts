import { type Property, type Section, scanFile } from "./dialect.js";
import { type Ini, type Properties, readSections } from "./ini.js";
import { emptyRecord, type FileKind, type Profile, type ServicesSection, type SharedConfig } from "./types.js";

/** Where a property of a profile stands, for messages: an error names file, section and key, and never the value. */
export interface Origin {
  readonly file: string;
  readonly kind: FileKind;
  readonly line: number;
}

// Beside the records, not in them: a Profile stays the plain dictionary that the file describes.
const origins = new WeakMap<object, Record<string, Origin>>();
const blocks = new WeakMap<object, Record<string, Record<string, string>>>();

/** Where `key` of this profile (or sso-session) comes from, if it was read from a file. */
export function originOf(profile: Profile, key: string): Origin | undefined {
  return origins.get(profile)?.[key];
}

/** The nested section under `key` of a profile (`s3 =` and indented lines), or undefined where there is none. */
export function nestedSection(profile: Profile, key: string): Record<string, string> | undefined {
  return blocks.get(profile)?.[key];
}

/** `key (file, line 12)` where the place is known, else the key alone. */
export function describeOrigin(profile: Profile, key: string): string {
  const origin = originOf(profile, key);
  return origin === undefined ? key : `${key} (${origin.file}, line ${origin.line})`;
}

/**
 * Reads the text of one shared file.
 *
 * @param file the name that errors give it.
 * @throws ConfigError naming file and line.
 */
export function parseText(ini: Ini, text: string, kind: FileKind, file: string): SharedConfig {
  const config: SharedConfig = { profiles: emptyRecord(), ssoSessions: emptyRecord(), services: emptyRecord() };
  const sections = scanFile(text, kind, file).filter((section) => section.kind !== "ignored");
  const prefixedDefault = sections.some((section) => isDefault(section) && section.prefixed);
  const wanted = prefixedDefault ? sections.filter((section) => !isDefault(section) || section.prefixed) : sections;

  // One reading for the whole file: first the sections, then the nested ones in the same order.
  const nested = wanted.flatMap((section) => section.properties.filter((property) => property.block !== undefined));
  const records = readSections(ini, [...wanted.map(toProperties), ...nested.map((property) => property.block!)]);
  const blockOf = new Map<Property, Record<string, string>>();
  for (let i = 0; i < nested.length; i++) blockOf.set(nested[i]!, records[wanted.length + i]!);

  for (let i = 0; i < wanted.length; i++) {
    const section = wanted[i]!;
    if (section.kind === "services") {
      config.services[section.name] ??= emptyRecord();
      const services: ServicesSection = config.services[section.name]!;
      for (const property of section.properties) {
        const block = blockOf.get(property);
        if (block !== undefined) services[property.key] = block;
      }
      continue;
    }
    const into = section.kind === "profile" ? config.profiles : config.ssoSessions;
    into[section.name] ??= emptyProfile();
    const profile = into[section.name]!;
    Object.assign(profile, records[i]);
    for (const property of section.properties) {
      origins.get(profile)![property.key] = { file, kind, line: property.line };
      const block = blockOf.get(property);
      // A later line of the same key takes the nested section of the earlier one away, too.
      if (block === undefined) delete blocks.get(profile)![property.key];
      else blocks.get(profile)![property.key] = block;
    }
  }
  return config;
}

/** Lays the credentials file over the config file. The result shares no record with either. */
export function mergeConfigs(config: SharedConfig, credentials: SharedConfig): SharedConfig {
  const merged: SharedConfig = {
    profiles: emptyRecord(),
    ssoSessions: config.ssoSessions,
    services: config.services,
  };
  for (const { profiles } of [config, credentials]) {
    for (const name in profiles) {
      const from = profiles[name]!;
      merged.profiles[name] ??= emptyProfile();
      const profile = merged.profiles[name]!;
      Object.assign(profile, from);
      for (const key in from) {
        const origin = originOf(from, key);
        if (origin !== undefined) origins.get(profile)![key] = origin;
        const block = nestedSection(from, key);
        if (block === undefined) delete blocks.get(profile)![key];
        else blocks.get(profile)![key] = block;
      }
    }
  }
  return merged;
}

function emptyProfile(): Profile {
  const profile: Profile = emptyRecord();
  origins.set(profile, emptyRecord());
  blocks.set(profile, emptyRecord());
  return profile;
}

function isDefault(section: Section): boolean {
  return section.kind === "profile" && section.name === "default";
}

/** Nested values are read as sections of their own, and kept here as they stand in the file. */
function toProperties(section: Section): Properties {
  return section.properties.map(({ key, value }) => [key, value] as const);
}

import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { loadSharedConfig, parseProfileFile, type SharedConfig } from "../../src/config/index.js";
import { mergeConfigs } from "../../src/config/parse.js";
import { ConfigError } from "../../src/errors/base.js";
import { sharedVectors } from "../support/shared.js";
import { inFolder } from "./folder.js";

/** One case of fixtures/config/profile-files.json: lines of the files, and what they hold or where they are at fault. */
interface Case {
  rule: string;
  config?: string[];
  credentials?: string[];
  profiles?: Record<string, Record<string, string>>;
  protoProfile?: Record<string, string>;
  ssoSessions?: Record<string, Record<string, string>>;
  services?: Record<string, Record<string, Record<string, string>>>;
  faultAtLine?: number;
}

function read(path: string): Case[] {
  return JSON.parse(readFileSync(new URL(path, import.meta.url), "utf8")) as Case[];
}

function parseBoth(config: string, credentials: string): SharedConfig {
  return mergeConfigs(parseProfileFile(config, "config"), parseProfileFile(credentials, "credentials"));
}

function expectPlain(record: object): void {
  expect(Object.getPrototypeOf(record)).toBeNull();
  for (const value of Object.values(record)) if (typeof value === "object") expectPlain(value as object);
}

describe("profile files", () => {
  it.each(read("../../fixtures/config/profile-files.json"))("$rule", (fixture) => {
    const config = (fixture.config ?? []).join("\n");
    const credentials = (fixture.credentials ?? []).join("\n");
    if (fixture.faultAtLine !== undefined) {
      expect(() => parseBoth(config, credentials)).toThrow(ConfigError);
      expect(() => parseBoth(config, credentials)).toThrow(`line ${fixture.faultAtLine}:`);
      return;
    }
    const result = parseBoth(config, credentials);
    expectPlain(result.profiles);
    expectPlain(result.ssoSessions);
    expectPlain(result.services);
    const { ["__proto__"]: proto, ...profiles } = result.profiles;
    expect(proto).toEqual(fixture.protoProfile);
    expect(profiles).toEqual(fixture.profiles);
    expect(result.ssoSessions).toEqual(fixture.ssoSessions ?? {});
    expect(result.services).toEqual(fixture.services ?? {});
  });

  it("keeps secrets out of parse errors", () => {
    const text = "[default]\naws_secret_access_key wJalrXUtnFEMI/K7MDENG";
    expect(() => parseProfileFile(text, "credentials")).toThrow(/credentials file, line 2/);
    expect(() => parseProfileFile(text, "credentials")).not.toThrow(/wJalr/);
  });

  it("leaves Object.prototype alone", () => {
    const { profiles } = parseProfileFile(
      "[profile __proto__]\npolluted = yes\n[default]\n__proto__ = x\ns3 =\n  __proto__ = y",
      "config",
    );
    // Names and keys like any other.
    expect(Object.entries(profiles)).toEqual([
      ["__proto__", expect.anything()],
      ["default", expect.anything()],
    ]);
    expect(Object.entries(profiles["default"]!)).toEqual([
      ["__proto__", "x"],
      ["s3", "\n__proto__ = y"],
    ]);
    expect("polluted" in {}).toBe(false);
    expect(Object.keys(Object.prototype)).toEqual([]);
  });
});

interface Vector {
  name: string;
  configFile?: string;
  credentialsFile?: string;
  files?: Record<string, string>;
  env?: Record<string, string>;
  expect: {
    error?: string;
    profiles?: Record<string, Record<string, string>>;
    ssoSessions?: Record<string, Record<string, string>>;
    services?: Record<string, Record<string, Record<string, string>>>;
  };
}

const vectors = sharedVectors<Vector>("profiles.json");

describe.runIf(vectors !== undefined)("profile files, shared vectors", () => {
  it.each(vectors ?? [])("$name", async (vector) => {
    const files = vector.files ?? { config: vector.configFile ?? "", credentials: vector.credentialsFile ?? "" };
    await inFolder(files, async (root) => {
      const load = (): SharedConfig =>
        vector.env === undefined
          ? loadSharedConfig({ configFile: `${root}/config`, credentialsFile: `${root}/credentials`, env: {} })
          : loadSharedConfig({
              env: Object.fromEntries(Object.entries(vector.env).map(([k, v]) => [k, v.replaceAll("{root}", root)])),
            });
      if (vector.expect.error !== undefined) {
        expect(load).toThrow(ConfigError);
        return;
      }
      const result = load();
      expect(result.profiles).toEqual(vector.expect.profiles);
      expect(result.ssoSessions).toEqual(vector.expect.ssoSessions ?? {});
      expect(result.services).toEqual(vector.expect.services ?? {});
    });
  });
});

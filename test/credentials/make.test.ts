import { format, inspect } from "node:util";
import { describe, expect, it } from "vitest";
import { fromStatic } from "../../src/credentials/from-static.js";
import * as providers from "../../src/credentials/index.js";
import { checkCredentials, makeCredentials, readExpiration } from "../../src/credentials/make.js";
import { CredentialsError } from "../../src/errors/base.js";

const fields = {
  accessKeyId: "AKIAEXAMPLE",
  secretAccessKey: "very-secret",
  sessionToken: "also-secret",
  expiration: new Date("2026-03-01T11:00:00Z"),
  accountId: "111122223333",
  source: "environment",
};

describe("credentials", () => {
  it("are read, spread, compared and cloned like a plain object", () => {
    const credentials = makeCredentials(fields);
    const { secretAccessKey, sessionToken } = credentials;
    expect([secretAccessKey, sessionToken]).toEqual(["very-secret", "also-secret"]);
    expect({ ...credentials }).toEqual(fields);
    expect(credentials).toEqual(fields);
    expect(structuredClone(credentials)).toEqual(fields);
    expect(Object.keys(makeCredentials({ accessKeyId: "a", secretAccessKey: "b" }))).toEqual([
      "accessKeyId",
      "secretAccessKey",
    ]);
  });

  it("don't change", () => {
    const credentials = makeCredentials(fields) as { accessKeyId: string };
    expect(() => {
      credentials.accessKeyId = "other";
    }).toThrow(TypeError);
  });

  it("show their secrets in no log", () => {
    const credentials = makeCredentials(fields);
    const shown = [
      inspect(credentials),
      inspect({ deep: { in: { here: credentials } } }, { depth: 9 }),
      inspect(credentials, { customInspect: false, showHidden: true }),
      inspect([credentials], { compact: false, colors: true }),
      format("%s %o %O %j", credentials, credentials, credentials, credentials),
      `${JSON.stringify({ credentials }, undefined, 2)}`,
      String(credentials),
    ].join("\n");
    expect(shown).toContain("AKIAEXAMPLE");
    expect(shown).toContain("[hidden]");
    expect(shown).not.toMatch(/secret[^A]/);
  });

  it("are taken from whatever a program gives, without copied line ends", () => {
    expect(checkCredentials({ accessKeyId: "A\n", secretAccessKey: " b\r\n", sessionToken: "" }, "mine")).toEqual({
      accessKeyId: "A",
      secretAccessKey: "b",
      source: "mine",
    });
    const given = checkCredentials({ ...fields, expiration: "2026-03-01T11:00:00Z" }, "mine");
    expect(given).toEqual(fields);
    expect(checkCredentials(given, "other")).toBe(given);
  });

  it.each([
    undefined,
    null,
    "keys",
    {},
    { accessKeyId: "A" },
    { secretAccessKey: "b" },
    { accessKeyId: 1, secretAccessKey: "b" },
  ])("are not %j", (given) => {
    expect(() => checkCredentials(given, "mine")).toThrow(CredentialsError);
    expect(() => fromStatic(given as never)).toThrow(/static credentials/);
  });

  it("have ends that are times", async () => {
    expect(readExpiration("2026-03-01T11:00:00UTC", "x")).toEqual(fields.expiration);
    expect(readExpiration("2026-03-01T12:00:00+01:00", "x")).toEqual(fields.expiration);
    for (const bad of ["", "soon", 12, {}, new Date(Number.NaN)]) expect(() => readExpiration(bad, "x")).toThrow(/x: /);
    expect(await fromStatic(fields)()).toEqual(fields);
  });
});

describe("options of providers", () => {
  it.each<[string, (options: never) => unknown, object | null]>([
    ["options", providers.fromEnv, null],
    ["profile", providers.fromProfile, { profile: 5 }],
    ["configFile", providers.fromSso, { configFile: new URL("file:///x") }],
    ["env", providers.defaultChain, { env: "HOME" }],
    ["clock", providers.fromContainer, { clock: new Date() }],
    ["mfaCodeProvider", providers.fromAssumeRole, { mfaCodeProvider: "123456" }],
    ["roleArn", providers.fromAssumeRole, { roleArn: 5 }],
    ["durationSeconds", providers.fromAssumeRole, { roleArn: "arn:aws:iam::1:role/r", durationSeconds: "1h" }],
    ["durationSeconds", providers.fromWebIdentity, { durationSeconds: 0.5 }],
    ["webIdentityTokenFile", providers.fromWebIdentity, { webIdentityTokenFile: true }],
    ["endpointMode", providers.fromInstanceMetadata, { endpointMode: 6 }],
    ["command", providers.fromProcess, { command: ["echo"] }],
  ])("of the wrong kind are refused at once, by name: %s", (name, factory, options) => {
    expect(() => factory(options as never)).toThrow(
      expect.objectContaining({ name: "ConfigError", message: expect.stringMatching(`^${name}: must be`) }),
    );
  });
});

import { readFileSync, writeFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import * as providers from "../../src/credentials/index.js";
import type { Credentials, CredentialsProvider, ProviderOptions } from "../../src/credentials/types.js";
import { TucuxiError } from "../../src/errors/base.js";
import { inFolder } from "../config/folder.js";
import { sharedVectors } from "../support/shared.js";
import { type Exchange, PlayedServices } from "./play.js";

/** Files, environment and services of a machine, and what a provider makes of them. `{root}` is the machine's folder. */
interface Scenario {
  name: string;
  provider: string;
  options?: ProviderOptions;
  now: string;
  env: Record<string, string>;
  files: Record<string, string>;
  http: Exchange[];
  expect: {
    credentials?: Record<string, string>;
    error?: string;
    /** Of our own scenarios: what the error says. */
    message?: string;
  };
}

const factories = providers as unknown as Record<string, (options: ProviderOptions) => CredentialsProvider>;
const scenarios = JSON.parse(
  readFileSync(new URL("../../fixtures/credentials/scenarios.json", import.meta.url), "utf8"),
) as Scenario[];

describe("credential scenarios", () => {
  it.each(scenarios)("$name", run);
});

async function run(scenario: Scenario): Promise<void> {
  await inFolder(scenario.files, async (folder) => {
    const put = <T>(value: T): T => JSON.parse(JSON.stringify(value).replaceAll("{root}", folder)) as T;
    for (const [path, content] of Object.entries(scenario.files)) {
      writeFileSync(`${folder}/${path}`, content.replaceAll("{root}", folder));
    }
    const services = new PlayedServices(put(scenario.http));
    const factory = factories[scenario.provider]!;
    const provider = factory({
      ...put(scenario.options ?? {}),
      env: put(scenario.env),
      dispatcher: services.dispatcher,
      clock: () => new Date(scenario.now),
      logger: { warn: () => {} },
    });
    let credentials: Credentials | undefined;
    let error: unknown;
    try {
      credentials = await provider();
    } catch (thrown) {
      error = thrown;
    }
    services.finish();
    if (scenario.expect.credentials === undefined) {
      expect(error).toBeInstanceOf(TucuxiError);
      if (scenario.expect.message !== undefined)
        expect((error as Error).message).toMatch(new RegExp(put(scenario.expect.message)));
      return;
    }
    if (error !== undefined) throw error;
    const { accountId, expiration, ...keys } = scenario.expect.credentials;
    expect(credentials).toMatchObject(keys);
    expect(credentials!.sessionToken).toBe(scenario.expect.credentials.sessionToken);
    expect(credentials!.expiration).toEqual(expiration === undefined ? undefined : new Date(expiration));
    if (accountId !== undefined) expect(credentials!.accountId).toBe(accountId);
    expect(credentials!.source).toEqual(expect.any(String));
  });
}

const vectors = sharedVectors<Scenario>("credentials.json");

describe.runIf(vectors !== undefined)("credential scenarios, shared vectors", () => {
  it.each(vectors ?? [])("$name", run);
});

// Which host a client of a session calls, given environment, files and options: the published cases, through the public API.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { type S3ClientOptions, Session } from "tucuxi";
import { describe, expect, it } from "vitest";
import { Capture } from "../golden/servers.js";
import { sharedVectors } from "../support/shared.js";

interface UrlCase {
  name: string;
  profile?: string;
  env: Record<string, string>;
  files: Record<string, string>;
  options: S3ClientOptions & { ignoreConfiguredEndpointUrls?: boolean };
  expect: { origin?: string };
}

const cases = sharedVectors<UrlCase>("endpoint-urls.json") ?? [];

describe.runIf(cases.length > 0)("the host that a client calls", () => {
  it.each(cases.map((test) => [test.name, test] as const))("%s", async (_name, test) => {
    const root = mkdtempSync(join(tmpdir(), "tucuxi-urls-"));
    try {
      for (const [file, text] of Object.entries(test.files)) {
        mkdirSync(dirname(join(root, file)), { recursive: true });
        writeFileSync(join(root, file), text.replaceAll("{root}", root));
      }
      const env = Object.fromEntries(
        Object.entries(test.env).map(([key, value]) => [key, value.replaceAll("{root}", root)]),
      );
      const dispatcher = new Capture();
      const s3 = new Session({ profile: test.profile, env }).client({ ...test.options, dispatcher });
      await s3.listBuckets().catch(() => {});
      const sent = dispatcher.sent[0]!;
      expect(`${sent.scheme}://${sent.host}`).toBe(test.expect.origin);
    } finally {
      rmSync(root, { recursive: true });
    }
  });
});

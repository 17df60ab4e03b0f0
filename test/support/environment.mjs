// The environment that tests run in: whoever starts them has a home, settings for AWS and a proxy, which none of them may see.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** The same environment without what a client would take from it, and with another home. */
export function withoutSettings(env, home) {
  const kept = Object.entries(env).filter(([name]) => !/^AWS_|^TUCUXI_DEBUG$|_proxy$/i.test(name));
  return { ...Object.fromEntries(kept), HOME: home, USERPROFILE: home };
}

/** For vitest, before it starts its workers: they inherit what is here. */
export default function setup() {
  const home = mkdtempSync(join(tmpdir(), "tucuxi-home-"));
  const env = withoutSettings(process.env, home);
  for (const name of Object.keys(process.env)) if (!(name in env)) delete process.env[name];
  Object.assign(process.env, env);
  return () => rmSync(home, { recursive: true, force: true });
}

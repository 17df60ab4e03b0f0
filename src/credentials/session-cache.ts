import type { Env } from "../config/types.js";
import { CredentialsError } from "../errors/base.js";
import { CredentialCache } from "./cache.js";
import { fromStatic } from "./from-static.js";
import type { CredentialsInput, CredentialsProvider, ProviderOptions } from "./types.js";

/** What a session or client knows of its credentials. */
export interface SessionCredentialOptions extends ProviderOptions {
  /** Keys, a function that fetches them, or `"anonymous"`. Default: the chain. */
  credentials?: CredentialsInput | undefined;
}

/**
 * The cache that a session's clients take their credentials from. The chain's code is loaded with the first request that
 * needs it.
 */
export function credentialCache(options: SessionCredentialOptions, env?: Env): CredentialCache {
  const { credentials, ...rest } = options;
  return new CredentialCache(providerOf(credentials, { ...rest, env: rest.env ?? env }), {
    clock: rest.clock ?? rest.now,
    logger: rest.logger,
  });
}

function providerOf(credentials: CredentialsInput | undefined, options: ProviderOptions): CredentialsProvider {
  if (credentials === "anonymous") {
    return async () => {
      throw new CredentialsError("There are no credentials: requests are anonymous", { code: "NoCredentials" });
    };
  }
  if (typeof credentials === "function") return credentials;
  if (credentials !== undefined) return fromStatic(credentials);
  let chain: CredentialsProvider | undefined;
  return async (call) => {
    if (chain === undefined) {
      const { defaultChain } = await import("./chain.js");
      chain ??= defaultChain(options);
    }
    return chain(call);
  };
}

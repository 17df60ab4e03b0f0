import { checkCredentials } from "./make.js";
import type { Credentials, CredentialsProvider } from "./types.js";

/** Put in the place of credentials, it makes a client send its requests unsigned. */
export const anonymous = "anonymous";

/**
 * Keys that the program has.
 *
 * @throws CredentialsError at once where one half is missing.
 */
export function fromStatic(credentials: Credentials): CredentialsProvider {
  const checked = checkCredentials(credentials, "static credentials");
  return async () => checked;
}

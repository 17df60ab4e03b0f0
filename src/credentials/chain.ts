import { noSuchProfile, selectProfile } from "../config/profile.js";
import { type Context, type Loader, lacking, makeProvider } from "./context.js";
import { CredentialsServiceError } from "./errors.js";
import { loadContainer } from "./from-container.js";
import { loadEnv } from "./from-env.js";
import { loadInstanceMetadata } from "./from-instance-metadata.js";
import { loadLegacyFiles } from "./from-legacy-files.js";
import { loadProfileRest, loadProfileRole } from "./from-profile.js";
import { loadWebIdentity } from "./from-web-identity.js";
import type { Credentials, CredentialsProvider, ProviderOptions } from "./types.js";

/**
 * The way AWS's own tools look for credentials. The first that has something to go by gives them; where it is at fault, the
 * search ends there. A profile that is named in code leaves out what the environment says of keys and web identity.
 *
 * Once one has given credentials, later calls ask it first: a refresh does not make one somebody else.
 *
 * @throws NoCredentialsError that lists everyone asked, in order, with what each lacked.
 * @see https://docs.aws.amazon.com/sdkref/latest/guide/standardized-credentials.html
 */
export function defaultChain(options: ProviderOptions = {}): CredentialsProvider {
  let last: Loader | undefined;
  return makeProvider(options, async (context) => {
    if (last !== undefined) {
      const again = await last(context);
      if (again !== undefined) return again;
      context.lacks.length = 0;
    }
    for (const load of chain) {
      const credentials = await load(context);
      if (credentials === undefined) continue;
      last = load;
      return credentials;
    }
    return undefined;
  });
}

/** Who is asked, in order. */
const chain: readonly Loader[] = [
  environment,
  profileRole,
  webIdentity,
  profileRest,
  loadLegacyFiles,
  loadContainer,
  instanceMetadata,
];

function isNamedInCode(context: Context): boolean {
  return context.choice.from === "option";
}

async function environment(context: Context): Promise<Credentials | undefined> {
  return isNamedInCode(context) ? undefined : loadEnv(context);
}

async function profileRole(context: Context): Promise<Credentials | undefined> {
  const config = await context.config();
  const { choice } = context;
  if (isNamedInCode(context)) selectProfile(config, choice);
  if (config.profiles[choice.name] !== undefined) return loadProfileRole(context, choice.name, config);
  return lacking(context, `profile '${choice.name}'`, noSuchProfile(config));
}

async function webIdentity(context: Context): Promise<Credentials | undefined> {
  return loadWebIdentity(context, {}, !isNamedInCode(context));
}

async function profileRest(context: Context): Promise<Credentials | undefined> {
  const config = await context.config();
  const { name } = context.choice;
  return config.profiles[name] === undefined ? undefined : loadProfileRest(context, name, config);
}

/** The last in the chain: where it refuses, what the others lacked is worth as much. */
async function instanceMetadata(context: Context): Promise<Credentials | undefined> {
  try {
    return await loadInstanceMetadata(context);
  } catch (error) {
    if (!(error instanceof CredentialsServiceError)) throw error;
    // The list names the service already.
    return lacking(context, error.service, error.message.slice(error.service.length + 1));
  }
}

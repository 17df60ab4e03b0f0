// Credentials: each `from...` is a function of options that returns an async provider, `(options?) => Promise<Credentials>`.
export { CredentialsError } from "../errors/base.js";
export { CredentialCache, type CredentialCacheOptions } from "./cache.js";
export { defaultChain } from "./chain.js";
export { CredentialsServiceError, type Lack, NoCredentialsError } from "./errors.js";
export { type AssumeRoleOptions, fromAssumeRole } from "./from-assume-role.js";
export { fromContainer } from "./from-container.js";
export { fromEnv } from "./from-env.js";
export { fromInstanceMetadata, type InstanceMetadataOptions } from "./from-instance-metadata.js";
export { fromLegacyFiles } from "./from-legacy-files.js";
export { fromLogin } from "./from-login.js";
export { fromProcess, type ProcessOptions } from "./from-process.js";
export { fromProfile } from "./from-profile.js";
export { fromSso } from "./from-sso.js";
export { anonymous, fromStatic } from "./from-static.js";
export { fromWebIdentity, type WebIdentityOptions } from "./from-web-identity.js";
export { type CallerIdentity, type CallerIdentityOptions, getCallerIdentity } from "./sts.js";
export type {
  Clock,
  Credentials,
  CredentialsInput,
  CredentialsLogger,
  CredentialsProvider,
  ProviderCallOptions,
  ProviderOptions,
  SharedConfigSource,
} from "./types.js";

/**
 * Tucuxi: an S3 client for Node.js. This is the front door; what a program pays for with importing it is what stands here.
 * The rooms behind it have doors of their own: `tucuxi/sigv4`, `/config`, `/credentials`, `/endpoint`, `/testing`.
 */
export { S3Client } from "./client/client.js";
export type { HookRequest, HookResponse, HookRetry, Hooks, Logger } from "./client/hooks.js";
export type { CallOptions, ChecksumMode, PresignOptions, S3ClientOptions } from "./client/options.js";
export { type Page, Pages, type PaginateOptions } from "./client/pages.js";
export type { PresignPostInput } from "./client/presign-post.js";
export type { WaitOptions } from "./client/waiters.js";
export type { CallerIdentity } from "./credentials/sts.js";
export type { Credentials, CredentialsInput, CredentialsProvider } from "./credentials/types.js";
export * from "./errors/base.js";
export * from "./errors/layers.js";
export * from "./errors/service.js";
export type * from "./model/dictionaries.js";
export type { OperationName, Operations } from "./model/generated/methods.js";
export type { PageOperations } from "./model/generated/pages.js";
export type * from "./model/generated/types.js";
export type { Waiters } from "./model/generated/waiters.js";
export * from "./resource/index.js";
export { Session, type SessionOptions } from "./session.js";
export type { PresignedPost } from "./sigv4/index.js";
export type * from "./transfer/types.js";

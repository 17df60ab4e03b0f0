/**
 * `tucuxi/sigv4`: Signature Version 4 and 4A for S3 and, with switches, for every other AWS service. Needs nothing but `node:crypto`.
 *
 * To read it: `request.ts` (the header form, step by step), `canonical.ts` and `encode.ts` (what is signed), `signer.ts` and `key.ts`
 * (with what), then `presign.ts`, `post.ts`, `chunk.ts` and, for the other side, `verify.ts`.
 */
export {
  type ChunkSigner,
  type ChunkVerifier,
  createChunkSigner,
  createChunkVerifier,
  padChunkSignature,
} from "./chunk.js";
export { deriveSigningKey } from "./key.js";
export { presignPost } from "./post.js";
export { presignUrl } from "./presign.js";
export { signRequest } from "./request.js";
export type {
  ChunkSignerInput,
  EcdsaPublicKey,
  HeaderRecord,
  PolicyCondition,
  PresignedPost,
  PresignedUrl,
  PresignPostInput,
  PresignUrlInput,
  SignableBody,
  SignedRequest,
  SigningAlgorithm,
  SigningCredentials,
  SignRequestInput,
  Verification,
  VerificationCode,
  VerifySignatureInput,
} from "./types.js";
export { verifySignature } from "./verify.js";

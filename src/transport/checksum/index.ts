/** Checksums of bodies and objects: computing, combining, checking. `kernel/` says how the fast ones work. */
export {
  algorithmOf,
  algorithmOfHeader,
  type ChecksumAlgorithm,
  type CrcAlgorithm,
  checksumHeader,
  checksumMember,
  checksumTextLength,
  digestLengths,
  isChecksumHeader,
  validationOrder,
} from "./algorithms.js";
export { type Checksum, checksum, createChecksum } from "./checksum.js";
export { combineCrc, compositeChecksum, type Digest, fullObjectChecksum, isCrc } from "./parts.js";
export { type ChecksumVerifier, checksumVerifier, type GivenChecksum, responseChecksum } from "./verifier.js";

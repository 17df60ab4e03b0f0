/**
 * Where things lie in the one memory that all kernels share. Each kernel has its own tables; state, digest and stage belong
 * to whichever kernel is running (a call is never interrupted), and `../kernel.ts` carries the state of each checksum in and out.
 */
export const layout = {
  /** Of the memory, in pages of 64 KiB. */
  pages: 2,
  /** The running state of the checksum at work: at most 64 bytes. */
  state: 0,
  /** The finished digest, most significant byte first: at most 16 bytes. */
  digest: 64,
  /** XXH3's secret: 192 bytes. */
  secret: 128,
  /** Eight tables of 256 entries: 16 KiB for CRC-64, 8 KiB each for the CRC-32s. */
  crc64nvme: 1024,
  crc32c: 17408,
  crc32: 25600,
  /** At least 2 KiB before the stage that nobody writes to, so that a CRC finds zeros before its first byte. */
  stage: 36864,
  /** Bytes of input that the stage holds. */
  stageSize: 94208,
};

// The servers that are asked, and where they were seen to part from S3 here, by `room: capability`. The keys that a server does not hold
// stand in test/servers/known.
const noChecksums = { differs: "ignores checksums" };
const overTls = { refused: "InvalidRequest" };

/** `checksums`: what boto3 is told, since it would send others what they don't know. */
export const servers = {
  box: { checksums: "when_supported", known: {} },
  ceph: {
    checksums: "when_required",
    known: Object.fromEntries(
      [
        "composite SHA256: it reads ours",
        "composite SHA256: we read its",
        "composite SHA1: it reads ours",
        "composite SHA1: we read its",
        "composite CRC32: the same from both",
        "composite CRC32C: the same from both",
      ].map((capability) => [`boto3: ${capability}`, noChecksums]),
    ),
  },
  minio: {
    checksums: "when_supported",
    known: {
      // It takes a customer's key over TLS alone.
      "boto3: SSE-C: it reads ours": overTls,
      "boto3: SSE-C: we read its": overTls,
    },
  },
  versitygw: { checksums: "when_supported", known: {} },
};

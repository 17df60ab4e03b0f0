// The other half of the soak: an S3 in memory, in a process of its own, with faults mixed in.
import { S3Server } from "../../dist/testing/index.js";

let seed = 1;
/** A chance that is the same in every run (mulberry32). */
const random = () => {
  seed = (seed + 0x6d2b79f5) | 0;
  let t = Math.imul(seed ^ (seed >>> 15), seed | 1);
  t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
  return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
};

const server = await S3Server.start({ buckets: ["soak"], random, maxBytes: 2 * 1024 ** 3 });

const faults = [
  // Answers that a retry heals.
  { chance: 0.01, status: 500 },
  { chance: 0.01, code: "SlowDown", headers: { "x-amz-retry-after": "5" } },
  { chance: 0.005, status: 502, body: "<html><body>Bad Gateway</body></html>" },
  { chance: 0.01, resetAfter: 0 },
  { operation: ["PutObject", "UploadPart"], chance: 0.01, resetRequestAfter: 1000 },
  { operation: ["CompleteMultipartUpload", "CopyObject"], chance: 0.05, errorIn200: "InternalError" },
  { operation: ["CompleteMultipartUpload", "CopyObject"], chance: 0.1, whitespace: 100 },
  // What was asked is done, and the answer lost.
  { operation: ["PutObject", "UploadPart", "DeleteObject"], chance: 0.01, status: 503, afterwards: true },
  // Downloads that break, and are healed by a range.
  { operation: "GetObject", chance: 0.02, resetAfter: 5000 },
  { operation: "GetObject", chance: 0.02, truncateAfter: 300 },
  { operation: "GetObject", chance: 0.01, stallMs: 100, stallAfter: 1000 },
  { operation: ["ListObjectsV2"], chance: 0.02, truncateAfter: 200 },
];
for (const fault of faults) server.fault(fault);

process.on("message", (message) => {
  if (message === "stop") void server.stop().then(() => process.exit(0));
});
// The server remembers its last ten thousand requests: nothing that grows for ever.
process.send({
  url: server.url,
  region: server.region,
  credentials: server.credentials,
  bucket: "soak",
});

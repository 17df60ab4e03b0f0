// What an endpoint costs: `npm run bench:build && node test/bench/endpoint.mjs`. A hit of the cache should be tens of nanoseconds, a miss
// (the rules themselves) a few microseconds at most.
import { performance } from "node:perf_hooks";

const dist = new URL("../../.cache/bench/", import.meta.url);
const started = performance.now();
const { resolveEndpoint } = await import(new URL("endpoint/index.js", dist));
const { EndpointCache, traitsKey } = await import(new URL("endpoint/cache.js", dist));
const { prepareEndpoint } = await import(new URL("endpoint/prepared.js", dist));
const imported = performance.now() - started;
const firstStarted = performance.now();
resolveEndpoint({ Region: "eu-central-1", Bucket: "first" });
const first = performance.now() - firstStarted;

/** Nanoseconds a call, the best of several rounds. */
function measure(call, times = 200_000) {
  let best = Number.POSITIVE_INFINITY;
  for (let round = 0; round < 7; round++) {
    const from = performance.now();
    for (let index = 0; index < times; index++) call(index);
    best = Math.min(best, performance.now() - from);
  }
  return (best * 1e6) / times;
}

let kept = 0;
const rows = [];
const row = (name, nanoseconds) => rows.push({ name, "ns/call": Math.round(nanoseconds) });

const cache = new EndpointCache({ Region: "eu-central-1" });
const custom = new EndpointCache({
  Region: "eu-central-1",
  Endpoint: "http://127.0.0.1:9000/prefix",
  ForcePathStyle: true,
});
const names = Array.from({ length: 256 }, (_, index) => `bucket-${index}`);
const key = traitsKey({ expressControl: true });
row(
  "hit, one bucket",
  measure(() => (kept += cache.get("bucket-0").host.length)),
);
row(
  "hit, 256 buckets",
  measure((index) => (kept += cache.get(names[index & 255]).host.length)),
);
row(
  "hit, control operation",
  measure(() => (kept += cache.get("bucket-0", key).host.length)),
);
row(
  "hit, another region",
  measure(() => (kept += cache.get("bucket-0", 0, "us-west-2").host.length)),
);
row(
  "hit, custom endpoint",
  measure(() => (kept += custom.get("bucket-0").basePath.length)),
);
row(
  "traits of an operation",
  measure(() => (kept += traitsKey({ expressControl: true, noAccessPoints: true }))),
);

const parameters = {
  "virtual host": { Region: "eu-central-1", Bucket: "bucket-name" },
  "path style": { Region: "us-gov-west-1", Bucket: "bucket.name" },
  "custom endpoint": {
    Region: "us-east-1",
    Bucket: "bucket",
    Endpoint: "http://minio.example:9000/prefix",
    ForcePathStyle: true,
  },
  "IPv6 endpoint": { Region: "us-east-1", Bucket: "bucket", Endpoint: "http://[2001:db8::1]:9000" },
  "access point": { Region: "us-east-1", Bucket: "arn:aws:s3:us-west-2:111122223333:accesspoint/name" },
  outpost: { Region: "us-east-1", Bucket: "arn:aws:s3-outposts:us-east-1:111122223333:outpost/op-1/accesspoint/name" },
  "directory bucket": { Region: "us-east-1", Bucket: "name--use1-az4--x-s3" },
  "no bucket, unknown region": { Region: "moon-1" },
};
for (const [name, given] of Object.entries(parameters)) {
  row(
    `resolve: ${name}`,
    measure(() => (kept += resolveEndpoint(given).url.length), 50_000),
  );
  row(
    `resolve and prepare: ${name}`,
    measure(() => (kept += prepareEndpoint(resolveEndpoint(given)).host.length), 50_000),
  );
}
row(
  "miss (full cache, a new name every time)",
  measure((index) => (kept += cache.get(`b-${index}-${kept & 7}`).host.length), 20_000),
);

console.table(rows);
console.log(`import ${imported.toFixed(1)} ms, first call ${first.toFixed(2)} ms (${kept} characters kept)`);

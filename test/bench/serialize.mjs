// What it costs to turn a dictionary into a request, and the headers of an answer into a dictionary:
// `npm run bench:build && node test/bench/serialize.mjs`.
//
// CPU time of the process per call, the least of several rounds in which everybody takes turns. The floor is the same request written by hand,
// with nothing checked. Ratios travel, nanoseconds don't.
const dist = new URL(process.argv[2] ?? "../../.cache/bench/", import.meta.url);
const { operation } = await import(new URL("model/operation.js", dist));
const { parseOutput, serialize } = await import(new URL("protocol/index.js", dist));
const { prepareInput, finishOutput } = await import(new URL("rules/index.js", dist));

const rounds = 9;
const perRound = 50_000;
const Bucket = "amzn-s3-demo-bucket";
const Key = "photos/2026/01/summer-holiday/image-00042.jpg";
const body = Buffer.from("0123456789abcdef");
const inputs = {
  GetObject: { Bucket, Key },
  "GetObject with a range and a version": { Bucket, Key, Range: "bytes=0-1023", VersionId: "3HL4kqtJvjVBH40Nrjfkd" },
  "GetObject of a key to encode": { Bucket, Key: "photos/2026/über den Wolken/bild (1).jpg" },
  HeadObject: { Bucket, Key },
  DeleteObject: { Bucket, Key },
  PutObject: { Bucket, Key, Body: body },
  "PutObject with type and metadata": {
    Bucket,
    Key,
    Body: body,
    ContentType: "image/jpeg",
    CacheControl: "max-age=86400",
    Metadata: { author: "somebody", width: "4000" },
  },
  ListObjectsV2: { Bucket, Prefix: "photos/2026/01/", MaxKeys: 1000 },
  UploadPart: {
    Bucket,
    Key,
    UploadId: "VXBsb2FkIElEIGZvciBlbHZpbmcncyBtb3ZpZS5tMnRzIHVwbG9hZA",
    PartNumber: 7,
    Body: body,
  },
  "DeleteObjects of 1000": {
    Bucket,
    Delete: {
      Objects: Array.from({ length: 1000 }, (_, i) => ({ Key: `photos/2026/01/image-${i}.jpg` })),
      Quiet: true,
    },
  },
};
const context = { region: "eu-central-1", checksumMode: true };
const answer = {
  "x-amz-id-2": "Uuag1LuByRx9e6j5Onimru9pO4ZVKnJ2Qz7/C1NPcfTWAtRPfTaOFg==",
  "x-amz-request-id": "656c76696e6727732072657175657374",
  date: "Fri, 02 Jan 2026 03:04:05 GMT",
  "last-modified": "Fri, 02 Jan 2026 03:04:05 GMT",
  etag: '"fba9dede5f27731c9771645a39863328"',
  "x-amz-checksum-crc64nvme": "qB4HhJnBOoI=",
  "x-amz-checksum-type": "FULL_OBJECT",
  "x-amz-server-side-encryption": "AES256",
  "accept-ranges": "bytes",
  "content-type": "image/jpeg",
  "content-length": "16",
  server: "AmazonS3",
};

const contenders = [
  [
    "floor: GetObject by hand",
    () => ({ path: `/${Key}`, query: "", headers: ["x-amz-checksum-mode", "ENABLED"], body: undefined }),
    perRound,
  ],
  ...Object.entries(inputs).map(([name, input]) => {
    const op = operation(name.split(" ")[0]);
    return [name, () => serialize(op, prepareInput(op, input, context)), name.includes("1000") ? 300 : perRound];
  }),
  ...["GetObject", "PutObject"].map((name) => {
    const op = operation(name);
    return [
      `${name}, the answer's headers`,
      () => {
        const output = parseOutput(op, 200, answer, undefined);
        finishOutput(op, output, { input: inputs[name], headers: answer });
        return output;
      },
      perRound,
    ];
  }),
];

const best = new Map(contenders.map(([name]) => [name, Number.POSITIVE_INFINITY]));
let kept;
for (let round = 0; round < rounds; round++) {
  for (const [name, run, times] of contenders) {
    const before = process.cpuUsage();
    for (let i = 0; i < times; i++) kept = run();
    const { user, system } = process.cpuUsage(before);
    best.set(name, Math.min(best.get(name), (user + system) / times));
  }
}
if (kept === undefined) throw new Error("nothing was written");
for (const [name, us] of best) console.log(`${name.padEnd(40)} ${(us * 1000).toFixed(0).padStart(8)} ns`);

// What a page of a listing costs, from bytes to dictionaries: `npm run bench:build && node test/bench/list.mjs`.
//
// CPU time of the process per page of 1000 keys, the least of several rounds in which everybody takes turns. The floor is what
// nobody can leave out: bytes to a string, and one `indexOf` for the end of each text. Ratios travel, milliseconds don't.
import { XMLParser } from "fast-xml-parser";

const dist = new URL(process.argv[2] ?? "../../.cache/bench/", import.meta.url);
const { operation } = await import(new URL("model/operation.js", dist));
const { parseOutput, prepareParser, serialize } = await import(new URL("protocol/index.js", dist));
const { finishOutput } = await import(new URL("rules/index.js", dist));
const { Scanner } = await import(new URL("protocol/xml-scan.js", dist));
const tree = await import(new URL("protocol/xml-tree.js", dist));
const { readPlan } = await import(new URL("protocol/read-plan.js", dist));
await tree.loadTreeReader();

const rounds = 9;
const perRound = 12;

function page(encoded, pretty) {
  const line = pretty ? "\n  " : "";
  let text = `<?xml version="1.0" encoding="UTF-8"?>\n<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Name>amzn-s3-demo-bucket</Name><Prefix></Prefix><KeyCount>1000</KeyCount><MaxKeys>1000</MaxKeys>${encoded ? "<EncodingType>url</EncodingType>" : ""}<IsTruncated>true</IsTruncated>`;
  for (let i = 0; i < 1000; i++) {
    const key = `photos/2026/01/${encoded ? "summer+holiday" : "summer-holiday"}/image-${String(i).padStart(5, "0")}.jpg`;
    text += `${line}<Contents>${line}<Key>${key}</Key>${line}<LastModified>2026-01-${10 + (i % 18)}T17:50:30.000Z</LastModified>${line}<ETag>&quot;${i.toString(16).padStart(32, "0")}&quot;</ETag>${line}<Size>${1000 + i * 977}</Size>${line}<StorageClass>STANDARD</StorageClass>${line}</Contents>`;
  }
  return Buffer.from(`${text}</ListBucketResult>`);
}

const plain = page(false, false);
const op = operation("ListObjectsV2");
await prepareParser(op);
const input = { Bucket: "amzn-s3-demo-bucket" };
serialize(op, input);

const floor = (bytes) => {
  const text = bytes.toString("utf8");
  let at = 0;
  let sum = 0;
  for (let i = 0; i < 1000; i++) {
    at = text.indexOf("<Contents>", at) + 10;
    for (const name of ["Key", "LastModified", "ETag", "Size", "StorageClass"]) {
      const from = text.indexOf(`<${name}>`, at) + name.length + 2;
      const to = text.indexOf(`</${name}>`, from);
      sum += text.slice(from, to).length;
      at = to;
    }
  }
  return sum;
};
const ours = (bytes) => () => {
  const output = parseOutput(op, 200, {}, bytes);
  finishOutput(op, output, { input, headers: {} });
  if (output.Contents.length !== 1000) throw new Error("not a page");
};
const general = new XMLParser({ ignoreAttributes: false, parseTagValue: false });

const contenders = [
  ["floor: decode and 1000 entries by indexOf", () => floor(plain)],
  [
    "the same and 1000 new Date(text)",
    () => floor(plain) && Array.from({ length: 1000 }, () => new Date("2026-01-11T17:50:30.000Z")),
  ],
  ["tucuxi", ours(plain)],
  ["tucuxi, keys percent-encoded", ours(page(true, false))],
  ["tucuxi, indented", ours(page(false, true))],
  [
    "tucuxi, scanner alone",
    () => {
      const scanner = new Scanner(plain.toString("latin1"));
      scanner.root();
      scanner.members(readPlan(op.output), []);
    },
  ],
  ["tucuxi, general reader", () => tree.membersOfTree(tree.parseTree(plain.toString("utf8")), readPlan(op.output), [])],
  ["fast-xml-parser alone", () => general.parse(plain.toString("utf8"))],
];

const best = new Map(contenders.map(([name]) => [name, Number.POSITIVE_INFINITY]));
for (let round = 0; round < rounds; round++) {
  for (const [name, run] of contenders) {
    const before = process.cpuUsage();
    for (let i = 0; i < perRound; i++) run();
    const { user, system } = process.cpuUsage(before);
    best.set(name, Math.min(best.get(name), (user + system) / perRound / 1000));
  }
}
const base = best.get(contenders[0][0]);
for (const [name, ms] of best)
  console.log(`${name.padEnd(44)} ${ms.toFixed(2).padStart(7)} ms  ${(ms / base).toFixed(2).padStart(6)}x`);

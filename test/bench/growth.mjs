// How cost grows: `npm run build && node test/bench/growth.mjs [GETs]`. Draws test/bench/growth.svg.
//
// Requests against concurrency, a listing against its pages, an upload against its parts, and memory over many GETs. CPU is that of the
// client's process, the least of several rounds; the server is another process on loopback.
import { fork, spawn } from "node:child_process";
import { writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { S3Client } from "../../dist/index.js";

const gets = Number(process.argv[2] ?? 200_000);
const path = (name) => fileURLToPath(new URL(name, import.meta.url));
const credentials = {
  accessKeyId: "AKIAIOSFODNN7EXAMPLE",
  secretAccessKey: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
};
const client = (port, more) =>
  new S3Client({
    endpoint: `http://127.0.0.1:${port}`,
    region: "us-east-1",
    credentials,
    maxConnections: 512,
    ...more,
  });
const firstLine = (child) => new Promise((resolve) => child.stdout.once("data", (data) => resolve(Number(data))));

const small = spawn(process.execPath, [path("server.mjs"), "1024"], { stdio: ["pipe", "pipe", "inherit"] });
const large = fork(path("store.mjs"), [], { stdio: ["ignore", "pipe", "inherit", "ipc"] });
const objects = client(await firstLine(small));
const store = client(await firstLine(large));
const Bucket = "bench";

/** CPU milliseconds and wall milliseconds of what `work` does: the least of some rounds. */
async function cost(work, rounds = 5) {
  const best = { cpu: Number.POSITIVE_INFINITY, wall: Number.POSITIVE_INFINITY };
  for (let round = 0; round < rounds; round++) {
    const cpu = process.cpuUsage();
    const start = performance.now();
    await work();
    best.wall = Math.min(best.wall, performance.now() - start);
    const { user, system } = process.cpuUsage(cpu);
    best.cpu = Math.min(best.cpu, (user + system) / 1000);
  }
  return best;
}

const get = async () => (await objects.getObject({ Bucket, Key: "key" })).Body.bytes();
const lanes = (width, calls) =>
  Promise.all(
    Array.from({ length: width }, async () => {
      for (let i = 0; i < calls / width; i++) await get();
    }),
  );

async function concurrency() {
  const points = [];
  for (const width of [1, 2, 4, 8, 16, 32, 64, 128, 256]) {
    await lanes(width, 1024);
    const { cpu, wall } = await cost(() => lanes(width, 4096));
    points.push({ x: width, cpu: (cpu * 1000) / 4096, rate: 4096 / (wall / 1000) });
  }
  return points;
}

async function listing() {
  const list = async (pages) => {
    let count = 0;
    for await (const page of store.paginate("listObjectsV2", { Bucket }, { maxItems: pages * 1000 }))
      count += page.Contents.length;
    if (count !== pages * 1000) throw new Error(`${count} entries of ${pages} pages`);
  };
  await list(10);
  const points = [];
  for (const pages of [1, 2, 4, 6, 8, 10]) points.push({ x: pages, cpu: (await cost(() => list(pages))).cpu });
  return points;
}

async function upload() {
  const partSize = 5 * 1024 * 1024;
  const part = Buffer.alloc(partSize, "u");
  const send = (count) => {
    const body = async function* () {
      for (let i = 0; i < count; i++) yield part;
    };
    return store.upload({ Bucket, Key: "large", Body: body() }, { partSize, concurrency: 4 });
  };
  await send(8);
  const points = [];
  for (const count of [2, 4, 8, 16, 32, 64]) {
    const { cpu } = await cost(() => send(count), 3);
    points.push({ x: count, cpu, memory: process.memoryUsage.rss() / 2 ** 20 });
  }
  return points;
}

async function memory() {
  const points = [];
  const step = gets / 40;
  for (let done = 0; done <= gets; done += step) {
    points.push({ x: done, memory: process.memoryUsage.rss() / 2 ** 20 });
    if (done < gets) await lanes(16, step);
  }
  return points;
}

const WIDTH = 420;
const HEIGHT = 260;
const EDGE = { left: 62, right: 16, top: 34, bottom: 42 };

/** One panel: points as a line, from zero up, both axes with their ends and middle written on them. */
function panel(at, title, across, up, points, value, logarithmic = false) {
  const place = logarithmic ? Math.log2 : (x) => x;
  const [low, high] = [place(points[0].x), place(points.at(-1).x)];
  const top = Math.max(...points.map(value)) * 1.15;
  const x = (point) => EDGE.left + ((place(point.x) - low) / (high - low)) * (WIDTH - EDGE.left - EDGE.right);
  const y = (number) => HEIGHT - EDGE.bottom - (number / top) * (HEIGHT - EDGE.top - EDGE.bottom);
  const short = (number) =>
    number >= 10_000 ? `${Math.round(number / 1000)}k` : String(Number(number.toPrecision(3)));
  const line = points.map((point) => `${x(point).toFixed(1)},${y(value(point)).toFixed(1)}`).join(" ");
  const marks = [0, top / 2, top].map(
    (number) =>
      `<line x1="${EDGE.left}" x2="${WIDTH - EDGE.right}" y1="${y(number)}" y2="${y(number)}" stroke="#ddd"/>` +
      `<text x="${EDGE.left - 6}" y="${y(number) + 4}" text-anchor="end">${short(number)}</text>`,
  );
  const feet = (logarithmic ? points : [points[0], points[points.length >> 1], points.at(-1)]).map(
    (point) => `<text x="${x(point)}" y="${HEIGHT - EDGE.bottom + 16}" text-anchor="middle">${short(point.x)}</text>`,
  );
  return `<g transform="translate(${at[0] * WIDTH} ${at[1] * HEIGHT})">
<text x="${EDGE.left}" y="20" font-weight="bold">${title}</text>${marks.join("")}${feet.join("")}
<text x="${(WIDTH + EDGE.left) / 2}" y="${HEIGHT - 8}" text-anchor="middle" fill="#555">${across}</text>
<text transform="translate(14 ${HEIGHT / 2}) rotate(-90)" text-anchor="middle" fill="#555">${up}</text>
<polyline points="${line}" fill="none" stroke="#0a6e8c" stroke-width="2"/>
${points.map((point) => `<circle cx="${x(point).toFixed(1)}" cy="${y(value(point)).toFixed(1)}" r="2.5" fill="#0a6e8c"/>`).join("")}
</g>`;
}

const table = (name, points) => {
  console.log(`\n${name}`);
  for (const { x, ...rest } of points) {
    const values = Object.entries(rest).map(([key, number]) => `${key} ${number.toFixed(1)}`);
    console.log(`  ${String(x).padStart(8)}  ${values.join("  ")}`);
  }
};

const [wide, pages, parts] = [await concurrency(), await listing(), await upload()];
const level = await memory();
table("GET 1 KiB against concurrency (cpu: µs a request, rate: requests/s)", wide);
table("listing against pages of 1000 (cpu: ms)", pages);
table("upload against parts of 5 MiB (cpu: ms, memory: MiB RSS after it)", parts);
table(`memory over ${gets} GETs, 16 at a time (MiB RSS)`, level);
const panels = [
  panel([0, 0], "GET 1 KiB: rate", "requests in flight", "requests/s", wide, ({ rate }) => rate, true),
  panel([1, 0], "GET 1 KiB: cost", "requests in flight", "CPU µs/request", wide, ({ cpu }) => cpu, true),
  panel([0, 1], "Listing", "pages of 1000 keys", "CPU ms", pages, ({ cpu }) => cpu),
  panel([1, 1], "Multipart upload of a stream", "parts of 5 MiB", "CPU ms", parts, ({ cpu }) => cpu),
  panel([0, 2], "Memory while uploading", "parts of 5 MiB", "MiB RSS", parts, ({ memory }) => memory),
  panel([1, 2], "Memory, 16 GETs at a time", "GETs so far", "MiB RSS", level, ({ memory }) => memory),
];
writeFileSync(
  path("growth.svg"),
  `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH * 2}" height="${HEIGHT * 3}" font-family="sans-serif" font-size="12">
<title>How cost grows</title>
<rect width="100%" height="100%" fill="#fff"/>
${panels.join("\n")}
</svg>
`,
);
small.stdin.end();
large.disconnect();
process.exit();

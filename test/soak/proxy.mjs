// What stands between the soak and its server, in a process of its own: passes requests on as they are, and answers back, but for the
// faults that it mixes in. Told `{ endpoint }` it tells `{ endpoint }` of its own, then on every message how often each fault was met.
import { once } from "node:events";
import { Agent, createServer, request } from "node:http";
import { pipeline } from "node:stream/promises";
import { setTimeout } from "node:timers/promises";

let seed = 1;
/** A chance that is the same in every run (mulberry32). */
const random = () => {
  seed = (seed + 0x6d2b79f5) | 0;
  let t = Math.imul(seed ^ (seed >>> 15), seed | 1);
  t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
  return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
};

const xml = (code) => `<?xml version="1.0"?><Error><Code>${code}</Code><Message>A fault of the soak.</Message></Error>`;
const isPut = (operation) => operation === "PutObject" || operation === "UploadPart";
const isSlow = (operation) => operation === "CompleteMultipartUpload" || operation === "CopyObject";
const isGet = (operation) => operation === "GetObject";
// After a lost answer the upload is gone, and to be told so again is no proof that it was completed.
const isRepeatable = (operation) => isPut(operation) || operation === "DeleteObject" || operation === "ListObjectsV2";

/** `of`: the operations that meet it. The rest is what `pass` does otherwise. */
const faults = {
  // The server never sees these.
  500: { chance: 0.01, status: 500, body: xml("InternalError") },
  "503 SlowDown": { chance: 0.01, status: 503, body: xml("SlowDown"), headers: { "x-amz-retry-after": "5" } },
  "502 in HTML": { chance: 0.005, status: 502, body: "<html><body>Bad Gateway</body></html>" },
  "error in a 200": { chance: 0.05, of: isSlow, status: 200, body: xml("InternalError") },
  "reset before the answer": { chance: 0.01, resetRequestAfter: 0 },
  "reset within the request": { chance: 0.01, of: isPut, resetRequestAfter: 1000 },
  // What was asked is done, and the answer lost or broken.
  "answer lost": { chance: 0.01, of: isRepeatable, resetAfter: 0 },
  "answer lost, 503": {
    chance: 0.01,
    of: isRepeatable,
    status: 503,
    body: xml("ServiceUnavailable"),
    afterwards: true,
  },
  "download reset": { chance: 0.02, of: isGet, resetAfter: 5000 },
  "download ends early": { chance: 0.02, of: isGet, endAfter: 300 },
  "download stalls": { chance: 0.01, of: isGet, stallAfter: 1000, stallMs: 100 },
  "list ends early": { chance: 0.02, of: (operation) => operation === "ListObjectsV2", endAfter: 200 },
};
const met = Object.fromEntries(Object.keys(faults).map((name) => [name, 0]));

/** As far as the faults tell operations apart. */
function operationOf({ method, url, headers }) {
  const query = new URLSearchParams(url.split("?")[1]);
  if (method === "POST" && query.has("uploadId")) return "CompleteMultipartUpload";
  if (method === "PUT" && "x-amz-copy-source" in headers) return "CopyObject";
  if (method === "PUT") return query.has("uploadId") ? "UploadPart" : "PutObject";
  if (method === "GET") return query.has("list-type") ? "ListObjectsV2" : "GetObject";
  return method === "DELETE" && !query.has("uploadId") ? "DeleteObject" : "other";
}

/** The first fault that chance and the operation allow. */
function faultFor(operation) {
  const dice = random();
  let from = 0;
  for (const [name, fault] of Object.entries(faults)) {
    if (fault.of !== undefined && !fault.of(operation)) continue;
    if (dice >= from && dice < from + fault.chance) {
      met[name] += 1;
      return fault;
    }
    from += fault.chance;
  }
  return {};
}

const agent = new Agent({ keepAlive: true });
let upstream;

async function pass(incoming, outgoing) {
  const fault = faultFor(operationOf(incoming));
  if (fault.resetRequestAfter !== undefined) return resetWithin(incoming, fault.resetRequestAfter);
  if (fault.status !== undefined && !fault.afterwards) return answer(incoming, outgoing, fault);
  const { method, url: path, rawHeaders: headers } = incoming;
  const forwarded = request({ host: upstream.hostname, port: upstream.port, agent, method, path, headers });
  // Who goes away on one side is gone on the other.
  outgoing.once("close", () => forwarded.destroy());
  forwarded.on("error", () => incoming.socket.destroy());
  incoming.pipe(forwarded);
  try {
    const [reply] = await once(forwarded, "response");
    if (fault.status === undefined) return await give(reply, outgoing, fault);
    reply.resume();
    answer(incoming, outgoing, fault);
  } catch {
    incoming.socket.destroy();
  }
}

/** Answers with the fault's own. */
function answer(incoming, outgoing, { status, headers, body }) {
  incoming.resume();
  outgoing.writeHead(status, { "content-type": "application/xml", "content-length": body.length, ...headers });
  outgoing.end(body);
}

/** Resets the connection when so many bytes of the request have come, or all that there are. */
function resetWithin(incoming, after) {
  const reset = () => incoming.socket.resetAndDestroy();
  let taken = 0;
  incoming.on("data", (bytes) => {
    taken += bytes.length;
    if (taken >= after) reset();
  });
  incoming.on("end", reset);
}

/** Gives the answer, as far as the fault lets it. */
function give(reply, outgoing, { resetAfter, endAfter, stallAfter, stallMs }) {
  const { socket } = outgoing;
  outgoing.writeHead(reply.statusCode, reply.rawHeaders);
  return pipeline(
    reply,
    async function* faulty(pieces) {
      let left = resetAfter ?? endAfter ?? stallAfter ?? Number.POSITIVE_INFINITY;
      for await (const piece of pieces) {
        yield piece.subarray(0, left);
        if (piece.length > left) {
          if (resetAfter !== undefined) return socket.resetAndDestroy();
          if (endAfter !== undefined) return socket.destroy();
          await setTimeout(stallMs);
          yield piece.subarray(left);
          left = Number.POSITIVE_INFINITY;
        }
        left -= piece.length;
      }
      // One without a body is lost at its end.
      if (resetAfter === 0) socket.resetAndDestroy();
    },
    outgoing,
  );
}

const server = createServer({ keepAliveTimeout: 60_000 }, (incoming, outgoing) => void pass(incoming, outgoing));
process.on("message", ({ endpoint }) => {
  if (endpoint === undefined) return process.send({ met });
  upstream = new URL(endpoint);
  server.listen(0, "127.0.0.1", () => process.send({ endpoint: `http://127.0.0.1:${server.address().port}` }));
});
// Whoever started this is gone.
process.on("disconnect", () => process.exit(0));

// A store that is as fast as Node allows, in a process of its own: it reads what comes, keeps nothing, and answers ranges and listings with
// bytes that were there before. What the benches measure is then the client.
import { createServer } from "node:http";

const size = Number(process.argv[2] ?? 1024 ** 3);
const count = Number(process.argv[3] ?? 10_000);
const block = Buffer.alloc(1024 * 1024, "tucuxi");
const tag = '"0123456789abcdef0123456789abcdef-9"';
let uploads = 0;

function range(header, total) {
  const match = /bytes=(\d+)-(\d*)/.exec(header ?? "");
  if (!match) return undefined;
  return [Number(match[1]), Math.min(match[2] === "" ? total - 1 : Number(match[2]), total - 1)];
}

function send(response, length) {
  let left = length;
  const more = () => {
    while (left > 0) {
      const piece = left >= block.length ? block : block.subarray(0, left);
      left -= piece.length;
      if (left === 0) return response.end(piece);
      if (!response.write(piece)) return response.once("drain", more);
    }
    response.end();
  };
  more();
}

const xml = (response, text) => {
  const body = Buffer.from(`<?xml version="1.0" encoding="UTF-8"?>\n${text}`);
  response.writeHead(200, { "content-type": "application/xml", "content-length": body.length });
  response.end(body);
};

const server = createServer((request, response) => {
  const mark = request.url.indexOf("?");
  const query = mark < 0 ? "" : request.url.slice(mark + 1);
  const path = mark < 0 ? request.url : request.url.slice(0, mark);
  const total = path.includes("small") ? 4096 : size;
  if (request.method === "GET" && /list-type=2/.test(query)) {
    const start = Number(/continuation-token=(\d+)/.exec(query)?.[1] ?? 0);
    let text = "<ListBucketResult>";
    const end = Math.min(start + 1000, count);
    for (let i = start; i < end; i++) {
      text += `<Contents><Key>small/${String(i).padStart(6, "0")}</Key><LastModified>2026-01-01T00:00:00.000Z</LastModified><ETag>${tag}</ETag><Size>4096</Size></Contents>`;
    }
    const more = end < count;
    text += `<IsTruncated>${more}</IsTruncated>${more ? `<NextContinuationToken>${end}</NextContinuationToken>` : ""}`;
    xml(response, `${text}</ListBucketResult>`);
    return;
  }
  if (request.method === "GET" && /(^|&)uploads(=|&|$)/.test(query)) {
    xml(response, "<ListMultipartUploadsResult><IsTruncated>false</IsTruncated></ListMultipartUploadsResult>");
    return;
  }
  if (request.method === "HEAD") {
    response.writeHead(200, { "content-length": total, etag: tag, "last-modified": "Thu, 01 Jan 2026 00:00:00 GMT" });
    response.end();
    return;
  }
  if (request.method === "GET") {
    const asked = range(request.headers.range, total);
    const headers = { etag: tag, "last-modified": "Thu, 01 Jan 2026 00:00:00 GMT", "accept-ranges": "bytes" };
    if (asked) {
      const length = asked[1] - asked[0] + 1;
      response.writeHead(206, {
        ...headers,
        "content-length": length,
        "content-range": `bytes ${asked[0]}-${asked[1]}/${total}`,
      });
      send(response, length);
    } else {
      response.writeHead(200, { ...headers, "content-length": total });
      send(response, total);
    }
    return;
  }
  request.on("data", () => {});
  request.on("end", () => {
    if (/(^|&)uploads(=|&|$)/.test(query)) {
      xml(
        response,
        `<InitiateMultipartUploadResult><Bucket>bench</Bucket><Key>large</Key><UploadId>u${++uploads}</UploadId></InitiateMultipartUploadResult>`,
      );
    } else if (request.method === "POST") {
      xml(
        response,
        `<CompleteMultipartUploadResult><Location>http://bench/large</Location><Bucket>bench</Bucket><Key>large</Key><ETag>${tag}</ETag></CompleteMultipartUploadResult>`,
      );
    } else {
      response.writeHead(request.method === "DELETE" ? 204 : 200, { etag: tag, "content-length": 0 });
      response.end();
    }
  });
});
server.listen(0, "127.0.0.1", () => console.log(server.address().port));
process.on("disconnect", () => process.exit());

// An S3 that does nothing but answer, in a process of its own: `node server.mjs [size] [file of key and certificate]` prints its port. It
// finds the end of a request and writes the prepared answer, so that what is measured is the client. With a certificate it speaks TLS.
import { readFileSync } from "node:fs";
import { createServer } from "node:net";
import { createServer as createTlsServer } from "node:tls";

const size = Number(process.argv[2] ?? 1024);
const pem = process.argv[3] === undefined ? undefined : readFileSync(process.argv[3]);
const body = Buffer.alloc(size, "t");
const head = (length, more = "") =>
  `HTTP/1.1 200 OK\r\nx-amz-request-id: 656C76696E6727732072657175657374\r\nx-amz-id-2: Uuag1LuByRx9e6j5Onimru9pO4ZVKnJ2Qz7/C1NPcfTWAtRPfTaOFg==\r\nDate: Fri, 23 Jan 2026 12:00:00 GMT\r\nServer: AmazonS3\r\nETag: "b9ad8e9d6911554675bf8dcdab62576a"\r\n${more}Content-Length: ${length}\r\n\r\n`;
const object =
  "Last-Modified: Fri, 23 Jan 2026 12:00:00 GMT\r\nAccept-Ranges: bytes\r\nContent-Type: application/octet-stream\r\n";
let page = `<?xml version="1.0" encoding="UTF-8"?>\n<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Name>bench</Name><Prefix></Prefix><KeyCount>1000</KeyCount><MaxKeys>1000</MaxKeys><IsTruncated>false</IsTruncated>`;
for (let i = 0; i < 1000; i++) {
  page += `<Contents><Key>photos/2026/01/summer/image-${String(i).padStart(5, "0")}.jpg</Key><LastModified>2026-01-${10 + (i % 18)}T17:50:30.000Z</LastModified><ETag>&quot;${i.toString(16).padStart(32, "0")}&quot;</ETag><Size>${1000 + i * 977}</Size><StorageClass>STANDARD</StorageClass></Contents>`;
}
page = Buffer.from(`${page}</ListBucketResult>`);
const answers = {
  GET: Buffer.concat([Buffer.from(head(size, object)), body]),
  HEAD: Buffer.from(head(size, object)),
  PUT: Buffer.from(head(0)),
  DELETE: Buffer.from(head(0).replace("200 OK", "204 No Content").replace("Content-Length: 0\r\n", "")),
  LIST: Buffer.concat([Buffer.from(head(page.length, "Content-Type: application/xml\r\n")), page]),
};

const serve = (socket) => {
  let held = Buffer.alloc(0);
  socket.on("error", () => {});
  socket.on("data", (data) => {
    held = held.length === 0 ? data : Buffer.concat([held, data]);
    for (;;) {
      const end = held.indexOf("\r\n\r\n");
      if (end < 0) return;
      const text = held.toString("latin1", 0, end);
      const length = Number(/\r\ncontent-length: *(\d+)/i.exec(text)?.[1] ?? 0);
      if (held.length < end + 4 + length) return;
      held = held.subarray(end + 4 + length);
      const method = text.slice(0, text.indexOf(" "));
      socket.write(method === "GET" && text.includes("list-type=2") ? answers.LIST : answers[method]);
    }
  });
};
const server = pem
  ? createTlsServer({ noDelay: true, key: pem, cert: pem }, serve)
  : createServer({ noDelay: true }, serve);
server.listen(0, pem ? "localhost" : "127.0.0.1", () => process.stdout.write(`${server.address().port}\n`));
process.stdin.resume().on("end", () => process.exit());

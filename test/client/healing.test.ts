import { createHash } from "node:crypto";
import { type S3Client, type S3ClientOptions, TransportError } from "tucuxi";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { checksum } from "../../src/transport/checksum/index.js";
import { type Exchange, fail, failureOf, onService, type Sent, Service, until } from "./support.js";

const size = 300_000;
const content = Buffer.from(Array.from({ length: size }, (_, n) => (n * 7 + (n >> 8)) & 255));
const etag = `"${createHash("md5").update(content).digest("hex")}"`;
const object = { Bucket: "river", Key: "k" };

/** How a download goes wrong: after so many bytes of the answer, in that way. */
interface Cut {
  after: number;
  how?: "reset" | "end" | "stall";
}

let service: Service;
let cuts: Cut[];
let headers: Record<string, string>;

beforeAll(async () => {
  service = await Service.start();
});
afterAll(() => service.stop());

/** Gives the object, or the range asked for; cuts are used up in turn. */
function give(sent: Sent, _number: number, { response, socket }: Exchange): undefined {
  const range = /^bytes=(\d+)-(\d*)$/.exec(sent.headers["range"] ?? "");
  const first = range ? Number(range[1]) : 0;
  const last = range?.[2] ? Number(range[2]) : size - 1;
  const body = content.subarray(first, last + 1);
  response.writeHead(range ? 206 : 200, {
    "content-length": String(body.length),
    etag,
    ...(range ? { "content-range": `bytes ${first}-${last}/${size}` } : {}),
    ...headers,
  });
  const cut = cuts.shift();
  if (cut === undefined) {
    response.end(body);
    return;
  }
  response.flushHeaders();
  response.write(body.subarray(0, cut.after), () => {
    setTimeout(() => {
      if (cut.how === "reset") socket.resetAndDestroy();
      else if (cut.how !== "stall") socket.destroy();
    }, 10);
  });
  return;
}

async function on<T>(given: Cut[], run: (s3: S3Client) => Promise<T>, options: S3ClientOptions = {}): Promise<T> {
  cuts = given;
  headers = {};
  service.sent.length = 0;
  service.script = give;
  await using s3 = onService(service, options);
  return await run(s3);
}

const ranges = (): (string | undefined)[] => service.sent.map((sent) => sent.headers["range"]);

describe("a download whose connection breaks", () => {
  it.each([0, 1, 1000, 65_536, 150_000, size - 1])("goes on from there: after %i bytes", async (after) => {
    for (const how of ["reset", "end"] as const) {
      await on([{ after, how }], async (s3) => {
        const { Body, ResponseMetadata } = await s3.getObject(object);
        expect(Buffer.from(await Body.bytes()).equals(content)).toBe(true);
        expect(ResponseMetadata.RetryAttempts).toBe(0);
      });
      expect(service.sent).toHaveLength(2);
      const [, from] = /^bytes=(\d+)-299999$/.exec(ranges()[1]!)!;
      expect(Number(from)).toBeLessThanOrEqual(after);
      expect(service.last.headers["if-match"]).toBe(etag);
    }
  });

  const readers: [string, (s3: S3Client) => Promise<Buffer>][] = [
    ["bytes()", async (s3) => Buffer.from(await (await s3.getObject(object)).Body.bytes())],
    ["arrayBuffer()", async (s3) => Buffer.from(await (await s3.getObject(object)).Body.arrayBuffer())],
    ["blob()", async (s3) => Buffer.from(await (await (await s3.getObject(object)).Body.blob()).arrayBuffer())],
    [
      "for await",
      async (s3) => {
        const parts: Uint8Array[] = [];
        for await (const piece of (await s3.getObject(object)).Body) parts.push(piece);
        return Buffer.concat(parts);
      },
    ],
    ["readable()", async (s3) => Buffer.concat(await (await s3.getObject(object)).Body.readable().toArray())],
    [
      "stream()",
      async (s3) => Buffer.from(await new Response((await s3.getObject(object)).Body.stream() as never).arrayBuffer()),
    ],
  ];

  it.each(readers)("is nothing that its reader notices: %s", async (_, read) => {
    const body = await on([{ after: 100_000 }, { after: 50_000, how: "reset" }], read);
    expect(body.equals(content)).toBe(true);
    expect(service.sent).toHaveLength(3);
  });

  it("is read as text to the end", async () => {
    const text = await on([{ after: 100_001 }], async (s3) => (await s3.getObject(object)).Body.text());
    expect(text).toBe(content.toString("utf8"));
  });

  it.each([
    ["a range", { Range: "bytes=1000-200999" }, "bytes=1000-200999", 1000, 201_000],
    ["an open range", { Range: "bytes=250000-" }, "bytes=250000-", 250_000, size],
  ])("goes on within %s", async (_, input, asked, first, end) => {
    const body = await on([{ after: 20_000 }], async (s3) =>
      (await s3.getObject({ ...object, ...input })).Body.bytes(),
    );
    expect(Buffer.from(body).equals(content.subarray(first, end))).toBe(true);
    expect(ranges()[0]).toBe(asked);
    const [, from, to] = /^bytes=(\d+)-(\d+)$/.exec(ranges()[1]!)!;
    expect(Number(from)).toBeGreaterThanOrEqual(first);
    expect(Number(to)).toBe(end - 1);
  });

  it("goes on within a part", async () => {
    await on([{ after: 20_000 }], async (s3) => {
      service.script = (sent, number, exchange) => {
        if (sent.query.get("partNumber") === "2") sent.headers["range"] = "bytes=100000-199999";
        return give(sent, number, exchange);
      };
      const { Body } = await s3.getObject({ ...object, PartNumber: 2 });
      expect(Buffer.from(await Body.bytes()).equals(content.subarray(100_000, 200_000))).toBe(true);
    });
    expect(service.sent).toHaveLength(2);
    expect(service.last.query.has("partNumber")).toBe(false);
    expect(service.last.headers["range"]).toMatch(/^bytes=1\d{5}-199999$/);
  });

  it("keeps to the version that it began with", async () => {
    await on([{ after: 1000 }], async (s3) => {
      headers = { "x-amz-version-id": "v7" };
      await (await s3.getObject(object)).Body.bytes();
    });
    expect(service.sent.map(({ query }) => query.get("versionId"))).toEqual([null, "v7"]);
  });

  it("asks for the rest with the same keys of encryption, and without the conditions that were met", async () => {
    const input = {
      ...object,
      SSECustomerAlgorithm: "AES256",
      SSECustomerKey: Buffer.alloc(32, 1).toString("latin1"),
      IfModifiedSince: new Date(0),
      ResponseContentType: "text/plain",
      RequestPayer: "requester" as const,
    };
    await on([{ after: 1000 }], async (s3) => (await s3.getObject(input)).Body.bytes());
    const [first, second] = service.sent;
    const name = "x-amz-server-side-encryption-customer-key";
    expect(second!.headers[name]).toBe(first!.headers[name]);
    expect(second!.headers["x-amz-request-payer"]).toBe("requester");
    expect(first!.headers).toHaveProperty("if-modified-since");
    expect(second!.headers).not.toHaveProperty("if-modified-since");
  });

  it("has its checksum taken over the whole", async () => {
    await on([{ after: 123_456 }], async (s3) => {
      headers = { "x-amz-checksum-crc32": checksum("CRC32", content) };
      expect((await (await s3.getObject(object)).Body.bytes()).length).toBe(size);
    });
    const error = await on([{ after: 123_456 }], async (s3) => {
      headers = { "x-amz-checksum-crc32": checksum("CRC32", Buffer.from("other")) };
      return failureOf((await s3.getObject(object)).Body.bytes());
    });
    expect(error.name).toBe("ChecksumMismatchError");
  });

  it("heals when it stalls, too", async () => {
    const body = await on([{ after: 100_000, how: "stall" }], async (s3) => (await s3.getObject(object)).Body.bytes(), {
      requestTimeout: 100,
    });
    expect(Buffer.from(body).equals(content)).toBe(true);
    expect(service.sent).toHaveLength(2);
  });

  it("heals through errors of the service on the way", async () => {
    await on([{ after: 100_000 }], async (s3) => {
      service.script = (sent, number, exchange) =>
        number === 2 ? fail(503, "ServiceUnavailable") : give(sent, number, exchange);
      const body = await (await s3.getObject(object)).Body.bytes();
      expect(Buffer.from(body).equals(content)).toBe(true);
    });
    expect(service.sent).toHaveLength(3);
  });

  it("is told of by onRetry", async () => {
    const retries: string[] = [];
    const onRetry = ({ operation, attempt }: { operation: string; attempt: number }): void => {
      retries.push(`${operation} ${attempt}`);
    };
    await on([{ after: 9 }, { after: 9 }], async (s3) => (await s3.getObject(object)).Body.bytes(), {
      hooks: { onRetry },
    });
    expect(retries).toEqual(["GetObject 1", "GetObject 2"]);
  });
});

describe("a download that nobody read for long", () => {
  it("gives its connection to others, and comes whole when its reader comes after all", async () => {
    const bodies = await on(
      [],
      async (s3) => {
        const outputs = [await s3.getObject(object), await s3.getObject(object)];
        return await Promise.all(outputs.map(({ Body }) => Body.bytes()));
      },
      { maxConnections: 1, maxAttempts: 1 },
    );
    for (const body of bodies) expect(Buffer.from(body).equals(content)).toBe(true);
    expect(ranges().filter((range) => range !== undefined).length).toBeGreaterThan(0);
  });
});

describe("a download that cannot be healed", () => {
  const read = async (s3: S3Client, input: object = {}): Promise<Error & { code: string; cause?: unknown }> =>
    failureOf((await s3.getObject({ ...object, ...input })).Body.bytes());

  it("ends when the call's attempts are used up", async () => {
    for (const maxAttempts of [1, 2, 3]) {
      const error = await on([{ after: 9 }, { after: 9 }, { after: 9 }, { after: 9 }], read, { maxAttempts });
      expect(error.name).toBe("IncompleteBodyError");
      expect(service.sent).toHaveLength(maxAttempts);
    }
  });

  it("counts the attempts that it took to begin", async () => {
    const error = await on(
      [{ after: 9 }, { after: 9 }],
      (s3) => {
        service.script = (sent, number, exchange) =>
          number === 1 ? fail(500, "InternalError") : give(sent, number, exchange);
        return read(s3);
      },
      { maxAttempts: 3 },
    );
    expect(error.name).toBe("IncompleteBodyError");
    expect(service.sent).toHaveLength(3);
  });

  it("is not tried where that is turned off", async () => {
    const error = await on([{ after: 9 }], read, { resumeDownloads: false });
    expect(error.name).toBe("IncompleteBodyError");
    expect(service.sent).toHaveLength(1);
  });

  it.each([
    ["412", () => fail(412, "PreconditionFailed")],
    ["404", () => fail(404, "NoSuchKey")],
    ["416", () => fail(416, "InvalidRange")],
    [
      "another ETag",
      () => ({
        status: 206,
        headers: { etag: '"other"', "content-range": "bytes 9-299999/300000" },
        body: content.subarray(9),
      }),
    ],
  ])("says that the object has changed: %s", async (_, answer) => {
    const error = await on([{ after: 9 }], (s3) => {
      service.script = (sent, number, exchange) => (number === 2 ? answer() : give(sent, number, exchange));
      return read(s3);
    });
    expect(error.code).toBe("ObjectChanged");
    expect(error.message).toMatch(/changed after \d+ of its bytes/);
    expect(error.cause).toBeInstanceOf(Error);
  });

  it("does not take the beginning for the rest", async () => {
    const error = await on([{ after: 9 }], (s3) => {
      service.script = (sent, number, exchange) => {
        delete sent.headers["range"];
        return give(sent, number, exchange);
      };
      return read(s3);
    });
    expect(error.name).toBe("IncompleteBodyError");
  });

  it.each([
    ["no ETag", { etag: undefined }],
    ["a weak ETag", { etag: 'W/"1"' }],
  ])("is not tried where nothing pins the object: %s", async (_, given) => {
    const error = await on([{ after: 9 }], (s3) => {
      service.script = (_sent, _number, { response, socket }) => {
        response.writeHead(200, { "content-length": "1000", ...(given.etag ? { etag: given.etag } : {}) });
        response.write("some", () => setTimeout(() => socket.destroy(), 5));
        return undefined;
      };
      return read(s3);
    });
    expect(error.name).toBe("IncompleteBodyError");
    expect(service.sent).toHaveLength(1);
  });

  it("ends with the error of the service", async () => {
    const error = await on([{ after: 9 }], (s3) => {
      service.script = (sent, number, exchange) =>
        number === 2 ? fail(403, "AccessDenied") : give(sent, number, exchange);
      return read(s3);
    });
    expect(error.code).toBe("AccessDenied");
  });

  it("ends with the signal's reason", async () => {
    const controller = new AbortController();
    const error = await on([{ after: 100_000 }], async (s3) => {
      service.script = (sent, number, exchange) => {
        if (number === 1) return give(sent, number, exchange);
        controller.abort(new Error("enough"));
        return undefined;
      };
      const { Body } = await s3.getObject(object, { signal: controller.signal });
      return failureOf(Body.bytes());
    });
    expect(error.message).toBe("enough");
    await until(() => service.sockets.size === 0);
  });

  it("ends when its reader goes away, and asks no more", async () => {
    await on([{ after: 200_000 }], async (s3) => {
      const { Body } = await s3.getObject(object);
      for await (const _ of Body) break;
      await new Promise((resolve) => setTimeout(resolve, 30));
      expect(await failureOf(Body.text())).toMatchObject({ code: expect.stringMatching(/Body(Destroyed|Used)/) });
    });
    expect(service.sent).toHaveLength(1);
  });

  it.each([
    ["the rest is awaited", { maxAttempts: 3 }],
    ["the next attempt is", { maxAttempts: 3, hooks: { onRetry: () => new Promise<void>(() => {}) } }],
  ] as [string, S3ClientOptions][])("ends when its reader goes away while %s", async (_, options) => {
    await on(
      [{ after: 9 }],
      async (s3) => {
        service.script = (sent, number, exchange) => (number === 1 ? give(sent, number, exchange) : undefined);
        const { Body } = await s3.getObject(object);
        const whole = failureOf(Body.bytes());
        await new Promise((resolve) => setTimeout(resolve, 150));
        Body.destroy(new Error("enough"));
        expect((await whole).message).toBe("enough");
        await until(() => s3.stats()?.running === 0);
        await until(() => service.sockets.size === 0);
      },
      options,
    );
  });

  it.each([
    ["one that may be read by its version", 200, ["v1"]],
    ["one that may not", 403, ["v1", null]],
  ])("asks for the version that it had begun with: %s", async (_, status, asked) => {
    const whole = await on([{ after: 9 }], async (s3) => {
      service.script = (sent, number, exchange) => {
        headers = { "x-amz-version-id": "v1" };
        if (sent.query.has("versionId") && status === 403) return fail(403, "AccessDenied");
        return give(sent, number, exchange);
      };
      return (await s3.getObject(object)).Body.bytes();
    });
    expect(Buffer.from(whole).equals(content)).toBe(true);
    expect(service.sent.slice(1).map(({ query }) => query.get("versionId"))).toEqual(asked);
    for (const sent of service.sent.slice(1)) expect(sent.headers["if-match"]).toBe(etag);
  });

  it("does not take what was packed on its way for the rest", async () => {
    const error = await on([{ after: 9 }], async (s3) => {
      service.script = (sent, number, exchange) => {
        if (number === 2) headers = { "content-encoding": "gzip" };
        return give(sent, number, exchange);
      };
      return read(s3);
    });
    expect(error.name).toBe("IncompleteBodyError");
  });

  it("of another kind is none that a range could heal", async () => {
    const error = await on([], async (s3) => {
      service.script = (_sent, _number, { response, socket }) => {
        response.writeHead(200, { "content-length": "1000", etag });
        response.write("<Torrent", () => setTimeout(() => socket.destroy(), 5));
        return undefined;
      };
      return failureOf((await s3.getObjectTorrent(object)).Body.bytes());
    });
    expect(error instanceof TransportError || error.name === "IncompleteBodyError").toBe(true);
    expect(service.sent).toHaveLength(1);
  });
});

import { gzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { answer, errorAnswer, errorXml, says, works, worksWith } from "./plays.js";
import { FaultServer, onRequest, type Play } from "./server.js";
import { faults, getIt, impatient, listIt, putting, there, within } from "./table.js";

const page = (title: string): string =>
  `<html>\r\n<head><title>${title}</title></head>\r\n<body>${title}</body></html>`;

describe("errors that pass", () => {
  const passing: [fault: string, bytes: Buffer, error: Record<string, unknown>][] = [
    ["500 InternalError", errorAnswer("500 Internal Server Error", "InternalError"), { name: "InternalError" }],
    ["500 without a body", answer("500 Internal Server Error"), { statusCode: 500, code: "InternalServerError" }],
    [
      "502, a page of a proxy",
      answer("502 Bad Gateway", { "content-type": "text/html" }, page("502 Bad Gateway")),
      { statusCode: 502, code: "502" },
    ],
    ["503 SlowDown", errorAnswer("503 Slow Down", "SlowDown"), { name: "SlowDown", statusCode: 503 }],
    ["503, a page of a proxy", answer("503 Service Unavailable", {}, page("503")), { statusCode: 503 }],
    [
      "503, compressed by a proxy",
      answer("503 Service Unavailable", { "content-encoding": "gzip" }, gzipSync(page("503"))),
      { statusCode: 503 },
    ],
    ["504 without a body", answer("504 Gateway Timeout"), { statusCode: 504 }],
    ["429 TooManyRequests", errorAnswer("429 Too Many Requests", "TooManyRequests"), { statusCode: 429 }],
    ["509", answer("509 Bandwidth Limit Exceeded"), { statusCode: 509 }],
    [
      "400 RequestTimeout",
      errorAnswer("400 Bad Request", "RequestTimeout"),
      { code: "RequestTimeout", statusCode: 400 },
    ],
    ["408 without a body, as servers leave idle connections", answer("408 Request Timeout"), { statusCode: 408 }],
    ["400 ThrottlingException", errorAnswer("400 Bad Request", "ThrottlingException"), { code: "ThrottlingException" }],
    ["503 and closed", errorAnswer("503 Slow Down", "SlowDown", { connection: "close" }), { name: "SlowDown" }],
    ["500, cut in its body", errorAnswer("500 Oh", "InternalError", { "content-length": "5000" }), { statusCode: 500 }],
  ];
  faults(
    passing.flatMap(([fault, bytes, error]) => {
      const how = fault.includes("closed") || fault.includes("cut") ? "close" : "stay";
      return [
        { fault: `${fault}, twice`, server: [says(bytes, how), says(bytes, how), works], healed: 3 },
        { fault: `${fault}, without end`, server: [says(bytes, how)], error: { ...error, attempts: 3 }, after: 3 },
      ];
    }),
  );
  faults([
    {
      fault: "503 SlowDown for bytes that are put, twice",
      server: [says(errorAnswer("503 Slow Down", "SlowDown")), says(errorAnswer("503 Slow Down", "SlowDown")), works],
      call: putting(),
      healed: 3,
    },
    {
      fault: "503 with attempts for none",
      server: [says(answer("503 Oh")), works],
      options: { maxAttempts: 1 },
      error: { statusCode: 503, attempts: 1 },
      after: 1,
    },
    {
      fault: "500, 503, 502, 504, 429, with attempts for all",
      server: [...["500", "503", "502", "504", "429"].map((status) => says(answer(`${status} Oh`))), works],
      options: { maxAttempts: 6 },
      healed: 6,
    },
    {
      fault: "500 in adaptive mode",
      server: [says(answer("500 Oh")), works],
      options: { retryMode: "adaptive" },
      healed: 2,
    },
    {
      fault: "503 in adaptive mode",
      server: [says(errorAnswer("503 Slow Down", "SlowDown")), works],
      options: { retryMode: "adaptive" },
      healed: 2,
    },
  ]);
});

describe("errors that stay", () => {
  const staying: [fault: string, bytes: Buffer | string, error: Record<string, unknown>][] = [
    ["403 AccessDenied", errorAnswer("403 Forbidden", "AccessDenied"), { name: "AccessDenied" }],
    ["404 NoSuchKey", errorAnswer("404 Not Found", "NoSuchKey"), { name: "NoSuchKey" }],
    ["304, unasked", "HTTP/1.1 304 Not Modified\r\n\r\n", { statusCode: 304 }],
    ["304 that tells a length", "HTTP/1.1 304 Not Modified\r\ncontent-length: 300000\r\n\r\n", { statusCode: 304 }],

    ["401, a page of a proxy", answer("401 Unauthorized", {}, page("Sign in")), { statusCode: 401 }],
    ["407, a page of a proxy", answer("407 Proxy Authentication Required", {}, page("Sign in")), { statusCode: 407 }],
    ["418", answer("418 I'm a teapot"), { statusCode: 418 }],
    ["501 NotImplemented", errorAnswer("501 Not Implemented", "NotImplemented"), { code: "NotImplemented" }],
    ["505", answer("505 HTTP Version Not Supported"), { statusCode: 505 }],
    ["599", answer("599 Whatever"), { statusCode: 599 }],
    ["999", answer("999 Denied"), { statusCode: 999 }],
    ["300", answer("300 Multiple Choices"), { statusCode: 300 }],
    ["a code that is a property of objects", errorAnswer("400 Bad Request", "constructor"), { code: "constructor" }],
    [
      "a document with elements named like properties",
      errorAnswer(
        "400 Bad Request",
        "InvalidRequest",
        {},
        "<__proto__><polluted>1</polluted></__proto__><constructor>x</constructor>",
      ),
      { code: "InvalidRequest" },
    ],
    [
      "a document that declares entities",
      answer("400 Bad Request", {}, `<!DOCTYPE x [<!ENTITY a "b">]>${errorXml("A").replace(/^.*\n/, "")}`),
      { statusCode: 400, code: "400" },
    ],
    [
      "a document that never ends",
      answer("400 Bad Request", {}, "<Error>".repeat(50_000)),
      { statusCode: 400, code: "400" },
    ],
    [
      "a document of three megabytes",
      answer("400 Bad Request", {}, errorXml("InvalidRequest", " ".repeat(3e6))),
      { statusCode: 400 },
    ],
    [
      "a message with control characters and bytes that are no UTF-8",
      answer(
        "400 Bad Request",
        {},
        Buffer.from("<Error><Code>A</Code><Message>\x1b[31m\xff</Message></Error>", "latin1"),
      ),
      { code: "A" },
    ],
  ];
  faults(
    staying.map(([fault, bytes, error]) => ({
      fault,
      server: [says(bytes), works],
      error: { ...error, attempts: 1 },
      after: 1,
    })),
  );
  it("leave no trace in what all objects share", () => {
    expect(({} as Record<string, unknown>)["polluted"]).toBeUndefined();
  });
});

describe("how long to wait, by the service's word", () => {
  /** The pause before the second attempt, as onRetry is told it; the wait itself is cut short where it is long. */
  const pauseAfter = async (headers: Record<string, string>, status = "503 Slow Down"): Promise<number> => {
    const server = await FaultServer.start([says(errorAnswer(status, "SlowDown", headers)), works]);
    const controller = new AbortController();
    let pause = -1;
    const s3 = impatient(`http://127.0.0.1:${server.port}`, {
      hooks: {
        onRetry: ({ delay }) => {
          pause = delay;
          if (delay > 500) controller.abort(new Error("too long for a test"));
        },
      },
    });
    try {
      const call = s3.getObject(there, { signal: controller.signal }).then(
        ({ Body }) => Body.bytes(),
        () => undefined,
      );
      await within(60_000, call);
      return pause;
    } finally {
      await s3.close();
      await server.stop();
    }
  };

  it.each<[header: string, value: string, least: number, most: number]>([
    ["retry-after", "0", 0, 20],
    ["retry-after", "1", 1000, 1000],
    ["retry-after", "99999999999", 20_000, 20_000],
    ["retry-after", "-5", 0, 20],
    ["retry-after", "1e9", 0, 20],
    ["retry-after", "soon", 0, 20],
    ["retry-after", "", 0, 20],
    ["retry-after", "Wed, 21 Oct 2015 07:28:00 GMT", 0, 20],
    ["retry-after", "Fri, 31 Dec 9999 23:59:59 GMT", 20_000, 20_000],
    ["retry-after", "1, 1", 0, 20],
    ["x-amz-retry-after", "40", 40, 40],
    ["x-amz-retry-after", "99999999999", 5000, 5020],
    ["x-amz-retry-after", "NaN", 0, 20],
    ["x-amz-retry-after", "-1", 0, 20],
  ])("%s: %s", async (header, value, least, most) => {
    const pause = await pauseAfter({ [header]: value });
    expect(pause).toBeGreaterThanOrEqual(least);
    expect(pause).toBeLessThanOrEqual(most);
  });
});

describe("sent elsewhere", () => {
  const moved = (status: string, region: string | undefined, location?: string): Play =>
    says(
      errorAnswer(
        status,
        status.startsWith("301") ? "PermanentRedirect" : "TemporaryRedirect",
        { ...(region ? { "x-amz-bucket-region": region } : {}), ...(location ? { location } : {}) },
        region ? `<Region>${region}</Region>` : "",
      ),
    );
  const regionOf = (authorization: string | undefined): string =>
    /Credential=[^/]+\/\d+\/([^/]+)\//.exec(authorization ?? "")![1]!;
  faults([
    {
      fault: "301 to another region, once",
      server: [moved("301 Moved Permanently", "eu-west-1"), works],
      call: async (s3, server) => {
        await getIt(s3);
        expect(server.seen.map(({ headers }) => regionOf(headers["authorization"]))).toEqual([
          "us-east-1",
          "eu-west-1",
        ]);
      },
      healed: 2,
    },
    {
      fault: "301 to and fro between two regions",
      server: [
        onRequest(({ socket }, { headers }) => {
          const to = regionOf(headers["authorization"]) === "us-east-1" ? "eu-west-1" : "us-east-1";
          socket.write(errorAnswer("301 Moved Permanently", "PermanentRedirect", { "x-amz-bucket-region": to }));
        }),
      ],
      error: { code: "PermanentRedirect", attempts: 2 },
      after: 2,
    },
    {
      fault: "301 to where it is sent already",
      server: [moved("301 Moved Permanently", "us-east-1")],
      error: { code: "PermanentRedirect", attempts: 1 },
      after: 1,
    },
    {
      fault: "301 to nowhere, and nobody knows the region",
      server: [moved("301 Moved Permanently", undefined)],
      error: { code: "PermanentRedirect", attempts: 1 },
    },
    {
      fault: "307 to itself, without end",
      server: [
        onRequest(
          ({ socket, server }, { target }) =>
            void socket.write(
              answer("307 Temporary Redirect", { location: `http://127.0.0.1:${server.port}${target}` }),
            ),
        ),
      ],
      error: { statusCode: 307 },
    },
    {
      fault: "302 to another host: never followed, the signature is for this one",
      server: [says(answer("302 Found", { location: "http://elsewhere.invalid/bucket/key" }))],
      error: { statusCode: 302 },
    },
    {
      fault: "301 with following switched off",
      server: [moved("301 Moved Permanently", "eu-west-1"), works],
      options: { followRegionRedirects: false },
      error: { code: "PermanentRedirect", attempts: 1 },
      after: 1,
    },
    {
      fault: "400 for a region that is wrong, with the right one",
      server: [
        says(errorAnswer("400 Bad Request", "AuthorizationHeaderMalformed", {}, "<Region>eu-west-1</Region>")),
        works,
      ],
      healed: 2,
    },
    {
      fault: "301 to a region whose name is none: the next call goes as before",
      server: [moved("301 Moved Permanently", "eu west/../1"), moved("301 Moved Permanently", undefined), works],
      call: async (s3) => {
        await expect(getIt(s3)).rejects.toMatchObject({ code: "PermanentRedirect" });
        await getIt(s3);
      },
      healed: 3,
    },
    {
      fault: "a region asked for whose name is none",
      server: [says(answer("200 OK", { "x-amz-bucket-region": "eu west/../1" })), works],
      call: async (s3) => {
        await s3.bucketRegion("bucket");
        await getIt(s3);
      },
      healed: 2,
    },
  ]);
});

describe("clocks", () => {
  const skewed = (date: string): Play =>
    says(errorAnswer("403 Forbidden", "RequestTimeTooSkewed", { date }, `<ServerTime>${date}</ServerTime>`));
  const dateOf = (amzDate: string | undefined): string => (amzDate ?? "").slice(0, 11);
  faults([
    {
      fault: "a service an hour ahead",
      server: [skewed(new Date(Date.now() + 3_600_000).toUTCString()), works],
      call: async (s3, server) => {
        await getIt(s3);
        const [first, second] = server.seen.map(({ headers }) => dateOf(headers["x-amz-date"]));
        expect(first).not.toBe(second);
      },
      healed: 2,
    },
    {
      fault: "a service that always finds the clock wrong",
      server: [skewed(new Date(Date.now() + 3_600_000).toUTCString())],
      error: { code: "RequestTimeTooSkewed", attempts: 2 },
      after: 2,
    },
    {
      fault: "a service that finds it wrong, with the same time as ours",
      server: [skewed(new Date().toUTCString())],
      error: { code: "RequestTimeTooSkewed", attempts: 1 },
      after: 1,
    },
    {
      fault: "a service that does not know its own time",
      server: [skewed("yesterday")],
      error: { code: "RequestTimeTooSkewed", attempts: 1 },
      after: 1,
    },
    {
      fault: "a date without sense in an answer that is right",
      server: [worksWith((head) => `${head}\r\ndate: Fri, 99 Foo 0000`)],
      call: async (s3) => {
        await getIt(s3);
        await listIt(s3);
      },
      healed: 2,
    },
  ]);
});

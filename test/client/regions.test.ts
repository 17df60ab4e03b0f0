import { Readable } from "node:stream";
import { type S3Client, type S3ClientOptions, S3ServiceError } from "tucuxi";
import { describe, expect, it } from "vitest";
import { BucketRegions } from "../../src/client/regions.js";
import {
  type Answer,
  fail,
  failureOf,
  inTurn,
  onAws,
  onService,
  Play,
  type Sent,
  Service,
  verdict,
} from "./support.js";

const here = "https://river.s3.eu-central-1.amazonaws.com";
const there = "https://river.s3.us-west-2.amazonaws.com";
const region = { "x-amz-bucket-region": "us-west-2" };
const object = { Bucket: "river", Key: "a//b" };

/** A service whose bucket is in us-west-2: other regions answer as told. */
const elsewhere =
  (answer: Answer, good: Answer = {}) =>
  (sent: Sent): Answer =>
    sent.origin === there ? good : answer;

/** How S3 says that a bucket is elsewhere. */
const ways: [string, Answer][] = [
  ["301, by its header", { status: 301, headers: region }],
  [
    "301 PermanentRedirect, by header and body",
    fail(301, "PermanentRedirect", { Endpoint: "river.s3-us-west-2.amazonaws.com", Bucket: "river" }, region),
  ],
  ["307 TemporaryRedirect", fail(307, "TemporaryRedirect", { Endpoint: "x" }, { ...region, location: "https://x/" })],
  ["302", { status: 302, headers: region }],
  ["308", { status: 308, headers: region }],
  [
    "400 AuthorizationHeaderMalformed, by its element",
    fail(400, "AuthorizationHeaderMalformed", { Region: "us-west-2" }),
  ],
  ["400 AuthorizationHeaderMalformed, by its header", fail(400, "AuthorizationHeaderMalformed", {}, region)],
  [
    "400 IllegalLocationConstraintException, by its header",
    fail(400, "IllegalLocationConstraintException", {}, region),
  ],
];

describe("a bucket in another region", () => {
  it.each(ways)("is followed: %s", async (_, answer) => {
    const play = new Play(elsewhere(answer, { body: "found" }));
    await using s3 = onAws(play);
    const { Body, ResponseMetadata } = await s3.getObject(object);
    expect(await Body.text()).toBe("found");
    expect(ResponseMetadata.RetryAttempts).toBe(1);
    expect(play.sent.map(({ origin }) => origin)).toEqual([here, there]);
    expect(play.last.target).toBe("/a//b");
    expect(verdict(play.last, { region: "us-west-2" })).toMatchObject({ valid: true });

    // The next call goes there first, and so do presigned URLs.
    await s3.deleteObject(object);
    expect(play.last.origin).toBe(there);
    expect(play.sent).toHaveLength(3);
    const url = await s3.presign("getObject", object);
    expect(url.startsWith(`${there}/a//b?`)).toBe(true);
    expect(url).toContain("us-west-2%2Fs3%2Faws4_request");
    expect(await s3.bucketRegion("river")).toBe("us-west-2");
    expect(play.sent).toHaveLength(3);
  });

  it.each([
    ["PermanentRedirect without a region", fail(301, "PermanentRedirect", { Endpoint: "river.s3.amazonaws.com" })],
    ["IllegalLocationConstraintException without one", fail(400, "IllegalLocationConstraintException")],
    ["307 without one", fail(307, "TemporaryRedirect")],
  ])("is asked for by a HEAD where the answer names none: %s", async (_, answer) => {
    const play = new Play((sent) => {
      if (sent.method === "HEAD") return { status: 301, headers: region };
      return sent.origin === there ? { body: "found" } : answer;
    });
    await using s3 = onAws(play);
    expect(await (await s3.getObject(object)).Body.text()).toBe("found");
    expect(play.sent.map(({ method, origin }) => `${method} ${origin}`)).toEqual([
      `GET ${here}`,
      `HEAD ${here}`,
      `GET ${there}`,
    ]);
  });

  it.each([
    [301, region],
    [400, region],
    [400, {}],
    [301, {}],
  ] as [number, Record<string, string>][])("is followed by headObject: %i, %o", async (status, headers) => {
    const play = new Play((sent) => {
      if (sent.origin === there) return {};
      return sent.path === "/" ? { status: 403, headers: region } : { status, headers };
    });
    await using s3 = onAws(play);
    await s3.headObject(object);
    expect(play.last.origin).toBe(there);
    expect(play.sent).toHaveLength("x-amz-bucket-region" in headers ? 2 : 3);
  });

  it.each([301, 400])("is followed by headBucket where the header names it: %i", async (status) => {
    const play = new Play(elsewhere({ status, headers: region }, { headers: region }));
    await using s3 = onAws(play);
    expect((await s3.headBucket({ Bucket: "river" })).BucketRegion).toBe("us-west-2");
    expect(play.sent).toHaveLength(2);
  });

  it.each([301, 307, 400])("is not asked for without end: headBucket, %i without a region", async (status) => {
    const play = new Play(() => ({ status }));
    await using s3 = onAws(play);
    expect(await failureOf(s3.headBucket({ Bucket: "river" }))).toMatchObject({ statusCode: status });
    expect(play.sent).toHaveLength(1);
    await failureOf(s3.getObject(object));
    expect(play.sent.map(({ method }) => method)).toEqual(status === 400 ? ["HEAD", "GET"] : ["HEAD", "GET", "HEAD"]);
  });

  it("is followed once a call, however the regions disagree", async () => {
    const play = new Play((sent) =>
      fail(
        301,
        "PermanentRedirect",
        {},
        { "x-amz-bucket-region": sent.origin === there ? "eu-central-1" : "us-west-2" },
      ),
    );
    await using s3 = onAws(play, { maxAttempts: 10 });
    const error = await failureOf(s3.getObject(object));
    expect(error).toMatchObject({ code: "PermanentRedirect", attempts: 2 });
    expect(play.sent.map(({ origin }) => origin)).toEqual([here, there]);
  });

  it.each(["evil.example", "x/../y", "a b", "-", "us-west-2.evil.example:443", "@evil", "x".repeat(64), ""])(
    "is not followed to what is no region: %s",
    async (name) => {
      for (const answer of [
        { status: 301, headers: { "x-amz-bucket-region": name } },
        fail(400, "AuthorizationHeaderMalformed", { Region: name }),
      ]) {
        const play = new Play(() => answer);
        await using s3 = onAws(play);
        const error = await failureOf(s3.getObject(object));
        expect(error).toMatchObject({ statusCode: answer.status });
        await failureOf(s3.getObject(object));
        expect(new Set(play.sent.map(({ origin }) => origin))).toEqual(new Set([here]));
        const claimed = new Play(() => ({ headers: { "x-amz-bucket-region": name } }));
        await using other = onAws(claimed);
        expect(await other.bucketRegion("river")).toBe("eu-central-1");
      }
    },
  );

  it("is not followed to where it was just sought", async () => {
    const play = new Play(() => fail(301, "PermanentRedirect", {}, { "x-amz-bucket-region": "eu-central-1" }));
    await using s3 = onAws(play);
    await failureOf(s3.getObject(object));
    expect(play.sent).toHaveLength(1);
  });

  it("is followed with a single attempt allowed, and repeated after it", async () => {
    const play = new Play(
      inTurn({ status: 301, headers: region }, fail(503, "SlowDown"), fail(503, "SlowDown"), { body: "found" }),
    );
    await using s3 = onAws(play, { maxAttempts: 1 });
    expect(await failureOf(s3.getObject(object))).toMatchObject({ code: "SlowDown", attempts: 2 });
  });

  it("is followed by createBucket only where that makes no other bucket of it", async () => {
    const play = new Play(() => fail(400, "IllegalLocationConstraintException", {}, region));
    await using s3 = onAws(play);
    const error = await failureOf(s3.createBucket({ Bucket: "river" }));
    expect(error.code).toBe("IllegalLocationConstraintException");
    expect(play.sent).toHaveLength(1);
  });

  it("is sent its body once more, where that can be", async () => {
    const play = new Play(elsewhere({ status: 307, headers: region }));
    await using s3 = onAws(play);
    let opened = 0;
    const Body = (): Readable => {
      opened++;
      return Readable.from([Buffer.from("tucuxi")]);
    };
    await s3.putObject({ ...object, Body, ContentLength: 6 });
    expect(opened).toBe(2);
    expect(play.last.body.toString()).toContain("tucuxi");
    await s3.putObject({ ...object, Body: Readable.from([Buffer.from("tucuxi")]), ContentLength: 6 });
    expect(play.sent).toHaveLength(3);
  });

  it("says how, where a body cannot be sent once more", async () => {
    const play = new Play(elsewhere(fail(307, "TemporaryRedirect", {}, region)));
    await using s3 = onAws(play);
    const put = (): Promise<unknown> =>
      s3.putObject({ ...object, Body: Readable.from([Buffer.from("tucuxi")]), ContentLength: 6 });
    const error = await failureOf(put());
    expect(error).toMatchObject({ code: "TemporaryRedirect", attempts: 1 });
    expect(error.hint).toMatch(/us-west-2/);
    expect(error.hint).toMatch(/a function that opens the stream anew/);
    // What was learnt is not lost.
    await put();
    expect(play.last.origin).toBe(there);
  });

  it("is forgotten when the bucket is deleted or made", async () => {
    const play = new Play((sent) =>
      sent.origin === here && sent.method === "GET" ? { status: 301, headers: region } : { body: "x" },
    );
    for (const change of ["deleteBucket", "createBucket"] as const) {
      await using s3 = onAws(play);
      await s3.getObject(object);
      expect(play.last.origin).toBe(there);
      await s3[change]({ Bucket: "river" });
      await s3.headObject(object);
      expect(play.last.origin).toBe(here);
    }
  });

  it("is not remembered without bounds", () => {
    const regions = new BucketRegions(3);
    for (const name of ["a", "b", "c", "a", "d"]) regions.set(name, `of-${name}`);
    expect(["a", "b", "c", "d"].map((name) => regions.get(name))).toEqual(["of-a", undefined, "of-c", "of-d"]);
    regions.forget("a");
    expect(regions.get("a")).toBeUndefined();
  });
});

describe("followRegionRedirects: false", () => {
  it.each(ways.slice(0, 2).concat(ways.slice(5)))("stays, and names the region: %s", async (_, answer) => {
    const play = new Play(() => answer);
    await using s3 = onAws(play, { followRegionRedirects: false });
    const error = await failureOf(s3.getObject(object));
    expect(error).toBeInstanceOf(S3ServiceError);
    expect(play.sent).toHaveLength(1);
    if (error.code !== "IllegalLocationConstraintException") expect(error.hint).toContain("us-west-2");
  });

  it("still lets one ask", async () => {
    const play = new Play(() => ({ status: 301, headers: region }));
    await using s3 = onAws(play, { followRegionRedirects: false });
    expect(await s3.bucketRegion("river")).toBe("us-west-2");
    expect(play.sent).toHaveLength(1);
  });
});

describe("bucketRegion", () => {
  it.each([
    [200, region, "us-west-2"],
    [301, region, "us-west-2"],
    [400, region, "us-west-2"],
    [403, region, "us-west-2"],
    [200, {}, "eu-central-1"],
  ] as [number, Record<string, string>, string][])("takes one HEAD: %i, %o: %s", async (status, headers, expected) => {
    const play = new Play(() => ({ status, headers }));
    await using s3 = onAws(play);
    expect(await s3.bucketRegion("river")).toBe(expected);
    expect(await s3.bucketRegion("river")).toBe(expected);
    expect(play.sent.map(({ method, path }) => method + path)).toEqual(["HEAD/"]);
    await s3.headObject(object).catch(() => {});
    expect(play.last.origin).toBe(expected === "us-west-2" ? there : here);
  });

  it("says so where there is no such bucket", async () => {
    await using s3 = onAws(new Play(() => ({ status: 404 })));
    expect((await failureOf(s3.bucketRegion("river"))).constructor.name).toBe("NoSuchBucket");
  });
});

describe("where redirects lead nowhere", () => {
  it.each([
    "arn:aws:s3:eu-central-1:123456789012:accesspoint/shore",
    "arn:aws:s3::123456789012:accesspoint/mfzwi23gnjvgw.mrap",
  ])("%s is where it says", async (Bucket) => {
    const play = new Play(() => fail(301, "PermanentRedirect", {}, region));
    await using s3 = onAws(play);
    await failureOf(s3.getObject({ Bucket, Key: "k" }));
    expect(play.sent).toHaveLength(1);
  });

  it("a call without a bucket is answered as it was", async () => {
    const play = new Play(() => fail(400, "AuthorizationHeaderMalformed", { Region: "us-west-2" }));
    await using s3 = onAws(play);
    const error = await failureOf(s3.listBuckets());
    expect(error.hint).toContain("us-west-2");
    expect(play.sent).toHaveLength(1);
  });
});

describe("endpoints of one's own", () => {
  const client = (service: Service, options: S3ClientOptions = {}): S3Client => onService(service, options);

  it("are signed for the region that they want", async () => {
    await using service = await Service.start((sent) =>
      sent.headers["authorization"]!.includes("/garage/s3/")
        ? { body: "found" }
        : fail(400, "AuthorizationHeaderMalformed", { Region: "garage" }),
    );
    await using s3 = client(service);
    expect(await (await s3.getObject(object)).Body.text()).toBe("found");
    expect(service.sent).toHaveLength(2);
    expect(verdict(service.last, { region: "garage" })).toMatchObject({ valid: true });
    await s3.headObject(object);
    expect(service.sent).toHaveLength(3);
    expect(await s3.presign("getObject", object)).toContain("garage%2Fs3");
  });

  it("are told apart from Amazon's by HEAD too", async () => {
    await using service = await Service.start((sent) =>
      sent.headers["authorization"]!.includes("/us-west-2/s3/") ? {} : { status: 400, headers: region },
    );
    await using s3 = client(service);
    await s3.headObject(object);
    expect(service.sent).toHaveLength(2);
  });
});

import { tracingChannel } from "node:diagnostics_channel";
import { afterEach, describe, expect, it } from "vitest";
import type { CallTrace } from "../../src/client/trace.js";
import { fail, failureOf, onAws, Play } from "./support.js";

const channel = tracingChannel("tucuxi:call");

describe("calls on a diagnostics channel", () => {
  const events: [string, CallTrace][] = [];
  const handlers = Object.fromEntries(
    (["start", "end", "asyncStart", "asyncEnd", "error"] as const).map((name) => [
      name,
      (message: unknown) => {
        events.push([name, { ...(message as CallTrace), attributes: { ...(message as CallTrace).attributes } }]);
      },
    ]),
  ) as unknown as Parameters<typeof channel.subscribe>[0];
  afterEach(() => {
    channel.unsubscribe(handlers);
    events.length = 0;
  });

  it("are seen from start to end, by the names that tracers know", async () => {
    channel.subscribe(handlers);
    const play = new Play((_, number) =>
      number === 1 ? fail(500, "InternalError") : { headers: { "x-amz-request-id": "R", "x-amz-id-2": "H" } },
    );
    await using s3 = onAws(play, { maxAttempts: 2 });
    await s3.uploadPart({ Bucket: "river", Key: "k", UploadId: "u", PartNumber: 3, Body: "x" });
    expect(events.map(([name]) => name)).toEqual(["start", "end", "asyncStart", "asyncEnd"]);
    expect(events[0]![1].attributes).toEqual({
      "rpc.system": "aws-api",
      "rpc.service": "S3",
      "rpc.method": "UploadPart",
      "cloud.region": "eu-central-1",
      "aws.s3.bucket": "river",
      "aws.s3.key": "k",
      "aws.s3.upload_id": "u",
      "aws.s3.part_number": 3,
    });
    expect(events[3]![1].attributes).toMatchObject({
      "aws.request_id": "R",
      "aws.extended_request_id": "H",
      "http.response.status_code": 200,
      "http.request.resend_count": 1,
    });
  });

  it("are seen to fail", async () => {
    channel.subscribe(handlers);
    await using s3 = onAws(new Play(() => fail(404, "NoSuchKey", {}, { "x-amz-request-id": "R" })));
    const error = await failureOf(s3.getObject({ Bucket: "river", Key: "k" }));
    const [, trace] = events.find(([name]) => name === "error")!;
    expect(trace.error).toBe(error);
    expect(trace.attributes).toMatchObject({
      "error.type": "NoSuchKey",
      "aws.request_id": "R",
      "http.response.status_code": 404,
    });
  });

  it("are not spoken of where nobody listens", async () => {
    await using s3 = onAws(new Play());
    await s3.deleteObject({ Bucket: "river", Key: "k" });
    expect(events).toEqual([]);
  });
});

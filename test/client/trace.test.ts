import { tracingChannel } from "node:diagnostics_channel";
import { afterEach, describe, expect, it } from "vitest";
import type { CallTrace } from "../../src/client/trace.js";
import { fail, failureOf, onAws, Play, xml } from "./support.js";

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

  it("say what is copied and what is deleted", async () => {
    channel.subscribe(handlers);
    const started = () => events.filter(([name]) => name === "start").at(-1)![1].attributes;
    const copied = xml("<CopyObjectResult><ETag>e</ETag></CopyObjectResult>");
    await using s3 = onAws(new Play(({ method }) => ({ body: method === "PUT" ? copied : xml("<DeleteResult/>") })));
    const to = { Bucket: "river", Key: "k" };
    await s3.copyObject({ ...to, CopySource: { Bucket: "sea", Key: "a b/c", VersionId: "v" } });
    expect(started()).toMatchObject({ "aws.s3.key": "k", "aws.s3.copy_source": "sea/a b/c?versionId=v" });
    await s3.copyObject({ ...to, CopySource: "sea/a b/c" });
    expect(started()).toMatchObject({ "aws.s3.copy_source": "sea/a b/c" });
    await s3.deleteObjects({
      Bucket: "river",
      Delete: { Objects: [{ Key: "a", VersionId: "v", ETag: "e" }, { Key: "b" }], Quiet: true },
    });
    expect(started()["aws.s3.delete"]).toBe("Objects=[{Key=a,VersionId=v},{Key=b}],Quiet=true");
    await s3.deleteObjects({ Bucket: "river", Delete: { Objects: [{ Key: "a" }] } });
    expect(started()["aws.s3.delete"]).toBe("Objects=[{Key=a}]");
  });

  it.each([{ CopySource: 5 }, { CopySource: null }, { CopySource: {} }, { Delete: null }, { Delete: { Objects: 5 } }])(
    "are seen with inputs that are none: %j",
    async (wrong) => {
      channel.subscribe(handlers);
      await using s3 = onAws(new Play());
      const input = { Bucket: "river", Key: "k", ...wrong } as never;
      await failureOf("Delete" in wrong ? s3.deleteObjects(input) : s3.copyObject(input));
      expect(events.map(([name]) => name)).toContain("error");
      expect(Object.keys(events[0]![1].attributes)).not.toContain("aws.s3.copy_source");
      expect(Object.keys(events[0]![1].attributes)).not.toContain("aws.s3.delete");
    },
  );

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

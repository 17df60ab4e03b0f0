import { S3Client, type S3ClientOptions, S3ServiceError } from "tucuxi";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { sharedVectors } from "../support/shared.js";
import { type Answer, RawServer } from "./servers.js";
import { plain, revive } from "./values.js";

interface Outcome {
  output?: Record<string, unknown>;
  error?: {
    kind?: string;
    code?: string;
    message?: string;
    status?: number;
    requestId?: string | null;
    hostId?: string | null;
    details?: Record<string, string>;
  };
}

interface ResponseCase {
  suite: "responses" | "errors" | "events";
  id: string;
  op: string;
  note?: string;
  input: Record<string, unknown>;
  http: Omit<Answer, "body"> & { body_b64: string };
  expect: Outcome;
  alt?: Outcome;
  alt_asked?: Outcome;
}

const lines = sharedVectors<ResponseCase | { configs: Record<string, S3ClientOptions> }>("responses.jsonl");
const options = (lines?.[0] as { configs: Record<string, S3ClientOptions> } | undefined)?.configs.local;
const cases = (lines?.slice(1) ?? []) as ResponseCase[];

/** Main lists that our answers always have. */
const always: Record<string, string[]> = {
  ListObjects: ["Contents", "CommonPrefixes"],
  ListObjectsV2: ["Contents", "CommonPrefixes"],
  ListObjectVersions: ["Versions", "DeleteMarkers", "CommonPrefixes"],
  ListMultipartUploads: ["Uploads", "CommonPrefixes"],
  ListParts: ["Parts"],
  ListBuckets: ["Buckets"],
  ListDirectoryBuckets: ["Buckets"],
  DeleteObjects: ["Deleted", "Errors"],
};

describe.runIf(lines !== undefined)("answers as another client reads them", () => {
  let server: RawServer;
  beforeAll(async () => {
    server = await RawServer.start();
  });
  afterAll(() => server.stop());

  async function run(
    test: ResponseCase,
  ): Promise<{ output?: Record<string, unknown>; failure?: Error; asked: boolean }> {
    server.sent.length = 0;
    server.answer = { ...test.http, body: Buffer.from(test.http.body_b64, "base64") };
    await using s3 = new S3Client({
      ...options,
      endpoint: server.origin,
      maxAttempts: 1,
      followRegionRedirects: false,
    });
    const method = test.op.charAt(0).toLowerCase() + test.op.slice(1);
    try {
      const call = (s3 as unknown as Record<string, (input: unknown) => Promise<Record<string, unknown>>>)[method]!;
      const output = await call.call(s3, revive(test.input));
      for (const [name, value] of Object.entries(output)) {
        if (isEventStream(value)) output[name] = await drainEvents(value);
      }
      const read = (await plain(output)) as Record<string, unknown>;
      return { output: read, asked: asked() };
    } catch (failure) {
      return { failure: failure as Error, asked: asked() };
    }
  }

  const asked = (): boolean => server.sent.some((sent) => sent.query.includes("encoding-type=url"));

  it.each(cases.map((test) => [`${test.id} ${test.note ?? ""}`, test] as const))("%s", async (_id, test) => {
    const { output, failure, asked } = await run(test);
    const callerAsked = "EncodingType" in test.input;
    const wanted = asked ? (callerAsked ? test.expect : (test.alt_asked ?? test.expect)) : (test.alt ?? test.expect);
    if (wanted.error) {
      expect(failure).toBeInstanceOf(Error);
      // A 200 that was cut may be refused in any way.
      const cut = test.note?.startsWith("truncated XML") ?? false;
      if (wanted.error.kind === "service" && !cut) compareError(failure as S3ServiceError, wanted.error, test);
      return;
    }
    if (Object.values(wanted.output ?? {}).some((value) => unreadable(value))) {
      const reason = Object.values(wanted.output!).map(unreadable).find(Boolean);
      const name =
        reason === "FlexibleChecksumError"
          ? "ChecksumMismatchError"
          : reason === "IncompleteReadError"
            ? "IncompleteBodyError"
            : undefined;
      expect(failure).toBeInstanceOf(Error);
      if (name) expect(failure!.name).toBe(name);
      return;
    }
    if (failure) throw failure;
    const goal = structuredClone(wanted.output!);
    endOfEvents(output!, goal, test);
    expect(normal(output!, test)).toEqual(normal(goal, test));
  });

  function compareError(failure: S3ServiceError, wanted: NonNullable<Outcome["error"]>, test: ResponseCase): void {
    expect(failure).toBeInstanceOf(S3ServiceError);
    const bodyless = test.http.framing === "none" || test.http.body_b64 === "";
    if (bodyless && /^\d+$/.test(wanted.code ?? "")) expect(failure.code).toMatch(/^(\d+|[A-Z]\w+)$/);
    else if (!/^\d+$/.test(wanted.code ?? "")) {
      expect(failure.code).toBe(wanted.code);
      expect(failure.message).toBe(wanted.message);
      expect(failure.response.Error).toMatchObject(wanted.details!);
    }
    const statuses = test.http.status === 200 ? [200, 500] : [wanted.status];
    expect(statuses).toContain(failure.statusCode);
    if (wanted.requestId) expect(failure.requestId).toBe(wanted.requestId);
    if (wanted.hostId) expect(failure.hostId).toBe(wanted.hostId);
    expect(failure.name).toBe(failure.code);
  }
});

const unreadable = (value: unknown): string | undefined => {
  if (value === null || typeof value !== "object") return undefined;
  const mark = (value as { $unreadable?: unknown }).$unreadable;
  return mark === undefined ? undefined : String(mark);
};

const isEventStream = (value: unknown): value is AsyncIterable<unknown> =>
  typeof value === "object" && value !== null && Symbol.asyncIterator in value && !("bytes" in value);

async function drainEvents(stream: AsyncIterable<unknown>): Promise<unknown> {
  const events: unknown[] = [];
  try {
    for await (const event of stream) events.push(event);
  } catch (error) {
    return { $events: events, error: { code: (error as { code?: string }).code } };
  }
  return { $events: events };
}

/** How an event stream ended is compared by its code, where it has one; a stream cut within a frame may end either way. */
function endOfEvents(got: Record<string, unknown>, wanted: Record<string, unknown>, test: ResponseCase): void {
  if (test.suite !== "events") return;
  const ours = got.Payload as { error?: { code?: string } | undefined };
  const theirs = wanted.Payload as { error?: { class: string; code: string | null } | undefined };
  if (theirs.error) {
    expect(ours.error).toBeDefined();
    if (theirs.error.code) expect(ours.error!.code).toBe(theirs.error.code);
  } else if (!test.note?.startsWith("cut")) expect(ours.error).toBeUndefined();
  delete ours.error;
  delete theirs.error;
}

/** Both sides without what either may leave out. */
function normal(output: Record<string, unknown>, test: ResponseCase): Record<string, unknown> {
  const copy: Record<string, unknown> = { ...output };
  const metadata = { ...(copy.ResponseMetadata as Record<string, unknown>) };
  for (const name of ["HTTPHeaders", "RetryAttempts", "ChecksumAlgorithm"]) delete metadata[name];
  if (metadata.HostId === "") delete metadata.HostId;
  copy.ResponseMetadata = metadata;
  for (const name of always[test.op] ?? []) copy[name] ??= [];
  if (copy.Metadata && Object.keys(copy.Metadata).length === 0) delete copy.Metadata;
  delete copy.ExpiresString;
  if (copy.LocationConstraint === null) delete copy.LocationConstraint;
  return copy;
}

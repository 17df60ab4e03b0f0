/** Calls as `node:diagnostics_channel` has them, for tracers: attributes are named as OpenTelemetry names them. */
import { type TracingChannel, tracingChannel } from "node:diagnostics_channel";
import type { Operation } from "../model/operation.js";

/** What subscribers of `tracing:tucuxi:call:*` are given. */
export interface CallTrace {
  /** @see {@link https://opentelemetry.io/docs/specs/semconv/object-stores/s3/ Semantic conventions for S3} */
  readonly attributes: Record<string, string | number>;
  result?: unknown;
  error?: unknown;
}

let channel: TracingChannel<unknown, object> | undefined;

/** Members of inputs that have a name of their own among the attributes. */
const members: readonly [member: string, attribute: string][] = [
  ["Bucket", "aws.s3.bucket"],
  ["Key", "aws.s3.key"],
  ["UploadId", "aws.s3.upload_id"],
  ["PartNumber", "aws.s3.part_number"],
];

/** The source of a copy as `bucket/key`. */
function copySource(source: unknown): string | undefined {
  if (typeof source === "string") return source;
  const { Bucket, Key, VersionId } = (source ?? {}) as Record<string, unknown>;
  if (Bucket === undefined || Key === undefined) return undefined;
  return `${Bucket}/${Key}${VersionId === undefined ? "" : `?versionId=${VersionId}`}`;
}

/** What is to be deleted, as a command line has it. */
function deletion(given: unknown): string | undefined {
  const { Objects, Quiet } = (given ?? {}) as { Objects?: unknown; Quiet?: unknown };
  if (!Array.isArray(Objects)) return undefined;
  const objects = Objects.map(
    (object: { Key?: unknown; VersionId?: unknown } | null | undefined) =>
      `{Key=${object?.Key}${object?.VersionId === undefined ? "" : `,VersionId=${object.VersionId}`}}`,
  );
  return `Objects=[${objects.join()}]${Quiet === undefined ? "" : `,Quiet=${Quiet}`}`;
}

/** Whether anybody wants to see calls. */
export function isTraced(): boolean {
  channel ??= tracingChannel("tucuxi:call");
  return channel.hasSubscribers;
}

/** Runs a call, seen by whoever subscribed. */
export function traced<T extends object>(
  op: Operation,
  input: object,
  region: string,
  run: () => Promise<T>,
): Promise<T> {
  channel ??= tracingChannel("tucuxi:call");
  const attributes: CallTrace["attributes"] = {
    "rpc.system": "aws-api",
    "rpc.service": "S3",
    "rpc.method": op.name,
    "cloud.region": region,
  };
  for (const [member, attribute] of members) {
    const value = (input as Record<string, unknown> | undefined)?.[member];
    if (typeof value === "string" || typeof value === "number") attributes[attribute] = value;
  }
  const { CopySource, Delete } = (input ?? {}) as { CopySource?: unknown; Delete?: unknown };
  const source = copySource(CopySource);
  if (source !== undefined) attributes["aws.s3.copy_source"] = source;
  const deleted = deletion(Delete);
  if (deleted !== undefined) attributes["aws.s3.delete"] = deleted;
  const trace: CallTrace = { attributes };
  return channel.tracePromise(
    () =>
      run().then(
        (output) => {
          add(attributes, (output as { ResponseMetadata?: object }).ResponseMetadata);
          return output;
        },
        (error: unknown) => {
          const { code, response } = (error ?? {}) as { code?: string; response?: { ResponseMetadata?: object } };
          attributes["error.type"] = code ?? "Error";
          add(attributes, response?.ResponseMetadata);
          throw error;
        },
      ),
    trace,
  ) as Promise<T>;
}

function add(attributes: CallTrace["attributes"], metadata: object | undefined): void {
  const { RequestId, HostId, HTTPStatusCode, RetryAttempts } = (metadata ?? {}) as Record<
    string,
    string | number | undefined
  >;
  if (RequestId !== undefined) attributes["aws.request_id"] = RequestId;
  if (HostId !== undefined) attributes["aws.extended_request_id"] = HostId;
  if (HTTPStatusCode !== undefined) attributes["http.response.status_code"] = HTTPStatusCode;
  if (RetryAttempts) attributes["http.request.resend_count"] = RetryAttempts;
}

/** Presigned URLs and forms: the first half of the road, without a journey. */
import type { Credentials } from "../credentials/types.js";
import type { PreparedEndpoint } from "../endpoint/prepared.js";
import { ParamValidationError, TucuxiError } from "../errors/base.js";
import { type Operation, operationOfMethod } from "../model/operation.js";
import { serialize, type WireRequest } from "../protocol/serialize.js";
import { prepareInput } from "../rules/index.js";
import type { PolicyCondition, PresignedPost } from "../sigv4/index.js";
import type { Engine } from "./engine.js";
import { addHeaders, checkExtraHeaders } from "./extra-headers.js";
import type { PresignOptions } from "./options.js";
import { checkExpiry, signQuery } from "./signing.js";

/** The operation behind a method's name. */
export function operationFor(method: string): Operation {
  const op = operationOfMethod(method);
  if (!op) {
    throw new ParamValidationError(
      [{ path: "method", problem: `${JSON.stringify(method)} is not an operation of S3` }],
      {
        hint: 'Operations have the names of the client\'s methods: "getObject", "putObject", "uploadPart".',
      },
    );
  }
  return op;
}

/** A URL that waits for its signature. */
export interface UrlDraft {
  readonly endpoint: PreparedEndpoint;
  readonly bucket: string | undefined;
  /** Without credentials, for anonymous clients: a URL without a signature. */
  sign(credentials: Credentials | undefined): string;
}

/** Checks what is to be presigned, and finds where it goes. */
export function draftUrl(engine: Engine, method: string, input: object, options: PresignOptions): UrlDraft {
  const op = operationFor(method);
  const expiresIn = checkExpiry(options.expiresIn);
  if (options.headers) checkExtraHeaders(options.headers, op.name);
  const prepared = prepareInput(op, input, {
    region: engine.settings.region,
    checksumMode: false,
    listEncoding: false,
  });
  const wire = serialize(op, prepared);
  if (wire.kind !== "none" && op.input.payload?.streaming) {
    const path = op.input.payload.name;
    throw new ParamValidationError([{ path, problem: "not part of a presigned URL" }], {
      operation: op.name,
      hint: "Leave it out: whoever uses the URL sends the body.",
    });
  }
  const { Bucket: bucket } = input as { Bucket?: string };
  const endpoint = engine.endpoint(op, bucket, wire.hostPrefix, true);
  return {
    endpoint,
    bucket,
    sign: (credentials) => presignedUrl(engine, op, wire, endpoint, options, expiresIn, credentials),
  };
}

function presignedUrl(
  engine: Engine,
  op: Operation,
  wire: WireRequest,
  endpoint: PreparedEndpoint,
  options: PresignOptions,
  expiresIn: number,
  credentials: Credentials | undefined,
): string {
  const path = endpoint.basePath + wire.path || "/";
  if (!credentials) return endpoint.origin + path + (wire.query ? `?${wire.query}` : "");

  // The content type of a document is the sender's business, as the document is.
  const { headers } = wire;
  const type = headers.lastIndexOf("content-type");
  if (wire.kind === "xml" && type >= 0) headers.splice(type, 2);
  if (options.headers) addHeaders(headers, [], options.headers);
  const request = {
    method: options.method ?? op.method,
    path,
    query: wire.canonicalQuery,
    host: endpoint.host,
    signing: endpoint.signing,
    payloadHash: "UNSIGNED-PAYLOAD",
  };
  const time = timeOf(options.signingDate, engine);
  return `${endpoint.origin}${path}?${signQuery(engine.signers, credentials, request, headers, time, expiresIn)}`;
}

/** What a form needs to upload to S3. */
export interface PresignPostInput {
  /** Name of the bucket, or the ARN of an access point. */
  Bucket: string;
  /** The object's key; `${filename}` in it becomes the name of the file that the browser sends. */
  Key: string;
  /** Fields to send along, such as `acl`, `Content-Type`, `x-amz-meta-*`; each is held to its value. */
  Fields?: Record<string, string> | undefined;
  /** More conditions: `["content-length-range", 1, 1048576]`, `["starts-with", "$Content-Type", "image/"]`, `{ acl: "private" }`. */
  Conditions?: readonly PolicyCondition[] | undefined;
}

/** URL and fields of a form that uploads to S3. */
export async function presignedPost(
  engine: Engine,
  input: PresignPostInput,
  options: Pick<PresignOptions, "expiresIn" | "signingDate">,
  credentials: Credentials | undefined,
): Promise<PresignedPost> {
  const expiresIn = checkExpiry(options.expiresIn);
  if (!credentials) {
    throw new TucuxiError("presignPost: an anonymous client has nothing to sign with", {
      code: "NoCredentials",
      hint: "Give the client credentials.",
    });
  }
  const op = operationFor("putObject");
  // Bucket and key are held to the same rules as those of any request.
  serialize(op, prepareInput(op, { Bucket: input.Bucket, Key: input.Key }, { checksumMode: false }));
  const endpoint = engine.endpoint(op, input.Bucket, undefined, true);
  const { presignPost } = await import("../sigv4/post.js");
  return presignPost({
    url: `${endpoint.origin}${endpoint.basePath || "/"}`,
    bucket: input.Bucket,
    key: input.Key,
    fields: input.Fields,
    conditions: input.Conditions,
    credentials,
    region: endpoint.signing.region ?? engine.settings.region,
    date: new Date(timeOf(options.signingDate, engine)),
    expiresIn,
  });
}

function timeOf(signingDate: Date | undefined, engine: Engine): number {
  if (signingDate === undefined) return engine.now();
  const time = signingDate instanceof Date ? signingDate.getTime() : Number.NaN;
  if (!Number.isNaN(time)) return time;
  throw new TucuxiError("signingDate: must be a valid Date", { code: "InvalidOption" });
}

/** Presigned forms: what a browser needs to upload without keys of its own. */
import type { Credentials } from "../credentials/types.js";
import { ParamValidationError } from "../errors/base.js";
import { checkOptionNames } from "../errors/names.js";
import { operation } from "../model/operation.js";
import { serialize } from "../protocol/serialize.js";
import { kindOf } from "../protocol/validate.js";
import { isDictionary } from "../protocol/xml-write.js";
import { prepareInput } from "../rules/index.js";
import type { PolicyCondition, PresignedPost } from "../sigv4/index.js";
import { presignPost } from "../sigv4/post.js";
import type { Engine } from "./engine.js";
import { formNames } from "./option-names.js";
import type { PresignOptions } from "./options.js";
import { checkExpiry, checkSigningDate, invalidCredentials } from "./signing.js";

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

/** URL and fields of a form that uploads to S3; without credentials, for anonymous clients, one without a signature. */
export async function presignedPost(
  engine: Engine,
  input: PresignPostInput,
  options: Pick<PresignOptions, "expiresIn" | "signingDate">,
  credentials: Credentials | undefined,
): Promise<PresignedPost> {
  checkOptionNames(options, formNames, "presignPost");
  const expiresIn = checkExpiry(options.expiresIn);
  const time = checkSigningDate(options.signingDate) ?? engine.now();
  checkPostInput(input);
  const op = operation("PutObject");
  // Bucket and key are held to the same rules as those of any request.
  serialize(op, prepareInput(op, { Bucket: input.Bucket, Key: input.Key }, { checksumMode: false }));
  const endpoint = engine.endpoint(op, input.Bucket, undefined, true);
  const url = `${endpoint.origin}${endpoint.basePath || "/"}`;
  const fields = fieldsOf(input.Fields ?? {});
  // A bucket that anybody may write to takes a form without a policy; then nothing holds its sender to the conditions.
  if (!credentials) return { url, fields: { ...fields, key: input.Key } };
  try {
    return presignPost({
      url,
      bucket: input.Bucket,
      key: input.Key,
      fields,
      conditions: input.Conditions,
      credentials,
      region: endpoint.signing.region ?? engine.settings.region,
      date: new Date(time),
      expiresIn,
    });
  } catch (error) {
    throw refusedBySigner(error);
  }
}

const postMembers = new Set(["Bucket", "Key", "Fields", "Conditions"]);

/** The members that are not a request's: those that are, the serializer looks at. */
function checkPostInput(input: unknown): void {
  if (!isDictionary(input)) {
    throw new ParamValidationError([{ path: "input", problem: `expected dictionary, got ${kindOf(input)}` }], {
      operation: "presignPost",
    });
  }
  const faults = Object.keys(input).flatMap((path) =>
    input[path] === undefined || postMembers.has(path)
      ? []
      : [{ path, problem: `unknown; the members are ${[...postMembers].join(", ")}` }],
  );
  const { Fields: fields, Conditions: conditions } = input;
  if (fields !== undefined && !isDictionary(fields)) {
    faults.push({ path: "Fields", problem: `expected dictionary of strings, got ${kindOf(fields)}` });
  }
  for (const [name, value] of Object.entries(isDictionary(fields) ? fields : {})) {
    if (value === undefined || typeof value === "string") continue;
    faults.push({ path: `Fields.${name}`, problem: `expected string, got ${kindOf(value)}` });
  }
  if (conditions !== undefined && !Array.isArray(conditions)) {
    faults.push({ path: "Conditions", problem: `expected array, got ${kindOf(conditions)}` });
  }
  if (faults.length > 0) throw new ParamValidationError(faults, { operation: "presignPost" });
}

/** Without the key, which has a member of its own. */
const fieldsOf = (fields: Readonly<Record<string, string | undefined>>): Record<string, string> =>
  Object.fromEntries(
    Object.entries(fields).filter(([name, value]) => value !== undefined && name.toLowerCase() !== "key"),
  ) as Record<string, string>;

/** What the signer says of keys or of a condition, as an error of the client's. */
function refusedBySigner(error: unknown): unknown {
  if (!(error instanceof TypeError)) return error;
  if (error.message.startsWith("credentials.")) return invalidCredentials(error);
  const match = /^conditions(\[\d+\]): (.*)$/s.exec(error.message);
  if (!match) return error;
  const [, index = "", problem = ""] = match;
  return new ParamValidationError([{ path: `Conditions${index}`, problem }], {
    operation: "presignPost",
    cause: error,
  });
}
